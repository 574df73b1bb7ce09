"""Every piece of Python in docs/library.md, and the examples, run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIECES = dict(re.findall(r"<!-- (\w+) -->\n```python\n(.*?)```", (ROOT / "docs" / "library.md").read_text(), re.DOTALL))
SAID = {
    "narration": r"audio .*/intro\.mp3\nseconds \d+\.\d+\ncached False\n",
    "minio": r"Olá, MinIO!\nprocessing\n",
    "recordings": r"available True\nuploaded True\n",
}


def run(program: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", SAID)
def test_a_piece_of_the_guide_says_what_it_promises(name: str, tmp_path: Path) -> None:
    assert PIECES.keys() == SAID.keys()
    assert re.fullmatch(SAID[name], run(PIECES[name], tmp_path))


def test_the_example_of_narration_makes_its_files(tmp_path: Path) -> None:
    said = run((ROOT / "examples" / "narration_example.py").read_text(encoding="utf-8"), tmp_path)
    assert len(re.findall(r"\.mp3: \d+\.\d s\n", said)) == 2
    assert len(list(tmp_path.glob("*.mp3"))) == 2
