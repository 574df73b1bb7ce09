"""``darkchannel narrate``, interrupted and repeated, over the real embedded pipeline."""

import json
import signal
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkchannel.audio.wav import Speech
from darkchannel.cli import progress
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from darkchannel.speech.ssml import Element
from darkchannel.speech.ssml import spoken as words
from tests.pipeline.engine import Simulated

TALE = "# Um\n\nA chuva parou ao meio-dia.\n\n# Dois\n\nDepois voltou, mais fina.\n"
SAID: list[str] = []


async def say(script: Element) -> Speech:
    """A buzz about as long as the words take; at the first of them somebody presses Ctrl-C."""
    SAID.append(words(script))
    if len(SAID) == 1:
        signal.raise_signal(signal.SIGINT)
    samples = round(8_000 * (0.3 + len(words(script)) / 15))
    return Speech(b"".join(struct.pack("<h", 6_000 * (-1) ** (at // 20)) for at in range(samples)), 8_000)


def disturbed(_: object) -> Simulated:
    return Simulated(say, "disturbed", rate=8_000, slots=1)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of objects, and a package that brings an engine."""
    installed = tmp_path / "disturbed-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: disturbed\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[darkchannel.engines]\ndisturbed = {__name__}:disturbed\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("DARKCHANNEL_FOLDER", str(tmp_path / "data"))
    for name in ("MINIO_ENDPOINT", "MINIO_PUBLIC_URL", "DARKCHANNEL_FORMATS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARKCHANNEL_RECONCILE_AFTER_SECONDS", "3600")  # nothing goes on before somebody asks
    monkeypatch.setattr(progress, "STALL_SECONDS", 60.0)
    monkeypatch.chdir(tmp_path)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    SAID.clear()
    signal.signal(signal.SIGINT, before)


def test_narrate_goes_on_with_the_job_that_was_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    Path("chuva.md").write_text(TALE, encoding="utf-8")
    command = ["narrate", "chuva.md", "--engine", "disturbed", "--out", "chuva.flac"]
    assert run(command) == Code.INTERRUPTED
    kept = capsys.readouterr().err
    assert "is kept: the same command goes on with it" in kept
    assert run([*command, "--json"]) == Code.OK
    out, err = capsys.readouterr()
    job = json.loads(out)["job"]
    assert err.startswith(f"goes on with job {job} of this file, ")
    assert "under all the options it began with" in err
    assert f"`darkchannel cancel {job}` drops it" in kept
    assert len(SAID) == len(set(SAID)) == 2  # nothing is spoken anew
    assert Path("chuva.flac").read_bytes().startswith(b"fLaC")
    assert run(["jobs", "--json"]) == Code.OK
    assert [one["job"] for one in json.loads(capsys.readouterr().out)["jobs"]] == [job]
