"""``metadata.json``: a job as people and n8n read it. A projection of the other objects, never a source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from darkchannel.jobs.plan import Plan
from darkchannel.jobs.runs import Opened, Runs, State

SMALL_JOB_SEGMENTS = 100
SMALL_INPUT_BYTES = 20_000

Status = Literal["pending", "processing", "completed", "failed", "cancelled"]


class File(BaseModel):
    model_config = ConfigDict(frozen=True)

    index: int
    s3_key: str
    uploaded_at: datetime


class Chunks(BaseModel):
    model_config = ConfigDict(frozen=True)

    total: int
    completed: int
    failed: int
    files: tuple[File, ...] | None = None
    """Left out of jobs with more than SMALL_JOB_SEGMENTS segments."""


class Output(BaseModel):
    model_config = ConfigDict(frozen=True)

    s3_key: str
    uploaded_at: datetime
    bucket: str
    key: str
    """Where listeners take it."""
    seconds: float
    url: str | None = None
    url_expires_at: datetime | None = None


class Metadata(BaseModel):
    """The schema of the users' own documents, and what a large job needs beside it."""

    model_config = ConfigDict(frozen=True)

    job_id: str
    status: Status
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None
    chapter_title: str
    input_text: str | None = None
    ssml: str | None = None
    input_key: str | None = None
    chunks: Chunks
    output: Output | None = None
    error: str | None = None
    run: int
    sequence: int
    """Grows by one with each write."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What metadata is derived from, read after the ETag it is to replace."""

    job: str
    accepted: Opened
    runs: Runs
    plan: Plan | None
    chunks: Sequence[File]
    input_key: str | None
    input_text: str | None
    output: Output | None


def derive(facts: Facts, before: Metadata | None, now: datetime) -> Metadata:
    """The metadata these facts call for. Pure: the same facts give the same metadata, but for time and sequence."""
    plan, runs = facts.plan, facts.runs
    outcome = runs.outcomes.get(runs.newest)
    small = plan is not None and plan.segments <= SMALL_JOB_SEGMENTS
    is_ssml = facts.input_key is not None and facts.input_key.endswith((".ssml", ".xml"))
    return Metadata(
        job_id=facts.job,
        status=_status(runs, plan),
        created_at=facts.accepted.at,
        updated_at=now,
        completed_at=outcome.at if outcome and outcome.status is State.COMPLETED else None,
        chapter_title=plan.title if plan else _source_name(facts.accepted),
        input_text=None if is_ssml else facts.input_text,
        ssml=facts.input_text if is_ssml else None,
        input_key=facts.input_key,
        chunks=Chunks(
            total=plan.segments if plan else 0,
            completed=len(facts.chunks),
            failed=1 if plan and outcome and outcome.status is State.FAILED else 0,
            files=tuple(facts.chunks) if small else None,
        ),
        output=facts.output,
        error=outcome.reason if outcome else None,
        run=runs.newest,
        sequence=before.sequence + 1 if before else 1,
    )


def same(before: Metadata, after: Metadata) -> bool:
    """Whether a write would change nothing but its time, its sequence number and the link's signature."""
    volatile = {"updated_at", "sequence"}

    def told(metadata: Metadata) -> dict[str, object]:
        told = metadata.model_dump(exclude=volatile)
        if metadata.output:
            told["output"] = metadata.output.model_dump(exclude={"url", "url_expires_at"})
        return told

    return told(before) == told(after)


def _status(runs: Runs, plan: Plan | None) -> Status:
    match runs.state:
        case State.COMPLETED:
            return "completed"
        case State.FAILED:
            return "failed"
        case State.CANCELLED:
            return "cancelled"
        case _:
            return "processing" if plan else "pending"


def _source_name(accepted: Opened) -> str:
    return accepted.source.key.rsplit("/", 1)[-1] if accepted.source else ""
