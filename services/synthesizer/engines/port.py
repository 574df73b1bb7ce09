"""A speech engine as the synthesizer sees it."""

from typing import Protocol

from darkchannel.audio.wav import Speech
from darkchannel.speech.ssml import Element


class Engine(Protocol):
    """Turns one segment, as ``darkchannel.speech.rendering.rendered`` writes it out, into speech.

    ``speak`` raises Permanent for a text the engine cannot speak, Transient for a try that failed,
    Unavailable while the engine is out of reach. It never blocks the loop.
    """

    name: str
    slots: int
    """How many segments it speaks at once."""

    async def speak(self, script: Element) -> Speech: ...

    async def close(self) -> None: ...
