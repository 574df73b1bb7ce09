"""One book through a pipeline that runs, from the drop to the closed run."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from darkchannel import keys
from darkchannel.cli.submitting import upload
from darkchannel.jobs.runs import Closed, State
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import ObjectInfo

POLL_SECONDS = 0.02
FIRST_RUN = 1


class NotNarrated(Exception):
    """The run ended otherwise than completed, or not at all."""


async def through(jobs: Jobs, document: Path, *, limit: float) -> tuple[float, dict[str, float]]:
    """Drop a document; the seconds it took, in all and by phase. Raises NotNarrated, after ``limit`` seconds too."""
    dropped, start = datetime.now(UTC), time.perf_counter()
    job = await upload(jobs, document, {})
    try:
        async with asyncio.timeout(limit):
            closed = await _closed(jobs, job)
    except TimeoutError:
        raise NotNarrated(f"job {job} is not closed after {limit:g} s") from None
    seconds = time.perf_counter() - start
    if closed.status is not State.COMPLETED:
        outcome = (await jobs.runs(job, fresh=True)).last_outcome
        raise NotNarrated(f"job {job} {closed.status}: {outcome and outcome.reason}")
    return seconds, await _phases(jobs, job, dropped, closed)


async def _closed(jobs: Jobs, job: str) -> Closed:
    key = keys.run_event(job, FIRST_RUN, "closed")
    # Polled, as any client outside the pipeline has to.
    while (found := await jobs.store.get(keys.JOBS, key)) is None:  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)
    return Closed.model_validate_json(found.body)


async def _phases(jobs: Jobs, job: str, dropped: datetime, closed: Closed) -> dict[str, float]:
    """From the times at which objects were written; each phase ends where the next begins."""
    plan = await _newest(jobs, keys.plan(job))  # a listing tells milliseconds, a head request seconds
    chunks = await _newest(jobs, f"{job}/chunks/")
    sections = await _newest(jobs, f"{job}/sections/")
    outcome = (await jobs.runs(job, fresh=True)).outcomes[FIRST_RUN]
    ends = {
        "accept": plan.modified,
        "speak and encode": chunks.modified,
        "encode what is left": sections.modified,
        "assemble and decide": outcome.at,
        "publish": closed.at,
    }
    starts = [dropped, *ends.values()]
    return {
        name: max(0.0, (end - start).total_seconds()) for (name, end), start in zip(ends.items(), starts, strict=False)
    }


async def _newest(jobs: Jobs, prefix: str) -> ObjectInfo:
    return max([info async for info in jobs.store.list(keys.JOBS, prefix)], key=lambda info: info.modified)
