"""Has deliveries tried again: their objects become as if nothing had been sent, under the same ids."""

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from darkchannel import keys
from darkchannel.cli.exits import Failed
from darkchannel.cli.tracing import Found, again
from darkchannel.jobs.deliveries import Announced, Delivery, Disabled
from darkchannel.runtime.service import utc_now
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.ledger import JSON
from darkchannel.storage.port import NEW

PROGRESS = "task.progress"
SOON = timedelta(seconds=60)
"""Longer than any try: a claim that is due sooner may be under way."""
FROM_THE_START = {"attempts": 0, "status": None, "since": None, "ticket_id": None, "ended": None, "refused": False}


async def reset_all(
    jobs: Jobs, wanted: Sequence[Found], tick: Callable[[], None] = lambda: None
) -> tuple[list[Found], list[Failed]]:
    """Those that are tried again now, and why others are not; ``tick`` hears of each."""
    # First, for who is asked below looks at once.
    await _enable(jobs, {found.delivery.to for found in wanted})
    done: list[Found] = []
    failures: list[Failed] = []
    for found in wanted:
        try:
            await _reset(jobs, found)
            done.append(found)
        except Failed as failed:
            failures.append(failed)
        tick()
    return done, failures


async def _reset(jobs: Jobs, found: Found) -> None:
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


async def _enable(jobs: Jobs, hosts: Collection[str]) -> None:
    """Have the addresses of receivers called again that answered 410; one that does so again is disabled again."""
    async for info in jobs.store.list(keys.JOBS, keys.DESTINATIONS_PREFIX):
        found = await jobs.store.get(keys.JOBS, info.key)
        disabled = Disabled.read(found.body) if found else None
        if disabled and disabled.to in hosts:
            await jobs.store.delete(keys.JOBS, info.key)


async def _reopen(jobs: Jobs, job: str, run: int, now: datetime) -> None:
    """Have a closed run looked at again; one that is not closed is looked at anyway."""
    await _due(jobs, job, run, now)
    if opened := await jobs.opened(job, run):
        await jobs.mark(job, run, opened)


async def _due(jobs: Jobs, job: str, run: int, now: datetime) -> None:
    """Say that the run is not announced any longer: before its marker, which would else be retired at once."""
    name, body = keys.announced(job, run), Announced(due=now).model_dump_json().encode()
    while True:
        found = await jobs.store.head(keys.JOBS, name)
        # Also where there is none yet: who is about to write one may have looked before the reset.
        if await jobs.store.put(keys.JOBS, name, body, over=found.etag if found else NEW, content_type=JSON):
            return
