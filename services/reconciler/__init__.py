"""The reconciler: re-derives what is due from the objects, since events are only hints."""

from darkchannel.runtime.service import Context, Parts, Service
from services.reconciler.handler import Reconciler
from services.reconciler.settings import ReconcilerSettings


async def _build(context: Context) -> Parts:
    return Parts(round=Reconciler(context, ReconcilerSettings()).round)


SERVICE = Service(name="reconciler", build=_build)
