"""The handoff-notifier: other systems hear of what has ended."""

from darkchannel.runtime.service import Context, Parts, Service
from services.handoff_notifier.handler import Notifier
from services.handoff_notifier.omniplay import OmniPlay
from services.handoff_notifier.settings import OmniPlaySettings


async def _build(context: Context) -> Parts:
    settings = OmniPlaySettings()
    omniplay = OmniPlay(settings) if settings.omniplay_api_url else None
    notifier = Notifier(context, omniplay)
    return Parts(
        handlers={"announce": notifier.announce},
        close=omniplay.close if omniplay else Parts().close,
    )


SERVICE = Service(name="handoff-notifier", build=_build)
