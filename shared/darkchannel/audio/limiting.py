"""Limiting: no peak exceeds the ceiling, and all around it is turned down with it, so that nothing is distorted.

The gain falls in a straight line that ends where a peak stands, and comes back as a capacitor is charged. Peaks are
true ones, those between the samples too, found as in annex 2 of https://www.itu.int/rec/R-REC-BS.1770.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Samples = NDArray[np.float32]

CEILING_DB: Final = -5.0
"""Of full scale: the limiter lets no true peak above it, so that no decoder's exceeds -3 dBTP."""
ATTACK_MS: Final = 5
RELEASE_MS: Final = 35
"""Until a reduction is down to its 1/e."""

_CEILING: Final = np.float32(10 ** (CEILING_DB / 20))
_STEPS: Final = 2048
"""In a frame, each of a millisecond: what is done at once, wherever the pieces are cut that it is fed."""
_NOTHING: Final = 1e-5
"""A reduction that no sample of 16 bits shows."""
_REACH: Final = 6
"""Samples on either side of one from which the sound beside it is found."""
_PLACES: Final = np.arange(-3, 4) / 4
"""Where it is found, that sample being 0."""
_DISTANCES: Final = np.clip(_PLACES[:, None] - np.arange(-_REACH, _REACH + 1), -_REACH, _REACH)
_WEIGHTS: Final = (np.sinc(_DISTANCES) * np.cos(np.pi * _DISTANCES / (2 * _REACH)) ** 2).astype(np.float32)
"""Of each of these samples at each place: the sinc in a Hann window."""
_BEND: Final = np.float32(0.5)
"""How much higher than a sample the sound beside it may be, as a share of how sharply it bends there."""


class Limiter:
    """Limits a stream of samples at ``rate`` hertz, 1 being full scale, in flat memory. It delays none of them."""

    def __init__(self, rate: int) -> None:
        self._step = max(1, rate // 1_000)
        self._frame = _STEPS * self._step
        self._ramp = np.arange(self._step, dtype=np.float32) / np.float32(self._step)
        self._ahead = ATTACK_MS * self._step
        self._width = self._frame + self._ahead + 2 * _REACH
        self._rest = np.zeros(_REACH, np.float32)
        """What is not limited yet, and the samples before it."""
        self._fall = 0.0
        """What is left, at the start of the rest, of the reductions before it."""
        self._knot = 0.0
        """By how much the start of the rest is turned down."""

    def feed(self, samples: Samples) -> Iterator[Samples]:
        """As many of the samples so far as nothing that is still to come can change. To be read to its end."""
        self._rest = np.concatenate((self._rest, samples))
        while len(self._rest) >= self._width:
            yield self._limited(self._rest[: self._width])
            self._rest = self._rest[self._frame :]

    def end(self) -> Samples:
        """The others."""
        left = len(self._rest) - _REACH
        silence = np.zeros(self._width - len(self._rest), np.float32)
        return self._limited(np.concatenate((self._rest, silence)))[:left]

    def _limited(self, samples: Samples) -> Samples:
        """The first frame of the samples, but for the few before it."""
        needed = self._needed(samples)
        frame = samples[_REACH : _REACH + self._frame]
        if not needed.any() and max(self._fall, self._knot) < _NOTHING:
            return frame
        reductions = self._reductions(needed)
        knots = np.empty(_STEPS + 1, np.float32)
        knots[0] = max(self._knot, reductions[0])  # the second where all begins
        np.maximum(reductions[:_STEPS], reductions[1 : _STEPS + 1], out=knots[1:])
        self._knot = float(knots[-1])
        gains = 1 - knots
        curve = np.diff(gains)[:, None] * self._ramp
        curve += gains[:-1, None]
        curve *= frame.reshape(_STEPS, self._step)
        return curve.reshape(-1)

    def _needed(self, samples: Samples) -> NDArray[np.float64]:
        """By how much each step is too loud, as a share of its true peak."""
        needed = np.zeros(_STEPS + ATTACK_MS)
        suspects = _suspects(samples[_REACH - 1 : 1 - _REACH])
        if len(suspects):
            peaks = np.abs(_WEIGHTS @ sliding_window_view(samples, 2 * _REACH + 1)[suspects].T).max(axis=0)
            np.maximum.at(needed, suspects // self._step, 1 - _CEILING / np.maximum(peaks, _CEILING))
        return needed

    def _reductions(self, needed: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how much each step is turned down, as a share."""
        times = np.arange(1, len(needed) + 1) / RELEASE_MS
        # A reduction's logarithm falls in a straight line: turned level, the greatest is found in one pass.
        with np.errstate(divide="ignore"):
            level = np.log(np.append(self._fall, needed)) + np.append(0.0, times)
        reductions = np.exp(np.maximum.accumulate(level)[1:] - times)
        self._fall = float(reductions[_STEPS - 1])
        held = reductions.copy()
        for distance in range(1, ATTACK_MS):
            rising = held[distance:] * (1 - distance / ATTACK_MS)
            np.maximum(reductions[:-distance], rising, out=reductions[:-distance])
        return reductions


def _suspects(samples: Samples) -> NDArray[np.intp]:
    """The places, counted from the second sample, of those beside which a peak above the ceiling may stand."""
    highest = np.abs(np.diff(samples, 2))
    highest *= _BEND
    highest += np.abs(samples[1:-1])
    return np.flatnonzero(highest > _CEILING)


def limited(samples: Samples, rate: int) -> Samples:
    """All of these samples, limited."""
    limiter = Limiter(rate)
    return np.concatenate([*limiter.feed(samples), limiter.end()])
