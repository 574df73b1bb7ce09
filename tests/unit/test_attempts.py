"""What an engine is told of its tries: each once, whoever waits for it, and none where the cache speaks."""

import asyncio
from dataclasses import replace

import pytest

from darkchannel.audio.wav import Speech, Turn
from darkchannel.errors import DarkChannelError, Permanent, Unavailable
from darkchannel.runtime.circuit import FAILURES
from darkchannel.runtime.engines import Busy
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import utc_now
from darkchannel.speech.ssml import Element
from darkchannel.speech.ssml import spoken as words
from darkchannel.storage.memory import MemoryStore
from services.synthesizer.attempts import TRIES, Attempts, Order, Said
from services.synthesizer.cache import Cache, CacheSettings
from services.synthesizer.levels import REFERENCES
from tests.pipeline.engine import Simulated, engines_of, measured, speech


class Questioned(Simulated):
    """Asks a server before it speaks."""

    questions = 0
    held_back: DarkChannelError | None = None
    """Why the server said nothing, the same to all who wait."""

    async def revision(self, script: Element) -> str:
        self.questions += 1
        if self.held_back:
            raise self.held_back
        return await super().revision(script)


class Desk:
    """One engine, its cache, and the texts at which it is away, or silent."""

    def __init__(self, *, slots: int = 1, is_costly: bool = False) -> None:
        self.away_at = ""
        self.silent_at = ""
        self.voice: str | None = None
        """That its speech tells; of such a one the level is measured."""
        self.engine = Questioned(self._say, slots=slots, is_costly=is_costly)
        self._engines = engines_of(self.engine, clock=utc_now)
        self._attempts = Attempts(self._engines, Cache(MemoryStore(), utc_now, Metrics(), CacheSettings()))

    async def _say(self, script: Element) -> Speech:
        text = words(script)
        await asyncio.sleep(0)
        if self.away_at and self.away_at in text:
            raise Unavailable("it does not answer")
        said = speech(text)
        if self.silent_at == text:
            return replace(said, pcm=bytes(len(said.pcm)))
        return replace(said, turns=(Turn(0, self.voice),) if self.voice else ())

    async def said(self, text: str) -> Said:
        order = Order(measured(text), "pt-BR", None, source="etag", take=0)
        return await self._attempts.said(self.engine.name, order, frozenset())

    async def fail(self, text: str, times: int = 1) -> None:
        """Together; none is spoken."""
        told = await asyncio.gather(*(self.said(text) for _ in range(times)), return_exceptions=True)
        assert all(isinstance(error, DarkChannelError) for error in told)

    async def is_resting(self) -> bool:
        return (await self._engines.member(self.engine.name).standing()).is_resting


async def test_one_try_that_fails_is_one_failure_however_many_segments_wait_for_a_slot() -> None:
    desk = Desk(slots=1)
    desk.away_at = "um"
    for _ in range(FAILURES):
        assert not await desk.is_resting()
        await desk.fail("um", times=2 * FAILURES)
    assert await desk.is_resting()


async def test_one_level_that_cannot_be_measured_is_one_failure_however_many_segments_wait_for_it() -> None:
    desk = Desk(slots=2 * FAILURES)
    desk.away_at, desk.voice = REFERENCES["pt"][:9], "ana"
    await desk.fail("um", times=2 * FAILURES)
    assert not await desk.is_resting()


async def test_one_answer_that_is_held_back_is_one_failure_and_nobody_who_waited_for_it_asks_again() -> None:
    desk = Desk(is_costly=True)
    desk.engine.held_back = Busy("it does not say in time which voices it has")
    await desk.fail("um", times=2 * FAILURES)
    assert desk.engine.questions == 2 * FAILURES
    assert not await desk.is_resting()


async def test_speech_from_the_cache_says_nothing_of_its_engine() -> None:
    desk = Desk(is_costly=True)
    assert not (await desk.said("um")).cached
    desk.away_at = "dois"
    for _ in range(FAILURES):
        assert not await desk.is_resting()
        assert (await desk.said("um")).cached
        await desk.fail("dois")
    assert (await desk.said("um")).cached
    assert await desk.is_resting()


async def test_speech_that_is_sound_ends_a_row_of_failures() -> None:
    desk = Desk()
    desk.away_at = "dois"
    for _ in range(FAILURES):
        await desk.fail("dois")
        await desk.said("um")
    assert not await desk.is_resting()


async def test_speech_that_is_not_sound_is_a_failure() -> None:
    desk = Desk()
    desk.silent_at = "um"
    for _ in range(-(-FAILURES // TRIES)):
        assert not await desk.is_resting()
        with pytest.raises(Permanent, match="the speech of simulated is silent"):
            await desk.said("um")
    assert await desk.is_resting()
