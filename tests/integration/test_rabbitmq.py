"""What only a real broker can do to us: cut connections, lose its queues, hold others than we need."""

import asyncio
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import suppress

import aio_pika
import pytest
import structlog

from darkchannel.errors import Permanent, Unavailable
from darkchannel.messaging import rabbitmq_consumer, topology
from darkchannel.messaging.port import Ack, Delivery, Retry, Settlement
from darkchannel.messaging.rabbitmq import RabbitBus
from tests.servers import RabbitServer

pytestmark = pytest.mark.docker

DELAYS = (0.05,)
QUEUE = "darkchannel.announce"
BOUND = 30


async def rabbitmqctl(server: RabbitServer, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "docker", "exec", server.container, "rabbitmqctl", "--quiet", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(BOUND):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def delete_everything(url: str) -> None:
    """What is left of a broker whose volume was deleted."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        plan = topology.plan(DELAYS)
        for queue in plan.queues:
            await channel.queue_delete(queue.name)
        for exchange in plan.exchanges:
            await channel.exchange_delete(exchange.name)


class Taking:
    """A handler that offers what it takes, and keeps it until it is let go."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[Delivery] = asyncio.Queue()
        self.let_go = asyncio.Event()

    async def __call__(self, delivery: Delivery) -> Settlement:
        self.taken.put_nowait(delivery)
        await self.let_go.wait()
        return Ack()

    async def next(self) -> Delivery:
        async with asyncio.timeout(BOUND):
            return await self.taken.get()


class Watching:
    def __init__(self) -> None:
        self.heard: asyncio.Queue[str | None] = asyncio.Queue()

    def __call__(self, reason: str | None) -> None:
        self.heard.put_nowait(reason)

    async def until(self, wanted: str | None) -> None:
        async with asyncio.timeout(BOUND):
            while await self.heard.get() != wanted:
                pass


@pytest.fixture
async def watching() -> Watching:
    return Watching()


@pytest.fixture
async def bus(rabbitmq: RabbitServer, watching: Watching) -> AsyncIterator[RabbitBus]:
    bus = await RabbitBus.connect(rabbitmq.url, retry_delays=DELAYS, watch=watching)
    await bus.declare()
    async with await aio_pika.connect(rabbitmq.url) as connection:
        channel = await connection.channel()
        await (await channel.get_queue(QUEUE)).purge()
    yield bus
    await bus.close()


async def test_declaring_twice_changes_nothing(bus: RabbitBus) -> None:
    await bus.publish(QUEUE, b"one")
    await bus.declare()
    taking = Taking()
    await bus.consume(QUEUE, taking, prefetch=1)
    assert (await taking.next()).body == b"one"
    taking.let_go.set()


async def test_a_message_under_way_comes_again_when_the_connection_is_cut(
    bus: RabbitBus, rabbitmq: RabbitServer, watching: Watching
) -> None:
    taking = Taking()
    await bus.consume(QUEUE, taking, prefetch=2)
    await bus.publish(QUEUE, b"one", attempt=2)
    await taking.next()
    await rabbitmqctl(rabbitmq, "close_all_connections", "cut by a test")
    again = await taking.next()
    assert (again.body, again.attempt, again.redelivered) == (b"one", 2, True)
    taking.let_go.set()
    host = rabbitmq.url.rpartition("@")[2].rstrip("/")
    await watching.until(f"RabbitMQ at {host} is out of reach")
    await watching.until(None)


async def until_slots(bus: RabbitBus, slots: int) -> None:
    async with asyncio.timeout(BOUND):
        while True:
            with suppress(Unavailable):
                if await bus.slots(QUEUE) == slots:
                    return
            await asyncio.sleep(0.05)


async def test_all_slots_are_back_when_the_connection_was_cut(bus: RabbitBus, rabbitmq: RabbitServer) -> None:
    taking = Taking()
    consumer = await bus.consume(QUEUE, taking, prefetch=3)
    await until_slots(bus, 3)
    await rabbitmqctl(rabbitmq, "close_all_connections", "cut by a test")
    other = await RabbitBus.connect(rabbitmq.url, retry_delays=DELAYS)
    await until_slots(other, 3)
    for body in (b"one", b"two", b"three", b"four"):
        await other.publish(QUEUE, body)
    assert {(await taking.next()).body for _ in range(3)} == {b"one", b"two", b"three"}
    await consumer.stop(0)
    await until_slots(other, 0)
    await other.close()


async def test_each_consumer_takes_as_many_as_before_when_the_connection_was_cut(
    bus: RabbitBus, rabbitmq: RabbitServer
) -> None:
    taking = Taking()
    await bus.consume(QUEUE, taking, prefetch=2, spare=3)
    await until_slots(bus, 3)
    await rabbitmqctl(rabbitmq, "close_all_connections", "cut by a test")
    other = await RabbitBus.connect(rabbitmq.url, retry_delays=DELAYS)
    await until_slots(other, 3)
    for number in range(7):
        await other.publish(QUEUE, b"%d" % number)
    for _ in range(5):
        await taking.next()
    async with asyncio.timeout(BOUND):
        while await other.depth(QUEUE) != 2:  # noqa: ASYNC110  # a broker tells of no change
            await asyncio.sleep(0.02)
    taking.let_go.set()
    await other.close()


async def test_a_consumer_that_is_killed_has_no_slots_and_its_message_counts_a_return(
    bus: RabbitBus, rabbitmq: RabbitServer
) -> None:
    program = textwrap.dedent(f"""
        import asyncio, sys
        from darkchannel.messaging.rabbitmq import RabbitBus

        async def hold(_):
            print("taken", flush=True)
            await asyncio.Event().wait()

        async def main():
            bus = await RabbitBus.connect(sys.argv[1], retry_delays={DELAYS})
            await bus.consume("{QUEUE}", hold, prefetch=2)
            await asyncio.Event().wait()

        asyncio.run(main())
    """)
    await bus.publish(QUEUE, b"one")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, rabbitmq.url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    async with asyncio.timeout(BOUND):
        assert await process.stdout.readline() == b"taken\n"
        await until_slots(bus, 2)
        process.kill()
        await process.wait()
    await until_slots(bus, 0)
    taking = Taking()
    taking.let_go.set()
    await bus.consume(QUEUE, taking, prefetch=1)
    assert await taking.next() == Delivery(QUEUE, b"one", redelivered=True, returns=1)


async def block_retries(url: str) -> None:
    """Put a queue of another kind where messages would wait for their next attempt: nothing can be put there."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.queue_delete(topology.retry_name(DELAYS[0]))
        await channel.exchange_delete(topology.retry_name(DELAYS[0]))
        await channel.declare_queue(topology.retry_name(DELAYS[0]), durable=True)


async def unblock_retries(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.queue_delete(topology.retry_name(DELAYS[0]))


class Retrying(Taking):
    """A handler that tries its message again once."""

    async def __call__(self, delivery: Delivery) -> Settlement:
        self.taken.put_nowait(delivery)
        return Retry(DELAYS[0], 2) if delivery.attempt == 1 else Ack()


async def test_a_retry_that_the_broker_does_not_take_is_tried_until_it_does(
    bus: RabbitBus, rabbitmq: RabbitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rabbitmq_consumer, "AGAIN_SECONDS", 0.1)
    retrying = Retrying()
    await block_retries(rabbitmq.url)
    with structlog.testing.capture_logs() as logs:
        await bus.consume(QUEUE, retrying, prefetch=1)
        await bus.publish(QUEUE, b"one")
        await retrying.next()
        async with asyncio.timeout(BOUND):
            while len(logs) < 3:  # noqa: ASYNC110  # nor does a list tell
                await asyncio.sleep(0.02)
    await unblock_retries(rabbitmq.url)
    assert await retrying.next() == Delivery(QUEUE, b"one", attempt=2)
    assert all("differs from what is needed" in log["reason"] for log in logs)


async def test_a_stop_gives_back_what_could_not_be_put_aside(bus: RabbitBus, rabbitmq: RabbitServer) -> None:
    retrying = Retrying()
    await block_retries(rabbitmq.url)
    consumer = await bus.consume(QUEUE, retrying, prefetch=1)
    await bus.publish(QUEUE, b"one")
    await retrying.next()
    await consumer.stop(0)
    await unblock_retries(rabbitmq.url)
    taking = Taking()
    taking.let_go.set()
    await bus.consume(QUEUE, taking, prefetch=1)
    assert await taking.next() == Delivery(QUEUE, b"one", redelivered=True, returns=1)


async def test_a_stop_that_a_slow_broker_does_not_hear_returns_no_message_more_than_once(
    bus: RabbitBus, rabbitmq: RabbitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rabbitmq_consumer, "REQUEST_SECONDS", 0.0)
    stopping = await RabbitBus.connect(rabbitmq.url, retry_delays=DELAYS)
    let_through = Taking()
    let_through.let_go.set()
    consumer = await stopping.consume(QUEUE, let_through, prefetch=32)
    bodies = {b"%d" % number for number in range(64)}
    await asyncio.gather(consumer.stop(BOUND), *(bus.publish(QUEUE, body) for body in bodies))
    await stopping.close()
    await bus.publish(QUEUE, b"last")
    taking = Taking()
    taking.let_go.set()
    await bus.consume(QUEUE, taking, prefetch=1)
    returned = []
    while (delivery := await taking.next()).body != b"last":
        returned.append(delivery.returns)
    assert max(returned, default=0) <= 1


@pytest.mark.parametrize(("query", "seconds"), [("", "15"), ("?heartbeat=2", "2")])
async def test_the_address_may_name_another_heartbeat(rabbitmq: RabbitServer, query: str, seconds: str) -> None:
    name = f"heartbeat{seconds}"
    bus = await RabbitBus.connect(rabbitmq.url + query, name=name)
    listed = await rabbitmqctl(rabbitmq, "list_connections", "client_properties", "timeout")
    await bus.close()
    (line,) = [line for line in listed.splitlines() if f'"{name}"' in line]
    assert line.split("\t")[-1] == seconds


async def test_publishing_goes_on_after_the_connection_was_cut(bus: RabbitBus, rabbitmq: RabbitServer) -> None:
    await bus.publish(QUEUE, b"before")
    await rabbitmqctl(rabbitmq, "close_all_connections", "cut by a test")
    async with asyncio.timeout(BOUND):
        while True:
            try:
                await bus.publish(QUEUE, b"after")
                break
            except Unavailable:
                await asyncio.sleep(0.1)
    taking = Taking()
    taking.let_go.set()
    await bus.consume(QUEUE, taking, prefetch=1)
    assert [(await taking.next()).body, (await taking.next()).body] == [b"before", b"after"]


async def test_queues_that_somebody_deleted_are_made_again_for_a_publisher(
    bus: RabbitBus, rabbitmq: RabbitServer
) -> None:
    await bus.publish(QUEUE, b"lost with its queue")
    await delete_everything(rabbitmq.url)
    await bus.publish(QUEUE, b"found")
    taking = Taking()
    taking.let_go.set()
    await bus.consume(QUEUE, taking, prefetch=1)
    assert (await taking.next()).body == b"found"


async def test_queues_that_somebody_deleted_are_made_again_for_a_question(
    bus: RabbitBus, rabbitmq: RabbitServer
) -> None:
    await delete_everything(rabbitmq.url)
    assert await bus.depth(QUEUE) == 0


async def test_a_consumer_goes_on_when_the_broker_lost_everything(bus: RabbitBus, rabbitmq: RabbitServer) -> None:
    taking = Taking()
    taking.let_go.set()
    await bus.consume(QUEUE, taking, prefetch=1)
    await delete_everything(rabbitmq.url)
    await bus.publish(QUEUE, b"after")
    assert (await taking.next()).body == b"after"


async def test_a_queue_that_differs_is_named_with_what_to_do(bus: RabbitBus, rabbitmq: RabbitServer) -> None:
    async with await aio_pika.connect(rabbitmq.url) as connection:
        channel = await connection.channel()
        await channel.queue_delete(QUEUE)
        await channel.declare_queue(QUEUE, durable=True)
        with pytest.raises(Permanent, match=rf"{QUEUE}.*delete that"):
            await bus.declare()
        await channel.queue_delete(QUEUE)
    await bus.declare()


async def test_a_refused_user_is_told_without_the_password(rabbitmq: RabbitServer) -> None:
    url = rabbitmq.url.replace(rabbitmq.password, "very-secret-guess")
    with pytest.raises(Unavailable) as caught:
        await RabbitBus.connect(url)
    assert "RABBITMQ_URL" in str(caught.value)
    assert "very-secret-guess" not in str(caught.value)


async def test_a_broker_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"RabbitMQ at 127\.0\.0\.1:1 is out of reach"):
        await RabbitBus.connect("amqp://user:secret@127.0.0.1:1/")


async def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(Permanent, match="RABBITMQ_URL"):
        await RabbitBus.connect("http://user:secret@127.0.0.1:1/")
