"""Between the bus and a service's handler: decides, from how the handler ended, what becomes of the message."""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

import structlog
from structlog.contextvars import bound_contextvars

from darkchannel import keys
from darkchannel.errors import DISK_FULL, Crowded, DarkChannelError, Permanent, Transient, Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.messaging.port import Ack, DeadLetter, Delivery, Requeue, Retry, Settlement
from darkchannel.pipeline import Stage
from darkchannel.runtime.service import RETURNED, Handler
from darkchannel.runtime.waiting import Process, backoff
from darkchannel.storage.jobs import Jobs

log = structlog.get_logger(__name__)

HOLD_SECONDS = 600.0
"""How long a message is held while something is away; well under RabbitMQ's 30 minutes for a settlement."""
POISON = 50
"""Returns after which a message is not handled again.

Below the broker's limit, which would set the message aside and leave its run waiting. Not near one: a process that
is killed also returns what it had only begun beside the message that killed it, and so does a lost connection.
"""
SUSPECT = 3
"""Returns after which a message that must wait keeps their number: what merely waited beside a culprit has mostly lost
it by then."""


class Worker:
    """The bus handler of one stage. ``retry_delays`` in seconds; one attempt more than there are delays."""

    def __init__(
        self,
        *,
        stage: Stage,
        handler: Handler,
        jobs: Jobs,
        process: Process,
        retry_delays: Sequence[float],
        pauses: Callable[[], Iterator[float]] = backoff,
    ) -> None:
        self._stage = stage
        self._handler = handler
        self._jobs = jobs
        self._stop = process.stop
        self._health = process.health
        self._metrics = process.metrics
        self._retry_delays = retry_delays
        self._pauses = pauses
        self._under_way: dict[tuple[str | None, str], _Tries] = {}
        """By the job and the key of the object."""

    async def __call__(self, delivery: Delivery) -> Settlement:
        name = self._stage.name
        started = time.monotonic()
        with self._metrics.in_flight.labels(name).track_inprogress():
            settlement = await self._settlement(delivery)
        self._metrics.seconds.labels(name).observe(time.monotonic() - started)
        self._metrics.messages.labels(name, type(settlement).__name__.lower()).inc()
        return settlement

    async def _settlement(self, delivery: Delivery) -> Settlement:
        try:
            event = ObjectCreated.decode(delivery.body)
        except Permanent as error:
            log.warning("unreadable message", stage=self._stage.name, reason=str(error))
            return DeadLetter(str(error))
        if not self._stage.wants(event.bucket, event.key):
            reason = f"{event.bucket}/{event.key} is no object that {self._stage.name} works on"
            log.warning("misdirected message", stage=self._stage.name, reason=reason)
            return DeadLetter(reason)
        job = job_of(event)
        told = {"service": self._stage.service, "stage": self._stage.name, "job": job, "key": event.key}
        with bound_contextvars(**told, attempt=delivery.attempt), self._counted((job, event.key), delivery) as tries:
            return await self._hold(delivery, event, job, tries)

    @contextmanager
    def _counted(self, about: tuple[str | None, str], delivery: Delivery) -> Iterator["_Tries"]:
        tries = self._under_way.setdefault(about, _Tries())
        tries.messages += 1
        tries.attempt = max(tries.attempt, delivery.attempt)
        try:
            yield tries
        finally:
            tries.messages -= 1
            if not tries.messages:
                del self._under_way[about]

    async def _hold(self, delivery: Delivery, event: ObjectCreated, job: str | None, tries: "_Tries") -> Settlement:
        """Try in place while something is away: no attempt is burnt, and readiness says what is awaited."""
        RETURNED.set(0 < delivery.returns < SUSPECT)
        held_until = time.monotonic() + HOLD_SECONDS  # a try may take long itself
        what = f"{self._stage.name} {event.key}"
        try:
            for pause in self._pauses():
                try:
                    return await self._attempt(delivery, event, job, tries)
                except Unavailable as error:
                    if time.monotonic() >= held_until:
                        break
                    self._health.against(what, str(error))
                    self._metrics.waits.labels(self._stage.name).inc()
                    log.warning("waiting", reason=str(error), seconds=round(pause, 1))
                if await self._stop.within(pause):
                    break
            return Requeue(tries.attempt)
        finally:
            self._health.against(what, None)

    async def _attempt(self, delivery: Delivery, event: ObjectCreated, job: str | None, tries: "_Tries") -> Settlement:
        if delivery.returns >= POISON:
            reason = _poison(delivery, event)
            log.error("given up", reason=reason)
            return await self._give_up(event, job, reason)
        try:
            with disk_waited_for():
                await self._handler(event)
        except Unavailable:
            raise
        except Crowded as error:
            log.debug("gives way", reason=str(error))
            return Requeue(tries.attempt)
        except Permanent as error:
            log.warning("failed for good", reason=str(error))
            return Ack() if await self._fail(event, job, str(error)) else DeadLetter(str(error))
        except Exception as error:
            # An error nobody foresaw is tried again like a foreseen one: it may well be the moment's.
            foreseen = isinstance(error, Transient)
            reason = str(error) if foreseen else f"unexpected {type(error).__name__}: {error}"
            log.warning("attempt failed", reason=reason, exc_info=not foreseen)
            if tries.attempt <= len(self._retry_delays):
                return Retry(self._retry_delays[tries.attempt - 1], tries.attempt + 1, _cause(error, reason))
            return await self._give_up(event, job, reason)
        return Ack()

    async def _give_up(self, event: ObjectCreated, job: str | None, reason: str) -> Settlement:
        await self._fail(event, job, reason)
        return DeadLetter(reason)

    async def _fail(self, event: ObjectCreated, job: str | None, reason: str) -> bool:
        """Fail the run under way; False where there is none that this could fail."""
        if job is None or not self._stage.ends_runs:
            return False
        what = f"{self._stage.name}-{PurePosixPath(event.key).stem}" if event.bucket == keys.JOBS else self._stage.name
        # An event of a run concerns no other; what else fails, fails the run under way.
        about = keys.parse_run(event.key)
        try:
            await self._jobs.fail(job, reason, what=what, run=about.run if about else None)
        except Permanent as error:  # its records are unreadable themselves
            log.warning("the run cannot be failed", reason=str(error))
            return False
        return True


