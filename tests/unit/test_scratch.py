"""Scratch folders of the merger."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.merger import scratch

LEAVES_A_FOLDER = """
import os
from pathlib import Path
from services.merger import scratch

with scratch.folder() as name:
    Path(name, "audiobook.m4b").write_bytes(b"half a book")
    print(name, flush=True)
    os.kill(os.getpid(), 9)
"""

WAITS_IN_A_THREAD = """
import threading

waiting = threading.Thread(target=input)
waiting.start()
print(waiting.native_id, flush=True)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def left_behind() -> Path:
    killed = subprocess.run([sys.executable, "-c", LEAVES_A_FOLDER], capture_output=True, text=True, check=False)
    return Path(killed.stdout.strip())


def test_the_folders_of_processes_that_are_no_more_go_and_all_others_stay(temporary: Path) -> None:
    dead, foreign = left_behind(), temporary / "darkchannel-notes"
    foreign.mkdir()
    assert (dead / "audiobook.m4b").exists()
    with scratch.folder() as alive:
        scratch.clear()
        assert {*temporary.iterdir()} == {Path(alive), foreign}


def test_a_folder_left_behind_goes_though_a_thread_has_the_number_of_its_process(temporary: Path) -> None:
    dead = left_behind()
    with subprocess.Popen(
        [sys.executable, "-c", WAITS_IN_A_THREAD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        number = process.stdout.readline().strip()
        named = dead.rename(temporary / f"darkchannel-{number}-book")
        scratch.clear()
        process.communicate("\n")
    assert not named.exists()


def test_a_scratch_folder_lives_as_long_as_its_work(temporary: Path) -> None:
    with scratch.folder() as name:
        assert Path(name).parent == temporary
    assert list(temporary.iterdir()) == []
