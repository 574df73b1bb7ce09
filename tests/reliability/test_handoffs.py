"""Recordings dropped while the notifier is killed and OmniPlay fails a third of the time: each becomes one ticket."""

import asyncio
import os
import random
import time
from collections.abc import Iterator

import aiohttp.web
import pytest
from aiohttp.test_utils import TestServer

from darkchannel import keys, pipeline
from darkchannel.jobs.deliveries import Delivery
from darkchannel.jobs.metadata import Chunks, Metadata
from darkchannel.jobs.runs import Opened
from darkchannel.runtime.service import utc_now
from tests.omniplay import Manner, OmniPlay, environment, omniplay
from tests.recordings import clip
from tests.reliability.fleet import Fleet
from tests.reliability.served import BOUND

pytestmark = pytest.mark.docker

SEED = "DARKCHANNEL_SEED"
NOTIFIER = "handoff-notifier"
JOB = "0b6c6b2e-6a1c-5b0e-9a7e-3d1f6f0c2a11"
FAILURES: tuple[Manner, ...] = ("error", "busy", "conflict", "reset", "slow")
SHORTEST, LONGEST = 0.3, 1.0
"""Seconds from one kill to the next."""
UNDER_WAY = 1.0
"""Seconds that a try takes at most, and its receipt."""
ENVIRONMENT = {
    "OMNIPLAY_TIMEOUT_SECONDS": f"{UNDER_WAY:g}",
    "TRANSCRIPT_GRACE_SECONDS": "0",
    "WEBHOOK_RETRY_DELAYS": ",".join(["0.2", "0.5", *["1"] * 40]),
    "RECORDINGS_POLL_SECONDS": "0.5",
}


async def test_five_kills_double_no_ticket(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():  # the figures are wanted when it passes, the seed when it hangs
        await _kill_and_judge(fleet, kills=5, recordings=60)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_fifty_kills_double_no_ticket(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():  # the figures are wanted when it passes, the seed when it hangs
        await _kill_and_judge(fleet, kills=50, recordings=1000)


async def test_a_webhook_hears_how_far_a_job_is(fleet: Fleet) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(request: aiohttp.web.Request) -> aiohttp.web.Response:
        heard.put_nowait((await request.json())["event_type"])
        return aiohttp.web.Response()

    app = aiohttp.web.Application()
    app.router.add_post("/hook", hear)
    async with TestServer(app) as server:
        fleet.env |= {"WEBHOOK_ALLOWED_HOSTS": f"127.0.0.1:{server.port}"}
        await fleet.start_all(NOTIFIER)
        now = utc_now()
        opened = Opened(reason="accepted", at=now, layers=({"webhook_url": str(server.make_url("/hook"))},))
        metadata = Metadata(
            job_id=JOB, status="processing", created_at=now, updated_at=now, chapter_title="", run=1, sequence=1,
            chunks=Chunks(total=10, completed=3, failed=0),
        )  # fmt: skip
        for key, told in ((keys.run_event(JOB, 1, "opened"), opened), (keys.metadata(JOB), metadata)):
            await fleet.store.put(keys.JOBS, key, told.model_dump_json().encode())
        async with asyncio.timeout(BOUND):
            events = [await heard.get() for _ in range(3)]
        await fleet.stop()
    assert events == ["task.created", "task.started", "task.progress"]


async def _kill_and_judge(fleet: Fleet, *, kills: int, recordings: int) -> None:
    seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(1 << 32))
    print(f"{SEED}={seed}")
    rng = random.Random(seed)
    started = time.monotonic()

    def manner() -> Manner:
        return rng.choice(FAILURES) if rng.random() < 1 / 3 else rng.choice(("created", "ok", "garbage"))

    async with omniplay(manner) as peer:
        fleet.env |= environment(peer) | ENVIRONMENT
        await fleet.start_all(NOTIFIER, NOTIFIER, pipeline.RECONCILER)
        names = _names(recordings)
        killed = await _kill(fleet, rng, kills, names)
        receipts = await _until_told(fleet, names)
        await fleet.stop()

    assert not peer.wrong, peer.wrong[:5]
    assert {receipt.state for receipt in receipts} == {"delivered"}
    assert {receipt.id for receipt in receipts} == {*peer.tickets}, "each recording has its ticket"
    assert len(peer.tickets) == recordings
    doubled = {ticket for ticket, count in peer.tickets.items() if count > 1}
    failed = len(peer.received) - peer.tickets.total()
    print(
        f"{recordings} recordings, {kills} kills, {failed} failed tries, {len(peer.tickets)} tickets, "
        f"{len(doubled)} doubled, {time.monotonic() - started:.0f} s"
    )
    assert failed, "OmniPlay never failed: the loop proves nothing"
    for ticket in doubled:
        assert _was_killed_between(peer, ticket, killed), f"{ticket} was doubled, and no kill explains it"


def _was_killed_between(peer: OmniPlay, ticket: str, killed: list[float]) -> bool:
    """Whether a notifier was killed, near each acceptance but the last, between sending and writing the receipt."""
    accepted = [item.at for item in peer.received if item.id == ticket and item.manner in ("created", "ok", "garbage")]
    return all(any(abs(kill - at) <= UNDER_WAY for kill in killed) for at in accepted[:-1])


async def _kill(fleet: Fleet, rng: random.Random, kills: int, names: list[str]) -> list[float]:
    """Kill a notifier so often while recordings come in from the first kill to the last; returns when."""
    left: Iterator[str] = iter(names)
    killed = []
    for _ in range(kills):
        for _ in range(-(-len(names) // kills)):
            if name := next(left, None):
                await fleet.record(name, clip())
        await asyncio.sleep(rng.uniform(SHORTEST, LONGEST))
        victim = rng.choice(fleet.of(NOTIFIER))
        killed.append(time.time())
        await victim.kill()
        await fleet.restart(victim)
    return killed


async def _until_told(fleet: Fleet, names: list[str]) -> list[Delivery]:
    """The receipts of all recordings, as soon as there are that many."""
    receipts: dict[str, Delivery] = {}
    async with asyncio.timeout(BOUND + len(names) / 4):
        while len(receipts) < len(names):
            for name in names:
                if name in receipts:
                    continue
                found = await fleet.store.get(keys.JOBS, keys.receipt(name))
                delivery = Delivery.read(found.body) if found else None
                if delivery and delivery.is_receipt:
                    receipts[name] = delivery
            await asyncio.sleep(0.2)  # other processes write them
    return [*receipts.values()]


def _names(count: int) -> list[str]:
    day = time.strftime("%Y/%m/%d", time.gmtime())
    return [f"company_{1 + number % 3}/voice/{day}/call-{number:04d}.wav" for number in range(count)]
