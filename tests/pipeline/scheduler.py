"""Runs real handlers with every store and bus request a point where another task may go first.

A seed decides everything: which request goes next, which task dies at one, which one straggles. The same
seed gives the same interleaving, since nothing here depends on wall time.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

RUNNER: ContextVar["Runner"] = ContextVar("runner")


@dataclass(eq=False)
class Runner:
    """One task and the requests at which it, or what it gathered, waits."""

    label: str
    task: "asyncio.Task[None]" = field(init=False)
    waiting: list["asyncio.Future[None]"] = field(default_factory=list)
    made: int = 0
    """How many requests it made."""
    wakes: int = 0
    """The step before which it does not go on: a straggler."""
    home: object = None
    """The process it runs in."""
    carries: Any = None
    """The message that comes again should it die; None where there is none, or where the broker forgot it."""


class NoThreads(ThreadPoolExecutor):
    """What a loop of the scheduler gives work to: it is done at once, for no seed would decide when a thread ends."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


class Scheduler:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.step = 0
        self.runners: list[Runner] = []
        self.errors: list[tuple[str, BaseException]] = []

    def start(self, label: str, work: Coroutine[Any, Any, None], *, home: object = None, carries: Any = None) -> Runner:
        runner = Runner(label, home=home, carries=carries)

        async def run() -> None:
            RUNNER.set(runner)
            await work

        runner.task = asyncio.get_running_loop().create_task(run())
        # Killed before its first step, it would never be awaited.
        runner.task.add_done_callback(lambda _: work.close())
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
        runner.made += 1
        turn.set_result(None)

    async def kill(self, runners: Sequence[Runner]) -> None:
        """As kill -9 would: nothing that the tasks still meant to request is requested."""
        for runner in runners:
            runner.task.cancel()
        await self.settle()
