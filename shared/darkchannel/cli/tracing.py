"""Finds deliveries: what OmniPlay and webhooks were told of jobs and of recordings, and what they are yet to hear."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from darkchannel import keys
from darkchannel.cli import finding, output
from darkchannel.cli.exits import NotFound
from darkchannel.jobs import recordings
from darkchannel.jobs.deliveries import Delivery, State
from darkchannel.jobs.recordings import parse_company, parse_recording
from darkchannel.runtime.service import utc_now
from darkchannel.runtime.together import together
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import ObjectInfo

HANDOFF = "handoff"


@dataclass(frozen=True, slots=True)
class Found:
    """A delivery of a job's run, or of a recording."""

    key: str
    """Of its object, in the jobs bucket."""
    etag: str
    delivery: Delivery
    at: datetime
    """When it ended; while it is pending, when it was last written."""
    event: str
    job: str | None = None
    run: int | None = None
    recording: str | None = None

    @property
    def about(self) -> str:
        return self.job or self.recording or ""

    @property
    def place(self) -> str:
        return f"{keys.JOBS}/{self.key}"

    @property
    def state(self) -> State:
        return self.delivery.state

    @property
    def next_try(self) -> datetime | None:
        return None if self.delivery.is_receipt else self.delivery.deadline

    def as_json(self) -> dict[str, object]:
        told = {
            "job": self.job,
            "run": self.run,
            "recording": self.recording,
            "event": self.event,
            "state": self.state,
            "at": self.at.isoformat(),
            "next_try": self.next_try.isoformat() if self.next_try else None,
            "object": self.place,
        }
        facts = self.delivery.model_dump(mode="json", include={"id", "to", "attempts", "status", "ticket_id", "note"})
        return {name: value for name, value in (told | facts).items() if value not in (None, "")}


async def recent(jobs: Jobs, days: int, tick: Callable[[], None] = lambda: None) -> list[Found]:
    """All deliveries of the last days, the newest first, and whatever is pending; ``tick`` hears of each that is read.

    Of jobs that were accepted in these days, or have a run that is not closed or not yet announced, and of recordings
    that are filed under these days.
    """
    since = utc_now() - timedelta(days=days)
    listed = await together(
        (_listed(jobs, f"{job}/deliveries/") for job in await _jobs_of(jobs, days)), at_once=finding.AT_ONCE
    )
    infos = [info for some in listed for info in some] + await _receipts(jobs, since)
    found = await _read(jobs, infos, tick)
    return [one for one in found if one.state == "pending" or one.at >= since]


async def of(jobs: Jobs, wanted: str, event: str | None = None) -> list[Found]:
    """The deliveries of one job or recording, those of one event where it is named, the newest first.

    Raises NotFound where there are none, saying what to do.
    """
    recording = wanted.removeprefix(f"{keys.RECORDINGS}/")
    if parse_recording(recording):
        info = await jobs.store.head(keys.JOBS, keys.receipt(recording))
        receipt = await _read(jobs, [info] if info else [])
        if not receipt:
            raise NotFound(
                f"nothing was delivered of {recording}, and nothing is pending: no such recording is there, "
                "it is from before the first start, OMNIPLAY_API_URL is not set, or the reconciler has not come to it"
            )
        return receipt if event in (None, HANDOFF) else _nothing(recording, receipt, event)
    report, *others = await finding.find(jobs, wanted)
    if others:
        output.note(f"{wanted} stands for job {report.job}, the newest of {len(others) + 1} that came from it")
    found = await _read(jobs, await _listed(jobs, f"{report.job}/deliveries/"))
    meant = [one for one in found if event in (None, one.event)]
    return meant or _nothing(f"job {report.job} ({report.source})", found, event)


async def again(jobs: Jobs, found: Found) -> Found | None:
    """A delivery as it is now."""
    info = await jobs.store.head(keys.JOBS, found.key)
    return next(iter(await _read(jobs, [info])), None) if info else None


async def _jobs_of(jobs: Jobs, days: int) -> list[str]:
    # A day more: jobs are filed under the date of their acceptance in UTC.
    named = [info async for some in finding.claims(jobs, days=days + 1) for info in some]
    return [*dict.fromkeys([*await finding.active(jobs), *await finding.owners(jobs, named)])]


async def _receipts(jobs: Jobs, since: datetime) -> list[ObjectInfo]:
    """Of the recordings filed under these days, in one listing a company: below it they are sorted by day."""
    first = f"{since - timedelta(days=1):%Y/%m/%d}"  # a day more: days are those of the uploader's zone
    names = await jobs.store.folders(keys.JOBS, keys.RECEIPTS_PREFIX)
    folders = [
        keys.RECEIPTS_PREFIX + recordings.folders(company) for company in filter(None, map(parse_company, names))
    ]
    listed = (_listed(jobs, folder, after=f"{folder}{first}") for folder in folders)
    return [info for some in await together(listed, at_once=finding.AT_ONCE) for info in some]


async def _listed(jobs: Jobs, prefix: str, *, after: str = "") -> list[ObjectInfo]:
    return [info async for info in jobs.store.list(keys.JOBS, prefix, after=after)]


async def _read(jobs: Jobs, infos: Iterable[ObjectInfo], tick: Callable[[], None] = lambda: None) -> list[Found]:
    found = await together((_one(jobs, info.key, tick) for info in infos), at_once=finding.AT_ONCE)
    return sorted(filter(None, found), key=lambda one: one.at, reverse=True)


async def _one(jobs: Jobs, key: str, tick: Callable[[], None]) -> Found | None:
    of_job, recording = keys.parse_delivery(key), keys.parse_receipt(key)
    if not (of_job or (recording and parse_recording(recording))):
        return None
    found = await jobs.store.get(keys.JOBS, key)
    tick()
    if found is None:
        return None
    delivery = Delivery.read(found.body)
    if delivery is None:
        output.note(f"passed over: {keys.JOBS}/{key} was changed into something unreadable")
        return None
    at = delivery.ended or found.info.modified
    if of_job:
        return Found(key, found.info.etag, delivery, at, of_job.event, job=of_job.job, run=of_job.run)
    return Found(key, found.info.etag, delivery, at, HANDOFF, recording=recording)


def _nothing(about: str, found: list[Found], event: str | None) -> list[Found]:
    if found:
        events = ", ".join(dict.fromkeys(one.event for one in found))
        raise NotFound(f"{about} has no delivery {event}; there is {events}")
    raise NotFound(
        f"nothing was delivered of {about}, and nothing is pending: it has no company-id and no webhook-url, "
        "or the handoff-notifier has not come to it"
    )
