"""Ogg pages: https://www.rfc-editor.org/rfc/rfc3533.html#section-6."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

CONTINUED: Final = 1
"""The page begins inside a packet."""
FIRST: Final = 2
LAST: Final = 4
NOWHERE: Final = -1
"""The granule position of a page in which no packet ends."""

_HEAD: Final = struct.Struct("<4sBBqIIIB")
_CAPTURE: Final = b"OggS"
_VERSION: Final = 0
_CHECKSUM: Final = slice(22, 26)
_SEGMENT: Final = 255
"""Bytes in a segment, and segments in a page, at most."""
_MIRROR: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Page(NamedTuple):
    flags: int
    granule: int
    serial: int
    sequence: int
    lacing: bytes
    """How long each segment is; one under 255 ends a packet."""
    payload: bytes

    @property
    def packets(self) -> int:
        """How many end in it."""
        return len(self.lacing) - self.lacing.count(_SEGMENT)

    def first(self, packets: int) -> "Page":
        """The same with only its first packets."""
        ends = [at for at, length in enumerate(self.lacing, start=1) if length < _SEGMENT]
        lacing = self.lacing[: ends[packets - 1]]
        return self._replace(lacing=lacing, payload=self.payload[: sum(lacing)])

    def pack(self) -> bytes:
        """The page as it stands in a file."""
        lacing = self.lacing
        head = _HEAD.pack(
            _CAPTURE, _VERSION, self.flags, self.granule, self.serial, self.sequence, 0, len(lacing)
        )  # fmt: skip
        body = b"".join((head, lacing, self.payload))
        return b"".join((body[: _CHECKSUM.start], checksum(body), body[_CHECKSUM.stop :]))


def checksum(data: bytes) -> bytes:
    """The CRC of a page whose own is zero, as it stands in the file.

    Ogg's CRC-32 has zlib's polynomial but runs from the highest bit, from 0 and without a final inversion; so zlib
    computes it over bytes that are mirrored.
    """
    mirrored = zlib.crc32(data.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return mirrored.to_bytes(4, "big").translate(_MIRROR)


def pages(body: bytes) -> Iterator[Page]:
    """The pages of a file. Raises ValueError at the first byte that belongs to none, or to one that is damaged."""
    at = 0
    while at < len(body):
        if len(body) - at < _HEAD.size:
            raise ValueError(f"the Ogg file is cut at byte {len(body)}")
        capture, version, flags, granule, serial, sequence, _, segments = _HEAD.unpack_from(body, at)
        if capture != _CAPTURE or version != _VERSION:
            raise ValueError(f"there is no Ogg page at byte {at}")
        start = at + _HEAD.size + segments
        lacing = body[at + _HEAD.size : start]
        page = Page(flags, granule, serial, sequence, lacing, body[start : start + sum(lacing)])
        end = start + sum(lacing)
        if body[at:end] != page.pack():
            raise ValueError(f"the Ogg page at byte {at} is cut or damaged")
        yield page
        at = end


def packet(payload: bytes, *, serial: int, sequence: int, flags: int = 0) -> Iterator[Page]:
    """One packet of a header on as many pages as it takes."""
    lacing = b"\xff" * (len(payload) // _SEGMENT) + bytes((len(payload) % _SEGMENT,))
    room = _SEGMENT * _SEGMENT
    for number, at in enumerate(range(0, len(lacing), _SEGMENT)):
        segments = lacing[at : at + _SEGMENT]
        granule = NOWHERE if segments[-1] == _SEGMENT else 0
        piece = payload[number * room : (number + 1) * room]
        yield Page(flags | (CONTINUED if number else 0), granule, serial, sequence + number, segments, piece)
