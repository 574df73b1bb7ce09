"""One consumer of a RabbitMQ queue: runs the handler, settles as it says, gives back what is left."""

import asyncio
from contextlib import suppress
from typing import Protocol

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from darkchannel.errors import Unavailable
from darkchannel.messaging.port import Ack, DeadLetter, Delivery, Handler, Requeue, Retry, Settlement
from darkchannel.messaging.topology import ATTEMPT_HEADER

log = structlog.get_logger(__name__)

SETTLE_SECONDS = 15.0
"""How long a stopping consumer waits for settlements under way."""
REQUEST_SECONDS = 2.0
"""How long it waits for the broker to hear of its end; the broker notices by itself."""


class Aside(Protocol):
    """Where messages go that are neither done nor given back."""

    async def retry(self, delivery: Delivery, delay: float) -> None: ...

    async def bury(self, delivery: Delivery, reason: str) -> None: ...


class RabbitConsumer:
    def __init__(self, aside: Aside, queue: str, handler: Handler, *, prefetch: int) -> None:
        self._aside = aside
        self._queue = queue
        self._handler = handler
        # The broker's prefetch starts anew with each connection, while handlers of the old one still run.
        self._slots = asyncio.Semaphore(prefetch)
        self._handlers: set[asyncio.Task[Settlement]] = set()
        self._messages: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def start(self, channel: AbstractChannel, source: AbstractQueue) -> None:
        self._channel = channel
        self._source = source
        self._tag = await source.consume(self._take)

    async def stop(self, drain: float) -> None:
        if self._stopped:
            return
        self._stopped = True
        with suppress(*CONNECTION_EXCEPTIONS, TimeoutError):
            async with asyncio.timeout(REQUEST_SECONDS):
                await self._source.cancel(self._tag)
        if self._handlers:
            await asyncio.wait(self._handlers, timeout=drain)
        for task in self._handlers:
            task.cancel()
        if self._messages:
            await asyncio.wait(self._messages, timeout=SETTLE_SECONDS)
        with suppress(*CONNECTION_EXCEPTIONS, TimeoutError):
            async with asyncio.timeout(REQUEST_SECONDS):
                await self._channel.close()

    async def _take(self, message: AbstractIncomingMessage) -> None:
        # A task of its own: aio-pika cancels its callbacks with the connection, and the work may live on.
        task = asyncio.create_task(self._run(message))
        self._messages.add(task)
        task.add_done_callback(self._messages.discard)

    async def _run(self, message: AbstractIncomingMessage) -> None:
        delivery = _delivery(self._queue, message)
        async with self._slots:
            settlement = Requeue() if self._stopped else await self._handle(delivery)
            try:
                await self._settle(message, delivery, settlement)
            except (Unavailable, ValueError, *CONNECTION_EXCEPTIONS) as error:
                # The broker takes an unsettled message back by itself when the channel is gone.
                log.warning("a message is not settled and will come again", queue=self._queue, error=str(error))
                with suppress(*CONNECTION_EXCEPTIONS):
                    await message.nack(requeue=True)

    async def _handle(self, delivery: Delivery) -> Settlement:
        """Run the handler in a task of its own: stopping cancels the work and never the settlement."""
        task = asyncio.create_task(self._call(delivery))
        self._handlers.add(task)
        task.add_done_callback(self._handlers.discard)
        await asyncio.wait({task})
        if task.cancelled():
            return Requeue()
        if error := task.exception():
            log.error("a handler raised; giving the message back", queue=self._queue, exc_info=error)
            return Requeue()
        return task.result()

    async def _call(self, delivery: Delivery) -> Settlement:
        return await self._handler(delivery)

    async def _settle(self, message: AbstractIncomingMessage, delivery: Delivery, settlement: Settlement) -> None:
        match settlement:
            case Ack():
                await message.ack()
            case Requeue():
                await message.nack(requeue=True)
            case Retry(delay):
                await self._aside.retry(delivery, delay)
                await message.ack()
            case DeadLetter(reason):
                await self._aside.bury(delivery, reason)
                await message.ack()


def _delivery(queue: str, message: AbstractIncomingMessage) -> Delivery:
    attempt = message.headers.get(ATTEMPT_HEADER)
    return Delivery(
        queue,
        message.body,
        # A message of MinIO's has no such header.
        attempt=attempt if isinstance(attempt, int) and attempt > 0 else 1,
        redelivered=bool(message.redelivered),
    )
