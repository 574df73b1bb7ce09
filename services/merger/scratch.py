"""Scratch folders that a killed process leaves behind, each a book large, go when the next one starts."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

_PREFIX = "darkchannel-"
_LOCK = ".in-use"


@contextmanager
def folder() -> Iterator[str]:
    """A folder for files on their way, locked by this process.

    A lock ends with its process, whatever ends that. A process's number does not tell: in a container the next process
    has often the same, or a thread of it has.
    """
    with TemporaryDirectory(prefix=_PREFIX) as name, Path(name, "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Path(name, "lock").rename(Path(name, _LOCK))  # nobody takes it for left behind before it is locked
        yield name


def clear() -> None:
    """Remove the folders of processes that are no more."""
    for path in Path(gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        # One that is still locked, or somebody else's.
        with suppress(OSError), path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.parent, ignore_errors=True)
