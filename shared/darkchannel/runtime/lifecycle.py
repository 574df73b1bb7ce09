"""The life of a service's process: ``darkchannel serve``."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

import structlog

from darkchannel import keys
from darkchannel.errors import Permanent
from darkchannel.messaging.rabbitmq import RabbitBus
from darkchannel.runtime import failpoints, logs
from darkchannel.runtime.compute import ProcessCompute
from darkchannel.runtime.health import served
from darkchannel.runtime.registry import load
from darkchannel.runtime.runner import Runner
from darkchannel.runtime.service import Context, utc_now
from darkchannel.runtime.settings import Settings, open_store
from darkchannel.runtime.waiting import Process, Stopped, teller, until_there, watch
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import ObjectStore

log = structlog.get_logger(__name__)


async def serve(names: Sequence[str], settings: Settings) -> None:
    """Run services until SIGTERM or SIGINT, then drain; returns when all is closed.

    Raises Permanent where the settings cannot work, and what a side task died of.
    """
    logs.configure(settings)
    services = load(names)
    _check(settings)
    process = Process()
    process.health.against("starting", "the process is starting")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stop.set)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(
            served(process.health, process.metrics, host=settings.health_host, port=settings.health_port)
        )
        log.info("starting", services=names, health_port=port)
        runner: Runner | None = None
        try:
            context = await _connect(stack, names, settings, process)
            runner = Runner(
                context=context,
                services=services,
                process=process,
                retry_delays=settings.darkchannel_retry_delays,
                on_failure=process.stop.set,
            )
            await runner.start()
            runner.side_task(watch("store", partial(_look, context.store), process))
            process.health.against("starting", None)
            log.info("ready", services=names)
            await process.stop.event.wait()
        except Stopped:
            pass
        finally:
            if runner:
                log.info("draining", seconds=settings.drain_seconds)
                await runner.drain(settings.drain_seconds)
    log.info("stopped")
    if runner and runner.failure:
        raise runner.failure


def _check(settings: Settings) -> None:
    missing = [
        name
        for name, value in (
            ("MINIO_ENDPOINT", settings.minio_endpoint),
            ("RABBITMQ_URL", settings.rabbitmq_url.get_secret_value()),
        )
        if not value
    ]
    if missing:
        raise Permanent(
            f"{' and '.join(missing)} must be set for services that run on their own; "
            "`darkchannel narrate` and `darkchannel watch` need neither"
        )


async def _connect(stack: AsyncExitStack, names: Sequence[str], settings: Settings, process: Process) -> Context:
    """Reach store and broker, waiting for either. Raises Stopped where the process is to stop first."""

    async def reach_broker() -> RabbitBus:
        bus = await RabbitBus.connect(
            settings.rabbitmq_url.get_secret_value(),
            name=f"darkchannel {' '.join(names)}",
            retry_delays=settings.darkchannel_retry_delays,
            watch=teller("broker", process),
        )
        try:
            await bus.declare()
        except BaseException:
            await bus.close()
            raise
        return bus

    failpoint = failpoints.from_environment()
    store = open_store(settings)
    stack.push_async_callback(store.close)
    await until_there("store", partial(_look, store), process)
    bus = await until_there("broker", reach_broker, process)
    stack.push_async_callback(bus.close)
    compute = ProcessCompute()
    stack.push_async_callback(compute.close)
    context = Context(
        store=store,
        jobs=Jobs(store, utc_now),
        bus=bus,
        clock=utc_now,
        compute=compute,
        metrics=process.metrics,
        stop=process.stop,
    )
    return failpoint.around(context) if failpoint else context


async def _look(store: ObjectStore) -> None:
    """Raise Unavailable unless the store answers this user: a listing, since a refused HEAD does not say why."""
    async for _ in store.list(keys.JOBS, "probe/"):
        return
