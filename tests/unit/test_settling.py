"""Settling: what an encoder is given follows what it was heard to make of it."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.merger.settling import LOUDNESS_LU, MOST_DB, PEAK_DB, STEPS_A_SECOND, Gain, Heard, applied, loudness_of

RATE = 22_050
SOUND = np.full(3 * RATE, 10_000, np.int16)
ONE = np.tile(np.array([0.1, -0.2], np.float32), 96_000)
"""A second of two decoders that differ."""


def peaks(**at: float) -> NDArray[np.float32]:
    """Of three seconds, soft but for some decibels above ``PEAK_DB`` at some hundredths: ``_120=2.0``."""
    found = np.full(3 * STEPS_A_SECOND, 0.01, np.float32)
    for step, excess in at.items():
        found[int(step[1:])] = 10 ** ((PEAK_DB + excess) / 20)
    return found


def decibels(gain: Gain) -> NDArray[np.float64]:
    """In the middle of each hundredth."""
    raised = gain.applied(SOUND, 0, RATE) / SOUND
    return 20 * np.log10(raised[((np.arange(3 * STEPS_A_SECOND) + 0.5) * RATE / STEPS_A_SECOND).astype(int)])


def test_an_encoder_that_changes_nothing_is_given_the_same_again() -> None:
    gain = Gain(-19.0)
    assert not gain.settle(peaks(_120=-0.01), -19.0 + 0.9 * LOUDNESS_LU)
    assert np.array_equal(gain.applied(SOUND, 0, RATE), SOUND)


def test_a_peak_is_lowered_where_it_stands_and_nothing_a_twentieth_of_a_second_away() -> None:
    gain = Gain(-19.0)
    assert gain.settle(peaks(_120=2.0, _250=0.1), -19.0)
    found = decibels(gain)
    assert found[118:123] == pytest.approx(found[120], abs=0.01)
    assert -3.5 < found[120] < -2.0
    assert -1.5 < found[250] < -0.1
    assert found[[0, 115, 125, 245, 255]] == pytest.approx(0, abs=0.01)


def test_a_peak_that_stays_is_lowered_further_each_time() -> None:
    gain = Gain(-19.0)
    depths = [decibels(gain)[120] for _ in range(3) if gain.settle(peaks(_120=0.1), -19.0)]
    steps = [before - after for before, after in pairwise([0.0, *depths])]
    assert steps[1] > steps[0] + 0.2 > 0.3
    assert steps[2] > steps[1] + 0.2


def test_what_the_encoder_took_is_given_once_with_the_peaks_that_come_of_it_lowered() -> None:
    gain = Gain(-19.0)
    assert gain.settle(peaks(_120=-0.5), -20.0)
    found = decibels(gain)
    assert found[0] == pytest.approx(1.0, abs=0.01)
    assert found[120] < 0.5
    assert not gain.settle(peaks(), -20.0)


@pytest.mark.parametrize(("lufs", "heard"), [(None, -30.0), (-19.0, None), (None, None)])
def test_what_has_no_loudness_is_not_raised(lufs: float | None, heard: float | None) -> None:
    assert not Gain(lufs).settle(peaks(), heard)


def test_no_loudness_that_was_measured_of_next_to_nothing_is_made_up_for() -> None:
    gain = Gain(-19.0)
    assert gain.settle(peaks(), -60.0)
    assert decibels(gain) == pytest.approx(MOST_DB, abs=0.01)


@pytest.mark.parametrize("length", [1, 5, 299, 301])
def test_a_decoder_may_yield_a_little_more_or_less_than_the_last_time(length: int) -> None:
    gain = Gain(-19.0)
    assert gain.settle(peaks(_0=1.0), -19.0)
    assert gain.settle(np.ones(length, np.float32), -19.0)
    assert len(gain.applied(SOUND, 0, RATE)) == len(SOUND)


@given(cuts=st.lists(st.integers(0, len(SOUND)), max_size=6))
def test_the_gain_is_the_same_however_the_samples_are_cut(cuts: list[int]) -> None:
    gain = Gain(-19.0)
    gain.settle(peaks(_0=1.0, _120=2.0, _299=3.0), -19.5)
    whole = gain.applied(SOUND, 0, RATE)
    pieces = [gain.applied(SOUND[a:b], a, RATE) for a, b in pairwise([0, *sorted(cuts), len(SOUND)])]
    assert np.array_equal(np.concatenate(pieces), whole)


@given(cuts=st.lists(st.integers(0, ONE.nbytes), max_size=6))
def test_what_decoders_yield_is_measured_however_it_is_cut(cuts: list[int]) -> None:
    heard = Heard()
    for start, end in pairwise([0, *sorted(cuts), ONE.nbytes]):
        heard.feed(ONE.tobytes()[start:end])
    heard.end()
    assert heard.peaks == pytest.approx(np.full(STEPS_A_SECOND, 0.2))


async def test_a_file_is_given_to_its_last_sample(tmp_path: Path) -> None:
    path = tmp_path / "given.pcm"
    samples = np.tile(np.arange(-5_000, 5_000, dtype="<i2"), 40)
    path.write_bytes(samples.tobytes())
    gain = Gain(None)
    gain.settle(np.linspace(0.1, 1, 20 * STEPS_A_SECOND, dtype=np.float32), None)
    pieces = [piece async for piece in applied(gain, path, RATE)]
    assert len(pieces) > 1
    assert np.array_equal(np.concatenate(pieces), gain.applied(samples, 0, RATE))
    assert loudness_of(path, RATE) is not None
