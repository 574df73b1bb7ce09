"""Events of a job for its webhook: which there are, in what order they count, and what each tells.

The events and the outer fields are those of the users' media task system, so that its receivers need no change.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from darkchannel import keys
from darkchannel.jobs.metadata import Metadata, Status
from darkchannel.jobs.plan import Plan
from darkchannel.jobs.records import Manifest
from darkchannel.jobs.runs import Outcome, Source, State
from services.handoff_notifier.messages import clean

Event = Literal["task.created", "task.started", "task.progress", "task.completed", "task.failed", "task.cancelled"]

STATUSES: Final[dict[Event, Status]] = {
    "task.created": "pending",
    "task.started": "processing",
    "task.progress": "processing",
    "task.completed": "completed",
    "task.failed": "failed",
    "task.cancelled": "cancelled",
}
ENDS: Final[dict[State, Event]] = {
    State.COMPLETED: "task.completed",
    State.FAILED: "task.failed",
    State.CANCELLED: "task.cancelled",
}

SPAN = 10_000_000
"""Sequence numbers of one run; a job has at most a million chunks to tell of."""
ALMOST = 0.99
"""Progress while the last chunk is spoken but the book is not joined: only what is completed is at 1.0."""


@dataclass(frozen=True, slots=True)
class Link:
    """A signed address, as fresh as the message that holds it."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """A job in one of its runs: all that its events are told from.

    Everything but the link is read from the job, so that a message says the same on every try.
    """

    job: str
    run: int
    opened: datetime
    """When this run was."""
    source: Source | None = None
    plan: Plan | None = None
    """None where the document has not been read, or could not be."""
    spoken: int = 0
    """Chunks that are there."""
    counted: datetime | None = None
    """When they were."""
    outcome: Outcome | None = None
    manifest: Manifest | None = None
    """Of the completed build; None where it has been retired since."""
    name: tuple[str, str] | None = None
    """Date and stem under which the job is published."""
    link: Link | None = None
    """To the audiobook."""


def sequence(run: int, event: Event, spoken: int = 0) -> int:
    """Where an event stands in a job's life: a later one has a greater number, whenever it arrives.

    The first progress is that of one chunk; before it there is nothing to tell that ``task.started`` does not.
    """
    if event == "task.created":
        return run * SPAN + 1
    if event == "task.started":
        return run * SPAN + 2
    if event == "task.progress":
        return run * SPAN + 2 + spoken
    return run * SPAN + SPAN - 1


def due(metadata: Metadata) -> tuple[Event, ...]:
    """The events that this state of an open run calls for, in their order; its end is not one of them."""
    created: tuple[Event, ...] = ("task.created",) if metadata.run == 1 else ()
    if metadata.status == "pending":
        return created
    if metadata.status == "processing" and metadata.chunks.completed:
        return (*created, "task.started", "task.progress")
    return (*created, "task.started")


def payload(event: Event, task: Task) -> dict[str, object]:
    """The body of an event, ready for JSON: no control characters, no secrets, times in ISO 8601 UTC.

    ``data.progress`` is a share from 0.0 to 1.0, ``data.output_data`` is null but in ``task.completed`` and
    ``data.error`` (text for people) null but where a reason is known. ``metadata.sequence`` tells the order.
    """
    plan, source = task.plan, task.source
    return {
        "event_type": event,
        "task_id": task.job,
        "timestamp": _iso(_at(event, task)),
        "data": {
            "status": STATUSES[event],
            "type": "audiobook",
            "progress": _progress(event, task),
            "chunks": {"completed": _spoken(event, task), "total": plan.segments if plan else 0},
            "output_data": _output(task) if event == "task.completed" else None,
            "error": _text(task.outcome.reason) if task.outcome and event in ENDS.values() else None,
        },
        "user_id": None,
        "metadata": {
            "title": _text(plan.title if plan else (source.key.rpartition("/")[2] if source else "")),
            "language": plan.options.language if plan else None,
            "source_bucket": source.bucket if source else None,
            "source_key": _text(source.key) if source else None,
            "run": task.run,
            "sequence": sequence(task.run, event, task.spoken),
        },
    }


def _at(event: Event, task: Task) -> datetime:
    """When it happened, which is not when it is sent."""
    if event == "task.progress":
        return task.counted or task.opened
    return task.outcome.at if task.outcome and event in ENDS.values() else task.opened


def _spoken(event: Event, task: Task) -> int:
    return 0 if event in ("task.created", "task.started") else task.spoken


def _progress(event: Event, task: Task) -> float:
    if event == "task.completed":
        return 1.0
    total = task.plan.segments if task.plan else 0
    return min(ALMOST, round(_spoken(event, task) / total, 4)) if total else 0.0


def _output(task: Task) -> dict[str, object]:
    """Where the audiobook is and what it is like; the first of the files is the one that the link leads to."""
    manifest = task.manifest
    return {
        "audio_url": task.link.url if task.link else None,
        "audio_url_expires_at": _iso(task.link.expires_at) if task.link else None,
        "seconds": round(manifest.seconds, 3) if manifest else None,
        "chapters": len(manifest.chapters) if manifest else None,
        "files": _files(manifest, task.name) if manifest and task.name else [],
        "metadata": {"loudness": manifest.loudness, "build": manifest.digest} if manifest else {},
    }


def _files(manifest: Manifest, name: tuple[str, str]) -> list[dict[str, object]]:
    return [
        {"bucket": keys.OUTPUT, "key": keys.published(*name, file, manifest.audiobook), "bytes": size}
        for file, size in manifest.files.items()
    ]


def _text(text: str | None) -> str | None:
    return clean(text) if text is not None else None


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
