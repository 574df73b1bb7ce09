"""Dead letters: which are shown, and what a replay does, on the in-process bus."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from darkchannel import keys, pipeline
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from darkchannel.cli.replaying import PER_SECOND, Choice, Replay, look
from darkchannel.events import ObjectCreated
from darkchannel.jobs.runs import Opened, Outcome, State
from darkchannel.messaging.memory import MemoryBus
from darkchannel.messaging.port import Ack, Bus, DeadLetter, Delivery, Settlement
from darkchannel.runtime.service import utc_now
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from tests.letters import BOUND, put_aside, segment

JOB = keys.job_id(keys.INBOX, "livro.txt", "v1")
OTHER = keys.job_id(keys.INBOX, "conto.txt", "v1")


@pytest.fixture
async def bus() -> AsyncIterator[MemoryBus]:
    bus = MemoryBus()
    yield bus
    await bus.close()


@pytest.fixture
def jobs() -> Jobs:
    return Jobs(MemoryStore(), utc_now)


async def waiting(bus: Bus, count: int, *, stage: str = "speak") -> list[Delivery]:
    """Take what waits in a work queue, which must be so many messages."""
    taken: list[Delivery] = []
    enough = asyncio.Event()

    async def take(delivery: Delivery) -> Settlement:
        taken.append(delivery)
        if len(taken) == count:
            enough.set()
        return Ack()

    queue = pipeline.BY_NAME[stage].queue
    assert await bus.depth(queue) == count
    consumer = await bus.consume(queue, take, prefetch=1)
    async with asyncio.timeout(BOUND):
        await enough.wait()
    await consumer.stop(BOUND)
    return taken


async def reasons(bus: Bus) -> list[str]:
    """Of all that lies aside."""
    return [letter.reason for letter, _ in (await look(bus, Choice())).letters]


async def failed(jobs: Jobs, job: str = JOB, *, status: State = State.FAILED) -> None:
    """A job whose first run ended."""
    await jobs.open_run(job, 1, Opened(reason="accepted", at=utc_now()))
    await jobs.decide(job, 1, Outcome.model_validate({"status": status, "at": utc_now()}))


async def asks(jobs: Jobs) -> list[str | None]:
    return [keys.parse_ask(info.key) async for info in jobs.store.list(keys.JOBS, keys.ASKED_PREFIX)]


async def no_pause(_: float) -> None:
    await asyncio.sleep(0)


async def replayed(bus: Bus, jobs: Jobs, choice: Choice | None = None, limit: int | None = None) -> Replay:
    work = Replay(bus, jobs, sleep=no_pause)
    await work.run(choice or Choice(), limit)
    return work


async def test_a_letter_tells_where_it_comes_from_and_why_it_lies_there(bus: MemoryBus) -> None:
    await put_aside(bus, segment(JOB, 7), "the voice did not answer")
    ((letter, dead),) = (await look(bus, Choice())).letters
    assert (letter.service, letter.stage, letter.job) == ("synthesizer", "speak", JOB)
    assert letter.object == f"{keys.JOBS}/{keys.segment(JOB, 7)}"
    assert (letter.attempts, letter.reason, letter.id) == (3, "the voice did not answer", dead.id)


async def test_a_document_s_letter_names_the_job_that_it_was_to_become(bus: MemoryBus) -> None:
    await put_aside(bus, ObjectCreated(keys.INBOX, "livro.txt", "v1").encode(), stage="accept")
    ((letter, _),) = (await look(bus, Choice())).letters
    assert (letter.job, letter.object) == (JOB, f"{keys.INBOX}/livro.txt")


async def test_a_letter_that_cannot_be_read_is_shown_all_the_same(bus: MemoryBus) -> None:
    await put_aside(bus, b"\xff no notification", "not a bucket notification")
    ((letter, _),) = (await look(bus, Choice())).letters
    assert (letter.job, letter.object, letter.stage) == (None, None, "speak")


async def test_looking_leaves_every_letter_where_it_is(bus: MemoryBus) -> None:
    for index in range(3):
        await put_aside(bus, segment(JOB, index), f"reason {index}")
    assert await reasons(bus) == await reasons(bus) == ["reason 0", "reason 1", "reason 2"]


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (Choice(), ["Timeout of the voice", "no such voice", "timeout of ffmpeg"]),
        (Choice(service="merger"), ["timeout of ffmpeg"]),
        (Choice(reason="TIMEOUT"), ["Timeout of the voice", "timeout of ffmpeg"]),
        (Choice(service="synthesizer", reason="timeout"), ["Timeout of the voice"]),
        (Choice(ids=("0" * 12,)), []),
    ],
)
async def test_letters_are_chosen_by_service_reason_and_id(bus: MemoryBus, choice: Choice, found: list[str]) -> None:
    await put_aside(bus, segment(JOB, 0), "Timeout of the voice")
    await put_aside(bus, segment(JOB, 1), "no such voice")
    await put_aside(bus, segment(JOB, 2), "timeout of ffmpeg", stage="encode")
    assert [letter.reason for letter, _ in (await look(bus, choice)).letters] == found


async def test_no_more_letters_are_shown_than_asked_for_and_all_are_counted(bus: MemoryBus) -> None:
    for index in range(4):
        await put_aside(bus, segment(JOB, index), f"reason {index}")
    found = await look(bus, Choice(), 2)
    assert [letter.reason for letter, _ in found.letters] == ["reason 0", "reason 1"]
    assert found.total == 4
    assert len(await reasons(bus)) == 4


async def test_a_replayed_message_waits_as_its_first_attempt_and_is_no_dead_letter_any_more(
    bus: MemoryBus, jobs: Jobs
) -> None:
    await put_aside(bus, segment(JOB, 7), attempt=3)
    work = await replayed(bus, jobs)
    assert len(work.done) == 1
    assert await reasons(bus) == []
    assert [(it.body, it.attempt) for it in await waiting(bus, 1)] == [(segment(JOB, 7), 1)]


async def test_only_what_is_meant_is_replayed_and_no_more_than_the_limit(bus: MemoryBus, jobs: Jobs) -> None:
    for index, reason in enumerate(("timeout 0", "other", "timeout 2", "timeout 3")):
        await put_aside(bus, segment(JOB, index), reason)
    await replayed(bus, jobs, Choice(reason="timeout"), limit=2)
    assert await reasons(bus) == ["other", "timeout 3"]
    assert [it.body for it in await waiting(bus, 2)] == [segment(JOB, 0), segment(JOB, 2)]


async def test_letters_of_one_failed_job_open_one_run_and_the_reconciler_is_asked_once(
    bus: MemoryBus, jobs: Jobs
) -> None:
    await failed(jobs)
    for index in range(3):
        await put_aside(bus, segment(JOB, index))
    work = await replayed(bus, jobs)
    assert work.opened == {JOB: 2}
    assert (await jobs.runs(JOB, fresh=True)).opened == {1, 2}
    assert (await jobs.runs(JOB, fresh=True)).state is State.OPEN
    opened = await jobs.opened(JOB, 2)
    assert opened
    assert opened.reason == "retry"
    assert await asks(jobs) == [JOB]
    await waiting(bus, 3)


async def test_each_failed_job_gets_a_run_of_its_own(bus: MemoryBus, jobs: Jobs) -> None:
    await failed(jobs)
    await failed(jobs, OTHER)
    await put_aside(bus, segment(JOB, 0))
    await put_aside(bus, segment(OTHER, 0))
    assert (await replayed(bus, jobs)).opened == {JOB: 2, OTHER: 2}


@pytest.mark.parametrize("state", [None, State.OPEN, State.COMPLETED, State.CANCELLED])
async def test_a_job_that_did_not_fail_keeps_its_runs(bus: MemoryBus, jobs: Jobs, state: State | None) -> None:
    if state is State.OPEN:
        await jobs.open_run(JOB, 1, Opened(reason="accepted", at=utc_now()))
    elif state:
        await failed(jobs, status=state)
    await put_aside(bus, segment(JOB, 0))
    before = await jobs.runs(JOB, fresh=True)
    work = await replayed(bus, jobs)
    assert (len(work.done), work.opened) == (1, {})
    assert await jobs.runs(JOB, fresh=True) == before


@pytest.mark.parametrize(("stage", "event"), [("act", "outcome"), ("announce", "closed")])
async def test_what_a_run_s_own_record_calls_opens_no_other_run(
    bus: MemoryBus, jobs: Jobs, stage: str, event: keys.RunEvent
) -> None:
    await failed(jobs)
    await put_aside(bus, ObjectCreated(keys.JOBS, keys.run_event(JOB, 1, event)).encode(), stage=stage)
    work = await replayed(bus, jobs)
    assert (len(work.done), work.opened) == (1, {})
    await waiting(bus, 1, stage=stage)


class _Interrupted(Exception):
    pass


def after(count: int) -> Callable[[], None]:
    """What raises when it has been called so often."""
    calls = iter(range(1, count + 1))

    def tick() -> None:
        if next(calls) == count:
            raise _Interrupted

    return tick


async def test_a_replay_interrupted_before_a_letter_is_removed_loses_nothing_and_is_simply_repeated(
    bus: MemoryBus, jobs: Jobs
) -> None:
    await failed(jobs)
    for index in range(3):
        await put_aside(bus, segment(JOB, index))
    with pytest.raises(_Interrupted):
        await Replay(bus, jobs, sleep=no_pause, tick=after(2)).run(Choice())
    assert len(await reasons(bus)) == 2

    work = await replayed(bus, jobs)
    assert (len(work.done), work.opened) == (2, {})
    assert await reasons(bus) == []
    assert (await jobs.runs(JOB, fresh=True)).opened == {1, 2}
    assert [it.body for it in await waiting(bus, 4)] == [
        segment(JOB, 0),
        segment(JOB, 1),
        segment(JOB, 1),
        segment(JOB, 2),
    ]


async def test_a_run_opened_by_an_interrupted_replay_is_used_by_the_next(bus: MemoryBus, jobs: Jobs) -> None:
    await failed(jobs)
    await put_aside(bus, segment(JOB, 0))

    async def interrupted(_: float) -> None:
        await jobs.open_run(JOB, 2, Opened(reason="retry", at=utc_now()))
        raise _Interrupted

    with pytest.raises(_Interrupted):
        await Replay(bus, jobs, sleep=interrupted).run(Choice())
    assert (await replayed(bus, jobs)).opened == {}
    assert (await jobs.runs(JOB, fresh=True)).opened == {1, 2}


async def test_messages_that_fail_again_at_once_are_replayed_once(bus: MemoryBus, jobs: Jobs) -> None:
    calls = 0
    both = asyncio.Event()

    async def give_up(_: Delivery) -> Settlement:
        nonlocal calls
        calls += 1
        if calls == 2:
            both.set()
        return DeadLetter(f"failed {calls} times")

    for index in range(2):
        await put_aside(bus, segment(JOB, index))
    consumer = await bus.consume(pipeline.BY_NAME["speak"].queue, give_up, prefetch=1)
    work = await replayed(bus, jobs)
    async with asyncio.timeout(BOUND):
        await both.wait()
    await consumer.stop(BOUND)
    assert len(work.done) == calls == 2
    assert sorted(await reasons(bus)) == ["failed 1 times", "failed 2 times"]


async def test_a_copy_of_what_was_replayed_stays_for_the_next_time(bus: MemoryBus, jobs: Jobs) -> None:
    for _ in range(2):
        await put_aside(bus, segment(JOB, 0))
    work = await replayed(bus, jobs)
    assert (len(work.done), len(work.again)) == (1, 1)
    assert await reasons(bus) == ["timeout"]
    assert len((await replayed(bus, jobs)).done) == 1
    assert await reasons(bus) == []


async def test_a_job_whose_outcome_cannot_be_read_counts_as_failed_and_is_opened_again(
    bus: MemoryBus, jobs: Jobs
) -> None:
    await jobs.open_run(JOB, 1, Opened(reason="accepted", at=utc_now()))
    await jobs.store.put(keys.JOBS, keys.run_event(JOB, 1, "outcome"), b"scribbled over")
    await put_aside(bus, segment(JOB, 0), "of the damaged job")
    await put_aside(bus, segment(OTHER, 0), "of the other")
    work = await replayed(bus, jobs)
    assert [letter.job for letter in work.done] == [JOB, OTHER]
    assert work.opened[JOB] == 2
    assert await reasons(bus) == []


async def test_replayed_messages_are_spread_over_time(bus: MemoryBus, jobs: Jobs) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    for index in range(3):
        await put_aside(bus, segment(JOB, index))
    await Replay(bus, jobs, sleep=pause).run(Choice())
    assert pauses == [1 / PER_SECOND] * 3


def test_help_tells_how_fast_a_replay_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dead-letters", "replay", "--help"]) == Code.OK
    assert f"at most {PER_SECOND} a second" in " ".join(capsys.readouterr().out.split())


def test_without_a_subcommand_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dead-letters"]) == Code.OK
    assert "replay" in capsys.readouterr().out


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A folder and an environment that name no server."""
    for name in ("MINIO_ENDPOINT", "MINIO_PUBLIC_URL", "RABBITMQ_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def the_error(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("words", ["list", "show 0f3a9c2b71de", "replay", "replay --dry-run"])
def test_without_a_broker_the_error_says_where_to_run_it(
    words: str, nowhere: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dead-letters", *words.split()]) == Code.USAGE
    error = the_error(capsys)
    assert "RABBITMQ_URL" in error
    assert "docker compose exec reconciler darkchannel dead-letters list" in error
    assert "darkchannel retry JOB" in error


def test_a_replay_without_a_store_is_wrong_usage(
    nowhere: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere.setenv("RABBITMQ_URL", "amqp://somebody:hush-hush@127.0.0.1:1/")
    assert run(["dead-letters", "replay"]) == Code.USAGE
    assert "MINIO_ENDPOINT" in the_error(capsys)


def test_a_service_without_dead_letters_is_wrong_usage_and_those_with_some_are_named(
    nowhere: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dead-letters", "list", "--service", "reconciler"]) == Code.USAGE
    assert "synthesizer" in the_error(capsys)


def test_a_broker_that_is_away_has_its_own_exit_code_and_its_password_is_not_told(
    nowhere: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere.setenv("RABBITMQ_URL", "amqp://somebody:hush-hush@127.0.0.1:1/")
    assert run(["dead-letters", "list"]) == Code.AWAY
    assert "hush-hush" not in the_error(capsys)
