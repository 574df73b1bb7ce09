"""The engines of one process: each is opened when first asked for, and asked now and then whether it can speak."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Final

import structlog

from darkchannel.audio.wav import Speech
from darkchannel.errors import DarkChannelError, Permanent, Transient
from darkchannel.runtime.circuit import LONG_AGO, Circuit
from darkchannel.runtime.engines import AUTO, Engine, NotSetUp
from darkchannel.runtime.service import Clock
from darkchannel.speech.ssml import Element
from services.synthesizer.selection import Standing, usual

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(seconds=30)
"""How long an answer holds; an engine that goes away meanwhile is told by its speech."""
ASK_SECONDS: Final = 10.0
"""An engine that needs longer to say whether it can speak cannot."""

Open = Callable[[str], Awaitable[Engine]]
"""Opens an engine by its name; raises as ``darkchannel.runtime.engines.open_engine``."""


class Member:
    """One engine, and what it has shown of itself."""

    def __init__(self, name: str, open_: Open, clock: Clock) -> None:
        self.name = name
        self._open = open_
        self._clock = clock
        self._opening: asyncio.Future[Engine] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._asked = LONG_AGO
        self._answer: Standing | None = None
        self._has: dict[str, bool] = {}
        self._circuit = Circuit()
        self._under_way = 0

    async def engine(self) -> Engine:
        """Raises as ``Open``; no failure is remembered, the next segment tries anew."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open(self.name))
        opening = self._opening
        try:
            return await asyncio.shield(opening)
        except Exception:
            if self._opening is opening:
                self._opening = None
            raise

    async def speak(self, script: Element) -> Speech:
        """Raises as the engine does; what nobody foresaw is a try that failed."""
        engine = await self.engine()
        self._under_way += 1
        try:
            return await engine.speak(script)
        except (DarkChannelError, OSError):
            raise
        except Exception as error:
            log.warning("an engine stumbled", engine=self.name, exc_info=True)
            raise Transient(f"{self.name} stopped at an unexpected {type(error).__name__}: {error}") from error
        finally:
            self._under_way -= 1

    def tell(self, *, succeeded: bool) -> None:
        """What became of its last try."""
        self._circuit = self._circuit.after(self._clock(), succeeded=succeeded)

    async def standing(self, voices: Collection[str] = ()) -> Standing:
        """As it answered lately; none but the first answer is waited for. ``voices``: whether it has these."""
        if self._asking is None and self._clock() - self._asked >= EVERY:
            self._asking = asyncio.create_task(self._ask())
        if self._answer is None and self._asking is not None:
            await asyncio.shield(self._asking)
        assert self._answer
        if self._answer.away is not None:
            return self._answer
        if not self._circuit.admits(self._clock(), self._under_way):
            return Standing(away=f"it failed {self._circuit.failures} times in a row")
        return await self._with_lacks(self._answer, voices)

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                engine = await self.engine()
                told = tuple(await engine.voices())
            answer = Standing(told, most_segments=engine.most_segments)
        except Exception as error:  # an engine may be anybody's: whatever it raises, the others speak on
            answer = _away(error)
        if self._answer is None or answer.away != self._answer.away:
            what = "an engine cannot speak" if answer.away else "an engine can speak"
            log.info(what, engine=self.name, reason=answer.away)
        self._answer, self._has = answer, {voice.name: True for voice in answer.voices}
        self._asked, self._asking = self._clock(), None

    async def _with_lacks(self, answer: Standing, voices: Collection[str]) -> Standing:
        has = self._has
        try:
            async with asyncio.timeout(ASK_SECONDS):
                for voice in voices:
                    if voice not in has:
                        has[voice] = await (await self.engine()).has(voice)
        except Exception as error:  # as above
            return _away(error)
        lacks = frozenset(voice for voice in voices if not has[voice])
        return Standing(answer.voices, lacks, answer.most_segments)

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        if self._opening is not None:
            await (await self._opening).close()


def _away(error: Exception) -> Standing:
    if isinstance(error, TimeoutError):
        return Standing(away=f"it did not say within {ASK_SECONDS:g} s whether it can speak")
    if not isinstance(error, DarkChannelError):
        return Standing(away=f"unexpected {type(error).__name__}: {error}")
    # What is refused for good lacks a library, or has a wrong setting.
    return Standing(away=str(error), is_set_up=not isinstance(error, NotSetUp | Permanent))


class Engines:
    """``installed``: the names that ``open_`` takes; ``order``: what ``auto`` may choose, none for the usual.

    Raises Permanent where the order names an engine that is not installed.
    """

    def __init__(self, open_: Open, installed: Sequence[str], clock: Clock, order: Sequence[str] = ()) -> None:
        if unknown := [name for name in order if name not in installed]:
            raise Permanent(f"ENGINES names {', '.join(unknown)}: choose from {', '.join(installed)}")
        self._open = open_
        self._clock = clock
        self._order = tuple(dict.fromkeys(order)) or usual(installed)
        self._members: dict[str, Member] = {}

    def named(self, option: str) -> tuple[str, ...]:
        """The engines that the option ``engine`` of a job allows, in its order."""
        return self._order if option == AUTO else tuple(option.split(","))

    def member(self, name: str) -> Member:
        if name not in self._members:
            self._members[name] = Member(name, self._open, self._clock)
        return self._members[name]

    async def standings(self, names: Sequence[str], voices: Collection[str] = ()) -> dict[str, Standing]:
        """How these stand, in their order."""
        found = await asyncio.gather(*(self.member(name).standing(voices) for name in names))
        return dict(zip(names, found, strict=True))

    async def slots(self) -> int:
        """How many segments the widest of those speaks at once that ``auto`` may choose."""
        standings = await self.standings(self._order)
        names = [name for name, standing in standings.items() if standing.is_set_up]
        engines = [await self.member(name).engine() for name in names]
        return max((engine.slots for engine in engines), default=1)

    async def close(self) -> None:
        await asyncio.gather(*(member.close() for member in self._members.values()), return_exceptions=True)
