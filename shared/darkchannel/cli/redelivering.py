"""Has deliveries tried again: their objects become as if nothing had been sent, under the same ids."""

import uuid
from datetime import datetime, timedelta

from pydantic import BaseModel, ValidationError

from darkchannel import keys
from darkchannel.cli.exits import Failed
from darkchannel.cli.tracing import Found, again
from darkchannel.jobs.deliveries import Announced, Delivery
from darkchannel.runtime.service import utc_now
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.ledger import JSON

PROGRESS = "task.progress"
SOON = timedelta(seconds=60)
"""Longer than any try: a claim that is due sooner may be under way."""
FROM_THE_START = {"attempts": 0, "status": None, "ticket_id": None, "ended": None, "refused": False}


class Disabled(BaseModel):
    """What matters here of a receiver that answered 410."""

    to: str


async def reset(jobs: Jobs, found: Found) -> None:
    """Have a delivery tried again now.

    Raises Failed for one that is about to be tried anyway, and for progress, of which only the newest counts.
    """
    while True:
        now = utc_now()
        _check(found, now)
        fresh = _fresh(found.delivery, now).model_dump_json(exclude_none=True).encode()
        if await jobs.store.put(keys.JOBS, found.key, fresh, over=found.etag, content_type=JSON):
            break
        changed = await again(jobs, found)
        if changed is None:
            raise Failed(f"{found.place} is gone")
        found = changed
    await _enable(jobs, found.delivery.to)
    if found.job and found.run:
        await _reopen(jobs, found.job, found.run, now)
    await jobs.ask(found.about)


def _check(found: Found, now: datetime) -> None:
    if found.event == PROGRESS:
        raise Failed(f"{PROGRESS} of {found.about} is not sent again: only the newest counts, and then the end")
    if found.next_try and now <= found.next_try < now + SOON:
        raise Failed(f"{found.event} of {found.about} is being tried, or will be within a minute")


def _fresh(delivery: Delivery, now: datetime) -> Delivery:
    anew = {"deadline": now, "nonce": uuid.uuid4().hex, "note": "asked for on the command line"}
    return delivery.model_copy(update=FROM_THE_START | anew)


async def _enable(jobs: Jobs, host: str) -> None:
    """Have the addresses of a receiver called again that answered 410; one that does so again is disabled again."""
    async for info in jobs.store.list(keys.JOBS, keys.DESTINATIONS_PREFIX):
        found = await jobs.store.get(keys.JOBS, info.key)
        if host and found and _host(found.body) == host:
            await jobs.store.delete(keys.JOBS, info.key)


def _host(disabled: bytes) -> str | None:
    try:
        return Disabled.model_validate_json(disabled).to
    except ValidationError:
        return None


async def _reopen(jobs: Jobs, job: str, run: int, now: datetime) -> None:
    """Have a closed run looked at again; one that is not closed is looked at anyway."""
    await _due(jobs, job, run, now)
    if opened := await jobs.opened(job, run):
        await jobs.mark(job, run, opened)


async def _due(jobs: Jobs, job: str, run: int, now: datetime) -> None:
    """Say that the run is not announced any longer: before its marker, which would else be retired at once."""
    name, body = keys.announced(job, run), Announced(due=now).model_dump_json().encode()
    while found := await jobs.store.head(keys.JOBS, name):
        if await jobs.store.put(keys.JOBS, name, body, over=found.etag, content_type=JSON):
            return
