"""Piper, on tiny voices of its shape: two of Portuguese, one of English."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from darkchannel.runtime.engines import Engine
from darkchannel.storage.memory import MemoryStore
from services.synthesizer.engines.piper import Piper, PiperSettings, Watchful
from tests import tiny_voice
from tests.contract.engines.kind import Kind

MAN, WOMAN = "pt_BR-bento-tiny", "pt_BR-clara-tiny"


@asynccontextmanager
async def opened() -> AsyncIterator[Engine]:
    store = MemoryStore()
    await tiny_voice.put(store, MAN, tiny_voice.model(110), tiny_voice.PORTUGUESE)
    await tiny_voice.put(store, WOMAN, tiny_voice.model(205, loudness=0.5), tiny_voice.PORTUGUESE)
    await tiny_voice.put(store, "en_US-arthur-tiny", tiny_voice.model(110), tiny_voice.ENGLISH)
    with TemporaryDirectory() as folder:
        engine = Watchful(Piper(store, PiperSettings(piper_processes=1), folder=Path(folder)))
        yield engine
        await engine.close()


KIND = Kind("piper", opened, chosen=Piper.name, man=MAN, woman=WOMAN)
