"""``infra/venv.sh`` on machines with other Pythons than this one's: what it says, and what it does only once.

The interpreters are scripts over this one; pip is not called, so nothing is fetched.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "infra" / "venv.sh"
TOOLS = ("sh", "cat", "cksum", "mkdir", "cp", "chmod")
INSTALLERS = {
    "apt-get": "sudo apt-get update && sudo apt-get install -y",
    "dnf": "sudo dnf install -y",
    "brew": "brew install",
}


class Machine:
    """A checkout with the few files the script needs, and a PATH that holds only what was put there."""

    def __init__(self, root: Path) -> None:
        self.checkout = root / "checkout"
        self.bin = root / "bin"
        self.pips = root / "pips"
        self.bin.mkdir()
        (self.checkout / "infra" / "locks").mkdir(parents=True)
        for name in ("embedded", "dev"):
            (self.checkout / "infra" / "locks" / f"{name}.txt").write_text("a==1\n")
        (self.checkout / "pyproject.toml").touch()
        shutil.copy(SCRIPT, self.checkout / "infra")
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found
            (self.bin / tool).symlink_to(found)

    def install(self, name: str, script: str) -> Path:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def python(self, version: tuple[int, int], *, without: str = "nothing", name: str = "python3") -> Path:
        """An interpreter of this version that lacks a module; environments it makes note what pip is asked for."""
        setting = f"import sys; sys.version_info = {(*version, 0)}; sys.modules |= {{'pip': sys, {without!r}: None}}"
        return self.install(
            name,
            f"""case "$1 $2" in
              --version*) echo 'Python {version[0]}.{version[1]}.0' ;;
              '-m venv') mkdir -p "$4/bin"; cp "$0" "$4/bin/python" ;;
              '-m pip') echo "$@" >>'{self.pips}'; [ ! -e '{self.pips}.offline' ] ;;
              *) exec '{sys.executable}' -c "{setting}
$2" ;;
            esac""",
        )

    def run(self, lock: str = "embedded", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "infra/venv.sh", lock],
            cwd=self.checkout,
            env={"PATH": str(self.bin), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def mend(self, **environment: str) -> str:
        """The command that a machine on which it cannot go on is told, and that nothing else happened."""
        done = self.run(**environment)
        assert done.returncode == 1
        assert not done.stdout
        assert not (self.checkout / ".venv").exists()
        *_, mend, command = done.stderr.splitlines()
        assert mend == "Mend it with:"
        return command.strip()

    @property
    def installed(self) -> list[str]:
        """The requirements of each call of pip."""
        calls = self.pips.read_text().splitlines() if self.pips.exists() else []
        return [call.split()[-1] for call in calls]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("installer", "packages"),
    [("apt-get", "python3.13 python3.13-venv"), ("dnf", "python3.12"), ("brew", "python@3.12")],
)
def test_where_python_is_too_old_the_command_that_installs_one_is_told(
    machine: Machine, installer: str, packages: str
) -> None:
    machine.python((3, 10))
    machine.install(installer, "exit 1")
    machine.install("apt-cache", '[ "$2" = python3.13-venv ]')
    assert machine.mend() == f"{INSTALLERS[installer]} {packages}"


@pytest.mark.parametrize(
    ("installer", "packages"), [("apt-get", "python3.12-venv"), ("dnf", "python3.12"), ("brew", "python@3.12")]
)
@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_where_venv_is_missing_the_command_that_installs_it_is_told(
    machine: Machine, installer: str, packages: str, module: str
) -> None:
    machine.python((3, 12), without=module)
    machine.install(installer, "exit 1")
    assert machine.mend() == f"{INSTALLERS[installer]} {packages}"
    assert "Python 3.12 on this machine lacks venv." in machine.run().stderr


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 15)])
def test_a_python_that_does_not_fit_is_named(machine: Machine, version: tuple[int, int]) -> None:
    machine.python(version)
    assert f"needs Python 3.11 to 3.14; this machine has Python {version[0]}.{version[1]}.0." in machine.run().stderr


def test_a_machine_without_python_and_without_an_installer_is_told_what_to_do(machine: Machine) -> None:
    assert machine.mend().endswith("make PYTHON=/path/to/python3 run")
    assert "this machine has no python3." in machine.run().stderr


def test_the_python_that_was_chosen_is_the_only_one_tried(machine: Machine) -> None:
    machine.python((3, 12))
    old = machine.python((3, 9), name="python3.9")
    machine.install("brew", "exit 1")
    assert machine.mend(PYTHON=str(old)) == "brew install python@3.12"


@pytest.mark.parametrize("version", [(3, 11), (3, 14)])
def test_a_python_that_fits_makes_the_environment_once(machine: Machine, version: tuple[int, int]) -> None:
    machine.python(version)
    assert machine.run().returncode == 0
    assert machine.installed == ["infra/locks/embedded.txt", "."]
    again = machine.run()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert machine.installed == ["infra/locks/embedded.txt", "."]


def test_the_lock_is_installed_only_with_its_hashes(machine: Machine) -> None:
    machine.python((3, 12))
    machine.run()
    assert "--require-hashes --no-deps --requirement infra/locks/embedded.txt" in machine.pips.read_text()


def test_an_environment_made_for_tests_also_runs(machine: Machine) -> None:
    machine.python((3, 12))
    machine.run("dev")
    machine.run("embedded")
    assert machine.installed == ["infra/locks/dev.txt", "."]


def test_another_lock_or_another_python_brings_the_environment_up_to_date(machine: Machine) -> None:
    machine.python((3, 12))
    machine.run()
    (machine.checkout / "infra" / "locks" / "embedded.txt").write_text("a==2\n")
    machine.run()
    assert machine.installed == ["infra/locks/embedded.txt", "."] * 2
    (machine.checkout / ".venv" / "bin" / "python").unlink()
    machine.run()
    assert machine.installed == ["infra/locks/embedded.txt", "."] * 3


def test_an_install_that_failed_is_tried_again(machine: Machine) -> None:
    machine.python((3, 12))
    offline = Path(f"{machine.pips}.offline")
    offline.touch()
    assert machine.run().returncode != 0
    offline.unlink()
    assert machine.run().returncode == 0
    assert machine.installed == ["infra/locks/embedded.txt", "infra/locks/embedded.txt", "."]
