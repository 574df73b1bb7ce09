"""The command line over the real embedded pipeline: real services, real speech, a temporary folder."""

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkchannel import keys
from darkchannel.audio.wav import Speech
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from darkchannel.errors import Permanent
from darkchannel.speech.ssml import Element
from darkchannel.speech.ssml import spoken as words
from tests.pipeline.engine import Simulated
from tests.unit.documents import epub

TALE = "# Um\n\nEra uma vez um farol. Ninguém morava nele.\n\n# Dois\n\nUm dia a luz se acendeu.\n"
BOUND_SECONDS = 120


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the objects; the working directory lies beside it."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("DARKCHANNEL_FOLDER", str(tmp_path / "data"))
    return tmp_path / "data"


def test_narrate_makes_an_audiobook_and_says_where_it_lies(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("farol.md").write_text(TALE, encoding="utf-8")
    command = ["narrate", "farol.md", "--title", "O Farol", "--author", "Ninguém", "--out", "livro.mp3", "--json"]
    assert run(command) == Code.OK
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["state"], told["title"], told["published"]) == ("completed", "O Farol", True)
    assert told["segments"]["done"] == told["segments"]["total"] > 0
    assert told["engines"] == {"espeak": told["segments"]["total"]}
    published = folder / keys.OUTPUT / told["output"]
    assert Path(told["audiobook"]).samefile("livro.mp3")
    assert published.read_bytes() == Path("livro.mp3").read_bytes()
    assert (Path(told["folder"]) / "final" / "audiobook.mp3").is_file()
    assert "\x1b" not in err


def test_a_copy_may_be_of_any_format_that_an_epub_makes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DARKCHANNEL_FORMATS", raising=False)
    Path("farol.epub").write_bytes(epub({"um.xhtml": "<p>Era uma vez um farol.</p>"}))
    assert run(["narrate", "farol.epub", "--out", "livro.m4b"]) == Code.OK
    [published] = (folder / keys.OUTPUT).glob("*/farol/audiobook.m4b")
    assert Path("livro.m4b").read_bytes() == published.read_bytes()
    assert [*(folder / keys.OUTPUT).glob("*/farol.mp3")]


