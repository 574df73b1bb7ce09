"""Finds the documents that people dropped into a folder and that nobody is writing any more. Blocking."""

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from darkchannel import keys
from darkchannel.storage import names

_EARLY = 0.02
"""Seconds by which timers may fire early."""


class Dropped(NamedTuple):
    key: str
    path: Path


class _Look(NamedTuple):
    file: tuple[int, ...]
    since: float


class Intake:
    """Remembers how each file looked: one that looked the same for ``quiet`` seconds is whole."""

    def __init__(self, folder: Path, quiet: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._folder = folder
        self._quiet = quiet - _EARLY
        self._seen: dict[Path, _Look] = {}
        self.unread: OSError | None = None
        """Why the last look could not read the folder or one below it."""

    @property
    def waiting(self) -> bool:
        """Whether the last look saw files that were not quiet for long enough."""
        return bool(self._seen)

    def look(self) -> list[Dropped]:
        """The documents that are whole by now, in the order of their names."""
        now = self._clock()
        self.unread = None
        seen, whole = {}, []
        for dropped, file in self._documents():
            look = self._seen.get(dropped.path)
            if look is None or look.file != file:
                look = _Look(file, now)
            if now - look.since >= self._quiet and not _is_being_written(dropped.path):
                whole.append(dropped)
            else:
                seen[dropped.path] = look
        self._seen = seen
        return sorted(whole)

    def _documents(self) -> Iterator[tuple[Dropped, tuple[int, ...]]]:
        for folder, folders, files in os.walk(self._folder, onerror=self._missed):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                path = Path(folder, name)
                key = _text(path.relative_to(self._folder).as_posix())
                if not keys.is_document(key) or len(key.encode()) > names.MAX_KEY_BYTES:
                    continue
                try:
                    info = path.lstat()
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(info.st_mode):
                    yield Dropped(key, path), (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)

    def _missed(self, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            self.unread = error


def _is_being_written(path: Path) -> bool:
    """Whether some process has a file open for writing, as far as the system tells: Linux does, of one's own files.

    A read lease is granted on a file that nobody writes: https://man7.org/linux/man-pages/man2/fcntl_locking.2.html
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    else:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False
    finally:
        os.close(file)


def _text(name: str) -> str:
    """A name that is not UTF-8 is readable, too: its wrong bytes become question marks."""
    return name.encode(errors="surrogateescape").decode(errors="replace")
