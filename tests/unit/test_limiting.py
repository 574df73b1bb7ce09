"""What the limiter lets through, and what it leaves alone."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkchannel.audio.limiting import ATTACK_MS, CEILING_DB, RELEASE_MS, Limiter, limited

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
    assert np.abs(limited(np.ones(count, np.float32), RATE)) == pytest.approx([CEILING] * count)
