"""The engines of one process, and which of them a job may have."""

import asyncio
from collections.abc import Collection, Sequence

from darkchannel.errors import Permanent
from darkchannel.runtime.engines import AUTO, Unread
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import Clock
from services.synthesizer.member import Member, Open
from services.synthesizer.selection import Standing, usual


class Engines:
    """``installed``: the names that ``open_`` takes; ``order``: what ``auto`` may choose, none for the usual.

    Raises Permanent where the order names an engine that is not installed.
    """

    def __init__(
        self, open_: Open, installed: Sequence[str], clock: Clock, metrics: Metrics, order: Sequence[str] = ()
    ) -> None:
        if unknown := [name for name in order if name not in installed]:
            raise Permanent(f"ENGINES names {', '.join(unknown)}: choose from {', '.join(installed)}")
        self._open = open_
        self._clock = clock
        self._metrics = metrics
        self._order = tuple(dict.fromkeys(order)) or usual(installed)
        self._members: dict[str, Member] = {}

    def named(self, option: str) -> tuple[str, ...]:
        """The engines that the option ``engine`` of a job allows, in its order."""
        return self._order if option == AUTO else tuple(option.split(","))

    def member(self, name: str) -> Member:
        if name not in self._members:
            self._members[name] = Member(name, self._open, self._clock, self._metrics)
        return self._members[name]

    async def standings(self, names: Sequence[str], voices: Collection[str] = ()) -> dict[str, Standing]:
        """How these stand, in their order. Raises Unread where one of them cannot tell while the store is away."""
        found = await asyncio.gather(*(self.member(name).standing(voices) for name in names))
        return dict(zip(names, found, strict=True))

    async def slots(self) -> int:
        """How many segments the widest of those speaks at once that ``auto`` may choose."""
        return max(1, *await asyncio.gather(*(self._slots(self.member(name)) for name in self._order)))

    async def _slots(self, member: Member) -> int:
        try:
            is_set_up = (await member.standing()).is_set_up
        except Unread:  # it may be; its first segment looks again
            is_set_up = True
        return member.slots if is_set_up else 0

    async def close(self) -> None:
        await asyncio.gather(*(member.close() for member in self._members.values()), return_exceptions=True)
