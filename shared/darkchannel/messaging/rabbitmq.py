"""The bus on RabbitMQ 3.10 and later, over aio-pika."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractRobustConnection
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    PublishError,
)
from yarl import URL

from darkchannel import pipeline
from darkchannel.errors import DarkChannelError, Permanent, Unavailable
from darkchannel.messaging import topology
from darkchannel.messaging.port import Delivery, Handler
from darkchannel.messaging.rabbitmq_consumer import RabbitConsumer

log = structlog.get_logger(__name__)

TIMEOUT = 10.0
"""Seconds that one call of the bus may take, a reconnection included."""
HEARTBEAT = 15
"""Seconds between signs of life; a broker that leaves out three is gone."""
RECONNECT = 1
"""Seconds between tries to reconnect."""

Headers = dict[str, int | str]
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
        place = _place(url)
        async with _reaching(place):
            connection = await aio_pika.connect_robust(
                url,
                timeout=TIMEOUT,
                heartbeat=HEARTBEAT,
                reconnect_interval=RECONNECT,
                client_properties={"connection_name": name},
            )
        return cls(connection, place=place, retry_delays=retry_delays, watch=watch)

    async def declare(self) -> None:
        """Make every exchange, queue and binding that is missing.

        Raises Permanent where one of that name is there and differs.
        """
        async with _reaching(self._place):
            await self._declare()

    async def publish(self, queue: str, body: bytes, *, attempt: int = 1) -> None:
        stage = topology.stage_of(queue)
        headers: Headers = {topology.ATTEMPT_HEADER: attempt}
        await self._send(pipeline.EXCHANGE, stage.name, body, headers)

    async def retry(self, delivery: Delivery, delay: float) -> None:
        """Put a message aside for ``delay`` seconds, confirmed; it comes back as the next attempt.

        Raises ValueError for a delay that is none of the bus's.
        """
        if delay not in self._retry_delays:
            raise ValueError(f"{delay} s is none of the retry delays {self._retry_delays}")
        stage = topology.stage_of(delivery.queue)
        headers: Headers = {topology.ATTEMPT_HEADER: delivery.attempt + 1}
        await self._send(topology.retry_name(delay), stage.name, delivery.body, headers)

    async def bury(self, delivery: Delivery, reason: str) -> None:
        """Put a message into the dead-letter queue of its service, confirmed."""
        stage = topology.stage_of(delivery.queue)
        headers: Headers = {
            topology.ATTEMPT_HEADER: delivery.attempt,
            topology.REASON_HEADER: reason,
            topology.QUEUE_HEADER: delivery.queue,
        }
        await self._send(topology.DEAD, stage.service, delivery.body, headers)

    async def consume(self, queue: str, handler: Handler, *, prefetch: int) -> RabbitConsumer:
        stage = topology.stage_of(queue)
        async with _reaching(self._place):
            channel = self._connection.channel()
            try:
                await channel.initialize()
                await channel.set_qos(prefetch_count=prefetch)
                # Declared on its own channel: aio-pika makes them again when the broker lost its volume.
                exchange = await channel.declare_exchange(pipeline.EXCHANGE, durable=True)
                arguments = next(known.arguments for known in self._plan.queues if known.name == queue)
                source = await channel.declare_queue(queue, durable=True, arguments=dict(arguments))
                await source.bind(exchange, stage.name)
                consumer = RabbitConsumer(self, queue, handler, prefetch=prefetch)
                await consumer.start(channel, source)
            except BaseException:
                await channel.close()
                raise
        self._consumers.append(consumer)
        return consumer

    async def depth(self, queue: str) -> int:
        topology.stage_of(queue)
        async with _reaching(self._place):
            try:
                return await self._count(queue)
            except ChannelNotFoundEntity:
                await self._declare()
                return await self._count(queue)

    async def close(self) -> None:
        self._connection.close_callbacks.discard(self._lost)
        await asyncio.gather(*(consumer.stop(0) for consumer in self._consumers))
        with suppress(Unavailable):
            async with _reaching(self._place):
                await self._connection.close()

    async def _send(self, exchange: str, key: str, body: bytes, headers: Headers) -> None:
        async with _reaching(self._place):
            try:
                await self._publish(exchange, key, body, headers)
            except (ChannelNotFoundEntity, PublishError):
                # Somebody removed the queue or the exchange: made again, the message finds its way.
                await self._declare()
                await self._publish(exchange, key, body, headers)

    async def _publish(self, exchange: str, key: str, body: bytes, headers: Headers) -> None:
        message = aio_pika.Message(
            body,
            headers=dict(headers),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
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

    async def _count(self, queue: str) -> int:
        await self._ready()
        async with aio_pika.Channel(self._connection) as channel:
            found = await channel.declare_queue(queue, passive=True)
            return found.declaration_result.message_count or 0

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


def _place(url: str) -> str:
    """Host and port of a broker's URL, fit for messages. Raises Permanent where there is none."""
    try:
        parsed = URL(url)
        if parsed.scheme in {"amqp", "amqps"} and parsed.host:
            return f"{parsed.host}:{parsed.port or (5671 if parsed.scheme == 'amqps' else 5672)}"
    except ValueError:
        pass
    raise Permanent("RABBITMQ_URL is no broker's address: it must look like amqp://user:password@host:5672/")


@asynccontextmanager
async def _reaching(place: str) -> AsyncIterator[None]:
    """Bound one call and say what went wrong in terms of the port."""
    task = asyncio.current_task()
    cancelling = task.cancelling() if task else 0
    try:
        async with asyncio.timeout(TIMEOUT):
            yield
    except ChannelPreconditionFailed as error:
        raise Permanent(
            f"RabbitMQ at {place} holds a queue or an exchange that differs from what is needed ({error}): "
            "delete it in the management page, then run `darkchannel setup`"
        ) from error
    except TimeoutError as error:
        raise Unavailable(f"RabbitMQ at {place} did not answer within {TIMEOUT:g} s") from error
    except CONNECTION_EXCEPTIONS as error:
        raise Unavailable(
            f"RabbitMQ at {place} is out of reach ({error}): check that it runs and RABBITMQ_URL is right"
        ) from error
    except asyncio.CancelledError as error:
        # aio-pika cancels what waits on a connection that it closes; the caller was not cancelled.
        if task and task.cancelling() == cancelling:
            raise Unavailable(f"RabbitMQ at {place} closed the connection") from error
        raise
