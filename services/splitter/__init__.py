"""The splitter: a document in the inbox becomes a job."""

from darkchannel.runtime.service import Context, Parts, Service
from darkchannel.runtime.settings import read
from services.splitter.handler import Splitter
from services.splitter.settings import SplitterSettings


async def _build(context: Context) -> Parts:
    splitter = Splitter(context, read(SplitterSettings))
    return Parts(handlers={"accept": splitter.accept})


SERVICE = Service(name="splitter", build=_build)
