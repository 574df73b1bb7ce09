"""How loud a voice is, and the gain that brings it to where listeners of audiobooks expect it.

Loudness after ITU-R BS.1770 and EBU R 128, measured by libebur128.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pyebur128
from numpy.typing import NDArray

TARGET_LUFS: Final = -19.0
"""Of a finished book: what shops and listeners expect of one voice in mono."""
CEILING_DB: Final = -5.0
"""Of full scale: the limiter lets no sample above it, so that no decoder's true peak exceeds -3 dBTP."""
ATTACK_MS: Final = 5
"""The limiter turns down in a straight line that ends where the peak stands."""
RELEASE_MS: Final = 50
"""It turns up again in a straight line of this length, however deep it was."""
MOST_DB: Final = 30.0
"""Largest gain either way: what is softer than -49 LUFS is no voice, and only its noise would become loud."""
MOST_LIMITED_DB: Final = 3.0
"""Largest gain that makes up for the limiter: a voice of single pulses is left soft rather than crushed."""

FULL_SCALE: Final = 32_768
_ROUNDS: Final = 12
_NEAR_ENOUGH: Final = 0.01
_ALIKE_LU: Final = 1.0
"""How far some of a book may be from the whole."""
_PIECE_SECONDS: Final = 2
"""libebur128 is called with the interpreter held: some 0.3 ms of it for each piece."""


def gain_of(pcm: bytes, rate: int) -> float:
    """Decibels that bring this voice to ``TARGET_LUFS``, what the limiter takes away included; 0 for silence.

    ``pcm``: half a minute or so of its ordinary speech, 16-bit little-endian mono samples at ``rate`` hertz. Raises
    ValueError for half a sample.
    """
    samples = np.frombuffer(pcm, "<i2")
    loudness = _loudness([samples], rate)
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


def limited(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """What ffmpeg's ``alimiter`` makes of samples, in steps of a millisecond: good for measuring, not for listening.

    https://ffmpeg.org/ffmpeg-filters.html#alimiter
    """
    step = max(1, rate // 1_000)
    blocks = -(-len(samples) // step)
    padded = np.zeros(blocks * step, np.float32)
    padded[: len(samples)] = samples
    grid = padded.reshape(blocks, step)
    peaks = np.maximum(grid.max(axis=1), -grid.min(axis=1))
    needed = np.minimum(1.0, 10 ** (CEILING_DB / 20) / np.maximum(peaks, 1e-9)).astype(np.float32)
    gain = needed.copy()
    for distance in range(1, min(RELEASE_MS, blocks)):
        rising = needed + (1 - needed) * np.float32(distance / RELEASE_MS)
        np.minimum(gain[distance:], rising[:-distance], out=gain[distance:])
    held = gain.copy()
    for distance in range(1, min(ATTACK_MS, blocks)):
        falling = held + (1 - held) * np.float32(distance / ATTACK_MS)
        np.minimum(gain[:-distance], falling[distance:], out=gain[:-distance])
    grid *= gain[:, None]
    return padded[: len(samples)]


class Meter:
    """Loudness and peaks of what is fed to it, in flat memory: a byte for each peak."""

    def __init__(self, rate: int, peak_seconds: float = 0.1) -> None:
        self._state = pyebur128.R128State(1, rate, pyebur128.MeasurementMode.MODE_I)
        self._piece = _PIECE_SECONDS * rate
        self._rate = rate
        self._peaks_a_second = round(1 / peak_seconds)
        self._fed = 0
        self._peaks = bytearray()

    def feed(self, samples: NDArray[np.int16]) -> None:
        for at in range(0, len(samples), self._piece):
            piece = samples[at : at + self._piece]
            self._state.add_frames(piece, len(piece))
            self._feed_peaks(piece)

    def _feed_peaks(self, samples: NDArray[np.int16]) -> None:
        ends = self._fed, self._fed + len(samples) - 1
        first, last = (sample * self._peaks_a_second // self._rate for sample in ends)
        starts = -(-np.arange(first, last + 1) * self._rate // self._peaks_a_second) - self._fed
        starts[0] = 0
        loudest = np.maximum(
            np.maximum.reduceat(samples, starts).astype(np.int32),
            -np.minimum.reduceat(samples, starts).astype(np.int32),
        )
        levels = np.minimum((loudest * 255 + FULL_SCALE // 2) // FULL_SCALE, 255).astype(np.uint8).tobytes()
        if first < len(self._peaks):
            self._peaks[first] = max(self._peaks[first], levels[0])
            levels = levels[1:]
        self._peaks += levels
        self._fed += len(samples)

    @property
    def loudness(self) -> float | None:
        """In LUFS, gated; None where it was silent, or shorter than 0.4 s."""
        loudness = pyebur128.get_loudness_global(self._state)
        return loudness if math.isfinite(loudness) else None

    @property
    def peaks(self) -> bytes:
        """For each ``peak_seconds`` the loudest sample, 255 being full scale."""
        return bytes(self._peaks)


def _loudness(pieces: Iterable[NDArray[np.int16] | NDArray[np.float32]], rate: int) -> float | None:
    state = pyebur128.R128State(1, rate, pyebur128.MeasurementMode.MODE_I)
    for samples in pieces:
        for at in range(0, len(samples), _PIECE_SECONDS * rate):
            piece = samples[at : at + _PIECE_SECONDS * rate]
            state.add_frames(piece, len(piece))
    loudness = pyebur128.get_loudness_global(state)
    return loudness if math.isfinite(loudness) else None
