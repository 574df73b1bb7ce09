"""The handoff-notifier: other systems hear of jobs and of recorded calls."""

from darkchannel.runtime import logs
from darkchannel.runtime.service import Context, Parts, Service
from darkchannel.runtime.settings import read
from darkchannel.storage.recordings import RecordingsSettings, open_recordings
from services.handoff_notifier.announcing import Announcer
from services.handoff_notifier.calls import Calls
from services.handoff_notifier.delivering import Deliverer
from services.handoff_notifier.posting import Poster
from services.handoff_notifier.settings import NotifierSettings

PREFETCH = 256
"""Messages under way at once, of each stage: most of them wait for receivers."""


async def _build(context: Context) -> Parts:
    settings, about_recordings = read(NotifierSettings), read(RecordingsSettings)
    logs.hide(settings, about_recordings)
    recordings = open_recordings(about_recordings, context.store)
    poster = Poster(settings, clock=context.clock)
    deliverer = Deliverer(context, poster, settings)
    announcer = Announcer(context, deliverer, settings)
    calls = Calls(context, recordings, deliverer, settings)

    async def close() -> None:
        await poster.close()
        await recordings.close()

    handlers = {"announce": announcer.announce, "progress": announcer.progress, "handoff": calls.handoff}
    return Parts(handlers=handlers, prefetch=dict.fromkeys(handlers, PREFETCH), close=close)


SERVICE = Service(name="handoff-notifier", build=_build)
