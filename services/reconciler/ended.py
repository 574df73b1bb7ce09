"""Ended jobs, page by page: edits and copies that no event told of, and what nobody needs any longer."""

from collections import deque
from datetime import datetime

from darkchannel import keys
from darkchannel.jobs.chain import edited
from darkchannel.jobs.deliveries import Announced
from darkchannel.jobs.records import Manifest
from darkchannel.jobs.runs import Runs, State
from darkchannel.runtime.service import Context
from darkchannel.runtime.together import together
from services.reconciler.guard import Guard
from services.reconciler.hints import Hints
from services.reconciler.retirement import Retirement

PAGE = 4
"""Ended jobs looked at in a round: a round costs what is under way, not what is finished."""
LISTED = 500
LOOKS = 8
"""Copies looked at, at once."""
"""Names remembered from one listing."""


class EndedJobs:
    """Walks round all jobs that have an output name, oldest first; a few of them not more often than each grace."""

    def __init__(self, context: Context, hints: Hints, retirement: Retirement) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._clock = context.clock
        self._hints = hints
        self._retirement = retirement
        self._claims: deque[str] = deque()
        self._after = ""
        self._turned: datetime | None = None

    async def page(self, guard: Guard) -> None:
        """Look at the next few; one that is still being cleared away is looked at again first."""
        for _ in range(PAGE):
            if not self._claims:
                await self._list()
            if not self._claims:
                return
            claim = self._after = self._claims.popleft()
            await guard(claim, self._visit(claim))

    async def look(self, job: str, asked: datetime | None = None) -> bool:
        """Hint what an ended job's lost events would have called for; whether all of it could be hinted."""
        runs = await self._jobs.runs(job, fresh=True)
        if not await self._are_marked(job, runs):
            return False
        run, build = runs.completed
        if build is None or runs.newest not in runs.closed:
            return True
        manifest = await self._jobs.manifest(job, build)
        if manifest is None:
            return asked is None or runs.state is not State.COMPLETED or await self._hints.outcome(job, run, asked)
        done = await self._edits(job, runs, manifest, asked)
        if await self._is_published(job, manifest, taken_away_is_fine=asked is None):
            return done
        return await self._hints.outcome(job, run, asked) and done

    async def _visit(self, claim: str) -> bool:
        """Look at the job of a name and clear away what it no longer needs."""
        job = await self._jobs.owner(claim)
        if job is None:
            return True
        if not await self._retirement.of(job):
            self._claims.appendleft(claim)
        return await self.look(job)

    async def _are_marked(self, job: str, runs: Runs) -> bool:
        """See that each run that is not closed, or of which somebody is yet to hear, has its marker.

        False where one had lost it, and is yet to be looked at.
        """
        due = {run for run in runs.closed if await self._is_due(job, run)}
        marked = True
        for run in due | ({runs.newest} - runs.closed):
            opened = await self._jobs.opened(job, run) if run else None
            marked &= opened is None or not await self._jobs.mark(job, run, opened)
        return marked

    async def _is_due(self, job: str, run: int) -> bool:
        """Whether somebody is to hear of a closed run: again, perhaps, while its marker was about to be removed."""
        found = await self._store.get(keys.JOBS, keys.announced(job, run))
        announced = Announced.read(found.body) if found else None
        return announced is not None and announced.due is not None

    async def _list(self) -> None:
        """The next names; after the last one a new turn begins, in its time."""
        if not self._after and self._turned and not self._hints.is_due(self._turned):
            return
        if not self._after:
            self._turned = self._clock()
        async for info in self._store.list(keys.JOBS, keys.NAMES_PREFIX, after=self._after):
            self._claims.append(info.key)
            if len(self._claims) == LISTED:
                return
        if not self._claims:
            self._after = ""

    async def _edits(self, job: str, runs: Runs, manifest: Manifest, asked: datetime | None) -> bool:
        if runs.state is not State.COMPLETED:
            return True
        done = True
        segments = await self._jobs.segments(job)
        for index in edited(segments, manifest.segments):
            if index in segments and self._hints.is_due(segments[index].modified, asked):
                done &= await self._hints.segment(job, index, asked)
        return done

    async def _is_published(self, job: str, manifest: Manifest, *, taken_away_is_fine: bool) -> bool:
        """Whether each copy is of this build. One that is gone was there when the run closed: somebody took it."""
        name = await self._jobs.output_name(job)
        if name is None:
            return True

        async def stands(file: str, bucket: str, key: str) -> bool:
            there = await self._store.head(bucket, key)
            if there is None:
                return taken_away_is_fine
            return manifest.is_whole_copy(file, there.size, there.metadata)

        copies = (
            stands(file, *copy) for file in manifest.files for copy in keys.copies(job, *name, file, manifest.audiobook)
        )
        return all(await together(copies, at_once=LOOKS))
