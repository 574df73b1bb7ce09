"""Scratch folders: those of processes that are no more go, all others stay."""

import subprocess
import sys
from pathlib import Path

import pytest

from darkchannel.errors import Unavailable
from darkchannel.runtime import scratch

LEAVES_A_FOLDER = """
import os, sys
from pathlib import Path
from darkchannel.runtime import scratch

with scratch.folder(*map(Path, sys.argv[1:2]), *sys.argv[2:]) as folder:
    (folder / "audiobook.m4b").write_bytes(b"half a book")
    print(folder, flush=True)
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


def left_behind(*arguments: str) -> Path:
    command = [sys.executable, "-c", LEAVES_A_FOLDER, *arguments]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    return Path(killed.stdout.strip())


def test_the_folders_of_processes_that_are_no_more_go_and_all_others_stay(temporary: Path) -> None:
    dead, foreign = left_behind(), temporary / "darkchannel-notes"
    foreign.mkdir()
    assert (dead / "audiobook.m4b").exists()
    with scratch.folder() as alive:
        scratch.clear()
        assert {*temporary.iterdir()} == {alive, foreign}


def test_in_a_place_of_their_own_only_those_of_one_name_go(temporary: Path) -> None:
    shelf = temporary / "[estante]"
    shelf.mkdir()
    other = left_behind(str(shelf), ".outra-")
    left_behind(str(shelf), ".fala-")
    with scratch.folder(shelf, ".fala-") as alive:
        scratch.clear(shelf, ".fala-")
        assert {*shelf.iterdir()} == {alive, other}


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


def test_where_no_folder_can_be_made_the_place_and_what_to_do_are_told(temporary: Path) -> None:
    temporary.rmdir()
    with pytest.raises(Unavailable) as told, scratch.folder():
        pass
    assert str(told.value) == (
        f"no folder can be made in {temporary} (No such file or directory): mend that, "
        "or start again with another place in TMPDIR"
    )


def test_a_place_that_was_named_is_to_be_mended_and_not_to_be_sought_in_tmpdir(temporary: Path) -> None:
    shelf = temporary / "estante"
    with pytest.raises(Unavailable) as told, scratch.folder(shelf):
        pass
    assert str(told.value) == f"no folder can be made in {shelf} (No such file or directory): mend that"


def test_a_scratch_folder_lives_as_long_as_its_work(temporary: Path) -> None:
    with scratch.folder() as folder:
        assert folder.parent == temporary
    assert list(temporary.iterdir()) == []
