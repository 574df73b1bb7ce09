"""How many decibels bring each voice to a book's loudness: measured once, on a text that everybody of a language reads.

One figure a voice: a soft passage stays soft, and three words have no loudness of their own.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import structlog

from darkchannel.audio.loudness import gain_of
from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Transient
from darkchannel.runtime.engines import Silent, Unread

log = structlog.get_logger(__name__)

REFERENCES: Final = {
    "pt": (
        "A casa do velho faroleiro ficava na ponta da praia. Helena chegou numa tarde de maio, com uma mala pequena."
        " Chovia, e os vidros da cozinha tremiam com o vento de sul. — O senhor está em casa? — perguntou ela. Ninguém"
        " respondeu. A porta estava aberta. Do lado de fora, três gaivotas seguiam um barco que vinha do sul, devagar,"
        " com as luzes acesas. — Já vou! — disse por fim uma voz rouca. — Sou eu, tio. Vim ver o senhor."
    ),
    "en": (
        "The old keeper's house stood at the end of the beach. Helen came on an afternoon in May, with a small bag. The"
        " door was open. “Is anybody at home?” she asked. Nobody answered. She put down her bag, took off her hat and"
        " stood listening for a moment; outside, the gulls were crying around a boat that slowly came back to the"
        " harbour. “I am up here!” said a hoarse voice at last. Helen went up the stairs."
    ),
    "es": (
        "La casa del viejo farero estaba al final de la playa. Elena llegó una tarde de mayo, con una maleta pequeña."
        " La puerta estaba abierta. —¿Hay alguien en casa? —preguntó. Nadie respondió. Dejó la maleta en el suelo, se"
        " quitó el sombrero y escuchó un momento; fuera, las gaviotas gritaban alrededor de un barco que volvía"
        " despacio al puerto."
    ),
    "fr": (
        "La maison du vieux gardien se trouvait au bout de la plage. Hélène arriva un après-midi de mai, avec une"
        " petite valise. La porte était ouverte. « Y a-t-il quelqu'un ? » demanda-t-elle. Personne ne répondit. Elle"
        " posa sa valise, ôta son chapeau et écouta un moment ; dehors, les mouettes criaient autour d'un bateau qui"
        " rentrait lentement au port."
    ),
    "de": (
        "Das Haus des alten Wärters stand am Ende des Strandes. Helene kam an einem Nachmittag im Mai mit einer kleinen"
        " Tasche. Die Tür war offen. „Ist jemand zu Hause?“, fragte sie. Niemand antwortete. Sie stellte die Tasche ab,"
        " nahm den Hut vom Kopf und lauschte einen Augenblick; draußen schrien die Möwen um ein Boot, das langsam in"
        " den Hafen zurückkam."
    ),
}
"""Ordinary prose by the language's primary tag; figures are read in any other, up to 1.5 dB beside its prose."""
FIGURES: Final = "1, 2, 3, 4, 5, 6. 7, 8, 9, 10, 11, 12. 13 14 15 16. 17 18 19 20. 21, 22, 23, 24. 25, 26, 27, 28."

_LANGUAGE = re.compile(r"[A-Za-z]{2}(?=[-_+]|$)")
"""As the names of voices begin with one: ``pt-br+f3``, ``pt_BR-faber-medium``. Three letters are a person: ``eva``."""

Speak = Callable[[str, str], Awaitable[Speech]]
"""(engine, SSML) to its speech."""
Of = tuple[str, str, str]
"""Engine, voice and language."""


class Levels:
    """The gains of the voices of one process."""

    def __init__(self, speak: Speak) -> None:
        self._speak = speak
        self._measuring: dict[Of, asyncio.Task[float]] = {}
        self._heard: set[Of] = set()
        """Who has spoken: that it fails is of the text that it is measured on."""

    async def gain(self, engine: str, voice: str, language: str) -> float:
        """Decibels, to 0.01, of a voice that has just spoken; 0 where it is mute, refuses, or fails at figures, too.

        That 0 is this process's own, and stands as long as it runs.
        ``voice`` as a turn names it; ``language``, a BCP 47 tag, counts where the name of the voice tells none. Raises
        Unavailable, Unread, Silent, and what is no error of ours.
        """
        self._heard.add(_of(engine, voice, language))
        return await asyncio.shield(self.measure(engine, voice, language))

    def measure(self, engine: str, voice: str, language: str) -> asyncio.Task[float]:
        """Begin to measure a voice that may be needed soon."""
        of = _of(engine, voice, language)
        if of not in self._measuring:
            task = self._measuring[of] = asyncio.create_task(self._measured(of))
            task.add_done_callback(_seen)
        return self._measuring[of]

    async def _measured(self, of: Of) -> float:
        try:
            speech = await self._sample(of)
            return round(await asyncio.to_thread(gain_of, speech.pcm, speech.rate), 2)
        except Exception as error:
            if not self._is_left(error, of):
                del self._measuring[of]
                raise
            # The book's own level brings the whole to its loudness, and this voice is beside the others by no more
            # than its engine has it. Measured later, it would change in the middle of a book that this process speaks
            # alone; others measure for themselves.
            log.warning("a voice is left as loud as it is", engine=of[0], voice=of[1], error=str(error))
            return 0.0

    async def _sample(self, of: Of) -> Speech:
        """Its prose, or figures where it fails at that text. Raises as it speaks."""
        prose, figures = reference(*of), reference(*of, of_figures=True)
        try:
            return await self._speak(of[0], prose)
        except Unread:
            raise
        except Transient:
            if figures == prose:
                raise
            return await self._speak(of[0], figures)

    def _is_left(self, error: Exception, of: Of) -> bool:
        """Whether a voice that was heard, or refuses, is left as it is: what a store or a server lacks may come."""
        if isinstance(error, Transient) and not isinstance(error, Unread | Silent):
            return of in self._heard
        return isinstance(error, Permanent)

    async def close(self) -> None:
        """Give up what is being measured."""
        for measuring in self._measuring.values():
            measuring.cancel()
        await asyncio.gather(*self._measuring.values(), return_exceptions=True)


def _seen(measuring: asyncio.Task[float]) -> None:
    """Nobody may be waiting for it; who does is told of its error all the same."""
    if not measuring.cancelled():
        measuring.exception()


def _of(engine: str, voice: str, language: str) -> Of:
    found = _LANGUAGE.match(voice) if voice != engine else None
    return engine, voice, found[0].lower() if found else language


def reference(engine: str, voice: str, language: str, *, of_figures: bool = False) -> str:
    """The SSML that a voice is measured on; a voice with the engine's own name is the one it chooses."""
    prose = REFERENCES.get(language.partition("-")[0].lower(), FIGURES)
    text = escape(FIGURES if of_figures else prose)
    spoken = text if voice == engine else f"<voice name={quoteattr(voice)}>{text}</voice>"
    return f"<speak xml:lang={quoteattr(language)}>{spoken}</speak>"
