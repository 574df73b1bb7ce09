"""Those of the measurements in ``tests/contract/test_speech.py`` that a babble passes, on Bark."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

pytest.importorskip("torch", reason="Bark's tests run in an environment of their own: make test-bark")

from services.synthesizer.engines.bark import Bark, BarkSettings
from services.synthesizer.engines.plain import PlainText
from tests.bark import paced
from tests.contract.engines.kind import Kind
from tests.contract.hearing import seconds, sounding
from tests.contract.test_speech import (  # noqa: F401
    PROSE,
    Ears,
    test_a_break_at_the_end_of_a_sentence_is_the_whole_pause,
    test_a_break_lasts_as_long_as_it_says,
    test_a_break_of_nothing_leaves_no_pause_and_one_of_an_hour_lasts_a_minute,
    test_a_mark_and_a_sentence_stand_where_their_words_begin,
    test_a_mark_changes_nothing_about_a_pause,
    test_a_segment_with_nothing_to_speak_is_refused,
    test_a_sentence_ends_in_a_pause_and_a_paragraph_in_no_shorter_one,
    test_an_empty_element_is_nothing_beside_words,
    test_breaks_alone_have_no_voice_and_no_words,
    test_breaks_alone_last_their_time,
    test_marks_come_back_in_their_order_under_their_own_names,
    test_silent_words_are_not_heard_and_take_their_time,
    test_words_of_a_language_without_a_voice_are_spoken_all_the_same,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAN, WOMAN = "v2/pt_speaker_0", "v2/pt_speaker_1"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ears(folder: Path) -> AsyncIterator[Ears]:
    engine = PlainText(Bark(BarkSettings(bark_model=str(folder), bark_device="cpu"), program=Path(paced.__file__)))
    yield Ears(Kind("bark", lambda: pytest.fail("it is open"), chosen="bark", man=MAN, woman=WOMAN), engine)
    await engine.close()


async def test_the_voices_are_told_in_turn(ears: Ears) -> None:
    woman = f'<voice name="{WOMAN}">{PROSE}</voice>'
    speech = await ears.hear(f'<break time="1s"/>Um.{woman}<break time="1s"/>{woman}<p>Dois.</p>')
    assert [turn.voice for turn in speech.turns] == ["bark", WOMAN, "bark"]
    _, second, third = [turn.sample / speech.rate for turn in speech.turns]
    assert second < 2.5
    assert third - second > 2 * sounding(await ears.hear(PROSE)) + 1


async def test_of_several_names_the_first_that_it_has_speaks(ears: Ears) -> None:
    speech = await ears.hear(f'<voice name="Camila {WOMAN} {MAN}">Um.</voice>')
    assert seconds(speech) > 0.2


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\u0301" * 200 + " casa",
        "casa \u202eazul\u202c שלום مرحبا casa",
        "casa\u200b \u200d\ufeff\u2060 casa",
        "\ue001\ue020 casa \uf8ff",
        "😀 casa 🚀",
        "&lt;break time='9s'/&gt; &amp;amp; ]]&gt; casa",
        "../../casa [laughs] ♪ v2/pt_speaker_0",
        "x" * 500,
    ],
)
async def test_odd_characters_are_no_crash(ears: Ears, text: str) -> None:
    assert 0.2 < seconds(await ears.hear(text)) < 100


async def test_a_long_text_lasts_as_long_as_its_sentences(ears: Ears) -> None:
    once, often = await ears.both(f"<s>{PROSE}</s>", f"<p>{f'<s>{PROSE}</s>' * 12}</p>")
    assert seconds(often) > 11 * sounding(once)
    unbroken = await ears.hear("palavra " * 60)
    assert sounding(unbroken) > 10 * sounding(await ears.hear("palavra palavra palavra palavra"))