@pytest.mark.parametrize(("name", "code"), [("livro.flac", Code.OK), ("livro.mp3", Code.FAILED)])
def test_the_document_has_the_last_word_over_the_format_of_the_copy(
    name: str, code: Code, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("farol.md").write_text("---\nformats: flac\n---\nEra uma vez um farol.", encoding="utf-8")
    assert run(["narrate", "farol.md", "--out", name]) == code
    [audiobook] = (folder / keys.OUTPUT).glob("*/farol.flac")
    if code is Code.OK:
        assert Path(name).read_bytes() == audiobook.read_bytes()
        return
    told = capsys.readouterr().err
    assert f"{name} means mp3, and what was made is flac; the audiobook is done and lies in {audiobook}" in told
    assert not Path(name).exists()


def test_narrate_leaves_to_watch_what_others_dropped(folder: Path) -> None:
    """It ends with its own book: what it took in meanwhile would lie there until a reconciler finds it."""
    other = folder / keys.INBOX / "other.md"
    other.parent.mkdir(parents=True)
    other.write_text(TALE, encoding="utf-8")
    Path("farol.md").write_text(TALE, encoding="utf-8")
    assert run(["narrate", "farol.md"]) == Code.OK
    assert other.is_file()


def test_narrate_prints_the_audiobook_the_job_folder_and_the_time(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("farol.md").write_text(TALE, encoding="utf-8")
    assert run(["narrate", "farol.md"]) == Code.OK
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["audiobook", "player", "job", "spoken"]
    assert Path(lines[0].removeprefix("audiobook").strip()).suffix == ".mp3"
    assert Path(lines[1].removeprefix("player").strip()).name == "index.html"
    assert Path(lines[1].removeprefix("player").strip()).is_file()
    assert Path(lines[2].removeprefix("job folder").strip()).is_dir()
    assert lines[3] == "spoken by   espeak"
    assert "of speech in" in lines[4]


async def hum(script: Element) -> Speech:
    """A buzz about as long as the words take."""
    rate = 8_000
    samples = round(rate * (0.3 + len(words(script)) / 15))
    return Speech(b"".join(struct.pack("<h", 6_000 * (-1) ** (at // 20)) for at in range(samples)), rate)


def humming(_: object) -> Simulated:
    return Simulated(hum, "humming", rate=8_000, known={"clara"})


def hoarse(_: object) -> Simulated:
    async def say(_: Element) -> Speech:
        raise Permanent("hoarse: it has lost its voice")

    return Simulated(say, "hoarse", rate=8_000, known={"clara"})


@pytest.fixture
def two_more_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "engines-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: engines\nVersion: 1.0\n")
    lines = ("[darkchannel.engines]", f"humming = {__name__}:humming", f"hoarse = {__name__}:hoarse")
    (installed / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("two_more_engines")
def test_narrate_tells_why_the_first_engine_did_not_speak_though_one_speaks_the_whole_book(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("cena.ssml").write_text('<speak><voice name="clara">Quem está aí?</voice></speak>', encoding="utf-8")
    spoke = "espeak; hoarse did not: it has lost its voice (1 segment)"
    lost = "clara: spoken by espeak in another voice"
    assert run(["narrate", "cena.ssml", "--engine", "hoarse,espeak"]) == Code.OK
    assert f"spoken by   {spoke}\nnot used    {lost}\n" in capsys.readouterr().out
    assert run(["status", "cena.ssml"]) == Code.OK
    assert f"spoken by: {spoke}\nnot used:  {lost}\n" in capsys.readouterr().out
    assert run(["status", "cena.ssml", "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out)["unable"] == {"hoarse": {"hoarse: it has lost its voice": 1}}


@pytest.mark.usefixtures("two_more_engines")
def test_narrate_tells_of_voices_that_the_engine_of_the_book_does_not_have(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = '<voice name="clara">Quem está aí?</voice> <voice name="pt-br+f3">Sou eu.</voice>'
    Path("cena.ssml").write_text(f'<speak xml:lang="pt-BR">{lines}</speak>', encoding="utf-8")
    told = "pt-br+f3: spoken by humming in another voice; one engine speaks a book"
    assert run(["narrate", "cena.ssml", "--engine", "humming,espeak"]) == Code.OK
    assert f"not used    {told}" in capsys.readouterr().out
    assert run(["status", "cena.ssml"]) == Code.OK
    assert f"not used:  {told}" in capsys.readouterr().out
    assert run(["status", "cena.ssml", "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out)["passed_over"] == {"humming": {"pt-br+f3": 1}}


@pytest.mark.parametrize(
    ("name", "body"), [("vazio.txt", b""), ("branco.txt", b" \n\t\n"), ("broken.ssml", b"<speak>"), ("a.zip", b"PK")]
)
def test_a_document_that_cannot_be_narrated_is_one_line_with_the_reason(
    name: str, body: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(name).write_bytes(body)
    assert run(["narrate", name]) == Code.FAILED
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith(f"darkchannel: {name} was not narrated: ")
    assert err.count("\n") == 1
    assert run(["status", name, "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out)["error"] in err


@pytest.fixture
def watching(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "darkchannel.cli", "watch", str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_watch_narrates_what_is_dropped_until_it_is_stopped(folder: Path, watching: subprocess.Popen[str]) -> None:
    assert watching.stdout
    assert str(folder / keys.INBOX) in watching.stdout.readline()
    (folder / keys.INBOX / "farol.md").write_text(TALE, encoding="utf-8")
    lines = iter(watching.stdout.readline, "")
    ended = next(line for line in lines if not line.startswith("started"))
    assert ended.startswith("completed  farol.md: darkchannel-output/")
    assert (folder / ended.split(": ")[1].strip()).is_file()
    watching.send_signal(signal.SIGTERM)
    assert watching.wait(BOUND_SECONDS) == Code.OK
    assert next(lines) == "spoken by  espeak\n"
