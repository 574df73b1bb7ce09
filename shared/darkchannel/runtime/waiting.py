"""Waiting for what is away: with back-off, until it is there or the process is to stop."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from darkchannel.errors import Unavailable
from darkchannel.runtime.health import Health
from darkchannel.runtime.metrics import Metrics

T = TypeVar("T")

Tell = Callable[[str | None], None]
"""Hears why something is away, and ``None`` when it is back."""

PROBE_PAUSE = 5.0
"""Seconds between two looks at whether something is still there."""
PROBE_SECONDS = 10.0
"""How long one look may take."""

log = structlog.get_logger(__name__)


class Stopped(Exception):
    """The process is to stop; what waits gives up."""


class Stop:
    """The wish that the process ends, and waits that end with it."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    def set(self) -> None:
        self.event.set()

    @property
    def is_set(self) -> bool:
        return self.event.is_set()

    async def within(self, seconds: float) -> bool:
        """Wait so long, or until the process is to stop; whether it is."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.event.wait(), seconds)
        return self.is_set


@dataclass(frozen=True, slots=True)
class Process:
    """What all parts of one process share: whether it is to stop, whether it is ready, what it counts."""

    stop: Stop = field(default_factory=Stop)
    health: Health = field(default_factory=Health)
    metrics: Metrics = field(default_factory=Metrics)


def backoff(first: float = 0.5, cap: float = 10.0) -> Iterator[float]:
    """Seconds to wait before each further try: doubling, capped, a quarter of each at random."""
    delay = first
    while True:
        yield delay * random.uniform(0.75, 1)  # noqa: S311  # jitter keeps no secret
        delay = min(cap, 2 * delay)


async def until_there(what: str, reach: Callable[[], Awaitable[T]], process: Process) -> T:
    """Try ``reach`` until it no longer raises Unavailable; readiness says meanwhile what is awaited.

    Raises Stopped when the process is to stop first.
    """
    for pause in backoff():
        try:
            found = await reach()
        except Unavailable as error:
            process.health.against(what, str(error))
            process.metrics.waits.labels(what).inc()
            log.warning("waiting", what=what, reason=str(error), seconds=round(pause, 1))
            if await process.stop.within(pause):
                raise Stopped from error
        else:
            process.health.against(what, None)
            return found
    raise AssertionError("back-off ended")


def teller(what: str, process: Process) -> Tell:
    """Have readiness say while ``what`` is away, and the log once when it goes, for another reason, and is back."""

    def tell(reason: str | None) -> None:
        known = process.health.reasons.get(what)
        process.health.against(what, reason)
        if reason and known is None:
            process.metrics.waits.labels(what).inc()
        if reason and reason != known:
            log.warning("waiting", what=what, reason=reason)
        elif known and not reason:
            log.info(f"the {what} is back")

    return tell


async def watch(what: str, probe: Callable[[], Awaitable[object]], process: Process) -> None:
    """Tell, until the process is to stop, while ``probe`` raises Unavailable or does not end in time.

    An idle process asks for nothing, and would count as ready while nothing it needs is there.
    """
    tell = teller(what, process)
    while not await process.stop.within(PROBE_PAUSE):
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await probe()
        except Unavailable as error:
            tell(str(error))
        except TimeoutError:
            tell(f"the {what} did not answer within {PROBE_SECONDS:g} s; the work goes on by itself when it does")
        except Exception as error:  # whatever a client raises on an odd answer, the look is only there to tell
            tell(f"the {what} gives no sound answer: {type(error).__name__}: {error}")
        else:
            tell(None)
