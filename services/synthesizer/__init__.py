"""The synthesizer: a segment becomes a chunk of speech."""

from functools import partial

from darkchannel.runtime.engines import AUTO, installed, open_engine
from darkchannel.runtime.service import Context, Parts, Round, Service
from darkchannel.runtime.settings import read
from darkchannel.speech.rendering import DEFAULT_LANGUAGE
from services.synthesizer.cache import EVICTION_SECONDS, Cache, CacheSettings
from services.synthesizer.handler import Synthesizer
from services.synthesizer.roster import Engines
from services.synthesizer.selection import LAST
from services.synthesizer.settings import SynthesizerSettings
from services.synthesizer.speaking import Speaking

DEFAULT_VOICE = "pt-br"
SPARE = 500
"""Segments that may wait for their engine, unread, while those of others come by: what some 60 books release before
their windows are narrowed, or 15 urgent ones. Not many more: what waits here waits for no other synthesizer until it is
hinted, and hints bring it to each of them: several have no more room for different segments."""


async def _build(context: Context) -> Parts:
    settings = read(SynthesizerSettings)
    open_ = partial(open_engine, store=context.store)
    engines = Engines(open_, installed(), context.clock, context.metrics, settings.engines)
    cache = Cache(context.store, context.clock, context.metrics, read(CacheSettings))
    speaking = Speaking(context, engines, cache)
    if LAST in engines.named(AUTO):
        # Measured before the first segment comes, which would wait for it.
        speaking.levels.measure(LAST, DEFAULT_VOICE, DEFAULT_LANGUAGE)

    async def close() -> None:
        await speaking.levels.close()
        await engines.close()
        await cache.close()

    return Parts(
        handlers={"speak": Synthesizer(context, speaking).speak},
        prefetch={"speak": await engines.slots()},
        spare={"speak": SPARE},
        rounds={"evict": Round(cache.evict, EVICTION_SECONDS)},
        close=close,
    )


SERVICE = Service(name="synthesizer", build=_build)
