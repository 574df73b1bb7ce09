"""The command line on a folder: what it prints, where, and how it exits."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote

import pytest

from darkchannel import keys
from darkchannel.cli import output
from darkchannel.cli.app import app, run
from darkchannel.cli.arguments import PriorityName
from darkchannel.cli.exits import MEANINGS, Code
from darkchannel.cli.report import Count, Report
from darkchannel.cli.submitting import as_metadata
from darkchannel.jobs import options
from darkchannel.jobs.runs import State
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.jobs import Jobs
from tests.house import House

UNKNOWN = "00000000-0000-5000-8000-000000000000"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    for name in ("MINIO_ENDPOINT", "MINIO_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARKCHANNEL_FOLDER", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return House(lambda: FolderStore(tmp_path / "data"))


def the_error(capsys: pytest.CaptureFixture[str]) -> str:
    """What stands on standard error, which must be one line, with nothing on standard output."""
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("darkchannel: ")
    assert err.count("\n") == 1
    return err


def test_help_names_every_command_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == Code.OK
    text = capsys.readouterr().out
    for command in app.registered_commands:
        assert command.callback
        assert command.callback.__name__ in text
    for group in app.registered_groups:
        assert group.name
        assert group.name in text
    for code, meaning in MEANINGS.items():
        assert f"{code.value} {meaning}" in text


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == Code.OK
    assert "narrate" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    heavy = [
        "asyncio",
        "pydantic",
        "yaml",
        "structlog",
        "aiohttp",
        "obstore",
        "aio_pika",
        "miniopy_async",
        "watchfiles",
    ]
    code = (
        "import sys\nfrom darkchannel.cli.app import run\nassert run(['--help']) == 0\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nonsense"], "No such command"),
        (["status", "--nonsense", "x"], "No such option"),
        (["status"], "Missing"),
        (["jobs", "--limit", "0"], "--limit"),
        (["submit", "x.txt", "--priority", "soon"], "--priority"),
    ],
)
def test_wrong_usage_is_one_line(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == Code.USAGE
    assert says in the_error(capsys)


def test_an_unknown_service_is_wrong_usage_and_the_known_ones_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "singer"]) == Code.USAGE
    assert "splitter" in the_error(capsys)


@pytest.mark.parametrize("command", ["narrate", "submit"])
def test_a_missing_file_is_not_found(command: str, house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "nowhere.txt"]) == Code.NOT_FOUND
    assert "nowhere.txt" in the_error(capsys)
    assert not Path("data").exists()


@pytest.mark.parametrize("command", ["narrate", "submit"])
def test_a_wrong_option_is_refused_before_anything_is_written(
    command: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("conto.txt").write_text("Era uma vez.", encoding="utf-8")
    assert run([command, "conto.txt", "--language", "!"]) == Code.USAGE
    assert "language" in the_error(capsys)
    assert not Path("data").exists()


def test_a_name_that_the_inbox_leaves_alone_is_wrong_usage(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    Path("conto.txt.part").write_text("Era uma vez.", encoding="utf-8")
    assert run(["submit", "conto.txt.part"]) == Code.USAGE
    assert "rename" in the_error(capsys)


@pytest.mark.parametrize("command", ["status", "link", "cancel"])
@pytest.mark.parametrize("wanted", [UNKNOWN, "nunca.txt", "", "n" * 1025, "nunca\udce9.txt"])
def test_an_unknown_job_is_not_found(
    command: str, wanted: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, wanted]) == Code.NOT_FOUND
    assert wanted.encode(errors="replace").decode() in the_error(capsys)


@pytest.mark.parametrize("command", ["narrate", "submit"])
def test_a_name_that_is_not_utf8_is_wrong_usage(command: str, house: House, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"cora\xe7\xe3o.txt")
    Path(name).write_text("Era uma vez.", encoding="utf-8")
    assert run([command, name]) == Code.USAGE
    assert "rename" in the_error(capsys)


@pytest.mark.parametrize(("terminal", "words"), [(False, "jobs"), (True, "jobs"), (False, "status {}")])
def test_a_name_shows_on_its_line_whatever_it_holds(
    terminal: bool, words: str, house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "200")
    job = house.accept("[/] [bold]conto\nde\x1b[5mfadas\x07.txt")
    assert run(words.format(job).split()) == Code.OK
    out, err = capsys.readouterr()
    assert not err
    assert any(line.rstrip().endswith("[/] [bold]conto\ufffdde\ufffd[5mfadas\ufffd.txt") for line in out.splitlines())


def test_a_document_not_yet_accepted_is_told_apart_from_one_that_never_was(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("conto.txt").write_text("Era uma vez.", encoding="utf-8")
    assert run(["submit", "conto.txt"]) == Code.OK
    capsys.readouterr()
    assert run(["status", "conto.txt"]) == Code.NOT_FOUND
    assert "lies in the inbox" in the_error(capsys)


def test_submit_names_the_job_that_the_documented_formula_gives(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("conto.txt").write_text("Era uma vez.", encoding="utf-8")
    assert run(["submit", "conto.txt", "--title", "Memórias: 100%", "--company-id", "7", "--json"]) == Code.OK
    told = json.loads(capsys.readouterr().out)

    async def look(jobs: Jobs) -> Any:
        return await jobs.store.head(keys.INBOX, "conto.txt")

    info = house.do(look)
    assert told["job"] == keys.job_id(keys.INBOX, "conto.txt", info.version)
    assert options.from_metadata(info.metadata) == {"title": "Memórias: 100%", "company_id": "7"}


def test_user_metadata_is_ascii_and_read_back_as_it_was_said() -> None:
    said = {"title": "Dom Casmurro, o bruxo — 100% é +1/2; “fim”", "voice": "pt-br"}
    written = as_metadata(said)
    assert all(value.isascii() for value in written.values())
    assert {name: unquote(value) for name, value in written.items()} == said


def test_status_tells_of_a_job_by_id_or_by_file_name(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job = house.accept("contos/a cartomante.txt")
    for wanted in (job, job.upper(), "a cartomante.txt", "contos/a cartomante.txt"):
        assert run(["status", wanted]) == Code.OK
        text = capsys.readouterr().out
        assert job in text
        assert "0 of 3 spoken" in text


def test_status_as_json_tells_why_a_job_failed(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job = house.accept("livro.epub")
    house.end(job, State.FAILED, "o livro está vazio")
    assert run(["status", job, "--json"]) == Code.OK
    told = json.loads(capsys.readouterr().out)
    assert (told["job"], told["state"], told["error"]) == (job, "failed", "o livro está vazio")
    assert told["segments"] == {"done": 0, "total": 3}


def test_jobs_lists_the_newest_first_and_no_more_than_asked_for(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    oldest, ended, newest = (house.accept(f"{n}.txt", older=9 - n) for n in range(3))
    house.end(ended, State.COMPLETED)
    assert run(["jobs", "--json"]) == Code.OK
    assert [it["job"] for it in json.loads(capsys.readouterr().out)["jobs"]] == [newest, ended, oldest]
    assert run(["jobs", "--limit", "2"]) == Code.OK
    out = capsys.readouterr().out
    assert [line.split("\t")[0] for line in out.splitlines()] == [newest, ended]
    assert "\x1b" not in out


def test_jobs_of_an_empty_store_is_an_empty_list(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["jobs", "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out) == {"jobs": []}


def test_link_leads_to_the_audiobook(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job = house.accept("livro.txt")
    house.end(job, State.COMPLETED)
    assert run(["link", "livro.txt", "--json"]) == Code.OK
    url = json.loads(capsys.readouterr().out)["url"]
    assert url.startswith("file://")
    assert url.endswith("/livro.mp3")


def test_link_of_a_job_under_way_says_so(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.accept("livro.txt")
    assert run(["link", "livro.txt"]) == Code.FAILED
    assert "under way" in the_error(capsys)


def test_cancel_by_name_ends_the_newest_job_not_ended_and_names_the_others(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    older, running = house.accept("livro.txt", older=9), house.accept("livro.txt", older=5)
    ended, other = house.accept("livro.txt", older=1), house.accept("livro-2.txt")
    house.end(ended, State.COMPLETED)
    assert run(["cancel", "livro.txt"]) == Code.OK
    out, err = capsys.readouterr()
    assert running in out
    assert older in err
    assert ended in err
    assert other not in err
    assert [house.state(job) for job in (older, running, ended, other)] == [
        State.OPEN, State.CANCELLED, State.COMPLETED, State.OPEN,
    ]  # fmt: skip


def test_cancel_of_an_ended_job_fails_and_changes_nothing(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job = house.accept("livro.txt")
    house.end(job, State.COMPLETED)
    assert run(["cancel", job, "--json"]) == Code.FAILED
    assert "already ended" in the_error(capsys)
    assert house.state(job) is State.COMPLETED


def test_an_old_job_is_found_under_the_date_of_its_acceptance(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job = house.accept("livro.txt", days_ago=20)
    house.end(job, State.COMPLETED)
    assert run(["status", "livro.txt", "--json"]) == Code.OK
    told = json.loads(capsys.readouterr().out)
    assert datetime.fromisoformat(told["accepted_at"]) < datetime.now(UTC) - timedelta(days=19)


def test_debug_shows_the_trace_wherever_it_stands(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--debug", "status", "x"], ["status", "x", "--debug"]):
        assert run(words) == Code.NOT_FOUND
        assert "Traceback" in capsys.readouterr().err


def test_a_wrong_setting_is_one_line(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEALTH_PORT", "many")
    assert run(["jobs"]) == Code.FAILED
    assert "HEALTH_PORT" in the_error(capsys)


def test_a_server_that_is_away_has_its_own_exit_code(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINIO_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("MINIO_ACCESS_KEY", "somebody")
    monkeypatch.setenv("MINIO_SECRET_KEY", "a-secret-of-somebody")
    assert run(["status", UNKNOWN]) == Code.AWAY
    assert "a-secret-of-somebody" not in the_error(capsys)


IN_THE_BACKGROUND = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
"""What a shell does to a command that it starts in the background."""


@pytest.mark.parametrize("started", [[], IN_THE_BACKGROUND], ids=["foreground", "background"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_following_can_be_interrupted(number: signal.Signals, started: list[str], house: House) -> None:
    Path("conto.txt").write_text("Era uma vez.", encoding="utf-8")
    words = [*started, sys.executable, "-m", "darkchannel.cli", "submit", "conto.txt", "--follow"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("job ")
        process.send_signal(number)
        try:
            assert process.communicate(timeout=60)[1] == "darkchannel: interrupted\n"
        finally:
            process.kill()
        assert process.returncode == Code.INTERRUPTED


TWICE = """
import asyncio, os, signal
from darkchannel.cli.arguments import finish
from darkchannel.runtime.compute import ProcessCompute

