"""What speech servers answer: whole WAV and MP3 files are speech, everything else is a ValueError."""

import struct
from array import array
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkchannel.audio.wav import Speech
from services.synthesizer.engines.answers import kind, of_mp3, of_wav
from tests.contract.engines.gtts import encoded
from tests.contract.engines.openvoice import wav

TONE = Speech(array("h", [9_000, -9_000] * 6_000).tobytes(), 24_000)
"""Half a second."""
FILE = wav(TONE)


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=50), st.integers(8_000, 48_000))
def test_a_whole_wav_is_its_samples(values: list[int], rate: int) -> None:
    speech = Speech(array("h", values).tobytes(), rate)
    assert of_wav(wav(speech)) == speech


@given(st.integers(0, len(FILE) - 1))
def test_no_part_of_a_wav_is_speech(end: int) -> None:
    with pytest.raises(ValueError, match=r"^(is no WAV file|breaks off after|is a WAV file without)"):
        of_wav(FILE[:end])


@example(b"", 16, b"\xff\xff\xff\x7f")
@given(st.binary(max_size=200), st.integers(0, 60), st.binary(max_size=8))
def test_no_bytes_are_a_crash(body: bytes, at: int, other: bytes) -> None:
    for found in (body, b"RIFF" + body, FILE[:at] + other + FILE[at + len(other) :]):
        with suppress(ValueError):
            assert of_wav(found).pcm


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 0xFFFFFFFF - 36])
def test_a_stream_that_does_not_know_its_length_is_what_came_of_it(size: int) -> None:
    endless = FILE[:40] + struct.pack("<I", size) + FILE[44:]
    assert of_wav(endless) == TONE
    with pytest.raises(ValueError, match="breaks off"):
        of_wav(endless[:-1])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (wav(TONE, channels=2), "has 2 channels of 16 bits"),
        (wav(Speech(TONE.pcm, 4_000)), "has 4000 samples a second, not 8000 to 48000"),
        (wav(Speech(TONE.pcm, 96_000)), "has 96000 samples"),
        (wav(Speech(b"", 24_000)), "without samples"),
        (FILE[:20] + b"\x03\x00" + FILE[22:], "is no WAV file of PCM samples"),
        (b"", "but nothing at all"),
        (b'{"error": 1}', "but 12 bytes of JSON"),
        (b" \n<!DOCTYPE html>", "but 17 bytes of HTML"),
    ],
)
def test_a_wav_of_another_kind_is_told(body: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        of_wav(body)


async def test_a_whole_mp3_is_speech_at_its_own_rate_also_behind_a_tag() -> None:
    mp3 = await encoded(TONE)
    speech = await of_mp3(mp3)
    assert speech.rate == 24_000
    assert 0.5 <= len(speech.pcm) / 2 / speech.rate < 0.65
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x05title"
    assert await of_mp3(tag + mp3) == speech


@pytest.mark.parametrize("cut", [1, 30, 150])
async def test_an_mp3_that_lacks_its_end_is_told(cut: int) -> None:
    mp3 = await encoded(TONE)
    with pytest.raises(ValueError, match=f"the last MP3 frame lacks {cut} of its bytes"):
        await of_mp3(mp3[:-cut])


@pytest.mark.parametrize(
    ("body", "told"),
    [(b"", "of no length"), (b"<html>", "but 6 bytes of HTML"), (FILE, "there is no MP3 frame at byte 0")],
)
async def test_what_is_no_mp3_is_told(body: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        await of_mp3(body)


def test_an_answer_is_told_by_its_start() -> None:
    assert [kind(body) for body in (b"", b"\n ", b"<p>", b"[1]", b"RIFF")] == [
        "nothing at all",
        "nothing at all",
        "3 bytes of HTML",
        "3 bytes of JSON",
        "4 bytes",
    ]
