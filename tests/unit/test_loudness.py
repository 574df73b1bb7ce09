"""Gain is judged by what is heard after the limiter."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from darkchannel.audio.limiting import limited
from darkchannel.audio.loudness import MOST_DB, MOST_LIMITED_DB, TARGET_LUFS, gain_for, gain_of, levelled
from darkchannel.audio.metering import FULL_SCALE, Meter

RATE = 22_050


def voice(seconds: float, *, level: float, peaky: float, rate: int = RATE) -> NDArray[np.int16]:
    """Syllables of a buzz: ``level`` its loudness, ``peaky`` how far single pulses stand out."""
    time = np.arange(int(seconds * rate)) / rate
    buzz = np.exp(-peaky * (time * 110 % 1)) * np.sin(2 * np.pi * 700 * time)
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * time) + 0.3, 0, 1) * (1 + 0.5 * np.sin(2 * np.pi * 0.21 * time))
    return np.asarray(np.clip(buzz * syllables * level, -1, 1) * (FULL_SCALE - 1), np.int16)


def loudness(samples: NDArray[np.int16], rate: int = RATE) -> float | None:
    meter = Meter(rate)
    meter.feed(samples)
    return meter.loudness


def mastered(samples: NDArray[np.float32], rate: int) -> NDArray[np.int16]:
    return np.rint(limited(samples, rate) * FULL_SCALE).astype(np.int16)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 48_000])
@pytest.mark.parametrize(("level", "peaky"), [(0.05, 0.5), (0.3, 1.8), (1.0, 1.5)])
def test_a_voice_with_its_gain_is_as_loud_as_a_book(rate: int, level: float, peaky: float) -> None:
    spoken = voice(12, level=level, peaky=peaky, rate=rate)
    heard = mastered(levelled(spoken, [], gain_of(spoken.tobytes(), rate)), rate)
    assert loudness(heard, rate) == pytest.approx(TARGET_LUFS, abs=0.15)


def test_the_gain_makes_up_for_what_the_limiter_takes_away() -> None:
    spoken = voice(12, level=0.3, peaky=1.8)
    before = loudness(spoken)
    assert before is not None
    assert gain_of(spoken.tobytes(), RATE) > TARGET_LUFS - before + 0.2


def test_a_voice_of_single_pulses_is_left_soft_rather_than_crushed() -> None:
    spoken = voice(12, level=0.3, peaky=25)
    before = loudness(spoken)
    assert before is not None
    assert gain_of(spoken.tobytes(), RATE) == pytest.approx(TARGET_LUFS - before + MOST_LIMITED_DB)


@pytest.mark.parametrize("pcm", [b"", bytes(2), bytes(2 * 30 * RATE), b"\x01\x00" * 100])
def test_silence_has_no_gain(pcm: bytes) -> None:
    assert gain_of(pcm, RATE) == 0.0


def test_what_is_hardly_a_voice_is_not_made_a_roar() -> None:
    hiss = np.asarray(np.random.default_rng(1).normal(0, 30, 5 * RATE), np.int16)
    hiss //= 4
    assert gain_of(hiss.tobytes(), RATE) == MOST_DB


def test_a_square_wave_at_full_scale_is_turned_down() -> None:
    square = np.where(np.arange(5 * RATE) % 100 < 50, 32_767, -32_768).astype(np.int16)
    assert -20 < gain_of(square.tobytes(), RATE) < -10


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="buffer size"):
        gain_of(bytes(3), RATE)


def test_each_voice_has_its_own_gain_from_where_it_takes_over() -> None:
    samples = np.full(10, 16_384, np.int16)
    scaled = levelled(samples, [(0, 0.0), (4, 20 * math.log10(2)), (7, -20.0)], extra=0.0)
    assert scaled.tolist() == pytest.approx([0.5] * 4 + [1.0] * 3 + [0.05] * 3)


def test_what_exceeds_full_scale_is_left_to_the_limiter() -> None:
    assert levelled(np.array([-32_768], np.int16), [(0, 6.0)], extra=6.0)[0] == pytest.approx(-(10 ** (12 / 20)))


@pytest.mark.parametrize(
    ("gains", "heard"),
    [
        ([], [0.0] * 10),
        ([(5, 3.0)], [3.0] * 10),
        ([(-9, 3.0), (99, 1.0)], [3.0] * 10),
        ([(7, 1.0), (2, 3.0)], [3.0] * 7 + [1.0] * 3),
        ([(2, 1.0), (4, 2.0), (4, 3.0)], [1.0] * 4 + [3.0] * 6),
    ],
)
def test_turns_of_a_bad_record_lose_no_sample(gains: list[tuple[int, float]], heard: list[float]) -> None:
    scaled = levelled(np.full(10, 1_000, np.int16), gains)
    assert (20 * np.log10(scaled * FULL_SCALE / 1_000)).tolist() == pytest.approx(heard, abs=1e-4)


@pytest.mark.parametrize(("level", "decibels"), [(0.3, -6.0), (0.3, 0.0), (1.0, 6.0)])
def test_a_book_that_is_off_is_brought_to_its_loudness_though_the_limiter_holds_it_down(
    level: float, decibels: float
) -> None:
    spoken = levelled(voice(12, level=level, peaky=1.8), [(0, decibels)])
    before = loudness(mastered(spoken, RATE))
    assert before is not None
    gain = gain_for(before, [spoken], RATE, most=20.0)
    after = loudness(mastered(spoken * np.float32(10 ** (gain / 20)), RATE))
    assert after == pytest.approx(TARGET_LUFS, abs=0.25)


@pytest.mark.parametrize("rise", [-30.0, -4.0, 4.0, 30.0])
@pytest.mark.parametrize("pieces", [[], [np.zeros(RATE, np.float32)], [np.ones(RATE, np.float32) * 1e-4]])
def test_speech_that_is_not_as_loud_as_its_book_tells_nothing_of_it(
    rise: float, pieces: list[NDArray[np.float32]]
) -> None:
    assert gain_for(TARGET_LUFS - rise, pieces, RATE, most=12.0) == max(-12.0, min(rise, 12.0))


def test_one_part_that_shouts_does_not_decide_for_a_book_that_does_not() -> None:
    spoken, shouted = (levelled(voice(12, level=1.0, peaky=1.8), [(0, decibels)]) for decibels in (-3.0, 30.0))
    assert gain_for(-17.0, [spoken, shouted], RATE, most=12.0) == -2.0
