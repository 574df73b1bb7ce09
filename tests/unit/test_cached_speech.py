"""Speech in the cache is a WAV file from which the very same speech comes back, or none."""

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.audio.cached import HEAD_BYTES, MAX_TEXT, pack, read_record, unpack
from darkchannel.audio.wav import Mark, Speech, Turn, Word

DIGEST = "5" * 64

samples = st.integers(0, 10**9)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
speeches = st.builds(
    Speech,
    pcm=st.binary(max_size=2_000).map(lambda data: data[: len(data) // 2 * 2]),
    rate=st.integers(1, 192_000),
    marks=st.lists(st.builds(Mark, names, samples), max_size=9).map(tuple),
    sentences=st.lists(samples, max_size=9).map(tuple),
    words=st.lists(st.builds(Word, samples, names), max_size=9).map(tuple),
    turns=st.lists(st.builds(Turn, samples, names), max_size=9).map(tuple),
)
SPEECH = Speech(
    b"\x01\x00\x02\x00\x03\x00",
    24_000,
    marks=(Mark("início", 0),),
    sentences=(0, 2),
    words=(Word(0, "Olá"), Word(2, "mar")),
    turns=(Turn(0, "pt-br"),),
)


def packed(speech: Speech, text: str = "Olá, mar.", voices: str = "pt-br") -> bytes:
    return pack(speech, digest=DIGEST, engine="piper", voices=voices, text=text)


@given(speech=speeches)
def test_what_was_put_in_comes_out(speech: Speech) -> None:
    assert unpack(packed(speech), DIGEST) == speech


@given(speech=speeches, text=st.text(st.characters(exclude_categories=["Cs"])), voices=names)
def test_the_head_tells_what_was_said(speech: Speech, text: str, voices: str) -> None:
    record = read_record(packed(speech, text, voices)[:HEAD_BYTES])
    assert record
    assert (record.text, record.voices, record.engine, record.digest) == (text, voices, "piper", DIGEST)
    assert (record.samples, record.rate) == (len(speech.pcm) // 2, speech.rate)


@pytest.mark.parametrize("letter", ["a", '"', "\n", "ã", "漢", "𝄞"])
def test_the_head_holds_a_record_however_long_text_voices_and_words_are(letter: str) -> None:
    speech = Speech(bytes(2), 24_000, words=tuple(Word(number, "palavra") for number in range(20_000)))
    body = packed(speech, letter * 100_000, letter * 10_000)
    record = read_record(body[:HEAD_BYTES])
    assert record
    assert record.text == letter * MAX_TEXT
    assert unpack(body, DIGEST) == speech


def test_any_player_opens_it() -> None:
    with wave.open(io.BytesIO(packed(SPEECH))) as player:
        assert (player.getnchannels(), player.getsampwidth(), player.getframerate()) == (1, 2, 24_000)
        assert player.readframes(10) == SPEECH.pcm


@given(at=st.integers(0, len(packed(SPEECH)) - 1), bit=st.integers(0, 7))
def test_one_bit_that_was_turned_yields_the_same_speech_or_none(at: int, bit: int) -> None:
    body = bytearray(packed(SPEECH))
    body[at] ^= 1 << bit
    try:
        found = unpack(bytes(body), DIGEST)
    except ValueError:
        return
    assert found == SPEECH


@given(cut=st.integers(0, len(packed(SPEECH)) - 1))
def test_what_was_cut_short_yields_none(cut: int) -> None:
    with pytest.raises(ValueError, match="file"):
        unpack(packed(SPEECH)[:cut], DIGEST)


@given(body=st.binary(max_size=200))
def test_what_is_no_file_of_ours_yields_none(body: bytes) -> None:
    with pytest.raises(ValueError, match="file"):
        unpack(body, DIGEST)
    assert read_record(body) is None


def test_what_lies_under_a_name_that_is_not_its_own_yields_none() -> None:
    with pytest.raises(ValueError, match="its name"):
        unpack(packed(SPEECH), "6" * 64)
