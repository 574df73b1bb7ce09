"""Follows a job until it has ended, showing how far it is."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from darkchannel.cli import output
from darkchannel.cli.exits import Code, Failed
from darkchannel.cli.output import note
from darkchannel.cli.report import Report, Reporter
from darkchannel.storage.jobs import Jobs

LOOK_SECONDS = 0.2
STALL_SECONDS = 600.0
"""Without any progress for so long, following is given up; the job itself goes on."""

Show = Callable[[Report], None]
News = Callable[[], list[str]]
"""Lines to be told beside the progress, each once."""


async def follow(jobs: Jobs, job: str, news: News = list) -> Report:
    """Show the progress of a job until its newest run has ended and its effects are done; returns it as it is then.

    Raises Failed where nothing moves for STALL_SECONDS.
    """
    with _shown() as show:
        async for report in reports(jobs, job, news):
            show(report)
    return report


def tell_end(report: Report, *, json: bool) -> Code:
    """Print how a followed job ended. Raises Failed where it has no audiobook."""
    if json:
        output.json(report)
    else:
        output.job(report)
    if report.code is not Code.OK:
        raise Failed(f"{report.source} was not narrated: {report.error or report.state.value}")
    return Code.OK


async def reports(jobs: Jobs, job: str, news: News = list) -> AsyncIterator[Report]:
    """The job each time it has moved, until it is published."""
    reporter, last, still = Reporter(jobs, job), None, 0.0
    while still < STALL_SECONDS:
        for text in news():
            note(text)
        report = await reporter.report()
        if report and report != last:
            yield report
            last, still = report, 0.0
        if report and report.published:
            return
        await asyncio.sleep(LOOK_SECONDS)
        still += LOOK_SECONDS
    raise Failed(
        f"job {job} did not move for {STALL_SECONDS / 60:.0f} minutes; see whether its services run, "
        f"then look again with `darkchannel status {job}`"
    )


@contextmanager
def _shown() -> Iterator[Show]:
    if not sys.stderr.isatty():
        yield _Lines()
        return
    with _bar() as progress:
        task = progress.add_task("reading", total=1.0, spoken="", encoded="")

        def show(report: Report) -> None:
            progress.update(
                task,
                completed=report.fraction,
                description=_doing(report),
                spoken=f"segments {report.segments}" if report.segments.total else "",
                encoded=f"sections {report.sections}" if report.sections.total else "",
            )

        yield show


@contextmanager
def counted(what: str, total: int | None = None) -> Iterator[Callable[[], None]]:
    """Counts on a terminal, while inside, how often what it gives was called; elsewhere nothing is shown."""
    of = f" of {total}" if total else ""
    columns = (SpinnerColumn(), TextColumn(f"{{task.description}} {{task.completed}}{of}"))
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(what, total=None)
        yield lambda: progress.advance(task)


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[spoken]}"),
        TextColumn("{task.fields[encoded]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


class _Lines:
    """Plain lines for what is no terminal: one for each tenth of the work."""

    def __init__(self) -> None:
        self._last = -1

    def __call__(self, report: Report) -> None:
        tenth = int(report.fraction * 10)
        if report.segments.total and tenth > self._last:
            self._last = tenth
            note(f"segments {report.segments} spoken, sections {report.sections} encoded")


def _doing(report: Report) -> str:
    if not report.segments.total:
        return "reading"
    if report.segments.done < report.segments.total:
        return "speaking"
    return "encoding" if report.sections.done < report.sections.total else "joining"
