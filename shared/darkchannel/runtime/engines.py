"""Speech engines: what each is to the rest of us, and those that are installed.

One registers a factory under the entry-point group ``darkchannel.engines``; it is called with the object store, which
holds reference voices and models, and must neither connect nor load anything.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, metadata
from typing import Final, Protocol

from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Transient, Unavailable
from darkchannel.speech.ssml import Element
from darkchannel.storage.port import ObjectStore

GROUP = "darkchannel.engines"
AUTO = "auto"
"""Asks for the best engine at hand."""
REVISION_SECONDS: Final = 10.0
"""An engine that needs longer to tell what its speech depends on does not tell it."""


class NotSetUp(Unavailable):
    """An engine lacks what it needs to speak at all, a setting, a library or a voice: nobody waits for it."""


class Busy(Unavailable):
    """A server does not say in time which voices it has: it begins no book, and keeps those that it speaks already."""


class Repeated(Transient):
    """A request failed as often as it was sent: asking for the same once more would change nothing for now."""


class Silent(Repeated):
    """An engine took a text and said nothing in time. That may be this text's fault: after some in a row it is left."""


class Unread(Transient):
    """The store is out of reach, and the engine is not: another would speak on for nothing."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that an engine can speak with now."""

    name: str
    """As the option ``voice`` and ``<voice name>`` give it."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags; none: any."""
    about: str = ""
    """A few words for people who choose."""


class Engine(Protocol):
    """Turns one segment, as ``darkchannel.speech.rendering.rendered`` writes it out, into speech.

    Where ``<voice name>`` gives several names, the first that it has speaks. No method blocks the loop. ``speak``
    raises Permanent for a text or a voice it cannot speak, Transient for a try that failed, Repeated for one that is
    not worth another now, Silent for one without an answer in time, Unread while the store is out of reach,
    Unavailable while the engine is, Busy while it does not say which voices it has. One error that fails several
    segments is one failure: what they all waited for.
    """

    name: str
    slots: int
    """How many segments it speaks at once."""
    rate: int | None
    """In hertz, of all it speaks; None where that depends on the voice."""
    is_costly: bool
    """Whether a segment costs more than a read from the object store: such speech is kept in the cache."""
    most_segments: int | None
    """Of a job that ``auto`` gives to it; None: any number."""

    async def voices(self) -> Sequence[Voice]:
        """Raises NotSetUp, with what to do, where it was never set up, Unavailable while it is out of reach.

        Bounded to a few seconds.
        """
        ...

    async def has(self, voice: str) -> bool:
        """Whether one of its voices has this name, of several names any. Raises as ``voices`` does."""
        ...

    async def revision(self, script: Element) -> str:
        """What the speech of this script depends on besides the script: library, server, the voices that it is given.

        Of other voices it tells nothing: one that is added changes it only where it is chosen. No secret; part of a
        cache key. Raises as ``speak``.
        """
        ...

    async def speak(self, script: Element) -> Speech: ...

    async def close(self) -> None: ...


Factory = Callable[[ObjectStore], Engine]


def installed() -> tuple[str, ...]:
    """Names of the engines that are registered, whether or not what they need is there."""
    return tuple(sorted(point.name for point in entry_points(group=GROUP)))


async def open_engine(name: str, store: ObjectStore) -> Engine:
    """Raises Permanent where there is none of this name, where what it needs is not installed, or set wrongly."""
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name not in points:
        raise Permanent(f"there is no engine '{name}': choose from {', '.join((AUTO, *sorted(points)))}")
    try:
        return await asyncio.to_thread(_made, points[name], store)
    except ImportError as error:
        raise Permanent(
            f"the engine '{name}' lacks {error.name or error}: pip install 'darkchannel[{_extra(name)}]'"
        ) from error


async def revision_of(engine: Engine, script: Element) -> str:
    """``Engine.revision``. Raises as it does, and Transient where it is not told in time."""
    try:
        async with asyncio.timeout(REVISION_SECONDS):
            return await engine.revision(script)
    except TimeoutError as error:
        raise Transient(f"{engine.name} did not tell its revision within {REVISION_SECONDS:g} s") from error


def _made(point: EntryPoint, store: ObjectStore) -> Engine:
    factory: Factory = point.load()
    return factory(store)


def _extra(engine: str) -> str:
    try:
        extras = metadata("darkchannel").get_all("Provides-Extra") or []
    except PackageNotFoundError:
        extras = []
    return f"synthesizer-{engine}" if f"synthesizer-{engine}" in extras else "synthesizer"
