"""Pure functions away from the event loop, in processes that are started when first needed."""

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from darkchannel.errors import Permanent, Transient

P = ParamSpec("P")
T = TypeVar("T")

CLOSE_SECONDS = 5.0
WATCH_SECONDS = 2.0
"""How often it is looked whether a worker died amid its answer."""
LIMIT_SECONDS = 600
"""For one call: many times what the largest document takes that is read."""


class ProcessCompute:
    """At most ``workers`` processes, as many as there are processors where unset.

    Raises Transient where a worker died, killed for its memory say; the next call gets new ones. Raises Permanent
    where the function takes longer than ``limit`` seconds.
    """

    def __init__(self, workers: int | None = None, *, limit: float = LIMIT_SECONDS) -> None:
        self._workers = workers or os.cpu_count() or 1
        self._limit = limit
        self._pool: ProcessPoolExecutor | None = None

    async def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._pool is None:
            # Spawned, because a fork copies the locks of threads that it does not copy.
            self._pool = ProcessPoolExecutor(self._workers, mp_context=get_context("spawn"), initializer=_serve_parent)
        pool = self._pool
        try:
            bounded = partial(_within, self._limit, partial(function, *args, **kwargs))
            return await _answer(pool, asyncio.get_running_loop().run_in_executor(pool, bounded))
        except _TookTooLong as error:
            raise Permanent(f"it took longer than the {self._limit:g} seconds that are given to it") from error
        except BrokenProcessPool as error:
            if self._pool is pool:
                self._pool = None
                pool.shutdown(wait=False, cancel_futures=True)
            raise Transient(f"the process that ran {function.__name__} died, perhaps for lack of memory") from error

    async def close(self) -> None:
        """Let what runs end within a moment, then end it."""
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        end = _ending(pool)
        closing = asyncio.create_task(asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True))
        done, _ = await asyncio.wait({closing}, timeout=CLOSE_SECONDS)
        if not done:
            end()
        await closing


async def _answer(pool: ProcessPoolExecutor, answer: asyncio.Future[T]) -> T:
    """What a worker answers. Raises BrokenProcessPool also where it was killed amid its answer.

    The pool notices every other death by itself, but reads on for the rest of an answer: it would do so for ever, since
    it holds the other end of that pipe too.
    """
    try:
        while not answer.done():
            await asyncio.wait({answer}, timeout=WATCH_SECONDS)
            if not answer.done() and wait([worker.sentinel for worker in _workers(pool)], timeout=0):
                _ending(pool)()
        return await answer
    finally:
        answer.cancel()


def _ending(pool: ProcessPoolExecutor) -> Callable[[], None]:
    """What ends a pool at once, also one that forgot its processes because it is being shut down."""
    workers = _workers(pool)
    answers: Any = pool._result_queue

    def end() -> None:
        for worker in workers:
            worker.kill()
        answers._writer.close()

    return end


def _workers(pool: ProcessPoolExecutor) -> list[BaseProcess]:
    return list((pool._processes or {}).values())


class _TookTooLong(BaseException):
    """No Exception, so that no function takes it for one of its own."""


def _within(seconds: float, function: Callable[[], T]) -> T:
    """Run in a worker's main thread, where a signal ends whatever Python code is running."""

    def end(*_: Any) -> None:
        raise _TookTooLong

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return function()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _serve_parent() -> None:
    # Ctrl-C reaches the whole process group; the parent decides what is still to be finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Where memory runs out, the one that asked for too much goes, and not its parent with all other work.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker holds both ends of the pipe it waits at, and would wait for a parent that was killed for ever."""
    if parent := parent_process():
        parent.join()
        os._exit(1)
