"""MPEG audio layer III frames, as a sequence of bytes without tags.

The header is described in http://www.mp3-tech.org/programmer/frame_header.html; the sizes of frames are those
of ISO/IEC 11172-3 and 13818-3, with the usual half rates of "MPEG 2.5".
"""

import struct
from typing import Final

_BITRATES: Final = {  # kbit/s, by bitrate index - 1
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Hertz, by the header's version bits: 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5."""
_LAYER_III: Final = 1


def _headers() -> dict[bytes, tuple[int, int]]:
    """(bytes, samples) of a frame by the first three bytes of each possible header."""
    headers = {}
    for version, rates in _RATES.items():
        family, samples = (1, 1152) if version == 3 else (2, 576)
        for rate_index, rate in enumerate(rates):
            for bitrate_index, kilobits in enumerate(_BITRATES[family], start=1):
                for flags in range(4):  # padding and the private bit
                    size = samples * kilobits * 125 // rate + (flags >> 1)
                    for unprotected in range(2):
                        second = 0xE0 | version << 3 | _LAYER_III << 1 | unprotected
                        third = bitrate_index << 4 | rate_index << 2 | flags
                        headers[bytes((0xFF, second, third))] = (size, samples)
    return headers


_HEADERS: Final = _headers()
_SIDE_INFO: Final = {(1, False): 32, (1, True): 17, (2, False): 17, (2, True): 9}
"""Bytes between a frame's header and its data, by family (MPEG 1; MPEG 2 and 2.5) and whether it is mono."""
_FRAMES_SIZE_AND_TOC: Final = 0b0111


def samples(frames: bytes) -> int:
    """How many samples a decoder yields for these frames, encoder delay and padding included.

    Raises ValueError where the bytes are anything but whole frames.
    """
    headers = _HEADERS
    at = total = 0
    end = len(frames)
    try:
        while at < end:
            size, count = headers[frames[at : at + 3]]
            at += size
            total += count
    except KeyError:
        raise ValueError(f"there is no MP3 frame at byte {at} of {end}") from None
    if at != end:
        raise ValueError(f"the last MP3 frame lacks {at - end} of its bytes")
    return total


def info_frame(first: bytes, total_samples: int, size: int) -> bytes:
    """The frame that tells players the length of a constant-bitrate file and where to seek in it.

    ``first``: the first audio frame or more; ``total_samples`` and ``size`` (bytes): of all audio frames. The
    layout is that of the Xing header, named "Info" for a constant bitrate:
    http://gabriel.mp3-tech.org/mp3infotag.html. Raises ValueError where ``first`` is no frame.
    """
    header = bytes((*first[:2], first[2] & ~2, first[3])) if len(first) >= 4 else b""
    if header[:3] not in _HEADERS:
        raise ValueError("there is no MP3 frame to describe")
    length, samples_each = _HEADERS[header[:3]]
    family, is_mono = (1 if header[1] >> 3 & 3 == 3 else 2), header[3] >> 6 == 3
    tag = b"Info" + struct.pack(">III", _FRAMES_SIZE_AND_TOC, total_samples // samples_each, length + size)
    toc = bytes(256 * percent // 100 for percent in range(100))
    return (header + bytes(_SIDE_INFO[family, is_mono]) + tag + toc).ljust(length, b"\0")


def id3_size(tagged: bytes) -> int:
    """The bytes of the ID3v2 tag at the start, 0 where there is none: https://id3.org/id3v2.3.0#ID3v2_header."""
    if tagged[:3] != b"ID3":
        return 0
    size = 0
    for seven_bits in tagged[6:10]:
        size = size << 7 | seven_bits
    return 10 + size
