"""Speech that was spoken before, for engines that cost more than a read: in memory for an hour, then in the store.

The cache never fails speech: where it is away or slow, engines speak as if it were empty.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import structlog
from pydantic import ByteSize
from pydantic_settings import BaseSettings

from darkchannel.audio.wav import Speech
from darkchannel.errors import DarkChannelError
from darkchannel.runtime.circuit import Circuit
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import Clock
from darkchannel.runtime.settings import FROM_ENVIRONMENT
from darkchannel.runtime.speech_cache import SpeechCache, SpeechKey
from darkchannel.storage.lru import Lru
from darkchannel.storage.port import ObjectStore

T = TypeVar("T")

log = structlog.get_logger(__name__)

MEMORY_BYTES: Final = 64_000_000
PLACE_BYTES: Final = 150
"""Of a mark or a word."""
REMEMBERED: Final = timedelta(hours=1)
"""After it the store is asked again, which so learns what is in use."""
TIMEOUT_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 5.0
EVICTION_SECONDS: Final = 300.0
"""Between two looks at how much is kept: the pause of the round ``evict``."""

_DRAWN: Final = "0"
"""One in sixteen digests begins with it. New speech under such a one has the cache looked through: a listing, for which
a folder reads every file once a process, and a narration of a few seconds now and then pays for it, not always."""


class CacheSettings(BaseSettings):
    model_config = FROM_ENVIRONMENT

    speech_cache_bytes: ByteSize = ByteSize(5_000_000_000)
    """Such as 5GB or 500MB; 0: nothing is kept."""


class Cache:
    """Raises no error of the store: it tells of it in the log, and after some failures leaves it alone for a while.

    Keys come from ``darkchannel.runtime.speech_cache.speech_key``. ``get`` before an engine with ``is_costly`` speaks,
    ``put`` once its speech was found sound; ``evict`` is a round every ``EVICTION_SECONDS``; ``close`` at the end.
    """

    def __init__(
        self,
        store: ObjectStore,
        clock: Clock,
        metrics: Metrics,
        settings: CacheSettings,
        *,
        memory_bytes: int = MEMORY_BYTES,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        """``timeout``, in seconds, is for one reading or writing."""
        self._kept = SpeechCache(store, clock)
        self._clock = clock
        self._metrics = metrics
        self._limit = int(settings.speech_cache_bytes)
        self._memory: Lru[str, tuple[datetime, Speech]] = Lru(memory_bytes, _weight)
        self._timeout = timeout
        self._circuit = Circuit()
        self._asking = 0
        self._is_due = False

    async def get(self, key: SpeechKey) -> Speech | None:
        """The speech exactly as it was put, None where it must be spoken."""
        if not self._limit:
            return None
        speech = self._remembered(key)
        result = "memory" if speech else "miss"
        if speech is None and (speech := await self._try("read", partial(self._kept.get, key), self._timeout)):
            self._remember(key, speech)
            result = "store"
        self._metrics.speech_cache.labels(key.engine, result).inc()
        return speech

    async def put(self, key: SpeechKey, speech: Speech) -> None:
        """Keep sound speech, as the engine gave it."""
        if not self._limit:
            return
        self._remember(key, speech)
        await self._try("written", partial(self._kept.put, key, speech), self._timeout)
        self._is_due |= key.digest.startswith(_DRAWN)

    async def evict(self) -> None:
        """Bring the store below its limit, where enough was put since the last time; its round bounds how long."""
        await self._evict(None)

    async def close(self) -> None:
        """Evict what a process that lived shorter than a round has put too much."""
        await self._evict(CLOSE_SECONDS)

    async def _evict(self, seconds: float | None) -> None:
        if not self._is_due:
            return
        self._is_due = False
        gone = await self._try("looked through", partial(self._kept.evict, self._limit), seconds)
        if gone is None:
            self._is_due = True
        elif gone:
            log.info("speech left the cache", objects=len(gone), bytes=sum(entry.size for entry in gone))

    def _remembered(self, key: SpeechKey) -> Speech | None:
        at, speech = self._memory.get(key.name) or (None, None)
        return speech if at and self._clock() - at < REMEMBERED else None

    def _remember(self, key: SpeechKey, speech: Speech) -> None:
        self._memory.put(key.name, (self._clock(), speech))

    async def _try(self, what: str, ask: Callable[[], Awaitable[T]], seconds: float | None) -> T | None:
        """What the store answers; None where it fails, or has failed so often that it is left alone."""
        if not self._circuit.admits(self._clock(), self._asking):
            return None
        self._asking += 1
        try:
            async with asyncio.timeout(seconds):
                answer = await ask()
        except (DarkChannelError, TimeoutError, ValueError) as error:
            self._circuit = self._circuit.after(self._clock(), succeeded=False)
            reason = str(error) or "it does not answer in time"
            log.warning("the cache of speech is passed over", could_not_be=what, reason=reason)
            return None
        finally:
            self._asking -= 1
        self._circuit = self._circuit.after(self._clock(), succeeded=True)
        return answer


def _weight(held: tuple[datetime, Speech]) -> int:
    """Bytes in memory, about."""
    speech = held[1]
    places = len(speech.marks) + len(speech.sentences) + len(speech.words) + len(speech.turns)
    return len(speech.pcm) + PLACE_BYTES * (places + 1)
