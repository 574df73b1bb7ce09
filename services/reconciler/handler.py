"""Reconcile: what is due and not under way, from the objects alone. Costs what is active, not what is finished."""

from collections.abc import Sequence
from datetime import datetime

from darkchannel import keys
from darkchannel.events import ObjectCreated
from darkchannel.runtime.service import Context
from darkchannel.storage.port import ObjectInfo
from services.reconciler.active import ActiveRuns
from services.reconciler.ended import EndedJobs
from services.reconciler.guard import Guard
from services.reconciler.hints import Hints
from services.reconciler.retirement import Retirement
from services.reconciler.settings import ReconcilerSettings
from services.reconciler.windows import Windows


class Reconciler:
    """Several at once do no harm: they only repeat one another's hints."""

    def __init__(self, context: Context, settings: ReconcilerSettings) -> None:
        self._store = context.store
        self._clock = context.clock
        self._hints = Hints(context.bus, context.clock, settings.grace)
        self._windows = Windows(context)
        self._active = ActiveRuns(context, self._hints, self._windows)
        self._ended = EndedJobs(context, self._hints, Retirement(context, settings.keep))
        self._hands_off = bool(settings.omniplay_api_url)
        self._asked: dict[str, datetime] = {}
        """Asks not yet answered, and when each was first seen."""

    async def round(self) -> None:
        """Look once at the inbox, at what somebody asked about, at every active run and at a page of ended jobs."""
        guard = Guard()
        await self._windows.new_round()
        # Asks before markers: who opens a run asks after it, so that whoever sees the ask sees the marker.
        asks = [info.key async for info in self._store.list(keys.JOBS, keys.ASKED_PREFIX)]
        markers = [info async for info in self._store.list(keys.JOBS, keys.ACTIVE_PREFIX)]
        self._hints.new_round(len(markers))
        async for info in self._store.versions(keys.INBOX):
            if keys.is_document(info.key) and self._hints.is_due(info.modified):
                await self._hints.give("accept", ObjectCreated(keys.INBOX, info.key, info.version))
        await self._answer(asks, markers, guard)
        for info in markers:
            if marker := keys.parse_marker(info.key):
                await guard(marker[0], self._active.look(*marker, info.modified))
        await self._ended.page(guard)
        guard.end()

    async def _answer(self, asks: Sequence[str], markers: Sequence[ObjectInfo], guard: Guard) -> None:
        """Look at each job that was asked about without any grace; an ask goes when nothing is left to hint."""
        for key in asks:
            if not keys.parse_ask(key) and not (self._hands_off and keys.parse_recording_ask(key)):
                await self._store.delete(keys.JOBS, key)  # nobody answers it
        self._asked = {key: self._asked.get(key, self._clock()) for key in asks if keys.parse_ask(key)}
        for key, asked in self._asked.items():
            job = keys.parse_ask(key) or ""
            done = await guard(job, self._ended.look(job, asked))
            for info in markers:
                marker = keys.parse_marker(info.key)
                if marker and marker[0] == job:
                    done &= await guard(job, self._active.look(*marker, info.modified, asked))
            if done:
                await self._store.delete(keys.JOBS, key)
