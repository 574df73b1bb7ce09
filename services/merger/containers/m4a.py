"""Sections of AAC-LC as ffmpeg writes them: an MPEG-4 file of one track, whose frames lie together.

ISO/IEC 14496-12, 14496-14 and, for the descriptors, 14496-1; see also ``boxes``.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.merger.containers.boxes import SIZE

FRAME_SAMPLES: Final = 1_024
_RATES: Final = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
"""Hertz, by their index."""
_LC: Final = 2
_NO_DOUBLED_RATE: Final = b"\x56\xe5\x00"
"""Players otherwise try whether frames of a low rate hold twice of it: ISO/IEC 14496-3, 1.6.5.3."""
_TABLE: Final = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_ENTRY_BYTES: Final = 36
"""Of an audio sample's description before the boxes in it."""


@dataclass(frozen=True, slots=True)
class Coding:
    """What a decoder must know beforehand."""

    rate_index: int
    channels: int

    @property
    def rate(self) -> int:
        """In hertz."""
        return _RATES[self.rate_index]

    @property
    def config(self) -> bytes:
        """An AudioSpecificConfig: https://wiki.multimedia.cx/index.php/MPEG-4_Audio."""
        return struct.pack(">H", _LC << 11 | self.rate_index << 7 | self.channels << 3) + _NO_DOUBLED_RATE


@dataclass(frozen=True, slots=True)
class Section:
    coding: Coding
    sizes: NDArray[np.uint32]
    """In bytes, of each frame."""
    frames: memoryview
    """One after another."""


def section(body: bytes) -> Section:
    """Raises ValueError where this is anything but whole frames of AAC-LC in one track.

    A frame may be larger than the 6,144 bits a channel that ISO/IEC 14496-3, 4.5.1 has: coders pass them by a few
    bytes, players decode such frames, and what is damaged shows in the sum of all.
    """
    whole = memoryview(body)
    try:
        table = _inside(whole, *_TABLE)
        coding = _coding(_inside(table, b"stsd"))
        frames = _inside(whole, b"mdat")
        sizes = _sizes(_inside(table, b"stsz"), len(frames))
    except (struct.error, ValueError, IndexError) as error:
        raise ValueError(f"the section is no MPEG-4 file of AAC-LC ({error})") from None
    if not sizes.all():
        raise ValueError("the section has AAC frames of no bytes")
    if len(frames) != sizes.sum(dtype=np.int64):
        raise ValueError(f"the section has {len(frames)} bytes of AAC frames instead of {sizes.sum(dtype=np.int64)}")
    return Section(coding, sizes, frames)


def frames_in(body: bytes) -> int:
    """How many frames there are. Raises ValueError as ``section`` does."""
    return len(section(body).sizes)


def _inside(body: memoryview, *path: bytes) -> memoryview:
    """The contents of the box to which this path of names leads."""
    for name in path:
        body = next((contents for kind, contents in _boxes(body) if kind == name), memoryview(b""))
    if not body:
        raise ValueError(f"nothing is in {b'.'.join(path).decode()}")
    return body


def _boxes(body: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while at < len(body):
        size, kind = struct.unpack_from(">I4s", body, at)
        if not 8 <= size <= len(body) - at:
            raise ValueError(f"the box at byte {at} of {len(body)} has no end")
        yield kind, body[at + 8 : at + size]
        at += size


def _sizes(table: memoryview, most: int) -> NDArray[np.uint32]:
    """In bytes, of each frame: a table, or one figure where all are alike, as they are in silence."""
    of_each, count = struct.unpack_from(">4xII", table)
    if count > most:
        raise ValueError(f"{count} frames are said to be in {most} bytes")
    return np.full(count, of_each, SIZE) if of_each else np.frombuffer(table, SIZE, count, offset=12)


def _coding(descriptions: memoryview) -> Coding:
    entry = _inside(descriptions[8:], b"mp4a")
    elementary = _inside(entry[_ENTRY_BYTES - 8 :], b"esds")
    (config,) = struct.unpack_from(">H", _descriptor(_descriptor(_descriptor(elementary[4:], 3)[3:], 4)[13:], 5))
    kind, found = config >> 11, Coding(config >> 7 & 0xF, config >> 3 & 0xF)
    if kind != _LC or found.rate_index >= len(_RATES) or not found.channels:
        raise ValueError(f"its sound is of another kind: {config:#06x}")
    return found


def _descriptor(body: memoryview, tag: int) -> memoryview:
    """The contents of the descriptor that comes first."""
    if body[0] != tag:
        raise ValueError(f"descriptor {body[0]} stands in the place of {tag}")
    size, at = 0, 1
    while True:
        size = size << 7 | body[at] & 0x7F
        at += 1
        if body[at - 1] < 0x80:
            return body[at : at + size]
