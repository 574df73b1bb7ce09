"""Speaking: a segment becomes a chunk, by the engine that speaks its book or, where need be, another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import structlog

from darkchannel.audio import wav
from darkchannel.audio.resampling import resampled
from darkchannel.audio.wav import Speech
from darkchannel.errors import Crowded, DarkChannelError, Permanent, Transient, Unavailable
from darkchannel.jobs.choice import Choice, Left
from darkchannel.jobs.plan import Plan
from darkchannel.runtime.engines import Busy, NotSetUp, Unread
from darkchannel.runtime.service import RETURNED, Context
from services.synthesizer.attempts import Attempts, Order, Read, Said, read
from services.synthesizer.cache import Cache
from services.synthesizer.choice import Choices
from services.synthesizer.roster import Engines
from services.synthesizer.selection import Standing, in_line, wanted
from services.synthesizer.voices import named

log = structlog.get_logger(__name__)

AtRate = Callable[[Speech, int], Awaitable[Speech]]
"""Speech at so many hertz."""
Failures = dict[str, DarkChannelError]
"""Why engines did not speak, by their names, in the order in which they were asked."""
WAIT_SECONDS: Final = 600.0
"""For a place: with what a message may be held for the store, it leaves ten of RabbitMQ's 30 minutes for the speech."""
MOST: Final = 200
"""Characters of a reason that are kept in a record."""


@dataclass(frozen=True, slots=True)
class Line:
    """Who is asked for a segment."""

    names: Sequence[str]
    """The engines that may speak the job, in its order."""
    asked: Sequence[str]
    """Those of them that are asked for this segment, one after another."""
    away: dict[str, str]
    """Those of them that may not be able to speak now, and why; not those that do not suit the job."""

    def ahead_of(self, engine: str, reasons: Mapping[str, str]) -> dict[str, str]:
        """Those of the reasons that are of engines before this one in the order of the job."""
        return {name: reasons[name] for name in self.names[: self.names.index(engine)] if name in reasons}


