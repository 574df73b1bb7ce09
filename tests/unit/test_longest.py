"""What a text takes at most, held against what espeak-ng takes for it."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given

from darkchannel.audio.faults import fault
from darkchannel.audio.wav import Speech
from darkchannel.errors import Refused
from darkchannel.speech.longest import longest_seconds
from darkchannel.speech.rendering import rendered
from services.synthesizer.engines.espeak import Espeak
from tests.unit.test_expected import ENGLISH, GOOD, PORTUGUESE, PROSE, SPANISH, TEXTS, ssml

LANGUAGES = ("pt-BR", "de", "fi", "ja", "pl", "ro")
"""Those of 40 in which espeak-ng takes its time over something."""
HARD = {
    "digits": "1984 123 456 789 3,14 77",
    "spelt": "DNA RNA XYZW BCDFG IBGE CPF WWW kkkk bzz",
    "signs": "a © ® ™ € £ ¥ § ¶ † ‡ ∞ ≠ ≤ b @ # % * + = / \\ _ ~ ^ | b",
    "emoji": "a 😀 🚀 👍🏽 ❤️ b",
    "stops": "a . , ; : ! ? … - – — ( ) [ ] « » “ ” ' b ... !!! ???",
    "Cyrillic": "Все люди рождаются свободными",
    "Chinese": "人人生而自由，在尊严和权利上一律平等。",
    "a letter": "W",
    "short words": "é sh y",
    "prose of another language": SPANISH,
}
SLOW = {
    "half as fast": f'<prosody rate="50%">{PORTUGUESE}</prosody>',
    "slower than can be": f'<prosody rate="50%"><emphasis level="strong">{PORTUGUESE}</emphasis></prosody>',
    **{
        f"the voice {voice}": f'<voice name="pt-br+{voice}">{PORTUGUESE}</voice>'
        for voice in ("f3", "whisper", "croak", "grandma", "robosoft", "klatt")
    },
}


@pytest.fixture
async def espeak() -> AsyncIterator[Espeak]:
    engine = Espeak(slots=1)
    yield engine
    await engine.close()


def judged(speech: Speech, text: str) -> str | None:
    """What is found of a text of which only the longest time is known."""
    return fault(speech.pcm, speech.rate, (), expected=0.01, longest=longest_seconds(text))


async def test_no_right_speech_is_too_long(espeak: Espeak) -> None:
    texts = {kind: ssml(content) for kind, content in (GOOD | SLOW).items()}
    texts |= {f"prose, {language}": ssml(text, language=language) for language, text in PROSE.items()}
    texts |= {f"{kind}, {of}": ssml(text, language=of) for kind, text in HARD.items() for of in LANGUAGES}
    verdicts = {kind: judged(await espeak.speak(rendered(text)), text) for kind, text in texts.items()}
    assert {kind: reason for kind, reason in verdicts.items() if reason and "at most" in reason} == {}


@pytest.mark.parametrize(("language", "prose"), [("pt-BR", PORTUGUESE), ("en", ENGLISH), ("es", SPANISH)])
async def test_prose_that_is_said_five_times_over_is_noticed(espeak: Espeak, language: str, prose: str) -> None:
    text = ssml(prose, language=language)
    speech = await espeak.speak(rendered(text))
    assert judged(speech, text) is None
    assert "of speech where at most" in (judged(Speech(speech.pcm * 5, speech.rate), text) or "")


@given(TEXTS, TEXTS)
def test_more_words_never_take_less(text: str, more: str) -> None:
    of_text, of_both = (sum(map(_seconds, texts)) for texts in ([text], [text, more]))
    assert of_text <= of_both


def _seconds(text: str) -> float:
    return longest_seconds(ssml(text.replace("&", "&amp;").replace("<", "&lt;"), language="el"))


def test_nothing_is_allowed_for_breaks_and_marks() -> None:
    assert longest_seconds(ssml('<break time="9s"/><mark name="aqui"/>')) == 0


def test_what_is_slow_may_take_its_time_and_what_is_fast_as_long_as_ever() -> None:
    plain, slow, fast = (
        longest_seconds(ssml(content))
        for content in ("Era uma vez.", *(f'<prosody rate="{rate}">Era uma vez.</prosody>' for rate in ("50%", "200%")))
    )
    assert slow == pytest.approx(2 * plain)
    assert fast == pytest.approx(plain)


def test_a_pronunciation_may_be_longer_than_its_word() -> None:
    told = '<phoneme alphabet="ipa" ph="kasɐkasɐkasɐkasɐˈkazɐ">pá</phoneme>'
    assert longest_seconds(ssml(told)) > longest_seconds(ssml("pá")) + 4


def test_what_is_no_ssml_is_refused() -> None:
    with pytest.raises(Refused, match="broken at line 1"):
        longest_seconds("Era uma vez")
