"""One engine is asked for one segment: from the cache or anew, a second time where the first is not sound."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from darkchannel.audio import wav
from darkchannel.audio.faults import fault
from darkchannel.audio.wav import ChunkRecord, Speech
from darkchannel.errors import DarkChannelError, Permanent, Transient
from darkchannel.runtime.engines import Repeated, Unread
from darkchannel.runtime.speech_cache import SpeechKey, speech_key
from darkchannel.speech.expected import expected_seconds
from darkchannel.speech.longest import longest_seconds
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import Element
from services.synthesizer.cache import Cache
from services.synthesizer.levels import Levels
from services.synthesizer.member import Member
from services.synthesizer.roster import Engines
from services.synthesizer.voices import passed_over, without

TRIES: Final = 2
"""How often an engine is asked for a text that it fails at, where that is worth a second try."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A segment as it is to be spoken, and the seconds that this takes at an ordinary pace and at most."""

    script: Element
    expected: float
    longest: float


Read = Callable[[str], Reading]


def read(ssml: str) -> Reading:
    """Raises Refused where it is no SSML."""
    return Reading(rendered(ssml), expected_seconds(ssml), longest_seconds(ssml))


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be spoken, whoever speaks it."""

    reading: Reading
    language: str
    """Of the job, a BCP 47 tag."""
    voice: str | None
    """That the job names."""
    source: str
    """ETag of the segment."""
    take: int
    """How many chunks of it were rejected before."""


@dataclass(frozen=True, slots=True)
class Said:
    """Sound speech, and what is to be known of it."""

    engine: str
    voice: str | None
    """That was asked for; None where it was left to the engine."""
    speech: Speech
    cached: bool
    passed_over: frozenset[str] = frozenset()
    """Voices that the text names and the engine does not have."""
    gains: tuple[float, ...] = ()
    """Decibels, of each turn."""
    unable: tuple[tuple[str, str], ...] = ()
    """As in its record."""

    def record(self, order: Order) -> ChunkRecord:
        speech = self.speech
        return ChunkRecord(
            source=order.source,
            engine=self.engine,
            voice=self.voice,
            samples=len(speech.pcm) // wav.BYTES_PER_SAMPLE,
            rate=speech.rate,
            marks=tuple((mark.name, mark.sample) for mark in speech.marks),
            sentences=speech.sentences,
            words=tuple((word.sample, word.text) for word in speech.words),
            gains=tuple(self._changes()),
            expected=order.reading.expected,
            longest=order.reading.longest,
            take=order.take,
            cached=self.cached,
            passed_over=tuple(sorted(self.passed_over)),
            unable=self.unable,
        )

    def _changes(self) -> Iterator[tuple[int, float]]:
        """From which sample on how many decibels; neighbours of the same gain come together."""
        last: float | None = None
        for turn, gain in zip(self.speech.turns, self.gains, strict=False):
            if gain != last:
                yield turn.sample, gain
            last = gain


class Faulty(Permanent):
    """An engine spoke, but nothing that could stand in a book."""


class Attempts:
    def __init__(self, engines: Engines, cache: Cache) -> None:
        self._engines = engines
        self._cache = cache
        self.levels = Levels(self._reference)

    async def said(self, name: str, order: Order, strange: frozenset[str]) -> Said:
        """Sound speech of an engine, to which the voices ``strange`` are not named.

        Raises as the engine does, and Permanent where all it yields is faulty.
        """
        member = self._engines.member(name)
        failure: DarkChannelError
        for attempt in range(TRIES):
            try:
                # What was faulty is not taken from the cache once more.
                said = await self._once(member, order, strange, anew=attempt > 0)
            except Unread:
                raise
            except Repeated as error:
                member.tell(error)
                raise
            except (Faulty, Transient) as error:
                member.tell(error)
                failure = error
            else:
                if not said.cached:
                    member.tell(None)
                return said
        raise failure

    async def _once(self, member: Member, order: Order, strange: frozenset[str], *, anew: bool) -> Said:
        script = without(order.reading.script, strange)
        voice = None if order.voice in strange else order.voice
        key = await self._key(member, script)
        kept = await self._cache.get(key) if key and not anew else None
        speech = kept or await member.speak(script)
        expected, longest = order.reading.expected, order.reading.longest
        if reason := fault(speech.pcm, speech.rate, speech.places, expected=expected, longest=longest):
            raise Faulty(f"the speech of {member.name} {reason}")
        if key and kept is None:
            await self._cache.put(key, speech)
        gains = [await self.levels.gain(member.name, turn.voice, order.language) for turn in speech.turns]
        over = passed_over(order.reading.script, strange)
        return Said(member.name, voice, speech, kept is not None, over, tuple(gains))

    async def _reference(self, name: str, ssml: str) -> Speech:
        """What a voice is measured on. Raises as the engine does."""
        member = self._engines.member(name)
        script = await asyncio.to_thread(rendered, ssml)
        key = await self._key(member, script)
        speech = await self._cache.get(key) if key else None
        if speech is None:
            speech = await member.speak(script)
            if key:
                await self._cache.put(key, speech)
        return speech

    async def _key(self, member: Member, script: Element) -> SpeechKey | None:
        """Under which the cache has it; None for what costs no more than a read."""
        engine = await member.engine()
        return speech_key(script, member.name, await member.revision(script)) if engine.is_costly else None
