"""``darkchannel retry`` and ``rebuild``: goes on with a job that failed, and does at once what a lost event delays."""

from pydantic import BaseModel, ConfigDict

from darkchannel import keys
from darkchannel.cli import finding, output
from darkchannel.cli.exits import Code, Failed
from darkchannel.cli.looking import mention
from darkchannel.cli.progress import follow, tell_end
from darkchannel.cli.report import Report
from darkchannel.cli.stores import opened
from darkchannel.jobs.chain import edited
from darkchannel.jobs.records import Manifest
from darkchannel.jobs.runs import Opened, State
from darkchannel.runtime.service import utc_now
from darkchannel.storage.jobs import Jobs

RETRIED = (State.FAILED, State.CANCELLED)
NUMBERS = 20
"""How many segments are named at most."""


class Differences(BaseModel):
    """Where a job differs from its newest completed build; nothing where it has none."""

    model_config = ConfigDict(frozen=True)

    edited: tuple[int, ...] = ()
    """Segments whose text is no longer what the build was spoken from."""
    outputs: tuple[str, ...] = ()
    """Published copies that are missing, damaged or of another build, with their buckets."""
    gone: str | None = None
    """Key of the build's manifest, where that is missing."""


async def retry(wanted: str, *, following: bool, json: bool) -> Code:
    async with opened() as jobs:
        namesakes = await finding.find(jobs, wanted)
        report = next((found for found in namesakes if found.state in RETRIED), namesakes[0])
        if report.state not in RETRIED:
            raise Failed(_refusal(report))
        run = await reopen(jobs, report.job, report.run)
        mention(wanted, [other for other in namesakes if other is not report])
        if following:
            output.note(_opened(report, run))
            return tell_end(await follow(jobs, report.job), json=json)
    if json:
        output.json({"job": report.job, "run": run, "state": State.OPEN.value})
    else:
        output.line(f"{_opened(report, run)}; what is made already is kept")
    return Code.OK


async def reopen(jobs: Jobs, job: str, run: int) -> int:
    """Open the run after ``run``, which ended, unless somebody did, and have the reconciler look at it now."""
    await jobs.open_run(job, run + 1, Opened(reason="retry", at=utc_now()))
    await jobs.ask(job)
    return run + 1


async def rebuild(wanted: str, *, json: bool) -> Code:
    async with opened() as jobs:
        report, *others = await finding.find(jobs, wanted)
        await jobs.ask(report.job)
        found = await _differences(jobs, report)
    if json:
        told = {"job": report.job, "run": report.run, "state": report.state.value}
        output.json(told | found.model_dump(mode="json"))
    else:
        output.line(f"asked the reconciler to look at job {report.job} ({report.source}) now")
        _tell(report, found)
    mention(wanted, others)
    return Code.OK


async def _differences(jobs: Jobs, report: Report) -> Differences:
    build = (await jobs.runs(report.job, fresh=True)).completed[1]
    manifest = await jobs.manifest(report.job, build) if build else None
    if manifest is None:
        return Differences(gone=keys.manifest(report.job, build) if build else None)
    segments = await jobs.segments(report.job)
    changed = (index for index in edited(segments, manifest.segments) if index in segments)
    return Differences(edited=tuple(changed), outputs=tuple(await _outputs(jobs, report.job, manifest)))


async def _outputs(jobs: Jobs, job: str, manifest: Manifest) -> list[str]:
    name = await jobs.output_name(job)
    found: list[str] = []
    if name is None:
        return found
    for file in manifest.files:
        for bucket, key in keys.copies(job, *name, file, manifest.audiobook):
            there = await jobs.store.head(bucket, key)
            if there is None or not manifest.is_whole_copy(file, there.size, there.metadata):
                found.append(f"{bucket}/{key}")
    return found


def _tell(report: Report, found: Differences) -> None:
    if found.edited:
        more = f" and {len(found.edited) - NUMBERS} more" if len(found.edited) > NUMBERS else ""
        output.line(f"edited since its build: segments {', '.join(map(str, found.edited[:NUMBERS]))}{more}")
    for key in found.outputs:
        output.line(f"missing, damaged or of another build: {key}")
    if found.gone:
        output.line(f"missing, so the book is made again: {keys.JOBS}/{found.gone}")
    if report.state in RETRIED:
        output.line(f"its run {report.run} is {output.state(report)}: `darkchannel retry {report.job}` goes on with it")
    elif report.state is State.COMPLETED and found == Differences():
        output.line("nothing differs from its build")


def _opened(report: Report, run: int) -> str:
    return f"opened run {run} of job {report.job} ({report.source})"


def _refusal(report: Report) -> str:
    about = f"job {report.job} ({report.source})"
    if report.state is State.OPEN:
        return (
            f"{about} is under way, so there is nothing to retry: "
            f"`darkchannel rebuild {report.job}` has the reconciler look at it now"
        )
    return (
        f"{about} is completed, so there is nothing to retry: `darkchannel rebuild {report.job}` takes up what was "
        "edited; for a new audiobook drop the document again"
    )