@dataclass(slots=True)
class _Tries:
    """Messages under way about one object: a handler may leave one to another, which then answers for both.

    Otherwise hints, which are first attempts, could for ever stand in for the last one that ends a run.
    """

    messages: int = 0
    attempt: int = 1
    """The latest."""


@contextmanager
def disk_waited_for() -> Iterator[None]:
    """A disk of this machine that takes nothing more is away like a server: its work waits, and fails no run."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        where = f" ({error.filename})" if error.filename else ""
        raise Unavailable(f"the disk here{where} takes nothing more: {error.strerror}; free some space") from error


def _cause(error: Exception, reason: str) -> str:
    """The reason without the segment or section that met it: many wait for the same."""
    return str(error.__cause__) if isinstance(error.__cause__, DarkChannelError) else reason


def _poison(delivery: Delivery, event: ObjectCreated) -> str:
    return (
        f"the handling of {event.key} ended its process, or lost its connection, {delivery.returns} times: "
        "perhaps for lack of memory; give the service more, then retry the job"
    )


def job_of(event: ObjectCreated) -> str | None:
    """The job an event is about: named by its key, or by the version of its document."""
    if event.bucket == keys.INBOX:
        return keys.job_id(event.bucket, event.key, event.version) if event.version else None
    first = event.key.partition("/")[0]
    try:
        return first if event.bucket == keys.JOBS and str(uuid.UUID(first)) == first else None
    except ValueError:
        return None
