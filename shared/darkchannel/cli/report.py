"""A job as the command line tells of it, read from the objects themselves."""

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from darkchannel import keys
from darkchannel.cli.exits import Code
from darkchannel.jobs.records import Manifest
from darkchannel.jobs.runs import State
from darkchannel.storage.jobs import Jobs


class Count(BaseModel):
    model_config = ConfigDict(frozen=True)

    done: int
    total: int

    def __str__(self) -> str:
        return f"{self.done} of {self.total}"


class Report(BaseModel):
    """What ``--json`` prints of a job."""

    model_config = ConfigDict(frozen=True)

    job: str
    state: State
    run: int
    source: str
    """Key of the document in the inbox."""
    title: str | None = None
    accepted_at: datetime
    ended_at: datetime | None = None
    segments: Count
    """Spoken."""
    sections: Count
    """Encoded."""
    published: bool = False
    """Whether the output bucket holds what this run made."""
    output: str | None = None
    """Key of the audiobook in the output bucket, once a run has completed."""
    files: dict[str, str] = Field({}, exclude=True)
    """Keys of all that was made, in the output bucket, by its name in the build; not told in JSON."""
    engines: dict[str, int] = {}
    """How many segments of the audiobook each engine spoke."""
    passed_over: dict[str, dict[str, int]] = {}
    """By engine, how many segments name each voice that it does not have, and spoke with its own."""
    unable: dict[str, dict[str, int]] = {}
    """By engine that was to speak, for how many segments each of the most frequent reasons had another speak."""
    seconds: float | None = None
    """How long the audiobook plays."""
    error: str | None = None

    @property
    def code(self) -> Code:
        return Code.OK if self.state in (State.OPEN, State.COMPLETED) else Code.FAILED

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1: half of it spoken, half encoded."""
        counts = (self.segments, self.sections)
        return sum(count.done / count.total for count in counts if count.total) / len(counts)


class Reporter:
    """Reports on one job again and again, each time listing only what is new."""

    def __init__(self, jobs: Jobs, job: str) -> None:
        self._jobs = jobs
        self._job = job
        self._chunks = _Counter(jobs, keys.parse_chunk, lambda index: keys.chunk(job, index))
        self._sections = _Counter(jobs, keys.parse_section, lambda index: keys.section_record(job, index))

    async def report(self) -> Report | None:
        """The job as it is now; ``None`` where there is no such job."""
        jobs, job = self._jobs, self._job
        accepted = await jobs.opened(job, 1)
        runs = await jobs.runs(job, fresh=True)
        if accepted is None or runs.state is None:
            return None
        plan = await jobs.plan(job)
        build = runs.completed[1]
        manifest = await jobs.manifest(job, build) if build else None
        name = await jobs.output_name(job) if manifest else None
        files = _published(manifest, name) if manifest and name else {}
        outcome = runs.outcomes.get(runs.newest)
        return Report(
            job=job,
            state=runs.state,
            run=runs.newest,
            source=accepted.source.key if accepted.source else "",
            title=plan.title if plan else None,
            accepted_at=accepted.at,
            ended_at=outcome.at if outcome else None,
            segments=Count(done=await self._chunks.count() if plan else 0, total=plan.segments if plan else 0),
            sections=Count(done=await self._sections.count() if plan else 0, total=len(plan.sections) if plan else 0),
            published=runs.newest in runs.closed,
            output=next(iter(files.values()), None),
            files=files,
            engines=manifest.engines if manifest else {},
            passed_over=manifest.passed_over if manifest else {},
            unable=manifest.unable if manifest else {},
            seconds=manifest.seconds if manifest else None,
            error=outcome.reason if outcome else None,
        )


def _published(manifest: Manifest, name: tuple[str, str]) -> dict[str, str]:
    """The audiobook comes first."""
    return {file: keys.published(*name, file, manifest.audiobook) for file in manifest.files}


class _Counter:
    """Counts numbered objects, starting each time after those that lie there without a gap."""

    def __init__(self, jobs: Jobs, parse: Callable[[str], keys.Numbered | None], key: Callable[[int], str]) -> None:
        self._store = jobs.store
        self._parse = parse
        self._key = key
        self._unbroken = 0

    async def count(self) -> int:
        after = self._key(self._unbroken - 1) if self._unbroken else ""
        prefix = self._key(0).rpartition("/")[0] + "/"
        listed = [info.key async for info in self._store.list(keys.JOBS, prefix, after=after)]
        indices = {found.index for key in listed if (found := self._parse(key))}
        start = self._unbroken
        while self._unbroken in indices:
            self._unbroken += 1
        return start + len(indices)
