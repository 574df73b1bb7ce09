"""Brings ``metadata.json`` up to date: its ETag is read first, so that a slow writer never wins over a newer one."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import ValidationError

from darkchannel import keys
from darkchannel.jobs.metadata import (
    SMALL_INPUT_BYTES,
    Facts,
    File,
    Metadata,
    Output,
    derive,
    same,
)
from darkchannel.jobs.runs import Runs
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.ledger import JSON
from darkchannel.storage.port import NEW

PACE = timedelta(seconds=1)
"""While a run is open, at most one write a job in this time, for each thousand segments it has."""


async def project(jobs: Jobs, job: str, clock: Callable[[], datetime], output: Output | None = None) -> None:
    """Derive the metadata of a job and replace what is there, until one of the two is current."""
    while True:
        found = await jobs.store.get(keys.JOBS, keys.metadata(job))
        before = _parsed(found.body) if found else None
        runs = await jobs.runs(job, fresh=True)
        if before and runs.is_open and clock() - before.updated_at < _pace(before):
            return
        facts = await _facts(jobs, job, runs, before, output)
        if facts is None:
            return
        after = derive(facts, before, clock())
        if before and same(before, after):
            return
        body = after.model_dump_json(indent=2, exclude_none=True).encode()
        over = found.info.etag if found else NEW
        if await jobs.store.put(keys.JOBS, keys.metadata(job), body, over=over, content_type=JSON) is not None:
            return


def _parsed(body: bytes) -> Metadata | None:
    """People may write into this object; what cannot be read is replaced."""
    try:
        return Metadata.model_validate_json(body)
    except ValidationError:
        return None


def _pace(before: Metadata) -> timedelta:
    """Listing the chunks of a large job takes its time: it is told of less often."""
    return PACE * max(1, before.chunks.total // 1_000)


async def _facts(jobs: Jobs, job: str, runs: Runs, before: Metadata | None, output: Output | None) -> Facts | None:
    try:
        async with asyncio.TaskGroup() as group:
            opened = group.create_task(jobs.opened(job, 1))
            document = group.create_task(jobs.input(job))
            planned = group.create_task(jobs.plan(job))
            listed = group.create_task(_chunks(jobs, job))
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    accepted, source = opened.result(), document.result()
    if accepted is None:
        return None
    text = before.input_text or before.ssml if before else None
    plan = planned.result()
    # Not of a document that is refused: it may be for a secret that stands in it.
    if plan and text is None and source and source.size <= SMALL_INPUT_BYTES:
        text = await _text(jobs, source.key)
    return Facts(
        job=job,
        accepted=accepted,
        runs=runs,
        plan=plan,
        chunks=listed.result(),
        input_key=source.key if source else None,
        input_text=text,
        output=output or (before.output if before else None),
    )


async def _chunks(jobs: Jobs, job: str) -> list[File]:
    listed = jobs.listed_chunks(job)
    return [File(index=index, s3_key=info.key, uploaded_at=info.modified) async for index, info in listed]


async def _text(jobs: Jobs, key: str) -> str | None:
    found = await jobs.store.get(keys.JOBS, key)
    try:
        return found.body.decode("utf-8-sig") if found else None
    except UnicodeDecodeError:
        return None
