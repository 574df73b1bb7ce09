"""A copy of the working tree, its tests run in it: nothing here ever changes the tree itself."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import Mutant

ROOT = Path(__file__).parents[2]
COPIED = ("shared", "services", "tests", "infra", "docs", "examples")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")
TEST_SECONDS = 120
"""A mutant that makes a test hang is noticed by it."""
PASSED, FAILED = 0, 1
"""Exit codes of pytest."""
_RED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


class Broken(Exception):
    """pytest could not run the tests at all; the message says why."""


@dataclass(frozen=True, slots=True)
class Tree:
    root: Path

    def red(self, tests: Sequence[str], *, stop_at_first: bool = True) -> list[str]:
        """The tests that fail. Raises Broken where they could not be run."""
        options = ["-q", "--no-header", "-p", "no:cacheprovider", "-rfE", f"--timeout={TEST_SECONDS}"]
        done = self._python("-m", "pytest", *options, *(["-x"] if stop_at_first else []), *tests)
        red = _RED.findall(done.stdout)
        if done.returncode not in (PASSED, FAILED) or (done.returncode == FAILED) != bool(red):
            raise Broken(f"pytest ended with {done.returncode}:\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}")
        return red

    def read(self, file: str) -> str:
        return (self.root / file).read_text("utf-8")

    @contextmanager
    def changed(self, mutant: Mutant) -> Iterator[None]:
        """The tree with a mutant in it while inside. Raises Stale."""
        text = self.read(mutant.file)
        file = self.root / mutant.file
        file.write_text(mutant.apply(text), "utf-8")
        try:
            yield
        finally:
            file.write_text(text, "utf-8")

    def check(self) -> None:
        """Raises Broken where Python would import another tree than this one."""
        done = self._python("-c", "import darkchannel, services, tests; print(darkchannel.__file__, services.__file__)")
        if not done.stdout or not all(Path(file).is_relative_to(self.root) for file in done.stdout.split()):
            raise Broken(f"Python does not import the copy in {self.root}: {done.stdout}{done.stderr}")

    def _python(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        # No bytecode: two versions of one file within a second and of one length would be taken for the same.
        path = os.pathsep.join((str(self.root), str(self.root / "shared")))
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)


@contextmanager
def copied() -> Iterator[Tree]:
    """A copy that goes again. Raises Broken where it is not what Python would import."""
    with tempfile.TemporaryDirectory(prefix="darkchannel-mutants-") as folder:
        root = Path(folder).resolve()
        for name in COPIED:
            shutil.copytree(ROOT / name, root / name, ignore=LEFT_OUT)
        for file in ROOT.iterdir():
            if file.is_file() and file.name != ".env":
                shutil.copy2(file, root)
        tree = Tree(root)
        tree.check()
        yield tree
