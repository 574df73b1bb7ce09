"""The message bus as the services see it: named queues, at-least-once, settled by the returned decision."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message. ``attempt`` counts from 1 and is as the last settlement says; a redelivery leaves it alone."""

    queue: str
    body: bytes
    attempt: int = 1
    redelivered: bool = False
    returns: int = 0
    """How often it came back without a settlement: its consumer died, or lost its connection."""


@dataclass(frozen=True, slots=True)
class Dead:
    """A message kept aside in the dead-letter queue of its service."""

    delivery: Delivery
    reason: str
    at: datetime | None = None
    """When it was put aside, where that is known."""

    @property
    def id(self) -> str:
        """Short, and the same for the same message kept aside for the same reason."""
        parts = (self.delivery.queue.encode(), self.delivery.body, self.reason.encode())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Ack:
    """Done, for good."""


@dataclass(frozen=True, slots=True)
class Requeue:
    """Give it back unharmed, as if it had just been published: another consumer, or the next start, takes it."""

    attempt: int
    """As which it comes back: a later one than it was where it answers for another message, too."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Deliver again after ``delay`` seconds; must be one of ``RETRY_DELAYS`` of the bus."""

    delay: float
    attempt: int
    """The next one; see ``Requeue``."""
    reason: str = ""
    """Why this attempt failed, for who waits for the next."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Keep it aside, with the reason, in the dead-letter queue of its service."""

    reason: str


Settlement = Ack | Requeue | Retry | DeadLetter
Handler = Callable[[Delivery], Awaitable[Settlement]]
Take = Callable[[Dead], Awaitable[bool]]


class Consumer(Protocol):
    async def stop(self, drain: float) -> None:
        """Take no more, let what is under way finish within ``drain`` seconds, give back the rest."""
        ...


class Bus(Protocol):
    """Every method raises ``Unavailable`` while the broker is out of reach."""

    async def publish(self, queue: str, body: bytes, *, attempt: int = 1) -> None:
        """Put a message on a work queue, confirmed by the broker."""
        ...

    async def consume(self, queue: str, handler: Handler, *, prefetch: int, spare: int = 0) -> Consumer:
        """Call ``handler`` for each message, at most ``prefetch`` at once, and settle as it says.

        ``spare``: so many more while no consumer of the queue, anywhere, has one of its first ``prefetch`` places free.
        A handler that raises or is cancelled gives its message back. A lost connection is mended by the bus.
        """
        ...

    async def depth(self, queue: str) -> int:
        """How many messages wait in a work queue, those under way left out."""
        ...

    async def slots(self, queue: str) -> int:
        """How many messages of a work queue can be under way at once, over all its consumers everywhere.

        The spare places of a consumer count as one.
        """
        ...

    async def dead_letters(self, service: str, take: Take) -> None:
        """Show ``take`` each message kept aside for a service, oldest first, and remove those it returns True for.

        The others stay, however often they are looked at; so do all from the one on at which ``take`` raises.
        """
        ...

    async def close(self) -> None: ...
