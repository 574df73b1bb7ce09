"""The reconciler: re-derives what is due from the objects, since events are only hints."""

from darkchannel.runtime import logs
from darkchannel.runtime.service import Context, Parts, Round, Service
from darkchannel.runtime.settings import read
from darkchannel.storage.recordings import RecordingsSettings, open_recordings
from services.reconciler.handler import Reconciler
from services.reconciler.recordings import Recorded
from services.reconciler.settings import ReconcilerSettings


async def _build(context: Context) -> Parts:
    settings, about_recordings = read(ReconcilerSettings), read(RecordingsSettings)
    jobs = Round(Reconciler(context, settings).round)
    logs.hide(about_recordings)
    if not settings.omniplay_api_url:
        return Parts(rounds={"jobs": jobs})
    where = open_recordings(about_recordings, context.store)
    # Beside the jobs': theirs may be somebody else's server, whose absence no book is to feel.
    recorded = Round(Recorded(context, where, settings.grace).round, settings.recordings_poll_seconds)
    return Parts(rounds={"jobs": jobs, "recordings": recorded}, close=where.close)


SERVICE = Service(name="reconciler", build=_build)
