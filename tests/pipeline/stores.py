"""Object stores in a world where every request waits for its turn."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from darkchannel import keys
from darkchannel.errors import Unavailable
from darkchannel.jobs.records import BUILD
from darkchannel.storage.port import ObjectInfo, ObjectStore
from tests.pipeline.scheduler import Scheduler


class ScheduledStore:
    """An object store whose every request waits for its turn. ``trouble``: whether it is out of reach just now,
    asked before each request and, since an answer may be lost too, after it."""

    def __init__(self, store: ObjectStore, scheduler: Scheduler, trouble: Callable[[], bool]) -> None:
        self._store = store
        self._scheduler = scheduler
        self._trouble = trouble

    async def _turn(self) -> None:
        await self._scheduler.point()
        self._answer("did not take the request")

    def _answer(self, how: str) -> None:
        if self._trouble():
            raise Unavailable(f"the store {how}")

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def request(*args: Any, **kwargs: Any) -> Any:
            await self._turn()
            answer = await method(*args, **kwargs)
            self._answer("did not answer")
            return answer

        # Looked up once: most of what an interleaving does is requests.
        self.__dict__[name] = request
        return request

    async def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        await self._turn()
        for info in [info async for info in self._store.list(bucket, prefix, after=after)]:
            yield info

    async def versions(self, bucket: str, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        await self._turn()
        for info in [info async for info in self._store.versions(bucket, prefix)]:
            yield info

    async def stream(self, bucket: str, key: str, *, if_match: str | None = None) -> AsyncIterator[bytes]:
        await self._turn()
        for piece in [piece async for piece in self._store.stream(bucket, key, if_match=if_match)]:
            yield piece


class PublishingStore(ScheduledStore):
    """Remembers what was copied for listeners."""

    def __init__(self, store: ObjectStore, scheduler: Scheduler, trouble: Callable[[], bool]) -> None:
        super().__init__(store, scheduler, trouble)
        self.copied: list[tuple[str, str, bytes]] = []
        """(job, build, file) of each copy."""

    async def copy(self, bucket: str, key: str, *to: str, **about: Any) -> str | None:
        await self._turn()
        found = await self._store.get(bucket, key)
        if found and (build := (about.get("metadata") or {}).get(BUILD)):
            self.copied.append((key.partition("/")[0], build, found.body))
        answer = await self._store.copy(bucket, key, *to, **about)
        self._answer("did not answer")
        return answer


class Pageless(PublishingStore):
    """Shows no names: whoever walks round the ended jobs by them finds none."""

    async def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        async for info in super().list(bucket, prefix, after=after):
            if not prefix.startswith(keys.NAMES_PREFIX):
                yield info
