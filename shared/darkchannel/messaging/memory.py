"""A bus inside one process, for the embedded program: what RabbitMQ promises, less what survives a restart.

Nothing runs while nothing is to be done: a task lives as long as its message or its delay.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from darkchannel.errors import Unavailable
from darkchannel.messaging.port import (
    Ack,
    Consumer,
    Dead,
    DeadLetter,
    Delivery,
    Handler,
    Requeue,
    Retry,
    Settlement,
    Take,
)
from darkchannel.messaging.topology import DELIVERY_LIMIT, RETRY_DELAYS, bounded, dead_queue, stage_of

log = structlog.get_logger(__name__)


class MemoryBus:
    """``retry_delays`` in seconds; ``sleep`` is what waits for them."""

    def __init__(
        self,
        *,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._dead: defaultdict[str, list[Dead]] = defaultdict(list)
        """Messages kept aside, by their dead-letter queue."""
        self._retry_delays = retry_delays
        self._sleep = sleep
        self._waiting: defaultdict[str, deque[Delivery]] = defaultdict(deque)
        self._consumers: defaultdict[str, deque[MemoryConsumer]] = defaultdict(deque)
        self._delayed: dict[asyncio.Task[None], tuple[Delivery, Retry]] = {}
        self._closed = False

    async def publish(self, queue: str, body: bytes, *, attempt: int = 1) -> None:
        self.put(queue, body, attempt=attempt)

    def put(self, queue: str, body: bytes, *, attempt: int = 1) -> None:
        """``publish`` for callers that cannot wait, such as a store that tells of a new object."""
        stage_of(queue)
        if self._closed:
            raise Unavailable("the in-process bus is closed")
        self._waiting[queue].append(Delivery(queue, body, attempt))
        self._deliver(queue)

    async def consume(self, queue: str, handler: Handler, *, prefetch: int, spare: int = 0) -> Consumer:
        stage_of(queue)
        consumer = MemoryConsumer(handler, prefetch, spare, self._settle)
        self._consumers[queue].append(consumer)
        self._deliver(queue)
        return consumer

    async def depth(self, queue: str) -> int:
        stage_of(queue)
        return len(self._waiting[queue])

    async def slots(self, queue: str) -> int:
        stage_of(queue)
        return sum(consumer.slots for consumer in self._consumers[queue])

    @property
    def put_off(self) -> list[tuple[Delivery, Retry]]:
        """Each message that waits for its next attempt, and what it waits for."""
        return list(self._delayed.values())

    async def dead_letters(self, service: str, take: Take) -> None:
        letters = self._dead[dead_queue(service)]
        # Out of sight of whoever looks at the same time, as on a broker.
        unseen = letters.copy()
        kept: list[Dead] = []
        letters.clear()
        try:
            while unseen:
                if not await take(unseen[0]):
                    kept.append(unseen[0])
                del unseen[0]
        finally:
            letters[:0] = kept + unseen

    async def close(self) -> None:
        self._closed = True
        consumers = [consumer for queue in self._consumers.values() for consumer in queue]
        await asyncio.gather(*(consumer.stop(0) for consumer in consumers))
        for task in self._delayed:
            task.cancel()
        await asyncio.gather(*self._delayed, return_exceptions=True)

    def _deliver(self, queue: str) -> None:
        """Hand waiting messages to the consumers that have a place free, in turn; then to those with a spare one."""
        waiting, consumers = self._waiting[queue], self._consumers[queue]
        for is_spare in (False, True):
            while waiting and (free := next((one for one in consumers if one.has_room(is_spare)), None)):
                consumers.remove(free)
                consumers.append(free)
                free.take(waiting.popleft(), is_spare)

    def _settle(self, delivery: Delivery, settlement: Settlement | None) -> None:
        """As the handler said; ``None`` where it raised."""
        match settlement:
            case None:
                self._give_back(delivery)
            case Ack():
                pass
            case Requeue(attempt):
                self._waiting[delivery.queue].append(Delivery(delivery.queue, delivery.body, attempt))
            case Retry(delay, attempt) if delay in self._retry_delays:
                again = Delivery(delivery.queue, delivery.body, attempt)
                task = asyncio.create_task(self._put_later(again, delay))
                self._delayed[task] = (again, settlement)
                task.add_done_callback(self._delayed.pop)
            case Retry(delay):
                log.error("no such retry delay; giving the message back", queue=delivery.queue, delay=delay)
                self._give_back(delivery)
            case DeadLetter(reason):
                self._bury(delivery, reason)
        self._deliver(delivery.queue)

    def _give_back(self, delivery: Delivery) -> None:
        returns = delivery.returns + 1
        if returns > DELIVERY_LIMIT:
            self._bury(delivery, f"given back {DELIVERY_LIMIT} times")
        else:
            self._waiting[delivery.queue].appendleft(replace(delivery, redelivered=True, returns=returns))

    def _bury(self, delivery: Delivery, reason: str) -> None:
        # As it was published: what happened to it since is forgotten.
        published = Delivery(delivery.queue, delivery.body, delivery.attempt)
        dead = Dead(published, bounded(reason), datetime.now(UTC))
        self._dead[dead_queue(stage_of(delivery.queue).service)].append(dead)

    async def _put_later(self, delivery: Delivery, delay: float) -> None:
        await self._sleep(delay)
        self._waiting[delivery.queue].append(delivery)
        self._deliver(delivery.queue)


class MemoryConsumer:
    def __init__(
        self, handler: Handler, prefetch: int, spare: int, settle: Callable[[Delivery, Settlement | None], None]
    ) -> None:
        self._handler = handler
        self._settle = settle
        self._slots = prefetch + min(spare, 1)
        self._free = {False: prefetch, True: spare}
        """Places, by whether they are spare."""
        self._tasks: set[asyncio.Task[Settlement]] = set()
        self._stopped = False

    def has_room(self, is_spare: bool) -> bool:
        return not self._stopped and self._free[is_spare] > 0

    @property
    def slots(self) -> int:
        return 0 if self._stopped else self._slots

    def take(self, delivery: Delivery, is_spare: bool) -> None:
        self._free[is_spare] -= 1
        task = asyncio.create_task(self._handle(delivery))
        self._tasks.add(task)
        # Settled in a callback: a task cancelled before its first step runs none of its code.
        task.add_done_callback(lambda done: self._handled(delivery, is_spare, done))

    async def _handle(self, delivery: Delivery) -> Settlement:
        return await self._handler(delivery)

    def _handled(self, delivery: Delivery, is_spare: bool, task: asyncio.Task[Settlement]) -> None:
        self._tasks.discard(task)
        self._free[is_spare] += 1
        if task.cancelled():
            self._settle(delivery, Requeue(delivery.attempt))
        elif error := task.exception():
            log.error("a handler raised; giving the message back", queue=delivery.queue, exc_info=error)
            self._settle(delivery, None)
        else:
            self._settle(delivery, task.result())

    async def stop(self, drain: float) -> None:
        self._stopped = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=drain)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
