"""``darkchannel watch``: the pipeline on a folder until stopped, a line for each job that starts or ends."""

import asyncio
import signal
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from darkchannel import keys
from darkchannel.cli import finding, output
from darkchannel.cli.exits import Code
from darkchannel.cli.local import prepare
from darkchannel.cli.report import Report, Reporter
from darkchannel.cli.waits import Waits
from darkchannel.jobs.runs import State
from darkchannel.runtime.embedded import embedded
from darkchannel.storage.jobs import Jobs

LOOK_SECONDS = 0.5


async def watch(folder: Path | None) -> Code:
    root = prepare(folder)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with embedded(root) as pipeline:
        output.line(f"drop text, SSML or EPUB files into {root / keys.INBOX}; Ctrl-C stops")
        await _tell(Watch(pipeline.jobs), Waits(pipeline), stop)
    output.line("stopped; what was under way goes on at the next start")
    return Code.OK


async def _tell(jobs: "Watch", waits: Waits, stop: asyncio.Event) -> None:
    while not stop.is_set():
        for text in await jobs.news() + waits.news():
            output.line(text)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)


class Watch:
    """Tells of jobs that started or ended since the last look.

    A short job may open and close between two looks: the output names claimed meanwhile tell of it.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._since = datetime.now(UTC)
        self._seen: set[str] = set()
        self._reporters: dict[str, Reporter] = {}
        self._open: dict[str, int] = {}
        """The run told of as started, by job."""
        self._ended: dict[str, int] = {}
        """The run told of as ended, by job."""

    async def news(self) -> list[str]:
        found: list[str] = []
        looked_at = dict.fromkeys([*self._open, *await finding.active(self._jobs), *await self._named()])
        # Kept from look to look: a reporter lists only the chunks that are new.
        self._reporters = {job: self._reporters.get(job) or Reporter(self._jobs, job) for job in looked_at}
        for reporter in self._reporters.values():
            report = await finding.legible(reporter)
            if report is not None:
                found += self._started(report) + self._finished(report)
        return found

    async def _named(self) -> list[str]:
        """Jobs whose output name was claimed since the last look."""
        yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
        after = f"{keys.NAMES_PREFIX}{yesterday.isoformat()}"
        listed = [info async for info in self._jobs.store.list(keys.JOBS, keys.NAMES_PREFIX, after=after)]
        new = [info for info in listed if info.key not in self._seen and info.modified >= self._since]
        self._seen = {info.key for info in listed}
        return await finding.owners(self._jobs, new)

    def _started(self, report: Report) -> list[str]:
        if report.published or self._open.get(report.job) == report.run:
            return []
        self._open[report.job] = report.run
        return [f"started    {report.source} (job {report.job})"]

    def _finished(self, report: Report) -> list[str]:
        old = report.ended_at is None or report.ended_at < self._since
        if not report.published or old or self._ended.get(report.job) == report.run:
            return []
        self._open.pop(report.job, None)
        self._ended[report.job] = report.run
        is_completed = report.state is State.COMPLETED
        what = f"{keys.OUTPUT}/{report.output}" if is_completed else report.error or ""
        speakers = output.speakers(report) if is_completed else {}
        lines = {report.state.value: f"{report.source}: {what}", **speakers}
        return [f"{name:<10} {text}" for name, text in lines.items()]