async def command():
    compute = ProcessCompute(1)
    await compute(os.getpid)
    left = [asyncio.create_task(asyncio.Event().wait()) for _ in range(3)]
    signal.raise_signal(signal.SIGINT)
    try:
        await asyncio.Event().wait()
    finally:
        print("gives back", flush=True)
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()

if __name__ == "__main__":
    finish(command())
"""


def test_a_second_interruption_ends_what_gives_back_at_once_and_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text(TWICE)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, tmp_path / "twice.py"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )
    assert (done.returncode, done.stdout, done.stderr) == (Code.INTERRUPTED, "gives back\n", "")


def test_the_priorities_on_the_command_line_are_those_of_the_options() -> None:
    assert get_args(PriorityName) == get_args(options.Priority)


def test_setup_names_what_is_missing_and_what_is_too_short_and_never_its_value(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINIO_SPLITTER_SECRET_KEY", "curta")
    assert run(["setup"]) == Code.USAGE
    error = the_error(capsys)
    assert "MINIO_ENDPOINT (field required)" in error
    assert "MINIO_SPLITTER_SECRET_KEY (at least 8 characters)" in error
    assert "curta" not in error


def test_who_spoke_is_told_with_how_much_where_there_were_several() -> None:
    assert output.spoken_by({"espeak": 9}, {}) == "espeak"
    assert output.spoken_by({"openai": 10, "espeak": 1}, {}) == "openai 10, espeak 1 segments"


def test_who_did_not_speak_is_told_with_why_and_how_often_on_one_line() -> None:
    html = "OpenAI: the answer of localhost:9101 is 40 bytes of HTML"
    unable = {"openai": {html: 12, "the speech of openai\nis silent": 1}, "bark": {"its GPU is gone": 13}}
    assert output.spoken_by({"espeak": 13}, unable) == (
        "espeak; openai did not: the answer of localhost:9101 is 40 bytes of HTML (12 segments),"
        " the speech of openai is silent (1 segment); bark did not: its GPU is gone (13 segments)"
    )


def test_voices_that_were_not_used_are_told_with_who_spoke_and_what_to_do() -> None:
    assert output.not_used({}, is_advised=True) == ""
    advice = "one engine speaks a book: name one that has all its voices (--engine NAME), or split the document"
    assert output.not_used({"espeak": {"nova": 2, "bento": 1}, "openai": {"ana": 1}}, is_advised=True) == (
        f"nova, bento: spoken by espeak in another voice; ana: spoken by openai in another voice; {advice}"
    )
    many = output.not_used({"espeak": {f"voz-{number}": 1 for number in range(30)}}, is_advised=True)
    assert many.startswith("voz-0, voz-1, voz-2, voz-3, voz-4, voz-5, voz-6, voz-7 and 22 more: spoken by espeak")


def test_an_engine_that_could_not_speak_is_not_advised_for_its_voices() -> None:
    report = Report(
        job=UNKNOWN,
        state=State.COMPLETED,
        run=1,
        source="cena.ssml",
        accepted_at=datetime.now(UTC),
        segments=Count(done=1, total=1),
        sections=Count(done=1, total=1),
        engines={"espeak": 1},
        passed_over={"espeak": {"ana": 1}},
    )
    assert output.ADVICE in output.speakers(report)["not used"]
    failed = report.model_copy(update={"unable": {"openvoice": {"the recording of ana is no audio": 1}}})
    assert output.speakers(failed) == {
        "spoken by": "espeak; openvoice did not: the recording of ana is no audio (1 segment)",
        "not used": "ana: spoken by espeak in another voice",
    }
