"""Finds jobs: by id, by the name of the file they came from, or the newest of them.

A job bucket has no list of jobs. Those under way have markers, and every job that is published claims an
output name under its date; both are listed here, the dates backwards.
"""

import re
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta

from darkchannel import keys
from darkchannel.cli import output
from darkchannel.cli.exits import NotFound
from darkchannel.cli.report import Report, Reporter
from darkchannel.errors import Permanent
from darkchannel.jobs import names
from darkchannel.jobs.runs import State
from darkchannel.runtime.together import together
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import ObjectInfo

DAYS = 60
"""How far back a job is looked for."""
MAX_NAMESAKES = 100
AT_ONCE = 16

_JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def find(jobs: Jobs, wanted: str) -> list[Report]:
    """The job of this id, or those that came from a file of this name, newest first.

    Of ended namesakes only those of the newest day are looked up. Raises NotFound, saying what to do.
    """
    if _JOB_ID.fullmatch(wanted.lower()):
        report = await Reporter(jobs, wanted.lower()).report()
        if report is None:
            raise NotFound(f"there is no job {wanted}; `darkchannel jobs` lists them")
        return [report]
    stem = names.stem(wanted)
    found = await _reports(jobs, await active(jobs))
    async for named in claims(jobs, stem):
        found |= await _reports(jobs, await owners(jobs, named[:MAX_NAMESAKES]))
        if any(_came_from(report, wanted) for report in found.values()):
            break
    namesakes = [report for report in found.values() if _came_from(report, wanted)]
    if not namesakes:
        raise NotFound(await _why_not(jobs, wanted))
    return _newest_first(namesakes)


async def newest(jobs: Jobs, limit: int) -> list[Report]:
    """At most ``limit`` jobs of the last days, newest first."""
    published: list[str] = []
    async for named in claims(jobs):
        published += await owners(jobs, named[:limit])
        if len(published) >= limit:
            break
    under_way = (await active(jobs))[:limit]
    return _newest_first((await _reports(jobs, under_way + published)).values())[:limit]


def preferred(namesakes: list[Report]) -> Report:
    """Of jobs that came from the same file: the newest not yet ended, else the newest."""
    return next((report for report in namesakes if report.state is State.OPEN), namesakes[0])


async def active(jobs: Jobs) -> list[str]:
    """Jobs with a run that is not closed."""
    markers = [info async for info in jobs.store.list(keys.JOBS, keys.ACTIVE_PREFIX)]
    return [found[0] for info in _latest(markers) if (found := keys.parse_marker(info.key))]


async def claims(jobs: Jobs, stem: str = "", days: int = DAYS) -> AsyncIterator[list[ObjectInfo]]:
    """The output names claimed, those of a stem where one is given, day by day from today backwards."""
    today = datetime.now(UTC).date()
    pattern = re.compile(rf"{re.escape(stem)}(-\d+)?" if stem else ".*")
    for day in (today - timedelta(days=ago) for ago in range(days)):
        prefix = keys.name_claim(day.isoformat(), stem).removesuffix(".json")
        start = len(prefix) - len(stem)
        listed = [info async for info in jobs.store.list(keys.JOBS, prefix)]
        yield _latest(info for info in listed if pattern.fullmatch(info.key[start:].removesuffix(".json")))


async def owners(jobs: Jobs, named: Iterable[ObjectInfo]) -> list[str]:
    """The jobs that claimed these output names."""

    async def owner(claim: str) -> str | None:
        try:
            return await jobs.owner(claim)
        except Permanent as error:
            output.note(f"passed over: {error}")
            return None

    return list(filter(None, await together((owner(info.key) for info in named), at_once=AT_ONCE)))


async def _reports(jobs: Jobs, wanted: Iterable[str]) -> dict[str, Report]:
    reports = await together((legible(Reporter(jobs, job)) for job in dict.fromkeys(wanted)), at_once=AT_ONCE)
    return {found.job: found for found in reports if found}


async def legible(reporter: Reporter) -> Report | None:
    """What is to be told of a job; None, with a note, where a person made one of its records unreadable."""
    try:
        return await reporter.report()
    except Permanent as error:
        output.note(f"passed over: {error}")
        return None


async def _why_not(jobs: Jobs, wanted: str) -> str:
    try:
        lies_there = await jobs.store.head(keys.INBOX, wanted)
    except ValueError:  # no object can have this name
        lies_there = None
    if lies_there:
        return f"{wanted} lies in the inbox and is no job yet: the splitter has not accepted it"
    return f"no job of the last {DAYS} days came from a file named {wanted}; `darkchannel jobs` lists them"


def _came_from(report: Report, wanted: str) -> bool:
    return report.source == wanted or report.source.endswith(f"/{wanted}")


def _latest(infos: Iterable[ObjectInfo]) -> list[ObjectInfo]:
    return sorted(infos, key=lambda info: info.modified, reverse=True)


def _newest_first(reports: Iterable[Report]) -> list[Report]:
    return sorted(reports, key=lambda report: report.accepted_at, reverse=True)
