"""Scratch folders; those that killed processes left behind, each up to a book large, go when the next one starts."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

_PREFIX = "darkchannel-"
_LOCK = ".in-use"


@contextmanager
def folder(within: Path | None = None, prefix: str = _PREFIX) -> Iterator[Path]:
    """A folder for files on their way, locked by this process; ``within`` the system's for such where none is named.

    A lock ends with its process, whatever ends that. A process's number does not tell: in a container the next process
    has often the same, or a thread of it has, and in another container it says nothing. Raises OSError.
    """
    with TemporaryDirectory(prefix=prefix, dir=within) as name, Path(name, "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Path(name, "lock").rename(Path(name, _LOCK))  # nobody takes it for left behind before it is locked
        yield Path(name)


def clear(within: Path | None = None, prefix: str = _PREFIX) -> None:
    """Remove the folders of processes that are no more."""
    for path in (within or Path(gettempdir())).glob(f"{prefix}*/{_LOCK}"):
        # One that is still locked, or somebody else's. Opened to be written: over NFS only that can be locked.
        with suppress(OSError), path.open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.parent, ignore_errors=True)
