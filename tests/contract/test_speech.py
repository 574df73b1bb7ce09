"""One suite for every engine: SSML means the same on each, and what is meant is measured on what is heard."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from darkchannel.audio.limiting import limited
from darkchannel.audio.loudness import TARGET_LUFS, levelled
from darkchannel.audio.metering import FULL_SCALE, Meter
from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent
from darkchannel.runtime.engines import Engine
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import Element
from services.synthesizer.levels import Levels
from tests.contract.engines import KINDS
from tests.contract.engines.kind import Kind
from tests.contract.hearing import SILENT, level, longest_silence, pitch, samples, seconds, sounding

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROSE = "Hoje o mar amanheceu calmo e azul na praia."
DOCUMENT = Path(__file__).parents[2] / "docs" / "speech.md"


@dataclass(frozen=True)
class Ears:
    """An engine, and a way to hear it."""

    kind: Kind
    engine: Engine

    async def hear(self, content: str, language: str = "pt-BR") -> Speech:
        return await self.engine.speak(rendered(f'<speak xml:lang="{language}">{content}</speak>'))

    async def both(self, one: str, other: str) -> tuple[Speech, Speech]:
        return await self.hear(one), await self.hear(other)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=KINDS, ids=lambda kind: kind.name)
async def ears(request: pytest.FixtureRequest) -> AsyncIterator[Ears]:
    async with request.param.opened() as engine:
        yield Ears(request.param, engine)


@pytest.mark.parametrize("milliseconds", [300, 1_000, 2_500])
async def test_a_break_lasts_as_long_as_it_says(ears: Ears, milliseconds: int) -> None:
    short, long = await ears.both('Um <break time="100ms"/> dois', f'Um <break time="{milliseconds + 100}ms"/> dois')
    assert seconds(long) - seconds(short) == pytest.approx(milliseconds / 1000, abs=0.02)
    assert longest_silence(long) == pytest.approx(milliseconds / 1000 + 0.1, abs=0.1)


async def test_a_break_of_nothing_leaves_no_pause_and_one_of_an_hour_lasts_a_minute(ears: Ears) -> None:
    none, hour = await ears.both('<s>Um.</s><break strength="none"/><s>Ar.</s>', 'Um <break time="3600s"/> ar')
    assert longest_silence(none) < 0.12
    assert longest_silence(hour) == pytest.approx(60, abs=0.1)


@pytest.mark.parametrize("where", ["<s>Um.</s>{}<s>Dois.</s>", "<s>Um.{}</s><s>Dois.</s>", "<s>Um.</s><s>{}Dois.</s>"])
async def test_a_break_at_the_end_of_a_sentence_is_the_whole_pause(ears: Ears, where: str) -> None:
    assert longest_silence(await ears.hear(where.format('<break time="1500ms"/>'))) == pytest.approx(1.5, abs=0.1)


async def test_breaks_alone_last_their_time(ears: Ears) -> None:
    speech = await ears.hear('<p><s><break time="1s"/><break time="500ms"/></s></p>')
    assert seconds(speech) == pytest.approx(1.5, abs=0.01)
    assert not any(speech.pcm)


async def test_a_sentence_ends_in_a_pause_and_a_paragraph_in_no_shorter_one(ears: Ears) -> None:
    words = longest_silence(await ears.hear("<p><s>A lua a luz</s></p>"))
    sentences = longest_silence(await ears.hear("<p><s>A lua</s><s>a luz</s></p>"))
    paragraphs = longest_silence(await ears.hear("<p><s>A lua</s></p><p><s>a luz</s></p>"))
    assert words + 0.1 < sentences <= paragraphs + 0.03


@pytest.mark.parametrize(
    ("rate", "times"),
    [("50%", 0.5), ("slow", 0.8), ("x-slow", 0.6), ("+50%", 1.5), ("fast", 1.25), ("x-fast", 1.6), ("2", 2.0)],
)
async def test_a_rate_is_that_much_faster(ears: Ears, rate: str, times: float) -> None:
    plain, paced = await ears.both(PROSE, f'<prosody rate="{rate}">{PROSE}</prosody>')
    assert sounding(plain) / sounding(paced) == pytest.approx(times, rel=0.08)


@pytest.mark.parametrize(
    ("change", "times"), [("+20%", 1.2), ("low", 0.85), ("x-high", 1.3), ("150%", 1.5), ("-4st", 0.794)]
)
async def test_a_pitch_is_that_much_higher_and_no_faster(ears: Ears, change: str, times: float) -> None:
    plain, pitched = await ears.both(PROSE, f'<prosody pitch="{change}">{PROSE}</prosody>')
    assert pitch(pitched) / pitch(plain) == pytest.approx(times, rel=0.07)
    assert sounding(pitched) == pytest.approx(sounding(plain), rel=0.05)


@pytest.mark.parametrize(("volume", "decibels"), [("-6dB", -6), ("x-soft", -12), ("soft", -6), ("+4dB", 4), ("50", -6)])
async def test_a_volume_is_that_much_louder(ears: Ears, volume: str, decibels: float) -> None:
    plain, changed = await ears.both(PROSE, f'<prosody volume="{volume}">{PROSE}</prosody>')
    assert level(changed) - level(plain) == pytest.approx(decibels, abs=1.2)


async def test_silent_words_are_not_heard_and_take_their_time(ears: Ears) -> None:
    silent = await ears.hear(f'<prosody volume="silent">{PROSE} <emphasis>Sim.</emphasis></prosody>')
    assert not any(silent.pcm)
    assert seconds(silent) > 2


async def test_manners_nest_and_end_with_their_elements(ears: Ears) -> None:
    inner = f'<prosody volume="-6dB"><prosody rate="80%"><prosody volume="-6dB">{PROSE}</prosody></prosody></prosody>'
    plain, nested = await ears.both(PROSE, inner)
    assert level(nested) - level(plain) == pytest.approx(-12, abs=1.2)
    assert sounding(plain) / sounding(nested) == pytest.approx(0.8, rel=0.08)
    assert sounding(await ears.hear(PROSE)) == pytest.approx(sounding(plain), rel=0.02)


async def test_prosody_nested_deeper_than_any_engine_counts_is_still_one_manner(ears: Ears) -> None:
    deep = '<prosody rate="98%">' * 30 + PROSE + "</prosody>" * 30
    plain, slow = await ears.both(PROSE, deep)
    assert sounding(plain) / sounding(slow) == pytest.approx(0.98**30, rel=0.08)


async def test_emphasis_is_heard_by_its_level(ears: Ears) -> None:
    plain = await ears.hear(PROSE)
    strong, moderate, reduced, none = [
        await ears.hear(f'<emphasis level="{name}">{PROSE}</emphasis>')
        for name in ("strong", "moderate", "reduced", "none")
    ]
    assert level(strong) > level(moderate) + 1 > level(plain) + 2 > level(reduced) + 4
    assert sounding(strong) > sounding(moderate) > sounding(plain) * 1.03
    assert (level(none), sounding(none)) == pytest.approx((level(plain), sounding(plain)), rel=0.02)


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ('<say-as interpret-as="cardinal">21</say-as>', "vinte e um"),
        ('<say-as interpret-as="ordinal">3</say-as>', "terceiro"),
        (
            '<say-as interpret-as="date" format="dmy">7/9/1822</say-as>',
            "sete de setembro de mil oitocentos e vinte e dois",
        ),
        ('<say-as interpret-as="time">14:30</say-as>', "catorze horas e trinta minutos"),
        ('<say-as interpret-as="currency">R$ 12,50</say-as>', "doze reais e cinquenta centavos"),
        ('<say-as interpret-as="fraction">3/4</say-as>', "três quartos"),
        ('<say-as interpret-as="unit">5 km</say-as>', "cinco quilômetros"),
        ('<say-as interpret-as="characters">BR</say-as>', "B, R"),
        ('<say-as interpret-as="telephone">190</say-as>', "um nove zero"),
        ('<sub alias="Organização das Nações Unidas">ONU</sub>', "Organização das Nações Unidas"),
    ],
    ids=lambda value: value.partition(">")[0],
)
async def test_what_stands_for_words_sounds_as_its_words(ears: Ears, markup: str, words: str) -> None:
    meant, said = await ears.both(f"Agora {markup} aqui", f"Agora {words} aqui")
    assert sounding(meant) == pytest.approx(sounding(said), rel=0.15)


async def test_a_voice_is_heard_wherever_it_stands(ears: Ears) -> None:
    plain = await ears.hear(f"<p><s>{PROSE}</s></p>")
    for content in (
        f'<voice name="{ears.kind.woman}"><p><s>{PROSE}</s></p></voice>',
        f'<p><voice name="{ears.kind.woman}"><s>{PROSE}</s></voice></p>',
        f'<p><s><prosody volume="medium"><voice name="{ears.kind.woman}">{PROSE}</voice></prosody></s></p>',
        f'<voice name="{ears.kind.man}"><p><voice name="{ears.kind.woman}">{PROSE}</voice></p></voice>',
    ):
        assert pitch(await ears.hear(content)) > 1.5 * pitch(plain), content


async def test_of_several_names_the_first_that_the_engine_has_speaks(ears: Ears) -> None:
    man, woman = ears.kind.man, ears.kind.woman
    low, high = await ears.both(
        f'<voice name="{man} ninguem {woman}">{PROSE}</voice>', f'<voice name="ninguem {woman} {man}">{PROSE}</voice>'
    )
    assert [[turn.voice for turn in speech.turns] for speech in (low, high)] == [[man], [woman]]
    assert pitch(high) > 1.5 * pitch(low)
    with pytest.raises(Permanent, match="no voice 'ninguem alguem'"):
        await ears.hear(f'<voice name="ninguem alguem">{PROSE}</voice>')


async def test_after_a_voice_the_one_around_it_speaks_on(ears: Ears) -> None:
    speech = await ears.hear(
        f'<p><voice name="{ears.kind.woman}">{PROSE}</voice><break time="500ms"/><mark name="on"/><s>{PROSE}</s></p>'
    )
    (on,) = speech.marks
    low = Speech(speech.pcm[2 * on.sample :], speech.rate)
    high = Speech(speech.pcm[: 2 * on.sample], speech.rate)
    assert pitch(high) > 1.5 * pitch(low)


async def test_prosody_goes_on_in_a_voice_inside_it(ears: Ears) -> None:
    voice = f'<voice name="{ears.kind.woman}">{PROSE}</voice>'
    plain, slow = await ears.both(voice, f'<prosody rate="70%">{voice}</prosody>')
    assert sounding(plain) / sounding(slow) == pytest.approx(0.7, rel=0.08)


async def test_a_language_is_heard_and_a_variant_stays_in_it(ears: Ears) -> None:
    words = "The lighthouse keeper though through thoroughly knew the weather."
    english, portuguese = [await ears.hear(words, language) for language in ("en-US", "pt-BR")]
    inside = await ears.hear(f'<p><s><lang xml:lang="en-US">{words}</lang></s></p>')
    assert abs(sounding(english) - sounding(portuguese)) > 0.3
    assert sounding(inside) == pytest.approx(sounding(english), rel=0.05)
    woman = await ears.hear(f'<voice name="{ears.kind.woman}"><lang xml:lang="en-US">{words}</lang></voice>')
    assert sounding(woman) == pytest.approx(sounding(english), rel=0.08)
    assert pitch(woman) > 1.4 * pitch(english)


async def test_words_of_a_language_without_a_voice_are_spoken_all_the_same(ears: Ears) -> None:
    plain, foreign = await ears.both(PROSE, f'<lang xml:lang="tlh-x">{PROSE}</lang>')
    assert sounding(foreign) == pytest.approx(sounding(plain), rel=0.1)


async def test_a_phoneme_is_spoken_where_the_engine_can_else_its_text(ears: Ears) -> None:
    text, long = "pá", "kasɐkasɐkasɐkasɐˈkazɐ"
    plain, told = await ears.both(f"A {text} azul", f'A <phoneme alphabet="ipa" ph="{long}">{text}</phoneme> azul')
    if "`phoneme`" in ears.kind.cannot:
        assert sounding(told) == pytest.approx(sounding(plain), rel=0.05)
    else:
        assert sounding(told) > sounding(plain) + 1
    unknown = await ears.hear(f'A <phoneme alphabet="ipa" ph="ʘǂ">{text}</phoneme> azul')
    assert sounding(unknown) == pytest.approx(sounding(plain), rel=0.05)


async def test_brackets_in_a_text_are_never_phonemes(ears: Ears) -> None:
    told = '<phoneme alphabet="ipa" ph="ˈkazɐ">casa</phoneme>'
    for brackets in ("[[{}]]", "[[[[{}]]]]", "[<lang xml:lang='pt-BR'>[{}]]</lang>", "[<mark name='a'/>[{}]]"):
        once, twice = await ears.both(f"{told} [BCDFG]", f"{told} {brackets.format('BCDFG')}")
        assert sounding(twice) == pytest.approx(sounding(once), abs=0.3), brackets


async def test_the_voices_are_told_in_turn_the_first_from_the_start(ears: Ears) -> None:
    words = "Amanhã a lua."
    woman = f'<voice name="{ears.kind.woman}">{words} <emphasis>{words}</emphasis></voice>'
    speech = await ears.hear(f'<break time="1s"/>{words}{woman}<break time="1s"/>{woman}<p>{words}</p>')
    assert [turn.voice for turn in speech.turns] == [ears.kind.chosen, ears.kind.woman, ears.kind.chosen]
    ends = [*(turn.sample for turn in speech.turns[1:]), len(speech.pcm) // 2]
    man, woman_twice, man_again = [
        Speech(speech.pcm[2 * turn.sample : 2 * end], speech.rate) for turn, end in zip(speech.turns, ends, strict=True)
    ]
    assert speech.turns[0].sample == 0
    assert sounding(woman_twice) > 4 * sounding(man)
    assert pitch(woman_twice) > 1.5 * max(pitch(man), pitch(man_again))


async def test_breaks_alone_have_no_voice_and_no_words(ears: Ears) -> None:
    speech = await ears.hear('<break time="1s"/>')
    assert (speech.turns, speech.words) == ((), ())


@pytest.mark.parametrize(
    ("language", "prose"),
    [
        ("pt-BR", "A avó não disse — já era noite… — que o guarda-chuva “azul” (o do Zé) ficou à porta d'água."),
        ("en-US", "I am in the middle of the room; don't you see it? “Perhaps,” she said, because of the light."),
    ],
)
async def test_the_words_of_prose_are_told_in_their_order(ears: Ears, language: str, prose: str) -> None:
    half = f'{prose} <prosody rate="80%">{prose}</prosody>'
    speech = await ears.hear(f"<p><s>{half}</s></p><p><s><mark name='m'/>{half}</s></p>", language)
    said = [word.text for word in speech.words]
    starts = [word.sample for word in speech.words]
    if not ears.kind.tells_words:
        assert said == []
        return
    words = [word.strip("“”()—….,;?") for word in prose.replace("…", " ").split()]
    assert said == [word for word in words if word] * 4
    assert starts == sorted(set(starts))
    assert starts[len(starts) // 2] >= speech.sentences[1]


async def test_a_word_stands_where_it_is_heard(ears: Ears) -> None:
    said = ["casa", "água", "ótimo", "porta"]
    pause = '<break time="700ms"/>'
    for content in (
        pause.join(said),
        pause.join(f'<voice name="{ears.kind.woman}">{word}</voice>' for word in said),
        pause + pause.join(f'<prosody rate="60%">“{word}”</prosody>' for word in said),
    ):
        speech = await ears.hear(content)
        if not ears.kind.tells_words:
            return
        onsets = [start / speech.rate for start in sounds_after(speech, 0.4)]
        assert [word.text for word in speech.words] == said
        assert [word.sample / speech.rate for word in speech.words] == pytest.approx(onsets, abs=0.06)


def sounds_after(speech: Speech, silence: float) -> list[int]:
    """The samples at which sound sets in, at the start or after so many seconds of silence."""
    loud = [at for at, value in enumerate(samples(speech)) if abs(value) > SILENT]
    pairs = zip([-speech.rate, *loud], loud, strict=False)
    return [at for before, at in pairs if at - before > silence * speech.rate]


async def test_two_voices_are_equally_loud_with_their_gains(ears: Ears) -> None:
    async def speak(_: str, ssml: str) -> Speech:
        return await ears.engine.speak(rendered(ssml))

    man, woman = [
        await ears.hear(f'<voice name="{voice}">{f"<p><s>{PROSE}</s><s>Ninguém veio.</s></p>" * 5}</voice>')
        for voice in (ears.kind.man, ears.kind.woman)
    ]
    levels = Levels(speak)
    gains = [await levels.gain(ears.engine.name, speech.turns[0].voice, "pt-BR") for speech in (man, woman)]
    assert abs(gains[0] - gains[1]) > 1
    loud = [loudness_with(gain, speech) for gain, speech in zip(gains, (man, woman), strict=True)]
    assert loud[0] == pytest.approx(loud[1], abs=0.7)
    assert loud == pytest.approx([TARGET_LUFS] * 2, abs=0.7)


def loudness_with(gain: float, speech: Speech) -> float:
    """In LUFS, after the gain and the limiter."""
    meter = Meter(speech.rate)
    heard = np.frombuffer(speech.pcm, "<i2")
    meter.feed(np.round(limited(levelled(heard, [], gain), speech.rate) * FULL_SCALE).astype(np.int16))
    assert meter.loudness is not None
    return meter.loudness


HOSTILE = ["", " ", "a'b\"c", "<&>", "ação 你好 \u202e", "s0", "0", "-1", "x" * 200, "]]>", "s0"]


async def test_marks_come_back_in_their_order_under_their_own_names(ears: Ears) -> None:
    children = tuple(child for name in HOSTILE for child in (Element("mark", {"name": name}), " palavra "))
    speech = await ears.engine.speak(Element("speak", {"xml:lang": "pt-BR"}, (Element("s", {}, children),)))
    assert [mark.name for mark in speech.marks] == HOSTILE
    places = [mark.sample for mark in speech.marks]
    assert places == sorted(set(places))
    assert speech.sentences == (0,)


async def test_a_mark_and_a_sentence_stand_where_their_words_begin(ears: Ears) -> None:
    speech = await ears.hear(
        '<p><s>Uma casa.</s></p><break time="2s"/><p><s><mark name="before"/>Duas casas. <mark name="after"/></s></p>'
    )
    before, after = (mark.sample / speech.rate for mark in speech.marks)
    first, second = (sample / speech.rate for sample in speech.sentences)
    assert first < 0.05
    assert 2.3 < second == pytest.approx(before, abs=0.02)
    assert before + 0.5 < after <= seconds(speech)
    silence = Speech(speech.pcm[int((second - 1.5) * speech.rate) * 2 : int(second * speech.rate) * 2], speech.rate)
    assert max(map(abs, memoryview(silence.pcm).cast("h"))) < 60


async def test_a_mark_changes_nothing_about_a_pause(ears: Ears) -> None:
    bare, marked = await ears.both("<s>Um.</s><s>Dois.</s>", '<s>Um.</s><mark name="a"/><s><mark name="b"/>Dois.</s>')
    assert seconds(marked) == pytest.approx(seconds(bare), abs=0.05)


@pytest.mark.parametrize(
    "content",
    [
        "<p/>", "<p><s/></p>", "<prosody/>", "<emphasis/>", "<voice/>", "<lang/>", "<voice name='pt-br'/>",
        '<mark name="a"/>', '<phoneme ph="a"/>',
    ],
)  # fmt: skip
async def test_an_empty_element_is_nothing_beside_words(ears: Ears, content: str) -> None:
    plain, beside = await ears.both(PROSE, f"{content}{PROSE}{content}")
    assert seconds(plain) - 0.1 < seconds(beside) < seconds(plain) + 1.5


@pytest.mark.parametrize("content", ["", " \n ", "<p><s> </s></p>", "<prosody rate='slow'/>", '<mark name="a"/>'])
async def test_a_segment_with_nothing_to_speak_is_refused(ears: Ears, content: str) -> None:
    with pytest.raises(Permanent, match="nothing to speak: give it"):
        await ears.hear(content)


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\u0301" * 1_000 + " casa",
        "casa \u202eazul\u202c שלום مرحبا casa",
        "casa\u200b \u200d\ufeff\u2060 casa",
        "\ue001\ue020 casa \uf8ff",
        "😀 casa 🚀",
        "&lt;break time='9s'/&gt; &amp;amp; ]]&gt; casa",
        "x" * 3_000,
    ],
)
async def test_odd_characters_are_no_crash(ears: Ears, text: str) -> None:
    assert 0.2 < seconds(await ears.hear(text)) < 700
    assert sounding(await ears.hear(PROSE)) > 2


async def test_every_word_is_heard_however_long_the_text(ears: Ears) -> None:
    once, often = await ears.both(f"<s>{PROSE}</s>", f"<p>{f'<s>{PROSE}</s>' * 12}</p>")
    assert seconds(often) > 11 * sounding(once)
    unbroken = await ears.hear("palavra " * 150)
    assert sounding(unbroken) > 25 * sounding(await ears.hear("palavra palavra palavra palavra"))


def _cells() -> dict[str, dict[str, str]]:
    table = re.search(r"<!-- ssml -->\n(.*?)<!-- /ssml -->", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert table
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table[1].strip().splitlines())
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_the_table_in_the_documents_says_no_where_an_engine_cannot(kind: Kind) -> None:
    assert {name for name, cells in _cells().items() if cells[kind.column].startswith("no")} == kind.cannot
