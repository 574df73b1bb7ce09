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
from darkchannel.cli.submitting import upload
from darkchannel.events import ObjectCreated
from darkchannel.jobs.runs import Opened, Outcome, State
from darkchannel.messaging.memory import MemoryBus
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import Context, utc_now
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.jobs import Jobs
from services.splitter.handler import Splitter
from services.splitter.settings import SplitterSettings

P = ParamSpec("P")
T = TypeVar("T")

TALE = "Era uma vez um farol. Ninguém morava nele."
OPTIONS = {"title": "O Farol", "voice": "pt-br+f3"}


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
        narrating.check_out(Path("/dev/null"), Path("farol.txt"), {})


async def test_a_copy_that_cannot_be_written_is_told_with_where_the_audiobook_lies(tmp_path: Path) -> None:
    there, target = tmp_path / "2026" / "farol.mp3", tmp_path / "livro.mp3"
    with pytest.raises(Failed) as told:
        await narrating.copied(there, target, broken_off())
    assert str(told.value).startswith(f"{target} cannot be written: No space left on device; ")
    assert f"lies in {there}: copy it from there; the same command would narrate it anew" in str(told.value)


@pytest.mark.parametrize(("made", "name"), [("mp3", "x.m4b"), ("flac", "x.MP3"), ("m4b", "x.opus")])
async def test_a_copy_under_the_name_of_another_format_is_not_written(made: str, name: str, tmp_path: Path) -> None:
    there, target = tmp_path / "2026" / f"farol.{made}", tmp_path / name
    with pytest.raises(Failed) as told:
        await narrating.copied(there, target, pieces(b"o de hoje"))
    assert str(told.value).startswith(f"{target} would hold {made}, which its name does not say; ")
    assert f"lies in {there}: copy it from there" in str(told.value)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(("made", "name"), [("m4b", "x.M4A"), ("opus", "x.ogg"), ("mp3", "x"), ("flac", "livro.novo")])
async def test_a_copy_under_a_name_of_its_format_or_of_none_is_written(made: str, name: str, tmp_path: Path) -> None:
    await narrating.copied(tmp_path / f"farol.{made}", tmp_path / name, pieces(b"o de hoje"))
    assert (tmp_path / name).read_bytes() == b"o de hoje"


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
    ("name", "formats", "told"),
    [
        ("x.flac", "acx", "x.flac would hold mp3: give -o formats=flac instead"),
        ("x.MP3", "opus,mp3", "x.MP3 would hold opus: give -o formats=mp3 instead"),
        ("x.m4a", "mp3-vbr", "x.m4a would hold mp3-vbr: give -o formats=m4b instead"),
        ("x.wav", None, "x.wav is of no format that can be made"),
        (f"{'a' * 300}.mp3", None, "cannot be written: File name too long; name another"),
    ],
)
async def test_a_name_that_the_copy_cannot_have_is_refused_before_anything_is_begun(
    name: str, formats: str | None, told: str, file: Path
) -> None:
    options = {"formats": formats} if formats else {}
    with pytest.raises(Usage, match=told):
        await narrating.narrate(file, options, folder=file.parent / "data", out=file.with_name(name), json=False)
    assert [*file.parent.iterdir()] == [file]


@pytest.mark.parametrize("name", ["", "x.mp3"])
def test_a_folder_that_this_user_may_not_write_is_no_place_for_a_copy(
    name: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: path != file.parent)
    with pytest.raises(Usage, match=f"{file.parent} may not be written by this user: name another with --out"):
        narrating.check_out(file.parent / name, file, {})


@pytest.mark.parametrize(
    ("name", "formats"),
    [
        ("x.mp3", None),
        ("x.mp3", "chapters,mp3-vbr"),
        ("x.mp3", "acx"),
        ("x.M4A", "m4b,mp3"),
        ("x.ogg", "opus"),
        ("x.flac", "flac"),
        ("x", "flac"),
        ("livro.novo", "flac"),
        ("x.flac", None),
    ],
)
def test_a_name_of_the_format_that_is_made_or_may_be_or_of_none_is_taken(
    name: str, formats: str | None, file: Path
) -> None:
    narrating.check_out(file.with_name(name), file, {"formats": formats} if formats else {})


@pytest.mark.parametrize("command", ["narrate", "submit"])
def test_a_document_that_cannot_be_looked_at_is_wrong_usage(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, f"{'a' * 300}.txt"]) == Code.USAGE
    assert capsys.readouterr().err.endswith("a.txt cannot be read: File name too long\n")


@pytest.fixture
def file(tmp_path: Path) -> Path:
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


def test_a_link_to_anything_else_and_a_folder_with_the_document_in_it_are_places_for_a_copy(file: Path) -> None:
    folder = file.parent
    (folder / "outro.mp3").write_bytes(b"o de ontem")
    for link, target in (("farol.mp3", "outro.mp3"), ("farol-2.mp3", "nada.mp3"), ("farol.bak", "farol.txt")):
        (folder / link).symlink_to(folder / target)
    for out in (folder, folder / "farol.mp3", folder / "farol-2.mp3", folder / "novo.mp3", None):
        narrating.check_out(out, file, {})


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
    context = Context(store=jobs.store, jobs=jobs, bus=MemoryBus(), clock=utc_now, compute=at_once, metrics=Metrics())
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


JOB = "5cb38d77-9a4c-5ef5-b6ec-5a3c0e1a9f10"


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
