"""Locks by name among the threads and processes that share a folder. Blocking."""

import contextlib
import fcntl
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from darkchannel.errors import Unavailable

WAIT_SECONDS = 10.0
_FILES = 256


class Locks:
    """Names share 256 lock files, so nobody may hold two locks at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Keep all others out. Raises Unavailable where they do not let go within 10 s."""
        with self._open(f"{zlib.crc32(name.encode()) % _FILES:02x}") as file:
            deadline = time.monotonic() + WAIT_SECONDS
            pause = 0.0005
            while not _locked(file):
                if time.monotonic() > deadline:
                    raise Unavailable(f"{name} has been locked for {WAIT_SECONDS:.0f} s by another process: stop it")
                time.sleep(pause)
                pause = min(2 * pause, 0.02)
            yield

    def _open(self, name: str) -> BinaryIO:
        try:
            return (self._folder / name).open("wb")
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            return (self._folder / name).open("wb")


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
