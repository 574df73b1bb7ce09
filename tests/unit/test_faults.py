"""Speech that cannot stand in a book is told by its samples and its record."""

import math
import struct

import pytest

from darkchannel.audio.faults import fault
from darkchannel.audio.wav import ChunkRecord

RATE = 22_050


def tone(seconds: float, *, level: int = 8_000, rate: int = RATE) -> bytes:
    count = round(seconds * rate)
    return struct.pack(f"<{count}h", *(round(level * math.sin(n * 0.07)) for n in range(count)))


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE) * 2)


def record(pcm: bytes, expected: float, *, rate: int = RATE, mark: int = 0, longest: float = 0.0) -> ChunkRecord:
    return ChunkRecord(
        source="",
        engine="espeak",
        samples=len(pcm) // 2,
        rate=rate,
        marks=(("s0", mark),),
        expected=expected,
        longest=longest,
    )


@pytest.mark.parametrize("rate", [8_000, 22_050, 24_000, 44_100, 48_000])
def test_speech_of_about_the_expected_length_is_sound(rate: int) -> None:
    pcm = tone(3, rate=rate)
    for expected in (0.0, 0.5, 3.0, 6.0):
        assert fault(record(pcm, expected, rate=rate), pcm) is None
        assert fault(record(pcm, expected, rate=rate), memoryview(pcm)) is None


def test_speech_that_is_much_too_short_says_by_how_much() -> None:
    pcm = tone(0.4)
    assert fault(record(pcm, 12), pcm) == "has 0.4 s of speech where about 12 s were expected"


def test_speech_that_rambles_on_says_by_how_much() -> None:
    pcm = tone(30)
    assert fault(record(pcm, 4, longest=12), pcm) == "has 30 s of speech where at most 12 s were expected"
    assert fault(record(pcm, 4, longest=28.5), pcm) is None
    assert fault(record(pcm, 4), pcm) is None


def test_pauses_of_the_author_do_not_make_speech_too_long() -> None:
    pcm = tone(3) + silence(60) + tone(3)
    assert fault(record(pcm, 5, longest=10), pcm) is None


@pytest.mark.parametrize(("rate", "fits"), [(7_999, False), (8_000, True), (48_000, True), (48_001, False)])
def test_a_rate_that_no_voice_has_is_a_broken_header(rate: int, fits: bool) -> None:
    pcm = tone(1, rate=rate)
    assert fault(record(pcm, 1, rate=rate), pcm) == (None if fits else f"has {rate} Hz, which no voice has")


def test_pauses_do_not_make_up_for_missing_words() -> None:
    pcm = silence(5) + tone(0.5) + silence(20) + tone(0.5) + silence(5)
    assert fault(record(pcm, 12), pcm) == "has 1.0 s of speech where about 12 s were expected"


def test_short_gaps_within_words_are_part_of_speech() -> None:
    pcm = (tone(0.08) + silence(0.08)) * 40
    assert fault(record(pcm, 10), pcm) is None


@pytest.mark.parametrize("pcm", [silence(4), silence(0.05), b"", tone(4, level=200)])
def test_silence_is_no_speech_of_any_text(pcm: bytes) -> None:
    assert fault(record(pcm, 0.2), pcm) == "is silent"


def test_speech_that_is_mostly_at_full_scale_is_clipped() -> None:
    wave = struct.unpack(f"<{2 * RATE}h", tone(2))
    for times, reason in ((4, None), (20, "is clipped"), (200, "is clipped")):
        pcm = struct.pack(f"<{2 * RATE}h", *(max(-32_768, min(times * sample, 32_767)) for sample in wave))
        assert fault(record(pcm, 2.0), pcm) == reason


def test_a_text_of_breaks_may_be_silent_and_of_any_length() -> None:
    for pcm in (silence(2), b"", tone(1)):
        assert fault(record(pcm, 0), pcm) is None


def test_soft_speech_is_heard() -> None:
    pcm = tone(3, level=500)
    assert fault(record(pcm, 4), pcm) is None


def test_one_short_word_is_found_in_a_long_silence() -> None:
    pcm = silence(600) + tone(0.1) + silence(600)
    assert fault(record(pcm, 0.2), pcm) is None


def test_samples_that_were_lost_after_the_record_was_made_are_noticed() -> None:
    pcm = tone(4)
    assert fault(record(pcm, 0), pcm[: len(pcm) // 2]) == "has 2.0 s of the 4.0 s it was made with"
    assert fault(record(pcm, 0), pcm[:-1]) is not None


def test_half_a_sample_is_no_speech() -> None:
    pcm = tone(1)
    assert fault(record(pcm, 0), pcm + b"\0") is not None


def test_speech_that_ends_before_one_of_its_marks_was_cut() -> None:
    pcm = tone(2)
    assert fault(record(pcm, 2, mark=RATE * 2), pcm) is None
    assert fault(record(pcm, 2, mark=RATE * 5), pcm) == "ends at 2.0 s, before its mark at 5.0 s"
