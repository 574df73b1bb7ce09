"""``darkchannel status``, ``jobs``, ``link`` and ``cancel``: what one does to jobs under way or ended."""

from darkchannel import keys
from darkchannel.cli import finding, output
from darkchannel.cli.exits import Code, Failed
from darkchannel.cli.report import Report
from darkchannel.cli.stores import opened
from darkchannel.jobs.runs import Outcome, State
from darkchannel.runtime.service import utc_now

LINK_SECONDS = 3600


async def status(wanted: str, *, json: bool) -> Code:
    async with opened() as jobs:
        report, *others = await finding.find(jobs, wanted)
    if json:
        output.json(report)
    else:
        output.job(report)
    mention(wanted, others)
    return Code.OK


async def listing(limit: int, *, json: bool) -> Code:
    async with opened() as jobs:
        reports = await finding.newest(jobs, limit)
    if json:
        output.json(reports)
    elif reports:
        output.table(reports)
    else:
        output.note(f"no job in the last {finding.DAYS} days")
    return Code.OK


async def link(wanted: str, *, json: bool) -> Code:
    async with opened() as jobs:
        namesakes = await finding.find(jobs, wanted)
        report = next((report for report in namesakes if report.output), namesakes[0])
        if not report.output or not await jobs.store.head(keys.OUTPUT, report.output):
            raise Failed(f"job {report.job} ({report.source}) has no audiobook: it is {output.state(report)}")
        url = await jobs.store.link(keys.OUTPUT, report.output, seconds=LINK_SECONDS)
    if json:
        output.json({"job": report.job, "url": url, "seconds": LINK_SECONDS})
    else:
        output.line(url)
    return Code.OK


async def cancel(wanted: str, *, json: bool) -> Code:
    async with opened() as jobs:
        namesakes = await finding.find(jobs, wanted)
        report = finding.preferred(namesakes)
        outcome = Outcome(status=State.CANCELLED, at=utc_now(), reason="cancelled on the command line")
        if report.state is not State.OPEN or not await jobs.decide(report.job, report.run, outcome):
            raise Failed(f"job {report.job} ({report.source}) cannot be cancelled: it has already ended")
    if json:
        output.json({"job": report.job, "run": report.run, "state": State.CANCELLED.value})
    else:
        output.line(f"cancelled job {report.job} ({report.source})")
    mention(wanted, [other for other in namesakes if other is not report])
    return Code.OK


def mention(wanted: str, others: list[Report]) -> None:
    """Name the other jobs that came from a file of this name, so that a wrong guess is seen."""
    if others:
        output.note(f"other jobs from {wanted}:")
        for other in others:
            output.note(f"  {other.job}  {output.moment(other.accepted_at)}  {output.state(other)}")
