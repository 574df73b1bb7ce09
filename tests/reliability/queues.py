"""The queues of a broker as its administrator sees them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import aio_pika
from aio_pika.abc import AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity

from darkchannel.messaging import topology


async def depths(broker: str, retry_delays: Sequence[float]) -> dict[str, int]:
    """Messages that wait, by queue; those that nobody declared yet are left out."""
    return {q.name: q.declaration_result.message_count or 0 async for q in _declared(broker, retry_delays)}


async def purge(broker: str, retry_delays: Sequence[float]) -> None:
    """Remove every message that waits."""
    async for queue in _declared(broker, retry_delays):
        await queue.purge()


async def _declared(broker: str, retry_delays: Sequence[float]) -> AsyncIterator[AbstractQueue]:
    async with await aio_pika.connect(broker) as connection:
        for queue in topology.plan(retry_delays).queues:
            channel = await connection.channel()
            with suppress(ChannelNotFoundEntity):  # and the broker closes the channel
                yield await channel.declare_queue(queue.name, passive=True)
                await channel.close()
