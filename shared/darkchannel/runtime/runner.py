"""Runs services: builds them, connects their stages to the bus, repeats their rounds, and ends all of it in order."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import TypeVar

import structlog
from structlog.contextvars import bound_contextvars

from darkchannel import pipeline
from darkchannel.errors import DarkChannelError, Unavailable
from darkchannel.messaging.port import Consumer
from darkchannel.runtime.consumer import Worker
from darkchannel.runtime.service import Context, Parts, Round, Service
from darkchannel.runtime.waiting import Process, backoff, until_there

T = TypeVar("T")

log = structlog.get_logger(__name__)

PREFETCH = 16
ROUND_SECONDS = 600.0
"""A round that takes longer is ended; it only repeats what the next one does."""
CLOSE_SECONDS = 10.0


class Runner:
    """``retry_delays`` in seconds. ``on_failure`` is called when a side task died, after ``failure`` was set."""

    def __init__(
        self,
        *,
        context: Context,
        services: Sequence[Service],
        process: Process,
        retry_delays: Sequence[float],
        on_failure: Callable[[], object],
    ) -> None:
        self.failure: BaseException | None = None
        self._context = context
        self._services = services
        self._process = process
        self._retry_delays = retry_delays
        self._on_failure = on_failure
        self._parts: list[tuple[Service, Parts]] = []
        self._consumers: list[Consumer] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Build every service and let it work. Raises Stopped where the process is to stop first."""
        for service in self._services:
            parts = await self._wait_for(service.name, partial(service.build, self._context))
            self._parts.append((service, parts))
            for stage in pipeline.stages_of(service.name):
                await self._consume(stage, parts)
            for name, one_round in parts.rounds.items():
                self.side_task(self._repeat(service.name, name, one_round))

    def side_task(self, work: Coroutine[None, None, None]) -> None:
        """Run ``work`` beside the services; should it raise, the process stops."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    async def drain(self, seconds: float) -> None:
        """Take no more work, let what is under way finish within ``seconds``, give back the rest, close."""
        self._process.stop.set()
        self._process.health.against("stopping", "the process is stopping")
        await asyncio.gather(*(consumer.stop(seconds) for consumer in self._consumers), self._end_tasks(seconds))
        for service, parts in self._parts:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await parts.close()
            except Exception:  # whatever it is, the other services are still to be closed
                log.warning("a service did not close", service=service.name, exc_info=True)

    async def _consume(self, stage: pipeline.Stage, parts: Parts) -> None:
        worker = Worker(
            stage=stage,
            handler=parts.handlers[stage.name],
            jobs=self._context.jobs,
            process=self._process,
            retry_delays=self._retry_delays,
        )
        prefetch, spare = parts.prefetch.get(stage.name, PREFETCH), parts.spare.get(stage.name, 0)
        consume = partial(self._context.bus.consume, stage.queue, worker, prefetch=prefetch, spare=spare)
        self._consumers.append(await self._wait_for("broker", consume))

    async def _wait_for(self, what: str, reach: Callable[[], Awaitable[T]]) -> T:
        return await until_there(what, reach, self._process)

    async def _repeat(self, service: str, name: str, one_round: Round) -> None:
        what = f"round of {name}"
        pauses = backoff(one_round.pause)
        pause = 0.0
        with bound_contextvars(service=service, stage=what):
            while not await self._process.stop.within(pause):
                reason = await self._try_round(one_round.look)
                self._process.health.against(what, reason)
                self._process.metrics.rounds.labels(name, "failed" if reason else "done").inc()
                if reason is None:
                    pauses, pause = backoff(one_round.pause), one_round.pause
                else:
                    pause = next(pauses)

    async def _try_round(self, look: Callable[[], Awaitable[None]]) -> str | None:
        """Why the round failed; None where it did not."""
        try:
            async with asyncio.timeout(ROUND_SECONDS):
                await look()
        except Unavailable as error:
            log.warning("waiting", reason=str(error))
            return str(error)
        except Exception as error:
            log.warning("a round failed", exc_info=not isinstance(error, DarkChannelError), reason=str(error))
            return str(error) or type(error).__name__
        return None

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            log.error("a side task died; stopping", exc_info=error)
            self.failure = error
            if not self._process.stop.is_set:
                self._process.stop.set()
                self._on_failure()

    async def _end_tasks(self, seconds: float) -> None:
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
