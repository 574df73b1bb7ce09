"""Hints: messages that repeat an event which seems lost, as few as will do."""

from datetime import datetime, timedelta

from darkchannel import keys, pipeline
from darkchannel.events import ObjectCreated
from darkchannel.messaging.port import Bus
from darkchannel.runtime.service import Clock
from darkchannel.storage.lru import Lru

NEARLY_EMPTY = 8
"""A queue with so many more messages than its consumers and the active runs account for gets no hints: what is due may
well be in it."""


class Hints:
    """Says that things are due.

    ``grace`` is how long an event has before it counts as lost, and a hint before it is repeated. ``asked`` is when
    somebody asked for a look, or when it fell due: what was written or hinted before then has had its time.
    """

    def __init__(self, bus: Bus, clock: Clock, grace: timedelta) -> None:
        self._bus = bus
        self._clock = clock
        self._grace = grace
        self._room: dict[str, int] = {}
        self._active = 0
        self._given: Lru[tuple[str, ObjectCreated], datetime] = Lru(65_536)

    def new_round(self, active: int) -> None:
        """Forget how long the queues were; ``active`` is how many runs are not closed."""
        self._room = {}
        self._active = active

    def is_due(self, written: datetime, asked: datetime | None = None) -> bool:
        """Whether the event of what was written then counts as lost."""
        return self._clock() - written >= self._grace or (asked is not None and written <= asked)

    async def give(self, stage: str, event: ObjectCreated, asked: datetime | None = None) -> bool:
        """Say once in a while that something is due: a message that waits for its next attempt is in no work queue.

        False where the queue is too long to take a hint now.
        """
        given = self._given.get((stage, event))
        if given and self._clock() - given < self._grace and not (asked and given < asked):
            return True
        queue = pipeline.BY_NAME[stage].queue
        if queue not in self._room:
            # Windows hold less than two segments for each slot; every active run may have one thing in each queue.
            usual = 2 * await self._bus.slots(queue) + self._active
            self._room[queue] = usual + NEARLY_EMPTY - await self._bus.depth(queue)
        if self._room[queue] <= 0:
            return False
        self._room[queue] -= 1
        await self._bus.publish(queue, event.encode())
        self._given.put((stage, event), self._clock())
        return True

    async def segment(self, job: str, index: int, asked: datetime | None = None) -> bool:
        return await self.give("speak", ObjectCreated(keys.JOBS, keys.segment(job, index)), asked)

    async def outcome(self, job: str, run: int, asked: datetime | None = None) -> bool:
        return await self.give("act", ObjectCreated(keys.JOBS, keys.run_event(job, run, "outcome")), asked)
