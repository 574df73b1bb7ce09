"""An MP3 book: tags, the header frame that tells players of all the others, and the frames of the sections.

The header frame is Xing's with LAME's extension: http://gabriel.mp3-tech.org/mp3infotag.html
"""

import struct
from collections.abc import Sequence
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from darkchannel.audio import mp3
from darkchannel.jobs.records import Mark
from services.merger.containers import Stream, Tags, id3

DECODER_DELAY: Final = 529
"""Samples by which every decoder is late: they are part of a stream's delay, and never declared."""

_TOC_ENTRIES: Final = 100
_HAS_ALL: Final = 0b1111
"""Frames, bytes, a table of contents and a quality."""
_XING: Final = struct.Struct(">4sIII100sI")
_LAME: Final = struct.Struct(">9sBB8xBB3sBBHIH")
_ENCODER: Final = b"LAME3.100"
"""Who made the frames: players believe the delay and the padding of an encoder they know."""
_CONSTANT: Final = 1
_VARIABLE: Final = 4
_TOLD_BYTES: Final = _XING.size + _LAME.size + 2
"""The last two are their checksum."""
_LARGEST: Final = 0xFFFF_FFFF


class Mp3Writer:
    """See ``Writer``. The frames may be of constant or of variable bitrate."""

    def __init__(self, out: BinaryIO, stream: Stream, tags: Tags, chapters: Sequence[Mark]) -> None:
        self._padding = stream.frames * stream.frame - stream.samples - (stream.delay - DECODER_DELAY)
        if stream.frames and not DECODER_DELAY <= self._padding < 1 << 12:
            raise ValueError(
                f"{stream.samples} samples with a delay of {stream.delay} do not fit {stream.frames} MP3 frames"
                f" of {stream.frame}"
            )
        self._out = out
        self._stream = stream
        self._tagged = out.write(id3.tag(tags, chapters))
        self._head = b""
        """The header frame, without anything in it."""
        self._bitrates: set[int] = set()
        self._frames = 0
        self._bytes = 0
        self._turns = [stream.frames * percent // _TOC_ENTRIES for percent in range(_TOC_ENTRIES)]
        """The frames that the table of contents points to."""
        self._points: list[int] = []
        """Where those of them that were added start, in bytes from the first frame."""

    def add(self, body: bytes, keep: int) -> None:
        edges = mp3.edges(body, keep)
        if len(edges) <= keep:
            raise ValueError(f"a section of {len(edges) - 1} MP3 frames is too short: {keep} are needed")
        if not keep:
            return
        self._be_alike(body)
        if not self._head:
            self._head = _blank(body)
            self._out.write(self._head)
        self._bitrates.update(_bitrates(body, edges[:-1]))
        for turn in self._turns[len(self._points) :]:
            if turn >= self._frames + keep:
                break
            self._points.append(self._bytes + int(edges[turn - self._frames]))
        self._out.write(memoryview(body)[: edges[-1]])
        self._frames += keep
        self._bytes += int(edges[-1])

    def finish(self) -> None:
        if self._frames != self._stream.frames:
            raise ValueError(f"{self._frames} MP3 frames were added to a book of {self._stream.frames}")
        self._out.seek(self._tagged)
        self._out.write(self._header())
        self._out.seek(0, 2)

    def _be_alike(self, body: bytes) -> None:
        found = mp3.format_of(body)
        if (found.rate, found.samples) != (self._stream.rate, self._stream.frame):
            raise ValueError(
                f"a section of MP3 frames of {found.samples} samples at {found.rate} Hz is in a book of"
                f" {self._stream.frame} at {self._stream.rate} Hz"
            )
        if not mp3.is_mono(body):
            raise ValueError("the section's MP3 frames have several channels: a book is mono")

    def _header(self) -> bytes:
        head, is_constant = self._head, len(self._bitrates) == 1
        if not head:
            return b""
        size = min(_LARGEST, len(head) + self._bytes)
        toc = bytes(min(255, 256 * (len(head) + point) // size) for point in self._points)
        xing = _XING.pack(b"Info" if is_constant else b"Xing", _HAS_ALL, self._frames, size, toc, 0)
        delay = (self._stream.delay - DECODER_DELAY) << 12 | self._padding
        lame = _LAME.pack(
            _ENCODER, _CONSTANT if is_constant else _VARIABLE, 0, 0, min(255, mp3.kilobits(head)) if is_constant else 0,
            delay.to_bytes(3, "big"), 0, 0, 0, size, 0,
        )  # fmt: skip
        told = head[: _before_tag(head)] + xing + lame
        return (told + struct.pack(">H", checksum(told))).ljust(len(head), b"\0")


def frames_in(body: bytes) -> int:
    """How many frames an encoded section holds. Raises ValueError where it is anything but whole frames."""
    if not body:
        raise ValueError("a section of no bytes holds no MP3 frames")
    return len(mp3.edges(body)) - 1


def checksum(body: bytes) -> int:
    """CRC-16 with the polynomial 0x8005, reflected: http://reveng.sourceforge.net/crc-catalogue/16.htm#crc.cat.crc-16-arc."""
    crc = 0
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def _blank(body: bytes) -> bytes:
    """A frame like the first of a section, without sound, at the next bitrate that has room for what is told."""
    sizes = mp3.format_of(body).sizes
    heads = (bytes((*body[:2], rate << 4 | body[2] & 0x0C, body[3])) for rate in range(body[2] >> 4, 15))
    head = next(head for head in heads if sizes[head[:3]] >= _before_tag(head) + _TOLD_BYTES)
    return head.ljust(sizes[head[:3]], b"\0")


def _before_tag(frame: bytes) -> int:
    """Bytes of a mono frame's header and of its side information."""
    return 4 + mp3.format_of(frame).side_info


def _bitrates(body: bytes, starts: NDArray[np.int64]) -> Sequence[int]:
    """The different bitrates of the frames that start there, by their index."""
    found: list[int] = np.unique(np.frombuffer(body, np.uint8)[starts + 2] >> 4).tolist()
    return found
