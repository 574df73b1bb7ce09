"""The object store as the services see it: atomic single-object requests, and nothing that only one server has."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

NEW: Final = ""
"""As ``over``: create the object, or do nothing where one is there. No object has an empty ETag."""

GOES_ON: Final = "; the work then goes on by itself"
"""Ends what ``Unavailable`` says."""

NO_METADATA: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object as a listing or a head request tells of it.

    ``etag`` has no quotes and changes with the content; equal small contents have equal ETags (MD5).
    ``metadata`` (lower-case names without ``x-amz-meta-``) is filled by ``head`` and ``get``, not by listings.
    """

    key: str
    etag: str
    size: int
    modified: datetime
    version: str | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)


@dataclass(frozen=True, slots=True)
class Object:
    info: ObjectInfo
    body: bytes


class ObjectStore(Protocol):
    """Every method raises ``Unavailable`` while the server, the disk or the credentials are out of order, ``Denied``
    where the credentials hold and do not allow it.

    A missing object is an answer (``None``), never an error. Keys are any UTF-8 up to 1,024 bytes that the
    server accepts; a key it cannot hold raises ``ValueError``.
    """

    async def get(
        self,
        bucket: str,
        key: str,
        *,
        version: str | None = None,
        if_match: str | None = None,
        first: int | None = None,
    ) -> Object | None:
        """Read an object whole, or its ``first`` bytes; ``None`` where it is missing or is not ``if_match``."""
        ...

    async def head(self, bucket: str, key: str, *, version: str | None = None) -> ObjectInfo | None: ...

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
        """Write an object in one atomic request and return its ETag.

        ``over``: ``NEW`` creates only; an ETag replaces only that content; ``None`` writes whatever is there.
        Returns ``None`` where the condition did not hold and nothing was written. Whoever must know who wrote first
        puts something of its own into the body: an answer may be lost on the way (MinIO's RELEASE.2025-04-22 cuts
        some connections when it refuses), and then equal content counts as written.
        """
        ...

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
        """Upload a file of any size in flat memory; the object appears whole or not at all. Returns its ETag.

        ``move``: the file is gone from its place once it is stored, and need not be copied within a disk.
        """
        ...

    def stream(self, bucket: str, key: str, *, if_match: str | None = None) -> AsyncIterator[bytes]:
        """Read an object in pieces of about 1 MiB. Raises ``LookupError`` where it is missing or its ETag differs."""
        ...

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
        """Copy on the server, over whatever is there. ``metadata`` replaces the source's; ``None`` keeps it.

        Onto itself, which S3 allows with ``metadata`` alone, an object is as it was, and changed just now.

        Returns the copy's ETag (not always the source's), or ``None`` where the source is missing.
        """
        ...

    def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        """Current objects in key order, those after the key ``after``. ``prefix`` is any string, not only a folder."""
        ...

    async def folders(self, bucket: str, above: str) -> tuple[str, ...]:
        """Names of the folders right below the folder ``above`` (empty, or ends with a slash), sorted.

        The next part of the keys that have one. MinIO names a folder of a versioned bucket also after the last of
        its objects was deleted.
        """
        ...

    def versions(self, bucket: str, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """Every version in a versioned bucket, also those a delete marker hides; markers are left out."""
        ...

    async def delete(self, bucket: str, key: str, *, version: str | None = None) -> None:
        """Remove an object, or exactly one version of it. Removing what is not there is no error."""
        ...

    async def link(self, bucket: str, key: str, *, seconds: int = 3600) -> str:
        """A URL under which anyone may read the object for a while."""
        ...

    async def close(self) -> None: ...
