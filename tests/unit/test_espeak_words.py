"""Words are told where espeak-ng says that they are heard, as they stand in its SSML."""

import re
from collections.abc import AsyncIterator
from xml.sax.saxutils import escape

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.audio.wav import Speech
from darkchannel.speech.rendering import rendered
from services.synthesizer.engines.espeak import Espeak
from services.synthesizer.engines.espeak_words import LETTER_SECONDS, words

RATE = 1_000
LETTER = round(LETTER_SECONDS * RATE)


def told(ssml: str, *events: tuple[int, int], end: int = 100_000) -> list[tuple[int, str]]:
    return list(words(ssml, events, end, RATE))


def test_a_word_is_found_by_the_position_of_its_event() -> None:
    assert told("<speak>Um dois</speak>", (8, 0), (11, 300)) == [(0, "Um"), (300, "dois")]


def test_signs_around_a_word_fall_off_and_those_inside_stay() -> None:
    ssml = "<speak>— “Guarda-chuva”, (d'água)… sim—não!</speak>"
    events = [(ssml.index(start) + 1, sample) for sample, start in enumerate(("Gu", "d'", "sim", "não"))]
    assert [word for _, word in told(ssml, *events)] == ["Guarda-chuva", "d'água", "sim", "não"]


def test_marks_on_a_last_letter_stay() -> None:
    assert told("<speak>मैं, ca\u0303.</speak>", (8, 0), (13, 50)) == [(0, "मैं"), (50, "ca\u0303")]


def test_tags_are_no_words_and_divide_them() -> None:
    ssml = '<speak>um<mark name="7"/><prosody rate="80%">dois</prosody></speak>'
    assert told(ssml, (8, 0), (ssml.index("dois") + 1, 90)) == [(0, "um"), (90, "dois")]


def test_entities_are_the_signs_they_stand_for() -> None:
    assert told("<speak>A&amp;B &lt; c</speak>", (8, 0), (16, 40), (21, 90)) == [(0, "A&B"), (90, "c")]


def test_only_the_first_event_of_a_word_counts() -> None:
    assert told("<speak>guarda-roupa 21</speak>", (8, 0), (15, 200), (21, 500), (22, 700)) == [
        (0, "guarda-roupa"),
        (500, "21"),
    ]


@pytest.mark.parametrize("position", [0, 1, 7, 10, 12, 13, 14, 99, -5])
def test_an_event_at_no_word_tells_nothing(position: int) -> None:
    assert told("<speak>um — a</speak>", (8, 0), (position, 5))[0] == (0, "um")
    assert len(told("<speak>um — </speak>", (8, 0), (position, 5))) == 1


def test_words_in_one_breath_share_their_time_by_their_letters() -> None:
    ssml = "<speak>of the sea</speak>"
    assert told(ssml, (8, 100), (15, 200)) == [(100, "of"), (140, "the"), (200, "sea")]


def test_a_pause_after_words_in_one_breath_is_not_shared() -> None:
    assert told("<speak>of the. Sea</speak>", (8, 0), (16, 5_000)) == [(0, "of"), (2 * LETTER, "the"), (5_000, "Sea")]
    assert told("<speak>of the</speak>", (8, 0)) == [(0, "of"), (2 * LETTER, "the")]


def test_no_word_starts_after_the_end() -> None:
    assert told("<speak>of the</speak>", (8, 40), end=40) == [(40, "of"), (40, "the")]


def test_words_in_phonemes_are_left_out_and_brackets_are_none() -> None:
    ssml = "<speak>a  [[k|'a|z|&]]  [b]</speak>"
    assert told(ssml, (8, 0), (13, 100), (ssml.index("b]") + 1, 300)) == [(0, "a"), (300, "b")]


def test_without_events_there_are_no_words() -> None:
    assert told("<speak>um dois</speak>") == []
    assert told("", (1, 0)) == []


