"""``darkchannel voices install``: voices on this disk, and on the server of Piper's voices, which plays on loopback."""

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import structlog
from piper.download_voices import URL_FORMAT

from darkchannel import keys
from darkchannel.cli import installing
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code, Failed, NotFound
from darkchannel.errors import Unavailable
from darkchannel.speech.rendering import rendered
from darkchannel.storage.folder import FolderStore
from services.synthesizer.engines import piper
from tests.network import Listener, certificate, listening
from tests.tiny_voice import PORTUGUESE, config, files, lay, model

VOICE = "pt_BR-ana-tiny"
HOST = urlsplit(URL_FORMAT).hostname or ""


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MINIO_ENDPOINT", "MINIO_PUBLIC_URL", "PIPER_VOICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARKCHANNEL_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PIPER_PROCESSES", "1")
    monkeypatch.chdir(tmp_path)


def stored(root: Path) -> dict[str, bytes]:
    folder = root / keys.REFS / "models" / "piper"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def the_error(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    return err


def test_a_voice_of_ones_own_is_tried_and_stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = lay(tmp_path, VOICE, model(110), PORTUGUESE)
    assert run(["voices", "install", str(mine)]) == Code.OK
    assert capsys.readouterr().out == f"{VOICE} speaks pt-BR and lies in darkchannel-refs/models/piper/\n"
    assert stored(tmp_path / "data") == files(VOICE, model(110), PORTUGUESE)


async def test_the_pipeline_speaks_with_it_from_then_on(tmp_path: Path) -> None:
    await installing.install(str(lay(tmp_path, VOICE, model(110), PORTUGUESE)), folder=tmp_path / "own", json=False)
    store = FolderStore(tmp_path / "own")
    engine = piper.engine(store)
    try:
        assert [voice.name for voice in await engine.voices()] == [VOICE]
        assert any((await engine.speak(rendered('<speak xml:lang="pt-BR">Bom dia.</speak>'))).pcm)
    finally:
        await engine.close()
        await store.close()


def test_another_voice_that_the_operator_chose_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIPER_VOICE", "pt_BR-eva-tiny")
    assert run(["voices", "install", str(lay(tmp_path, VOICE, model(110), PORTUGUESE)), "--json"]) == Code.OK
    told = json.loads(capsys.readouterr().out)
    assert told == {"voice": VOICE, "languages": ["pt-BR"], "folder": "darkchannel-refs/models/piper/"}
    assert os.environ["PIPER_VOICE"] == "pt_BR-eva-tiny"


def test_what_is_logged_is_no_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()  # to standard output, as in a process that has just begun
    assert run(["voices", "install", str(tmp_path / "none.onnx")]) == Code.NOT_FOUND
    structlog.get_logger().error("Piper's process was ended")
    out, err = capsys.readouterr()
    assert not out
    assert "Piper's process was ended" in err


def test_a_model_without_its_json_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = lay(tmp_path, VOICE, model(110), PORTUGUESE)
    mine.with_name(f"{VOICE}.onnx.json").unlink()
    assert run(["voices", "install", str(mine)]) == Code.NOT_FOUND
    assert f"there is no file {mine}.json: Piper needs" in the_error(capsys)


@pytest.mark.parametrize("ending", [".onnx", ".onnx.json"])
def test_a_folder_in_place_of_a_file_is_told(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = lay(tmp_path, VOICE, model(110), PORTUGUESE)
    folder = mine.with_name(f"{VOICE}{ending}")
    folder.unlink()
    folder.mkdir()
    assert run(["voices", "install", str(mine)]) == Code.USAGE
    assert f"{folder} is a folder: Piper needs" in the_error(capsys)


@pytest.mark.parametrize(
    ("body", "described", "reason"),
    [
        (b"<!doctype html>", PORTUGUESE, f"{VOICE}.onnx is no model that can be loaded"),
        (model(110), b"{", f"{VOICE}.onnx.json does not describe a Piper voice: Invalid JSON"),
        (model(110, loudness=0), PORTUGUESE, "says nothing"),
    ],
)
def test_what_does_not_speak_is_not_stored(
    body: bytes, described: bytes, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["voices", "install", str(lay(tmp_path, VOICE, body, described))]) == Code.FAILED
    error = the_error(capsys)
    assert "it is not installed: " in error
    assert reason in error
    assert keys.REFS not in error
    assert stored(tmp_path / "data") == {}


@pytest.mark.parametrize("name", ["faber", "pt_BR-faber", "--", "../x", "a voice.onnx", "a#b.onnx", ".onnx", ""])
def test_what_names_no_voice_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", "install", "--", name]) == Code.USAGE
    assert the_error(capsys).startswith("darkchannel: ")


def test_where_piper_is_not_installed_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(piper, "PACKAGE", "piper-tts-of-another-machine")
    assert run(["voices", "install", "pt_BR-faber-medium"]) == Code.FAILED
    assert "pip install 'darkchannel[synthesizer-piper]'" in the_error(capsys)


@asynccontextmanager
async def published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: dict[str, bytes], *, cut: int = 0
) -> AsyncIterator[Listener]:
    """The server of Piper's voices behind a proxy, as the environment then names it; other files are not found."""
    trusted = certificate(tmp_path, HOST)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert proxy.heads[-1].startswith(f"CONNECT {HOST}:443 ")
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        await serve(trusted.server, reader, writer)

    async def serve(tls: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(tls)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        body = answers.get(head.split("?")[0].rpartition("/")[2])
        status = "404 Not Found" if body is None else "200 OK"
        body = body or b""
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
        writer.write(body[: len(body) - cut])
        await writer.drain()

    async with listening(answer) as proxy:
        lead_by(proxy.port, monkeypatch)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted.certificate))
        yield proxy


