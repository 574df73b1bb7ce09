"""MPEG audio layer III frames, as a sequence of bytes without tags.

The header is described in http://www.mp3-tech.org/programmer/frame_header.html; the sizes of frames are those
of ISO/IEC 11172-3 and 13818-3, with the usual half rates of "MPEG 2.5".
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_BITRATES: Final = {  # kbit/s, by bitrate index - 1
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Hertz, by the header's version bits: 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5."""
_LAYER_III: Final = 1
_MONO: Final = 3


@dataclass(frozen=True, slots=True)
class Format:
    """What all frames of one stream have in common."""

    rate: int
    """In hertz."""
    samples: int
    """In a frame."""
    side_info: int
    """Bytes between the header of a mono frame and its data."""
    sizes: Mapping[bytes, int]
    """Bytes of a frame, by the first three of its header."""


def _format(version: int, rate_index: int) -> Format:
    family, samples, side_info = (1, 1152, 17) if version == 3 else (2, 576, 9)
    rate = _RATES[version][rate_index]
    sizes = {}
    for bitrate_index, kilobits in enumerate(_BITRATES[family], start=1):
        for flags in range(4):  # padding and the private bit
            for unprotected in range(2):
                second = 0xE0 | version << 3 | _LAYER_III << 1 | unprotected
                third = bitrate_index << 4 | rate_index << 2 | flags
                sizes[bytes((0xFF, second, third))] = samples * kilobits * 125 // rate + (flags >> 1)
    return Format(rate, samples, side_info, sizes)


_FORMATS: Final = {header: form for v in _RATES for i in range(3) for form in [_format(v, i)] for header in form.sizes}


def format_of(frames: bytes) -> Format:
    """What these frames are, by the first of them. Raises ValueError where there is none."""
    try:
        return _FORMATS[frames[:3]]
    except KeyError:
        raise ValueError(f"there is no MP3 frame at byte 0 of {len(frames)}") from None


def is_mono(frame: bytes) -> bool:
    return frame[3] >> 6 == _MONO


def kilobits(frame: bytes) -> int:
    """The bitrate of one frame in kbit/s. Raises ValueError where it is none."""
    family = 1 if format_of(frame).samples == 1152 else 2
    return _BITRATES[family][(frame[2] >> 4) - 1]


def edges(frames: bytes, most: int = sys.maxsize) -> NDArray[np.int64]:
    """The byte at which each frame starts, and the one after the last; of the first ``most`` where there are more.

    Raises ValueError where the bytes are anything but whole frames of one stream.
    """
    at, end, found = 0, len(frames), [0]
    if not frames:
        return np.array(found)
    # A loop of as little as can be: a long book has millions of frames. What is looked up here is but one byte of each.
    sizes = {header[2]: size for header, size in format_of(frames).sizes.items() if header[1] == frames[1]}
    lost: list[int] = []
    try:
        while at < end and len(found) <= most:
            at += sizes[frames[at + 2]]
            found.append(at)
    except (KeyError, IndexError):
        lost = [at]
    starts, every = np.array(found), np.frombuffer(frames, np.uint8)
    looked_up = starts[:-1]
    differs = (every[looked_up] != frames[0]) | (every[looked_up + 1] != frames[1])
    if wrong := [*looked_up[differs], *lost]:
        raise ValueError(f"there is no MP3 frame at byte {wrong[0]} of {end}")
    if at > end:
        raise ValueError(f"the last MP3 frame lacks {at - end} of its bytes")
    return starts


def samples(frames: bytes) -> int:
    """How many samples a decoder yields for these frames, encoder delay and padding included.

    Raises ValueError where the bytes are anything but whole frames.
    """
    return (len(edges(frames)) - 1) * format_of(frames).samples if frames else 0


def id3_size(tagged: bytes) -> int:
    """The bytes of the ID3v2 tag at the start, 0 where there is none: https://id3.org/id3v2.3.0#ID3v2_header."""
    if tagged[:3] != b"ID3":
        return 0
    size = 0
    for seven_bits in tagged[6:10]:
        size = size << 7 | seven_bits
    return 10 + size
