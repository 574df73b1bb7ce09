"""What the limiter lets through, and what it leaves alone."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pyebur128
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkchannel.audio.limiting import ATTACK_MS, CEILING_DB, RELEASE_MS, Limiter, limited
from darkchannel.audio.metering import FULL_SCALE

RATE = 8_000
CEILING = 10 ** (CEILING_DB / 20)
Samples = NDArray[np.float32]


def hum(seconds: float, level: float, rate: int = RATE) -> Samples:
    return (level * np.sin(2 * np.pi * 200 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def loud_at(*places: int, level: float = 4 * CEILING, seconds: float = 1.0) -> Samples:
    """A soft constant, on which the gain shows, with loud samples."""
    samples = np.full(round(seconds * RATE), 0.01, np.float32)
    samples[list(places)] = level
    return samples


def true_peak(samples: Samples, rate: int) -> float:
    """In dBTP, of the samples and the silence after them, as 16 bits hold them."""
    heard = np.pad(np.rint(samples * FULL_SCALE) / FULL_SCALE, (0, 50)).astype(np.float32)
    state = pyebur128.R128State(1, rate, pyebur128.MeasurementMode.MODE_TRUE_PEAK)
    state.add_frames(heard, len(heard))
    return float(20 * np.log10(pyebur128.get_true_peak(state, 0)))


def wave(rate: int, share: float, phase: float) -> Samples:
    """Two seconds and a half of a sine at this share of the rate."""
    return np.sin(2 * np.pi * share * np.arange(5 * rate // 2) + phase).astype(np.float32)


def clipped_speech(rate: int, share: float, phase: float) -> Samples:
    """A hum with many harmonics and some breath, in syllables, as an engine clips what it is to shout."""
    time = np.arange(5 * rate // 2) / rate
    hum = sum(np.sin(2 * np.pi * 130 * number * time + number * phase) for number in range(1, 25))
    breath = np.random.default_rng(int(1_000 * share)).normal(0, 2, len(time))
    return np.clip((hum + breath) * np.clip(np.sin(14 * time) + 0.4, 0, 1), -1, 1).astype(np.float32)


NASTY: dict[str, Callable[[int, float, float], Samples]] = {
    "a sine": wave,
    "a sine near a quarter of the rate": lambda rate, share, phase: wave(rate, 0.25 + (share - 0.25) / 50, phase),
    "a square wave": lambda rate, share, phase: np.sign(wave(rate, share / 4, phase)),
    "bursts": lambda rate, share, phase: wave(rate, share, phase) * (wave(rate, 0.0021, 0) > 0.5),
    "clipped speech": clipped_speech,
}


def gains(samples: Samples) -> Samples:
    return limited(samples, RATE) / samples


@given(
    cuts=st.lists(st.integers(0, 30_000), max_size=8),
    rate=st.sampled_from([8_000, 11_025, 22_050]),
    level=st.floats(0.1, 30),
    seed=st.integers(0, 9),
)
def test_nothing_is_above_the_ceiling_nor_lost_however_it_is_cut(
    cuts: list[int], rate: int, level: float, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    samples = (level * chance.normal(0, 0.2, 30_000) * chance.choice([0, 0.1, 1], 30).repeat(1_000)).astype(np.float32)
    whole, limiter = limited(samples, rate), Limiter(rate)
    pieces = [
        frame for start, end in pairwise([0, *sorted(cuts), 30_000]) for frame in limiter.feed(samples[start:end])
    ]
    assert np.array_equal(np.concatenate([*pieces, limiter.end()]), whole)
    assert len(whole) == len(samples)
    assert np.abs(whole).max() <= CEILING * 1.00001
    assert np.all(np.abs(whole) <= np.abs(samples))


@pytest.mark.parametrize("level", [CEILING * 0.999, 0.1, 0.0])
def test_what_stays_below_the_ceiling_is_as_it_was(level: float) -> None:
    samples = hum(7, level)
    assert np.array_equal(limited(samples, RATE), samples)


def test_what_is_steadily_too_loud_is_brought_to_the_ceiling_as_a_whole() -> None:
    heard = limited(hum(7, 1.5), RATE)
    assert np.abs(heard).reshape(-1, RATE // 10).max(axis=1) == pytest.approx(CEILING, rel=1e-4)


@pytest.mark.parametrize("side", [1, -1])
def test_the_gain_falls_towards_a_peak_and_comes_back_after_it(side: int) -> None:
    gain = gains(loud_at(4_000, level=side * 4 * CEILING))
    assert gain[4_000] == pytest.approx(0.25)
    before = 4_000 - (ATTACK_MS + 1) * RATE // 1_000
    assert np.all(gain[:before] == 1)
    assert np.all(np.diff(gain[before:4_000]) <= 0)
    assert np.all(np.diff(gain[4_008:]) >= 0)
    assert gain[4_008 + RELEASE_MS * RATE // 1_000] == pytest.approx(1 - 0.75 / np.e, abs=0.02)


@pytest.mark.parametrize("peak", [*range(16_384 - 64, 16_384 + 17, 8), 16_383])
def test_the_gain_is_the_same_wherever_the_limiter_cuts(peak: int) -> None:
    """It cuts every 2,048 ms, and turns the gain every one."""
    gain, other = gains(loud_at(peak, seconds=3)), gains(loud_at(4_000 + peak % 8))
    moved = peak // 8 * 8 - 4_000
    assert gain[moved + 3_900 : moved + 6_000] == pytest.approx(other[3_900:6_000], abs=1e-5)


def test_the_gain_never_jumps() -> None:
    assert np.abs(np.diff(gains(loud_at(4_000)))).max() <= 1 / (ATTACK_MS * RATE // 1_000)


def test_of_two_peaks_the_greater_decides() -> None:
    one, both = gains(loud_at(4_000)), loud_at(4_000)
    both[4_200] = 1.1 * CEILING
    assert gains(both) == pytest.approx(one, abs=1e-6)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_next_to_nothing_is_limited_too(count: int) -> None:
    heard = limited(np.ones(count, np.float32), RATE)
    assert len(heard) == count
    assert np.all((heard > 0.8 * CEILING) & (heard <= CEILING * 1.00001))


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100, 48_000])
@settings(max_examples=25)
@given(
    kind=st.sampled_from(sorted(NASTY)),
    share=st.floats(0.001, 0.499),
    phase=st.floats(0, 6.2),
    level=st.floats(CEILING, 10),
)
def test_no_true_peak_is_above_the_ceiling(rate: int, kind: str, share: float, phase: float, level: float) -> None:
    samples = np.float32(level) * NASTY[kind](rate, share, phase)
    # Four places a sample are looked at, as BS.1770 has it: between two of them some more may stand.
    assert true_peak(limited(samples, rate), rate) <= CEILING_DB + 0.1


def test_what_peaks_between_two_samples_is_turned_down_for_that() -> None:
    """A sine at a quarter of the rate, of which all samples are 3 dB below its peaks."""
    heard = limited(np.float32(1.3 * CEILING) * wave(RATE, 0.25, np.pi / 4), RATE)
    assert np.abs(heard[RATE : 2 * RATE]) == pytest.approx(CEILING / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("at", range(16_384 - 8, 16_384 + 8))
def test_a_peak_between_two_frames_is_found(at: int) -> None:
    """The limiter cuts every 2,048 ms."""
    samples = np.zeros(3 * RATE, np.float32)
    samples[at : at + 2] = 0.95 * CEILING
    assert true_peak(samples, RATE) > CEILING_DB + 1
    assert true_peak(limited(samples, RATE), RATE) <= CEILING_DB + 0.05
