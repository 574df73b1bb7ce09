"""Events of a job: their order, and what each tells."""

import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkchannel import keys
from darkchannel.jobs.metadata import Chunks, Metadata, Status
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Chapter, make
from darkchannel.jobs.records import Manifest, Mark
from darkchannel.jobs.runs import Outcome, Source, State
from services.handoff_notifier import tasks
from services.handoff_notifier.tasks import Event, Link, Task

OPENED = datetime(2026, 3, 1, 12, tzinfo=UTC)
COUNTED = OPENED + timedelta(seconds=9)
ENDED = OPENED + timedelta(minutes=2)
EXPIRES = OPENED + timedelta(hours=1)
OPTIONS = Options(webhook_url="https://receiver.example/hook?token=sesame", language="pt-BR")
MANIFEST = Manifest(
    digest="0123456789abcdef",
    segments=("e",) * 4,
    files={"audiobook.mp3": 1234, "chapters.json": 56},
    seconds=12.34567,
    chapters=(Mark(title="I", start=0, end=6), Mark(title="II", start=6, end=12)),
    loudness=-18.2,
)
TASK = Task(
    job="1d3c4d52-0000-0000-0000-000000000000",
    run=1,
    opened=OPENED,
    source=Source(bucket=keys.INBOX, key="caixa/farol.md", version="v", size=9),
    plan=make(Book("O Farol", None, OPTIONS, (Chapter("I", ("x",) * 4),)))[0],
    spoken=3,
    counted=COUNTED,
    outcome=Outcome(status=State.COMPLETED, at=ENDED, build=MANIFEST.digest),
    manifest=MANIFEST,
    name=("2026-03-01", "farol"),
    link=Link("https://listen.example/farol.mp3?signed", EXPIRES),
)
EVENTS: tuple[Event, ...] = get_args(Event)

runs = st.integers(1, 999_999)
progress = st.lists(st.integers(1, keys.MAX_SEGMENTS), unique=True).map(sorted)


def ended(status: State, reason: str | None = None, **changed: Any) -> Task:
    outcome = Outcome.model_validate({"status": status, "at": ENDED, "reason": reason})
    return replace(TASK, outcome=outcome, manifest=None, link=None, **changed)


def told(event: Event, task: Task = TASK) -> Any:
    """As a receiver reads it."""
    return json.loads(json.dumps(tasks.payload(event, task)))


@given(runs, progress, st.sampled_from(sorted(tasks.ENDS.values())))
def test_a_later_event_of_a_job_has_a_greater_number(run: int, spoken: list[int], end: Event) -> None:
    life = [
        tasks.sequence(run, "task.created"),
        tasks.sequence(run, "task.started"),
        *(tasks.sequence(run, "task.progress", chunks) for chunks in spoken),
        tasks.sequence(run, end),
        tasks.sequence(run + 1, "task.created"),
    ]
    assert life == sorted(set(life))


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_the_fields_of_the_media_task_system(event: Event) -> None:
    body = told(event)
    assert list(body) == ["event_type", "task_id", "timestamp", "data", "user_id", "metadata"]
    assert {"status", "type", "progress", "output_data"} <= body["data"].keys()
    assert (body["event_type"], body["task_id"], body["user_id"]) == (event, TASK.job, None)
    assert body["data"]["type"] == "audiobook"


@pytest.mark.parametrize(
    ("event", "at", "status", "share", "chunks"),
    [
        ("task.created", "2026-03-01T12:00:00Z", "pending", 0.0, 0),
        ("task.started", "2026-03-01T12:00:00Z", "processing", 0.0, 0),
        ("task.progress", "2026-03-01T12:00:09Z", "processing", 0.75, 3),
        ("task.completed", "2026-03-01T12:02:00Z", "completed", 1.0, 3),
        ("task.failed", "2026-03-01T12:02:00Z", "failed", 0.75, 3),
        ("task.cancelled", "2026-03-01T12:02:00Z", "cancelled", 0.75, 3),
    ],
)
def test_an_event_tells_of_its_own_moment_though_the_job_is_further(
    event: Event, at: str, status: str, share: float, chunks: int
) -> None:
    body = told(event)
    assert (body["timestamp"], body["data"]["status"], body["data"]["progress"]) == (at, status, share)
    assert body["data"]["chunks"] == {"completed": chunks, "total": 4}


def test_times_are_told_in_utc_wherever_they_were_taken() -> None:
    at_home = OPENED.astimezone(timezone(timedelta(hours=-3)))
    assert told("task.created", replace(TASK, opened=at_home))["timestamp"] == "2026-03-01T12:00:00Z"


def test_only_what_is_completed_is_whole() -> None:
    assert told("task.progress", replace(TASK, spoken=4))["data"]["progress"] == tasks.ALMOST
    assert told("task.completed", replace(TASK, spoken=0))["data"]["progress"] == 1.0


