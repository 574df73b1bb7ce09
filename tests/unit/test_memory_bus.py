"""What the in-process bus promises beyond the contract: nothing hidden, nothing that needs wall time."""

import asyncio

from darkchannel.messaging.memory import MemoryBus
from darkchannel.messaging.port import Ack, Delivery, Retry, Settlement

QUEUE = "darkchannel.speak"


async def test_an_idle_bus_has_no_task() -> None:
    async def handler(_: Delivery) -> Settlement:
        return Ack()

    bus = MemoryBus()
    await bus.consume(QUEUE, handler, prefetch=4)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_message_that_waits_for_its_next_attempt_tells_why_and_no_longer_once_it_is_made() -> None:
    asleep, awake, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def sleep(_: float) -> None:
        asleep.set()
        await awake.wait()

    async def handler(delivery: Delivery) -> Settlement:
        if delivery.attempt == 1:
            return Retry(30.0, 2, "the engine is away")
        done.set()
        return Ack()

    bus = MemoryBus(sleep=sleep)
    await bus.consume(QUEUE, handler, prefetch=1)
    await bus.publish(QUEUE, b"one")
    async with asyncio.timeout(10):
        await asleep.wait()
        assert bus.put_off == [(Delivery(QUEUE, b"one", attempt=2), Retry(30.0, 2, "the engine is away"))]
        awake.set()
        await done.wait()
    assert bus.put_off == []


async def test_delays_are_waited_for_by_the_given_sleep() -> None:
    asked: list[float] = []
    attempts: asyncio.Queue[int] = asyncio.Queue()

    async def sleep(seconds: float) -> None:
        asked.append(seconds)

    async def handler(delivery: Delivery) -> Settlement:
        attempts.put_nowait(delivery.attempt)
        return Retry((30.0, 300.0)[delivery.attempt - 1], delivery.attempt + 1) if delivery.attempt < 3 else Ack()

    bus = MemoryBus(sleep=sleep)
    await bus.consume(QUEUE, handler, prefetch=1)
    await bus.publish(QUEUE, b"one")
    async with asyncio.timeout(10):
        assert [await attempts.get() for _ in range(3)] == [1, 2, 3]
    assert asked == [30.0, 300.0]
