"""espeak-ng as an engine of plain text: it is handed words and nothing else, a few at a time."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from itertools import chain

from darkchannel.audio.wav import Speech
from darkchannel.runtime.engines import Engine, Voice
from darkchannel.speech.ssml import Element
from services.synthesizer.engines import espeak_voices
from services.synthesizer.engines.espeak import Espeak
from services.synthesizer.engines.plain import PlainText
from tests.contract.engines.kind import Kind


async def spoken(espeak: Espeak, text: str, language: str, voice: str | None) -> Speech:
    """Bare words, as a server under test may speak them, too."""
    words = Element("lang", {"xml:lang": language}, (text,))
    if voice:
        words = Element("voice", {"name": voice}, (words,))
    return await espeak.speak(Element("speak", {"xml:lang": language}, (words,)))


class BareWords:
    name = "bare words"
    slots = 1
    rate = 22_050
    is_costly = False
    most_segments = None
    limit = 120

    def __init__(self) -> None:
        self._espeak = Espeak(slots=1)
        self.close = self._espeak.close

    async def voices(self) -> Sequence[Voice]:
        return await self._espeak.voices()

    async def known(self, wanted: Sequence[Sequence[str]]) -> Collection[str]:
        return [*filter(espeak_voices.has, chain.from_iterable(wanted))]

    async def revision(self, language: str, voice: str | None) -> str:
        return await self._espeak.revision(Element("speak", {}, ()))

    async def speaks(self, language: str) -> bool:
        return language.partition("-")[0].lower() in {"pt", "en"}

    async def say(self, text: str, language: str, voice: str | None) -> Speech:
        assert len(text) <= self.limit
        return await spoken(self._espeak, text, language, voice)


@asynccontextmanager
async def opened() -> AsyncIterator[Engine]:
    engine = PlainText(BareWords())
    yield engine
    await engine.close()


KIND = Kind("bare words", opened, tells_words=True, chosen=BareWords.name)