class Speaking:
    def __init__(
        self, context: Context, engines: Engines, cache: Cache, read: Read = read, at_rate: AtRate = resampled
    ) -> None:
        self._clock = context.clock
        self._stop = context.stop
        self._engines = engines
        self._read = read
        self._at_rate = at_rate
        self._choices = Choices(context.jobs, context.clock)
        self._attempts = Attempts(engines, cache)
        self.levels = self._attempts.levels
        self._failed: dict[str, str] = {}
        """Why each engine last did not speak."""

    @asynccontextmanager
    async def place(self, job: str, plan: Plan) -> AsyncIterator[None]:
        """One of the places of the engine that speaks the job: a slow one fills no more than its own.

        Raises Crowded where none gets free for a long time, or only once the process is to stop; what has RETURNED
        does not wait.
        """
        places = await self._places(job, plan)
        patience = 0 if RETURNED.get() else WAIT_SECONDS
        try:
            async with asyncio.timeout(patience):
                await places.acquire()
        except TimeoutError:
            raise Crowded(f"the engine of the job had no place for {patience:g} s") from None
        try:
            if self._stop.is_set:
                raise Crowded("the process is to stop")
            yield
        finally:
            places.release()

    async def _places(self, job: str, plan: Plan) -> asyncio.Semaphore:
        try:
            names, _ = await self._allowed(plan)
            choice, _ = await self._choices.of(job) if len(names) > 1 else (None, "")
            line = await self._line(plan, names, choice)
            return await self._engines.member(line.asked[0]).places()
        except DarkChannelError:  # the segment meets it, too, and tells
            return asyncio.Semaphore()

    async def chunk(self, job: str, plan: Plan, ssml: str, *, source: str, take: int) -> bytes:
        """The chunk of a segment, at the rate of its book; ``source`` and ``take`` as in ``Order``.

        Raises Permanent where no engine can speak it, Transient where one may later.
        """
        reading = await asyncio.to_thread(self._read, ssml)
        order = Order(reading, plan.options.language, plan.options.voice, source, take)
        names, is_chosen = await self._allowed(plan)
        if is_chosen:
            return await self._of_its_book(job, plan, order, names)
        said, _ = await self._said(order, Line(names, names, {}))
        # What was rejected may be of the wrong rate: that of a book begun with an engine that is there no more.
        choice, _ = await self._choices.of(job) if take else (None, "")
        return await self._packed(order, said, choice.rate if choice else said.speech.rate)

    async def _allowed(self, plan: Plan) -> tuple[tuple[str, ...], bool]:
        """The engines that may speak a job at all, and whether it is kept which of them does, and at which rate."""
        names = self._engines.named(plan.options.engine)
        if len(names) > 1:
            standings = await self._engines.standings(names)
            names = tuple(name for name in names if standings[name].is_set_up) or names
        return names, len(names) > 1 or (await self._engines.member(names[0]).engine()).rate is None

    async def _of_its_book(self, job: str, plan: Plan, order: Order, names: Sequence[str]) -> bytes:
        """A chunk by whoever speaks the book, which is chosen with its first speech."""
        while True:
            choice, over = await self._choices.of(job)
            begun, rate = (choice, choice.rate) if choice else await self._choices.begun(job)
            line = await self._line(plan, names, begun)
            said, failures = await self._said(order, line)
            due = await self._due(said, line, failures, begun, rate)
            stands = choice if choice == due else await self._choices.stands(job, due, over)
            if stands.engine == due.engine:
                said = replace(said, unable=_unable(said.engine, line, failures, stands))
                return await self._packed(order, said, stands.rate)
            # Another process was quicker, and chose another: that one speaks.

    async def _line(self, plan: Plan, names: Sequence[str], begun: Choice | None) -> Line:
        if len(names) == 1:
            return Line(names, names, {})
        job = wanted(plan)
        found = await self._engines.standings(names, job.voices)
        standings = {name: self._explained(name, standing) for name, standing in found.items()}
        away = {name: standing.away for name, standing in standings.items() if standing.away is not None}
        return Line(names, in_line(job, standings, begun.engine if begun else None), away)

    def _explained(self, name: str, standing: Standing) -> Standing:
        """With the last failure of one that rests: how often it failed tells nobody what to mend."""
        return replace(standing, away=self._failed.get(name, standing.away)) if standing.is_resting else standing

    async def _due(self, said: Said, line: Line, failures: Failures, begun: Choice | None, rate: int | None) -> Choice:
        """Who is to speak the rest of the book: the first in line that is not gone.

        One that only could not speak this segment is not, nor is ``begun``, who spoke until now, while it is merely
        Busy. ``rate``: of the book, where it has one.
        """
        speaks = begun.engine if begun else None
        gone = {
            name: str(error)
            for name, error in failures.items()
            if isinstance(error, Unavailable) and not (name == speaks and isinstance(error, Busy))
        }
        heir = next(name for name in line.asked if name not in gone)
        at = self._clock()
        if begun is None:
            rate = rate or (await self._engines.member(heir).engine()).rate or said.speech.rate
            reasons = line.ahead_of(heir, line.away) | gone
            before = tuple(Left(engine=name, reason=reason, at=at) for name, reason in reasons.items())
            return Choice(engine=heir, rate=rate, before=before)
        if heir == begun.engine:
            return begun
        standing = self._explained(begun.engine, await self._engines.member(begun.engine).standing())
        reason = gone.get(begun.engine) or standing.away
        return begun.passed_to(heir, reason=reason or "it is not among the engines of the job any more", at=at)

    async def _said(self, order: Order, line: Line) -> tuple[Said, Failures]:
        """The speech of the first in line that can speak the segment, and why those before it did not.

        Raises Transient where none can now, or the store is away, Permanent where none ever can.
        """
        failures: Failures = {}
        for name in line.asked:
            strange = await self._strange(name, line.names, named(order.reading.script))
            try:
                return await self._attempts.said(name, order, strange), failures
            except Unread:
                raise
            except DarkChannelError as error:
                failures[name] = error
                self._failed[name] = str(error)
                log.warning("an engine did not speak a segment", engine=name, reason=str(error))
        raise _failure(line, failures)

    async def _strange(self, engine: str, names: Sequence[str], voices: frozenset[str]) -> frozenset[str]:
        """Voices that are another engine's, or may be: this one speaks with its own in their place.

        One that nobody has is a mistake, which the engine is to tell of.
        """
        if len(names) == 1 or not voices:
            return frozenset()
        standings = await self._engines.standings(names, voices)
        return frozenset(
            voice
            for voice in standings[engine].lacks
            if any(other.away is not None or voice not in other.lacks for other in standings.values())
        )

    async def _packed(self, order: Order, said: Said, rate: int) -> bytes:
        said = replace(said, speech=await self._at_rate(said.speech, rate))
        try:
            return wav.pack(said.speech, said.record(order))
        except ValueError as error:
            raise Permanent(f"its chunk cannot be written: {error}") from error


def _unable(engine: str, line: Line, failures: Failures, choice: Choice) -> tuple[tuple[str, str], ...]:
    """Why engines did not speak that were asked before this one, or come before it in the order of the job."""
    left = {left.engine: left.reason for left in choice.before}
    reasons = line.ahead_of(engine, left | line.away) | {name: str(error) for name, error in failures.items()}
    # Half a letter, of which a server may tell, cannot be written.
    return tuple((name, reason[:MOST].encode(errors="replace").decode()) for name, reason in reasons.items())


def _failure(line: Line, failures: Failures) -> DarkChannelError:
    """Why nobody spoke, in one: to be tried again where one of them, or one that is only away, may speak later."""
    told = line.away | {name: str(error) for name, error in failures.items()}
    reasons = [f"{name}: {told[name]}" for name in line.names if name in told]
    reason = "; ".join(reasons) if len(reasons) > 1 else str(*failures.values())
    is_hopeless = all(isinstance(failures.get(name), Permanent | NotSetUp) for name in told)
    return Permanent(reason) if is_hopeless else Transient(reason)
