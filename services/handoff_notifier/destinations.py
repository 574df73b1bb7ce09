"""Receivers as the places where messages go: how many tries at once each may have, and which is left alone for now.

A receiver that is slow or dead keeps its own messages waiting, never another's.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from darkchannel import keys
from darkchannel.jobs.deliveries import Disabled, digest_of
from darkchannel.runtime.circuit import LONG_AGO, Circuit
from darkchannel.storage.ledger import JSON
from darkchannel.storage.lru import Lru
from darkchannel.storage.port import NEW, ObjectStore
from services.handoff_notifier.addresses import Forbidden, parse, shown

AT_ONCE: Final = 4
"""Tries under way at one destination."""
PATIENCE: Final = 0.25
"""Seconds for which a place is waited for while the tries that hold them are slow."""
WAITS: Final = 8
"""How often so long, at most, while they are quick."""
SLOW: Final = timedelta(seconds=1)
PUT_OFF: Final = timedelta(seconds=3)
"""What finds no place comes again after this long, or later."""
SPACING: Final = timedelta(seconds=0.25)
"""Between two that were put off, so that a thousand messages for one dead receiver do not all come again at once."""
FURTHEST: Final = timedelta(minutes=5)
"""Behind the first that was put off: however many there are, a receiver that is back does not wait for its messages."""


@dataclass(eq=False, slots=True)
class Place:
    """One try under way."""

    began: datetime
    succeeded: bool | None = None
    """Whether the receiver turned out to be in order; None where nobody asked it."""


class Destination:
    """One host and port, as this process knows it. ``patience`` in seconds."""

    def __init__(self, clock: Callable[[], datetime], patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self._circuit = Circuit()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._under_way: list[Place] = []
        self._last_turn = LONG_AGO

    @property
    def is_away(self) -> bool:
        """Whether its last tries all failed."""
        return self._circuit.is_open

    def rests(self) -> datetime | None:
        """When to come again, where it is left alone for now."""
        return None if self._circuit.admits(self._clock(), len(self._under_way)) else self._turn()

    async def enter(self) -> Place | datetime:
        """Take a place, which ``leave`` gives back; where there is none in good time: when to come again."""
        if until := self.rests():
            return until
        if not await self._has_room():
            return self._turn()
        if until := self.rests():  # those before failed meanwhile
            self._room.release()
            return until
        place = Place(self._clock())
        self._under_way.append(place)
        return place

    def leave(self, place: Place) -> None:
        self._under_way.remove(place)
        self._room.release()
        if place.succeeded is not None:
            self._circuit = self._circuit.after(self._clock(), succeeded=place.succeeded)

    async def _has_room(self) -> bool:
        """Wait a moment for a place, and a few moments more while those before are quick."""
        for _ in range(WAITS):
            try:
                async with asyncio.timeout(self._patience):
                    return await self._room.acquire()
            except TimeoutError:
                now = self._clock()  # those before may all have left just now
                if min((place.began for place in self._under_way), default=now) <= now - SLOW:
                    return False
        return False

    def _turn(self) -> datetime:
        first = max(self._clock() + PUT_OFF, self._circuit.until)
        following = self._last_turn + SPACING
        self._last_turn = following if first <= following <= first + FURTHEST else first
        return self._last_turn


class Destinations:
    """All that this process sends to, and the addresses that want nothing any more, which all processes know."""

    def __init__(self, store: ObjectStore, clock: Callable[[], datetime], patience: float = PATIENCE) -> None:
        self._store = store
        self._clock = clock
        self._patience = patience
        self._known: Lru[str, Destination] = Lru(4096)

    def of(self, host: str) -> Destination:
        known = self._known.get(host)
        if known is None:
            known = Destination(self._clock, self._patience)
            self._known.put(host, known)
        return known

    async def is_disabled(self, url: str) -> bool:
        return await self._store.head(keys.JOBS, keys.destination(digest_of(url))) is not None

    async def disable(self, url: str) -> None:
        body = Disabled(to=host_of(url), at=self._clock()).model_dump_json().encode()
        await self._store.put(keys.JOBS, keys.destination(digest_of(url)), body, over=NEW, content_type=JSON)


def host_of(url: str) -> str:
    """What may be told of an address: its host, with the port where that is not the usual one; empty of none."""
    try:
        return shown(parse(url))
    except Forbidden:
        return ""
