"""How loud a voice is, and the gain that brings it to where listeners of audiobooks expect it.

https://tech.ebu.ch/publications/r128 says how a loudness is meant.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkchannel.audio.limiting import limited
from darkchannel.audio.metering import FULL_SCALE, Loudness

TARGET_LUFS: Final = -19.0
"""Of a finished book: what shops and listeners expect of one voice in mono."""
MOST_DB: Final = 30.0
"""Largest gain either way: what is softer than -49 LUFS is no voice, and only its noise would become loud."""
MOST_LIMITED_DB: Final = 3.0
"""Largest gain that makes up for the limiter: a voice of single pulses is left soft rather than crushed."""

_ROUNDS: Final = 12
_NEAR_ENOUGH: Final = 0.01
_ALIKE_LU: Final = 1.0
"""How far some of a book may be from the whole."""


def gain_of(pcm: bytes, rate: int) -> float:
    """Decibels that bring this voice to ``TARGET_LUFS``, what the limiter takes away included; 0 for silence.

    ``pcm``: half a minute or so of its ordinary speech, 16-bit little-endian mono samples at ``rate`` hertz. Raises
    ValueError for half a sample.
    """
    samples = np.frombuffer(pcm, "<i2")
    loudness = _loudness([levelled(samples, [])], rate)
    if loudness is None:
        return 0.0
    gain = TARGET_LUFS - loudness
    most = min(gain + MOST_LIMITED_DB, MOST_DB)
    for _ in range(_ROUNDS):
        loudness = _loudness([limited(levelled(samples, [], gain), rate)], rate)
        if loudness is None or abs(TARGET_LUFS - loudness) < _NEAR_ENOUGH or gain >= most:
            break
        gain += TARGET_LUFS - loudness
    return max(-MOST_DB, min(gain, most))


def gain_for(loudness: float, pieces: Sequence[NDArray[np.float32]], rate: int, most: float) -> float:
    """Decibels, ``most`` either way, that bring a book of this loudness to ``TARGET_LUFS``, its limiter included.

    ``pieces``: some of its speech, as it was before the limiter. Where they are not as loud as the book they tell
    nothing of it, and what it lacks is what it gets.
    """
    rise = TARGET_LUFS - loudness
    low, high = (-most, 0.0) if rise < 0 else (0.0, most)
    before = _limited_loudness(pieces, rate, 0.0)
    if before is None or abs(before - loudness) > _ALIKE_LU:
        return max(low, min(rise, high))
    for _ in range(_ROUNDS):
        gain = (low + high) / 2
        after = _limited_loudness(pieces, rate, gain)
        if after is None or after - before > rise:
            high = gain
        else:
            low = gain
    return high if rise > 0 else low


def _limited_loudness(pieces: Sequence[NDArray[np.float32]], rate: int, gain: float) -> float | None:
    factor = np.float32(10 ** (gain / 20))
    return _loudness((limited(piece * factor, rate) for piece in pieces), rate)


def levelled(samples: NDArray[np.int16], gains: Sequence[tuple[int, float]], extra: float = 0.0) -> NDArray[np.float32]:
    """The samples with their gain, 1 being full scale; what exceeds it is left to a limiter.

    ``gains``: from which sample on how many decibels; what stands before the first has the first. ``extra``: decibels
    more for all of them.
    """
    scaled = samples.astype(np.float32)
    turns = sorted(gains) or [(0, 0.0)]
    starts = [0, *(min(max(start, 0), len(samples)) for start, _ in turns[1:]), len(samples)]
    for (start, end), (_, decibels) in zip(pairwise(starts), turns, strict=True):
        scaled[start:end] *= np.float32(10 ** ((decibels + extra) / 20) / FULL_SCALE)
    return scaled


def _loudness(pieces: Iterable[NDArray[np.float32]], rate: int) -> float | None:
    loudness = Loudness(rate)
    for samples in pieces:
        loudness.feed(samples)
    return loudness.lufs
