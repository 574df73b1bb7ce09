"""Scratch folders; those that killed processes left behind, each up to a book large, go when the next one starts."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from darkchannel.errors import Unavailable

_PREFIX = "darkchannel-"
_LOCK = ".in-use"


@contextmanager
def folder(within: Path | None = None, prefix: str = _PREFIX) -> Iterator[Path]:
    """A folder for files on their way, locked by this process; ``within`` the system's for such where none is named.

    A lock ends with its process, whatever ends that. A process's number does not tell: in a container the next process
    has often the same, or a thread of it has, and in another container it says nothing.

    Raises Unavailable where it cannot be made, OSError where it cannot be locked or removed.
    """
    with _made(within, prefix) as name, Path(name, "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Path(name, "lock").rename(Path(name, _LOCK))  # nobody takes it for left behind before it is locked
        yield Path(name)


def _made(within: Path | None, prefix: str) -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix=prefix, dir=within)
    except OSError as error:
        says = f"no folder can be made in {within or gettempdir()} ({error.strerror}): mend that"
        raise Unavailable(says if within else f"{says}, or start again with another place in TMPDIR") from error


def clear(within: Path | None = None, prefix: str = _PREFIX) -> None:
    """Remove the folders of processes that are no more."""
    for path in (within or Path(gettempdir())).glob(f"{prefix}*/{_LOCK}"):
        # One that is still locked, or somebody else's. Opened to be written: over NFS only that can be locked.
        with suppress(OSError), path.open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.parent, ignore_errors=True)
