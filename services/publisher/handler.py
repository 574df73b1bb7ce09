"""Decide, then act: the outcome is created once; then the output is made equal to it, as often as it takes."""

import asyncio
from collections.abc import Container, Iterable
from datetime import timedelta
from typing import Literal

import structlog

from darkchannel import keys
from darkchannel.events import ObjectCreated
from darkchannel.jobs.chain import edited
from darkchannel.jobs.metadata import Output
from darkchannel.jobs.records import BUILD, Manifest
from darkchannel.jobs.runs import Opened, Outcome, Runs, State
from darkchannel.runtime.service import Context
from darkchannel.runtime.together import together
from darkchannel.storage.metadata import project

log = structlog.get_logger(__name__)

LINK_SECONDS = 3600
COPIES = 4
"""Files that are copied at once."""


class Gone(Exception):
    """A file of the build that is to be published is not there, or is not what was built."""


class Publisher:
    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._clock = context.clock

    async def decide(self, event: ObjectCreated) -> None:
        """Complete the open run with a build, if one listing shows it is still current."""
        key = keys.parse_manifest(event.key)
        if key is None:
            return
        runs, plan, manifest = await asyncio.gather(
            self._jobs.runs(key.job, fresh=True), self._jobs.plan(key.job), self._store.head(keys.JOBS, event.key)
        )
        if plan is None or not runs.is_open or manifest is None:
            return
        if (await self._jobs.chain(key.job)).digest(plan) != key.digest:
            return
        outcome = Outcome(status=State.COMPLETED, at=self._clock(), build=key.digest)
        await self._jobs.decide(key.job, runs.newest, outcome)

    async def act(self, event: ObjectCreated) -> None:
        """Make the output equal to the newest completed outcome, whichever run called; then close that run."""
        key = keys.parse_run(event.key)
        if key is None or key.event != "outcome":
            return
        runs = await self._jobs.runs(key.job, fresh=True)
        if key.run not in runs.outcomes:
            return
        name = await self._jobs.output_name(key.job, claim=True)
        if name is None:
            return
        try:
            # Whoever copies looks again afterwards: so a slower one mends what it put over a newer build.
            served: Runs | None = None
            while served != runs:
                served = runs
                await self._publish(key.job, served, name)
                runs = await self._jobs.runs(key.job, fresh=True)
        except Gone as gone:
            runs = await self._rebuild(key.job, gone)
        await self._follow_edits(key.job, runs)
        await project(self._jobs, key.job, self._clock, await self._output(key.job, runs, name))
        await self._jobs.close(key.job, key.run, runs.outcomes[key.run].status)

    async def _publish(self, job: str, runs: Runs, name: tuple[str, str]) -> None:
        """Have the newest completed build there and nothing of others, and the error note true."""
        await self._note(job, runs, name)
        _, build = runs.completed
        if build is None:
            return
        manifest = await self._jobs.manifest(job, build)
        if manifest is None:
            raise Gone(keys.manifest(job, build))
        main = manifest.audiobook
        folders = keys.copies(job, *name, "", main)
        listed = {(bucket, info.key) for bucket, folder in folders async for info in self._store.list(bucket, folder)}
        places = {file: keys.copies(job, *name, file, main) for file in manifest.files}
        there = listed.union(places[main])  # it lies beside its folder
        await together((self._copy(job, manifest, file, places[file], there) for file in places), at_once=COPIES)
        others = listed.difference(*places.values())
        await together((self._clear(*other) for other in others), at_once=COPIES)

    async def _copy(
        self,
        job: str,
        manifest: Manifest,
        file: str,
        places: Iterable[tuple[str, str]],
        there: Container[tuple[str, str]],
    ) -> None:
        """Have a file of the build in its places; no copy of it is looked for where nothing is ``there``.

        Raises Gone where the build's own is missing, or is no longer what was built.
        """
        wanting = [to for to in places if to not in there or not await self._is_whole(manifest, file, *to)]
        if not wanting:
            return
        source = keys.build_file(job, manifest.digest, file)
        built = await self._store.head(keys.JOBS, source)
        if built is None or built.etag != manifest.etags.get(file, built.etag):
            raise Gone(source)
        copies = (self._store.copy(keys.JOBS, source, *to, metadata={BUILD: manifest.digest}) for to in wanting)
        if None in await together(copies, at_once=len(wanting)):
            raise Gone(source)

    async def _is_whole(self, manifest: Manifest, file: str, bucket: str, key: str) -> bool:
        found = await self._store.head(bucket, key)
        return found is not None and manifest.is_whole_copy(file, found.size, found.metadata)

    async def _clear(self, bucket: str, key: str) -> None:
        """Remove a file of an earlier build that the newest no longer has; what people put there is theirs."""
        found = await self._store.head(bucket, key)
        if found and BUILD in found.metadata:
            await self._store.delete(bucket, key)

    async def _rebuild(self, job: str, gone: Gone) -> Runs:
        """Have the next run make a build again of which a file is damaged, or was retired at that very moment."""
        runs = await self._jobs.runs(job, fresh=True)
        log.warning("a file of the build is gone", missing=f"{keys.JOBS}/{gone}")
        if runs.state is State.COMPLETED:
            await self._store.delete(keys.JOBS, keys.manifest(job, runs.completed[1] or ""))
            await self._open(job, runs.newest + 1, "retry")
        return await self._jobs.runs(job, fresh=True)

    async def _note(self, job: str, runs: Runs, name: tuple[str, str]) -> None:
        """A note lies beside where the audiobook would be exactly while the last ended run failed."""
        key = keys.output_error(*name)
        there = await self._store.get(keys.OUTPUT, key)
        last = runs.last_outcome
        if last is None or last.status is not State.FAILED:
            if there:
                await self._store.delete(keys.OUTPUT, key)
            return
        accepted = await self._jobs.opened(job, 1)
        document = accepted.source.key if accepted and accepted.source else "?"
        text = f"{document} could not be narrated: {last.reason}\n\nJob: {job}\n".encode()
        if there is None or there.body != text:
            await self._store.put(keys.OUTPUT, key, text, content_type="text/plain; charset=utf-8")

    async def _follow_edits(self, job: str, runs: Runs) -> None:
        """An edit that came while the publisher decided raises no event that anybody still waits for."""
        if runs.state is not State.COMPLETED:
            return
        manifest = await self._jobs.manifest(job, runs.completed[1] or "")
        if manifest and edited(await self._jobs.segments(job), manifest.segments):
            await self._open(job, runs.newest + 1, "edited")

    async def _open(self, job: str, run: int, reason: Literal["edited", "retry"]) -> None:
        """Open a run whose first events are gone by: the reconciler puts to work what is due."""
        await self._jobs.open_run(job, run, Opened(reason=reason, at=self._clock()))
        await self._jobs.ask(job)

    async def _output(self, job: str, runs: Runs, name: tuple[str, str]) -> Output | None:
        run, build = runs.completed
        manifest = await self._jobs.manifest(job, build) if build else None
        if manifest is None:
            return None
        file = manifest.audiobook
        key = keys.published(*name, file, file)
        now = self._clock()
        return Output(
            s3_key=keys.final(job, file),
            uploaded_at=runs.outcomes[run].at,
            bucket=keys.OUTPUT,
            key=key,
            seconds=manifest.seconds,
            url=await self._store.link(keys.OUTPUT, key, seconds=LINK_SECONDS),
            url_expires_at=now + timedelta(seconds=LINK_SECONDS),
        )
