"""What programs import to narrate: a real pipeline in a process of its own, real speech, real files."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from darkchannel.narration import MOST_CHARACTERS, generate_narration, generate_narration_sync

MANY = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from darkchannel.narration import generate_narration_sync

def narrated(number):
    return generate_narration_sync(f"Texto {number}.", f"{number}.mp3")["success"]

def forked():
    for number in range(100, 103):
        if not (child := os.fork()):
            print(narrated(number), flush=True)
            os._exit(0)
        os.waitpid(child, 0)

def threaded():
    with ThreadPoolExecutor(8) as pool:
        print(*pool.map(narrated, range(8)), flush=True)

for step in (threaded, forked) if sys.argv[1] == "threads" else (forked, threaded):
    step()
"""
FAILED = {"success": False, "audio_path": None, "duration": None, "cached": False}
SCRIPT = """
import json, os
from darkchannel.narration import generate_narration_sync
result = generate_narration_sync(text="Olá! Este é um teste.", output_path="fala.mp3")
print(json.dumps(result))
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_script_without_a_guard_beside_services_of_its_own_narrates_and_leaves_nothing_running(
    tmp_path: Path,
) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "__init__.py").write_text("raise RuntimeError('not these services')")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result == {
        "success": True,
        "audio_path": str(tmp_path / "fala.mp3"),
        "duration": result["duration"],
        "cached": False,
        "error": None,
    }
    assert 1 < result["duration"] < 6
    assert (tmp_path / "fala.mp3").stat().st_size > 10_000
    assert done.stderr == ""


async def test_many_at_once_share_a_pipeline_and_each_has_its_own_words(tmp_path: Path) -> None:
    texts = ["Um." * length for length in (1, 5, 20)]
    results = await asyncio.gather(
        *(generate_narration(text, tmp_path / f"{number}.mp3") for number, text in enumerate(texts))
    )
    durations = [result["duration"] or 0 for result in results]
    assert durations == sorted(durations)
    assert all(result["success"] for result in results)
    assert durations[2] > 2 * durations[0]


@pytest.mark.parametrize(("name", "magic"), [("a.opus", b"OggS"), ("a.flac", b"fLaC"), ("a.m4b", b"ftyp")])
async def test_the_extension_chooses_the_format(tmp_path: Path, name: str, magic: bytes) -> None:
    result = await generate_narration("<speak>Olá <break time='1s'/> mundo.</speak>", name, voice="pt-br+f3")
    assert result["success"], result
    assert magic in (tmp_path / name).read_bytes()[:12]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ({"text": " \n"}, "no text to narrate"),
        ({"text": "a" * (MOST_CHARACTERS + 1)}, "1,000,001 characters are more than 1,000,000"),
        ({"text": "Bom \ud800"}, "character 5 of the text is half of a pair of surrogates: decode the text anew"),
        ({"voice": "\ud800"}, "voice: must be a name"),
        ({"output_path": "\udcff/a.mp3"}, r"^'\\udcff/a.mp3' is no path"),
        ({"output_path": None}, "^None is no path"),
        ({"output_path": 5}, "^5 is no path"),
        ({"output_path": b"a.mp3"}, "^b'a.mp3' is no path"),
        ({"output_path": "a.wav"}, "of no format that can be made"),
        ({"output_path": "nowhere/a.mp3"}, "in a folder that is there"),
        ({"output_path": "a\0.mp3"}, "null"),
        ({"output_path": f"{'a' * 300}.mp3"}, "too long"),
        ({"output_path": "~nobody-of-that-name/a.mp3"}, "is no path"),
        ({"provider": "Não existe"}, "engine"),
        ({"voice": 5}, "are strings"),
        ({"text": b"oi"}, "are strings"),
        ({"output_path": "."}, "of no format"),
        ({"provider": "vox"}, "no engine 'vox'"),
        ({"voice": "ninguém"}, "ninguém"),
        ({"text": "<speak><voice>oi</speak>"}, "SSML|tag|mismatch"),
    ],
)
async def test_what_cannot_be_narrated_is_told_and_leaves_no_file(
    tmp_path: Path, call: dict[str, str], why: str
) -> None:
    result = await generate_narration(**({"text": "Olá.", "output_path": "a.mp3"} | call))
    assert {**result, "error": None} == {**FAILED, "error": None}
    assert pytest.importorskip("re").search(why, result["error"] or ""), result["error"]
    assert [path for path in tmp_path.iterdir() if path.suffix in (".mp3", ".wav", ".part")] == []


async def test_a_file_that_cannot_be_written_is_named_and_nothing_half_written_stays(tmp_path: Path) -> None:
    link = tmp_path / "a.mp3"
    link.symlink_to("/proc/a.mp3")
    result = await generate_narration("Olá.", link)
    assert (result["error"] or "").startswith("/proc/a.mp3 cannot be written: ")


async def test_a_folder_that_this_user_may_not_write_is_told_before_anything_is_spoken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)
    result = await generate_narration("Olá.", "a.mp3")
    assert result["error"] == f"{tmp_path / 'a.mp3'} cannot be written: {tmp_path} may not be written by this user"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "darkchannel-refs is needed as a folder, or below one, and a file has that name: move the file away"),
        ("darkchannel-refs", "darkchannel-refs cannot be read or written (File exists): mend that"),
    ],
)
async def test_a_folder_that_cannot_be_had_is_told_with_what_to_do(
    name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "dados"
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("um arquivo")
    monkeypatch.setenv("DARKCHANNEL_FOLDER", str(folder))
    outcome = await fresh("print(json.dumps(generate_narration_sync('Olá.', 'a.mp3')))")
    assert outcome["error"] == f"{folder}/{told}"


async def fresh(last: str) -> dict[str, str]:
    """What a program prints whose process of the pipeline is its own."""
    script = f"import json\nfrom darkchannel.narration import generate_narration_sync\n{last}"
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        out, err = await program.communicate()
    assert not err, err.decode()
    found: dict[str, str] = json.loads(out)
    return found


async def test_the_mark_that_begins_a_file_is_no_part_of_its_text(tmp_path: Path) -> None:
    text = "<speak>Bom dia</speak>"
    plain, marked = [await generate_narration(begun + text, "a.mp3") for begun in ("", "\ufeff")]
    assert marked["duration"] == pytest.approx(plain["duration"], abs=0.01)


def test_within_a_loop_the_synchronous_call_works_too(tmp_path: Path) -> None:
    async def call() -> bool:
        return generate_narration_sync("Olá.", "a.mp3")["success"]

    assert asyncio.run(call())


async def test_a_text_has_no_say_in_who_speaks_it_and_in_which_format(tmp_path: Path) -> None:
    result = await generate_narration("---\nengine: vox\nformats: flac\n---\nBom dia.", "a.mp3", provider=None)
    assert result["success"], result
    assert (tmp_path / "a.mp3").read_bytes()[:3] == b"ID3"


@pytest.mark.parametrize("first", ["threads", "forks"])
def test_calls_from_many_threads_and_from_forks_are_all_answered(tmp_path: Path, first: str) -> None:
    (tmp_path / "script.py").write_text(MANY, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "script.py", first], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True"] * 11


async def test_two_into_one_file_at_once_leave_one_of_them_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    results = await asyncio.gather(*(generate_narration("Um. " * 20, path) for _ in range(4)))
    assert [result["error"] for result in results] == [None] * 4
    assert [found.name for found in tmp_path.iterdir() if found.suffix in (".mp3", ".part")] == ["a.mp3"]


async def test_a_process_that_was_killed_is_told_of_and_the_next_call_starts_another_which_removes_what_it_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (await generate_narration("Olá.", "a.mp3"))["success"]
    [process] = narrating()
    long = asyncio.create_task(generate_narration("Uma frase e mais outra. " * 4_000, "b.mp3"))
    folder = Path(f"/proc/{process}/cwd").resolve() / "darkchannel-data"
    while not any(folder.glob(".narration-*/darkchannel-jobs/*/chunks/*")):  # noqa: ASYNC110  # another process speaks
        await asyncio.sleep(0.05)
    os.kill(process, signal.SIGKILL)
    result = await long
    assert (result["success"], result["error"]) == (False, "the process that narrates ended with status -9: try again")
    [left] = folder.glob(".narration-*")
    monkeypatch.chdir(folder.parent)
    assert (await generate_narration("Olá.", "c.mp3"))["success"]
    assert not left.exists()


async def test_a_second_program_on_the_same_folder_leaves_the_first_s_jobs_alone(tmp_path: Path) -> None:
    assert (await generate_narration("Olá.", "a.mp3"))["success"]
    [process] = narrating()
    folder = Path(f"/proc/{process}/cwd").resolve() / "darkchannel-data"
    first = {*folder.glob(".narration-*/darkchannel-jobs")}
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    environment = os.environ | {"DARKCHANNEL_FOLDER": str(folder)}
    async with asyncio.timeout(60):
        second = await asyncio.create_subprocess_exec(sys.executable, "script.py", env=environment)
        assert await second.wait() == 0
    assert first
    assert first <= {*folder.glob(".narration-*/darkchannel-jobs")}
    assert (await generate_narration("Tchau.", "b.mp3"))["success"]


def narrating() -> list[int]:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    for thread in Path("/proc/self/task").iterdir():
        children += (thread / "children").read_text().split()
    return sorted({
        int(pid) for pid in children if b"darkchannel.narration" in Path(f"/proc/{pid}/cmdline").read_bytes()
    })  # fmt: skip
