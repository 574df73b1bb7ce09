"""M4B audiobooks: AAC-LC in an ISO base media file, with tags, cover and chapters before the sound.

The size of all that stands before the sound is known before the first frame comes: room is left for it, and it is
written last, when it is known where each frame stands.
"""

import struct
from collections.abc import Sequence
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from darkchannel.jobs.records import Mark
from services.merger.containers import Stream, Tags
from services.merger.containers.boxes import MATRIX, SIZE, Pieces, Track, box, full_box, length, movie
from services.merger.containers.itunes import user_data, utf_8
from services.merger.containers.m4a import FRAME_SAMPLES, Coding, section

_TITLE_BYTES: Final = 65_535
"""A text sample has two bytes for its length."""
_UTF_8: Final = struct.pack(">I4sI", 12, b"encd", 0x100)
_PLAYED, _IN_MOVIE = 1, 2
_NO_MEDIA: Final = -1
_FILE_TYPE: Final = box(b"ftyp", struct.pack(">4sI4s4s4s", b"M4A ", 512, b"M4A ", b"mp42", b"isom"))
_BEYOND_32_BITS: Final = 1 << 32
_AAC, _AUDIO_STREAM = 0x40, 0x15


class M4bWriter:
    """Holds four bytes of memory a frame: the table of their sizes as it stands in the file."""

    def __init__(self, out: BinaryIO, stream: Stream, tags: Tags, chapters: Sequence[Mark]) -> None:
        """Raises ValueError where the frames of ``stream`` have no room for the book; nothing yet stands in ``out``."""
        if stream.frame != FRAME_SAMPLES or stream.frames * stream.frame < stream.delay + stream.samples:
            raise ValueError(f"AAC frames of {FRAME_SAMPLES} samples do not hold the book: {stream}")
        self._out = out
        self._stream = stream
        self._head = Head(stream, tags, chapters)
        self._coding: Coding | None = None
        self._sizes = np.zeros(stream.frames, SIZE)
        self._added = 0
        out.seek(self._head.size)
        out.write(self._head.titles)

    def add(self, body: bytes, keep: int) -> None:
        found = section(body)
        if len(found.sizes) < keep:
            raise ValueError(f"the section has {len(found.sizes)} AAC frames, and the book needs {keep} of it")
        if not keep:
            return
        self._check(found.coding)
        if self._added + keep > len(self._sizes):
            raise ValueError(f"the book has more than its {len(self._sizes)} AAC frames")
        sizes = self._sizes[self._added : self._added + keep]
        sizes[:] = found.sizes[:keep]
        self._added += keep
        self._out.write(found.frames[: sizes.sum(dtype=np.int64)])

    def _check(self, found: Coding) -> None:
        if found.rate != self._stream.rate:
            raise ValueError(f"the section's AAC frames are of {found.rate} Hz, and the book of {self._stream.rate} Hz")
        if found.channels != 1:
            raise ValueError(f"the section's AAC frames have {found.channels} channels: a book is mono")
        self._coding = found

    def finish(self) -> None:
        if self._coding is None or self._added != self._stream.frames:
            raise ValueError(f"the book has {self._added} AAC frames instead of {self._stream.frames}")
        self._out.seek(0)
        self._out.writelines(self._head.of(self._sizes, self._coding))
        self._out.seek(0, 2)


class Head:
    """All that stands before the chapter titles, which the sound follows."""

    def __init__(self, stream: Stream, tags: Tags, chapters: Sequence[Mark]) -> None:
        self._stream = stream
        self._language = tags.language
        self._user_data = user_data(tags, chapters)
        titles = [struct.pack(">H", len(title)) + title + _UTF_8 for title in _titles(chapters)]
        self.titles = b"".join(titles)
        self._starts = _starts(chapters, stream.rate)
        self._title_sizes = np.fromiter(map(len, titles), np.int64)
        largest = self._moov(np.zeros(stream.frames, SIZE), Coding(0, 1), _BEYOND_32_BITS)
        self.size = length((*_FILE_TYPE, *largest, *box(b"free"), _data_start(_BEYOND_32_BITS)))
        """In bytes: enough for offsets of 64 bits, which few books need; what is left over is declared to be free."""

    def of(self, sizes: NDArray[np.uint32], coding: Coding) -> Pieces:
        """``sizes`` in bytes, of each frame."""
        pieces = (*_FILE_TYPE, *self._moov(sizes, coding, self.size))
        data = _data_start(len(self.titles) + int(sizes.sum(dtype=np.int64)))
        free = self.size - length((*pieces, *box(b"free"), data))
        return (*pieces, *box(b"free", bytes(free)), data)

    def _moov(self, sizes: NDArray[np.uint32], coding: Coding, at: int) -> Pieces:
        sound = _sound(self._stream, self._language, sizes, coding, at + len(self.titles), chapters=bool(self._starts))
        return movie(self._stream.rate, [sound, *self._texts(at)], self._user_data)

    def _texts(self, at: int) -> list[Track]:
        """Each chapter is a text that lasts until the next; each has a row of its own, as Apple's players want it."""
        if not self._starts:
            return []
        ends = [*self._starts[1:], max(self._stream.samples, self._starts[-1] + 1)]
        shown = ends[-1] - self._starts[0]
        return [
            Track(
                handler=b"text",
                flags=_IN_MOVIE,
                language=self._language,
                edits=[(self._starts[0], _NO_MEDIA), (shown, 0)] if self._starts[0] else [(shown, 0)],
                header=_text_header(),
                description=box(b"text", struct.pack(">6xH44x", 1)),
                durations=[(1, end - start) for start, end in zip(self._starts, ends, strict=True)],
                sizes=self._title_sizes,
                chunk=len(self._starts),
                offsets=np.array([at]),
            )
        ]


