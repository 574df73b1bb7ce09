"""The synthesizer: a segment becomes a chunk of speech."""

from darkchannel.runtime.service import Context, Parts, Service
from services.synthesizer.handler import Synthesizer
from services.synthesizer.selection import Engines


async def _build(context: Context) -> Parts:
    engines = Engines()
    synthesizer = Synthesizer(context, engines.speak)
    return Parts(
        handlers={"speak": synthesizer.speak},
        prefetch={"speak": engines.slots + 1},
        close=engines.close,
    )


SERVICE = Service(name="synthesizer", build=_build)
