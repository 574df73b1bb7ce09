"""Asynchronous code for callers that are not: one event loop, in a thread of its own."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_starting = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}
"""By process: the thread of a parent does not run in a fork."""


def begin(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Run a coroutine there."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop())


def _loop() -> asyncio.AbstractEventLoop:
    with _starting:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="darkchannel", daemon=True).start()
        return loop


def _anew() -> None:
    """In a fork: a thread of the parent may have held the lock, and no thread of its gives it back here."""
    global _starting  # noqa: PLW0603  # there is one process
    _starting = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_anew)
