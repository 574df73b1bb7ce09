"""The synthesizer: a segment becomes a chunk of speech."""

from darkchannel.runtime.service import Context, Parts, Service
from darkchannel.speech.rendering import DEFAULT_LANGUAGE
from services.synthesizer.handler import Synthesizer
from services.synthesizer.selection import DEFAULT, Engines

DEFAULT_VOICE = "pt-br"


async def _build(context: Context) -> Parts:
    engines = Engines(context.store)
    synthesizer = Synthesizer(context, engines.speak)
    # Measured before the first segment comes, which would wait for it.
    synthesizer.levels.measure(DEFAULT, DEFAULT_VOICE, DEFAULT_LANGUAGE)

    async def close() -> None:
        await synthesizer.levels.close()
        await engines.close()

    return Parts(
        handlers={"speak": synthesizer.speak},
        prefetch={"speak": engines.slots + 1},
        close=close,
    )


SERVICE = Service(name="synthesizer", build=_build)
