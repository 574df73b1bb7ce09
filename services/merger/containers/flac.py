"""FLAC books: https://www.rfc-editor.org/rfc/rfc9639.html. Frames get new numbers and are never decoded."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkchannel.jobs.records import Mark
from services.merger.containers import Stream, Tags, vorbis_comment
from services.merger.containers.flac_frames import CHECKSUM_BYTES, Headers, Layout, checksum, headers, moved
from services.merger.containers.frames import Frames

_MARK: Final = b"fLaC"
_SYNC: Final = b"\xff\xf8"
"""Of frames that all have the same number of samples, and so are numbered."""
_STREAMINFO: Final = struct.Struct(">HH3s3s8s16s")
_INFO, _SEEK_TABLE, _COMMENT, _PICTURE = 0, 3, 4, 6
_IS_LAST: Final = 0x80
_LARGEST: Final = (1 << 24) - 1
"""Bytes in a metadata block."""
_SEEK_POINT: Final = struct.Struct(">QQH")
_SAMPLES_BITS: Final = 36
_BLOCKS: Final = {192: 1} | {576 << n: 2 + n for n in range(4)} | {256 << n: 8 + n for n in range(8)}
"""The code of the sizes that have one."""
_BLOCK_BYTES: Final = {6: 1, 7: 2}
"""Bytes that the size of a block takes after the frame's number, by its code; none for the others."""
_SILENCE: Final = bytes(3)
"""What follows a frame's header where all of its samples are 0: a constant subframe, and the constant in 16 bits."""
_RATE_BYTES: Final = {12: 1, 13: 2, 14: 2}


class _Format(NamedTuple):
    block: int
    """Samples in a frame."""
    rate: int
    code: int
    """Rate, channels and bits of a sample, as STREAMINFO has them before the number of samples."""


@dataclass(frozen=True, slots=True)
class _Section:
    format: _Format
    layout: Layout
    headers: Headers
    """Of its frames of full length."""
    starts: list[int]
    """The byte at which each begins, and that at which the last ends."""


def frames_in(body: bytes) -> int:
    """How many frames of full length a mono FLAC file holds; a shorter one at the end is not counted.

    Raises ValueError where it is cut or none, or does not say how long it is.
    """
    return len(_section(body).headers.each)


