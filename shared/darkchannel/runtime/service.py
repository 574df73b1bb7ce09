"""What a service is: a name and a way to build its handlers from what the runtime gives it."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ParamSpec, Protocol, TypeVar

from darkchannel.events import ObjectCreated
from darkchannel.messaging.port import Bus
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.waiting import Stop
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import ObjectStore

P = ParamSpec("P")
T = TypeVar("T")

Clock = Callable[[], datetime]
Handler = Callable[[ObjectCreated], Awaitable[None]]
"""Handles one event; returns when its work is durable. Raises the errors of ``darkchannel.errors``."""


RETURNED: ContextVar[bool] = ContextVar("returned", default=False)
"""Whether the message under way has come back unsettled, mostly from a process that died, and not often yet.

What must wait then is to give way, so that its returns are counted anew: nobody knows whether it had begun, and what
ends its process is soon or late among the first to begin again.
"""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Compute(Protocol):
    """Runs a pure function away from the event loop."""

    async def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything the runtime gives a service."""

    store: ObjectStore
    jobs: Jobs
    bus: Bus
    clock: Clock
    compute: Compute
    stop: Stop
    """Of the process: what only waits begins nothing any more."""
    metrics: Metrics = field(default_factory=Metrics)


async def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Round:
    """What is done again and again. One that fails is told of and repeated, and holds up no other."""

    look: Callable[[], Awaitable[None]]
    pause: float = 1.0
    """Seconds between its end and the next."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A built service: a handler for each of its stages, and rounds beside one another."""

    handlers: Mapping[str, Handler] = field(default_factory=dict)
    """By the stage's name."""
    prefetch: Mapping[str, int] = field(default_factory=dict)
    """Messages under way at once, by stage; 16 where unset."""
    spare: Mapping[str, int] = field(default_factory=dict)
    """How many more may wait in the handler of a stage for one another; none where unset."""
    rounds: Mapping[str, Round] = field(default_factory=dict)
    """By a name that metrics and readiness tell them by."""
    close: Callable[[], Awaitable[None]] = _nothing


@dataclass(frozen=True, kw_only=True)
class Service:
    name: str
    build: Callable[[Context], Awaitable[Parts]]
