"""``retry`` and ``rebuild``: what they open, ask for and say, on a folder."""

import asyncio
import json
from pathlib import Path

import pytest

from darkchannel import keys
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from darkchannel.cli.mending import reopen, retry
from darkchannel.jobs.records import BUILD as OF_BUILD
from darkchannel.jobs.records import Manifest
from darkchannel.jobs.runs import Opened, Outcome, Runs, State
from darkchannel.runtime.service import utc_now
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.jobs import Jobs
from tests.house import BUILD, House

UNKNOWN = "00000000-0000-5000-8000-000000000000"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    for name in ("MINIO_ENDPOINT", "MINIO_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARKCHANNEL_FOLDER", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return House(lambda: FolderStore(tmp_path / "data"))


def runs_of(house: House, job: str) -> Runs:
    found: Runs = house.do(lambda jobs: jobs.runs(job))
    return found


def asked_about(house: House) -> list[str | None]:
    """The jobs that the reconciler is to look at."""

    async def look(jobs: Jobs) -> list[str | None]:
        return [keys.parse_ask(info.key) async for info in jobs.store.list(keys.JOBS, keys.ASKED_PREFIX)]

    found: list[str | None] = house.do(look)
    return found


def spoken(house: House, job: str, *texts: str) -> None:
    """Complete a job whose book was made of these segments and lies in the output."""

    async def place(jobs: Jobs) -> None:
        etags = [await jobs.store.put(keys.JOBS, keys.segment(job, i), text.encode()) for i, text in enumerate(texts)]
        segments = tuple(etag for etag in etags if etag)
        manifest = Manifest(digest=BUILD, segments=segments, files={"audiobook.mp3": 3}, seconds=61.0, chapters=())
        await jobs.store.put(keys.JOBS, keys.manifest(job, BUILD), manifest.model_dump_json().encode())
        name = await jobs.output_name(job)
        assert name
        for bucket, key in keys.copies(job, *name, "audiobook.mp3", "audiobook.mp3"):
            await jobs.store.put(bucket, key, b"mp3", metadata={OF_BUILD: BUILD})
        await jobs.decide(job, 1, Outcome(status=State.COMPLETED, at=utc_now(), build=BUILD))
        await jobs.close(job, 1, State.COMPLETED)

    house.do(place)


@pytest.mark.parametrize("ended", [State.FAILED, State.CANCELLED])
def test_retry_opens_the_next_run_and_has_the_reconciler_look_at_it(
    ended: State, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = house.accept("livro.txt")
    house.end(job, ended, "a voz falhou")
    assert run(["retry", "livro.txt"]) == Code.OK
    assert f"opened run 2 of job {job}" in capsys.readouterr().out
    assert runs_of(house, job).state is State.OPEN
    assert asked_about(house) == [job]

    async def look(jobs: Jobs) -> tuple[Opened | None, Opened | None]:
        return await jobs.opened(job, 2), await jobs.marked(job, 2)

    opened, marked = house.do(look)
    assert opened.reason == "retry"
    assert marked == opened


def test_retry_as_json_names_the_run(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job = house.accept("livro.txt")
    house.end(job, State.FAILED)
    assert run(["retry", job, "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out) == {"job": job, "run": 2, "state": "open"}


def test_two_retries_at_once_open_one_run(house: House) -> None:
    job = house.accept("livro.txt")
    house.end(job, State.FAILED)
    assert house.do(lambda jobs: reopen(jobs, job, 1)) == 2
    assert house.do(lambda jobs: reopen(jobs, job, 1)) == 2
    assert runs_of(house, job).opened == {1, 2}


async def test_retry_can_be_followed_to_the_end_of_its_run(
    tmp_path: Path, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    store = FolderStore(tmp_path / "data")
    jobs = Jobs(store, utc_now)
    await jobs.open_run(UNKNOWN, 1, Opened(reason="accepted", at=utc_now()))
    await jobs.decide(UNKNOWN, 1, Outcome(status=State.FAILED, at=utc_now()))
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        following = tasks.create_task(retry(UNKNOWN, following=True, json=True))
        while not await jobs.opened(UNKNOWN, 2):  # noqa: ASYNC110  # a store tells of no change
            await asyncio.sleep(0.02)
        await jobs.decide(UNKNOWN, 2, Outcome(status=State.COMPLETED, at=utc_now(), build=BUILD))
        await jobs.close(UNKNOWN, 2, State.COMPLETED)
    await store.close()
    assert following.result() is Code.OK
    out, err = capsys.readouterr()
    assert "opened run 2" in err
    told = json.loads(out)
    assert (told["run"], told["state"], told["published"]) == (2, "completed", True)


def test_retry_of_a_job_under_way_changes_nothing_and_says_what_to_do(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = house.accept("livro.txt")
    assert run(["retry", job]) == Code.FAILED
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    assert "under way" in err
    assert f"darkchannel rebuild {job}" in err
    assert runs_of(house, job).opened == {1}
    assert asked_about(house) == []


def test_retry_of_a_completed_job_changes_nothing_and_says_what_to_do(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = house.accept("livro.txt")
    house.end(job, State.COMPLETED)
    assert run(["retry", job, "--json"]) == Code.FAILED
    err = capsys.readouterr().err
    assert f"darkchannel rebuild {job}" in err
    assert "drop the document again" in err
    assert runs_of(house, job).opened == {1}


def test_retry_by_name_takes_the_newest_that_failed_and_names_the_others(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    older, failed = house.accept("livro.txt", older=9), house.accept("livro.txt", older=5)
    newest = house.accept("livro.txt", older=1)
    house.end(older, State.FAILED)
    house.end(failed, State.FAILED)
    house.end(newest, State.COMPLETED)
    assert run(["retry", "livro.txt"]) == Code.OK
    out, err = capsys.readouterr()
    assert failed in out
    assert older in err
    assert newest in err
    assert [runs_of(house, job).newest for job in (older, failed, newest)] == [1, 2, 1]


@pytest.mark.parametrize("command", ["retry", "rebuild"])
@pytest.mark.parametrize("wanted", [UNKNOWN, "nunca.txt"])
def test_an_unknown_job_is_not_found(
    command: str, wanted: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, wanted]) == Code.NOT_FOUND
    assert wanted in capsys.readouterr().err


@pytest.mark.parametrize("state", [State.OPEN, State.COMPLETED, State.FAILED, State.CANCELLED])
def test_rebuild_asks_for_a_look_at_a_job_in_any_state_and_opens_no_run(
    state: State, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = house.accept("livro.txt")
    if state is not State.OPEN:
        house.end(job, state)
    assert run(["rebuild", "livro.txt"]) == Code.OK
    out = capsys.readouterr().out
    assert f"asked the reconciler to look at job {job} (livro.txt) now" in out
    assert ("darkchannel retry" in out) == (state in (State.FAILED, State.CANCELLED))
    assert asked_about(house) == [job]
    assert runs_of(house, job).opened == {1}


def test_rebuild_names_the_segments_edited_since_the_build(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job = house.accept("livro.txt")
    spoken(house, job, "um", "dois", "três")
    house.do(lambda jobs: jobs.store.put(keys.JOBS, keys.segment(job, 1), b"duas"))
    assert run(["rebuild", job]) == Code.OK
    assert "edited since its build: segments 1\n" in capsys.readouterr().out
    assert run(["rebuild", job, "--json"]) == Code.OK
    told = json.loads(capsys.readouterr().out)
    assert told == {"job": job, "run": 1, "state": "completed", "edited": [1], "outputs": [], "gone": None}


def test_rebuild_names_an_output_that_is_gone_or_of_another_build(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = house.accept("livro.txt")
    spoken(house, job, "um")
    date, stem = house.do(lambda jobs: jobs.output_name(job))
    book = keys.output(date, stem, "mp3")

    assert run(["rebuild", job]) == Code.OK
    assert "nothing differs" in capsys.readouterr().out
    house.do(lambda jobs: jobs.store.put(keys.OUTPUT, book, b"old", metadata={OF_BUILD: "f" * 16}))
    assert run(["rebuild", job, "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out)["outputs"] == [f"{keys.OUTPUT}/{book}"]
    house.do(lambda jobs: jobs.store.delete(keys.OUTPUT, book))
    assert run(["rebuild", job]) == Code.OK
    assert f"{keys.OUTPUT}/{book}" in capsys.readouterr().out


def test_rebuild_says_that_a_build_is_gone(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job = house.accept("livro.txt")
    spoken(house, job, "um")
    house.do(lambda jobs: jobs.store.delete(keys.JOBS, keys.manifest(job, BUILD)))
    assert run(["rebuild", job]) == Code.OK
    assert keys.manifest(job, BUILD) in capsys.readouterr().out


@pytest.mark.parametrize("command", [["jobs"], ["status", "livro.txt"], ["cancel", "livro.txt"]], ids=" ".join)
def test_a_damaged_job_does_not_keep_commands_from_the_others(
    command: list[str], house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job, broken = house.accept("livro.txt"), house.accept("outro.txt")
    house.do(lambda jobs: jobs.store.put(keys.JOBS, keys.plan(broken), b"{"))
    house.do(lambda jobs: jobs.store.put(keys.JOBS, keys.name_claim(utc_now().date().isoformat(), "livro-3"), b"{"))
    assert run(command) == Code.OK
    told = capsys.readouterr()
    assert job in told.out
    assert "passed over" in told.err


def test_rebuild_of_a_book_edited_throughout_names_the_first_segments_and_counts_the_rest(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    job = house.accept("livro.txt")
    spoken(house, job, *("antes" for _ in range(23)))

    async def edit(jobs: Jobs) -> None:
        for index in range(23):
            await jobs.store.put(keys.JOBS, keys.segment(job, index), b"depois")

    house.do(edit)
    assert run(["rebuild", job]) == Code.OK
    assert "18, 19 and 3 more\n" in capsys.readouterr().out
