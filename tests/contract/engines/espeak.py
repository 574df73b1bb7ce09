"""espeak-ng itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from darkchannel.runtime.engines import Engine
from services.synthesizer.engines.espeak import Espeak
from tests.contract.engines.kind import NOBODY_CAN, Kind


@asynccontextmanager
async def opened() -> AsyncIterator[Engine]:
    engine = Espeak(slots=1)
    yield engine
    await engine.close()


KIND = Kind("espeak", opened, "espeak", NOBODY_CAN, tells_words=True, chosen="pt-br")
