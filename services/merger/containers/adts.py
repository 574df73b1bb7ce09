"""AAC-LC frames in ADTS, as ffmpeg writes them: https://wiki.multimedia.cx/index.php/ADTS."""

import struct
from dataclasses import dataclass
from typing import Final

HEADER_BYTES: Final = 7
FRAME_SAMPLES: Final = 1_024
_RATES: Final = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
"""Hertz, by the index in the header."""
_START: Final = struct.Struct(">Q")
_CONSTANT: Final = 0xFFFF_FFF0_0000_0300
"""What a header has in common with all others of its stream: not its length, nor how full the buffer is."""
_LC_BITS: Final = 0xFFF7_C000_0000_0300
"""Sync word, layer, absence of a checksum, profile, and number of blocks less one; MPEG may be 2 or 4."""
_LC: Final = 0xFFF1_4000_0000_0000
_LC_OBJECT: Final = 2
_NO_DOUBLED_RATE: Final = b"\x56\xe5\x00"
"""Players otherwise try whether frames of a low rate hold twice of it: ISO/IEC 14496-3, 1.6.5.3."""


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
        return struct.pack(">H", _LC_OBJECT << 11 | self.rate_index << 7 | self.channels << 3) + _NO_DOUBLED_RATE


def coding(body: bytes) -> Coding:
    """Of the first frame. Raises ValueError where there is none of AAC-LC."""
    (start,) = _START.unpack(body[:8].ljust(8, b"\0"))
    found = Coding(start >> 42 & 0xF, start >> 38 & 7)
    if start & _LC_BITS != _LC or found.rate_index >= len(_RATES) or not found.channels:
        raise ValueError("the section does not start with an AAC-LC frame in ADTS")
    return found


def edges(body: bytes) -> list[int]:
    """Where each frame starts, and where the last one ends.

    Raises ValueError where there is anything but whole frames of AAC-LC, all of one coding.
    """
    found, at, end = [0], 0, len(body)
    if not body:
        return found
    coding(body)
    unpack, constant = _START.unpack_from, _CONSTANT
    try:
        first = unpack(body)[0] & constant
        while at < end:
            (start,) = unpack(body, at)
            size = start >> 21 & 0x1FFF
            if start & constant != first or size <= HEADER_BYTES:
                raise ValueError(f"there is no AAC frame like the first at byte {at} of {end}")
            at += size
            found.append(at)
    except struct.error:
        raise ValueError(f"the last AAC frame has no more than {end - at} bytes") from None
    if at != end:
        raise ValueError(f"the last AAC frame lacks {at - end} of its bytes")
    return found


def frames_in(body: bytes) -> int:
    """How many frames there are. Raises ValueError as ``edges`` does."""
    return len(edges(body)) - 1
