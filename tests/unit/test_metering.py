"""Loudness is judged by libebur128."""

from itertools import pairwise

import numpy as np
import pyebur128
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkchannel.audio.metering import FULL_SCALE, Loudness, Meter

RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000]
RATE = 22_050
NEAR_LU = 0.05


def voice(seconds: float, rate: int) -> NDArray[np.float32]:
    """A voice of many harmonics in syllables and phrases, over a room that hums."""
    time = np.arange(int(seconds * rate)) / rate
    pitch = 2 * np.pi * np.cumsum(110 + 25 * np.sin(2 * np.pi * 0.6 * time)) / rate
    harmonics = sum(np.sin(number * pitch) / number**0.7 for number in range(1, 30))
    phrases = np.clip(np.sin(2 * np.pi * 2.3 * time) + 0.3, 0, 1) * (1 + np.sin(2 * np.pi * 0.11 * time))
    return np.asarray(0.1 * harmonics * phrases + 0.003 * np.sin(2 * np.pi * 50 * time), np.float32)


def hiss(seconds: float, rate: int) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(0, 0.1, int(seconds * rate)).astype(np.float32)


SOUNDS = {
    "a voice": lambda rate: voice(20, rate),
    "a voice beside zero": lambda rate: voice(20, rate) + np.float32(0.02),
    "a voice that is heard half of the time": lambda rate: np.concatenate((voice(10, rate), hiss(10, rate) / 1_000)),
    "a voice that shouts and whispers": lambda rate: voice(20, rate) * np.repeat([1, 0.25], 10 * rate),
    "hiss": lambda rate: hiss(5, rate),
    "a low tone": lambda rate: (0.2 * np.sin(2 * np.pi * 60 * np.arange(5 * rate) / rate)).astype(np.float32),
}


def judged(samples: NDArray[np.float32], rate: int) -> float:
    state = pyebur128.R128State(1, rate, pyebur128.MeasurementMode.MODE_I)
    state.add_frames(samples, len(samples))
    return float(pyebur128.get_loudness_global(state))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("sound", SOUNDS)
def test_loudness_is_that_of_broadcasters(sound: str, rate: int) -> None:
    samples = SOUNDS[sound](rate).astype(np.float32)
    loudness = Loudness(rate)
    loudness.feed(samples)
    assert loudness.lufs == pytest.approx(judged(samples, rate), abs=NEAR_LU)


def test_loudness_is_that_of_the_samples_whatever_they_are_written_in() -> None:
    samples = (voice(5, RATE) * FULL_SCALE).astype(np.int16)
    floats, meter = Loudness(RATE), Meter(RATE)
    floats.feed(samples / np.float32(FULL_SCALE))
    meter.feed(samples)
    assert meter.loudness == pytest.approx(floats.lufs, abs=1e-3)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.35])
def test_what_is_shorter_than_a_gating_block_has_no_loudness(seconds: float) -> None:
    loudness = Loudness(RATE)
    loudness.feed(hiss(seconds, RATE))
    assert loudness.lufs is None


@given(
    cuts=st.lists(st.integers(0, 30_000), max_size=12),
    rate=st.sampled_from([8_000, 11_025, 22_050, 24_000, 44_100]),
    seed=st.integers(0, 9),
)
def test_a_meter_tells_the_same_however_it_is_fed(cuts: list[int], rate: int, seed: int) -> None:
    samples = np.random.default_rng(seed).integers(-32_768, 32_768, 30_000).astype(np.int16)
    whole, pieces = Meter(rate), Meter(rate)
    whole.feed(samples)
    for start, end in pairwise([0, *sorted(cuts), len(samples)]):
        pieces.feed(samples[start:end])
    assert pieces.peaks == whole.peaks
    assert pieces.loudness == whole.loudness


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100])
def test_each_peak_is_the_loudest_sample_of_a_tenth_of_a_second(rate: int) -> None:
    samples = np.zeros(rate, np.int16)
    samples[[0, -(-rate // 10), rate // 2 - 1, rate - 1]] = [32_767, -32_768, -16_384, 8_192]
    meter = Meter(rate)
    meter.feed(samples)
    assert list(meter.peaks) == [255, 255, 0, 0, 128, 0, 0, 0, 0, 64]


def test_a_meter_that_heard_nothing_has_nothing_to_tell() -> None:
    meter = Meter(RATE)
    assert (meter.loudness, meter.peaks) == (None, b"")
    meter.feed(np.zeros(RATE, np.int16))
    assert (meter.loudness, meter.peaks) == (None, bytes(10))
