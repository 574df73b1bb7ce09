"""What the in-process bus promises beyond the contract: nothing hidden, nothing that needs wall time."""

import asyncio

import pytest

from darkchannel.messaging import memory
from darkchannel.messaging.memory import MemoryBus
from darkchannel.messaging.port import Ack, Delivery, Retry, Settlement

QUEUE = "darkchannel.speak"


async def test_an_idle_bus_has_no_task() -> None:
    async def handler(_: Delivery) -> Settlement:
        return Ack()

    bus = MemoryBus()
    await bus.consume(QUEUE, handler, prefetch=4)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_delays_are_waited_for_by_the_given_sleep() -> None:
    asked: list[float] = []
    attempts: asyncio.Queue[int] = asyncio.Queue()

    async def sleep(seconds: float) -> None:
        asked.append(seconds)

    async def handler(delivery: Delivery) -> Settlement:
        attempts.put_nowait(delivery.attempt)
        return Retry((30.0, 300.0)[delivery.attempt - 1]) if delivery.attempt < 3 else Ack()

    bus = MemoryBus(sleep=sleep)
    await bus.consume(QUEUE, handler, prefetch=1)
    await bus.publish(QUEUE, b"one")
    async with asyncio.timeout(10):
        assert [await attempts.get() for _ in range(3)] == [1, 2, 3]
    assert asked == [30.0, 300.0]


async def test_a_message_that_always_crashes_its_handler_is_kept_aside_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "DELIVERY_LIMIT", 3)
    calls, enough = 0, asyncio.Event()

    async def handler(_: Delivery) -> Settlement:
        nonlocal calls
        calls += 1
        if calls == 4:
            enough.set()
        raise RuntimeError("poison")

    bus = MemoryBus()
    consumer = await bus.consume(QUEUE, handler, prefetch=1)
    await bus.publish(QUEUE, b"poison")
    async with asyncio.timeout(10):
        await enough.wait()
        await consumer.stop(10)
    assert calls == 4
    assert [(dead.delivery.body, dead.reason) for dead in bus.dead["synthesizer"]] == [
        (b"poison", "given back 3 times")
    ]
    assert await bus.depth(QUEUE) == 0
