"""gTTS beside a Google Translate on loopback: reached by a proxy and over TLS, as the real one is."""

import asyncio
import base64
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs

import aiohttp.web
import pytest
from aiohttp.test_utils import TestServer

from darkchannel.audio import ffmpeg
from darkchannel.audio.wav import Speech
from darkchannel.runtime.engines import Engine
from services.synthesizer.engines.espeak import Espeak
from services.synthesizer.engines.gtts import PLACES, Gtts, GttsSettings
from services.synthesizer.engines.plain import PlainText
from tests.contract.engines.bare import spoken
from tests.contract.engines.kind import Kind
from tests.network import certificate, listening

HOSTS = tuple(f"translate.google.{domain}" for domain in PLACES.values())
RPC = "/_/TranslateWebserverUi/data/batchexecute"
LANGUAGES = {"pt": "pt-BR", "en": "en-US", "fr": "fr"}
WOMAN = "translate.google.pt"
"""Whoever asks here is spoken to by a woman."""

Manner = Literal["speech", "silence", "empty", "half", "cut", "html", "no audio", "garbage", "sorry", "slow", "reset"]


@dataclass
class Google:
    """What it was asked, and how it is to answer."""

    espeak: Espeak
    manner: Callable[[], Manner | int] = lambda: "speech"
    """A number: an HTTP status."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of an answer by status."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """(host, language, text) of each request."""
    wrong: list[str] = field(default_factory=list)
    """Why it refused what it refused."""
    looks: int = 0
    at_once: int = 0
    """Requests being answered, and the most of them so far."""
    most_at_once: int = 0
    _spoken: dict[tuple[str, str, str], bytes] = field(default_factory=dict)

    async def look(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        self.looks += 1
        return await self._otherwise(request, self.manner()) or aiohttp.web.Response()

    async def answer(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._answer(request)
        finally:
            self.at_once -= 1

    async def _answer(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        body = (await request.read()).decode().removesuffix("&")
        if fault := _fault(request, body):
            self.wrong.append(fault)
            return aiohttp.web.Response(status=400, text=fault)
        text, language, _, _ = json.loads(_call(body)[1])
        self.asked.append((request.host, language, text))
        manner = self.manner()
        if other := await self._otherwise(request, manner):
            return other
        mp3 = await self._mp3(request.host, language, text) if language in LANGUAGES else None
        if manner == "silence":
            mp3 = await encoded(Speech(bytes(2 * 24_000), 24_000))
        elif mp3 and manner == "empty":
            mp3 = b""
        elif mp3 and manner == "half":
            mp3 = mp3[: len(mp3) // 2 + 7]
        told = [base64.b64encode(mp3).decode()] if mp3 is not None and manner != "no audio" else None
        return aiohttp.web.Response(text=rows(told), content_type="application/json")

    async def _otherwise(self, request: aiohttp.web.Request, manner: Manner | int) -> aiohttp.web.StreamResponse | None:
        """An answer that is none, if it is to be one."""
        match manner:
            case int():
                return aiohttp.web.Response(status=manner, headers=self.headers)
            case "slow":
                await asyncio.Event().wait()  # until the client has had enough
            case "reset":
                assert request.transport
                request.transport.abort()
            case "html":
                return aiohttp.web.Response(text="<!doctype html><p>Entre na rede do hotel.", content_type="text/html")
            case "garbage":
                return aiohttp.web.Response(text=")]}'\n\n[[", content_type="application/json")
            case "cut":
                response = aiohttp.web.StreamResponse(headers={"Content-Length": "1000"})
                await response.prepare(request)
                await response.write(b")]}'\n\n[[")
                assert request.transport
                request.transport.close()
                return response
            case "sorry":
                return aiohttp.web.Response(status=302, headers={"Location": "https://www.google.com/sorry/index"})
        return None

    async def _mp3(self, host: str, language: str, text: str) -> bytes:
        key = (host, language, text)
        if key not in self._spoken:
            voice = "pt-br+f3" if host == WOMAN else None
            self._spoken[key] = await encoded(await spoken(self.espeak, text, LANGUAGES[language], voice))
        return self._spoken[key]


def rows(audio: list[str] | None) -> str:
    """A guard line, and rows each on a line of its own."""
    told = json.dumps(audio) if audio else None
    speech = json.dumps([["wrb.fr", "jQ1olc", told, None, None, None, "generic"]], separators=(",", ":"))
    return f')]}}\'\n\n{speech[:-1]}\n,["di",58]\n,["af.httprm",57,"-1",11]\n]'


async def encoded(speech: Speech) -> bytes:
    """An MP3 stream such as Google's: 24 kHz, without any tag."""
    mp3 = bytearray()

    async def pcm() -> AsyncIterator[bytes]:
        yield speech.pcm

    arguments = (
        *ffmpeg.QUIET, "-f", "s16le", "-ar", str(speech.rate), "-ac", "1", "-i", "pipe:0", "-ar", "24000",
        "-c:a", "libmp3lame", "-b:a", "64k", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3", "pipe:1",
    )  # fmt: skip
    await ffmpeg.run(arguments, pcm(), mp3.extend)
    return bytes(mp3)


