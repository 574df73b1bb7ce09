"""The object store's requests on a folder, each in one go. Blocking; ``folder.py`` calls it in threads."""

import heapq
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from darkchannel import keys
from darkchannel.storage import escape, names
from darkchannel.storage.etags import Piece, pieces_of
from darkchannel.storage.files import Files
from darkchannel.storage.port import Object, ObjectInfo
from darkchannel.storage.versions import Versions, made_at
from darkchannel.storage.walk import keys_below


class Written(NamedTuple):
    etag: str
    version: str | None


class Disk:
    """Buckets as folders; the inbox is versioned, all but its ``_options.yaml`` files."""

    def __init__(self, root: Path) -> None:
        self.files = Files(root)
        self.inbox = Versions(self.files, keys.INBOX)

    def get(self, bucket: str, key: str, version: str | None, if_match: str | None, first: int | None) -> Object | None:
        if (place := self._place(bucket, key, version)) is None:
            return None
        spot, version = place
        content = self.files.read(spot, first)
        if content is None or if_match not in (None, content.etag):
            return None
        return Object(self._info(key, spot, version, content.etag, content.info, described=True), content.body)

    def head(self, bucket: str, key: str, version: str | None) -> ObjectInfo | None:
        place = self._place(bucket, key, version)
        return self._seen(key, *place, described=True) if place else None

    def write(
        self,
        bucket: str,
        key: str,
        content: Iterable[Piece] | Path,
        metadata: Mapping[str, str],
        over: str | None = None,
    ) -> Written | None:
        names.check(bucket, key)
        if _versioned(bucket, key):
            added = self.inbox.write(key, content, over, metadata)
            return Written(*added) if added else None
        etag = self.files.write(_spot(bucket, key), content, over=over, metadata=metadata)
        return Written(etag, None) if etag else None

    def write_file(self, bucket: str, key: str, path: Path, metadata: Mapping[str, str], move: bool) -> Written:
        with path.open("rb") as file:
            written = self.write(bucket, key, path if move else pieces_of(file), metadata)
        assert written is not None, "a write without a condition is done or raises"
        return written

    def copy(
        self, source: tuple[str, str, str | None], to: tuple[str, str], metadata: Mapping[str, str] | None
    ) -> Written | None:
        bucket, key, version = source
        if (place := self._place(bucket, key, version)) is None:
            return None
        if (file := self.files.open(place[0])) is None:
            return None
        with file:
            if metadata is None:
                metadata = self.files.metadata(place[0], self.files.opened_etag(file))
            return self.write(*to, pieces_of(file), metadata)

    def open(self, bucket: str, key: str, if_match: str | None) -> BufferedReader | None:
        """The object's file, to be read in pieces; it stays this content whatever is written meanwhile."""
        if (place := self._place(bucket, key, None)) is None or (file := self.files.open(place[0])) is None:
            return None
        if if_match in (None, self.files.opened_etag(file)):
            return file
        file.close()
        return None

    def list(self, bucket: str, prefix: str, after: str) -> Iterator[ObjectInfo]:
        return self._all_seen(bucket, self._current(bucket, prefix, after))

    def folders(self, bucket: str, above: str) -> tuple[str, ...]:
        """The next part of the keys that have one; of each folder only the first object is looked at."""
        found: list[str] = []
        after = ""
        while (name := self._next_folder(bucket, above, after)) is not None:
            found.append(name)
            after = f"{above}{name}0"  # "0" is the character after "/"
        return tuple(sorted(found))

    def versions(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        return self._all_seen(bucket, self.inbox.all(prefix)) if bucket == keys.INBOX else iter(())

    def delete(self, bucket: str, key: str, version: str | None) -> None:
        names.check(bucket, key)
        if _versioned(bucket, key):
            self.inbox.delete(key, version)
        elif version is None:
            self.files.remove(_spot(bucket, key))

    def address(self, bucket: str, key: str) -> str:
        """The ``file://`` address of the object's file."""
        place = self._place(bucket, key, None)
        found = self.files.find(place[0]) if place else None
        return (found.path if found else self.files.root / _spot(bucket, key)).as_uri()

    def _next_folder(self, bucket: str, above: str, after: str) -> str | None:
        names_below = (key.removeprefix(above) for key, _ in self._current(bucket, above, after))
        return next((name.partition("/")[0] for name in names_below if "/" in name), None)

    def _current(self, bucket: str, prefix: str, after: str) -> Iterator[tuple[str, str | None]]:
        """(key, version) of the objects that are there, by key."""
        if bucket != keys.INBOX:
            return ((key, None) for key in self._plain(bucket, prefix, after))
        options = (key for key in self._plain(bucket, prefix, after) if not _versioned(bucket, key))
        return heapq.merge(self.inbox.current(prefix, after), ((key, None) for key in options))

    def _plain(self, bucket: str, prefix: str, after: str) -> Iterator[str]:
        return keys_below(self.files.root / bucket, prefix, after)

    def _place(self, bucket: str, key: str, version: str | None) -> tuple[str, str | None] | None:
        """The spot of an object or of one version of it, and that version."""
        names.check(bucket, key)
        if not _versioned(bucket, key):
            return (_spot(bucket, key), None) if version is None else None
        version = version or self.inbox.newest(key)
        spot = self.inbox.spot(key, version) if version else None
        return (spot, version) if spot else None

    def _all_seen(self, bucket: str, found: Iterable[tuple[str, str | None]]) -> Iterator[ObjectInfo]:
        for key, version in found:
            place = self._place(bucket, key, version)
            if place and (info := self._seen(key, *place)):
                yield info

    def _seen(self, key: str, spot: str, version: str | None, *, described: bool = False) -> ObjectInfo | None:
        while found := self.files.find(spot):
            if etag := self.files.etag(found):
                return self._info(key, spot, version, etag, found.info, described=described)
        return None

    def _info(
        self, key: str, spot: str, version: str | None, etag: str, info: os.stat_result, *, described: bool
    ) -> ObjectInfo:
        modified = made_at(version) if version else datetime.fromtimestamp(info.st_mtime, UTC)
        metadata = self.files.metadata(spot, etag) if described else {}
        return ObjectInfo(key, etag, info.st_size, modified, version, metadata)


def _versioned(bucket: str, key: str) -> bool:
    return bucket == keys.INBOX and key.rpartition("/")[2] != keys.OPTIONS_FILE


def _spot(bucket: str, key: str) -> str:
    return f"{bucket}/{escape.path_of(key)}"
