"""An object store on an S3 server, MinIO first of all.

obstore moves the data. miniopy-async does what obstore cannot: listings by any prefix and of names that obstore refuses
(one such name would end a whole listing), versions, copies, deletes of one version, links for another address.
MinIO keeps ``a/b`` beside an object ``a``, but leaves it out of listings; its RELEASE.2025-04-22 creates an object
where an ETag was to be replaced and none is there.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import obstore
from miniopy_async.api import Minio
from miniopy_async.commonconfig import REPLACE, CopySource
from obstore.store import S3Store as Bucket

from darkchannel.errors import Unavailable
from darkchannel.storage import names, s3_forms, user_metadata
from darkchannel.storage.port import NEW, NO_METADATA, Object, ObjectInfo
from darkchannel.storage.s3_answers import Conflict, Missing, Unanswered, Unsatisfiable, understood

PIECE = 1024 * 1024
_PART = 5 * 1024 * 1024
"""The least that S3 takes; with 10,000 parts a file may have 48 GiB: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html."""
_LARGE_AT_ONCE = 2
"""Files of several parts that are sent at once, a part at a time: more of them take memory and are no faster."""
_CONNECTIONS = 64
_TIMEOUT = aiohttp.ClientTimeout(total=1800, connect=10, sock_read=60)


class S3Store:
    """One server and one user of it. Nothing connects before the first request."""

    def __init__(
        self,
        endpoint: str,
        *,
        access_key: str,
        secret_key: str,
        region: str = "us-east-1",
        public_endpoint: str | None = None,
        link_keys: tuple[str, str] | None = None,
    ) -> None:
        """``endpoint`` and ``public_endpoint``, at which people open links: ``http(s)://host:port``.

        ``link_keys``: access key and secret of a user who may only read. A link shows the access key, and whoever
        knows that of a writing user is half-way in.
        """
        self._endpoint = endpoint
        self._config = s3_forms.obstore_config(endpoint, access_key, secret_key, region)
        self._buckets: dict[str, Bucket] = {}
        self._session: aiohttp.ClientSession | None = None
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._minio = s3_forms.minio(endpoint, access_key, secret_key, region)
        self._links = s3_forms.minio(public_endpoint or endpoint, *(link_keys or (access_key, secret_key)), region)

    async def get(
        self,
        bucket: str,
        key: str,
        *,
        version: str | None = None,
        if_match: str | None = None,
        first: int | None = None,
    ) -> Object | None:
        names.check(bucket, key)
        if not s3_forms.plain(key):
            return await self._get_odd(bucket, key, version, if_match, first)
        options = s3_forms.options(version, if_match)
        if first is not None:
            options["range"] = (0, first)
        try:
            with understood(self._endpoint, bucket, key, version):
                found = await obstore.get_async(self._bucket(bucket), key, options=options)
                return Object(s3_forms.info(key, found), (await found.bytes_async()).to_bytes())
        except Unsatisfiable:
            return await self.get(bucket, key, version=version, if_match=if_match)
        except (Missing, Conflict):
            return None

    async def head(self, bucket: str, key: str, *, version: str | None = None) -> ObjectInfo | None:
        names.check(bucket, key)
        try:
            if not s3_forms.plain(key):
                return s3_forms.stat_info(await self._stat(bucket, key, version))
        except Missing:
            return None
        options = s3_forms.options(version)
        options["head"] = True
        try:
            with understood(self._endpoint, bucket, key):
                return s3_forms.info(key, await obstore.get_async(self._bucket(bucket), key, options=options))
        except Unanswered:
            raise
        except Unavailable:
            # A GET's answer says why: no such object, no such user, or a gateway whose store is away.
            found = await self.get(bucket, key, version=version, first=1)
            return found.info if found else None

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
        mode: Any = "overwrite" if over is None else "create" if over == NEW else {"e_tag": f'"{over}"'}
        write = partial(self._write, bucket, key, body, content_type, metadata, mode=mode, use_multipart=False)
        again = False
        try:
            try:
                return await write()
            except Unanswered:  # obstore tries conditional writes once: MinIO may have closed a kept connection
                again = True
                return await write()
        except Conflict as conflict:
            # The first try may be what the second met.
            there = await self.head(bucket, key) if again or conflict.retried else None
            return there.etag if there and there.etag == names.etag(body) else None

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
        # Raises for a file that is not there, where obstore speaks of the object.
        size = (await asyncio.to_thread(path.stat)).st_size
        async with self._large if size > _PART else nullcontext():
            etag = await self._write(bucket, key, path, content_type, metadata, chunk_size=_PART, max_concurrency=1)
        if move:
            await asyncio.to_thread(path.unlink)
        return etag

    async def stream(self, bucket: str, key: str, *, if_match: str | None = None) -> AsyncIterator[bytes]:
        names.check(bucket, key)
        if not s3_forms.plain(key):
            raise ValueError(f"{key!r} is a name that can only be read whole")
        options = s3_forms.options(None, if_match)
        try:
            with understood(self._endpoint, bucket, key):
                found = await obstore.get_async(self._bucket(bucket), key, options=options)
                async for piece in found.stream(PIECE):
                    yield bytes(piece)
        except (Missing, Conflict) as error:
            raise LookupError(f"{bucket}/{key} is missing or has changed") from error

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
        names.check(bucket, key)
        names.check(to_bucket, to_key)
        source = CopySource(bucket, key, version_id=version)
        try:
            how: dict[str, Any] = {}
            if metadata is not None:
                kind = (await self._stat(bucket, key, version)).content_type
                replaced = {"Content-Type": kind, **user_metadata.encoded(metadata)}
                how = {"metadata": replaced, "metadata_directive": REPLACE}
            with understood(self._endpoint, to_bucket, to_key):
                return str((await self._client().copy_object(to_bucket, to_key, source, **how)).etag)
        except Missing:
            if await self.head(bucket, key, version=version) is None:
                return None
            raise Unavailable(f"{bucket}/{key} was missing and is there again: it is copied at the next try") from None

    async def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        names.check_bucket(bucket)
        with understood(self._endpoint, bucket):
            found = self._client().list_objects(bucket, prefix or None, recursive=True, start_after=after or None)
            async for item in found:
                yield replace(s3_forms.stat_info(item), metadata=NO_METADATA, version=None)

    async def folders(self, bucket: str, above: str) -> tuple[str, ...]:
        names.check_bucket(bucket)
        with understood(self._endpoint, bucket):
            items = self._client().list_objects(bucket, above or None)
            found = [str(item.object_name) async for item in items if item.is_dir]
        return tuple(sorted(name.removeprefix(above).removesuffix("/") for name in found))

    async def versions(self, bucket: str, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        names.check_bucket(bucket)
        with understood(self._endpoint, bucket):
            found = self._client().list_objects(bucket, prefix or None, recursive=True, include_version=True)
            async for item in found:
                if not item.is_delete_marker:
                    yield s3_forms.stat_info(item)

    async def delete(self, bucket: str, key: str, *, version: str | None = None) -> None:
        names.check(bucket, key)
        try:
            with understood(self._endpoint, bucket, key, version):
                await self._client().remove_object(bucket, key, version_id=version)
        except Missing:
            return

    async def link(self, bucket: str, key: str, *, seconds: int = 3600) -> str:
        names.check(bucket, key)
        return str(await self._links.presigned_get_object(bucket, key, expires=timedelta(seconds=seconds)))

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def _write(
        self, bucket: str, key: str, body: bytes | Path, kind: str, metadata: Mapping[str, str], **how: Any
    ) -> str:
        names.check(bucket, key)
        if not s3_forms.plain(key):
            raise ValueError(f"{key!r} is a name that the object store {self._endpoint} does not hold")
        attributes = {"Content-Type": kind, **user_metadata.encoded(metadata)}
        try:
            with understood(self._endpoint, bucket, key):
                done = await obstore.put_async(self._bucket(bucket), key, body, attributes=attributes, **how)
        except Missing as error:
            raise Conflict(retried=False) from error  # an ETag to replace where nothing is
        return s3_forms.bare(done["e_tag"])

    async def _get_odd(
        self, bucket: str, key: str, version: str | None, if_match: str | None, first: int | None
    ) -> Object | None:
        try:
            info = s3_forms.stat_info(await self._stat(bucket, key, version))
            if if_match not in (None, info.etag):
                return None
            with understood(self._endpoint, bucket, key):
                async with await self._client().get_object(bucket, key, version_id=version) as answer:
                    body = await answer.read()
        except Missing:
            return None
        info = replace(info, etag=s3_forms.bare(answer.headers.get("etag")), size=len(body))
        return Object(info, body[:first]) if if_match in (None, info.etag) else None

    async def _stat(self, bucket: str, key: str, version: str | None) -> Any:
        with understood(self._endpoint, bucket, key, version):
            return await self._client().stat_object(bucket, key, version_id=version)

    def _client(self) -> Minio:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_CONNECTIONS), timeout=_TIMEOUT)
            self._minio.set_session(self._session)
        return self._minio

    def _bucket(self, name: str) -> Bucket:
        if name not in self._buckets:
            self._buckets[name] = Bucket(name, **self._config)
        return self._buckets[name]
