"""One engine of a process: opened when first asked for, and asked now and then whether it can speak."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final
from weakref import WeakSet

import structlog

from darkchannel.audio.wav import Speech
from darkchannel.errors import DISK_FULL, DarkChannelError, Permanent, Transient, Unavailable
from darkchannel.runtime.circuit import LONG_AGO, Circuit
from darkchannel.runtime.engines import Engine, NotSetUp, Unread, revision_of
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import Clock
from darkchannel.speech.ssml import Element
from services.synthesizer.selection import Standing

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(seconds=30)
"""How long an answer holds; an engine that goes away meanwhile is told by its speech."""
OLD: Final = 2 * EVERY
"""After which an answer says nothing any more: no segment came for so long, a book is to begin with who is there."""
ASK_SECONDS: Final = 10.0
"""An engine that needs longer to say whether it can speak cannot."""

Open = Callable[[str], Awaitable[Engine]]
"""Opens an engine by its name; raises as ``darkchannel.runtime.engines.open_engine``."""


class Member:
    """One engine, and what it has shown of itself."""

    def __init__(self, name: str, open_: Open, clock: Clock, metrics: Metrics) -> None:
        self.name = name
        self._open = open_
        self._clock = clock
        self._up = metrics.engine_up
        self._is_counted = False
        """Whether it ever spoke or was set up: of the others there is nothing to watch."""
        self.slots = 0
        """How many segments it speaks at once; none before it is open."""
        self._free = asyncio.Semaphore(0)
        self._places = asyncio.Semaphore(0)
        self._opening: asyncio.Task[Engine] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._asked = LONG_AGO
        self._answer: Standing | None = None
        self._has: dict[str, bool] = {}
        self._circuit = Circuit()
        self._failures: WeakSet[DarkChannelError] = WeakSet()
        """That have counted."""
        self._absence: Unavailable | None = None
        """Of the last try that showed it to be away."""

    async def engine(self) -> Engine:
        """Raises as ``Open``; no failure is remembered, the next segment tries anew."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._opened())
        opening = self._opening
        try:
            return await asyncio.shield(opening)
        except Exception:
            if self._opening is opening:
                self._opening = None
            raise

    async def _opened(self) -> Engine:
        try:
            engine = await self._open(self.name)
            self.slots = max(1, engine.slots)
        except DarkChannelError:
            raise
        except OSError as error:
            raise Transient(f"the engine '{self.name}' did not open: {_unexpected(error)}") from error
        except Exception as error:  # a factory may be anybody's, too
            raise Permanent(f"the engine '{self.name}' did not open: {_unexpected(error)}") from error
        self._free = asyncio.Semaphore(self.slots)
        # A few more: while chunks are written, as many texts are with the engine.
        self._places = asyncio.Semaphore(self.slots + -(-self.slots // 4))
        return engine

    async def places(self) -> asyncio.Semaphore:
        """One for each segment on its way through this engine; the others wait in turn. Raises as ``engine``."""
        await self.engine()
        return self._places

    async def speak(self, script: Element) -> Speech:
        """As soon as one of its slots is free. Raises as the engine does; what nobody foresaw is a try that failed.

        Who waits for a slot while another try shows it to be away learns it from that one: each takes its time.
        """
        engine = await self.engine()
        known = self._absence
        try:
            async with self._free:
                if self._absence and self._absence is not known:
                    raise self._absence.with_traceback(None)  # else it keeps all who waited
                with self._trying():
                    return await engine.speak(script)
        except Unavailable as error:
            self._absence = error
            raise

    async def revision(self, script: Element) -> str:
        """Raises as ``speak``, and as ``revision_of``."""
        engine = await self.engine()
        with self._trying():
            return await revision_of(engine, script)

    @contextmanager
    def _trying(self) -> Iterator[None]:
        try:
            yield
        except Unavailable as error:
            self.tell(error)
            raise
        except DarkChannelError:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise
            log.warning("an engine stumbled", engine=self.name, exc_info=True)
            raise Transient(f"{self.name} stopped at an {_unexpected(error)}") from error

    def tell(self, failure: DarkChannelError | None) -> None:
        """What became of its last try, None for speech; that it was Unavailable it knows itself.

        What several waited for fails them all by one error, which counts once.
        """
        if failure is not None:
            if failure in self._failures:
                return
            self._failures.add(failure)
        self._circuit = self._circuit.after(self._clock(), succeeded=failure is None)
        if failure is not None and self._circuit.is_open:
            self._absence = Unavailable(str(failure))  # nobody waits for a slot to find out anew
        self._count(is_known=failure is None)

    async def standing(self, voices: Collection[str] = ()) -> Standing:
        """As it answered lately; ``voices``: whether it has these, of one with several names any.

        Who comes first, or after long, waits for an answer.

        Raises Unread where the store is away before it has told of itself, or of these.
        """
        age = self._clock() - self._asked
        if self._asking is None and age >= EVERY:
            self._asking = asyncio.create_task(self._ask())
        if (self._answer is None or age >= OLD) and self._asking is not None:
            await asyncio.shield(self._asking)
        answer = self._answer
        assert answer
        # After a rest all may try at once: were it one, a book's other segments would give the book away meanwhile.
        if answer.is_set_up and self._circuit.rests(self._clock()):
            answer = Standing(away=f"it failed {self._circuit.failures} times in a row", is_resting=True)
        if answer.away is None:
            return await self._with_lacks(answer, voices)
        has = self._has
        return replace(answer, lacks=frozenset(voice for voice in voices if not has.get(voice, True)))

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                engine = await self.engine()
                told = tuple(await engine.voices())
            answer = Standing(told, most_segments=engine.most_segments)
            self._has = {voice.name: True for voice in told}
        except Unread:
            if self._answer is None:
                self._asking = None
                raise
            answer = self._answer
        except Exception as error:  # an engine may be anybody's: whatever it raises, the others speak on
            answer = _away(error)
        if self._answer is None or answer.away != self._answer.away:
            what = "an engine cannot speak" if answer.away else "an engine can speak"
            log.info(what, engine=self.name, reason=answer.away)
        self._answer = answer
        self._asked, self._asking = self._clock(), None
        self._count(is_known=answer.is_set_up)

    def _count(self, *, is_known: bool) -> None:
        self._is_counted = self._is_counted or is_known
        if self._is_counted:
            is_away = self._answer is not None and self._answer.away is not None
            self._up.labels(self.name).set(not is_away and not self._circuit.is_open)

    async def _with_lacks(self, answer: Standing, voices: Collection[str]) -> Standing:
        has = self._has
        try:
            async with asyncio.timeout(ASK_SECONDS):
                for voice in voices:
                    if voice not in has:
                        has[voice] = await (await self.engine()).has(voice)
        except Unread:
            raise
        except Exception as error:  # as above
            return _away(error)
        return replace(answer, lacks=frozenset(voice for voice in voices if not has[voice]))

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        if self._opening is not None and not self._opening.done():
            self._opening.cancel()
        elif self._opening is not None:
            await (await self._opening).close()


def _away(error: Exception) -> Standing:
    if isinstance(error, TimeoutError):
        return Standing(away=f"it did not say within {ASK_SECONDS:g} s whether it can speak")
    if not isinstance(error, DarkChannelError):
        return Standing(away=_unexpected(error))
    # What is refused for good lacks a library, or has a wrong setting.
    return Standing(away=str(error), is_set_up=not isinstance(error, NotSetUp | Permanent))


def _unexpected(error: Exception) -> str:
    return f"unexpected {type(error).__name__}: {error}"
