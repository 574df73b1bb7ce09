"""Scratch folders of the merger."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.merger import scratch


def test_the_folders_of_processes_that_are_no_more_go_and_all_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead, last, alive, foreign = (
        tmp_path / name
        for name in (
            f"darkchannel-{int(gone.stdout)}-book",
            f"darkchannel-{os.getpid()}-book",
            f"darkchannel-{os.getppid()}-book",
            "darkchannel-notes",
        )
    )
    for path in (dead, last, alive, foreign):
        path.mkdir()
    scratch.clear()
    assert {path for path in (dead, last, alive, foreign) if path.exists()} == {alive, foreign}


def test_a_scratch_folder_lives_as_long_as_its_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch.folder() as name:
        assert Path(name).parent == tmp_path
    assert list(tmp_path.iterdir()) == []
