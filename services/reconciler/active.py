"""Active runs: what is due and not under way, derived from their objects."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from darkchannel import keys
from darkchannel.errors import Permanent
from darkchannel.events import ObjectCreated
from darkchannel.jobs.chain import Chain, Item
from darkchannel.jobs.deliveries import Announced
from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.runs import Runs
from darkchannel.runtime.service import Context
from darkchannel.storage.lru import Lru
from darkchannel.storage.metadata import project
from services.reconciler.hints import Hints
from services.reconciler.windows import Windows

LONG_AGO = datetime.min.replace(tzinfo=UTC)
PACE = timedelta(milliseconds=1)
"""A whole look at a job is taken this often for each segment it has: every 20 s at 20,000 segments."""


class ActiveRuns:
    """Looks at one run at a time. Every look says whether all that it found due could be hinted."""

    def __init__(self, context: Context, hints: Hints, windows: Windows) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._clock = context.clock
        self._hints = hints
        self._windows = windows
        self._current: Lru[str, tuple[int, datetime]] = Lru(4096)
        """Leading sections that were current at the last whole look at a job, and its time."""
        self._waiting: Lru[tuple[str, int], datetime] = Lru(65_536)
        """Until when closed runs wait for the next try of a delivery, which may be hours."""

    async def look(self, job: str, run: int, marked: datetime, asked: datetime | None = None) -> bool:
        """Look at a run that has a marker, written at ``marked``."""
        until = self._waiting.get((job, run))
        if until and asked is None and self._clock() < until:
            return True
        runs = await self._jobs.runs(job, fresh=True)
        if run not in runs.opened:
            opened = await self._jobs.marked(job, run)
            if opened and self._hints.is_due(marked, asked):
                await self._jobs.finish_opening(job, run, opened)
                return False
        elif run in runs.closed:
            return await self._announced(job, run, runs, asked)
        elif outcome := runs.outcomes.get(run):
            if self._hints.is_due(outcome.at, asked):
                return await self._hints.outcome(job, run, asked)
        elif run == runs.newest:
            try:
                done = await self._due(job, marked, asked)
                await project(self._jobs, job, self._clock)
                return done
            except Permanent as error:
                # Nobody else looks at a job that only waits: without this its run would never end.
                await self._jobs.fail(job, str(error), what="reconcile", run=run)
        return True

    async def _announced(self, job: str, run: int, runs: Runs, asked: datetime | None) -> bool:
        """Retire the marker of a run that all have heard of; hint one of which somebody is to hear now."""
        self._waiting.forget((job, run))
        closed = ObjectCreated(keys.JOBS, keys.run_event(job, run, "closed"))
        found = await self._store.get(keys.JOBS, keys.announced(job, run))
        announced = Announced.read(found.body) if found else None
        if announced is None:
            is_lost = self._hints.is_due(runs.outcomes[run].at, asked)
            return await self._hints.give("announce", closed, asked) if is_lost else True
        if announced.due is None:
            await self._store.delete(keys.JOBS, keys.marker(job, run))
        elif self._clock() < announced.due:
            self._waiting.put((job, run), announced.due)
        else:
            return await self._hints.give("announce", closed, max(announced.due, asked or announced.due))
        return True

    async def _due(self, job: str, marked: datetime, asked: datetime | None) -> bool:
        plan = await self._jobs.plan(job)
        if plan is None:
            return await self._accept(job, marked, asked)
        current, looked = self._current.get(job) or (0, LONG_AGO)
        whole = asked is not None or self._clock() - looked >= plan.segments * PACE
        start = 0 if whole else min(current, len(plan.sections) - 1)
        sections = plan.sections[start:]
        chain = await self._jobs.chain(job, sections[0] if start else None)
        current = start + _leading(chain, sections)
        self._current.put(job, (current, self._clock() if whole else looked))
        await self._windows.fill(job, plan, chain, sections)
        stale, done = await self._stale(job, chain, sections, asked)
        for section in sections:
            if not stale & set(section.segments):
                done &= await self._section(job, section, chain, asked)
        if whole and current == len(plan.sections):
            done &= await self._book(job, plan, chain, asked)
        return done

    async def _accept(self, job: str, marked: datetime, asked: datetime | None) -> bool:
        accepted = await self._jobs.opened(job, 1)
        if accepted is None or accepted.source is None or not self._hints.is_due(marked, asked):
            return True
        source = accepted.source
        return await self._hints.give("accept", ObjectCreated(source.bucket, source.key, source.version), asked)

    async def _stale(
        self, job: str, chain: Chain, sections: Sequence[Section], asked: datetime | None
    ) -> tuple[set[int], bool]:
        """Segments whose chunk is missing, rejected or spoken from another text, and whether all could be hinted.

        A listing cannot show a chunk's source: headers are read, but only of chunks outside current records.
        """
        stale: set[int] = set()
        done = True
        for section in sections:
            if chain.is_current(section):
                continue
            for index in section.segments:
                segment = chain.segments.get(index)
                if segment is None or not self._hints.is_due(segment.modified, asked):
                    continue
                if not await self._is_spoken(job, index, chain, segment):
                    stale.add(index)
                    done &= await self._hints.segment(job, index, asked)
        return stale, done

    async def _is_spoken(self, job: str, index: int, chain: Chain, segment: Item) -> bool:
        chunk = chain.chunks.get(index)
        if chunk is None or index in chain.rejected:
            return False
        return await self._jobs.chunk_source(job, index, chunk.etag) == segment.etag

    async def _section(self, job: str, section: Section, chain: Chain, asked: datetime | None) -> bool:
        if chain.pairs(section) is None or chain.is_current(section):
            return True
        if self._all_due(chain.chunks, section, asked) and self._all_due(chain.segments, section, asked):
            return await self._hints.give("encode", ObjectCreated(keys.JOBS, keys.chunk(job, section.first)), asked)
        return True

    def _all_due(self, items: Mapping[int, Item], section: Section, asked: datetime | None) -> bool:
        return all(self._hints.is_due(items[i].modified, asked) for i in section.segments)

    async def _book(self, job: str, plan: Plan, chain: Chain, asked: datetime | None) -> bool:
        """Every section current: hint the merger, or the publisher where the build is there already."""
        digest = chain.digest(plan)
        if digest is None:
            return True
        manifest = await self._store.head(keys.JOBS, keys.manifest(job, digest))
        if manifest and self._hints.is_due(manifest.modified, asked):
            return await self._hints.give("decide", ObjectCreated(keys.JOBS, keys.manifest(job, digest)), asked)
        newest = max(item.modified for items in (chain.segments, chain.chunks) for item in items.values())
        if manifest is None and self._hints.is_due(newest, asked):
            return await self._hints.give("assemble", ObjectCreated(keys.JOBS, keys.section_record(job, 0)), asked)
        return True


def _leading(chain: Chain, sections: Sequence[Section]) -> int:
    """How many sections from the first on are current."""
    return next((n for n, section in enumerate(sections) if not chain.is_current(section)), len(sections))