def _call(body: str) -> list[Any]:
    call: list[Any]
    [[call]] = json.loads(parse_qs(body, strict_parsing=True)["f.req"][0])
    return call


def _fault(request: aiohttp.web.Request, body: str) -> str | None:
    """What is wrong with a request, if anything."""
    wanted = {
        "Content-Type": "application/x-www-form-urlencoded;charset=utf-8",
        "Referer": "http://translate.google.com/",
    }
    for name, value in wanted.items():
        if request.headers.get(name) != value:
            return f"{name} is {request.headers.get(name)!r}"
    if "Mozilla" not in request.headers["User-Agent"]:
        return "this is no browser"
    if request.host not in HOSTS:
        return f"the host is {request.host}"
    try:
        rpc, told, nothing, generic = _call(body)
        text, language, speed, null = json.loads(told)
    except (ValueError, KeyError, TypeError) as error:
        return f"the body is not that of a request: {error!r}"
    if (rpc, nothing, generic, speed, null) != ("jQ1olc", None, "generic", None, "null"):
        return f"the body asks for {(rpc, nothing, generic, speed, null)}"
    if not (isinstance(text, str) and 0 < len(text) <= 100 and isinstance(language, str) and language):
        return f"the body says {text!r} in {language!r}"
    return None


async def lead(head: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As a proxy: whoever asks for one of the hosts is led to a port of loopback, and everybody else sent off."""
    method, target, _ = head.split(" ", 2)
    if method != "CONNECT" or target.removesuffix(":443") not in HOSTS:
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        return
    there, onward = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    ways = [asyncio.create_task(_pump(reader, onward)), asyncio.create_task(_pump(there, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        onward.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(1 << 16):
        writer.write(piece)
        await writer.drain()


@asynccontextmanager
async def google(manner: Callable[[], Manner | int] = lambda: "speech") -> AsyncIterator[Google]:
    """Serve, and have the environment lead there: by the proxy that it names and the certificates that it trusts."""
    peer = Google(Espeak(slots=1), manner)
    app = aiohttp.web.Application()
    app.router.add_post(RPC, peer.answer)
    app.router.add_route("HEAD", "/", peer.look)
    server = TestServer(app)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        trusted = certificate(Path(folder), *HOSTS)
        await server.start_server(ssl=trusted.server)
        assert server.port
        try:
            port = server.port
            async with listening(lambda reader, writer: lead(proxy.heads[-1], port, reader, writer)) as proxy:
                for name in ("https_proxy", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
                    environment.delenv(name, raising=False)
                environment.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
                environment.setenv("SSL_CERT_FILE", str(trusted.certificate))
                yield peer
                await proxy.finished()
        finally:
            await server.close()
            await peer.espeak.close()


def settings(**changed: Any) -> GttsSettings:
    return GttsSettings(_env_file=None, **({"gtts_requests_per_minute": 100_000} | changed))


@asynccontextmanager
async def opened() -> AsyncIterator[Engine]:
    async with google() as peer:
        engine = PlainText(Gtts(settings(), pauses=lambda: repeat(0.0, 3)))
        yield engine
        await engine.close()
        assert peer.wrong == []


KIND = Kind("gtts", opened, chosen="gtts", man="gtts-pt-br", woman="gtts-pt-pt")
