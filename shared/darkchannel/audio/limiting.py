"""Limiting: no sample exceeds the ceiling, and all around a peak is turned down with it, so that nothing is distorted.

The gain falls in a straight line that ends where a peak stands, and comes back as a capacitor is charged.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

CEILING_DB: Final = -5.0
"""Of full scale: the limiter lets no sample above it, so that no decoder's true peak exceeds -3 dBTP."""
ATTACK_MS: Final = 5
RELEASE_MS: Final = 35
"""Until a reduction is down to its 1/e."""

_CEILING: Final = np.float32(10 ** (CEILING_DB / 20))
_STEPS: Final = 2048
"""In a frame, each of a millisecond: what is done at once, wherever the pieces are cut that it is fed."""
_NOTHING: Final = 1e-5
"""A reduction that no sample of 16 bits shows."""


class Limiter:
    """Limits a stream of samples at ``rate`` hertz, 1 being full scale, in flat memory. It delays none of them."""

    def __init__(self, rate: int) -> None:
        self._step = max(1, rate // 1_000)
        self._frame = _STEPS * self._step
        self._ramp = np.arange(self._step, dtype=np.float32) / np.float32(self._step)
        self._ahead = ATTACK_MS * self._step
        self._rest = np.zeros(0, np.float32)
        self._fall = 0.0
        """What is left, at the start of the rest, of the reductions before it."""
        self._knot = 0.0
        """By how much the start of the rest is turned down."""

    def feed(self, samples: Samples) -> Iterator[Samples]:
        """As many of the samples so far as nothing that is still to come can change. To be read to its end."""
        self._rest = np.concatenate((self._rest, samples))
        while len(self._rest) >= self._frame + self._ahead:
            yield self._limited(self._rest[: self._frame + self._ahead])
            self._rest = self._rest[self._frame :]

    def end(self) -> Samples:
        """The others."""
        left = len(self._rest)
        silence = np.zeros(self._frame + self._ahead - left, np.float32)
        return self._limited(np.concatenate((self._rest, silence)))[:left]

    def _limited(self, samples: Samples) -> Samples:
        """The first frame of the samples."""
        needed = self._needed(samples)
        if not needed.any() and max(self._fall, self._knot) < _NOTHING:
            return samples[: self._frame]
        reductions = self._reductions(needed)
        knots = np.empty(_STEPS + 1, np.float32)
        knots[0] = max(self._knot, reductions[0])  # the second where all begins
        np.maximum(reductions[:_STEPS], reductions[1 : _STEPS + 1], out=knots[1:])
        self._knot = float(knots[-1])
        gains = 1 - knots
        curve = np.diff(gains)[:, None] * self._ramp
        curve += gains[:-1, None]
        curve *= samples[: self._frame].reshape(_STEPS, self._step)
        return curve.reshape(-1)

    def _needed(self, samples: Samples) -> NDArray[np.float64]:
        """By how much each step is too loud, as a share of its loudest sample."""
        needed = np.zeros(_STEPS + ATTACK_MS)
        sizes = np.abs(samples)
        loud = np.flatnonzero(sizes > _CEILING)
        np.maximum.at(needed, loud // self._step, 1 - _CEILING / sizes[loud])
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


def limited(samples: Samples, rate: int) -> Samples:
    """All of these samples, limited."""
    limiter = Limiter(rate)
    return np.concatenate([*limiter.feed(samples), limiter.end()])
