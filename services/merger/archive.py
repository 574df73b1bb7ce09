"""An archive of a book's files: stored, since sound is as small as it gets, and alike whenever it is made."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from shutil import copyfileobj
from typing import Final

_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""The first date that ZIP knows: it tells nothing of when the file was made."""
_UNIX: Final = 3
_READABLE: Final = 0o644 << 16
_PIECE_BYTES: Final = 1 << 20


def archive(out: Path, files: Iterable[tuple[str, Path]]) -> None:
    """Write files, each under its name, as a ZIP; a large one as ZIP64. Raises OSError where the disk is full."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archived:
        for name, path in files:
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE
            entry.file_size = path.stat().st_size  # tells whether ZIP64 is needed
            with path.open("rb") as source, archived.open(entry, "w") as target:
                copyfileobj(source, target, _PIECE_BYTES)
