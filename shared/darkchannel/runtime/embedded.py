"""The whole pipeline in one process, on a folder and an in-process bus: the same services, the same runtime."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from darkchannel import pipeline
from darkchannel.errors import Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.messaging.memory import MemoryBus
from darkchannel.messaging.topology import RETRY_DELAYS
from darkchannel.runtime.compute import ProcessCompute
from darkchannel.runtime.registry import load
from darkchannel.runtime.runner import Runner
from darkchannel.runtime.service import Context, Service, utc_now
from darkchannel.runtime.waiting import Process, Stopped, until_there
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.jobs import Jobs

DRAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a caller of ``embedded`` works with."""

    store: FolderStore
    bus: MemoryBus
    jobs: Jobs
    process: Process


def route(bus: MemoryBus) -> Callable[[ObjectCreated], None]:
    """What a store calls for each new object: MinIO's bucket notifications, without MinIO."""

    def created(event: ObjectCreated) -> None:
        for stage in pipeline.stages_for(event.bucket, event.key):
            try:
                bus.put(stage.queue, event.encode())
            except Unavailable:
                # Closed: the object is durable, and the reconciler of the next start finds it.
                return

    return created


async def _tended(store: FolderStore, process: Process, *, drops: bool) -> None:
    """Sweep the folder and take in what is dropped; a disk that is full or read-only meanwhile is waited for."""

    async def attempt(look: Callable[[], Awaitable[None]]) -> None:
        await until_there("inbox", look, process)

    with suppress(Stopped):
        await attempt(store.sweep)
        if drops:
            await store.watch(process.stop.event, attempt)


@asynccontextmanager
async def embedded(
    root: Path,
    *,
    services: Sequence[Service] | None = None,
    workers: int | None = None,
    retry_delays: tuple[float, ...] = RETRY_DELAYS,
    drain: float = DRAIN_SECONDS,
    drops: bool = True,
) -> AsyncIterator[Embedded]:
    """Run every service while inside; documents dropped into the inbox folder are taken in, unless not ``drops``.

    Leaving lets work under way end within ``drain`` seconds; the rest is found at the next start. ``workers``
    bounds the processes beside this one. Raises Permanent where a service is not installed, and what a side
    task died of.
    """
    owner = asyncio.current_task()
    assert owner
    process = Process()
    async with AsyncExitStack() as stack:
        bus = MemoryBus(retry_delays=retry_delays)
        store = FolderStore(root, on_created=route(bus))
        compute = ProcessCompute(workers)
        for close in (store.close, compute.close, bus.close):
            stack.push_async_callback(close)
        jobs = Jobs(store, utc_now)
        context = Context(
            store=store,
            jobs=jobs,
            bus=bus,
            clock=utc_now,
            compute=compute,
            metrics=process.metrics,
            stop=process.stop,
        )
        runner = Runner(
            context=context,
            services=load(pipeline.SERVICES) if services is None else services,
            process=process,
            retry_delays=retry_delays,
            on_failure=owner.cancel,
        )
        try:
            await runner.start()
            runner.side_task(_tended(store, process, drops=drops))
            yield Embedded(store, bus, jobs, process)
        except asyncio.CancelledError:
            if runner.failure is None:
                raise
            owner.uncancel()
        finally:
            await runner.drain(drain)
    if runner.failure:
        raise runner.failure
