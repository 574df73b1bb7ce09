"""One consumer of a RabbitMQ queue: runs the handler, settles as it says, gives back what is left."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelInvalidStateError

from darkchannel.errors import DarkChannelError, Unavailable
from darkchannel.messaging.port import Ack, DeadLetter, Delivery, Handler, Requeue, Retry, Settlement
from darkchannel.messaging.rabbitmq_message import read

log = structlog.get_logger(__name__)

SETTLE_SECONDS = 15.0
"""How long a stopping consumer waits for settlements under way."""
REQUEST_SECONDS = 2.0
"""How long it waits for the broker to hear of its end; the broker notices by itself."""
LAST: Final = -1
"""Priority of a consumer that is given a message where all others have as many as they may.

https://www.rabbitmq.com/docs/consumer-priority
"""
AGAIN_SECONDS = 5.0
"""Between tries to put a message aside that the broker did not take."""


class Aside(Protocol):
    """Where messages go that are not done; each returns when the broker has confirmed it."""

    async def publish(self, queue: str, body: bytes, *, attempt: int = 1) -> None: ...

    async def retry(self, delivery: Delivery, retry: Retry) -> None: ...

    async def bury(self, delivery: Delivery, reason: str) -> None: ...


class RabbitConsumer:
    """``places``: messages that it handles at once, whatever the broker sends."""

    def __init__(self, aside: Aside, queue: str, handler: Handler, *, places: int) -> None:
        self._aside = aside
        self._queue = queue
        self._handler = handler
        self._taking: list[tuple[AbstractChannel, AbstractQueue, list[str]]] = []
        """With the tags of the AMQP consumers."""
        # The broker's prefetch starts anew with each connection, while handlers of the old one still run.
        self._slots = asyncio.Semaphore(places)
        self._handlers: set[asyncio.Task[Settlement]] = set()
        self._messages: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._quiet = asyncio.Event()
        """Set when the broker sends nothing more, or did not say so in time."""
        self._is_heard = False
        """Whether it said so."""

    async def start(
        self, channel: AbstractChannel, source: AbstractQueue, *, count: int, each: int = 1, priority: int = 0
    ) -> None:
        """Take messages by so many AMQP consumers, each of so many at once, on a channel of their own.

        aio-pika opens a lost channel with one prefetch for all its consumers.
        """
        tags: list[str] = []
        self._taking.append((channel, source, tags))
        await channel.set_qos(prefetch_count=each)
        for _ in range(count):
            tags.append(await source.consume(self._take, arguments={"x-priority": priority}))

    async def stop(self, drain: float) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(REQUEST_SECONDS):
                # Each is asked, whatever becomes of another; a broker that is away has forgotten them all.
                cancelled = (source.cancel(tag) for _, source, tags in self._taking for tag in tags)
                told = await asyncio.gather(*cancelled, return_exceptions=True)
                self._is_heard = not any(isinstance(answer, BaseException) for answer in told)
        self._quiet.set()
        if self._handlers:
            await asyncio.wait(self._handlers, timeout=drain)
        for task in self._handlers:
            task.cancel()
        if self._messages:
            await asyncio.wait(self._messages, timeout=SETTLE_SECONDS)
        with suppress(*CONNECTION_EXCEPTIONS, TimeoutError):
            async with asyncio.timeout(REQUEST_SECONDS):
                await asyncio.gather(*(channel.close() for channel, _, _ in self._taking))

    async def _take(self, message: AbstractIncomingMessage) -> None:
        # A task of its own: aio-pika cancels its callbacks with the connection, and the work may live on.
        task = asyncio.create_task(self._run(message))
        self._messages.add(task)
        task.add_done_callback(self._messages.discard)

    async def _run(self, message: AbstractIncomingMessage) -> None:
        delivery = read(self._queue, message)
        async with self._slots:
            try:
                if self._stopping.is_set():
                    await self._leave(message)
                else:
                    await self._settle(message, delivery, await self._handle(delivery))
            except Exception as error:  # whatever it is, the message must not stay with us
                # The broker takes an unsettled message back by itself when the channel is gone.
                log.warning(
                    "a message is not settled: RabbitMQ or the reconciler repeats it",
                    queue=self._queue,
                    error=str(error),
                )
                with suppress(*CONNECTION_EXCEPTIONS):
                    await message.reject(requeue=True)

    async def _leave(self, message: AbstractIncomingMessage) -> None:
        """Give a message back that came too late for the handler.

        Not published again, as those under way are: a nack keeps its place and costs a stopping process no wait.
        RabbitMQ before 4.3 counts it as a return, but only one a stop, as no consumer of ours is left to take it. Where
        one may be left, since the broker was too slow to say, the end of the channel gives it back.
        """
        await self._quiet.wait()
        if self._is_heard:
            await message.nack(requeue=True)

    async def _handle(self, delivery: Delivery) -> Settlement | None:
        """Run the handler in a task of its own: stopping cancels the work and never the settlement.

        None where it raised.
        """
        task = asyncio.create_task(self._call(delivery))
        self._handlers.add(task)
        task.add_done_callback(self._handlers.discard)
        await asyncio.wait({task})
        if task.cancelled():
            return Requeue(delivery.attempt)
        if error := task.exception():
            log.error("a handler raised; giving the message back", queue=self._queue, exc_info=error)
            return None
        return task.result()

    async def _call(self, delivery: Delivery) -> Settlement:
        return await self._handler(delivery)

    async def _settle(
        self, message: AbstractIncomingMessage, delivery: Delivery, settlement: Settlement | None
    ) -> None:
        match settlement:
            case None:
                # Reject, as every version of RabbitMQ counts it: a handler that always raises meets the limit.
                await message.reject(requeue=True)
                return
            case Ack():
                pass
            case Requeue(attempt):
                # Published again: given back, it would move towards the limit each time something is away for long.
                again = partial(self._aside.publish, delivery.queue, delivery.body, attempt=attempt)
                await self._put(message, again)
            case Retry():
                await self._put(message, partial(self._aside.retry, delivery, settlement))
            case DeadLetter(reason):
                await self._put(message, partial(self._aside.bury, delivery, reason))
        await message.ack()

    async def _put(self, message: AbstractIncomingMessage, put: Callable[[], Awaitable[None]]) -> None:
        """Put a message aside, however long the broker takes none: giving it back instead would count as a return.

        Raises what the last try did when the process is to stop, and Unavailable when the broker took it back.
        """
        while _is_ours(message):
            try:
                return await put()
            except DarkChannelError as error:
                if self._stopping.is_set():
                    raise
                log.warning("waiting", queue=self._queue, what="to put a message aside", reason=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), AGAIN_SECONDS)
        raise Unavailable("the connection was lost before the message was settled")


def _is_ours(message: AbstractIncomingMessage) -> bool:
    """Whether the broker still waits for the settlement: it takes messages back with the channel they came by."""
    try:
        return not message.channel.is_closed
    except ChannelInvalidStateError:
        return False