def test_a_completed_task_tells_where_its_audiobook_is() -> None:
    assert told("task.completed")["data"]["output_data"] == {
        "audio_url": "https://listen.example/farol.mp3?signed",
        "audio_url_expires_at": "2026-03-01T13:00:00Z",
        "seconds": 12.346,
        "chapters": 2,
        "files": [
            {"bucket": "darkchannel-output", "key": "2026-03-01/farol.mp3", "bytes": 1234},
            {"bucket": "darkchannel-output", "key": "2026-03-01/farol/chapters.json", "bytes": 56},
        ],
        "metadata": {"loudness": -18.2, "build": "0123456789abcdef"},
    }


def test_a_build_that_is_gone_leaves_the_link() -> None:
    output = told("task.completed", replace(TASK, manifest=None))["data"]["output_data"]
    assert output["audio_url"] == "https://listen.example/farol.mp3?signed"
    assert (output["seconds"], output["chapters"], output["files"], output["metadata"]) == (None, None, [], {})


@pytest.mark.parametrize("event", [event for event in EVENTS if event != "task.completed"])
def test_only_a_completed_task_has_output(event: Event) -> None:
    assert told(event)["data"]["output_data"] is None


@pytest.mark.parametrize(("status", "event"), tasks.ENDS.items())
def test_an_end_tells_its_reason_and_what_came_before_does_not(status: State, event: Event) -> None:
    task = ended(status, "acabou a luz")
    assert told(event, task)["data"]["error"] == "acabou a luz"
    assert [told(before, task)["data"]["error"] for before in EVENTS[:3]] == [None] * 3


def test_a_refused_document_is_told_of_by_its_name() -> None:
    body = told("task.failed", ended(State.FAILED, "nothing in it can be spoken", plan=None, spoken=0))
    assert (body["data"]["progress"], body["data"]["chunks"]) == (0.0, {"completed": 0, "total": 0})
    assert (body["metadata"]["title"], body["metadata"]["language"]) == ("farol.md", None)


def test_metadata_names_the_document_the_run_and_the_order() -> None:
    assert told("task.progress", replace(TASK, run=2))["metadata"] == {
        "title": "O Farol",
        "language": "pt-BR",
        "source_bucket": "darkchannel-inbox",
        "source_key": "caixa/farol.md",
        "run": 2,
        "sequence": 20_000_005,
    }


def test_a_job_whose_acceptance_is_lost_is_told_of_all_the_same() -> None:
    body = told("task.failed", ended(State.FAILED, plan=None, source=None))
    assert (body["metadata"]["title"], body["metadata"]["source_key"]) == ("", None)


@pytest.mark.parametrize("event", EVENTS)
def test_no_event_repeats_the_address_that_it_goes_to(event: Event) -> None:
    assert "sesame" not in json.dumps(tasks.payload(event, TASK))


texts = st.text(st.characters(), max_size=40)
"""Halves of a surrogate pair included: file names hold them."""


@given(st.sampled_from(EVENTS), texts, texts, texts)
@example("task.failed", "\ud800", "a\r\udce3", "\x85\x00")
def test_whatever_a_document_holds_a_receiver_can_keep_it(event: Event, title: str, key: str, reason: str) -> None:
    assert TASK.plan
    assert TASK.source
    task = replace(
        ended(State.FAILED, reason),
        plan=TASK.plan.model_copy(update={"title": title}),
        source=TASK.source.model_copy(update={"key": key}),
    )
    read = json.loads(json.dumps(tasks.payload(event, task), ensure_ascii=False).encode())
    held = [read["metadata"]["title"], read["metadata"]["source_key"], read["data"]["error"] or ""]
    assert not [letter for letter in "".join(held) if unicodedata.category(letter) == "Cc" and letter not in "\t\n\r"]


def test_lines_of_a_reason_stay_lines() -> None:
    assert told("task.failed", ended(State.FAILED, "linha 3:\n\tnada\x00"))["data"]["error"] == "linha 3:\n\tnada"


@pytest.mark.parametrize(
    ("status", "run", "completed", "events"),
    [
        ("pending", 1, 0, ["task.created"]),
        ("pending", 2, 0, []),
        ("processing", 1, 0, ["task.created", "task.started"]),
        ("processing", 1, 2, ["task.created", "task.started", "task.progress"]),
        ("processing", 2, 2, ["task.started", "task.progress"]),
        ("completed", 1, 4, ["task.created", "task.started"]),
        ("failed", 2, 2, ["task.started"]),
        ("cancelled", 1, 0, ["task.created", "task.started"]),
    ],
)
def test_a_state_calls_for_what_is_to_be_heard_by_then(
    status: Status, run: int, completed: int, events: list[Event]
) -> None:
    metadata = Metadata(
        job_id="j",
        status=status,
        created_at=OPENED,
        updated_at=COUNTED,
        chapter_title="O Farol",
        chunks=Chunks(total=4, completed=completed, failed=0),
        run=run,
        sequence=1,
    )
    assert [*tasks.due(metadata)] == events
