"""An object store in memory: for tests, and for trying a pipeline without a disk."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from darkchannel import keys
from darkchannel.events import ObjectCreated
from darkchannel.storage import names
from darkchannel.storage.port import NEW, NO_METADATA, Object, ObjectInfo

PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Stored:
    info: ObjectInfo
    body: bytes
    marker: bool = False
    """Whether it is a delete marker: the newest version of an object that was deleted."""


def _nobody(_: ObjectCreated) -> None:
    pass


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryStore:
    """Buckets are dictionaries, made when first written to; ``versioned`` ones keep every version.

    Each request is one atomic step: nothing is awaited inside but the reading of ``put_file``'s file.
    ``on_created`` hears of each object as soon as it is there.
    """

    def __init__(
        self,
        *,
        versioned: Collection[str] = (keys.INBOX,),
        on_created: Callable[[ObjectCreated], None] = _nobody,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._versioned = frozenset(versioned)
        self._on_created = on_created
        self._clock = clock
        self._buckets: dict[str, dict[str, list[_Stored]]] = {}
        self._numbers = itertools.count(1)

    async def get(
        self,
        bucket: str,
        key: str,
        *,
        version: str | None = None,
        if_match: str | None = None,
        first: int | None = None,
    ) -> Object | None:
        stored = self._find(bucket, key, version)
        if stored is None or if_match not in (None, stored.info.etag):
            return None
        return Object(stored.info, stored.body[:first])

    async def head(self, bucket: str, key: str, *, version: str | None = None) -> ObjectInfo | None:
        stored = self._find(bucket, key, version)
        return stored.info if stored else None

    async def put(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        over: str | None = None,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> str | None:
        del content_type  # nobody serves these objects
        there = self._find(bucket, key, None)
        if over is not None and over != (there.info.etag if there else NEW):
            return None
        return self._write(bucket, key, body, metadata)

    async def put_file(
        self,
        bucket: str,
        key: str,
        path: Path,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] = NO_METADATA,
        move: bool = False,
    ) -> str:
        del content_type
        etag = self._write(bucket, key, await asyncio.to_thread(path.read_bytes), metadata)
        if move:
            await asyncio.to_thread(path.unlink)
        return etag

    async def stream(self, bucket: str, key: str, *, if_match: str | None = None) -> AsyncIterator[bytes]:
        found = await self.get(bucket, key, if_match=if_match)
        if found is None:
            raise LookupError(f"{bucket}/{key} is missing or has changed")
        for start in range(0, len(found.body), PIECE):
            yield found.body[start : start + PIECE]

    async def copy(
        self,
        bucket: str,
        key: str,
        to_bucket: str,
        to_key: str,
        *,
        version: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str | None:
        source = self._find(bucket, key, version)
        if source is None:
            return None
        return self._write(to_bucket, to_key, source.body, source.info.metadata if metadata is None else metadata)

    async def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        names.check_bucket(bucket)
        for key in sorted(key for key in self._buckets.get(bucket, {}) if key.startswith(prefix) and key > after):
            if stored := self._find(bucket, key, None):
                yield replace(stored.info, metadata=NO_METADATA)

    async def folders(self, bucket: str, above: str) -> tuple[str, ...]:
        names.check_bucket(bucket)
        there = (key for key in self._buckets.get(bucket, {}) if self._find(bucket, key, None))
        found = (key.removeprefix(above) for key in there if key.startswith(above))
        return tuple(sorted({name.partition("/")[0] for name in found if "/" in name}))

    async def versions(self, bucket: str, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        names.check_bucket(bucket)
        objects = self._buckets.get(bucket, {})
        for key in sorted(key for key in objects if key.startswith(prefix)):
            for stored in reversed(objects.get(key, [])):
                if not stored.marker:
                    yield replace(stored.info, metadata=NO_METADATA)

    async def delete(self, bucket: str, key: str, *, version: str | None = None) -> None:
        names.check(bucket, key)
        objects = self._buckets.get(bucket, {})
        if key not in objects:
            return
        if version is None and bucket in self._versioned:
            objects[key].append(self._stored(bucket, key, b"", {}, marker=True))
            return
        objects[key] = [it for it in objects[key] if version is not None and it.info.version != version]
        if not objects[key]:
            del objects[key]

    async def link(self, bucket: str, key: str, *, seconds: int = 3600) -> str:
        names.check(bucket, key)
        return f"memory://{bucket}/{key}?seconds={seconds}"

    async def close(self) -> None:
        pass

    def _find(self, bucket: str, key: str, version: str | None) -> _Stored | None:
        names.check(bucket, key)
        stored = self._buckets.get(bucket, {}).get(key, [])
        if version is not None:
            stored = [it for it in stored if it.info.version == version]
        return stored[-1] if stored and not stored[-1].marker else None

    def _write(self, bucket: str, key: str, body: bytes, metadata: Mapping[str, str]) -> str:
        names.check(bucket, key)
        stored = self._stored(bucket, key, body, metadata)
        older = self._buckets.setdefault(bucket, {}).setdefault(key, [])
        if bucket not in self._versioned:
            older.clear()
        older.append(stored)
        self._on_created(ObjectCreated(bucket, key, stored.info.version))
        return stored.info.etag

    def _stored(
        self, bucket: str, key: str, body: bytes, metadata: Mapping[str, str], *, marker: bool = False
    ) -> _Stored:
        version = f"{next(self._numbers):08d}" if bucket in self._versioned else None
        lower = {name.lower(): value for name, value in metadata.items()}
        return _Stored(ObjectInfo(key, names.etag(body), len(body), self._clock(), version, lower), bytes(body), marker)
