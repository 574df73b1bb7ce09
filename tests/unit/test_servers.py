"""What is said of tests that need Docker on a machine that has none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDS_DOCKER = "import pytest\n\n@pytest.mark.docker\ndef test_one():\n    pass\n\n"
SAID = "nothing was tested against real MinIO and RabbitMQ servers"


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    """Three tests that need Docker, in two files, and one that needs nothing."""
    (tmp_path / "test_a.py").write_text(NEEDS_DOCKER + "@pytest.mark.docker\ndef test_two():\n    pass\n")
    (tmp_path / "test_b.py").write_text(NEEDS_DOCKER + "def test_alone():\n    pass\n")
    return tmp_path


def run(tests: Path, **environment: str) -> tuple[int, list[str]]:
    """pytest's exit code and its lines, where no Docker engine answers."""
    required = "DARKCHANNEL_REQUIRE_DOCKER"
    ours = {name: value for name, value in os.environ.items() if name != required and not name.startswith("PYTEST")}
    pytest_here = [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*pytest_here, "-p", "tests.servers", tests],
        cwd=ROOT,
        env={**ours, "DOCKER_HOST": "tcp://127.0.0.1:9", "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_without_docker_one_line_says_what_was_not_tested(tests: Path) -> None:
    code, lines = run(tests)
    [said] = [line for line in lines if SAID in line]
    assert said.startswith("SKIPPED [3]")
    assert "1 passed, 3 skipped" in lines[-1]
    assert code == 0


def test_where_docker_is_required_a_test_without_it_fails(tests: Path) -> None:
    code, lines = run(tests, DARKCHANNEL_REQUIRE_DOCKER="1")
    assert code == 1
    assert "1 passed, 3 error" in lines[-1]
    assert any(SAID in line and "DARKCHANNEL_REQUIRE_DOCKER=1" in line for line in lines)
