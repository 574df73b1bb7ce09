"""Piper, on tiny voices of its shape: two of Portuguese, one of English."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from darkchannel.runtime.engines import Engine
from darkchannel.storage.memory import MemoryStore
from services.synthesizer.engines.piper import Checked, Piper, PiperSettings
from tests import tiny_voice
from tests.contract.engines.kind import Growing, Kind, Put

MAN, WOMAN = "pt_BR-bento-tiny", "pt_BR-clara-tiny"


@asynccontextmanager
async def growing() -> AsyncIterator[tuple[Engine, Put]]:
    store = MemoryStore()

    async def put_another(name: str, number: int) -> None:
        await tiny_voice.put(store, name, tiny_voice.model(300 + number), tiny_voice.PORTUGUESE)

    await tiny_voice.put(store, MAN, tiny_voice.model(110), tiny_voice.PORTUGUESE)
    await tiny_voice.put(store, WOMAN, tiny_voice.model(205, loudness=0.5), tiny_voice.PORTUGUESE)
    await tiny_voice.put(store, "en_US-arthur-tiny", tiny_voice.model(110), tiny_voice.ENGLISH)
    with TemporaryDirectory() as folder:
        engine = Checked(Piper(store, PiperSettings(piper_processes=1), folder=Path(folder)))
        yield engine, put_another
        await engine.close()


@asynccontextmanager
async def opened() -> AsyncIterator[Engine]:
    async with growing() as (engine, _):
        yield engine


_GROWING = Growing(growing, other="pt_BR-zita-tiny", better="pt_BR-ana-tiny")
KIND = Kind("piper", opened, chosen=Piper.name, man=MAN, woman=WOMAN, growing=_GROWING)