@given(
    st.text(alphabet="ab-'—… <>&;[]é0\u0303", max_size=40),
    st.lists(st.tuples(st.integers(-2, 60), st.integers(0, 500)), max_size=12),
)
def test_words_come_in_order_whatever_the_events_say(text: str, events: list[tuple[int, int]]) -> None:
    heard = sorted(sample for _, sample in events)
    found = told(text, *zip(sorted(position for position, _ in events), heard, strict=True), end=500)
    assert [sample for sample, _ in found] == sorted(sample for sample, _ in found)
    rest = "".join(word for _, word in found)
    assert all(word and word[0].isalnum() for _, word in found)
    assert len(rest) <= len(text)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def espeak() -> AsyncIterator[Espeak]:
    engine = Espeak(slots=1)
    yield engine
    await engine.close()


async def spoken(espeak: Espeak, content: str, language: str = "pt-BR") -> Speech:
    return await espeak.speak(rendered(f'<speak xml:lang="{language}">{content}</speak>'))


WORDS = ["avó", "à", "e", "guarda-chuva", "d'água", "coração", "Ninguém", "são", "o", "que", "há", "ç", "😀", "mãe"]
SIGNS = [" ", ", ", ". ", "… ", " — ", "; ", "! ", "” “", ") (", "\n", " « ", "»: ", " &amp; ", "—"]


@pytest.mark.asyncio(loop_scope="module")
async def test_positions_do_not_drift_in_a_long_text(espeak: Espeak) -> None:
    for step in (1, 3, 5):
        pairs = [(word, SIGNS[at * step % len(SIGNS)]) for at, word in enumerate(WORDS * 12)]
        speech = await spoken(espeak, "".join(word + sign for word, sign in pairs))
        expected = [
            said for word, sign in pairs for said in (word, "e" if "&" in sign else "") if said not in ("", "😀")
        ]
        assert [word.text for word in speech.words] == expected


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("मैं घर जा रहा हूँ।", "hi", ["मैं", "घर", "जा", "रहा", "हूँ"]),
        ("Маяк светит ночью, а море тихо.", "ru", ["Маяк", "светит", "ночью", "а", "море", "тихо"]),
        ("Es gibt 21 Häuser & 3 Türme.", "de", ["Es", "gibt", "21", "Häuser", "3", "Türme"]),
        ("灯台は夜の海を", "ja", ["灯台は夜の海を"]),
        ("שלום עולם", "he", ["שלום", "עולם"]),
    ],
)
async def test_words_of_other_languages_are_told(espeak: Espeak, text: str, language: str, expected: list[str]) -> None:
    assert [word.text for word in (await spoken(espeak, escape(text), language)).words] == expected


@pytest.mark.asyncio(loop_scope="module")
async def test_a_long_word_that_is_cut_is_told_in_its_pieces(espeak: Espeak) -> None:
    speech = await spoken(espeak, "x" * 100 + " casa")
    assert re.fullmatch("x{100}casa", "".join(word.text for word in speech.words))
    assert speech.words[-1].text == "casa"


@pytest.mark.asyncio(loop_scope="module")
async def test_words_after_a_piece_count_from_the_start_of_the_speech(espeak: Espeak) -> None:
    speech = await spoken(espeak, 'casa <break time="2s"/> azul')
    assert speech.words[0].sample < 0.3 * speech.rate
    assert 2 * speech.rate < speech.words[1].sample < 3 * speech.rate


@pytest.mark.asyncio(loop_scope="module")
async def test_a_silent_passage_has_words_in_their_order(espeak: Espeak) -> None:
    speech = await spoken(
        espeak, '<prosody volume="silent">um dois três</prosody> quatro <prosody volume="silent">cinco</prosody>'
    )
    assert [word.text for word in speech.words] == ["um", "dois", "três", "quatro", "cinco"]
    samples = [word.sample for word in speech.words]
    assert samples == sorted(samples)
    assert samples[-1] <= len(speech.pcm) // 2
