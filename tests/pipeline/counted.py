"""A store whose requests are counted, and which may be away or hang."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from darkchannel.errors import Unavailable
from darkchannel.storage.port import ObjectInfo, ObjectStore


class Counted:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.requests: list[tuple[str, str]] = []
        """The method and the key or prefix of each."""
        self.away = False
        self.hangs = False
        self.missed: set[str] = set()
        """Keys that the next read does not find, as if it came before somebody's write."""

    async def _asked(self, what: str, key: str) -> None:
        self.requests.append((what, key))
        if self.away:
            raise Unavailable("the store is away")
        if self.hangs:
            await asyncio.Event().wait()

    def __getattr__(self, name: str) -> Any:
        async def request(bucket: str, key: str, *args: Any, **kwargs: Any) -> Any:
            await self._asked(name, key)
            if name == "get" and key in self.missed:
                self.missed.remove(key)
                return None
            return await getattr(self._store, name)(bucket, key, *args, **kwargs)

        return request

    async def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        await self._asked("list", prefix)
        async for info in self._store.list(bucket, prefix, after=after):
            yield info

    async def versions(self, bucket: str, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        await self._asked("versions", prefix)
        async for info in self._store.versions(bucket, prefix):
            yield info
