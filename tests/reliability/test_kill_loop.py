"""Services that are killed again and again, at any moment: nothing is lost, cut short or published twice."""

import asyncio
import os
import random
import time

import pytest

from darkchannel import pipeline
from tests.reliability.books import book
from tests.reliability.fleet import Fleet
from tests.reliability.served import Served

pytestmark = pytest.mark.docker

SHORTEST, LONGEST = 0.2, 1.0
"""Seconds from one kill to the next."""
STARTING = 0.1
"""The share of kills that may meet a process which takes no work yet."""
AT_ONCE = 2
"""Processes that may be starting at a kill: so the others work together, however slowly one starts."""
UNDER_WAY = 10
"""Jobs that are looked at after each kill."""
SEED = "DARKCHANNEL_SEED"


async def test_thirty_kills_lose_nothing(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():  # the figures are wanted when it passes, the seed when it hangs
        await _kill_and_judge(fleet, kills=30, documents=6)


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_a_thousand_kills_lose_nothing(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():  # the figures are wanted when it passes, the seed when it hangs
        await _kill_and_judge(fleet, kills=1000, documents=200)


async def _kill_and_judge(fleet: Fleet, *, kills: int, documents: int) -> None:
    seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(1 << 32))
    print(f"{SEED}={seed}")  # the same seed kills after the same times, and much the same services
    started = time.monotonic()
    await fleet.start_all(*pipeline.SERVICES)

    closed = await _kill(fleet, random.Random(seed), kills, documents)
    spoken = fleet.syntheses
    await asyncio.gather(*(served.ready() for served in fleet.served))
    await fleet.until_closed(within=300)
    verdict = await fleet.verdict()

    print(
        f"{kills} kills, {verdict.jobs} jobs ({closed} closed between kills), {verdict.segments} segments, "
        f"{verdict.duplicates} duplicate syntheses ({verdict.chunks - verdict.segments} of them brought to the store), "
        f"{verdict.publications - verdict.jobs} repeated publications, "
        f"{time.monotonic() - started:.0f} s"
    )
    assert verdict.jobs == documents
    assert spoken, "nothing was under way while services were killed: the loop proves nothing"


async def _kill(fleet: Fleet, rng: random.Random, kills: int, documents: int) -> int:
    """Kill so often, with documents dropped from the first kill to the last; returns how many jobs closed meanwhile."""
    closed: set[str] = set()
    for kill in range(kills):
        while len(fleet.dropped) < documents * (kill + 1) / kills:
            number = len(fleet.dropped)
            await fleet.drop(f"livro-{number:04d}.md", book(number))
        await asyncio.sleep(rng.uniform(SHORTEST, LONGEST))
        victim = await _victim(fleet, rng)
        await victim.kill()
        await fleet.restart(victim)
        for job in [job for job in fleet.dropped if job not in closed][:UNDER_WAY]:
            if await fleet.is_closed(job):
                closed.add(job)
    return len(closed)


async def _victim(fleet: Fleet, rng: random.Random) -> Served:
    """One that takes work; now and then any, one that is just starting too.

    A busy machine may start them more slowly than we would kill, and who never works has nothing to lose.
    """
    while len(starting := [served for served in fleet.served if not served.is_ready]) > AT_ONCE:
        await starting[0].ready()
    if rng.random() < STARTING:
        return rng.choice(fleet.served)
    return rng.choice([served for served in fleet.served if served.is_ready])
