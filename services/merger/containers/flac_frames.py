"""FLAC frames with other numbers: https://www.rfc-editor.org/rfc/rfc9639.html#section-9.

The number stands in a frame's header, which two checksums cover: the header's own, and that of the whole frame. Both
are linear, so what the second becomes follows from the difference of the headers alone, moved by the length of the
sound after them; the sound itself is not looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Checksums = NDArray[np.uint16]
Lengths = NDArray[np.int64]

CHECKSUM_BYTES: Final = 2
"""At the end of each frame."""

_CODED_BITS: Final = (7, 11, 16, 21, 26, 31, 36)
"""That a number coded in 1, 2, ... bytes has at most."""


def _table(polynomial: int, bits: int) -> NDArray[np.uint16]:
    """The checksum of each byte, of so many bits from the highest on."""
    values = np.arange(256, dtype=np.uint32) << (bits - 8)
    for _ in range(8):
        values = (values << 1) ^ np.where(values >> (bits - 1), polynomial, 0).astype(np.uint32)
        values &= (1 << bits) - 1
    return values.astype(np.uint16)


_CRC_8: Final = _table(0x07, 8)
_CRC_16: Final = _table(0x8005, 16)


class Layout(NamedTuple):
    """What the headers of the frames of a stream share."""

    prefix: bytes
    """Before the number."""
    suffix: bytes
    """Between the number and the header's checksum."""


@dataclass(frozen=True, slots=True)
class Headers:
    """Those of frames that follow one another."""

    each: list[bytes]
    lengths: Lengths
    """In bytes."""
    checksums: Checksums
    """What each adds to the checksum of its frame, were it the end of it."""


def headers(layout: Layout, first: int, count: int) -> Headers:
    """The headers of so many frames from number ``first`` on."""
    each: list[bytes] = []
    lengths = np.zeros(count, np.int64)
    checksums = np.zeros(count, np.uint16)
    for numbers, width in _by_width(first, count):
        size = len(numbers)
        prefix, suffix = ([np.full(size, byte, np.uint8) for byte in part] for part in layout)
        columns = [*prefix, *_coded(numbers, width), *suffix]
        own = np.zeros(size, np.uint8)
        for column in columns:
            own = _CRC_8[own ^ column].astype(np.uint8)
        columns.append(own)
        whole = np.zeros(size, np.uint16)
        for column in columns:
            whole = (whole << 8) ^ _CRC_16[(whole >> 8) ^ column]
        packed = np.stack(columns, axis=1).tobytes()
        begin, length = len(each), len(columns)
        each += [packed[at : at + length] for at in range(0, len(packed), length)]
        lengths[begin : begin + size] = length
        checksums[begin : begin + size] = whole
    return Headers(each, lengths, checksums)


def moved(checksums: Checksums, lengths: Lengths) -> Checksums:
    """Each checksum as it is so many zero bytes later: by squaring, bit by bit of the length."""
    for power in range(int(lengths.max(initial=0)).bit_length()):
        checksums = np.where(lengths >> power & 1, _later(power)[checksums], checksums)
    return checksums


def checksum(frame: bytes) -> int:
    """Of any bytes: 0 for a whole frame with its own."""
    table, value = _CRC_16.tolist(), 0
    for byte in frame:
        value = (value << 8 & 0xFFFF) ^ table[value >> 8 ^ byte]
    return value


@cache
def _later(power: int) -> Checksums:
    """What each possible checksum becomes 2 to the ``power`` zero bytes later."""
    if power:
        half = _later(power - 1)
        return half[half]
    values = np.arange(1 << 16, dtype=np.uint16)
    later: Checksums = (values << 8) ^ _CRC_16[values >> 8]
    return later


def _by_width(first: int, count: int) -> Iterator[tuple[Lengths, int]]:
    """The numbers from ``first`` on by how many bytes they are coded in."""
    low = first
    for width, bits in enumerate(_CODED_BITS, start=1):
        high = min(first + count, 1 << bits)
        if low < high:
            yield np.arange(low, high), width
            low = high


def _coded(numbers: Lengths, width: int) -> list[NDArray[np.uint8]]:
    """The bytes of each number, the first ones of all, then the second ones: UTF-8 extended to 36 bits."""
    if width == 1:
        return [numbers.astype(np.uint8)]
    mark = 0xFF << (8 - width) & 0xFF
    lead = mark | numbers >> 6 * (width - 1)
    rest = (0x80 | numbers >> 6 * at & 0x3F for at in reversed(range(width - 1)))
    return [column.astype(np.uint8) for column in (lead, *rest)]
