"""The bucket of speech already spoken, for engines that cost more than a read.

The time of an object's last change tells when it was last used, within a day: one that is read and older than that is
copied onto itself. So the server's expiry, and eviction, go by a listing alone.
"""

import asyncio
import hashlib
import json
import re
import unicodedata
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from darkchannel import keys
from darkchannel.audio import cached
from darkchannel.audio.cached import CachedRecord
from darkchannel.audio.wav import Speech
from darkchannel.errors import Unavailable
from darkchannel.runtime.service import Clock
from darkchannel.runtime.together import together
from darkchannel.speech.characters import clean
from darkchannel.speech.ssml import Element, serialise, spoken
from darkchannel.storage.port import ObjectStore

SCHEMA: Final = 1
"""Of keys and files: another makes all that was kept before unknown."""
FRESH: Final = timedelta(days=1)
"""What was used so lately need not be told to be used again."""
KEPT: Final = timedelta(days=7)
"""Since the last use."""
ROOM: Final = 0.9
"""How much of the limit eviction leaves filled, so that it is not needed at once again."""
AT_ONCE: Final = 32

_SPACES = re.compile("[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class SpeechKey:
    """Speech that one engine gives to one script, and what people know it by."""

    engine: str
    digest: str
    voices: str
    text: str

    @property
    def name(self) -> str:
        """Of its object in ``keys.CACHE``."""
        return keys.speech(self.engine, self.digest)


def speech_key(script: Element, engine: str, revision: str) -> SpeechKey:
    """The key of a script, exactly as the engine is handed it, under what ``Engine.revision`` tells of it.

    Texts that differ in nothing but runs of spaces, or in how an accented letter is encoded, have one key.
    """
    depends_on = {"schema": SCHEMA, "ssml": serialise(_canonical(script)), "engine": engine, "revision": revision}
    body = json.dumps(depends_on, sort_keys=True, separators=(",", ":"))
    return SpeechKey(
        engine,
        hashlib.sha256(body.encode()).hexdigest(),
        voices=", ".join(dict.fromkeys(_voices(script))),
        text=" ".join(clean(spoken(script)).split()),
    )


def _canonical(element: Element) -> Element:
    """The element with its texts whole, their spaces single and their letters composed, its attributes by name."""
    children: list[Element | str] = []
    for child in element.children:
        if isinstance(child, Element):
            children.append(_canonical(child))
        elif children and isinstance(before := children[-1], str):
            children[-1] = _plain(before + child)
        else:
            children.append(_plain(child))
    return Element(element.name, dict(sorted(element.attributes.items())), tuple(children))


def _plain(text: str) -> str:
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text))


def _voices(element: Element) -> Iterator[str]:
    if element.name == "voice" and (name := clean(element.attributes.get("name", "")).strip()):
        yield name
    for child in element.children:
        if isinstance(child, Element):
            yield from _voices(child)


@dataclass(frozen=True, slots=True)
class Entry:
    """An object of the cache as a listing tells of it."""

    name: str
    engine: str
    size: int
    """In bytes."""
    used: datetime
    """Within a day."""


def to_evict(entries: Collection[Entry], limit: int, now: datetime) -> list[Entry]:
    """What has not been used for ``KEPT``; where more than ``limit`` bytes are left, the least recently used, too.

    Processes that evict at the same time choose the same.
    """
    chosen: list[Entry] = []
    kept: list[Entry] = []
    for entry in sorted(entries, key=lambda entry: (entry.used, entry.name)):
        (chosen if now - entry.used > KEPT else kept).append(entry)
    left = sum(entry.size for entry in kept)
    if left > limit:
        for entry in kept:
            if left <= limit * ROOM:
                break
            chosen.append(entry)
            left -= entry.size
    return chosen


def _nothing() -> None:
    pass


class SpeechCache:
    """Every method raises Unavailable while the store, or its bucket, is away."""

    def __init__(self, store: ObjectStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def get(self, key: SpeechKey) -> Speech | None:
        """The speech as it was put; None where there is none, or what is there was damaged or is nobody's."""
        found = await self._store.get(keys.CACHE, key.name)
        if found is None:
            return None
        try:
            speech = await asyncio.to_thread(cached.unpack, found.body, key.digest)
        except ValueError:
            return None
        if self._clock() - found.info.modified > FRESH:
            with suppress(Unavailable):  # it is read already; that it was used is told by the next who reads it
                await self._touch(key.name)
        return speech

    async def has(self, key: SpeechKey) -> bool:
        """Whether ``get`` would find it; counts as a use."""
        return await self.get(key) is not None

    async def put(self, key: SpeechKey, speech: Speech) -> None:
        """Over whatever is there: what is right has the same content, and what was damaged goes."""
        about = {"digest": key.digest, "engine": key.engine, "voices": key.voices, "text": key.text}
        body = await asyncio.to_thread(cached.pack, speech, **about)
        await self._store.put(keys.CACHE, key.name, body, content_type="audio/wav")

    async def entries(self) -> AsyncIterator[Entry]:
        """All that is kept; what others put into the bucket is not looked at."""
        async for info in self._store.list(keys.CACHE, keys.SPEECH_PREFIX):
            if engine := keys.parse_speech(info.key):
                yield Entry(info.key, engine, info.size, info.modified)

    async def record(self, entry: Entry) -> CachedRecord | None:
        """What was said; None where it is gone, or damaged. Reads only its head."""
        found = await self._store.get(keys.CACHE, entry.name, first=cached.HEAD_BYTES)
        return cached.read_record(found.body) if found else None

    async def remove(self, entries: Collection[Entry], tick: Callable[[], None] = _nothing) -> None:
        """``tick`` is called after each."""

        async def remove(entry: Entry) -> None:
            await self._store.delete(keys.CACHE, entry.name)
            tick()

        await together((remove(entry) for entry in entries), at_once=AT_ONCE)

    async def evict(self, limit: int) -> list[Entry]:
        """Remove what ``to_evict`` names, and return it."""
        chosen = to_evict([entry async for entry in self.entries()], limit, self._clock())
        await self.remove(chosen)
        return chosen

    async def _touch(self, name: str) -> None:
        # S3 refuses to copy an object onto itself where nothing about it changes.
        await self._store.copy(keys.CACHE, name, keys.CACHE, name, metadata={"used": self._clock().isoformat()})
