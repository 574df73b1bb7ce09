"""SSML on an engine of words: a voice that hums a note for each word, at a rate of its own."""

from array import array
from collections.abc import Collection, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkchannel.audio.prosody import spoken_in, trimmed
from darkchannel.audio.wav import Mark, Speech, Word
from darkchannel.errors import Permanent
from darkchannel.runtime.engines import Voice
from darkchannel.speech.parse import parse
from darkchannel.speech.prosody import Manner
from darkchannel.speech.rendering import rendered
from services.synthesizer.engines.plain import CLAUSE_MS, RATE, PlainText

WORD = 800
"""Samples that a word takes."""


class Hum:
    """Silence, a note for each word, and silence again; remembers what it was asked for, and tells its words."""

    name = "hum"
    slots = 1
    rate = None
    is_costly = False
    most_segments = None

    def __init__(self, *, limit: int = 60, rates: tuple[int, ...] = (8_000,), known: Sequence[str] = ("eva",)) -> None:
        self.limit = limit
        self._known = known
        self.asked: list[tuple[str, str, str | None]] = []
        self.wanted: list[Sequence[Sequence[str]]] = []
        self._rates = rates

    async def voices(self) -> Sequence[Voice]:
        return (Voice("hum", ("pt", "en")),)

    async def known(self, wanted: Sequence[Sequence[str]]) -> Collection[str]:
        self.wanted.append(wanted)
        return self._known

    async def revision(self, language: str, voice: str | None) -> str:
        return f"{language} {voice}"

    async def speaks(self, language: str) -> bool:
        return language.startswith(("pt", "en"))

    async def say(self, text: str, language: str, voice: str | None) -> Speech:
        rate = self._rates[len(self.asked) % len(self._rates)]
        self.asked.append((text, language, voice))
        note = array("h", [9_000, -9_000] * (WORD // 2)).tobytes() * len(text.split())
        words = tuple(Word(rate + WORD * number, word) for number, word in enumerate(text.split()))
        return Speech(bytes(2 * rate) + note + bytes(rate), rate, words=words)

    async def close(self) -> None:
        pass


async def speech(content: str, hum: Hum | None = None) -> Speech:
    tree = parse(f'<speak xml:lang="pt-BR">{content}</speak>'.encode())
    return await PlainText(hum or Hum()).speak(tree)


def length(speech: Speech) -> float:
    return len(speech.pcm) / 2 / speech.rate


MARGINS = 0.06
"""Seconds of silence left around what a request brings."""


async def test_the_silence_around_a_request_does_not_count() -> None:
    assert length(await speech("um dois")) == pytest.approx(2 * WORD / 8_000 + MARGINS, abs=0.001)


async def test_a_long_text_is_asked_for_by_sentences_then_clauses_then_words() -> None:
    hum = Hum(limit=30)
    text = (
        "Uma casa azul. Outra, bem maior, ficava longe dali e de tudo. E umapalavrasemfimquenuncaacabadesairdali foi."
    )
    await speech(text, hum)
    asked = [text for text, _, _ in hum.asked]
    assert all(len(text) <= 30 for text in asked)
    assert "".join("".join(asked).split()) == "".join(text.split())
    assert asked[:2] == ["Uma casa azul.", "Outra, bem maior,"]


async def test_signs_without_words_are_a_pause_and_no_request() -> None:
    hum = Hum()
    said = await speech('<emphasis level="none">um</emphasis><lang xml:lang="en"> … </lang>dois <p>—</p>', hum)
    assert [text for text, _, _ in hum.asked] == ["um", "dois"]
    assert length(said) > 2 * (WORD / 8_000 + MARGINS) + 0.3


async def test_a_clause_that_a_mark_divides_keeps_its_pause() -> None:
    whole, divided = await speech("um, dois"), await speech('um, <mark name="a"/>dois')
    assert length(divided) - length(whole) == pytest.approx(CLAUSE_MS / 1_000 + MARGINS, abs=0.001)
    assert divided.marks == (Mark("a", int(0.16 * 8_000)),)


async def test_words_of_a_language_it_does_not_speak_are_said_in_that_of_the_document() -> None:
    hum = Hum()
    await speech('um <lang xml:lang="gn">mokõi</lang> <voice name="eva" xml:lang="en">three</voice>', hum)
    assert hum.asked == [("um", "pt-BR", None), ("mokõi", "pt-BR", None), ("three", "en", "eva")]


async def revision(content: str) -> str:
    return await PlainText(Hum()).revision(rendered(f'<speak xml:lang="pt-BR">{content}</speak>'))


async def test_its_revision_is_of_each_voice_in_each_language_that_it_is_to_speak() -> None:
    content = 'um <lang xml:lang="en">two</lang> três <voice name="eva" xml:lang="gn">mokõi</voice>'
    assert await revision(content) == "pt-BR None\nen None\npt-BR eva"
    assert await revision('<voice name="eva">— …</voice><voice name="rui"><break/></voice>') == ""


@pytest.mark.parametrize(
    ("names", "voice"),
    [
        ("eva", "eva"),
        ("nobody eva rui", "eva"),
        (" rui  eva ", "rui"),
        ("nobody none", "nobody none"),
        ("nobody", "nobody"),
        ("", None),
        ("x" * 500, "x" * 79 + "…"),
    ],
)
async def test_of_several_names_the_first_that_the_engine_has_speaks_and_where_it_has_none_it_is_told_all(
    names: str, voice: str | None
) -> None:
    hum = Hum(known=("rui", "eva"))
    words = rendered(f'<speak xml:lang="pt-BR"><voice name="{names}">um</voice></speak>')
    said = await PlainText(hum).speak(words)
    assert hum.asked == [("um", "pt-BR", voice)]
    assert [turn.voice for turn in said.turns] == [voice or "hum"]
    assert await PlainText(hum).revision(words) == f"pt-BR {voice}"


async def test_a_name_with_spaces_is_a_voice_before_it_is_a_list_of_names() -> None:
    hum = Hum(known=("Ana", "Ana Maria"))
    words = "".join(f'<voice name="{names}">um</voice>' for names in ("Ana Maria", "Maria Ana", "Ana Maria Luz"))
    said = await speech(words, hum)
    assert [voice for _, _, voice in hum.asked] == ["Ana Maria", "Ana", "Ana"]
    assert [turn.voice for turn in said.turns] == ["Ana Maria", "Ana"]


async def test_of_several_names_it_has_a_voice_where_it_has_one_of_them() -> None:
    hum = Hum(known=("Ana Maria", "eva"))
    told = ("Ana Maria", "Maria", "Ana Maria Luz", "nova eva", "nova", "")
    assert [await PlainText(hum).has(voice) for voice in told] == [True, False, False, True, False, False]
    assert hum.wanted[3] == [("nova eva", "nova", "eva")]


async def test_an_engine_is_asked_once_for_a_revision_and_once_for_speech_which_voices_it_has() -> None:
    hum = Hum()
    text = '<voice name="nova eva">um <voice name="rui">dois</voice></voice><voice name="nova eva">três</voice>'
    script = rendered(f"<speak>{text}</speak>")
    await PlainText(hum).revision(script)
    await PlainText(hum).speak(script)
    await speech("um", hum)
    assert hum.wanted == [[("nova eva", "nova", "eva"), ("rui",)]] * 2 + [[]]


async def test_requests_that_come_at_other_rates_are_brought_to_that_of_the_first() -> None:
    said = await speech('um <mark name="a"/>dois', Hum(rates=(8_000, 16_000)))
    assert said.rate == 8_000
    assert length(said) == pytest.approx(WORD / 8_000 + WORD / 16_000 + 2 * MARGINS, abs=0.01)


async def test_a_segment_of_breaks_asks_for_nothing() -> None:
    hum = Hum()
    said = await PlainText(hum).speak(rendered('<speak><break time="1500ms"/></speak>'))
    assert (length(said), said.rate, hum.asked) == (1.5, RATE, [])


async def test_a_segment_without_anything_to_hear_is_refused() -> None:
    with pytest.raises(Permanent, match="nothing to speak"):
        await speech('<p><s> … <mark name="a"/></s></p>'.replace("…", ""))


class Hoarse(Hum):
    """Of its requests some come to a hiss that nobody hears."""

    def __init__(self, *hissed: int) -> None:
        super().__init__()
        self._hissed = hissed

    async def say(self, text: str, language: str, voice: str | None) -> Speech:
        said = await super().say(text, language, voice)
        return said if len(self.asked) not in self._hissed else Speech(array("h", [255, -256] * 500).tobytes(), 8_000)


async def test_words_that_nobody_hears_are_asked_for_again() -> None:
    hoarse = Hoarse(2)
    said = await speech('um <mark name="a"/>dois', hoarse)
    assert [text for text, _, _ in hoarse.asked] == ["um", "dois", "dois"]
    assert said == await speech('um <mark name="a"/>dois')


@pytest.mark.parametrize("words", ["dois", "3", "é"])
async def test_words_that_nobody_hears_twice_are_told_among_others_that_are_heard(words: str) -> None:
    hoarse = Hoarse(2, 3)
    told = f"hum says nothing for «{words}»: choose another voice or engine"
    with pytest.raises(Permanent, match=told):
        await speech(f'um <mark name="a"/>{words} <mark name="b"/>três', hoarse)
    assert len(hoarse.asked) == 3


async def test_a_sign_that_nobody_hears_is_no_fault() -> None:
    hoarse = Hoarse(2)
    said = await speech('um <mark name="a"/>€', hoarse)
    assert ([text for text, _, _ in hoarse.asked], length(said)) == (["um", "€"], length(await speech("um")))


async def test_a_silent_text_takes_its_time() -> None:
    said = await speech('<prosody volume="silent">um dois três</prosody>')
    assert not any(said.pcm)
    assert length(said) == pytest.approx(3 * WORD / 8_000 + MARGINS, abs=0.001)


@given(st.integers(0, 3_000), st.integers(1, 500), st.integers(0, 3_000))
def test_trimming_takes_silence_alone(before: int, loud: int, after: int) -> None:
    note = array("h", [5_000] * loud).tobytes()
    margin = 240
    found = trimmed(Speech(bytes(2 * before) + note + bytes(2 * after), 8_000))
    assert found.pcm == bytes(2 * min(before, margin)) + note + bytes(2 * min(after, margin))


def test_of_silence_nothing_is_left() -> None:
    assert trimmed(Speech(bytes(100), 8_000)).pcm == b""
    assert trimmed(Speech(b"", 8_000)).pcm == b""


async def test_more_silence_than_the_memory_should_hold_is_refused_before_a_word_is_asked_for() -> None:
    hum = Hum()
    with pytest.raises(Permanent, match="silent for more than 30 minutes"):
        await speech("um" + '<break time="60000ms"/>' * 31, hum)
    assert hum.asked == []


def heard(said: Speech) -> list[tuple[str, float]]:
    """The words with the seconds at which they are told."""
    return [(word.text, word.sample / said.rate) for word in said.words]


async def test_words_are_told_where_they_are_heard_however_they_are_asked_for() -> None:
    content = 'um dois, <break time="500ms"/><voice name="eva">três</voice> <prosody volume="silent">quatro</prosody>'
    said = await speech(content)
    word, margin = WORD / 8_000, MARGINS / 2
    third = margin + 2 * word + margin + 0.5 + margin
    wanted = [("um", margin), ("dois,", margin + word), ("três", third), ("quatro", third + word + 2 * margin)]
    assert [text for text, _ in heard(said)] == [text for text, _ in wanted]
    assert [start for _, start in heard(said)] == pytest.approx([start for _, start in wanted], abs=0.001)


async def test_words_said_slowly_are_told_as_late_as_they_are_heard() -> None:
    said = await speech('<prosody rate="50%">um dois três</prosody> quatro')
    starts = [start for _, start in heard(said)]
    word, margin = WORD / 8_000, MARGINS / 2
    wanted = [2 * margin + 2 * word * number for number in range(3)]
    assert starts == pytest.approx([*wanted, 4 * margin + 6 * word + margin], abs=0.045)


async def test_words_at_another_rate_are_told_at_that_of_the_first() -> None:
    said = await speech('um dois <mark name="a"/>três quatro', Hum(rates=(8_000, 16_000)))
    assert [start for _, start in heard(said)] == pytest.approx([0.03, 0.13, 0.29, 0.34], abs=0.005)


@given(
    st.integers(0, 3_000),
    st.integers(1, 500),
    st.integers(0, 3_000),
    st.lists(st.integers(0, 6_500), max_size=8).map(sorted),
)
def test_trimming_leaves_a_word_at_its_sound_else_at_the_nearest_edge(
    before: int, loud: int, after: int, places: list[int]
) -> None:
    note = array("h", [5_000] * loud).tobytes()
    words = tuple(Word(place, str(number)) for number, place in enumerate(places))
    found = trimmed(Speech(bytes(2 * before) + note + bytes(2 * after), 8_000, words=words))
    first = max(0, before - 240)
    samples = len(found.pcm) // 2
    assert [word.text for word in found.words] == [word.text for word in words]
    assert [word.sample for word in found.words] == [min(max(place - first, 0), samples - 1) for place in places]


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([0.5, 0.8, 1.0, 1.6, 4.0]), st.sampled_from([8_000, 22_050]), st.integers(800, 8_000))
async def test_a_word_stands_after_the_same_share_of_speech_in_any_manner(pace: float, rate: int, length: int) -> None:
    words = tuple(Word(length * number // 4, str(number)) for number in range(4))
    spoken = Speech(array("h", [5_000, -5_000] * (length // 2)).tobytes(), 8_000, words=words)
    said = await spoken_in(Manner(rate=pace), spoken, rate)
    samples = len(said.pcm) // 2
    assert samples / rate == pytest.approx(length / 8_000 / pace, abs=0.05)
    shares = [word.sample / samples for word in said.words]
    assert shares == pytest.approx([word.sample / length for word in words], abs=0.01)
