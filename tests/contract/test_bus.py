"""What every bus promises, checked on the in-process one and on a real RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aio_pika
import pytest
import structlog

from darkchannel.errors import Unavailable
from darkchannel.messaging import topology
from darkchannel.messaging.memory import MemoryBus
from darkchannel.messaging.port import Ack, Bus, Dead, DeadLetter, Delivery, Requeue, Retry, Settlement
from darkchannel.messaging.rabbitmq import RabbitBus
from tests.servers import RabbitServer

SHORT, LONG = 0.05, 0.4
DELAYS = (SHORT, LONG)
QUEUE, OTHER = "darkchannel.speak", "darkchannel.encode"
BOUND = 20
"""Seconds after which a test that waits for an event has failed."""
SERVICE = "synthesizer"
"""That serves ``QUEUE``."""


@dataclass
class World:
    """A bus under test, and a second connection to the same queues."""

    bus: Bus
    other: Bus


@dataclass
class Seen:
    """A handler that notes what it was given and settles by a script; ``Ack`` when the script has ended."""

    script: list[Settlement | Exception] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, delivery: Delivery) -> Settlement:
        async with self.arrived:
            self.deliveries.append(delivery)
            self.arrived.notify_all()
        step = self.script.pop(0) if self.script else Ack()
        if isinstance(step, Exception):
            raise step
        return step

    async def wait(self, count: int) -> list[Delivery]:
        async with asyncio.timeout(BOUND), self.arrived:
            await self.arrived.wait_for(lambda: len(self.deliveries) >= count)
        return self.deliveries

    @property
    def bodies(self) -> list[bytes]:
        return [delivery.body for delivery in self.deliveries]


class Held:
    """A handler that keeps what it takes until it is let go."""

    def __init__(self) -> None:
        self.taken = 0
        self.most = 0
        self.under_way = 0
        self.let_go = asyncio.Event()
        self.cancelled = 0
        self._arrived = asyncio.Condition()

    async def __call__(self, delivery: Delivery) -> Settlement:
        async with self._arrived:
            self.taken += 1
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            self._arrived.notify_all()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1
        return Ack()

    async def wait(self, count: int) -> None:
        async with asyncio.timeout(BOUND), self._arrived:
            await self._arrived.wait_for(lambda: self.taken >= count)


async def until_depth(bus: Bus, queue: str, depth: int) -> None:
    """RabbitMQ counts a moment later than it delivers."""
    async with asyncio.timeout(BOUND):
        while await bus.depth(queue) != depth:  # noqa: ASYNC110  # a broker tells of no change
            await asyncio.sleep(0.02)


async def until_slots(bus: Bus, queue: str, slots: int) -> None:
    async with asyncio.timeout(BOUND):
        while await bus.slots(queue) != slots:  # noqa: ASYNC110  # a broker tells of no change
            await asyncio.sleep(0.02)


async def letters(bus: Bus) -> list[Dead]:
    """Look at what lies aside, and leave it."""
    found: list[Dead] = []

    async def leave(dead: Dead) -> bool:
        found.append(dead)
        return False

    await bus.dead_letters(SERVICE, leave)
    return found


async def until_letters(bus: Bus, count: int) -> list[Dead]:
    async with asyncio.timeout(BOUND):
        while len(found := await letters(bus)) < count:  # noqa: ASYNC110  # a broker tells of no change
            await asyncio.sleep(0.02)
    return found


async def bury(world: World, *bodies: bytes) -> None:
    consumer = await world.bus.consume(QUEUE, Seen([DeadLetter("no event") for _ in bodies]), prefetch=1)
    for body in bodies:
        await world.bus.publish(QUEUE, body)
    await until_letters(world.bus, len(bodies))
    await consumer.stop(BOUND)


@pytest.fixture
async def memory() -> AsyncIterator[World]:
    bus = MemoryBus(retry_delays=DELAYS)
    yield World(bus, bus)
    await bus.close()


@pytest.fixture
async def rabbit(rabbitmq: RabbitServer) -> AsyncIterator[World]:
    bus = await RabbitBus.connect(rabbitmq.url, retry_delays=DELAYS)
    other = await RabbitBus.connect(rabbitmq.url, retry_delays=DELAYS)
    await bus.declare()
    async with await aio_pika.connect(rabbitmq.url) as connection:
        channel = await connection.channel()
        for queue in topology.plan(DELAYS).queues:
            await (await channel.get_queue(queue.name)).purge()
    yield World(bus, other)
    await bus.close()
    await other.close()


@pytest.fixture(params=["memory", pytest.param("rabbit", marks=pytest.mark.docker)])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found


async def test_a_published_message_arrives_as_its_first_attempt(world: World) -> None:
    seen = Seen()
    await world.bus.publish(QUEUE, b"one")
    await world.other.consume(QUEUE, seen, prefetch=4)
    assert await seen.wait(1) == [Delivery(QUEUE, b"one", attempt=1, redelivered=False)]


async def test_queues_do_not_mix(world: World) -> None:
    speak, encode = Seen(), Seen()
    await world.bus.consume(QUEUE, speak, prefetch=4)
    await world.bus.consume(OTHER, encode, prefetch=4)
    await world.bus.publish(OTHER, b"to encode")
    await world.bus.publish(QUEUE, b"to speak")
    await speak.wait(1)
    await encode.wait(1)
    assert (speak.bodies, encode.bodies) == ([b"to speak"], [b"to encode"])


async def test_a_queue_that_no_stage_has_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match=r"darkchannel\.speek is no work queue"):
        await world.bus.publish("darkchannel.speek", b"lost?")


async def test_a_message_whose_handler_raises_comes_again_unharmed(world: World) -> None:
    seen = Seen([RuntimeError("crash"), RuntimeError("crash")])
    await world.bus.consume(QUEUE, seen, prefetch=1)
    await world.bus.publish(QUEUE, b"one", attempt=2)
    assert await seen.wait(3) == [
        Delivery(QUEUE, b"one", attempt=2),
        Delivery(QUEUE, b"one", attempt=2, redelivered=True, returns=1),
        Delivery(QUEUE, b"one", attempt=2, redelivered=True, returns=2),
    ]


async def test_a_message_whose_handler_always_raises_is_kept_aside_at_last(world: World) -> None:
    class Raising(Seen):
        async def __call__(self, delivery: Delivery) -> Settlement:
            await super().__call__(delivery)
            if delivery.attempt == 1:
                return Retry(SHORT, 2)
            raise RuntimeError("crash")

    raising = Raising()
    with structlog.testing.capture_logs():  # a hundred tracebacks take their time
        await world.bus.consume(QUEUE, raising, prefetch=1)
        await world.bus.publish(QUEUE, b"one")
        (dead,) = await until_letters(world.other, 1)
    assert dead.delivery == Delivery(QUEUE, b"one", attempt=2)
    assert raising.deliveries[-1].returns == topology.DELIVERY_LIMIT
    assert " " in dead.reason
    assert dead.at


async def test_a_message_given_back_however_often_is_as_new(world: World) -> None:
    often = topology.DELIVERY_LIMIT + 10
    seen = Seen([Requeue(3)] * often)
    await world.bus.consume(QUEUE, seen, prefetch=1)
    await world.bus.publish(QUEUE, b"one", attempt=3)
    assert await seen.wait(often + 1) == [Delivery(QUEUE, b"one", attempt=3)] * (often + 1)
    assert await letters(world.bus) == []


async def test_a_message_that_was_put_aside_forgets_its_returns(world: World) -> None:
    seen = Seen([RuntimeError("crash"), Requeue(1), RuntimeError("crash"), Retry(SHORT, 2)])
    await world.bus.consume(QUEUE, seen, prefetch=1)
    await world.bus.publish(QUEUE, b"one")
    assert [delivery.returns for delivery in await seen.wait(5)] == [0, 1, 0, 1, 0]


async def test_a_message_given_back_goes_to_whoever_is_there(world: World) -> None:
    class Refusing:
        calls = 0

        async def __call__(self, delivery: Delivery) -> Settlement:
            self.calls += 1
            return Requeue(1)

    seen = Seen()
    refusing = await world.bus.consume(QUEUE, Refusing(), prefetch=1)
    await world.other.consume(QUEUE, seen, prefetch=1)
    await world.bus.publish(QUEUE, b"one")
    async with asyncio.timeout(BOUND):
        await seen.wait(1)
    await refusing.stop(1)
    assert seen.bodies == [b"one"]


async def test_each_retry_is_the_next_attempt_and_a_redelivery_is_none(world: World) -> None:
    seen = Seen([Retry(SHORT, 2), RuntimeError("crash"), Retry(SHORT, 3)])
    await world.bus.consume(QUEUE, seen, prefetch=1)
    await world.bus.publish(QUEUE, b"one")
    deliveries = await seen.wait(4)
    assert [(d.attempt, d.redelivered) for d in deliveries] == [(1, False), (2, False), (2, True), (3, False)]


@pytest.mark.parametrize("back", [Retry(SHORT, 3), Requeue(3)])
async def test_what_comes_back_may_answer_for_a_later_attempt_of_another_message(
    world: World, back: Settlement
) -> None:
    seen = Seen([back])
    await world.bus.consume(QUEUE, seen, prefetch=1)
    await world.bus.publish(QUEUE, b"one")
    assert [delivery.attempt for delivery in await seen.wait(2)] == [1, 3]


async def test_a_retry_after_a_delay_that_the_bus_has_not_comes_back_at_once(world: World) -> None:
    seen = Seen([Retry(99.0, 2)])
    await world.bus.consume(QUEUE, seen, prefetch=1)
    await world.bus.publish(QUEUE, b"one")
    assert (await seen.wait(2))[1] == Delivery(QUEUE, b"one", redelivered=True, returns=1)


async def test_a_retry_comes_back_to_the_queue_it_left(world: World) -> None:
    speak, encode = Seen([Retry(SHORT, 2)]), Seen([Retry(SHORT, 2)])
    await world.bus.consume(QUEUE, speak, prefetch=1)
    await world.bus.consume(OTHER, encode, prefetch=1)
    await world.bus.publish(QUEUE, b"to speak")
    await world.bus.publish(OTHER, b"to encode")
    await speak.wait(2)
    await encode.wait(2)
    assert (speak.bodies, encode.bodies) == ([b"to speak"] * 2, [b"to encode"] * 2)


async def test_a_short_delay_does_not_wait_behind_a_long_one(world: World) -> None:
    class ByBody(Seen):
        async def __call__(self, delivery: Delivery) -> Settlement:
            await super().__call__(delivery)
            if delivery.attempt > 1:
                return Ack()
            return Retry(LONG if delivery.body == b"long" else SHORT, 2)

    seen = ByBody()
    await world.bus.consume(QUEUE, seen, prefetch=1)
    for body in (b"long", b"short", b"short"):
        await world.bus.publish(QUEUE, body)
    await seen.wait(6)
    assert seen.bodies[3:] == [b"short", b"short", b"long"]


async def test_no_more_messages_are_under_way_than_prefetch_allows(world: World) -> None:
    held = Held()
    for number in range(6):
        await world.bus.publish(QUEUE, b"%d" % number)
    await world.bus.consume(QUEUE, held, prefetch=2)
    await held.wait(2)
    await until_depth(world.bus, QUEUE, 4)
    held.let_go.set()
    await held.wait(6)
    assert held.most == 2


async def test_spare_places_are_for_what_nobody_has_another_free_place_for(world: World) -> None:
    patient, other = Held(), Held()
    await world.bus.consume(QUEUE, patient, prefetch=1, spare=2)
    await world.other.consume(QUEUE, other, prefetch=2)
    for number in range(3):
        await world.bus.publish(QUEUE, b"%d" % number)
    await patient.wait(1)
    await other.wait(2)
    for number in range(3):
        await world.bus.publish(QUEUE, b"%d" % number)
    await patient.wait(3)
    await until_depth(world.bus, QUEUE, 1)
    assert (patient.under_way, other.under_way) == (3, 2)


async def test_a_spare_place_whose_message_is_done_is_a_spare_one_again(world: World) -> None:
    held, seen, other = Held(), Seen(), Held()

    async def keep_the_first(delivery: Delivery) -> Settlement:
        return await (held if delivery.body == b"first" else seen)(delivery)

    await world.bus.consume(QUEUE, keep_the_first, prefetch=1, spare=1)
    await world.bus.publish(QUEUE, b"first")
    await held.wait(1)
    await world.bus.publish(QUEUE, b"second")
    await seen.wait(1)
    for _ in range(10):
        await asyncio.sleep(0)  # in memory, until it is settled
    await world.other.consume(QUEUE, other, prefetch=1)
    await world.bus.publish(QUEUE, b"third")
    await other.wait(1)


async def test_spare_places_count_as_one_slot(world: World) -> None:
    consumer = await world.bus.consume(QUEUE, Seen(), prefetch=3, spare=50)
    await until_slots(world.bus, QUEUE, 4)
    await consumer.stop(BOUND)
    await until_slots(world.bus, QUEUE, 0)


async def test_depth_counts_what_waits_and_not_what_is_under_way(world: World) -> None:
    held = Held()
    for number in range(3):
        await world.bus.publish(QUEUE, b"%d" % number)
    await until_depth(world.bus, QUEUE, 3)
    await world.bus.consume(QUEUE, held, prefetch=1)
    await held.wait(1)
    await until_depth(world.bus, QUEUE, 2)
    held.let_go.set()
    await until_depth(world.bus, QUEUE, 0)


async def test_slots_are_those_of_all_consumers_that_are_not_stopped(world: World) -> None:
    assert await world.bus.slots(QUEUE) == 0
    consumer = await world.bus.consume(QUEUE, Seen(), prefetch=3)
    await world.other.consume(QUEUE, Seen(), prefetch=2)
    await world.other.consume(OTHER, Seen(), prefetch=7)
    await until_slots(world.bus, QUEUE, 5)
    await consumer.stop(1)
    await until_slots(world.bus, QUEUE, 2)


async def test_a_dead_letter_lies_with_its_service_and_says_why_and_since_when(world: World) -> None:
    start = datetime.now(UTC)
    await world.bus.consume(QUEUE, Seen([RuntimeError("crash"), DeadLetter("não é um evento")]), prefetch=1)
    await world.bus.publish(QUEUE, b"rubbish", attempt=2)
    (dead,) = await until_letters(world.bus, 1)
    assert (dead.delivery, dead.reason) == (Delivery(QUEUE, b"rubbish", attempt=2), "não é um evento")
    # RabbitMQ keeps whole seconds.
    assert dead.at
    assert start - timedelta(seconds=1) <= dead.at <= datetime.now(UTC)
    assert await world.bus.depth(QUEUE) == 0


async def test_a_reason_of_any_length_and_letters_is_kept_as_far_as_it_fits(world: World) -> None:
    consumer = await world.bus.consume(QUEUE, Seen([DeadLetter("é" * 500_000), DeadLetter("a\udce9b")]), prefetch=1)
    await world.bus.publish(QUEUE, b"one")
    await world.bus.publish(QUEUE, b"two")
    long, odd = await until_letters(world.bus, 2)
    assert long.reason == "é" * (topology.REASON_LENGTH - 1) + "…"
    assert odd.reason == "a?b"
    await consumer.stop(1)


async def test_letters_are_shown_oldest_first_and_only_those_taken_go(world: World) -> None:
    await bury(world, b"one", b"two", b"three", b"four")
    shown: list[bytes] = []

    async def take(dead: Dead) -> bool:
        shown.append(dead.delivery.body)
        return dead.delivery.body in {b"one", b"three"}

    await world.other.dead_letters(SERVICE, take)
    assert shown == [b"one", b"two", b"three", b"four"]
    assert [dead.delivery.body for dead in await letters(world.bus)] == [b"two", b"four"]


async def test_looking_at_letters_again_and_again_loses_none(world: World) -> None:
    await bury(world, b"one", b"two", b"three")
    first = await letters(world.bus)
    for _ in range(200):
        assert await letters(world.bus) == first
    assert [dead.delivery.body for dead in first] == [b"one", b"two", b"three"]


async def test_letters_stay_from_the_one_on_that_cannot_be_taken(world: World) -> None:
    await bury(world, b"one", b"two", b"three")

    async def take(dead: Dead) -> bool:
        if dead.delivery.body == b"two":
            raise Unavailable("MinIO is away")
        return True

    with pytest.raises(Unavailable, match="MinIO is away"):
        await world.bus.dead_letters(SERVICE, take)
    assert [dead.delivery.body for dead in await letters(world.bus)] == [b"two", b"three"]


async def test_a_look_that_is_cancelled_leaves_what_it_had_not_taken(world: World) -> None:
    await bury(world, b"one", b"two", b"three")
    reached = asyncio.Event()

    async def take(dead: Dead) -> bool:
        if dead.delivery.body == b"two":
            reached.set()
            await asyncio.Event().wait()
        return True

    look = asyncio.create_task(world.bus.dead_letters(SERVICE, take))
    async with asyncio.timeout(BOUND):
        await reached.wait()
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look
    assert [dead.delivery.body for dead in await letters(world.bus)] == [b"two", b"three"]


async def test_what_is_put_aside_during_a_look_waits_for_the_next(world: World) -> None:
    await bury(world, b"one")
    shown: list[bytes] = []

    async def replay(dead: Dead) -> bool:
        shown.append(dead.delivery.body)
        await world.other.publish(QUEUE, dead.delivery.body)
        return len(await until_letters(world.other, 1)) == 1

    await world.bus.consume(QUEUE, Seen([DeadLetter("still no event")]), prefetch=1)
    await world.bus.dead_letters(SERVICE, replay)
    assert shown == [b"one"]
    assert [dead.reason for dead in await letters(world.bus)] == ["still no event"]


async def test_a_service_that_takes_no_messages_has_no_letters(world: World) -> None:
    async def take(_: Dead) -> bool:
        return False

    with pytest.raises(ValueError, match="reconciler takes no messages"):
        await world.bus.dead_letters("reconciler", take)


async def test_stopping_lets_work_under_way_finish_and_takes_no_more(world: World) -> None:
    held, seen = Held(), Seen()
    for body in (b"one", b"two"):
        await world.bus.publish(QUEUE, body)
    consumer = await world.bus.consume(QUEUE, held, prefetch=1)
    await held.wait(1)
    stopping = asyncio.create_task(consumer.stop(BOUND))
    await asyncio.sleep(0)
    held.let_go.set()
    await stopping
    assert (held.taken, held.cancelled) == (1, 0)
    await world.other.consume(QUEUE, seen, prefetch=1)
    await seen.wait(1)
    assert seen.bodies == [b"two"]


async def test_stopping_gives_back_what_does_not_finish_in_time(world: World) -> None:
    held, seen = Held(), Seen()
    await world.bus.publish(QUEUE, b"one")
    consumer = await world.bus.consume(QUEUE, held, prefetch=1)
    await held.wait(1)
    await consumer.stop(0)
    assert held.cancelled == 1
    await world.other.consume(QUEUE, seen, prefetch=1)
    assert await seen.wait(1) == [Delivery(QUEUE, b"one")]


async def test_a_stop_returns_no_message_more_than_once(world: World) -> None:
    seen = Seen()
    consumer = await world.bus.consume(QUEUE, Seen(), prefetch=32)
    bodies = {b"%d" % number for number in range(64)}
    await world.other.publish(QUEUE, b"warm")  # opens its channel, so that the rest meets the stop
    await asyncio.gather(consumer.stop(BOUND), *(world.other.publish(QUEUE, body) for body in bodies))
    await world.other.publish(QUEUE, b"last")
    await world.other.consume(QUEUE, seen, prefetch=1)
    async with asyncio.timeout(BOUND), seen.arrived:
        await seen.arrived.wait_for(lambda: b"last" in seen.bodies)
    assert all(delivery.returns <= 1 for delivery in seen.deliveries)


async def test_a_stopped_consumer_leaves_messages_to_others(world: World) -> None:
    first, second = Seen(), Seen()
    consumer = await world.bus.consume(QUEUE, first, prefetch=4)
    await world.other.consume(QUEUE, second, prefetch=4)
    await consumer.stop(1)
    for number in range(8):
        await world.bus.publish(QUEUE, b"%d" % number)
    await second.wait(8)
    assert first.deliveries == []


async def test_two_consumers_share_the_work(world: World) -> None:
    first, second = Held(), Held()
    await world.bus.consume(QUEUE, first, prefetch=2)
    await world.other.consume(QUEUE, second, prefetch=2)
    for number in range(4):
        await world.bus.publish(QUEUE, b"%d" % number)
    await first.wait(2)
    await second.wait(2)
    first.let_go.set()
    second.let_go.set()


async def test_many_publishers_share_a_bus(world: World) -> None:
    seen = Seen()
    await world.other.consume(QUEUE, seen, prefetch=16)
    bodies = [b"%d" % number for number in range(200)]
    await asyncio.gather(*(world.bus.publish(QUEUE, body) for body in bodies))
    await seen.wait(200)
    assert sorted(seen.bodies) == sorted(bodies)


async def test_a_closed_bus_is_unavailable(world: World) -> None:
    await world.bus.close()
    with pytest.raises(Unavailable):
        await world.bus.publish(QUEUE, b"lost?")
