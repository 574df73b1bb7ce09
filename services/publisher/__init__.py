"""The publisher: a build becomes the audiobook that listeners take."""

from darkchannel.runtime.service import Context, Parts, Service
from services.publisher.handler import Publisher


async def _build(context: Context) -> Parts:
    publisher = Publisher(context)
    return Parts(handlers={"decide": publisher.decide, "act": publisher.act})


SERVICE = Service(name="publisher", build=_build)
