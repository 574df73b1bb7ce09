"""What ACX asks of each file of an audiobook, and what a file has.

https://www.acx.com/help/acx-audio-submission-requirements/201456300. Levels are measured on the decoded sound, in
decibels of full scale.
"""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkchannel.audio import ffmpeg, mp3

HEAD_SECONDS: Final = 1.0
TAIL_SECONDS: Final = 2.5
"""Silence before and after a chapter that satisfies every reading of what is asked."""
LONGEST_SECONDS: Final = 120 * 60.0
"""Of a file, its silence included."""

_ASKED: Final = (  # (field of Measured, from, to, in words)
    ("rms", -23.0, -18.0, "the mean level is {:.1f} dB, and should be from -23 to -18"),
    ("peak", -math.inf, -3.0, "the peak is {:.1f} dB, and should be -3 at most"),
    ("floor", -math.inf, -60.0, "the noise floor is {:.1f} dB, and should be -60 at most"),
    ("rate", 44_100, 44_100, "the sample rate is {} Hz, and should be 44100"),
    ("channels", 1, 1, "there are {} channels, and should be one"),
    ("kilobits", 192, math.inf, "the bitrate is {} kbit/s, and should be 192 at least"),
    ("bitrates", 1, 1, "there are {} bitrates, and should be one"),
    ("head", 0.5, 1.1, "it starts with {:.2f} s of silence, and should with 0.5 to 1"),
    ("tail", 1.0, 5.0, "it ends with {:.2f} s of silence, and should with 1 to 5"),
    ("minutes", 0.0, LONGEST_SECONDS / 60, "it is {:.1f} minutes long, and should be 120 at most"),
)
"""A soft first sound is still silence to the meter: the start may be 0.1 s longer than the second asked for."""
_WINDOW_SECONDS: Final = 0.01
_FLOOR_WINDOWS: Final = 50
"""The noise floor is the level of the quietest half second."""
_AUDIBLE: Final = 10 ** (-50 / 20)
_QUIETEST: Final = 1e-6
"""Of full scale, -120 dB: what digital silence is reported as."""
_PIECE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Measured:
    rms: float
    """In dB, as ``peak`` and ``floor`` are."""
    peak: float
    """Of the samples."""
    floor: float
    rate: int
    channels: int
    kilobits: int
    """A second, in the smallest frame."""
    bitrates: int
    """How many different ones there are: one where the bitrate is constant."""
    head: float
    """Seconds of silence at the start."""
    tail: float
    minutes: float


async def measured(path: Path) -> Measured:
    """Measure an MP3 file, in flat memory.

    Raises ValueError where the file is no MP3 of whole frames, Transient where ffmpeg cannot decode it.
    """
    first, bitrates = await asyncio.to_thread(_frames, path)
    channels = 1 if mp3.is_mono(first) else 2
    rate = mp3.format_of(first).rate
    windows = _Windows(round(rate * _WINDOW_SECONDS) * channels)
    await ffmpeg.run((*ffmpeg.QUIET, "-i", str(path), "-map", "0:a", "-f", "f32le", "pipe:1"), sink=windows.feed)
    powers, peaks = windows.found()
    loud = np.flatnonzero(peaks > _AUDIBLE)
    second = rate * channels / windows.width
    return Measured(
        rms=_decibels(np.sqrt(powers.mean())),
        peak=_decibels(peaks.max()),
        floor=_decibels(np.sqrt(_quietest(powers))),
        rate=rate,
        channels=channels,
        kilobits=min(bitrates),
        bitrates=len(bitrates),
        head=(loud[0] if len(loud) else len(peaks)) / second,
        tail=(len(peaks) - 1 - loud[-1] if len(loud) else len(peaks)) / second,
        minutes=len(peaks) / second / 60,
    )


def faults(found: Measured) -> tuple[str, ...]:
    """What does not conform, in words."""
    asked = ((words, low, high, getattr(found, field)) for field, low, high, words in _ASKED)
    return tuple(words.format(value) for words, low, high, value in asked if not low <= value <= high)


def report(files: Mapping[str, Measured]) -> str:
    """What each file has, a paragraph each, and whether it conforms."""
    return "\n".join(_paragraph(name, found) for name, found in files.items())


def _paragraph(name: str, found: Measured) -> str:
    wrong = faults(found)
    return "\n".join(
        (
            f"{name}: {'does not conform' if wrong else 'conforms'}",
            f"  mean level {found.rms:.1f} dB, peak {found.peak:.1f} dB, noise floor {found.floor:.1f} dB",
            f"  {found.kilobits} kbit/s, {found.rate} Hz, {found.channels} channel{'s' * (found.channels > 1)}",
            f"  {found.minutes:.1f} minutes, silence of {found.head:.2f} s at the start, {found.tail:.2f} s at the end",
            *(f"  - {fault}" for fault in wrong),
            "",
        )
    )


def _frames(path: Path) -> tuple[bytes, set[int]]:
    """The header of the first frame, and the different bitrates of all in kbit/s."""
    with path.open("rb") as file:
        file.seek(mp3.id3_size(file.read(10)))
        rest = file.read(_PIECE_BYTES)
        first, sizes = rest[:4], mp3.format_of(rest).sizes
        thirds: set[bytes] = set()
        while rest:
            at = 0
            while at + 3 <= len(rest) and at + (size := sizes.get(rest[at : at + 3], 0)) <= len(rest):
                if not size:
                    raise ValueError(f"{path.name} holds something that is no MP3 frame of {first.hex()}")
                thirds.add(rest[at : at + 3])
                at += size
            more = file.read(_PIECE_BYTES)
            if not more and at < len(rest):
                raise ValueError(f"{path.name} is cut short in its last MP3 frame")
            rest = rest[at:] + more
    return first, {mp3.kilobits(header) for header in thirds}


class _Windows:
    """The mean power and the peak of each ``width`` samples of 32-bit floats that are fed to it."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._powers: list[NDArray[np.float32]] = []
        self._peaks: list[NDArray[np.float32]] = []
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        piece = self._rest + piece
        row = 4 * self.width
        whole = len(piece) // row * row
        self._rest = piece[whole:]
        self._take(piece[:whole])

    def found(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The last window is filled up with silence. Raises ValueError where there was no sound."""
        if self._rest:
            self._take(self._rest.ljust(4 * self.width, b"\0"))
        if not self._peaks:
            raise ValueError("the file holds no sound")
        return np.concatenate(self._powers), np.concatenate(self._peaks)

    def _take(self, rows: bytes) -> None:
        samples = np.frombuffer(rows, np.float32).reshape(-1, self.width)
        if len(samples):
            self._powers.append((samples * samples).mean(axis=1))
            self._peaks.append(np.abs(samples).max(axis=1))


def _quietest(powers: NDArray[np.float32]) -> float:
    """The mean power of the quietest windows that follow one another."""
    count = min(_FLOOR_WINDOWS, len(powers))
    sums = np.concatenate(([0.0], np.cumsum(powers, dtype=np.float64)))
    return max(0.0, float((sums[count:] - sums[:-count]).min()) / count)


def _decibels(level: float) -> float:
    return 20 * math.log10(max(level, _QUIETEST))
