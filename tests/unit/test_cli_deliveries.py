"""``darkchannel deliveries``: what it finds, shows and has sent again, on a folder."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from darkchannel import keys
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from darkchannel.cli.redelivering import reset_all
from darkchannel.cli.tracing import again, of, recent
from darkchannel.jobs.deliveries import Announced, Delivery
from darkchannel.jobs.runs import Opened, State
from darkchannel.runtime.service import utc_now
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from tests.house import House

HOST = "crm.exemplo.com.br"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    for name in ("MINIO_ENDPOINT", "MINIO_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARKCHANNEL_FOLDER", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return House(lambda: FolderStore(tmp_path / "data"))


def delivery(state: str = "pending", *, hours_ago: float = 1, next_try: float = 1, **facts: Any) -> Delivery:
    """One in this state; ``next_try`` in hours from now."""
    ended, due = utc_now() - timedelta(hours=hours_ago), utc_now() + timedelta(hours=next_try)
    told: dict[str, dict[str, Any]] = {
        "pending": {"attempts": 2, "status": 503, "note": "HTTP 503", "deadline": due},
        "delivered": {"attempts": 1, "status": 200, "ended": ended},
        "failed": {"attempts": 10, "status": 0, "note": "no answer", "ended": ended},
        "skipped": {"attempts": 0, "note": "not at a public address", "ended": ended},
        "refused": {"attempts": 0, "note": "it is no audio", "refused": True, "ended": ended},
    }
    return Delivery.model_validate({"id": "m-1", "to": HOST, "deadline": ended, "nonce": "n"} | told[state] | facts)


async def place(jobs: Jobs, key: str, told: Delivery) -> None:
    await jobs.store.put(keys.JOBS, key, told.model_dump_json(exclude_none=True).encode())


def deliver(house: House, key: str, told: Delivery) -> None:
    house.do(lambda jobs: place(jobs, key, told))


def read(house: House, key: str) -> Delivery:
    found = house.do(lambda jobs: jobs.store.get(keys.JOBS, key))
    told = Delivery.read(found.body)
    assert told
    return told


def recording(days_ago: int = 0, company: int = 5, call: str = "7f3c9a52") -> str:
    at = utc_now() - timedelta(days=days_ago)
    return f"company_{company}/voice/{at:%Y/%m/%d}/{call}.mp3"


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert run(["deliveries", *words, "--json"]) == Code.OK
    told: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["deliveries"]
    return told


def the_error(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    return err


def ended(house: House, state: State = State.COMPLETED, days_ago: int = 0) -> str:
    """A job that ended and was announced, as it lies there afterwards."""
    job = house.accept("livro.txt", days_ago=days_ago)
    house.end(job, state)
    body = Announced(due=None).model_dump_json().encode()
    house.do(lambda jobs: jobs.store.put(keys.JOBS, keys.announced(job, 1), body))
    return job


def test_what_did_not_arrive_is_listed_of_jobs_and_recordings_the_newest_first(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job, call = ended(house), recording()
    deliver(house, keys.delivery(job, 1, "task.completed"), delivery("failed", hours_ago=3))
    deliver(house, keys.delivery(job, 1, "handoff"), delivery("delivered"))
    deliver(house, keys.receipt(call), delivery("refused", hours_ago=2, to="", id=""))
    told = listed(capsys, "list")
    assert [(it["state"], it["event"], it.get("job"), it.get("recording")) for it in told] == [
        ("refused", "handoff", None, call),
        ("failed", "task.completed", job, None),
    ]
    assert told[1] | {"at": ""} == {
        "job": job,
        "run": 1,
        "event": "task.completed",
        "state": "failed",
        "at": "",
        "object": f"{keys.JOBS}/{job}/deliveries/0001-task.completed.json",
        "id": "m-1",
        "to": HOST,
        "attempts": 10,
        "status": 0,
        "note": "no answer",
    }


def test_all_and_each_state_can_be_asked_for(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    states = ("pending", "delivered", "failed", "skipped", "refused")
    for number, state in enumerate(states):
        deliver(house, keys.receipt(recording(call=f"c{number}")), delivery(state))
    assert {it["state"] for it in listed(capsys, "list")} == {*states} - {"delivered"}
    assert {it["state"] for it in listed(capsys, "list", "--all")} == {*states}
    for state in states:
        assert [it["state"] for it in listed(capsys, "list", "--state", state)] == [state]


def test_of_one_job_or_recording_everything_is_listed(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job, call = ended(house), recording(days_ago=90)
    deliver(house, keys.delivery(job, 1, "task.created"), delivery("delivered"))
    deliver(house, keys.delivery(job, 1, "task.completed"), delivery("pending"))
    deliver(house, keys.receipt(call), delivery("delivered", hours_ago=90 * 24))
    assert {it["event"] for it in listed(capsys, "list", "--job", "livro.txt")} == {"task.created", "task.completed"}
    assert [it["recording"] for it in listed(capsys, "list", "--job", call)] == [call]
    assert [it["recording"] for it in listed(capsys, "list", "--job", f"voice-recordings/{call}")] == [call]
    assert listed(capsys, "list", "--job", job, "--state", "failed") == []


def test_progress_is_listed_of_a_job_and_of_no_run(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job = ended(house)
    deliver(house, keys.progress(job), delivery("delivered"))
    [progress] = listed(capsys, "list", "--job", job)
    assert (progress["event"], progress["job"], "run" in progress) == ("task.progress", job, False)


def test_as_many_days_are_looked_at_as_asked_for_and_what_is_pending_however_old(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    old = ended(house, days_ago=10)
    deliver(house, keys.delivery(old, 1, "task.failed"), delivery("failed", hours_ago=24 * 10))
    deliver(house, keys.receipt(recording(days_ago=10)), delivery("failed", hours_ago=24 * 10))
    active = house.accept("longo.txt", days_ago=30)
    deliver(house, keys.delivery(active, 1, "task.started"), delivery("pending"))
    assert [it.get("job") for it in listed(capsys, "list")] == [active]
    told = listed(capsys, "list", "--days", "12")
    assert {it.get("job") for it in told} == {active, old, None}
    assert len(told) == 3


def test_of_a_job_under_way_for_long_only_these_days_are_listed(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = house.accept("longo.txt", days_ago=30)
    deliver(house, keys.delivery(job, 1, "task.created"), delivery("failed", hours_ago=24 * 20))
    deliver(house, keys.delivery(job, 1, "task.started"), delivery("failed"))
    assert [it["event"] for it in listed(capsys, "list")] == ["task.started"]


async def test_what_is_pending_is_found_however_long_ago_it_was_tried() -> None:
    long_ago = utc_now() - timedelta(days=20)
    jobs = Jobs(MemoryStore(clock=lambda: long_ago), utc_now)
    job = keys.job_id(keys.INBOX, "longo.txt", "v1")
    await jobs.open_run(job, 1, Opened(reason="accepted", at=long_ago))
    await place(jobs, keys.delivery(job, 1, "task.created"), delivery("pending"))
    assert [(one.job, one.at) for one in await recent(jobs, 7)] == [(job, long_ago)]


def test_recordings_of_every_company_are_found(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    calls = [recording(company=company, days_ago=day) for company in (4, 5, 50, 51, 500) for day in (0, 3)]
    for call in calls:
        deliver(house, keys.receipt(call), delivery("failed"))
    house.do(lambda jobs: jobs.store.put(keys.JOBS, f"{keys.RECEIPTS_PREFIX}since.json", b"{}"))
    assert sorted(it["recording"] for it in listed(capsys, "list")) == sorted(calls)


def test_a_table_has_a_line_for_each_and_an_empty_one_says_so(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deliveries", "list"]) == Code.OK
    assert "no delivery of the last 7 days is pending or was lost" in capsys.readouterr().err
    call = recording()
    deliver(house, keys.receipt(call), delivery("pending", note="two\nlines"))
    assert run(["deliveries", "list"]) == Code.OK
    when, *fields, next_try, note = capsys.readouterr().out.rstrip("\n").split("\t")
    assert fields == [call, "handoff", HOST, "pending", "2", "503"]
    assert datetime.fromisoformat(when) < datetime.fromisoformat(next_try)
    assert note == "two lines"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--state pending", "no delivery of the last 7 days is pending"),
        ("--state failed --days 2", "no delivery of the last 2 days is failed"),
        ("--job livro.txt --state failed", "no delivery of livro.txt is failed"),
    ],
)
def test_an_empty_list_says_of_which_state_alone(
    words: str, says: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = ended(house)
    deliver(house, keys.delivery(job, 1, "handoff"), delivery("refused"))
    assert run(["deliveries", "list", *words.split()]) == Code.OK
    assert the_error(capsys).endswith(f"{says}\n")


def test_a_delivery_that_cannot_be_read_keeps_no_other_from_being_listed(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job, call = ended(house), recording()
    house.do(lambda jobs: jobs.store.put(keys.JOBS, keys.delivery(job, 1, "task.completed"), b"scribbled"))
    deliver(house, keys.receipt(call), delivery("failed"))
    assert run(["deliveries", "list"]) == Code.OK
    out, err = capsys.readouterr()
    assert call in out
    assert "passed over" in err


def test_one_is_shown_in_full(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job = ended(house)
    deliver(house, keys.delivery(job, 1, "handoff"), delivery("delivered", ticket_id="881"))
    deliver(house, keys.delivery(job, 1, "task.completed"), delivery("failed"))
    assert run(["deliveries", "show", "livro.txt", "handoff"]) == Code.OK
    out = capsys.readouterr().out
    for said in (job, HOST, "m-1", "881", "delivered", "0001-handoff.json"):
        assert said in out
    assert "task.completed" not in out
    assert len(listed(capsys, "show", job)) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("show livro.txt", "nothing was delivered of job"),
        ("show company_5/voice/2026/01/15/x.mp3", "nothing was delivered of company_5/voice/2026/01/15/x.mp3"),
        ("show nunca.txt", "nunca.txt"),
        ("redeliver livro.txt", "nothing was delivered"),
        ("list --job nunca.txt", "nunca.txt"),
    ],
)
def test_what_is_not_there_is_not_found(
    words: str, says: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    ended(house)
    assert run(["deliveries", *words.split()]) == Code.NOT_FOUND
    assert says in the_error(capsys)


def test_an_event_that_is_not_there_is_not_found_and_the_others_are_named(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = ended(house)
    deliver(house, keys.delivery(job, 1, "task.completed"), delivery("failed"))
    assert run(["deliveries", "show", job, "handoff"]) == Code.NOT_FOUND
    assert "there is task.completed" in the_error(capsys)


def test_a_recording_has_no_delivery_but_its_handoff(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    call = recording()
    deliver(house, keys.receipt(call), delivery("failed"))
    assert run(["deliveries", "show", call, "task.completed"]) == Code.NOT_FOUND
    assert "no delivery task.completed; there is handoff" in the_error(capsys)
    assert [one["event"] for one in listed(capsys, "show", call, "handoff")] == ["handoff"]


def test_of_an_unknown_recording_nothing_is_said_of_jobs(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deliveries", "show", recording()]) == Code.NOT_FOUND
    told = the_error(capsys)
    assert "no such recording is there" in told
    assert "webhook-url" not in told


async def _keys(jobs: Jobs, prefix: str) -> list[str]:
    return [info.key async for info in jobs.store.list(keys.JOBS, prefix)]


def test_what_was_lost_is_sent_again_from_the_first_try_under_its_id_and_the_reconciler_is_asked(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = ended(house)
    lost, arrived = keys.delivery(job, 1, "task.completed"), keys.delivery(job, 1, "handoff")
    deliver(house, lost, delivery("failed", id=f"{job}.0001.task.completed", since=utc_now() - timedelta(days=4)))
    deliver(house, arrived, delivery("delivered"))
    before = read(house, arrived)
    assert run(["deliveries", "redeliver", job]) == Code.OK
    assert "task.completed" in capsys.readouterr().out

    fresh = read(house, lost)
    assert (fresh.id, fresh.to) == (f"{job}.0001.task.completed", HOST)
    assert (fresh.state, fresh.attempts, fresh.status, fresh.since, fresh.ended) == ("pending", 0, None, None, None)
    assert fresh.deadline <= utc_now()
    assert fresh.nonce != "n"
    assert read(house, arrived) == before
    announced = Announced.read(house.do(lambda jobs: jobs.store.get(keys.JOBS, keys.announced(job, 1))).body)
    assert announced
    assert announced.due == fresh.deadline
    assert house.do(lambda jobs: _keys(jobs, keys.ACTIVE_PREFIX)) == [keys.marker(job, 1)]
    assert [keys.parse_ask(ask) for ask in house.do(lambda jobs: _keys(jobs, keys.ASKED_PREFIX))] == [job]
    marked = house.do(lambda jobs: jobs.marked(job, 1))
    assert marked == house.do(lambda jobs: jobs.opened(job, 1))


def test_what_arrived_is_sent_again_only_where_its_event_is_named(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = ended(house)
    key = keys.delivery(job, 1, "handoff")
    deliver(house, key, delivery("delivered", ticket_id="881"))
    assert run(["deliveries", "redeliver", job]) == Code.FAILED
    assert "name the EVENT" in the_error(capsys)
    assert read(house, key).state == "delivered"
    assert run(["deliveries", "redeliver", job, "handoff", "--json"]) == Code.OK
    told = {"job": job, "run": 1, "event": "handoff", "object": f"{keys.JOBS}/{key}"}
    assert json.loads(capsys.readouterr().out) == {"redelivered": [told]}
    assert (read(house, key).state, read(house, key).ticket_id) == ("pending", None)


@pytest.mark.parametrize(
    ("others", "says"),
    [(["task.created", "handoff"], "as handoff, task.created\n"), ([], "was lost\n")],
)
def test_progress_is_not_offered_to_be_sent_again(
    others: list[str], says: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = ended(house)
    for hours, event in enumerate([*reversed(others), "task.progress"]):
        deliver(house, keys.delivery(job, 1, event), delivery("delivered", hours_ago=hours + 1))
    assert run(["deliveries", "redeliver", job]) == Code.FAILED
    assert the_error(capsys).endswith(says)


@pytest.mark.parametrize("state", ["delivered", "failed", "skipped", "refused", "pending"])
def test_a_recording_is_handed_off_again_whatever_became_of_it(
    state: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    call = recording()
    deliver(house, keys.receipt(call), delivery(state))
    assert run(["deliveries", "redeliver", call]) == Code.OK
    fresh = read(house, keys.receipt(call))
    assert (fresh.state, fresh.attempts, fresh.refused, fresh.id) == ("pending", 0, False, "m-1")
    assert [keys.parse_recording_ask(ask) for ask in house.do(lambda jobs: _keys(jobs, keys.ASKED_PREFIX))] == [call]


@pytest.mark.parametrize(("event", "hours"), [("task.completed", 0.005), ("task.progress", 9)])
def test_what_may_be_under_way_and_progress_are_left_alone(
    event: str, hours: float, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = ended(house)
    key = keys.delivery(job, 1, event)
    deliver(house, key, delivery("pending", next_try=hours))
    before = read(house, key)
    assert run(["deliveries", "redeliver", job, event]) == Code.FAILED
    assert event in the_error(capsys)
    assert read(house, key) == before


def test_a_receiver_that_answered_410_is_called_again_and_no_other(house: House) -> None:
    call, gone, other, broken = recording(), *(keys.destination(f"{n:016x}") for n in range(3))
    for key, body in ((gone, f'{{"to": "{HOST}"}}'), (other, '{"to": "outro.exemplo.com.br"}'), (broken, "[]")):
        house.do(lambda jobs, key=key, body=body: jobs.store.put(keys.JOBS, key, body.encode()))
    deliver(house, keys.receipt(call), delivery("failed", status=410))
    assert run(["deliveries", "redeliver", call]) == Code.OK
    assert house.do(lambda jobs: _keys(jobs, keys.DESTINATIONS_PREFIX)) == [other, broken]


def test_all_that_failed_is_only_listed_until_one_says_yes(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    calls = [recording(call=f"c{number}") for number in range(3)]
    for call, state in zip(calls, ("failed", "delivered", "failed"), strict=True):
        deliver(house, keys.receipt(call), delivery(state))
    assert run(["deliveries", "redeliver", "--failed"]) == Code.OK
    out, err = capsys.readouterr()
    assert (calls[0] in out, calls[1] in out, calls[2] in out) == (True, False, True)
    assert "2 deliveries" in err
    assert [read(house, keys.receipt(call)).state for call in calls] == ["failed", "delivered", "failed"]
    assert run(["deliveries", "redeliver", "--failed", "--yes"]) == Code.OK
    assert [read(house, keys.receipt(call)).state for call in calls] == ["pending", "delivered", "pending"]
    capsys.readouterr()
    assert run(["deliveries", "redeliver", "--failed", "--yes"]) == Code.OK
    assert "nothing to redeliver" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["redeliver"], ["redeliver", "livro.txt", "--failed"]], ids=" ".join)
def test_redeliver_wants_either_a_name_or_all_that_failed(
    words: list[str], house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["deliveries", *words]) == Code.USAGE
    assert "--failed" in the_error(capsys)


async def test_a_delivery_changed_meanwhile_is_looked_at_again_before_it_is_reset() -> None:
    jobs = Jobs(MemoryStore(), utc_now)
    call = recording()
    await place(jobs, keys.receipt(call), delivery("pending", next_try=5))
    (seen,) = await of(jobs, call)
    await place(jobs, keys.receipt(call), delivery("failed", attempts=7))
    await reset_all(jobs, [seen])
    now = await again(jobs, seen)
    assert now
    assert (now.state, now.delivery.attempts) == ("pending", 0)


async def test_one_that_is_being_tried_meanwhile_keeps_no_other_from_being_reset() -> None:
    jobs = Jobs(MemoryStore(), utc_now)
    calls = [recording(call=f"c{number}") for number in range(3)]
    for call in calls:
        await place(jobs, keys.receipt(call), delivery("failed"))
    seen = [one for call in calls for one in await of(jobs, call)]
    await place(jobs, keys.receipt(calls[1]), delivery("pending", next_try=0.005))
    done, failures = await reset_all(jobs, seen)
    assert [one.recording for one in done] == [calls[0], calls[2]]
    assert [calls[1] in str(failure) for failure in failures] == [True]


@pytest.mark.parametrize("words", ["--failed --yes", "livro.txt"])
def test_progress_that_was_lost_keeps_nothing_from_being_sent_again(words: str, house: House) -> None:
    job = ended(house)
    progress, lost = keys.progress(job), keys.delivery(job, 1, "task.completed")
    deliver(house, progress, delivery("failed"))
    deliver(house, lost, delivery("failed", hours_ago=2))
    assert run(["deliveries", "redeliver", *words.split()]) == Code.OK
    assert (read(house, progress).state, read(house, lost).state) == ("failed", "pending")


def test_a_run_that_nobody_looked_at_yet_is_said_to_be_due(house: House) -> None:
    """Who looks at it may have read the receipt before it was reset, and would write that nothing is due."""
    job = house.accept("livro.txt")
    house.end(job, State.COMPLETED)
    deliver(house, keys.delivery(job, 1, "task.completed"), delivery("failed"))
    assert run(["deliveries", "redeliver", job]) == Code.OK
    found = house.do(lambda jobs: jobs.store.get(keys.JOBS, keys.announced(job, 1)))
    announced = Announced.read(found.body) if found else None
    assert announced
    assert announced.due


def test_help_teaches_by_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["deliveries"], ["deliveries", "--help"]):
        assert run(words) == Code.OK
        assert "darkchannel deliveries redeliver --failed" in capsys.readouterr().out
