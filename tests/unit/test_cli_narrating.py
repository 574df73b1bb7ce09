"""``darkchannel narrate``: the copy of the audiobook, and a job that was interrupted."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

from darkchannel import keys
from darkchannel.cli import narrating, resuming
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code, Failed, Usage
from darkchannel.cli.report import Count, Report
from darkchannel.cli.submitting import upload
from darkchannel.events import ObjectCreated
from darkchannel.jobs.runs import Opened, Outcome, State
from darkchannel.messaging.memory import MemoryBus
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import Context, utc_now
from darkchannel.runtime.waiting import Stop
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.jobs import Jobs
from services.splitter.handler import Splitter
from services.splitter.settings import SplitterSettings

P = ParamSpec("P")
T = TypeVar("T")

TALE = "Era uma vez um farol. Ninguém morava nele."
OPTIONS = {"title": "O Farol", "voice": "pt-br+f3"}
JOB = "5cb38d77-9a4c-5ef5-b6ec-5a3c0e1a9f10"


async def pieces(*found: bytes) -> AsyncIterator[bytes]:
    for piece in found:
        yield piece


async def broken_off() -> AsyncIterator[bytes]:
    yield b"novo"
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_copy_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    there, new = tmp_path / "livro.mp3", tmp_path / "outro.mp3"
    there.write_bytes(b"o de ontem")
    for target in (there, new):
        with pytest.raises(OSError, match="No space left"):
            await narrating.write(target, broken_off())
    assert [path.name for path in tmp_path.iterdir()] == ["livro.mp3"]
    assert there.read_bytes() == b"o de ontem"


async def test_a_copy_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    target = tmp_path / "livro.mp3"
    target.write_bytes(b"o de ontem, mais longo")
    await narrating.write(target, pieces(b"o de ", b"hoje"))
    assert [path.name for path in tmp_path.iterdir()] == ["livro.mp3"]
    assert target.read_bytes() == b"o de hoje"


def test_a_device_is_no_place_for_a_copy() -> None:
    with pytest.raises(Usage, match="/dev/null is neither a file nor a folder"):
        narrating.check_out(Path("/dev/null"), Path("farol.txt"))


async def test_a_copy_that_cannot_be_written_is_told_with_where_the_audiobook_lies(tmp_path: Path) -> None:
    there, target = tmp_path / "2026" / "farol.mp3", tmp_path / "livro.mp3"
    with pytest.raises(Failed) as told:
        await narrating.copied(there, target, broken_off())
    assert str(told.value).startswith(f"{target} cannot be written: No space left on device; ")
    assert f"lies in {there}: copy it from there; the same command would narrate it anew" in str(told.value)


async def published(store: FolderStore, *files: str) -> Report:
    """What is told of a job that made these files, each of which holds its name in the build."""
    places = {file: keys.published("2026-03-01", "farol", file, files[0]) for file in files}
    for file, key in places.items():
        await store.put(keys.OUTPUT, key, file.encode())
    some = Count(done=1, total=1)
    return Report(
        job=JOB, state=State.COMPLETED, run=1, source="farol.txt", accepted_at=utc_now(), segments=some, sections=some,
        files=places,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("x.opus", "audiobook.opus"),
        ("x.ogg", "audiobook.opus"),
        ("x.mp3", "audiobook.mp3"),
        ("x.M4A", "audiobook.m4b"),
        ("x.zip", "audiobook.zip"),
        ("x", "audiobook.opus"),
        ("livro.novo", "audiobook.opus"),
    ],
)
async def test_of_what_was_made_that_is_copied_whose_format_the_name_means(
    name: str, file: str, tmp_path: Path
) -> None:
    store, target = FolderStore(tmp_path / "data"), tmp_path / name
    made = ("audiobook.opus", "chapters/001-um.mp3", "audiobook.mp3", "audiobook.m4b", "audiobook.zip", "cover.jpg")
    assert await narrating.delivered(store, await published(store, *made), target) == target
    assert target.read_text() == file


async def test_into_a_folder_goes_the_main_file_under_its_name(tmp_path: Path) -> None:
    store, folder = FolderStore(tmp_path / "data"), tmp_path / "x.m4b"
    folder.mkdir()
    report = await published(store, "audiobook.mp3", "audiobook.m4b")
    assert await narrating.delivered(store, report, folder) == folder / "farol.mp3"
    assert (folder / "farol.mp3").read_text() == "audiobook.mp3"


async def test_a_format_that_was_not_made_is_not_copied_and_what_was_made_is_told(tmp_path: Path) -> None:
    store, target = FolderStore(tmp_path / "data"), tmp_path / "x.m4b"
    report = await published(store, "audiobook.opus", "audiobook.flac", "audiobook.srt", "acx/001-um.mp3")
    with pytest.raises(Failed) as told:
        await narrating.delivered(store, report, target)
    assert str(told.value).startswith(f"{target} means m4b, and what was made is opus, flac; ")
    there = tmp_path / "data" / keys.OUTPUT / "2026-03-01" / "farol.opus"
    assert f"lies in {there}: copy it from there" in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


async def test_who_interrupts_the_copy_is_told_where_the_audiobook_lies_and_nothing_half_written_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"o de "
        begun.set()
        await asyncio.Event().wait()

    there = tmp_path / "2026" / "farol.mp3"
    copying = asyncio.create_task(narrating.copied(there, tmp_path / "livro.mp3", endless()))
    await begun.wait()
    assert len([*tmp_path.iterdir()]) == 1
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    assert f"lies in {there}: " in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("name", "options", "environment", "told"),
    [
        ("x.flac", "acx", None, "x.flac means flac, and formats are mp3, acx: give -o formats=flac, or end its name"),
        ("x.m4a", "mp3-vbr", "m4b", "x.m4a means m4b, and formats are mp3-vbr: give -o formats=m4b"),
        ("x.MP3", None, "opus,m4b", "x.MP3 means mp3, and formats are opus, m4b: give -o formats=mp3"),
        ("x.zip", "chapters", None, "x.zip means zip, and formats are mp3, chapters: give -o formats=zip"),
        ("x.wav", None, None, "x.wav is of no format that can be made: end its name in .mp3, "),
        (f"{'a' * 300}.mp3", None, None, "cannot be written: File name too long; name another"),
    ],
)
async def test_a_name_that_the_copy_cannot_have_is_refused_before_anything_is_begun(
    name: str, options: str | None, environment: str | None, told: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment:
        monkeypatch.setenv("DARKCHANNEL_FORMATS", environment)
    given = {"formats": options} if options else {}
    with pytest.raises(Usage, match=told):
        await narrating.narrate(file, given, folder=file.parent / "data", out=file.with_name(name), json=False)
    assert [*file.parent.iterdir()] == [file]


@pytest.mark.parametrize("name", ["", "x.mp3"])
def test_a_folder_that_this_user_may_not_write_is_no_place_for_a_copy(
    name: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: path != file.parent)
    with pytest.raises(Usage, match=f"{file.parent} may not be written by this user: name another with --out"):
        narrating.check_out(file.parent / name, file)


@pytest.mark.parametrize(
    ("document", "name", "meant"),
    [
        ("conto.txt", "x.flac", "flac"),
        ("conto.txt", "x.M4A", "m4b"),
        ("conto.txt", "x.zip", "zip"),
        ("conto.txt", "x.mp3", None),
        ("conto.txt", "x", None),
        ("conto.txt", "livro.novo", None),
        ("conto.txt", ".", None),
        ("livro.EPUB", "x.mp3", None),
        ("livro.EPUB", "x.m4b", None),
        ("livro.EPUB", "x.opus", "opus"),
    ],
)
def test_where_nobody_names_formats_the_name_of_the_copy_does_unless_its_own_is_made_anyway(
    document: str, name: str, meant: str | None, file: Path
) -> None:
    given = {"title": "O Farol"}
    found = narrating.with_format(given, file.with_name(name) if name != "." else file.parent, file.with_name(document))
    assert found == (given | {"formats": meant} if meant else given)


@pytest.mark.parametrize(
    ("name", "options", "environment"),
    [
        ("x.mp3", "chapters,mp3-vbr", None),
        ("x.mp3", "acx", None),
        ("x.MP3", "opus,mp3", None),
        ("x.ogg", "mp3,opus", "mp3"),
        ("x.zip", "mp3,zip", None),
        ("x", "flac", None),
        ("livro.novo", None, "flac"),
        ("x.flac", None, "mp3,flac"),
    ],
)
def test_formats_that_are_named_with_that_of_the_copy_among_them_stay_as_they_are(
    name: str, options: str | None, environment: str | None, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment:
        monkeypatch.setenv("DARKCHANNEL_FORMATS", environment)
    given = {"formats": options} if options else {}
    assert narrating.with_format(given, file.with_name(name), file) == given


def test_formats_that_a_file_of_settings_names_are_named(file: Path) -> None:
    Path(".env").write_text("DARKCHANNEL_FORMATS=mp3,flac\n")
    assert narrating.with_format({}, Path("x.flac"), file) == {}
    with pytest.raises(Usage, match="formats are mp3, flac"):
        narrating.with_format({}, Path("x.opus"), file)


@pytest.mark.parametrize("command", ["narrate", "submit"])
def test_a_document_that_cannot_be_looked_at_is_wrong_usage(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, f"{'a' * 300}.txt"]) == Code.USAGE
    assert capsys.readouterr().err.endswith("a.txt cannot be read: File name too long\n")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document in a folder of its own, where nothing but the test sets formats."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DARKCHANNEL_FORMATS", raising=False)
    found = tmp_path / "farol.txt"
    found.write_text(TALE, encoding="utf-8")
    return found


@pytest.mark.parametrize(
    ("out", "link"),
    [
        ("farol.txt", None),
        ("../{folder}/farol.txt", None),
        ("outro.mp3", "outro.mp3"),
        (".", "farol.mp3"),
        (".", "farol-2.m4b"),
    ],
)
async def test_a_copy_over_the_document_itself_is_refused_before_anything_is_begun(
    out: str, link: str | None, file: Path
) -> None:
    folder = file.parent
    if link:
        (folder / link).symlink_to(file)
    there = folder / out.format(folder=folder.name)
    with pytest.raises(Usage, match="is the document itself"):
        await narrating.narrate(file, {}, folder=folder / "data", out=there, json=False)
    assert {path.name for path in folder.iterdir()} == {"farol.txt", link or "farol.txt"}
    assert file.read_text(encoding="utf-8") == TALE


@pytest.mark.parametrize("name", ["outro.md", "farol", "farol.xyz"])
async def test_a_copy_takes_the_place_of_no_file_that_is_no_audiobook_by_its_name(name: str, file: Path) -> None:
    (file.parent / name).write_text("de ontem")
    with pytest.raises(Usage, match="is there already, and no audiobook by its name"):
        await narrating.narrate(file, {}, folder=file.parent / "data", out=file.parent / name, json=False)
    assert (file.parent / name).read_text() == "de ontem"


def test_a_link_to_anything_else_and_a_folder_with_the_document_in_it_are_places_for_a_copy(file: Path) -> None:
    folder = file.parent
    (folder / "outro.mp3").write_bytes(b"o de ontem")
    for link, target in (("farol.mp3", "outro.mp3"), ("farol-2.mp3", "nada.mp3"), ("farol.bak", "farol.txt")):
        (folder / link).symlink_to(folder / target)
    for out in (folder, folder / "farol.mp3", folder / "farol-2.mp3", folder / "novo.mp3", None):
        narrating.check_out(out, file)


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(FolderStore(tmp_path / "data"), utc_now)


async def at_once(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    return function(*args, **kwargs)


async def accepted(jobs: Jobs, file: Path) -> str:
    """The job of a file, as the splitter leaves it."""
    job = await upload(jobs, file, OPTIONS)
    placed = await jobs.store.head(keys.INBOX, file.name)
    assert placed
    context = Context(
        store=jobs.store, jobs=jobs, bus=MemoryBus(), clock=utc_now, compute=at_once, metrics=Metrics(), stop=Stop()
    )
    splitter = Splitter(context, SplitterSettings.model_construct())
    await splitter.accept(ObjectCreated(keys.INBOX, file.name, placed.version))
    return job


async def ended(jobs: Jobs, job: str, status: State) -> None:
    await jobs.decide(job, 1, Outcome.model_validate({"status": status, "at": utc_now(), "build": "0123456789abcdef"}))


async def test_a_job_under_way_of_the_same_file_and_options_is_gone_on_with(jobs: Jobs, file: Path) -> None:
    job = await accepted(jobs, file)
    assert await resuming.unfinished(jobs, file, OPTIONS) == job
    assert await resuming.unfinished(jobs, file, OPTIONS | {"voice": "pt-br+m3"}) is None
    assert await resuming.unfinished(jobs, file, {}) is None
    assert await resuming.unfinished(jobs, file.rename(file.with_name("outro.txt")), OPTIONS) is None
    file.write_text(f"{TALE} Hoje mora.", encoding="utf-8")
    assert await resuming.unfinished(jobs, file, OPTIONS) is None


async def test_of_two_such_jobs_the_newer_is_gone_on_with(jobs: Jobs, file: Path) -> None:
    both = [await accepted(jobs, file) for _ in range(2)]
    assert len({*both}) == 2
    for older, newer in (both, reversed(both)):
        for job, seconds in ((older, 1_700_000_000), (newer, 1_700_000_060)):
            os.utime(file.parent / "data" / keys.JOBS / keys.marker(job, 1), (seconds, seconds))
        assert await resuming.unfinished(jobs, file, OPTIONS) == newer


@pytest.mark.parametrize(
    ("status", "is_resumed"), [(State.CANCELLED, False), (State.FAILED, False), (State.COMPLETED, True)]
)
async def test_of_an_ended_job_only_the_publishing_may_be_left(
    status: State, is_resumed: bool, jobs: Jobs, file: Path
) -> None:
    job = await accepted(jobs, file)
    await ended(jobs, job, status)
    assert await resuming.unfinished(jobs, file, OPTIONS) == (job if is_resumed else None)
    await jobs.close(job, 1, status)
    assert await resuming.unfinished(jobs, file, OPTIONS) is None


async def test_a_book_that_is_made_anew_after_an_edit_is_left_alone(jobs: Jobs, file: Path) -> None:
    job = await accepted(jobs, file)
    await ended(jobs, job, State.COMPLETED)
    await jobs.close(job, 1, State.COMPLETED)
    await jobs.open_run(job, 2, Opened(reason="edited", at=utc_now()))
    assert await resuming.unfinished(jobs, file, OPTIONS) is None


@pytest.mark.parametrize(
    ("settings", "before"),
    [
        ({"DARKCHANNEL_FOLDER": "os livros"}, ""),
        ({"DARKCHANNEL_FOLDER": "outros"}, "DARKCHANNEL_FOLDER='{root}' "),
        (
            {"DARKCHANNEL_FOLDER": "os livros", "MINIO_PUBLIC_URL": "http://aurora.exemplo.br"},
            "MINIO_ENDPOINT= MINIO_PUBLIC_URL= ",
        ),
    ],
)
def test_who_interrupts_it_is_told_the_commands_as_they_work_here(
    settings: dict[str, str], before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MINIO_ENDPOINT", "MINIO_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    root = tmp_path / "os livros"
    assert resuming.advice(JOB, root) == (
        f"job {JOB} is kept: the same command goes on with it, and so does `darkchannel watch '{root}'`; "
        f"`{before.format(root=root)}darkchannel cancel {JOB}` drops it"
    )
    assert f"; `{before.format(root=root)}darkchannel cancel {JOB}` drops it, " in resuming.resumption(JOB, root)
