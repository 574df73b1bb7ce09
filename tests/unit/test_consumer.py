"""What becomes of a message, from how its handler ended."""

import asyncio
import errno
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from darkchannel import keys, pipeline
from darkchannel.errors import Crowded, Permanent, Transient, Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.jobs.runs import Opened, Outcome, State
from darkchannel.messaging.port import Ack, DeadLetter, Delivery, Requeue, Retry, Settlement
from darkchannel.messaging.topology import DELIVERY_LIMIT
from darkchannel.runtime import consumer
from darkchannel.runtime.consumer import POISON, SUSPECT, Worker, job_of
from darkchannel.runtime.service import RETURNED
from darkchannel.runtime.waiting import Process
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore

JOB = "0b6c6b2e-6a1c-5b0e-9a7e-3d1f6f0c2a11"
SEGMENT = ObjectCreated(keys.JOBS, keys.segment(JOB, 12))
SPEAK = pipeline.BY_NAME["speak"]


class Scripted:
    """A service's handler that ends each call as the script says, and well when it has ended."""

    def __init__(self, *script: Exception) -> None:
        self.script = list(script)
        self.events: list[ObjectCreated] = []

    async def __call__(self, event: ObjectCreated) -> None:
        self.events.append(event)
        if self.script:
            raise self.script.pop(0)


class Flaky(MemoryStore):
    """Away for the next ``away`` writes."""

    away = 0

    async def put(self, *args: object, **kwargs: object) -> str | None:
        if self.away:
            self.away -= 1
            raise Unavailable("MinIO is away")
        return await super().put(*args, **kwargs)  # type: ignore[arg-type]


def no_pause() -> Iterator[float]:
    while True:
        yield 0.0


def now() -> datetime:
    return datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
async def jobs() -> Jobs:
    jobs = Jobs(MemoryStore(), now)
    await jobs.open_run(JOB, 1, Opened(reason="accepted", at=now()))
    return jobs


def worker(jobs: Jobs, process: Process, handler: Scripted, stage: pipeline.Stage = SPEAK) -> Worker:
    return Worker(stage=stage, handler=handler, jobs=jobs, process=process, retry_delays=(30.0, 300.0), pauses=no_pause)


def delivery(event: ObjectCreated = SEGMENT, attempt: int = 1) -> Delivery:
    return Delivery(SPEAK.queue, event.encode(), attempt)


async def reason_of(jobs: Jobs) -> str | None:
    """Why the job's newest run failed; None while it has not ended."""
    runs = await jobs.runs(JOB, fresh=True)
    outcome = runs.last_outcome
    assert outcome is None or outcome.status is State.FAILED
    return outcome.reason if outcome else None


async def test_work_that_is_done_is_acknowledged(jobs: Jobs, process: Process) -> None:
    handler = Scripted()
    assert await worker(jobs, process, handler)(delivery()) == Ack()
    assert handler.events == [SEGMENT]


async def test_a_message_that_is_no_notification_is_kept_aside(jobs: Jobs, process: Process) -> None:
    settlement = await worker(jobs, process, Scripted())(Delivery(SPEAK.queue, b"{}"))
    assert isinstance(settlement, DeadLetter)
    assert "not a bucket notification" in settlement.reason


@pytest.mark.parametrize(
    ("attempt", "settlement"),
    [
        (1, Retry(30.0, 2, "the engine stumbled")),
        (2, Retry(300.0, 3, "the engine stumbled")),
        (3, DeadLetter("the engine stumbled")),
    ],
)
async def test_a_transient_failure_is_tried_three_times(
    jobs: Jobs, process: Process, attempt: int, settlement: Settlement
) -> None:
    handler = Scripted(Transient("the engine stumbled"))
    assert await worker(jobs, process, handler)(delivery(attempt=attempt)) == settlement
    assert await reason_of(jobs) == ("the engine stumbled" if attempt == 3 else None)


@pytest.mark.parametrize("attempt", [1, 3])
async def test_what_is_to_give_way_goes_back_as_the_attempt_that_it_was(
    jobs: Jobs, process: Process, attempt: int
) -> None:
    handler = Scripted(Crowded("vox speaks 8 other texts"))
    assert await worker(jobs, process, handler)(delivery(attempt=attempt)) == Requeue(attempt)
    assert await reason_of(jobs) is None


