"""Ogg Opus books: https://www.rfc-editor.org/rfc/rfc7845.html. Packets are moved page by page, never decoded."""

import base64
import struct
from collections.abc import Sequence
from typing import BinaryIO, Final, NamedTuple

from darkchannel.jobs.records import Mark
from services.merger.containers import Stream, Tags, ogg, vorbis_comment
from services.merger.containers.frames import Frames

RATE: Final = 48_000
"""Hertz: what positions in Ogg Opus are in, whatever was encoded."""
FRAME: Final = 960
"""Samples in a packet of 20 ms, the usual length."""

_SERIAL: Final = 1
"""It tells streams of one file apart, and there is only one."""
_HEAD: Final = struct.Struct("<8sBBHIHB")
"""Mark, version, channels, delay, rate of what was encoded, gain, and how channels are mapped."""


class _Section(NamedTuple):
    head: bytes
    """The identification header."""
    pages: list[ogg.Page]
    """Of audio."""
    frames: int


def frames_in(body: bytes) -> int:
    """How many packets of 20 ms an Ogg Opus file holds.

    Raises ValueError where it is cut, damaged or none, or its packets are of another length.
    """
    return _section(body).frames


class OpusWriter:
    """A ``Writer`` of mono sections in packets of 20 ms. Frames beyond the book's end fall out."""

    def __init__(self, out: BinaryIO, stream: Stream, tags: Tags, chapters: Sequence[Mark]) -> None:
        """Raises ValueError where the frames of ``stream`` do not hold its samples, or are not of 20 ms."""
        if (stream.rate, stream.frame) != (RATE, FRAME):
            raise ValueError(f"Opus books are of {FRAME} samples a frame at {RATE} Hz, not {stream}")
        self._out = out
        self._stream = stream
        self._frames = Frames(stream)
        self._head = _HEAD.pack(b"OpusHead", 1, 1, stream.delay, RATE, 0, 0)
        pages = list(ogg.packet(self._head, serial=_SERIAL, sequence=0, flags=ogg.FIRST))
        pages += ogg.packet(_comments(tags, chapters), serial=_SERIAL, sequence=1)
        out.write(b"".join(page.pack() for page in pages))
        self._sequence = len(pages)

    def add(self, body: bytes, keep: int) -> None:
        """See ``Writer``."""
        section = _section(body)
        if section.head != self._head:
            raise ValueError(f"the section is encoded otherwise than the book: {section.head!r}, not {self._head!r}")
        written = self._frames.written
        room = self._frames.take(keep, section.frames)
        pieces = []
        for page in section.pages:
            if not room:
                break
            kept = page if page.packets <= room else page.first(room)
            room -= kept.packets
            written += kept.packets
            pieces.append(self._placed(kept, written, is_last=self._frames.is_full and not room))
        self._out.write(b"".join(pieces))

    def finish(self) -> None:
        """See ``Writer``."""
        self._frames.finish()

    def _placed(self, page: ogg.Page, written: int, *, is_last: bool) -> bytes:
        """The page after which ``written`` frames are there; the last says where in it the book ends."""
        granule = self._stream.delay + self._stream.samples if is_last else written * FRAME
        sequence, self._sequence = self._sequence, self._sequence + 1
        return ogg.Page(ogg.LAST * is_last, granule, _SERIAL, sequence, page.lacing, page.payload).pack()


def _comments(tags: Tags, chapters: Sequence[Mark]) -> bytes:
    pairs = vorbis_comment.comments(tags, chapters)
    if tags.cover:
        picture = base64.b64encode(vorbis_comment.picture(tags.cover)).decode()
        pairs.append(("METADATA_BLOCK_PICTURE", picture))
    return b"OpusTags" + vorbis_comment.block(pairs)


def _section(body: bytes) -> _Section:
    pages = list(ogg.pages(body))
    if not pages or not pages[0].payload.startswith(b"OpusHead"):
        raise ValueError("this is no Ogg Opus file")
    if [(page.serial, page.sequence) for page in pages] != [(pages[0].serial, at) for at in range(len(pages))]:
        raise ValueError("pages of the Opus file are missing, or of another stream")
    if [page.flags & ogg.LAST for page in pages] != [0] * (len(pages) - 1) + [ogg.LAST]:
        raise ValueError("the Opus file is cut")
    comments = next((at for at, page in enumerate(pages[1:], start=1) if page.packets), len(pages))
    audio = pages[comments + 1 :]
    return _Section(pages[0].payload, audio, _count(audio))


def _count(audio: Sequence[ogg.Page]) -> int:
    """The packets; the positions of the pages tell whether all have the same length, save that the end is trimmed."""
    frames = 0
    for page in audio:
        before, frames = frames, frames + page.packets
        in_last = page is audio[-1] and before * FRAME < page.granule <= frames * FRAME
        if page.lacing.endswith(b"\xff") or not (page.granule == frames * FRAME or in_last):
            raise ValueError(f"the Opus file has something else than packets of 20 ms after frame {before}")
    if not frames:
        raise ValueError("the Opus file holds no sound")
    return frames