class FlacWriter:
    """A ``Writer`` of mono sections with one number of samples a frame. Frames beyond the book's end fall out.

    The checksum of all samples is left at 0, unknown: it would take decoding them. The last frame is shortened where
    it is silent; where it is not, the file says how many samples of it belong to the book, which not all players heed.
    """

    def __init__(self, out: BinaryIO, stream: Stream, tags: Tags, chapters: Sequence[Mark]) -> None:
        """Raises ValueError where the frames of ``stream`` do not hold its samples, or the tags exceed 16 MiB."""
        self._out = out
        self._stream = stream
        self._frames = Frames(stream)
        self._tags = _tags(tags, chapters)
        sought = {max(0, int(mark.start * stream.rate)) // stream.frame for mark in chapters}
        self._sought = [frame for frame in sorted(sought) if frame * stream.frame < stream.samples]
        self._points: list[bytes] = []
        self._section: _Section | None = None
        self._start = out.tell()
        self._size = 0
        self._least, self._most = _LARGEST, 0

    def add(self, body: bytes, keep: int) -> None:
        """See ``Writer``. The first section gives the format, which the others must share."""
        section = _section(body)
        if self._section is None:
            self._begin(section)
        elif (section.format, section.layout) != (self._section.format, self._section.layout):
            raise ValueError(f"the section is of {section.format}, not of the first one's {self._section.format}")
        first = self._frames.written
        count = self._frames.take(keep, len(section.headers.each))
        if not count:
            return
        frames, sizes = _renumbered(body, section, first, count)
        rest = self._stream.samples % self._stream.frame
        if rest and self._frames.is_full and frames[-2] == _SILENCE:
            last = _silence(_shortened(section.layout, rest), first + count - 1)
            frames[-3:] = [last]
            sizes[-1] = len(last)
        self._out.write(b"".join(frames))
        self._note(first, sizes)

    def finish(self) -> None:
        """See ``Writer``."""
        self._frames.finish()
        assert self._section
        end = self._out.tell()
        self._out.seek(self._start)
        self._out.write(self._head(self._section.format))
        self._out.seek(end)

    def _begin(self, section: _Section) -> None:
        if (section.format.block, section.format.rate) != (self._stream.frame, self._stream.rate):
            raise ValueError(f"the section is of {section.format}, the book of {self._stream}")
        self._section = section
        self._out.write(self._head(section.format))
        self._out.write(self._tags)

    def _head(self, format: _Format) -> bytes:
        """All before the tags; of the same length before the frames are written as after."""
        info = _STREAMINFO.pack(
            format.block, format.block,
            self._least.to_bytes(3, "big"), self._most.to_bytes(3, "big"),
            (format.code << _SAMPLES_BITS | self._stream.samples).to_bytes(8, "big"),
            bytes(16),
        )  # fmt: skip
        points = b"".join(self._points).ljust(_SEEK_POINT.size * len(self._sought), b"\xff")
        return _MARK + _block(_INFO, info) + (_block(_SEEK_TABLE, points) if points else b"")

    def _note(self, first: int, sizes: NDArray[np.int64]) -> None:
        """Keep what the file's head tells of these frames, the first of which has number ``first``."""
        self._least, self._most = min(self._least, int(sizes.min())), max(self._most, int(sizes.max()))
        offsets = self._size + np.cumsum(sizes) - sizes
        for frame in self._sought[len(self._points) :]:
            if frame - first >= len(sizes):
                break
            samples = frame * self._stream.frame
            self._points.append(_SEEK_POINT.pack(samples, int(offsets[frame - first]), self._stream.frame))
        self._size += int(sizes.sum())


def _renumbered(
    body: bytes, section: _Section, first: int, count: int
) -> tuple[list[bytes | memoryview], NDArray[np.int64]]:
    """Header, sound and checksum of the first frames of a section, numbered from ``first``; and the frames' sizes."""
    old, new = section.headers, headers(section.layout, first, count)
    starts = np.array(section.starts[: count + 1])
    sounds, ends = starts[:-1] + old.lengths[:count], starts[1:] - CHECKSUM_BYTES
    data, view = np.frombuffer(body, np.uint8), memoryview(body)
    was = data[ends].astype(np.uint16) << 8 | data[ends + 1]
    now = (was ^ moved(old.checksums[:count] ^ new.checksums, ends - sounds)).astype(">u2").tobytes()
    pieces: list[bytes | memoryview] = []
    for at, (header, sound, end) in enumerate(zip(new.each, sounds.tolist(), ends.tolist(), strict=True)):
        pieces += header, view[sound:end], now[CHECKSUM_BYTES * at : CHECKSUM_BYTES * (at + 1)]
    return pieces, new.lengths + starts[1:] - sounds


def _tags(tags: Tags, chapters: Sequence[Mark]) -> bytes:
    comments = vorbis_comment.block(vorbis_comment.comments(tags, chapters))
    if not tags.cover:
        return _block(_COMMENT, comments, is_last=True)
    return _block(_COMMENT, comments) + _block(_PICTURE, vorbis_comment.picture(tags.cover), is_last=True)


def _silence(layout: Layout, number: int) -> bytes:
    """A whole frame of it."""
    frame = headers(layout, number, 1).each[0] + _SILENCE
    return frame + checksum(frame).to_bytes(CHECKSUM_BYTES, "big")


def _block(kind: int, content: bytes, *, is_last: bool = False) -> bytes:
    if len(content) > _LARGEST:
        raise ValueError(f"{len(content)} bytes of tags or cover are too many: FLAC has room for {_LARGEST}")
    return bytes((kind | _IS_LAST * is_last,)) + len(content).to_bytes(3, "big") + content


def _section(body: bytes) -> _Section:
    format, samples, at = _read_head(body)
    whole, rest = divmod(samples, format.block)
    layout = _layout(body, at)
    full = headers(layout, 0, whole)
    sought = [*full.each, *(headers(_shortened(layout, rest), whole, 1).each if rest else ())]
    starts = []
    for number, header in enumerate(sought):
        start = body.find(header, at)
        if start < 0:
            raise ValueError(f"the FLAC file is cut or damaged before frame {number} of {len(sought)}")
        starts.append(start)
        at = start + len(header)
    if checksum(body[starts[-1] :]):
        raise ValueError("the last frame of the FLAC file is cut or damaged")
    return _Section(format, layout, full, starts if rest else [*starts, len(body)])


def _read_head(body: bytes) -> tuple[_Format, int, int]:
    """The format, the samples, and where the first frame begins."""
    if body[:4] != _MARK or len(body) < 8 + _STREAMINFO.size or body[4] & ~_IS_LAST != _INFO:
        raise ValueError("this is no FLAC file")
    least, most, _, _, packed, _ = _STREAMINFO.unpack_from(body, 8)
    code, samples = divmod(int.from_bytes(packed, "big"), 1 << _SAMPLES_BITS)
    if least != most or code >> 5 & 7 or not samples:
        raise ValueError("the FLAC file is not mono, of frames of one length, and of a length that it tells")
    at, is_last = 4, False
    while not is_last:
        if at + 4 > len(body):
            raise ValueError("the FLAC file is cut before its first frame")
        is_last = bool(body[at] & _IS_LAST)
        at += 4 + int.from_bytes(body[at + 1 : at + 4], "big")
    return _Format(least, code >> 8, code), samples, at


def _layout(body: bytes, at: int) -> Layout:
    """That of the first frame, which starts here and has number 0."""
    if body[at : at + 2] != _SYNC or at + 5 > len(body):
        raise ValueError(f"there is no FLAC frame of a numbered stream at byte {at}")
    block, rate = divmod(body[at + 2], 16)
    sizes = _BLOCK_BYTES.get(block, 0) + _RATE_BYTES.get(rate, 0)
    return Layout(body[at : at + 4], body[at + 5 : at + 5 + sizes])


def _shortened(layout: Layout, samples: int) -> Layout:
    """That of a last frame of so many samples."""
    block, rate = divmod(layout.prefix[2], 16)
    code = _BLOCKS.get(samples) or (6 if samples <= 256 else 7)
    size = (samples - 1).to_bytes(_BLOCK_BYTES[code], "big") if code in _BLOCK_BYTES else b""
    prefix = layout.prefix[:2] + bytes((code << 4 | rate,)) + layout.prefix[3:]
    return Layout(prefix, size + layout.suffix[_BLOCK_BYTES.get(block, 0) :])
