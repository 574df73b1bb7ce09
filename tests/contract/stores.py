"""The object stores that the contract is held against."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from darkchannel import keys
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.memory import MemoryStore
from darkchannel.storage.port import ObjectStore
from darkchannel.storage.s3 import S3Store
from tests.servers import MinioServer

BUCKET = keys.JOBS
VERSIONED = keys.INBOX

LASTING_KINDS = (
    "folder",
    pytest.param("minio", marks=pytest.mark.docker),
    pytest.param("older_minio", marks=pytest.mark.docker),
)
KINDS = ("memory", *LASTING_KINDS)


@dataclass(frozen=True)
class Subject:
    """A store under test and what it does otherwise than the others; every difference is a flag here."""

    store: ObjectStore
    lists_below_objects: bool = True
    """MinIO keeps ``a/b`` beside ``a``, but leaves it out of listings."""
    replaces_only_what_is_there: bool = True
    """MinIO's RELEASE.2025-04-22 creates an object that was to replace a missing one."""


@asynccontextmanager
async def opened(kind: str, request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Subject]:
    if kind == "memory":
        yield Subject(MemoryStore())
    elif kind == "folder":
        yield Subject(FolderStore(folder))
    else:
        server: MinioServer = request.getfixturevalue(kind)
        await make_buckets(server)
        store = connected(server)
        yield Subject(
            store,
            lists_below_objects=False,
            replaces_only_what_is_there="20250422" not in server.version,
        )
        await store.close()


def connected(server: MinioServer) -> S3Store:
    return S3Store(server.endpoint, access_key=server.access_key, secret_key=server.secret_key, region=server.region)


async def make_buckets(server: MinioServer) -> None:
    """Make the two buckets of the tests where they are not there yet."""
    from miniopy_async.api import Minio
    from miniopy_async.versioningconfig import VersioningConfig

    host = server.endpoint.removeprefix("http://")
    async with Minio(host, server.access_key, server.secret_key, secure=False, region=server.region) as client:
        for bucket in (BUCKET, VERSIONED):
            if not await client.bucket_exists(bucket):
                await client.make_bucket(bucket)
        await client.set_bucket_versioning(VERSIONED, VersioningConfig("Enabled"))
