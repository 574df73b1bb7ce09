"""Puts dead letters onto a bus as services do: a consumer gives a message up."""

import asyncio

from darkchannel import keys, pipeline
from darkchannel.events import ObjectCreated
from darkchannel.messaging.port import Bus, DeadLetter, Delivery, Settlement

BOUND = 20
"""Seconds after which a wait for an event has failed."""


def segment(job: str, index: int) -> bytes:
    """The event of a segment."""
    return ObjectCreated(keys.JOBS, keys.segment(job, index)).encode()


async def put_aside(bus: Bus, body: bytes, reason: str = "timeout", *, stage: str = "speak", attempt: int = 3) -> None:
    """Publish a message to an empty queue and give it up."""
    given_up = asyncio.Event()

    async def give_up(_: Delivery) -> Settlement:
        given_up.set()
        return DeadLetter(reason)

    queue = pipeline.BY_NAME[stage].queue
    consumer = await bus.consume(queue, give_up, prefetch=1)
    await bus.publish(queue, body, attempt=attempt)
    async with asyncio.timeout(BOUND):
        await given_up.wait()
    await consumer.stop(BOUND)
