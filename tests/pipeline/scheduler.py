"""Runs real handlers with every store and bus request a point where another task may go first.

A seed decides everything: which request goes next, which task dies at one, which one straggles. The same
seed gives the same interleaving, since nothing here depends on wall time.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from darkchannel.storage.port import ObjectInfo, ObjectStore

RUNNER: ContextVar["Runner"] = ContextVar("runner")


@dataclass(eq=False)
class Runner:
    """One task and the requests at which it, or what it gathered, waits."""

    label: str
    task: "asyncio.Task[None]" = field(init=False)
    waiting: list["asyncio.Future[None]"] = field(default_factory=list)
    wakes: int = 0
    """The step before which it does not go on: a straggler."""


class Scheduler:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.step = 0
        self.runners: list[Runner] = []
        self.errors: list[tuple[str, BaseException]] = []

    def start(self, label: str, work: Coroutine[Any, Any, None]) -> Runner:
        runner = Runner(label)

        async def run() -> None:
            RUNNER.set(runner)
            await work

        runner.task = asyncio.get_running_loop().create_task(run())
        self.runners.append(runner)
        return runner

    async def point(self) -> None:
        """Wait for one's turn to make a request."""
        runner = RUNNER.get()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        runner.waiting.append(turn)
        try:
            await turn
        finally:
            if turn in runner.waiting:
                runner.waiting.remove(turn)

    async def settle(self) -> None:
        """Let everything run on until all of it waits for a turn or is done."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0)
        # The only exact answer to "has everything come to rest?" is the loop's own.
        while loop._ready:  # type: ignore[attr-defined]  # noqa: ASYNC110
            await asyncio.sleep(0)
        for runner in self.runners:
            if runner.task.done() and not runner.task.cancelled() and (error := runner.task.exception()):
                self.errors.append((runner.label, error))
        self.runners = [runner for runner in self.runners if not runner.task.done()]

    def awake(self) -> list[Runner]:
        return [runner for runner in self.runners if runner.waiting and runner.wakes <= self.step]

    def go(self, runner: Runner) -> None:
        turn = self.random.choice(runner.waiting)
        runner.waiting.remove(turn)
        turn.set_result(None)

    async def kill(self, runner: Runner) -> None:
        """As kill -9 would: nothing that the task still meant to request is requested."""
        runner.task.cancel()
        await self.settle()


class ScheduledStore:
    """An object store whose every request waits for its turn."""

    def __init__(self, store: ObjectStore, scheduler: Scheduler) -> None:
        self._store = store
        self._scheduler = scheduler
        self.builds_copied: set[str] = set()

    async def copy(self, *names: str, metadata: dict[str, str] | None = None, **about: Any) -> str | None:
        await self._scheduler.point()
        self.builds_copied |= {metadata["build"]} if metadata else set()
        return await self._store.copy(*names, metadata=metadata, **about)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def request(*args: Any, **kwargs: Any) -> Any:
            await self._scheduler.point()
            return await method(*args, **kwargs)

        return request

    async def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        await self._scheduler.point()
        for info in [info async for info in self._store.list(bucket, prefix, after=after)]:
            yield info

    async def versions(self, bucket: str, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        await self._scheduler.point()
        for info in [info async for info in self._store.versions(bucket, prefix)]:
            yield info

    async def put_file(self, bucket: str, key: str, path: Path, **about: Any) -> str | None:
        """Reads without a thread, whose end no seed would decide."""
        await self._scheduler.point()
        return await self._store.put(bucket, key, path.read_bytes(), **about)

    async def stream(self, bucket: str, key: str, *, if_match: str | None = None) -> AsyncIterator[bytes]:
        await self._scheduler.point()
        for piece in [piece async for piece in self._store.stream(bucket, key, if_match=if_match)]:
            yield piece