def test_what_keeps_its_returns_while_it_waits_is_given_up_some_day() -> None:
    assert SUSPECT < POISON < DELIVERY_LIMIT


@pytest.mark.parametrize(("returns", "returned"), [(0, False), (1, True), (SUSPECT - 1, True), (SUSPECT, False)])
async def test_a_handler_is_told_of_a_message_that_has_just_come_back(
    jobs: Jobs, process: Process, returns: int, returned: bool
) -> None:
    class Asking(Scripted):
        async def __call__(self, event: ObjectCreated) -> None:
            await super().__call__(event)
            assert RETURNED.get() == returned

    handler = Asking()
    message = replace(delivery(), returns=returns)
    assert await worker(jobs, process, handler)(message) == Ack()


class Leaving(Scripted):
    """Leaves all to the first, as long as that is under way."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure
        self.over = asyncio.Event()

    async def __call__(self, event: ObjectCreated) -> None:
        self.events.append(event)
        if len(self.events) == 1:
            await self.over.wait()
            raise self.failure


@pytest.mark.parametrize(
    ("attempt", "settlement"),
    [(2, Retry(300.0, 3, "the engine stumbled")), (3, DeadLetter("the engine stumbled"))],
)
async def test_a_message_to_which_a_later_attempt_was_left_answers_for_it(
    jobs: Jobs, process: Process, attempt: int, settlement: Settlement
) -> None:
    handler = Leaving(Transient("the engine stumbled"))
    work = worker(jobs, process, handler)
    hint = asyncio.create_task(work(delivery()))
    await asyncio.sleep(0)
    assert await work(delivery(attempt=attempt)) == Ack()
    handler.over.set()
    assert await hint == settlement
    assert await reason_of(jobs) == ("the engine stumbled" if attempt == 3 else None)
    handler.events.clear()
    assert await work(delivery()) == Retry(30.0, 2, "the engine stumbled")


@pytest.mark.parametrize("failure", [Unavailable("MinIO is away"), Crowded("vox speaks 8 other texts")])
async def test_a_message_to_which_the_last_attempt_was_left_goes_back_as_that_one(
    jobs: Jobs, process: Process, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(consumer, "HOLD_SECONDS", 0.0)
    handler = Leaving(failure)
    work = worker(jobs, process, handler)
    hint = asyncio.create_task(work(delivery()))
    await asyncio.sleep(0)
    assert await work(delivery(attempt=3)) == Ack()
    handler.over.set()
    assert await hint == Requeue(3)


async def test_an_error_nobody_foresaw_is_tried_again_and_then_fails_the_run(jobs: Jobs, process: Process) -> None:
    assert await worker(jobs, process, Scripted(KeyError("x")))(delivery()) == Retry(
        30.0, 2, "unexpected KeyError: 'x'"
    )
    last = await worker(jobs, process, Scripted(KeyError("x")))(delivery(attempt=3))
    assert last == DeadLetter("unexpected KeyError: 'x'")
    assert await reason_of(jobs) == "unexpected KeyError: 'x'"


async def test_what_many_messages_wait_for_is_one_reason_and_a_run_that_fails_names_the_object(
    jobs: Jobs, process: Process
) -> None:
    failure = Transient("segment 12 cannot be spoken now: vox takes no connection: «Bom dia.»")
    failure.__cause__ = Transient("vox takes no connection")
    assert await worker(jobs, process, Scripted(failure))(delivery()) == Retry(30.0, 2, "vox takes no connection")
    assert await worker(jobs, process, Scripted(failure))(delivery(attempt=3)) == DeadLetter(str(failure))


async def test_what_a_library_raised_is_told_in_the_words_of_who_met_it(jobs: Jobs, process: Process) -> None:
    failure = Transient("vox did not open: no such model")
    failure.__cause__ = KeyError("model")
    assert await worker(jobs, process, Scripted(failure))(delivery()) == Retry(30.0, 2, str(failure))


async def test_a_permanent_failure_fails_the_run_at_once(jobs: Jobs, process: Process) -> None:
    handler = Scripted(Permanent("this text has no sound"))
    assert await worker(jobs, process, handler)(delivery()) == Ack()
    assert await reason_of(jobs) == "this text has no sound"
    error = await jobs.store.get(keys.JOBS, keys.error(JOB, 1, "speak-segment-000012"))
    assert error
    assert b"this text has no sound" in error.body


async def test_a_message_that_ended_its_process_again_and_again_fails_its_run_unhandled(
    jobs: Jobs, process: Process
) -> None:
    handler = Scripted()
    poison = Delivery(SPEAK.queue, SEGMENT.encode(), redelivered=True, returns=consumer.POISON)
    settlement = await worker(jobs, process, handler)(poison)
    reason = await reason_of(jobs)
    assert reason
    assert f"segment-000012.ssml ended its process, or lost its connection, {consumer.POISON} times" in reason
    assert settlement == DeadLetter(reason)
    assert handler.events == []


async def test_a_message_that_came_back_less_often_is_handled(jobs: Jobs, process: Process) -> None:
    handler = Scripted()
    returned = Delivery(SPEAK.queue, SEGMENT.encode(), redelivered=True, returns=consumer.POISON - 1)
    assert await worker(jobs, process, handler)(returned) == Ack()
    assert handler.events == [SEGMENT]


async def test_poison_is_held_while_the_store_is_away(process: Process) -> None:
    store = Flaky()
    jobs = Jobs(store, now)
    await jobs.open_run(JOB, 1, Opened(reason="accepted", at=now()))
    store.away = 2
    poison = Delivery(SPEAK.queue, SEGMENT.encode(), returns=consumer.POISON)
    assert isinstance(await worker(jobs, process, Scripted())(poison), DeadLetter)
    assert await reason_of(jobs)


def test_the_worker_gives_up_before_the_broker_does() -> None:
    assert consumer.POISON < DELIVERY_LIMIT


async def test_a_failure_over_one_run_s_outcome_leaves_the_run_that_followed_it_alone(
    jobs: Jobs, process: Process
) -> None:
    await jobs.decide(JOB, 1, Outcome(status=State.FAILED, at=now(), reason="the first one"))
    await jobs.open_run(JOB, 2, Opened(reason="retry", at=now()))
    event = ObjectCreated(keys.JOBS, keys.run_event(JOB, 1, "outcome"))
    handler = Scripted(Permanent("its build is gone"))
    assert await worker(jobs, process, handler, pipeline.BY_NAME["act"])(delivery(event)) == Ack()
    assert (await jobs.runs(JOB, fresh=True)).is_open


async def test_a_permanent_failure_of_no_known_job_is_kept_aside(jobs: Jobs, process: Process) -> None:
    event = ObjectCreated(keys.INBOX, "book.txt")
    handler = Scripted(Permanent("the inbox keeps no versions"))
    settlement = await worker(jobs, process, handler, pipeline.BY_NAME["accept"])(delivery(event))
    assert settlement == DeadLetter("the inbox keeps no versions")


async def test_who_only_tells_of_runs_fails_none(jobs: Jobs, process: Process) -> None:
    progress = pipeline.BY_NAME["progress"]
    told = Delivery(progress.queue, ObjectCreated(keys.JOBS, keys.metadata(JOB)).encode(), 1)

    settlement = await worker(jobs, process, Scripted(Permanent("no such thing")), progress)(told)

    assert isinstance(settlement, DeadLetter)
    assert (await jobs.runs(JOB, fresh=True)).is_open


async def test_an_object_that_the_stage_does_not_work_on_is_kept_aside_and_fails_no_run(
    jobs: Jobs, process: Process
) -> None:
    handler = Scripted(Permanent("never asked"))
    for event in (ObjectCreated(keys.JOBS, keys.chunk(JOB, 12)), ObjectCreated("another-bucket", SEGMENT.key)):
        settlement = await worker(jobs, process, handler)(delivery(event))
        assert settlement == DeadLetter(f"{event.bucket}/{event.key} is no object that speak works on")
    assert handler.events == []
    assert (await jobs.runs(JOB, fresh=True)).is_open


async def test_what_is_away_is_waited_for_without_burning_an_attempt(jobs: Jobs, process: Process) -> None:
    handler = Scripted(*[Unavailable("MinIO is away")] * 5)
    assert await worker(jobs, process, handler)(delivery(attempt=3)) == Ack()
    assert len(handler.events) == 6
    assert await reason_of(jobs) is None


async def test_readiness_says_what_is_awaited_until_it_is_back(jobs: Jobs, process: Process) -> None:
    seen: list[dict[str, str]] = []

    class Watching(Scripted):
        async def __call__(self, event: ObjectCreated) -> None:
            seen.append(process.health.reasons)
            await super().__call__(event)

    await worker(jobs, process, Watching(Unavailable("MinIO at minio:9000 is away")))(delivery())
    assert [list(reasons.values()) for reasons in seen] == [[], ["MinIO at minio:9000 is away"]]
    assert process.health.reasons == {}


async def test_a_wait_ends_with_the_process_and_gives_the_message_back(jobs: Jobs, process: Process) -> None:
    def long() -> Iterator[float]:
        while True:
            yield 1000.0

    called = asyncio.Event()

    async def away(_: ObjectCreated) -> None:
        called.set()
        raise Unavailable("MinIO is away")

    held = Worker(stage=SPEAK, handler=away, jobs=jobs, process=process, retry_delays=(30.0,), pauses=long)
    task = asyncio.create_task(held(delivery(attempt=2)))
    async with asyncio.timeout(10):
        await called.wait()
        process.stop.set()
        assert await task == Requeue(2)


async def test_a_wait_is_bounded(jobs: Jobs, process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "HOLD_SECONDS", 0.0)
    handler = Scripted(*[Unavailable("MinIO is away")] * 5)
    assert await worker(jobs, process, handler)(delivery(attempt=3)) == Requeue(3)
    assert process.health.reasons == {}


async def test_a_wait_is_bounded_by_what_its_tries_take_as_well(
    jobs: Jobs, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "HOLD_SECONDS", 0.01)
    tries = []

    async def slow(event: ObjectCreated) -> None:
        tries.append(event)
        time.sleep(0.02)  # noqa: ASYNC251  # time itself is what passes here
        raise Unavailable("MinIO is away")

    held = Worker(stage=SPEAK, handler=slow, jobs=jobs, process=process, retry_delays=(), pauses=no_pause)
    assert await held(delivery()) == Requeue(1)
    assert len(tries) == 1


async def test_a_store_that_goes_away_while_failing_a_run_is_waited_for(process: Process) -> None:
    store = Flaky()
    jobs = Jobs(store, now)
    await jobs.open_run(JOB, 1, Opened(reason="accepted", at=now()))
    store.away = 2
    handler = Scripted(*[Permanent("this text has no sound")] * 3)
    assert await worker(jobs, process, handler)(delivery()) == Ack()
    assert await reason_of(jobs) == "this text has no sound"


async def test_messages_are_counted_by_stage_and_settlement(jobs: Jobs, process: Process) -> None:
    await worker(jobs, process, Scripted())(delivery())
    await worker(jobs, process, Scripted(Transient("no")))(delivery())
    text = process.metrics.expose().decode()
    assert 'darkchannel_messages_total{settlement="ack",stage="speak"} 1.0' in text
    assert 'darkchannel_messages_total{settlement="retry",stage="speak"} 1.0' in text
    assert 'darkchannel_in_flight{stage="speak"} 0.0' in text
    assert 'darkchannel_handling_seconds_count{stage="speak"} 2.0' in text


def test_the_job_of_an_event_is_in_its_key_or_its_version() -> None:
    assert job_of(SEGMENT) == JOB
    assert job_of(ObjectCreated(keys.INBOX, "a.txt", "v1")) == keys.job_id(keys.INBOX, "a.txt", "v1")
    assert job_of(ObjectCreated(keys.INBOX, "a.txt")) is None
    assert job_of(ObjectCreated(keys.JOBS, f"_active/{JOB}.0001")) is None
    assert job_of(ObjectCreated("voice-recordings", f"{JOB}/x.wav")) is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
async def test_a_disk_here_that_is_full_is_waited_for_and_fails_no_run(
    number: int, jobs: Jobs, process: Process
) -> None:
    handler = Scripted(*[OSError(number, os.strerror(number), "/scratch/book.mp3")] * 3)  # type: ignore[list-item]
    assert await worker(jobs, process, handler)(delivery(attempt=3)) == Ack()
    assert await reason_of(jobs) is None