def _data_start(size: int) -> bytes:
    """Of the box that holds ``size`` bytes of titles and sound."""
    if size + 8 < _BEYOND_32_BITS:
        return struct.pack(">I4s", size + 8, b"mdat")
    return struct.pack(">I4sQ", 1, b"mdat", size + 16)


def _titles(chapters: Sequence[Mark]) -> list[bytes]:
    return [utf_8(mark.title, _TITLE_BYTES) for mark in chapters]


def _starts(chapters: Sequence[Mark], rate: int) -> list[int]:
    """In samples; a chapter of no length lasts one, so that no two start together."""
    starts: list[int] = []
    for mark in chapters:
        starts.append(max(round(mark.start * rate), starts[-1] + 1 if starts else 0))
    return starts


def _text_header() -> Pieces:
    """Black, copied as it is: what every chapter track says, and no player shows."""
    drawing = struct.pack(">4H4x", 0x40, 0x8000, 0x8000, 0x8000)
    return box(b"gmhd", full_box(b"gmin", 0, 0, drawing), box(b"text", MATRIX))


def _sound(
    stream: Stream, language: str, sizes: NDArray[np.uint32], coding: Coding, at: int, *, chapters: bool
) -> Track:
    chunk = max(1, round(stream.rate / stream.frame))  # about a second
    whole = len(sizes) // chunk * chunk
    rest = [sizes[whole:].sum(dtype=np.int64)] if whole < len(sizes) else []
    # Not by reduceat, which would hold eight more bytes a frame.
    chunks = np.append(sizes[:whole].reshape(-1, chunk).sum(axis=1, dtype=np.int64), np.array(rest, np.int64))
    return Track(
        handler=b"soun",
        flags=_PLAYED | _IN_MOVIE,
        language=language,
        edits=[(stream.samples, stream.delay)],
        header=full_box(b"smhd", 0, 0, bytes(4)),
        description=_description(stream, coding, average=chunks.sum() / len(sizes), most=chunks.max() / chunk),
        durations=[(stream.frames, stream.frame)],
        sizes=sizes,
        chunk=chunk,
        offsets=at + np.cumsum(chunks) - chunks,
        groups=_warm_up(stream.frames),
        references=box(b"tref", box(b"chap", struct.pack(">I", 2))) if chapters else (),
    )


def _description(stream: Stream, coding: Coding, *, average: float, most: float) -> Pieces:
    """ISO/IEC 14496-14, with the descriptors of 14496-1. ``average`` and ``most``: bytes in a frame."""
    bits = 8 * stream.rate / stream.frame
    decoder = struct.pack(">BB3xII", _AAC, _AUDIO_STREAM, round(most * bits), round(average * bits))
    elementary = bytes(3) + _descriptor(4, decoder + _descriptor(5, coding.config)) + _descriptor(6, b"\2")
    sample = struct.pack(">6xH8xHH4xHH", 1, coding.channels, 16, stream.rate & 0xFFFF, 0)
    return box(b"mp4a", sample, full_box(b"esds", 0, 0, _descriptor(3, elementary)))


def _descriptor(tag: int, contents: bytes) -> bytes:
    return bytes((tag, len(contents))) + contents


def _warm_up(frames: int) -> Pieces:
    """One frame is decoded before what is to be heard. Apple's players take a delay of 2,112 for granted without it:
    https://developer.apple.com/documentation/quicktime-file-format/summary_using_track_structures_to_represent_encoder_delay
    """
    return (
        *full_box(b"sgpd", 1, 0, struct.pack(">4sIIh", b"roll", 2, 1, -1)),
        *full_box(b"sbgp", 0, 0, struct.pack(">4sIII", b"roll", 1, frames, 1)),
    )
