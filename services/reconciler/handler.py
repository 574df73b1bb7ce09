"""Reconcile: what is due and not under way, from the objects alone. Costs what is active, not what is finished."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from darkchannel import keys, pipeline
from darkchannel.errors import Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.jobs.chain import Chain, Item
from darkchannel.jobs.deliveries import Delivery
from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.runs import Runs
from darkchannel.runtime.service import Context
from darkchannel.storage.metadata import project
from services.reconciler.settings import ReconcilerSettings

log = structlog.get_logger(__name__)

NEARLY_EMPTY = 8
"""A queue with more messages than this gets no hints: what is due may well be in it."""


class Reconciler:
    def __init__(self, context: Context, settings: ReconcilerSettings) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._bus = context.bus
        self._clock = context.clock
        self._grace = settings.grace
        self._depths: dict[str, int] = {}
        self._hinted: dict[tuple[str, ObjectCreated], datetime] = {}

    async def round(self) -> None:
        """Look once at the inbox and at every active run, and hint or do what is due."""
        self._depths = {}
        self._hinted = {hint: at for hint, at in self._hinted.items() if not self._is_old(at)}
        async for info in self._store.versions(keys.INBOX):
            if keys.is_document(info.key) and self._is_old(info.modified):
                await self._hint("accept", ObjectCreated(keys.INBOX, info.key, info.version))
        markers = [info async for info in self._store.list(keys.JOBS, keys.ACTIVE_PREFIX)]
        for info in markers:
            if marker := keys.parse_marker(info.key):
                await self._look_at(*marker, info.modified)

    async def _look_at(self, job: str, run: int, marked: datetime) -> None:
        """One damaged job must not keep the others from being looked at."""
        try:
            await self._run(job, run, marked)
        except Unavailable:
            raise
        except Exception as error:
            log.warning("cannot reconcile a run", job=job, run=run, reason=str(error) or type(error).__name__)

    async def _run(self, job: str, run: int, marked: datetime) -> None:
        runs = await self._jobs.runs(job, fresh=True)
        if run not in runs.opened:
            opened = await self._jobs.marked(job, run)
            if opened and self._is_old(marked):
                await self._jobs.finish_opening(job, run, opened)
        elif run in runs.closed:
            await self._announced(job, run, runs)
        elif outcome := runs.outcomes.get(run):
            if self._is_old(outcome.at):
                await self._hint("act", ObjectCreated(keys.JOBS, keys.run_event(job, run, "outcome")))
        elif run == runs.newest:
            await self._due(job, marked)
            await project(self._jobs, job, self._clock)

    async def _announced(self, job: str, run: int, runs: Runs) -> None:
        """Retire the marker of a run whose announcement is done; hint one that is due."""
        name = keys.delivery(job, run, runs.outcomes[run].status)
        found = await self._store.get(keys.JOBS, name)
        delivery = Delivery.model_validate_json(found.body) if found else None
        if delivery and delivery.is_receipt:
            await self._store.delete(keys.JOBS, keys.marker(job, run))
        elif self._clock() >= delivery.deadline if delivery else self._is_old(runs.outcomes[run].at):
            await self._hint("announce", ObjectCreated(keys.JOBS, keys.run_event(job, run, "closed")))

    async def _due(self, job: str, marked: datetime) -> None:
        plan = await self._jobs.plan(job)
        if plan is None:
            accepted = await self._jobs.opened(job, 1)
            if accepted and accepted.source and self._is_old(marked):
                source = accepted.source
                await self._hint("accept", ObjectCreated(source.bucket, source.key, source.version))
            return
        chain = await self._jobs.chain(job)
        await self._fill_window(job, plan, chain)
        stale = await self._stale(job, plan, chain)
        for index in sorted(stale):
            if self._is_old(chain.segments[index].modified):
                await self._hint("speak", ObjectCreated(keys.JOBS, keys.segment(job, index)))
        for section in plan.sections:
            if not stale & set(section.segments):
                await self._section(job, section, chain)
        if not stale:
            await self._book(job, plan, chain)

    async def _fill_window(self, job: str, plan: Plan, chain: Chain) -> None:
        """Release the lowest segments that are missing, as far as the window has room."""
        width = (await self._jobs.window(job)).width
        room = width - sum(i not in chain.chunks for i in chain.segments)
        holes = (i for i in range(plan.segments) if i not in chain.segments)
        for _, index in zip(range(room), holes, strict=False):
            await self._jobs.release(job, plan, index)

    async def _stale(self, job: str, plan: Plan, chain: Chain) -> set[int]:
        """Segments whose chunk is missing or was spoken from another text.

        A listing cannot show a chunk's source: headers are read, but only of chunks outside current records.
        """
        stale: set[int] = set()
        for section in plan.sections:
            if chain.is_current(section):
                continue
            for index in section.segments:
                segment, chunk = chain.segments.get(index), chain.chunks.get(index)
                if segment is None or not self._is_old(segment.modified):
                    continue
                if chunk is None or await self._jobs.chunk_source(job, index, chunk.etag) != segment.etag:
                    stale.add(index)
        return stale

    async def _section(self, job: str, section: Section, chain: Chain) -> None:
        if chain.pairs(section) is None or chain.is_current(section):
            return
        if self._all_old(chain.chunks, section) and self._all_old(chain.segments, section):
            await self._hint("encode", ObjectCreated(keys.JOBS, keys.chunk(job, section.first)))

    def _all_old(self, items: Mapping[int, Item], section: Section) -> bool:
        return all(self._is_old(items[i].modified) for i in section.segments)

    async def _book(self, job: str, plan: Plan, chain: Chain) -> None:
        """Every section current: hint the merger, or the publisher where the build is there already."""
        digest = chain.digest(plan)
        if digest is None:
            return
        record = await self._store.head(keys.JOBS, keys.section_record(job, len(plan.sections) - 1))
        manifest = await self._store.head(keys.JOBS, keys.manifest(job, digest))
        if manifest and self._is_old(manifest.modified):
            await self._hint("decide", ObjectCreated(keys.JOBS, keys.manifest(job, digest)))
        elif manifest is None and record and self._is_old(record.modified):
            await self._hint("assemble", ObjectCreated(keys.JOBS, keys.section_record(job, 0)))

    async def _hint(self, stage: str, event: ObjectCreated) -> None:
        """Say once in a while that something is due: a message that waits for its next attempt is in no work queue."""
        if (stage, event) in self._hinted:
            return
        queue = pipeline.BY_NAME[stage].queue
        if queue not in self._depths:
            self._depths[queue] = await self._bus.depth(queue)
        if self._depths[queue] < NEARLY_EMPTY:
            self._depths[queue] += 1
            await self._bus.publish(queue, event.encode())
            self._hinted[stage, event] = self._clock()

    def _is_old(self, at: datetime) -> bool:
        return self._clock() - at >= self._grace