def lead_by(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")


async def test_a_published_voice_is_fetched_tried_and_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = dict(files("pt_BR-ana-medium", model(110), PORTUGUESE))
    async with published(tmp_path, monkeypatch, answers):
        assert await installing.install("pt_BR-ana-medium", folder=None, json=False) == Code.OK
    assert stored(tmp_path / "data") == answers


async def test_a_voice_that_was_never_published_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with published(tmp_path, monkeypatch, {}):
        with pytest.raises(NotFound, match=r"no voice 'pt_BR-eva-medium': `\S+ -m piper\.download_voices` lists all"):
            await installing.install("pt_BR-eva-medium", folder=None, json=False)


async def test_a_download_that_broke_off_is_not_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = dict(files("pt_BR-ana-medium", model(110), config("pt_BR", "pt-br")))
    async with published(tmp_path, monkeypatch, answers, cut=40):
        with pytest.raises(Failed, match="it is not installed: "):
            await installing.install("pt_BR-ana-medium", folder=None, json=False)
    assert stored(tmp_path / "data") == {}


async def test_without_a_network_it_says_how_to_bring_a_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 502 No route\r\n\r\n")

    async with listening(refuse) as proxy:
        lead_by(proxy.port, monkeypatch)
        with pytest.raises(Unavailable) as raised:
            await installing.install("pt_BR-faber-medium", folder=None, json=False)
    assert str(raised.value).startswith(
        "pt_BR-faber-medium cannot be fetched: Tunnel connection failed: 502 No route; "
    )
    assert "`darkchannel voices install pt_BR-faber-medium.onnx` installs them here" in str(raised.value)


async def test_a_download_that_stands_still_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "STALL_SECONDS", 0.5)

    async def nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with listening(nothing) as proxy:
        lead_by(proxy.port, monkeypatch)
        with pytest.raises(Unavailable, match=r"pt_BR-faber-medium: nothing arrived for 0\.5 s; where there is a"):
            await installing.install("pt_BR-faber-medium", folder=None, json=False)
