"""A bus inside one process, for the embedded program: what RabbitMQ promises, less what survives a restart.

Nothing runs while nothing is to be done: a task lives as long as its message or its delay.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from darkchannel.errors import Unavailable
from darkchannel.messaging.port import Ack, Consumer, DeadLetter, Delivery, Handler, Requeue, Retry, Settlement
from darkchannel.messaging.topology import DELIVERY_LIMIT, RETRY_DELAYS, stage_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """A waiting message and how often it was given back."""

    delivery: Delivery
    returns: int = 0


@dataclass(frozen=True, slots=True)
class Dead:
    """A message kept aside."""

    delivery: Delivery
    reason: str


class MemoryBus:
    """``retry_delays`` in seconds; ``sleep`` is what waits for them."""

    def __init__(
        self,
        *,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.dead: defaultdict[str, list[Dead]] = defaultdict(list)
        """Messages kept aside, by service."""
        self._retry_delays = retry_delays
        self._sleep = sleep
        self._waiting: defaultdict[str, deque[Message]] = defaultdict(deque)
        self._consumers: defaultdict[str, deque[MemoryConsumer]] = defaultdict(deque)
        self._delayed: set[asyncio.Task[None]] = set()
        self._closed = False

    async def publish(self, queue: str, body: bytes, *, attempt: int = 1) -> None:
        self.put(queue, body, attempt=attempt)

    def put(self, queue: str, body: bytes, *, attempt: int = 1) -> None:
        """``publish`` for callers that cannot wait, such as a store that tells of a new object."""
        stage_of(queue)
        if self._closed:
            raise Unavailable("the in-process bus is closed")
        self._waiting[queue].append(Message(Delivery(queue, body, attempt)))
        self._deliver(queue)

    async def consume(self, queue: str, handler: Handler, *, prefetch: int) -> Consumer:
        stage_of(queue)
        consumer = MemoryConsumer(handler, prefetch, self._settle)
        self._consumers[queue].append(consumer)
        self._deliver(queue)
        return consumer

    async def depth(self, queue: str) -> int:
        stage_of(queue)
        return len(self._waiting[queue])

    async def close(self) -> None:
        self._closed = True
        consumers = [consumer for queue in self._consumers.values() for consumer in queue]
        await asyncio.gather(*(consumer.stop(0) for consumer in consumers))
        for task in self._delayed:
            task.cancel()
        await asyncio.gather(*self._delayed, return_exceptions=True)

    def _deliver(self, queue: str) -> None:
        """Hand waiting messages to the consumers that have a slot free, in turn."""
        waiting, consumers = self._waiting[queue], self._consumers[queue]
        while waiting and (free := next((consumer for consumer in consumers if consumer.free), None)):
            consumers.remove(free)
            consumers.append(free)
            free.take(waiting.popleft())

    def _settle(self, message: Message, settlement: Settlement) -> None:
        delivery = message.delivery
        match settlement:
            case Ack():
                pass
            case Requeue():
                self._give_back(message)
            case Retry(delay) if delay in self._retry_delays:
                again = Delivery(delivery.queue, delivery.body, delivery.attempt + 1)
                task = asyncio.create_task(self._put_later(again, delay))
                self._delayed.add(task)
                task.add_done_callback(self._delayed.discard)
            case Retry(delay):
                log.error("no such retry delay; giving the message back", queue=delivery.queue, delay=delay)
                self._give_back(message)
            case DeadLetter(reason):
                self._bury(delivery, reason)
        self._deliver(delivery.queue)

    def _give_back(self, message: Message) -> None:
        delivery, returns = message.delivery, message.returns + 1
        if returns > DELIVERY_LIMIT:
            self._bury(delivery, f"given back {DELIVERY_LIMIT} times")
        else:
            self._waiting[delivery.queue].appendleft(Message(replace(delivery, redelivered=True), returns))

    def _bury(self, delivery: Delivery, reason: str) -> None:
        self.dead[stage_of(delivery.queue).service].append(Dead(delivery, reason))

    async def _put_later(self, delivery: Delivery, delay: float) -> None:
        await self._sleep(delay)
        self._waiting[delivery.queue].append(Message(delivery))
        self._deliver(delivery.queue)


class MemoryConsumer:
    def __init__(self, handler: Handler, prefetch: int, settle: Callable[[Message, Settlement], None]) -> None:
        self._handler = handler
        self._prefetch = prefetch
        self._settle = settle
        self._tasks: set[asyncio.Task[Settlement]] = set()
        self._stopped = False

    @property
    def free(self) -> bool:
        return not self._stopped and len(self._tasks) < self._prefetch

    def take(self, message: Message) -> None:
        task = asyncio.create_task(self._handle(message.delivery))
        self._tasks.add(task)
        # Settled in a callback: a task cancelled before its first step runs none of its code.
        task.add_done_callback(lambda done: self._handled(message, done))

    async def _handle(self, delivery: Delivery) -> Settlement:
        return await self._handler(delivery)

    def _handled(self, message: Message, task: asyncio.Task[Settlement]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            self._settle(message, Requeue())
        elif error := task.exception():
            log.error("a handler raised; giving the message back", queue=message.delivery.queue, exc_info=error)
            self._settle(message, Requeue())
        else:
            self._settle(message, task.result())

    async def stop(self, drain: float) -> None:
        self._stopped = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=drain)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
