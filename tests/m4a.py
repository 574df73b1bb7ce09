"""Sections of AAC as an encoder writes them, of any frames."""

import struct
from collections.abc import Sequence

import numpy as np

from services.merger.containers.boxes import Track, box, full_box, movie

FILE_TYPE = b"".join(box(b"ftyp", b"M4A \0\0\0\0M4A "))
LC = 2


def m4a(frames: Sequence[bytes], *, kind: int = LC, rate: int = 7, channels: int = 1) -> bytes:
    """``kind`` is an audio object type, ``rate`` the index of one; MPEG-4 Audio tells of both."""
    config = struct.pack(">H", kind << 11 | rate << 7 | channels << 3)
    decoder = descriptor(4, bytes(13) + descriptor(5, config))
    elementary = full_box(b"esds", 0, 0, descriptor(3, bytes(3) + decoder + descriptor(6, b"\2")))
    track = Track(
        handler=b"soun",
        flags=3,
        language="pt",
        edits=[(1_024 * len(frames), 0)],
        header=full_box(b"smhd", 0, 0, bytes(4)),
        description=box(b"mp4a", bytes(28), elementary),
        durations=[(len(frames), 1_024)],
        sizes=np.array(list(map(len, frames))),
        chunk=len(frames),
        offsets=np.array([len(FILE_TYPE) + 8]),
    )
    return FILE_TYPE + b"".join(box(b"mdat", b"".join(frames))) + b"".join(movie(22_050, [track], ()))


def descriptor(tag: int, contents: bytes) -> bytes:
    """Its length as ffmpeg writes it, in four groups of seven bits."""
    return bytes((tag, 0x80, 0x80, 0x80, len(contents))) + contents
