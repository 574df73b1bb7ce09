"""The versions of a bucket on disk. Blocking.

Each is a private file, ``{bucket}/.accepted/{version}/{path of the key}``. A version is a name
that sorts by the time it was made: 16 hexadecimal digits of nanoseconds and 8 random ones.
A delete marker is an empty file in a folder whose name ends with ``.deleted``.
"""

import contextlib
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from darkchannel.storage import escape
from darkchannel.storage.etags import Piece
from darkchannel.storage.files import Files, Found
from darkchannel.storage.walk import keys_below

FOLDER = ".accepted"

_VERSION = re.compile(r"[0-9a-f]{24}")
_DELETED = ".deleted"


def made_at(version: str) -> datetime:
    return datetime.fromtimestamp(int(version[:16], 16) / 1e9, UTC)


class Versions:
    """The versioned objects of one bucket."""

    def __init__(self, files: Files, bucket: str) -> None:
        self._files = files
        self._bucket = bucket
        self._folder = files.root / bucket / FOLDER

    def spot(self, key: str, version: str) -> str | None:
        """Where a version lies; ``None`` for what is no version."""
        return self._spot(key, version) if _VERSION.fullmatch(version) else None

    def newest(self, key: str) -> str | None:
        """The newest version of an object; ``None`` where there is none or it was deleted."""
        for name in sorted(self._names(), reverse=True):
            if self._files.find(self._spot(key, name)):
                return None if name.endswith(_DELETED) else name
        return None

    def write(
        self, key: str, content: Iterable[Piece] | Path, over: str | None, metadata: Mapping[str, str]
    ) -> tuple[str, str] | None:
        """Add a version and return its ETag and name."""

        def current() -> Found | None:
            version = self.newest(key)
            return self._files.find(self._spot(key, version)) if version else None

        version = _new()
        etag = None
        try:
            etag = self._files.write(
                self._spot(key, version),
                content,
                over=over,
                metadata=metadata,
                name=f"{self._bucket}/{escape.path_of(key)}",
                current=current,
            )
        finally:
            if etag is None:
                shutil.rmtree(self._folder / version, ignore_errors=True)
        return (etag, version) if etag else None

    def take(self, path: Path, key: str) -> str:
        """Make a file that lies in the bucket's folder a version of ``key``. Raises FileNotFoundError."""
        version = _new()
        spot = self._spot(key, version)
        try:
            self._files.make_folder(spot.rpartition("/")[0])
            path.rename(self._files.root / spot)
        except BaseException:
            shutil.rmtree(self._folder / version, ignore_errors=True)
            raise
        return version

    def delete(self, key: str, version: str | None) -> None:
        """Remove one version, or hide the object behind a delete marker."""
        if version is None:
            self._files.write(self._spot(key, f"{_new()}{_DELETED}"), [b""], metadata={})
        elif (spot := self.spot(key, version)) and self._files.find(spot):
            self._files.remove(spot)
            shutil.rmtree(self._folder / version, ignore_errors=True)

    def all(self, prefix: str = "") -> list[tuple[str, str]]:
        """(key, version), by key and newest first, delete markers left out."""
        return [(key, version) for key, version in self._all(prefix) if not version.endswith(_DELETED)]

    def current(self, prefix: str, after: str) -> list[tuple[str, str]]:
        """(key, version) of the objects that are not deleted, by key."""
        newest: dict[str, str] = {}
        for key, version in self._all(prefix):
            newest.setdefault(key, version)
        return [(key, name) for key, name in newest.items() if key > after and not name.endswith(_DELETED)]

    def _all(self, prefix: str) -> list[tuple[str, str]]:
        found = ((key, name) for name in self._names() for key in islice(keys_below(self._folder / name), 1))
        newest_first = sorted((it for it in found if it[0].startswith(prefix)), key=lambda it: it[1], reverse=True)
        return sorted(newest_first, key=lambda it: it[0])

    def _names(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return [it.name for it in self._folder.iterdir() if _VERSION.fullmatch(it.name.removesuffix(_DELETED))]
        return []

    def _spot(self, key: str, name: str) -> str:
        return f"{self._bucket}/{FOLDER}/{name}/{escape.path_of(key)}"


def _new() -> str:
    return f"{time.time_ns():016x}{secrets.token_hex(4)}"
