"""Simulated speech: what a text was spoken as can be read from every file made of it."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from copy import copy
from dataclasses import dataclass, replace
from random import Random

from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Transient
from darkchannel.runtime.engines import Engine, Voice
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import Clock
from darkchannel.speech.script import names
from darkchannel.speech.ssml import Element
from darkchannel.speech.ssml import spoken as words
from services.synthesizer.attempts import Reading
from services.synthesizer.roster import Engines
from tests.pipeline.scheduler import RUNNER

UNSPEAKABLE = "unspeakable"
FLAKY = "flaky"
"""A text at which the engine stumbles again and again, until somebody changes it."""

RATE = 8_000
"""In hertz: the lowest, so that a second of speech is few bytes."""
_LOUD = "\u3000\ucfff"
"""Two samples, one high and one low."""


def as_it_stands(ssml: str) -> Reading:
    """The texts of a simulated book are no SSML; nothing is expected of how long they take."""
    return Reading(Element("speak", {}, (ssml,)), 0.0, 0.0)


def measured(ssml: str) -> Reading:
    """As ``as_it_stands``, but too long or too short is noticed."""
    expected = 0.4 + len(ssml) / 100
    return Reading(Element("speak", {}, (ssml,)), expected, 3 * expected)


def speech(ssml: str, nonce: str = "", rate: int = RATE) -> Speech:
    """Loud and long enough; ``nonce`` tells one take from another."""
    text = f"[{ssml}|{nonce}]"
    samples = round(measured(ssml).expected * rate)
    return Speech((text + _LOUD * (samples // 2)).encode("utf-16-le"), rate)


async def at_rate(speech: Speech, rate: int) -> Speech:
    """Longer or shorter, as samples at another rate are; the text stays at the start."""
    if speech.rate == rate:
        return speech
    text = speech.pcm.decode("utf-16-le").rstrip(_LOUD)
    samples = round(len(speech.pcm) / 2 * rate / speech.rate)
    return replace(speech, pcm=(text + _LOUD * ((samples - len(text)) // 2)).encode("utf-16-le"), rate=rate)


def spoken(body: bytes) -> list[str]:
    """The texts a simulated audio file was made of."""
    return re.findall(r"\[(.*?)\|.*?\]", body.decode("utf-16-le", "replace"))


@dataclass(eq=False)
class Simulated:
    """An engine that says what ``say`` does, and is ``away`` while there is an error to raise."""

    say: Callable[[Element], Awaitable[Speech]]
    name: str = "simulated"
    slots: int = 4
    rate: int | None = 22_050
    is_costly: bool = False
    most_segments: int | None = None
    told: Sequence[Voice] = (Voice("simulated"),)
    known: Collection[str] | None = None
    """The voices that it has; None: every one."""
    away: Exception | None = None
    asked: int = 0
    """How often it was asked for its voices."""

    async def voices(self) -> Sequence[Voice]:
        self.asked += 1
        if self.away:
            raise self.away
        return self.told

    async def has(self, voice: str) -> bool:
        if self.away:
            raise self.away
        return self.known is None or not {*names(voice)}.isdisjoint(self.known)

    async def revision(self, _: Element) -> str:
        return "1"

    async def speak(self, script: Element) -> Speech:
        if self.away:
            raise copy(self.away)  # each try fails by itself
        return await self.say(script)

    async def close(self) -> None:
        pass


def engines_of(*engines: Engine, clock: Clock, order: Sequence[str] = (), metrics: Metrics | None = None) -> Engines:
    """What a process knows of these: its own memory of engines that other processes may use, too."""
    by_name = {engine.name: engine for engine in engines}

    async def open_(name: str) -> Engine:
        if name not in by_name:
            raise Permanent(f"there is no engine '{name}'")
        return by_name[name]

    return Engines(open_, tuple(by_name), clock, metrics or Metrics(), order)


class Fickle(Simulated):
    """Speaks, now and then badly. ``fails``, ``hiccups``, ``mumbles``: how often it may refuse a good text, fail for
    a moment, and yield silence, next to nothing or far too much; ``turn`` is awaited before each answer."""

    def __init__(
        self,
        name: str,
        random: Random,
        turn: Callable[[], Awaitable[None]],
        *,
        rate: int = RATE,
        is_fixed: bool = True,
        fails: int = 0,
        hiccups: int = 0,
        mumbles: int = 0,
    ) -> None:
        super().__init__(self._say, name, rate=rate if is_fixed else None)
        self.calls: Counter[str] = Counter()
        self.crowded: list[str] = []
        """Texts that one process asked for while it was being given them."""
        self.exact = random.random() < 0.6
        """Whether it speaks the same bytes twice."""
        self.fails = fails
        self.hiccups = hiccups
        self.mumbles = mumbles
        self._random = random
        self._turn = turn
        self._rate = rate
        self._under_way: set[tuple[object, str]] = set()

    @property
    def duplicates(self) -> int:
        """How many calls spoke a text that was spoken before: what a provider would charge for nothing."""
        return self.calls.total() - len(self.calls)

    async def _say(self, script: Element) -> Speech:
        text = words(script)
        at = (RUNNER.get().home, text)
        # Several segments may be edited to one of these two; any other text has a segment of its own.
        if at in self._under_way and text not in (UNSPEAKABLE, FLAKY):
            self.crowded.append(text)
        self._under_way.add(at)
        try:
            await self._turn()
        finally:
            self._under_way.discard(at)
        if self.away:
            raise copy(self.away)
        self.calls[text] += 1
        if text == UNSPEAKABLE or self._slips("fails"):
            raise Permanent("the engine has no sound for it")
        if text == FLAKY or self._slips("hiccups"):
            raise Transient("the engine is out of breath")
        if self._slips("mumbles"):
            return self._mumbled(text)
        return speech(text, "" if self.exact else f"n{self.calls.total()}", self._rate)

    def _slips(self, how: str) -> bool:
        left = getattr(self, how)
        if not left or self._random.random() >= 0.3:
            return False
        setattr(self, how, left - 1)
        return True

    def _mumbled(self, text: str) -> Speech:
        right = speech(text, rate=self._rate)
        pcm = self._random.choice((bytes(len(right.pcm)), _LOUD.encode("utf-16-le"), right.pcm + 8 * right.pcm))
        return replace(right, pcm=pcm)
