"""Simulated speech: what a text was spoken as can be read from every file made of it."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random

from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Transient

UNSPEAKABLE = "unspeakable"
FLAKY = "flaky"
"""A text at which the engine stumbles again and again, until somebody changes it."""

RATE = 100
"""In hertz: a second of speech is a few bytes."""
_LOUD = "\u3000\ucfff"
"""Two samples, one high and one low."""


def expected_seconds(ssml: str) -> float:
    return 2 + len(ssml) / 10


def speech(ssml: str, nonce: str = "") -> Speech:
    """Loud and long enough; ``nonce`` tells one take from another."""
    text = f"[{ssml}|{nonce}]"
    samples = round(expected_seconds(ssml) * RATE)
    return Speech((text + _LOUD * (samples // 2)).encode("utf-16-le"), RATE)


def spoken(body: bytes) -> list[str]:
    """The texts a simulated audio file was made of."""
    return re.findall(r"\[(.*?)\|.*?\]", body.decode("utf-16-le", "replace"))


class Engine:
    """Speaks, now and then badly. ``fails``, ``hiccups``, ``mumbles``: how often it may refuse a good text, be
    away for a moment, and yield silence or next to nothing; ``turn`` is awaited before each answer."""

    def __init__(
        self, random: Random, turn: Callable[[], Awaitable[None]], *, fails: int, hiccups: int, mumbles: int
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.exact = random.random() < 0.6
        """Whether it speaks the same bytes twice."""
        self.fails = fails
        self.hiccups = hiccups
        self.mumbles = mumbles
        self._random = random
        self._turn = turn

    @property
    def duplicates(self) -> int:
        """How many calls spoke a text that was spoken before: what a provider would charge for nothing."""
        return self.calls.total() - len(self.calls)

    async def speak(self, engine: str, ssml: str) -> tuple[str, Speech]:
        await self._turn()
        self.calls[ssml] += 1
        if ssml == UNSPEAKABLE or self._slips("fails"):
            raise Permanent("the engine has no sound for it")
        if ssml == FLAKY or self._slips("hiccups"):
            raise Transient("the engine is out of breath")
        if self._slips("mumbles"):
            return "simulated", self._mumbled(ssml)
        return "simulated", speech(ssml, "" if self.exact else f"n{self.calls.total()}")

    def _slips(self, how: str) -> bool:
        left = getattr(self, how)
        if not left or self._random.random() >= 0.3:
            return False
        setattr(self, how, left - 1)
        return True

    def _mumbled(self, ssml: str) -> Speech:
        if self._random.random() < 0.5:
            return Speech(bytes(len(speech(ssml).pcm)), RATE)
        return Speech(_LOUD.encode("utf-16-le"), RATE)
