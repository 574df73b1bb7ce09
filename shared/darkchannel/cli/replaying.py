"""Looks through the dead letters of a bus, and puts those that are meant back to work."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from darkchannel import keys
from darkchannel.cli.exits import Usage
from darkchannel.cli.letter import Letter, event_of, read, stage_of
from darkchannel.cli.mending import reopen
from darkchannel.jobs.runs import State
from darkchannel.messaging.port import Bus, Dead
from darkchannel.messaging.topology import SERVICES
from darkchannel.runtime.consumer import job_of
from darkchannel.storage.jobs import Jobs

PER_SECOND = 20
"""How many messages are replayed in a second at most: a cause that is not mended shows before all have failed again."""

Take = Callable[[Letter, Dead], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant: all, where nothing is said. Raises Usage for a service that has none."""

    ids: Collection[str] = ()
    service: str | None = None
    reason: str = ""
    """Text in the reason, in whichever case."""

    def __post_init__(self) -> None:
        if self.service is not None and self.service not in SERVICES:
            raise Usage(f"there is no service {self.service} that has dead letters; there are {', '.join(SERVICES)}")

    @property
    def services(self) -> tuple[str, ...]:
        return (self.service,) if self.service else SERVICES

    def __contains__(self, dead: Dead) -> bool:
        return (not self.ids or dead.id in self.ids) and self.reason.casefold() in dead.reason.casefold()


@dataclass(frozen=True, slots=True)
class Found:
    """What a look saw: the first of the letters that are meant, and how many there are."""

    letters: tuple[tuple[Letter, Dead], ...]
    total: int


async def look(bus: Bus, choice: Choice, limit: int | None = None) -> Found:
    """The letters that are meant, ``limit`` at most; all stay where they are."""
    found: list[tuple[Letter, Dead]] = []
    total = 0

    async def take(letter: Letter, dead: Dead) -> bool:
        nonlocal total
        total += 1
        if limit is None or total <= limit:
            found.append((letter, dead))
        return False

    await _show(bus, choice, take)
    return Found(tuple(found), total)


async def _show(bus: Bus, choice: Choice, take: Take) -> None:
    # To the end, also where enough was seen: RabbitMQ puts what a look gives back behind what it did not reach.
    for service in choice.services:
        await bus.dead_letters(service, _chosen(service, choice, take))


def _chosen(service: str, choice: Choice, take: Take) -> Callable[[Dead], Awaitable[bool]]:
    async def chosen(dead: Dead) -> bool:
        return dead in choice and await take(read(dead, service), dead)

    return chosen


class Replay:
    """One replay; its fields say what was done. ``sleep`` is what spreads the messages; ``tick`` hears of each.

    A message leaves the dead letters when the broker has confirmed it on its work queue: whoever is interrupted
    in between leaves it in both, and handling it twice does no harm.
    """

    def __init__(
        self,
        bus: Bus,
        jobs: Jobs,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self.done: list[Letter] = []
        self.opened: dict[str, int] = {}
        """The run that was opened, by job."""
        self.again: list[Letter] = []
        """Copies of what was replayed: doubles, or the same message put aside anew. They stay."""
        self.refused: dict[str, str] = {}
        """Why a letter stays that cannot be replayed, by its id."""
        self._bus = bus
        self._jobs = jobs
        self._sleep = sleep
        self._tick = tick
        self._sent: set[tuple[str, bytes]] = set()
        self._looked_at: set[str] = set()

    async def run(self, choice: Choice, limit: int | None = None) -> None:
        """Replay what is meant, ``limit`` letters at most."""

        async def take(letter: Letter, dead: Dead) -> bool:
            return len(self.done) != limit and await self._replay(letter, dead)

        await _show(self._bus, choice, take)

    async def _replay(self, letter: Letter, dead: Dead) -> bool:
        queue, body = dead.delivery.queue, dead.delivery.body
        if (queue, body) in self._sent:
            # Else a message that fails at once would be replayed without end.
            self.again.append(letter)
            return False
        if stage_of(dead) is None:
            self.refused[letter.id] = f"no stage takes from the queue {queue!r} that it came from"
            return False
        await self._sleep(1 / PER_SECOND)
        await self._reopen(dead)
        await self._bus.publish(queue, body)
        self._sent.add((queue, body))
        self.done.append(letter)
        self._tick()
        return True

    async def _reopen(self, dead: Dead) -> None:
        """Open the next run of a job whose newest failed: under that one nothing is done any more."""
        event = event_of(dead)
        job = job_of(event) if event else None
        # What a run's own records call, its publishing say, needs no other run.
        if event is None or job is None or job in self._looked_at or keys.parse_run(event.key):
            return
        runs = await self._jobs.runs(job, fresh=True)
        if runs.state is State.FAILED:
            self.opened[job] = await reopen(self._jobs, job, runs.newest)
        self._looked_at.add(job)
