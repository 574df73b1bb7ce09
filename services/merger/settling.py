"""Settling: what an encoder made is heard, and what it is given raised and lowered, until both are alike.

Opus shapes speech anew. It takes up to 1.2 dB from a whisper, and here and there the start of a syllable stands 5 dB
above what it was: no limiter before it can know where, and one that feared it everywhere would take a dB from all.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkchannel.audio import ffmpeg
from darkchannel.audio.metering import FULL_SCALE, Loudness

PEAK_DB: Final = -3.2
"""Of full scale: what is promised is -3 dBTP, and the highest place may lie between two samples."""
LOUDNESS_LU: Final = 0.2
"""How far from what was given an encoder's loudness may be."""
MOST_DB: Final = 3.0
"""Largest gain that makes up for loudness."""
STEPS_A_SECOND: Final = 100
"""In each of which the loudest sample is found."""

_RATE: Final = 48_000
_OVERSAMPLED: Final = 2
_DECODERS: Final = ("opus", "libopus")
"""ffmpeg's own, and that of browsers and telephones: their peaks differ by as much as 0.7 dB."""
_STEP_BYTES: Final = 4 * len(_DECODERS) * _OVERSAMPLED * _RATE // STEPS_A_SECOND
_PIECE_BYTES: Final = 1 << 18
_SPARE_DB: Final = 0.5
"""By how much more than it exceeds a peak is lowered in the first round: another encoding is another sound."""
_REACH: Final = 5
"""Steps from a peak on which the gain is back; for the first half of them it is held."""


class Heard:
    """The loudness and the peaks of 32-bit samples at ``_OVERSAMPLED * _RATE`` hertz, those of each decoder in turn."""

    def __init__(self) -> None:
        self._loudness = Loudness(_RATE)
        self._peaks: list[NDArray[np.float32]] = []
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        piece = self._rest + piece
        whole = len(piece) // _STEP_BYTES * _STEP_BYTES
        self._rest = piece[whole:]
        samples = np.frombuffer(piece[:whole], "<f4")
        self._peaks.append(np.abs(samples.reshape(-1, _STEP_BYTES // 4)).max(axis=1))
        self._loudness.feed(samples[:: len(_DECODERS) * _OVERSAMPLED])  # nothing of it is above half of _RATE

    def end(self) -> None:
        """The last step is filled up with silence."""
        self.feed(bytes(-len(self._rest) % _STEP_BYTES))

    @property
    def peaks(self) -> NDArray[np.float32]:
        """Of each hundredth of a second, 1 being full scale."""
        return np.concatenate([*self._peaks, np.zeros(0, np.float32)])

    @property
    def lufs(self) -> float | None:
        return self._loudness.lufs


class Gain:
    """Decibels for each hundredth of a second of what an encoder is given."""

    def __init__(self, lufs: float | None) -> None:
        """``lufs``: how loud that is."""
        self._lufs = lufs
        self._rounds = 0
        self._decibels = np.zeros(1)

    def settle(self, peaks: NDArray[np.float32], lufs: float | None) -> bool:
        """Whether it had to be changed for what was heard of the encoder.

        For loudness once, or that and the peaks would take turns; each time a peak is met more firmly than the last.
        """
        self._rounds += 1
        rise = self._rise(lufs) if self._rounds == 1 else 0.0
        excess = 20 * np.log10(np.maximum(peaks, 1e-9)) + rise - PEAK_DB
        if not (rise or (excess > 0).any()):
            return False
        before = np.pad(self._decibels, (0, max(0, len(peaks) - len(self._decibels))))[: len(peaks)]
        self._decibels = before + rise - _widened(np.where(excess > 0, excess + self._rounds * _SPARE_DB, 0.0))
        return True

    def _rise(self, lufs: float | None) -> float:
        lacks = self._lufs - lufs if self._lufs is not None and lufs is not None else 0.0
        return min(max(lacks, -MOST_DB), MOST_DB) if abs(lacks) > LOUDNESS_LU else 0.0

    def applied(self, samples: NDArray[np.int16], first: int, rate: int) -> NDArray[np.int16]:
        """These samples at ``rate`` hertz, of which the first is ``first`` of all, with their gain."""
        places = (np.arange(first, first + len(samples)) + 0.5) * (STEPS_A_SECOND / rate) - 0.5
        decibels = np.interp(places, np.arange(len(self._decibels)), self._decibels)
        raised = np.rint(samples * 10 ** (decibels / 20))
        return np.asarray(np.clip(raised, -FULL_SCALE, FULL_SCALE - 1), "<i2")


def _widened(dips: NDArray[np.float64]) -> NDArray[np.float64]:
    wide = dips.copy()
    for distance in range(1, _REACH):
        share = min(1.0, 2 * (1 - distance / _REACH))
        wide[distance:] = np.maximum(wide[distance:], share * dips[:-distance])
        wide[:-distance] = np.maximum(wide[:-distance], share * dips[distance:])
    return wide


async def applied(gain: Gain, given: Path, rate: int) -> AsyncIterator[NDArray[np.int16]]:
    """What an encoder is given, a file of 16-bit little-endian samples at ``rate`` hertz, with its gain."""
    pieces = _pieces(given)
    first = 0
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield await asyncio.to_thread(gain.applied, piece, first, rate)
        first += len(piece)


def loudness_of(given: Path, rate: int) -> float | None:
    """In LUFS, of such a file; None where it was silent, or shorter than 0.4 s."""
    loudness = Loudness(rate, FULL_SCALE)
    for piece in _pieces(given):
        loudness.feed(piece)
    return loudness.lufs


def _pieces(given: Path) -> Iterator[NDArray[np.int16]]:
    with given.open("rb") as file:
        while body := file.read(_PIECE_BYTES):
            yield np.frombuffer(body, "<i2")


async def heard(path: Path) -> Heard:
    """What decoders make of an Opus file, in flat memory. Raises Transient where it cannot be decoded."""
    found = Heard()
    inputs = [part for decoder in _DECODERS for part in ("-c:a", decoder, "-i", str(path))]
    filters = f"amerge=inputs={len(_DECODERS)},aresample={_OVERSAMPLED * _RATE}"
    arguments = (*ffmpeg.QUIET, *inputs, "-filter_complex", filters, "-f", "f32le", "pipe:1")
    await ffmpeg.run(arguments, sink=found.feed)
    found.end()
    return found
