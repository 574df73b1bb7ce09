"""A message that failed for good, on a real RabbitMQ whose dead-letter queue takes nothing."""

import asyncio

import aio_pika
import pytest

from darkchannel.messaging import topology
from darkchannel.messaging.port import Ack, DeadLetter, Delivery, Settlement
from darkchannel.messaging.rabbitmq import RabbitBus
from tests.servers import RabbitServer

pytestmark = pytest.mark.docker

QUEUE = "darkchannel.announce"
ASIDE = topology.dead_queue(topology.stage_of(QUEUE).service)
BOUND = 30


async def test_a_dead_letter_that_could_not_be_put_aside_comes_again(rabbitmq: RabbitServer) -> None:
    bus = await RabbitBus.connect(rabbitmq.url)
    await bus.declare()
    taken: asyncio.Queue[Delivery] = asyncio.Queue()

    async def give_up(delivery: Delivery) -> Settlement:
        taken.put_nowait(delivery)
        return DeadLetter("never")

    async def do(delivery: Delivery) -> Settlement:
        taken.put_nowait(delivery)
        return Ack()

    async with await aio_pika.connect(rabbitmq.url) as connection:
        channel = await connection.channel()
        await (await channel.get_queue(QUEUE)).purge()
        await channel.queue_delete(ASIDE)
        await channel.declare_queue(ASIDE, durable=True)  # of another kind: nothing can be put there
        async with asyncio.timeout(BOUND):
            consumer = await bus.consume(QUEUE, give_up, prefetch=1)
            await bus.publish(QUEUE, b"one")
            await taken.get()
            await consumer.stop(0)
        await channel.queue_delete(ASIDE)
    async with asyncio.timeout(BOUND):
        await bus.consume(QUEUE, do, prefetch=1)
        assert (await taken.get()).body == b"one"
    await bus.close()
