"""An object store in a folder: buckets are folders, and objects plain files that people can open."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import ParamSpec, TypeVar

from watchfiles import Change, awatch

from darkchannel import keys
from darkchannel.events import ObjectCreated
from darkchannel.storage import names
from darkchannel.storage.disk import Disk, Written
from darkchannel.storage.disk_errors import problem
from darkchannel.storage.etags import PIECE
from darkchannel.storage.intake import Intake
from darkchannel.storage.port import NO_METADATA, Object, ObjectInfo
from darkchannel.storage.versions import FOLDER

P = ParamSpec("P")
T = TypeVar("T")

Attempt = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]

_PAGE = 500
_LOOK_MS = 3000


def _nobody(_: ObjectCreated) -> None:
    pass


async def _once(look: Callable[[], Awaitable[None]]) -> None:
    await look()


class FolderStore:
    """Objects below ``root``; see ``files`` for how they are written and ``escape`` for their names.

    The inbox is versioned: what is put there, or dropped there by people and taken in, becomes a private file
    (see ``versions``). Only its ``_options.yaml`` files stay where they are, for people to edit. What starts with
    a dot is nobody's object. ``on_created`` hears of each object that this store wrote or took in.
    """

    def __init__(
        self, root: Path, *, on_created: Callable[[ObjectCreated], None] = _nobody, quiet: float = 0.5
    ) -> None:
        """``quiet``: for how many seconds a dropped file must look the same before it is taken in."""
        self._disk = Disk(root)
        self._root = self._disk.files.root
        self._intake = Intake(self._root / keys.INBOX, quiet)
        self._quiet = quiet
        self._on_created = on_created

    async def get(
        self,
        bucket: str,
        key: str,
        *,
        version: str | None = None,
        if_match: str | None = None,
        first: int | None = None,
    ) -> Object | None:
        return await self._run(self._disk.get, bucket, key, version, if_match, first)

    async def head(self, bucket: str, key: str, *, version: str | None = None) -> ObjectInfo | None:
        return await self._run(self._disk.head, bucket, key, version)

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
        del content_type  # a file's extension tells people and programs
        written = await self._run(self._disk.write, bucket, key, [body], metadata, over)
        return self._told(bucket, key, written) if written else None

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
        return self._told(bucket, key, await self._run(self._disk.write_file, bucket, key, path, metadata, move))

    async def stream(self, bucket: str, key: str, *, if_match: str | None = None) -> AsyncIterator[bytes]:
        file = await self._run(self._disk.open, bucket, key, if_match)
        if file is None:
            raise LookupError(f"{bucket}/{key} is missing or has changed")
        with file:
            while piece := await self._run(file.read, PIECE):
                yield piece

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
        written = await self._run(self._disk.copy, (bucket, key, version), (to_bucket, to_key), metadata)
        return self._told(to_bucket, to_key, written) if written else None

    async def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        names.check_bucket(bucket)
        async for info in self._paged(await self._run(self._disk.list, bucket, prefix, after)):
            yield info

    async def folders(self, bucket: str, above: str) -> tuple[str, ...]:
        names.check_bucket(bucket)
        return await self._run(self._disk.folders, bucket, above)

    async def versions(self, bucket: str, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        names.check_bucket(bucket)
        async for info in self._paged(await self._run(self._disk.versions, bucket, prefix)):
            yield info

    async def delete(self, bucket: str, key: str, *, version: str | None = None) -> None:
        await self._run(self._disk.delete, bucket, key, version)

    async def link(self, bucket: str, key: str, *, seconds: int = 3600) -> str:
        """The address of the file itself, which does not expire."""
        del seconds
        return await self._run(self._disk.address, bucket, key)

    async def close(self) -> None:
        pass

    async def sweep(self) -> None:
        """Remove what processes that died left half-written more than a day ago."""
        await self._run(self._disk.files.sweep)

    async def take_in(self) -> tuple[str, ...]:
        """Make versions of the dropped documents that nobody writes any more; return their keys.

        Looks twice, ``quiet`` seconds apart. Raises Unavailable, having taken in the others, where one cannot be.
        """
        await self._run(self._intake.look)
        await asyncio.sleep(self._quiet)
        taken, stuck = await self._run(self._take)
        for event in taken:
            self._on_created(event)
        if stuck:
            raise problem(stuck, self._root) from stuck
        return tuple(event.key for event in taken)

    async def watch(self, stop: asyncio.Event, attempt: Attempt = _once) -> None:
        """Take in what people drop, until ``stop``: when the file system tells of it, and every few seconds anyway.

        Each look is an ``attempt``, which may repeat what raises Unavailable.
        """
        async for _ in self._moments(stop):
            await attempt(partial(self._take_all, stop))

    async def _take_all(self, stop: asyncio.Event) -> None:
        await self._run(self._disk.files.make_folder, keys.INBOX)
        await self.take_in()
        while self._intake.waiting and not stop.is_set():
            await self.take_in()

    async def _moments(self, stop: asyncio.Event) -> AsyncIterator[None]:
        """When to look: at once, at each change, every few seconds. Without a watcher, the last remains."""
        while not stop.is_set():
            yield
            try:
                async for _ in awatch(
                    self._root / keys.INBOX,
                    watch_filter=_dropped,
                    debounce=200,
                    stop_event=stop,
                    rust_timeout=_LOOK_MS,
                    yield_on_timeout=True,
                ):
                    yield
            except (OSError, ExceptionGroup):
                # The system's watches are used up, or a name is not UTF-8: anyio wraps what the watcher then raises.
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _LOOK_MS / 1000)

    def _take(self) -> tuple[tuple[ObjectCreated, ...], OSError | None]:
        """What was taken in, and why something could not be."""
        taken: list[ObjectCreated] = []
        whole = self._intake.look()
        stuck = self._intake.unread
        for key, path in whole:
            try:
                taken.append(ObjectCreated(keys.INBOX, key, self._disk.inbox.take(path, key)))
            except FileNotFoundError:
                continue  # taken by another process, or removed, since
            except OSError as error:
                stuck = error
        return tuple(taken), stuck

    async def _paged(self, found: Iterator[ObjectInfo]) -> AsyncIterator[ObjectInfo]:
        while page := await self._run(lambda: tuple(islice(found, _PAGE))):
            for info in page:
                yield info

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await asyncio.to_thread(function, *args, **kwargs)
        except OSError as error:
            raise problem(error, self._root) from error

    def _told(self, bucket: str, key: str, written: Written) -> str:
        self._on_created(ObjectCreated(bucket, key, written.version))
        return written.etag


def _dropped(_: Change, path: str) -> bool:
    return FOLDER not in Path(path).parts
