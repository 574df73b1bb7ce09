"""From a recording's upload to OmniPlay's hearing of it: a MinIO and a RabbitMQ of their own, real services."""

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from darkchannel import pipeline
from darkchannel.jobs.recordings import Call
from tests.benchmarks.stack import NotRunning
from tests.omniplay import OmniPlay, environment, omniplay
from tests.recordings import clip
from tests.reliability import stack
from tests.reliability.fleet import Fleet
from tests.servers import docker_problem

MOST_P50, MOST_P95 = 60.0, 150.0
"""Milliseconds; asked."""
WARM_UP = 10
LIMIT_SECONDS = 30.0
TRANSCRIPT = b'[{"role": "user", "text": "Bom dia, quero saber do meu pedido.", "timestamp": 0}]'


@dataclass(frozen=True, slots=True)
class Handoffs:
    """Milliseconds from the begin of the PUT to the POST's arrival, the transcript being there already."""

    p50: float
    p95: float
    worst: float
    uploads: int


def measure(uploads: int = 200) -> Handoffs:
    """Raises NotRunning where no Docker engine answers."""
    if problem := docker_problem():
        raise NotRunning(problem)
    with stack.started() as running, tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as folder:
        return asyncio.run(_measure(Fleet(running.servers, Path(folder)), uploads))


async def _measure(fleet: Fleet, uploads: int) -> Handoffs:
    async with omniplay() as peer:
        fleet.env |= environment(peer)
        try:
            await fleet.start_all("handoff-notifier", pipeline.RECONCILER)
            for number in range(WARM_UP):
                await _upload(fleet, peer, f"warm-up-{number}")
            taken = sorted([await _upload(fleet, peer, f"call-{number}") for number in range(uploads)])
            await fleet.stop()
        finally:
            await fleet.close()
    return Handoffs(
        p50=1_000 * statistics.median(taken),
        p95=1_000 * taken[round(0.95 * (len(taken) - 1))],
        worst=1_000 * taken[-1],
        uploads=uploads,
    )


async def _upload(fleet: Fleet, peer: OmniPlay, name: str) -> float:
    """Seconds from the begin of an upload to the POST that tells of it."""
    call = Call(5, time.strftime("%Y/%m/%d", time.gmtime()), name)

    await fleet.record(call.transcript("json"), TRANSCRIPT)
    began = time.time()
    await fleet.record(call.recording("wav"), clip(30))
    async with asyncio.timeout(LIMIT_SECONDS):
        return (await peer.arrivals.get()).at - began
