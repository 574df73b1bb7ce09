"""What happens to servers, networks and processes in a year: every document still becomes one whole audiobook."""

import asyncio
import json
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from darkchannel import keys, pipeline
from darkchannel.events import ObjectCreated
from darkchannel.messaging import topology
from tests.reliability import stack as stacks
from tests.reliability.books import book
from tests.reliability.fleet import BOUND, POLL_SECONDS, RETRY_DELAYS, Fleet, Servers
from tests.reliability.stack import Stack
from tests.reliability.verdict import Verdict

pytestmark = pytest.mark.docker

OUTAGE = 3.0
"""Seconds for which something is away."""
SILENCE = 3.5 * stacks.HEARTBEAT + 1
"""Seconds after which client and broker both take a peer for dead that gives no sign of life."""
SLOW = 100
"""Kilobytes a second."""
SOAK_SECONDS = 60
LONG = 300.0
"""Seconds that everything may take to end after a minute of faults."""
TWINS = ("synthesizer", "merger", "publisher")
"""Services that write what others read."""

SEED = 4

Blow = Callable[[Stack, Fleet], Awaitable[None]]
Condition = Callable[[Stack, Fleet], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with stacks.started() as stack:
        yield stack


@pytest.fixture(scope="module")
def servers(stack: Stack) -> Servers:
    """The fleet's, in place of those that other tests share: these are stopped and emptied."""
    return stack.servers


# -- blows: something breaks in mid-run, and is mended -----------------------------------------------------------------


async def rabbitmq_stops(stack: Stack, fleet: Fleet) -> None:
    await stack.stop_rabbitmq()
    await _drop(fleet)
    await asyncio.sleep(OUTAGE)
    await stack.start_rabbitmq()


async def rabbitmq_loses_its_queues(stack: Stack, fleet: Fleet) -> None:
    """As somebody deletes them in the management page: the connections stay."""
    plan = topology.plan(RETRY_DELAYS)
    async with await aio_pika.connect(stack.servers.broker) as connection:
        channel = await connection.channel()
        for queue in plan.queues:
            await channel.queue_delete(queue.name)
        for exchange in plan.exchanges:
            await channel.exchange_delete(exchange.name)


async def rabbitmq_loses_its_volume(stack: Stack, fleet: Fleet) -> None:
    await stack.replace_rabbitmq()


async def minio_stops(stack: Stack, fleet: Fleet) -> None:
    await stack.stop_minio()
    await asyncio.sleep(OUTAGE)
    await stack.start_minio()


async def both_stop(stack: Stack, fleet: Fleet) -> None:
    await asyncio.gather(stack.stop_minio(), stack.stop_rabbitmq())
    await asyncio.sleep(OUTAGE)
    await stack.start_minio()
    await stack.start_rabbitmq()


async def connections_are_cut(stack: Stack, fleet: Fleet) -> None:
    for _ in range(4):
        for proxy in (stack.store, stack.broker):
            proxy.cut()
            await asyncio.sleep(OUTAGE / 8)


async def connections_are_refused(stack: Stack, fleet: Fleet) -> None:
    for proxy in (stack.store, stack.broker):
        proxy.refuse()
        await _drop(fleet)
        await asyncio.sleep(OUTAGE)
        proxy.pass_on()


async def connections_are_slow(stack: Stack, fleet: Fleet) -> None:
    for proxy in (stack.store, stack.broker):
        proxy.slow(SLOW)
    await _drop(fleet)
    await asyncio.sleep(2 * OUTAGE)
    for proxy in (stack.store, stack.broker):
        proxy.pass_on()


async def the_broker_hangs(stack: Stack, fleet: Fleet) -> None:
    stack.broker.hang()
    await _drop(fleet)
    await asyncio.sleep(SILENCE)
    stack.broker.pass_on()


async def the_store_hangs(stack: Stack, fleet: Fleet) -> None:
    stack.store.hang()
    await _drop(fleet)
    await asyncio.sleep(OUTAGE)
    stack.store.pass_on()


async def processes_sleep_past_the_heartbeat(stack: Stack, fleet: Fleet) -> None:
    """Their messages go to others meanwhile; texts are edited too, and what sleepers still write is out of date."""
    sleepers = [fleet.of(service)[0] for service in TWINS]
    for served in sleepers:
        served.send(signal.SIGSTOP)
    await _edit(fleet, list(fleet.dropped)[-1])
    await _drop(fleet)
    await asyncio.sleep(SILENCE)
    for served in sleepers:
        served.send(signal.SIGCONT)


BLOWS: tuple[Blow, ...] = (
    rabbitmq_stops,
    rabbitmq_loses_its_queues,
    rabbitmq_loses_its_volume,
    minio_stops,
    both_stop,
    connections_are_cut,
    connections_are_refused,
    connections_are_slow,
    the_broker_hangs,
    the_store_hangs,
    processes_sleep_past_the_heartbeat,
)


SAMPLE: tuple[Blow, ...] = (
    rabbitmq_loses_its_queues,
    rabbitmq_loses_its_volume,
    minio_stops,
    connections_are_cut,
    connections_are_slow,
    processes_sleep_past_the_heartbeat,
)


def _named(function: object) -> str:
    return getattr(function, "__name__", "").strip("_").replace("_", "-")


async def test_blow_after_blow_loses_nothing(fleet: Fleet, stack: Stack) -> None:
    await _suffer(fleet, stack, SAMPLE)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("blow", BLOWS, ids=_named)
async def test_a_minute_loses_nothing_in_which(fleet: Fleet, stack: Stack, blow: Blow) -> None:
    await _suffer(fleet, stack, [blow], SOAK_SECONDS)


async def _suffer(fleet: Fleet, stack: Stack, blows: Sequence[Blow], seconds: float = 0) -> None:
    """Strike while documents are under way, each blow once and again for so long; then judge."""
    began = time.monotonic()
    fleet.env |= stack.environment
    await fleet.start_all()
    await fleet.start_all(*TWINS)
    struck: Counter[str] = Counter()
    while struck.total() < len(blows) or time.monotonic() - began < seconds:
        await _drop(fleet)
        await _first_chunk(fleet, await _drop(fleet))
        blow = blows[struck.total() % len(blows)]
        await blow(stack, fleet)
        struck[_named(blow)] += 1
    await _end(fleet, began, ", ".join(f"{name} {count}x" for name, count in struck.items()))


# -- conditions: something is wrong all the time -----------------------------------------------------------------------


@asynccontextmanager
async def _every_event_comes_thrice(stack: Stack, fleet: Fleet) -> AsyncIterator[None]:
    """Once as it is, and twice more within a second, in any order."""
    rng = random.Random(SEED)
    copying: set[asyncio.Task[object]] = set()

    async def copy(message: AbstractIncomingMessage, channel: AbstractChannel) -> None:
        await asyncio.sleep(rng.random())
        # Straight to its queue, past the exchange: a copy is not copied.
        queue = pipeline.BY_NAME[message.routing_key or ""].queue
        again = aio_pika.Message(message.body, headers=message.headers, delivery_mode=message.delivery_mode)
        await channel.default_exchange.publish(again, queue)

    async with _hearing(stack) as (heard, channel):

        async def copy_all() -> None:
            while True:
                message = await heard.get()
                copying.update(asyncio.create_task(copy(message, channel)) for _ in range(2))

        task = asyncio.create_task(copy_all())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(*copying)


@asynccontextmanager
async def _nothing_is_announced(stack: Stack, fleet: Fleet) -> AsyncIterator[None]:
    await stack.be_silent()
    fleet.env["DARKCHANNEL_RECONCILE_AFTER_SECONDS"] = "0.5"
    try:
        async with _hearing(stack) as (heard, _):
            yield
            said = Counter(_event_name(heard.get_nowait()) for _ in range(heard.qsize()))
            assert set(said) == {"darkchannel:hint"}, said
    finally:
        await stack.announce()


@asynccontextmanager
async def _three_reconcilers_find_all_lost(stack: Stack, fleet: Fleet) -> AsyncIterator[None]:
    await fleet.start_all(pipeline.RECONCILER, pipeline.RECONCILER)
    for _ in range(3):
        await _drop(fleet)
    await fleet.lose_messages()
    yield


CONDITIONS = (_every_event_comes_thrice, _nothing_is_announced, _three_reconcilers_find_all_lost)


@pytest.mark.parametrize("condition", CONDITIONS, ids=_named)
async def test_all_becomes_of_documents_while(fleet: Fleet, stack: Stack, condition: Condition) -> None:
    await _work(fleet, stack, condition)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("condition", CONDITIONS, ids=_named)
async def test_all_becomes_of_documents_for_a_minute_while(fleet: Fleet, stack: Stack, condition: Condition) -> None:
    await _work(fleet, stack, condition, SOAK_SECONDS)


async def _work(fleet: Fleet, stack: Stack, condition: Condition, seconds: float = 0) -> None:
    """Narrate for so long, then edit a book that is done."""
    began = time.monotonic()
    fleet.env |= stack.environment
    async with condition(stack, fleet):
        await fleet.start_all()
        while len(fleet.dropped) < 3 or time.monotonic() - began < seconds:
            await _first_chunk(fleet, await _drop(fleet))
        await fleet.until_closed(within=LONG)
        await _published_once(fleet)
        job = next(iter(fleet.dropped))
        edits = await _edit(fleet, job)
        await _opened(fleet, job, run=2)
        await fleet.until_closed(within=LONG)
    await _end(fleet, began, _named(condition), edits)


GARBAGE = (
    b"",
    b"\xff\xfe",
    b"null",
    b"{}",
    b"not JSON",
    b'{"Records": []}',
    b'{"Records": [{"s3": null}]}',
    b'{"Records": [{"s3": {"bucket": {"name": "darkchannel-jobs"}, "object": {"key": 7}}}]}',
    b"[" * 100_000,
)
NOBODY = "4d3f1b0e-0000-5000-8000-000000000000"


async def test_events_of_nothing_are_put_aside_or_forgotten(fleet: Fleet, stack: Stack) -> None:
    began = time.monotonic()
    fleet.env |= stack.environment
    await fleet.start_all()
    job = await _drop(fleet)
    await _first_chunk(fleet, job)

    async with await aio_pika.connect(stack.servers.broker) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(pipeline.EXCHANGE, ensure=False)
        for stage in pipeline.STAGES:
            for body in (*GARBAGE, *(event.encode() for event in _strange(job))):
                await exchange.publish(aio_pika.Message(body), stage.name)

    other = await _drop(fleet)
    await fleet.until_closed([job, other])
    await _until_only_letters_are_left(fleet)
    for service in topology.SERVICES:
        assert (await fleet.depths())[topology.dead_queue(service)] >= len(GARBAGE)
    await fleet.lose_messages()
    await _end(fleet, began, "events of nothing")


def _strange(job: str) -> Iterator[ObjectCreated]:
    """Events of what is not there, of what is nobody's, and of what another stage works on."""
    for owner in (NOBODY, job):
        for key in (
            keys.segment(owner, 999_998),
            keys.chunk(owner, 999_998),
            keys.section_record(owner, 9_998),
            keys.manifest(owner, "0" * 16),
            keys.run_event(owner, 9_998, "outcome"),
            keys.run_event(owner, 9_998, "closed"),
            f"{owner}/segments/../plan.json",
            f"{owner}/segments/",
            f"{owner}/",
        ):
            yield ObjectCreated(keys.JOBS, key)
    yield ObjectCreated(keys.INBOX, "nada.md", "11111111-1111-4111-8111-111111111111")
    yield ObjectCreated(keys.INBOX, "nada.md", "no version")
    yield ObjectCreated(keys.INBOX, "nada.md")
    yield ObjectCreated(keys.INBOX, "")
    yield ObjectCreated(keys.OUTPUT, "nada.mp3")
    yield ObjectCreated("another-bucket", "nada.md", "11111111-1111-4111-8111-111111111111")
    yield ObjectCreated("", "")
    yield ObjectCreated(keys.INBOX, "n" * 3000, "11111111-1111-4111-8111-111111111111")


# -- what all of them do -----------------------------------------------------------------------------------------------


async def _end(fleet: Fleet, began: float, faults: str, edits: int = 0) -> Verdict:
    """Judge, and tell; ``edits``: segments that had to be spoken twice."""
    await fleet.until_closed(within=LONG)
    verdict = await fleet.verdict()
    print(
        f"{faults}: {verdict.jobs} jobs, {verdict.segments} segments, "
        f"{verdict.duplicates - edits} duplicate syntheses, {time.monotonic() - began:.0f} s"
    )
    return verdict


async def _drop(fleet: Fleet) -> str:
    number = len(fleet.dropped)
    return await fleet.drop(f"livro-{number:04d}.md", book(number))


async def _first_chunk(fleet: Fleet, job: str) -> None:
    """Wait until a job is under way."""
    async with asyncio.timeout(BOUND):
        while not [item async for item in fleet.jobs.listed_chunks(job)]:  # noqa: ASYNC110  # other processes speak
            await asyncio.sleep(0.02)


async def _edit(fleet: Fleet, job: str) -> int:
    """Give every segment that was released another text, as a person does in the console; how many these are."""
    released = await fleet.jobs.segments(job)
    for index in released:
        key = keys.segment(job, index)
        found = await fleet.store.get(keys.JOBS, key)
        assert found
        await fleet.store.put(keys.JOBS, key, found.body.replace(b"farol", b"cais"))
    return len(released)


async def _published_once(fleet: Fleet) -> None:
    """No book was another one for a moment; what was published until now is forgotten, for a second edition."""
    writes = await fleet.servers.witness.writes(fleet.store)
    builds = {(write.key, write.build) for write in writes if write.bucket == keys.OUTPUT and write.status == 200}
    assert builds
    assert max(Counter(key for key, _ in builds).values()) == 1, builds
    fleet.servers.witness.forget()


async def _opened(fleet: Fleet, job: str, run: int) -> None:
    async with asyncio.timeout(BOUND):
        while (await fleet.jobs.runs(job, fresh=True)).newest < run:  # noqa: ASYNC110  # other processes open it
            await asyncio.sleep(POLL_SECONDS)


async def _until_only_letters_are_left(fleet: Fleet) -> None:
    """Wait until all that is in the queues was put aside, and nothing is to come again."""
    letters = {topology.dead_queue(service) for service in topology.SERVICES}
    async with asyncio.timeout(BOUND):
        while left := {queue: count for queue, count in (await fleet.depths()).items() if count}:
            if left.keys() <= letters:
                return
            await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def _hearing(stack: Stack) -> AsyncIterator[tuple[asyncio.Queue[AbstractIncomingMessage], AbstractChannel]]:
    """Everything that is published to a stage."""
    heard: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    async with await aio_pika.connect(stack.servers.broker) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        for stage in pipeline.STAGES:
            await queue.bind(pipeline.EXCHANGE, stage.name)
        await queue.consume(heard.put, no_ack=True)
        yield heard, channel


def _event_name(message: AbstractIncomingMessage) -> str:
    return str(json.loads(message.body)["EventName"])
