"""The MD5 of files, remembered for as long as a file is as it was. Blocking."""

import hashlib
import os
import time
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

PIECE = 1024 * 1024
Piece = bytes | memoryview
_KNOWN = 100_000
_SETTLED_NS = 50_000_000
"""File times may stand still for some milliseconds: a file changed just now can change again and show no trace."""


class Etags:
    """ETags by what a file is known again: programs can set its mtime back, but not its ctime."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], str] = {}

    def known(self, info: os.stat_result) -> str | None:
        return self._known.get(_trace(info))

    def remember(self, info: os.stat_result, etag: str, *, ours: bool = False) -> None:
        """``ours``: its mtime is a stamp of our own, finer than the file system's, so it is unlike any other."""
        if not ours and time.time_ns() - max(info.st_mtime_ns, info.st_ctime_ns) < _SETTLED_NS:
            return
        if len(self._known) >= _KNOWN:
            self._known.clear()
        self._known[_trace(info)] = etag

    def of(self, path: Path, info: os.stat_result) -> str:
        """The ETag of the file that was seen so; read where it is not known. Raises FileNotFoundError."""
        if known := self.known(info):
            return known
        with path.open("rb") as file:
            etag = hashed(file)
            if same(info, os.fstat(file.fileno())):
                self.remember(info, etag)
            return etag


def hashed(file: BufferedReader) -> str:
    """The MD5 of what is left to read of a file."""
    digest = hashlib.md5(usedforsecurity=False)
    for piece in pieces_of(file):
        digest.update(piece)
    return digest.hexdigest()


def pieces_of(file: BufferedReader) -> Iterator[Piece]:
    """What is left to read of a file; each piece until the next is asked for, as all lie in the same memory."""
    buffer = memoryview(bytearray(PIECE))
    while size := file.readinto(buffer):
        yield buffer[:size]


def same(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether nobody wrote to the file between the two."""
    return (one.st_ino, one.st_mtime_ns, one.st_size) == (other.st_ino, other.st_mtime_ns, other.st_size)


def _trace(info: os.stat_result) -> tuple[int, ...]:
    return (info.st_dev, info.st_ino, info.st_mtime_ns, info.st_ctime_ns, info.st_size)
