"""A thousand runs end and are told to a hundred receivers of which some hang: what the others notice of it.

The real notifier over the store and the bus in memory, and real HTTP on loopback. Runs end at a steady pace which
one core can follow: it is the waiting for others that is measured, not how fast this machine is.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import aiohttp.web
import structlog

from darkchannel import keys
from darkchannel.jobs.runs import Closed, Opened, Outcome, State
from darkchannel.messaging.memory import MemoryBus
from darkchannel.messaging.topology import RETRY_DELAYS
from darkchannel.runtime.compute import ProcessCompute
from darkchannel.runtime.embedded import route
from darkchannel.runtime.runner import Runner
from darkchannel.runtime.service import Context, utc_now
from darkchannel.runtime.waiting import Process
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from services.handoff_notifier import SERVICE

RECEIVERS = 100
HANGING = 10
RUNS = 1_000
PACE_SECONDS = 0.02
"""From the end of one run to that of the next."""
MOST_RATIO = 1.5
LIMIT_SECONDS = 120.0
TOLD = 'task.failed"'


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Milliseconds from a run's being closed to the arrival of its last webhook, 95th percentile."""

    alone: float
    """With all receivers in order, of those that never hang."""
    beside: float
    """Of the same ones while the others hang."""

    @property
    def ratio(self) -> float:
        return self.beside / self.alone


def measure() -> Webhooks:
    return Webhooks(alone=asyncio.run(_p95(hanging=0)), beside=asyncio.run(_p95(hanging=HANGING)))


async def _p95(*, hanging: int) -> float:
    """Of the runs whose receivers never hang."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    loop = asyncio.get_running_loop()
    arrived: dict[str, asyncio.Future[float]] = defaultdict(loop.create_future)
    closed: dict[str, float] = {}
    async with _receivers(hanging, arrived) as ports:
        bus = MemoryBus()
        store = MemoryStore(clock=utc_now, on_created=route(bus))
        compute = ProcessCompute(1)
        with _allowed(ports):
            process = Process()
            runner = Runner(
                context=Context(
                    store=store, jobs=Jobs(store, utc_now), bus=bus, clock=utc_now, compute=compute, stop=process.stop
                ),
                services=[SERVICE],
                process=process,
                retry_delays=RETRY_DELAYS,
                on_failure=_nothing,
            )
            await runner.start()
        try:
            for number in range(RUNS):
                job = keys.job_id(keys.INBOX, str(number), "")
                if number % RECEIVERS >= HANGING:
                    closed[job] = loop.time()
                await _end(store, job, ports[number % RECEIVERS])
                await asyncio.sleep(PACE_SECONDS)
            async with asyncio.timeout(LIMIT_SECONDS):
                taken = sorted([await arrived[job] - at for job, at in closed.items()])
        finally:
            await runner.drain(0)
            await bus.close()
            await compute.close()
    return 1_000 * taken[round(0.95 * (len(taken) - 1))]


async def _end(store: MemoryStore, job: str, port: int) -> None:
    """A run that was opened with a webhook, and failed."""
    now = utc_now()
    opened = Opened(reason="accepted", at=now, layers=({"webhook_url": f"http://127.0.0.1:{port}/hook"},))
    outcome = Outcome(status=State.FAILED, at=now, reason="a benchmark")
    for event, body in (("opened", opened), ("outcome", outcome), ("closed", Closed(status=State.FAILED, at=now))):
        await store.put(keys.JOBS, keys.run_event(job, 1, event), body.model_dump_json().encode())


@asynccontextmanager
async def _receivers(hanging: int, arrived: Mapping[str, asyncio.Future[float]]) -> AsyncIterator[list[int]]:
    """Their ports; the first ``hanging`` of them take a request and say nothing."""
    loop = asyncio.get_running_loop()
    ports: list[int] = []

    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        body = await request.text()
        if request.url.port in ports[:hanging]:
            await asyncio.Event().wait()
        told = arrived[request.headers["webhook-id"].partition(".")[0]]
        if TOLD in body and not told.done():
            told.set_result(loop.time())
        return aiohttp.web.Response()

    app = aiohttp.web.Application()
    app.router.add_post("/hook", answer)
    runner = aiohttp.web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        for _ in range(RECEIVERS):
            await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
        ports += [address[1] for address in runner.addresses]
        yield ports
    finally:
        await runner.cleanup()


@contextmanager
def _allowed(ports: list[int]) -> Iterator[None]:
    """The notifier's settings while it is built: these receivers are the operator's own."""
    settings: Mapping[str, str] = {"WEBHOOK_ALLOWED_HOSTS": ",".join(f"127.0.0.1:{port}" for port in ports)}
    with patch.dict("os.environ", settings):
        yield


def _nothing() -> None:
    pass
