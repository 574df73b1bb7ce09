"""The bus on RabbitMQ 3.10 and later, over aio-pika."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue, AbstractRobustConnection
from aio_pika.exceptions import ChannelNotFoundEntity, PublishError

from darkchannel import pipeline
from darkchannel.errors import DarkChannelError, Unavailable
from darkchannel.messaging import topology
from darkchannel.messaging.port import Dead, Delivery, Handler, Retry, Take
from darkchannel.messaging.rabbitmq_consumer import LAST, RabbitConsumer
from darkchannel.messaging.rabbitmq_message import read_dead, write, write_dead
from darkchannel.messaging.rabbitmq_reach import TIMEOUT, place_of, reaching, with_heartbeat

log = structlog.get_logger(__name__)

RECONNECT = 1
"""Seconds between tries to reconnect."""
GIVE_BACK = 0.5
"""Seconds that a look at dead letters waits until those it leaves are back; another look may be under way."""

Watch = Callable[[str | None], None]
"""Hears why the broker is out of reach, and ``None`` when it is back."""


def _unwatched(_: str | None) -> None:
    pass


class RabbitBus:
    """Made by ``connect``. ``retry_delays`` in seconds."""

    def __init__(
        self, connection: AbstractRobustConnection, *, place: str, retry_delays: Sequence[float], watch: Watch
    ) -> None:
        self._connection = connection
        self._place = place
        self._retry_delays = tuple(retry_delays)
        self._plan = topology.plan(retry_delays)
        self._watch = watch
        self._consumers: list[RabbitConsumer] = []
        self._publisher: AbstractChannel | None = None
        self._opening = asyncio.Lock()
        connection.close_callbacks.add(self._lost)
        connection.reconnect_callbacks.add(self._back)

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        name: str = "darkchannel",
        retry_delays: Sequence[float] = topology.RETRY_DELAYS,
        watch: Watch = _unwatched,
    ) -> "RabbitBus":
        """Connect once; later losses are mended. ``name`` is what the management page shows.

        Raises Unavailable where the broker does not answer or refuses the user, Permanent for a wrong ``url``.
        """
        place = place_of(url)
        async with reaching(place):
            connection = await aio_pika.connect_robust(
                with_heartbeat(url),
                timeout=TIMEOUT,
                reconnect_interval=RECONNECT,
                client_properties={"connection_name": name},
            )
        return cls(connection, place=place, retry_delays=retry_delays, watch=watch)

    async def declare(self) -> None:
        """Make every exchange, queue and binding that is missing.

        Raises Permanent where one of that name is there and differs.
        """
        async with reaching(self._place):
            await self._declare()

    async def publish(self, queue: str, body: bytes, *, attempt: int = 1) -> None:
        stage = topology.stage_of(queue)
        await self._send(pipeline.EXCHANGE, stage.name, write(Delivery(queue, body, attempt)))

    async def retry(self, delivery: Delivery, retry: Retry) -> None:
        """Put a message aside, confirmed; it comes back when its delay is over.

        Raises ValueError for a delay that is none of the bus's.
        """
        if retry.delay not in self._retry_delays:
            raise ValueError(f"{retry.delay} s is none of the retry delays {self._retry_delays}")
        stage = topology.stage_of(delivery.queue)
        again = replace(delivery, attempt=retry.attempt)
        await self._send(topology.retry_name(retry.delay), stage.name, write(again))

    async def bury(self, delivery: Delivery, reason: str) -> None:
        """Put a message into the dead-letter queue of its service, confirmed."""
        stage = topology.stage_of(delivery.queue)
        await self._send(topology.DEAD, stage.service, write_dead(Dead(delivery, reason, datetime.now(UTC))))

    async def consume(self, queue: str, handler: Handler, *, prefetch: int, spare: int = 0) -> RabbitConsumer:
        consumer = RabbitConsumer(self, queue, handler, places=prefetch + spare)
        async with reaching(self._place):
            try:
                # One AMQP consumer a slot, and one for what waits: the broker counts consumers.
                await consumer.start(*await self._source(queue), count=prefetch)
                if spare:
                    await consumer.start(*await self._source(queue), count=1, each=spare, priority=LAST)
            except BaseException:
                await consumer.stop(0)
                raise
        self._consumers.append(consumer)
        return consumer

    async def _source(self, queue: str) -> tuple[AbstractChannel, AbstractQueue]:
        """A work queue, declared on a channel of its own: aio-pika makes it again when the broker lost its volume."""
        stage = topology.stage_of(queue)
        channel = self._connection.channel()
        try:
            await channel.initialize()
            exchange = await channel.declare_exchange(pipeline.EXCHANGE, durable=True)
            arguments = next(known.arguments for known in self._plan.queues if known.name == queue)
            source = await channel.declare_queue(queue, durable=True, arguments=dict(arguments))
            await source.bind(exchange, stage.name)
        except BaseException:
            await channel.close()
            raise
        return channel, source

    async def depth(self, queue: str) -> int:
        topology.stage_of(queue)
        messages, _ = await self._counted(queue)
        return messages

    async def slots(self, queue: str) -> int:
        topology.stage_of(queue)
        _, consumers = await self._counted(queue)
        return consumers

    async def dead_letters(self, service: str, take: Take) -> None:
        queue = topology.dead_queue(service)
        count, _ = await self._counted(queue)
        async with reaching(self._place):
            channel = await aio_pika.Channel(self._connection)
        try:
            # All before the first is shown: a queue sends what is given back to the end of what was given back before,
            # and only together do they keep their order.
            for message in await self._held(channel, queue, count):
                if await take(read_dead(message)):
                    async with reaching(self._place):
                        await message.ack()
        finally:
            await self._give_back(channel, queue)

    async def close(self) -> None:
        self._connection.close_callbacks.discard(self._lost)
        await asyncio.gather(*(consumer.stop(0) for consumer in self._consumers))
        with suppress(Unavailable):
            async with reaching(self._place):
                await self._connection.close()

    async def _send(self, exchange: str, key: str, message: aio_pika.Message) -> None:
        async with reaching(self._place):
            try:
                await self._publish(exchange, key, message)
            except (ChannelNotFoundEntity, PublishError):
                # Somebody removed the queue or the exchange: made again, the message finds its way.
                await self._declare()
                await self._publish(exchange, key, message)

    async def _publish(self, exchange: str, key: str, message: aio_pika.Message) -> None:
        channel = await self._publishing()
        await (await channel.get_exchange(exchange, ensure=False)).publish(message, key)

    async def _publishing(self) -> AbstractChannel:
        """The channel that all publishing shares; the broker closes it over a missing exchange."""
        async with self._opening:
            if self._publisher is None or self._publisher.is_closed:
                await self._ready()
                self._publisher = await aio_pika.Channel(self._connection, on_return_raises=True)
            return self._publisher

    async def _ready(self) -> None:
        if self._connection.is_closed:
            raise Unavailable(f"the connection to RabbitMQ at {self._place} was closed")
        await self._connection.ready()

    async def _counted(self, queue: str) -> tuple[int, int]:
        """How many messages wait in a queue and how many consumers it has; it is made again where it is missing."""
        async with reaching(self._place):
            try:
                return await self._count(queue)
            except ChannelNotFoundEntity:
                await self._declare()
                return await self._count(queue)

    async def _count(self, queue: str) -> tuple[int, int]:
        await self._ready()
        async with aio_pika.Channel(self._connection) as channel:
            found = (await channel.declare_queue(queue, passive=True)).declaration_result
            return found.message_count or 0, found.consumer_count or 0

    async def _held(self, channel: AbstractChannel, queue: str, count: int) -> list[AbstractIncomingMessage]:
        """The first ``count`` messages of a queue, or as many as there are, each to be settled."""
        source = await channel.get_queue(queue, ensure=False)
        held: list[AbstractIncomingMessage] = []
        while len(held) < count:
            async with reaching(self._place):
                message = await source.get(fail=False)
            if message is None:
                break
            held.append(message)
        return held

    async def _give_back(self, channel: AbstractChannel, queue: str) -> None:
        """Close the channel of a look: what it holds goes back at once and in order.

        It is back a moment later, when the look no longer counts as a consumer; the next one is to find all.
        """
        # By the clock: an answer that comes as a timeout cancels the question would swallow that, and nothing end this.
        clock = asyncio.get_running_loop().time
        until = clock() + GIVE_BACK
        with suppress(Unavailable):
            async with reaching(self._place):
                await channel.close()
            while clock() < until and (await self._counted(queue))[1]:  # noqa: ASYNC110  # a broker tells of no change
                await asyncio.sleep(GIVE_BACK / 100)

    async def _declare(self) -> None:
        await self._ready()
        async with aio_pika.Channel(self._connection) as channel:
            for exchange in self._plan.exchanges:
                await channel.declare_exchange(exchange.name, aio_pika.ExchangeType(exchange.type), durable=True)
            for queue in self._plan.queues:
                await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
            for binding in self._plan.bindings:
                bound = await channel.get_queue(binding.queue, ensure=False)
                await bound.bind(binding.exchange, binding.routing_key)

    def _lost(self, *_: object) -> None:
        self._watch(f"RabbitMQ at {self._place} is out of reach")

    async def _back(self, *_: object) -> None:
        try:
            await self.declare()
        except DarkChannelError as error:
            log.warning("the broker is back, but its queues could not be checked", error=str(error))
        self._watch(None)
