"""Speech that cannot stand in a book is told by its samples, and by what its text takes."""

import math
import struct
from collections.abc import AsyncIterator

import numpy as np
import pytest

from darkchannel.audio.faults import fault
from darkchannel.audio.resampling import resampled
from darkchannel.speech.ssml import Element
from services.synthesizer.engines.espeak import Espeak
from services.synthesizer.levels import REFERENCES

RATE = 22_050


def tone(seconds: float, *, level: int = 8_000, rate: int = RATE) -> bytes:
    count = round(seconds * rate)
    return struct.pack(f"<{count}h", *(round(level * math.sin(n * 0.07)) for n in range(count)))


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE) * 2)


def found(
    pcm: bytes | memoryview, expected: float, *, rate: int = RATE, mark: int = 0, longest: float = 0.0
) -> str | None:
    return fault(pcm, rate, (0, mark), expected=expected, longest=longest)


@pytest.mark.parametrize("rate", [8_000, 22_050, 24_000, 44_100, 48_000])
def test_speech_of_about_the_expected_length_is_sound(rate: int) -> None:
    pcm = tone(3, rate=rate)
    for expected in (0.0, 0.5, 3.0, 6.0):
        assert found(pcm, expected, rate=rate) is None
        assert found(memoryview(pcm), expected, rate=rate) is None


def test_speech_that_is_much_too_short_says_by_how_much() -> None:
    pcm = tone(0.4)
    assert found(pcm, 12) == "has 0.4 s of speech where about 12 s were expected"


def test_speech_that_rambles_on_says_by_how_much() -> None:
    pcm = tone(30)
    assert found(pcm, 4, longest=12) == "has 30 s of speech where at most 12 s were expected"
    assert found(pcm, 4, longest=28.5) is None
    assert found(pcm, 4) is None


def test_pauses_of_the_author_do_not_make_speech_too_long() -> None:
    pcm = tone(3) + silence(60) + tone(3)
    assert found(pcm, 5, longest=10) is None


@pytest.mark.parametrize(("rate", "fits"), [(7_999, False), (8_000, True), (48_000, True), (48_001, False)])
def test_a_rate_that_no_voice_has_is_a_broken_header(rate: int, fits: bool) -> None:
    pcm = tone(1, rate=rate)
    assert found(pcm, 1, rate=rate) == (None if fits else f"has {rate} Hz, which no voice has")


def test_pauses_do_not_make_up_for_missing_words() -> None:
    pcm = silence(5) + tone(0.5) + silence(20) + tone(0.5) + silence(5)
    assert found(pcm, 12) == "has 1.0 s of speech where about 12 s were expected"


def test_short_gaps_within_words_are_part_of_speech() -> None:
    pcm = (tone(0.08) + silence(0.08)) * 40
    assert found(pcm, 10) is None


@pytest.mark.parametrize("pcm", [silence(4), silence(0.05), b"", tone(4, level=200)])
def test_silence_is_no_speech_of_any_text(pcm: bytes) -> None:
    assert found(pcm, 0.2) == "is silent"


def test_speech_that_is_mostly_at_full_scale_is_clipped() -> None:
    wave = struct.unpack(f"<{2 * RATE}h", tone(2))
    for times, reason in ((4, None), (20, "is clipped"), (200, "is clipped")):
        pcm = struct.pack(f"<{2 * RATE}h", *(max(-32_768, min(times * sample, 32_767)) for sample in wave))
        assert found(pcm, 2.0) == reason


@pytest.mark.parametrize(("share", "reason"), [(0.008, None), (0.012, "is clipped")])
def test_speech_may_be_at_full_scale_for_a_moment(share: float, reason: str | None) -> None:
    pcm = tone(2)
    full = round(share * 2 * RATE)
    assert found(struct.pack(f"<{full}h", *[32_767] * full) + pcm[2 * full :], 2.0) == reason


def noise(level: int | None, seconds: float = 2) -> bytes:
    """Of this deviation; None: random bytes."""
    chance = np.random.default_rng(5)
    count = round(seconds * RATE)
    if level is None:
        return chance.bytes(2 * count)
    return np.clip(chance.normal(0, level, count), -32_768, 32_767).astype("<i2").tobytes()


LEVELS = (None, 16_000, 4_000, 1_000)


@pytest.mark.parametrize("seconds", [0.1, 2, 20])
@pytest.mark.parametrize("level", LEVELS)
def test_noise_is_no_speech_however_long_and_loud_it_is(level: int | None, seconds: float) -> None:
    assert found(noise(level, seconds), seconds) == "is noise"


@pytest.mark.parametrize("level", LEVELS)
def test_noise_that_pauses_is_no_speech_either(level: int | None) -> None:
    assert found((noise(level, 0.3) + silence(0.7)) * 4, 1.5) == "is noise"
    assert found(silence(300) + noise(level, 0.3) + silence(300), 0.5) == "is noise"


def test_a_hum_over_noise_is_heard() -> None:
    both = np.frombuffer(noise(2_000), "<i2") + np.frombuffer(tone(2, level=4_000), "<i2")
    assert found(both.tobytes(), 2) is None


def test_a_hiss_that_turns_with_each_sample_is_heard() -> None:
    flat = np.frombuffer(noise(4_000), "<i2")
    assert found(np.diff(flat).astype("<i2").tobytes(), 2) is None


HISSES = ("sssss", "xixixi", "psiu", "seis cisnes silenciosos")
VOICES = ("pt-br", "pt-br+whisper", "pt-br+klatt2", "pl")


@pytest.fixture
async def espeak() -> AsyncIterator[Espeak]:
    engine = Espeak(slots=1)
    yield engine
    await engine.close()


@pytest.mark.parametrize("rate", [8_000, RATE, 48_000])
async def test_whatever_hisses_or_whispers_is_no_noise(espeak: Espeak, rate: int) -> None:
    said = {
        f"{text}, {voice}": await resampled(await espeak.speak(Element("voice", {"name": voice}, (text,))), rate)
        for text in HISSES
        for voice in VOICES
    }
    verdicts = {kind: fault(speech.pcm, rate, (), expected=0.2, longest=0) for kind, speech in said.items()}
    assert {kind: reason for kind, reason in verdicts.items() if reason} == {}


async def test_speech_with_its_bytes_mixed_up_is_noise(espeak: Espeak) -> None:
    speech = await espeak.speak(Element("speak", {}, (REFERENCES["pt"],)))
    late, swapped = speech.pcm[1:] + b"\0", np.frombuffer(speech.pcm, "<i2").byteswap().tobytes()
    for pcm, reason in ((speech.pcm, None), (late, "is noise"), (swapped, "is noise")):
        assert fault(pcm, speech.rate, (), expected=20, longest=0) == reason


def test_a_text_of_breaks_may_be_silent_and_of_any_length() -> None:
    for pcm in (silence(2), b"", tone(1)):
        assert found(pcm, 0) is None


def test_soft_speech_is_heard() -> None:
    pcm = tone(3, level=500)
    assert found(pcm, 4) is None


def test_one_short_word_is_found_in_a_long_silence() -> None:
    pcm = silence(600) + tone(0.1) + silence(600)
    assert found(pcm, 0.2) is None


def test_half_a_sample_is_no_speech() -> None:
    pcm = tone(1)
    assert found(pcm + b"\0", 0) == "ends amid a sample"


def test_speech_that_ends_before_one_of_its_marks_was_cut() -> None:
    pcm = tone(2)
    assert found(pcm, 2, mark=RATE * 2) is None
    assert found(pcm, 2, mark=RATE * 5) == "ends at 2.0 s, before its mark at 5.0 s"
