"""Plain files as objects: whole reads, atomic writes and user metadata. Blocking; ``folder.py`` calls it in threads.

A ``spot`` is a relative path from ``escape.path_of``, so it never leaves the root. Where a folder has its name, the
file lies beside that folder.
"""

import contextlib
import hashlib
import json
import os
import shutil
import stat
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from darkchannel.errors import Unavailable
from darkchannel.storage import escape
from darkchannel.storage.etags import Etags, Piece, hashed, same
from darkchannel.storage.locks import Locks
from darkchannel.storage.port import NEW

_ATTEMPTS = 5
_STALE_SECONDS = 86_400


class Found(NamedTuple):
    path: Path
    info: os.stat_result


class Content(NamedTuple):
    body: bytes
    etag: str
    info: os.stat_result


class Files:
    """The files below one folder, shared safely with other processes that use this class.

    An object is written to a temporary file and renamed: it appears whole or not at all, also when the process
    dies. Nothing is forced to the disk: a power cut may take what was written in the last seconds.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._private = self.root / ".darkchannel"
        self._etags = Etags()
        self._locks = Locks(self._private / "locks")

    def find(self, spot: str) -> Found | None:
        """The regular file of a spot, by its own name or beside the folder that has it."""
        for path in (self.root / spot, self.root / f"{spot}{escape.BESIDE}"):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                info = path.lstat()
                if stat.S_ISREG(info.st_mode):
                    return Found(path, info)
        return None

    def open(self, spot: str) -> BufferedReader | None:
        for _ in range(_ATTEMPTS):
            if (found := self.find(spot)) is None:
                return None
            with contextlib.suppress(FileNotFoundError):  # removed, or moved beside a new folder, since
                return os.fdopen(os.open(found.path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
        raise self._restless(spot)

    def read(self, spot: str, first: int | None = None) -> Content | None:
        """A file's content, or its first bytes; read again where another program changed it meanwhile."""
        for _ in range(_ATTEMPTS):
            if (file := self.open(spot)) is None:
                return None
            with file:
                before = os.fstat(file.fileno())
                etag = self._etags.known(before)
                if etag is None and first is not None:
                    etag = hashed(file)
                    file.seek(0)
                body = file.read() if first is None else file.read(first)
                etag = etag or hashlib.md5(body, usedforsecurity=False).hexdigest()
                if same(before, os.fstat(file.fileno())):
                    self._etags.remember(before, etag)
                    return Content(body, etag, before)
        raise self._restless(spot)

    def etag(self, found: Found) -> str | None:
        """The MD5 of a file's content; ``None`` where it is gone by now."""
        try:
            return self._etags.of(found.path, found.info)
        except FileNotFoundError:
            return None

    def opened_etag(self, file: BufferedReader) -> str:
        """The MD5 of an open file, which is left at its start."""
        info = os.fstat(file.fileno())
        if (etag := self._etags.known(info)) is None:
            etag = hashed(file)
            file.seek(0)
            self._etags.remember(info, etag)
        return etag

    def write(
        self,
        spot: str,
        content: Iterable[Piece] | Path,
        *,
        over: str | None = None,
        metadata: Mapping[str, str],
        name: str | None = None,
        current: Callable[[], Found | None] | None = None,
    ) -> str | None:
        """Write a file over what ``over`` names (see the port) and return its ETag.

        Where the spot is one version of an object, ``name`` is the object's and ``current`` finds its newest version.
        ``content`` that is a file is moved.
        """
        current = current or (lambda: self.find(spot))
        if over == NEW and current():
            return None
        temporary, etag = self._temporary(content)
        try:
            for _ in range(_ATTEMPTS):
                self.make_folder(spot.rpartition("/")[0])
                with self._locks.held(name or spot):
                    there = current() if over is not None else None
                    if over is not None and over != (self.etag(there) if there else NEW):
                        return None
                    self._describe(spot, etag, metadata)
                    with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # its folder has gone since
                        self._place(temporary, spot, etag)
                        return etag
            raise self._restless(spot)
        finally:
            temporary.unlink(missing_ok=True)

    def remove(self, spot: str) -> None:
        with self._locks.held(spot):
            if found := self.find(spot):
                found.path.unlink(missing_ok=True)
            shutil.rmtree(self._notes(spot), ignore_errors=True)

    def make_folder(self, spot: str) -> None:
        """Make a folder; a file that has its name, or that of a folder above it, is moved beside it."""
        for _ in range(_ATTEMPTS):
            try:
                return (self.root / spot).mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                parts = spot.split("/")
                for depth in range(1, len(parts) + 1):
                    self._move_beside("/".join(parts[:depth]))
        raise self._restless(spot)

    def metadata(self, spot: str, etag: str) -> dict[str, str]:
        """The user metadata that was written with this content; empty where the content is another."""
        try:
            return dict(json.loads((self._notes(spot) / etag).read_bytes()))
        except (FileNotFoundError, ValueError):
            return {}

    def sweep(self) -> None:
        """Remove what processes that died left half-written more than a day ago."""
        for path in (self._private / "temporary").glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    path.unlink()

    def _temporary(self, content: Iterable[Piece] | Path) -> tuple[Path, str]:
        folder = self._private / "temporary"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / uuid.uuid4().hex
        try:
            etag = _moved(content, path) if isinstance(content, Path) else _written(content, path)
            # A finer stamp than the file system's own, so that no two contents of ours look alike.
            os.utime(path, ns=(now := time.time_ns(), now))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path, etag

    def _place(self, temporary: Path, spot: str, etag: str) -> None:
        there = self.find(spot)
        path = there.path if there else self.root / spot
        try:
            temporary.replace(path)
        except IsADirectoryError:
            path = self.root / f"{spot}{escape.BESIDE}"
            temporary.replace(path)
        self._etags.remember(path.lstat(), etag, ours=True)

    def _describe(self, spot: str, etag: str, metadata: Mapping[str, str]) -> None:
        """Note the metadata under the ETag it belongs to, before the content is there to be found without it."""
        note = self._notes(spot) / etag
        if not metadata:
            note.unlink(missing_ok=True)
            return
        note.parent.mkdir(parents=True, exist_ok=True)
        new = note.with_suffix(".new")
        try:
            new.write_text(json.dumps({name.lower(): value for name, value in metadata.items()}), encoding="utf-8")
            new.replace(note)
        except BaseException:
            new.unlink(missing_ok=True)
            raise

    def _move_beside(self, spot: str) -> None:
        path = self.root / spot
        with self._locks.held(spot), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if stat.S_ISREG(path.lstat().st_mode):
                path.replace(self.root / f"{spot}{escape.BESIDE}")

    def _notes(self, spot: str) -> Path:
        return self._private / "metadata" / hashlib.sha256(spot.encode()).hexdigest()

    def _restless(self, spot: str) -> Unavailable:
        return Unavailable(f"{self.root / spot} is being changed by another program all the time")


def _moved(source: Path, path: Path) -> str:
    shutil.move(source, path)
    with path.open("rb") as file:
        return hashed(file)


def _written(pieces: Iterable[Piece], path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("xb") as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()
