"""Boxes of the ISO base media file format, ISO/IEC 14496-12, which has its public description at
https://developer.apple.com/documentation/quicktime-file-format.

Numbers are big-endian. All times count samples of the sound, in movie, tracks and media alike: none is ever rounded.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.merger.containers.id3 import three_letters

Pieces = tuple[bytes | memoryview, ...]
"""Bytes that follow one another: a long table is not copied into each box around it."""

Numbers = NDArray[np.uint32] | NDArray[np.int64]

SIZE: Final = np.dtype(">u4")
"""Of a sample's size in a file: a table of this type is written as it is."""

MATRIX: Final = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
"""Nothing is scaled or turned."""
_IN_THE_SAME_FILE: Final = 1


def box(kind: bytes, *contents: bytes | Pieces) -> Pieces:
    pieces = tuple(chain.from_iterable((each,) if isinstance(each, bytes) else each for each in contents))
    return (struct.pack(">I4s", 8 + length(pieces), kind), *pieces)


def full_box(kind: bytes, version: int, flags: int, *contents: bytes | Pieces) -> Pieces:
    return box(kind, struct.pack(">I", version << 24 | flags), *contents)


def length(pieces: Pieces) -> int:
    """In bytes."""
    return sum(map(len, pieces))


def handler(kind: bytes, maker: bytes = b"") -> Pieces:
    return full_box(b"hdlr", 0, 0, struct.pack(">4x4s4s8xx", kind, maker))


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Samples of one kind, and when each is presented."""

    handler: bytes
    flags: int
    """1: it is played; 2: it belongs to the movie."""
    language: str
    """A BCP 47 tag."""
    edits: Sequence[tuple[int, int]]
    """(how long, which part of the media is presented from here on); -1 for nothing."""
    header: Pieces
    """Of the media."""
    description: Pieces
    """Of its samples."""
    durations: Sequence[tuple[int, int]]
    """(how many samples, how long each)."""
    sizes: Numbers
    """In bytes, of each sample."""
    chunk: int
    """Samples in a chunk; the last may have fewer."""
    offsets: NDArray[np.int64]
    """Of each chunk in the file."""
    groups: Pieces = ()
    """What else is told of the samples."""
    references: Pieces = ()

    @property
    def duration(self) -> int:
        return sum(duration for duration, _ in self.edits)


def movie(rate: int, tracks: Sequence[Track], user_data: Pieces) -> Pieces:
    """``rate``: units of time in a second. Times of more than 32 bits are written as such, where there are any."""
    wide = any(sum(map(sum, track.edits)) >= 1 << 31 for track in tracks)
    duration = max(track.duration for track in tracks)
    settings = struct.pack(">IH10x36s24xI", 1 << 16, 1 << 8, MATRIX, len(tracks) + 1)
    header = full_box(b"mvhd", wide, 0, _times(wide, struct.pack(">I", rate), duration), settings)
    return box(b"moov", header, *(_track(rate, *each, wide) for each in enumerate(tracks, start=1)), user_data)


def _track(rate: int, number: int, track: Track, wide: bool) -> Pieces:
    layout = struct.pack(">8xhhh2x36s8x", 0, 0, (track.handler == b"soun") << 8, MATRIX)
    times = _times(wide, struct.pack(">I4x", number), track.duration)
    edits = (struct.pack(">QqHH" if wide else ">IiHH", *edit, 1, 0) for edit in track.edits)
    return box(
        b"trak",
        full_box(b"tkhd", wide, track.flags, times, layout),
        box(b"edts", full_box(b"elst", wide, 0, struct.pack(">I", len(track.edits)), *edits)),
        track.references,
        _media(rate, track, wide),
    )


def _media(rate: int, track: Track, wide: bool) -> Pieces:
    duration = sum(count * each for count, each in track.durations)
    times = _times(wide, struct.pack(">I", rate), duration)
    here = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, _IN_THE_SAME_FILE)))
    return box(
        b"mdia",
        full_box(b"mdhd", wide, 0, times, struct.pack(">H2x", _packed(track.language))),
        handler(track.handler),
        box(b"minf", track.header, here, _sample_table(track)),
    )


def _sample_table(track: Track) -> Pieces:
    count = len(track.sizes)
    whole, rest = divmod(count, track.chunk)
    chunks = [(first, samples, 1) for first, samples in ((1, whole and track.chunk), (whole + 1, rest)) if samples]
    return box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), track.description),
        full_box(b"stts", 0, 0, _table(track.durations)),
        full_box(b"stsc", 0, 0, _table(chunks)),
        full_box(b"stsz", 0, 0, struct.pack(">II", 0, count), _numbers(track.sizes, SIZE)),
        _offsets(track.offsets),
        track.groups,
    )


def _offsets(offsets: NDArray[np.int64]) -> Pieces:
    count = struct.pack(">I", len(offsets))
    if offsets[-1] < 1 << 32:
        return full_box(b"stco", 0, 0, count, _numbers(offsets, np.dtype(">u4")))
    return full_box(b"co64", 0, 0, count, _numbers(offsets, np.dtype(">u8")))


def _times(wide: bool, between: bytes, duration: int) -> bytes:
    """When it was made and changed, which is never told, and how long it is."""
    return bytes(16 if wide else 8) + between + struct.pack(">Q" if wide else ">I", duration)


def _table(rows: Sequence[tuple[int, ...]]) -> bytes:
    return struct.pack(">I", len(rows)) + b"".join(struct.pack(f">{len(row)}I", *row) for row in rows)


def _numbers(values: Numbers, kind: np.dtype[Any]) -> Pieces:
    return (values.astype(kind, copy=False).view(np.uint8).data,)


def _packed(language: str) -> int:
    """Three letters of ISO 639-2 in five bits each, "und" for a language that has none."""
    code = three_letters(language) or "und"
    first, second, third = (ord(letter) - 0x60 for letter in code)
    return first << 10 | second << 5 | third
