"""What the tests of Bark share. Without torch they are skipped before they ask for any of it."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, which no test changes."""
    from tests.bark import model

    return model.build(tmp_path_factory.mktemp("bark") / "tiny")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Of torch, in these processes and in those they start: more only get in one another's way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield
