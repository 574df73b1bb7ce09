"""Scratch folders that a killed process leaves behind, each a book large, go when the next one starts."""

import os
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

_OURS = re.compile(r"darkchannel-(\d+)-.*")


def folder() -> TemporaryDirectory[str]:
    """A folder for files on their way, named by this process."""
    return TemporaryDirectory(prefix=f"darkchannel-{os.getpid()}-")


def clear() -> None:
    """Remove the folders of processes that are no more; in a container a new one often has the number of the last."""
    for path in Path(gettempdir()).glob("darkchannel-*"):
        found = _OURS.fullmatch(path.name)
        if found and (int(found[1]) == os.getpid() or not _is_alive(int(found[1]))):
            shutil.rmtree(path, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
