"""Which object store a command speaks to: the MinIO that the settings name, else a folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from darkchannel.cli.local import quieten
from darkchannel.runtime import settings
from darkchannel.runtime.service import utc_now
from darkchannel.storage.jobs import Jobs


@asynccontextmanager
async def opened() -> AsyncIterator[Jobs]:
    """The jobs of the store that the settings name; logs, those of engines too, are no output from then on."""
    chosen = settings.load()
    quieten(chosen)
    store = settings.open_store(chosen)
    try:
        yield Jobs(store, utc_now)
    finally:
        await store.close()
