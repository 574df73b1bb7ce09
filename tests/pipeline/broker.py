"""A broker in simulated time: keeps what it is given in any order, for as long as nobody deletes its volume."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from darkchannel.messaging.port import Ack, Dead, DeadLetter, Delivery, Requeue, Retry, Settlement, Take
from darkchannel.messaging.topology import stage_of


class Broker:
    """The bus of the services. ``turn`` is awaited before each of their requests."""

    def __init__(self, random: Random, turn: Callable[[], Awaitable[None]], clock: Callable[[], datetime]) -> None:
        self.waiting: list[Delivery] = []
        self.delayed: list[tuple[datetime, Delivery]] = []
        self.dead: defaultdict[str, list[Dead]] = defaultdict(list)
        """Kept aside, by service."""
        self.consumers = random.randrange(1, 9)
        self.hinted = False
        """Whether anybody but the store published since somebody set this to False."""
        self._turn = turn
        self._clock = clock

    # -- what services ask for ----------------------------------------------------------------------------------

    async def publish(self, queue: str, body: bytes, *, attempt: int = 1) -> None:
        await self._turn()
        self.put(Delivery(queue, body, attempt))
        self.hinted = True

    async def depth(self, queue: str) -> int:
        await self._turn()
        return sum(delivery.queue == queue for delivery in self.waiting)

    async def slots(self, queue: str) -> int:
        await self._turn()
        return self.consumers

    async def dead_letters(self, service: str, take: Take) -> None:
        kept: list[Dead] = []
        letters, self.dead[service] = self.dead[service], kept
        for letter in letters:
            if not await take(letter):
                kept.append(letter)

    async def close(self) -> None:
        pass

    # -- what becomes of messages ---------------------------------------------------------------------------------

    def put(self, delivery: Delivery, copies: int = 1) -> None:
        stage_of(delivery.queue)
        self.waiting += [delivery] * copies

    def settle(self, delivery: Delivery, settlement: Settlement) -> None:
        match settlement:
            case Ack():
                pass
            case Requeue(attempt):
                self.put(replace(delivery, attempt=attempt, redelivered=True))
            case Retry(delay, attempt):
                self.delay(Delivery(delivery.queue, delivery.body, attempt), timedelta(seconds=delay))
            case DeadLetter(reason):
                self.dead[stage_of(delivery.queue).service].append(Dead(delivery, reason, self._clock()))

    def replay(self, letter: Dead) -> None:
        """Put a message that was kept aside to work again."""
        self.put(Delivery(letter.delivery.queue, letter.delivery.body))

    def give_back(self, delivery: Delivery) -> None:
        """Whoever had it died."""
        self.put(replace(delivery, redelivered=True, returns=delivery.returns + 1))

    def delay(self, delivery: Delivery, by: timedelta) -> None:
        self.delayed.append((self._clock() + by, delivery))

    def pass_time(self) -> None:
        """Put back to work what has waited long enough."""
        due = [delivery for at, delivery in self.delayed if at <= self._clock()]
        self.delayed = [(at, delivery) for at, delivery in self.delayed if at > self._clock()]
        self.waiting += due

    def wipe(self) -> None:
        """Somebody deletes the broker's volume."""
        self.waiting.clear()
        self.delayed.clear()
        self.dead.clear()
