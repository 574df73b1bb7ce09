"""A speech server as OpenAI's on loopback: bare, or with a list of voices and captions as Kokoro-FastAPI has them."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import repeat
from typing import Any, Literal

import aiohttp.web
import numpy as np
from aiohttp.test_utils import TestServer

from darkchannel.audio.wav import Speech
from darkchannel.runtime.engines import Engine
from services.synthesizer.engines.espeak import Espeak
from services.synthesizer.engines.openai import OpenAI
from services.synthesizer.engines.openai_settings import OpenAISettings
from services.synthesizer.engines.plain import PlainText
from tests.contract.engines.bare import spoken
from tests.contract.engines.gtts import encoded
from tests.contract.engines.kind import Growing, Kind, Put
from tests.contract.engines.openvoice import wav

KEY = "sk-segredo-0123456789"
RATE = 24_000
VOICES = {"am_adam": None, "pf_dora": "pt-br+f3", "pm_alex": "pt-br"}
"""With the voice of espeak-ng that speaks in its stead."""
LANGUAGES = {"a": "en-US", "b": "en-GB", "p": "pt-BR"}

_SPOKEN: dict[tuple[str, str, str | None], Speech] = {}
"""By text, language and voice of espeak-ng: it says the same each time."""

Manner = Literal[
    "speech", "wav", "streamed wav", "half a wav", "mp3", "json", "html", "silence", "empty", "odd", "endless", "cut",
    "slow", "reset",
]  # fmt: skip


@dataclass
class Server:
    """What it was asked, and how it is to answer."""

    espeak: Espeak
    has_captions: bool
    manner: Callable[[], Manner | int] = lambda: "speech"
    """A number: an HTTP status."""
    of_captions: Callable[[], Manner | int | bytes] = lambda: "speech"
    """Bytes: the body as it is."""
    of_voices: Callable[[], Manner | int] = lambda: "speech"
    listed: Callable[[], Sequence[object]] = lambda: [{"id": name, "name": name} for name in VOICES]
    content_type: str = "application/octet-stream"
    """Of speech, or of what stands in its place."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of an answer by status."""
    refusal: object = "as it was told to"
    """What it says of an error."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    captioned: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Why it refused what it refused."""
    paths: list[str] = field(default_factory=list)
    """Of all requests, those that led nowhere among them."""
    lists: int = 0
    url: str = ""
    at_once: int = 0
    most_at_once: int = 0
    together: asyncio.Barrier | None = None
    """Answers come only when as many requests are there."""

    async def speech(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            told = await self._read(request, {})
            if told is None:
                return _refusal(400, {"message": self.wrong[-1]})
            self.asked.append(told)
            if self.together:
                await self.together.wait()
            manner = self.manner()
            if other := await self._otherwise(request, manner):
                return other
            body = await _body(await self._spoken(told), manner)
            return aiohttp.web.Response(body=body, content_type=self.content_type)
        finally:
            self.at_once -= 1

    async def captions(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        told = await self._read(request, {"stream": False})
        if told is None:
            return _refusal(400, {"message": self.wrong[-1]})
        self.captioned.append(told)
        manner = self.of_captions()
        if isinstance(manner, bytes):
            return aiohttp.web.Response(body=manner, content_type="application/json")
        if other := await self._otherwise(request, manner):
            return other
        speech = await self._spoken(told)
        answer = {
            "audio": base64.b64encode(await _body(speech, manner)).decode(),
            "audio_format": "audio/pcm",
            "timestamps": stamps(told["input"], speech),
        }
        return aiohttp.web.json_response(answer)

    async def voices(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        self.lists += 1
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _refusal(401, {"message": f"the key {KEY} it was not"})
        other = await self._otherwise(request, self.of_voices())
        return other or aiohttp.web.json_response({"voices": self.listed()})

    async def _read(self, request: aiohttp.web.Request, more: dict[str, object]) -> dict[str, Any] | None:
        told = json.loads(await request.read())
        fault = _fault(request, told, more)
        if fault:
            self.wrong.append(fault)
        return None if fault else told

    async def _spoken(self, told: dict[str, Any]) -> Speech:
        voice = told["voice"]
        said = (told["input"], LANGUAGES[told.get("lang_code", voice[0])], VOICES[voice])
        if said not in _SPOKEN:
            _SPOKEN[said] = at_rate(await spoken(self.espeak, *said))
        return _SPOKEN[said]

    async def _otherwise(self, request: aiohttp.web.Request, manner: Manner | int) -> aiohttp.web.StreamResponse | None:
        """An answer that is none, if it is to be one."""
        match manner:
            case int():
                return _refusal(manner, self.refusal, self.headers)
            case "slow":
                await asyncio.Event().wait()  # until the client has had enough
            case "reset":
                assert request.transport
                request.transport.abort()
            case "html":
                return aiohttp.web.Response(text="<!doctype html><p>Bem-vindo!", content_type="text/html")
            case "json":
                return aiohttp.web.json_response({"error": {"message": "sem memória"}})
            case "cut":
                response = aiohttp.web.StreamResponse(headers={"Content-Length": "100000"})
                await response.prepare(request)
                await response.write(bytes(1_000))
                assert request.transport
                request.transport.close()
                return response
            case "endless":
                response = aiohttp.web.StreamResponse()
                await response.prepare(request)
                while request.transport:
                    await response.write(bytes(1 << 20))
                return response
        return None


def _fault(request: aiohttp.web.Request, told: dict[str, Any], more: dict[str, object]) -> str | None:
    """What is wrong with a request, if anything."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    for name, value in headers.items():
        if request.headers.get(name) != value:
            return f"{name} is {request.headers.get(name)!r}"
    wanted = {"model": "tts-1", "response_format": "pcm", **more}
    rest = {name: value for name, value in told.items() if name not in wanted}
    if {name: told.get(name) for name in wanted} != wanted or {*rest} - {"lang_code"} != {"voice", "input"}:
        return f"the body is {told}"
    if not (isinstance(rest["input"], str) and 0 < len(rest["input"]) <= 4_096):
        return f"the input is {rest['input']!r}"
    if rest["voice"] not in VOICES or rest.get("lang_code", "a") not in LANGUAGES:
        return f"the voice is {rest['voice']!r}"
    return None


def at_rate(speech: Speech) -> Speech:
    """At 24 kHz, quickly and well enough for speech."""
    heard = np.frombuffer(speech.pcm, "<i2")
    count = len(heard) * RATE // speech.rate
    pcm = np.interp(np.arange(count) * (speech.rate / RATE), np.arange(len(heard)), heard).astype("<i2").tobytes()
    words = tuple(replace(word, sample=word.sample * RATE // speech.rate) for word in speech.words)
    return Speech(pcm, RATE, words=words)


def stamps(text: str, speech: Speech) -> list[dict[str, Any]]:
    """Each word with its time in seconds, and signs as words of their own, as Kokoro's tokens are."""
    found: list[dict[str, Any]] = []
    rest = text
    for word in speech.words:
        before, _, rest = rest.partition(word.text)
        start = word.sample / speech.rate
        found += ({"word": sign, "start_time": start, "end_time": start} for sign in re.findall(r"[^\w\s]", before))
        found.append({"word": word.text, "start_time": start, "end_time": start + 0.05})
    return found


async def _body(speech: Speech, manner: Manner | int) -> bytes:
    match manner:
        case "wav":
            return wav(replace(speech, rate=22_050))
        case "half a wav":
            return wav(speech)[:2_000]
        case "streamed wav":
            body = wav(speech)
            return b"".join((body[:4], b"\xff" * 4, body[8:40], b"\xff" * 4, body[44:]))
        case "mp3":
            return await encoded(speech)
        case "silence":
            return bytes(len(speech.pcm))
        case "empty":
            return b""
        case "odd":
            return speech.pcm[:-1]
    return speech.pcm


def _refusal(status: int, told: object, headers: dict[str, str] | None = None) -> aiohttp.web.Response:
    return aiohttp.web.json_response({"error": told}, status=status, headers=headers)


@asynccontextmanager
async def server(
    manner: Callable[[], Manner | int] = lambda: "speech", *, has_captions: bool = False
) -> AsyncIterator[Server]:
    peer = Server(Espeak(slots=1), has_captions, manner)

    @aiohttp.web.middleware
    async def noted(request: aiohttp.web.Request, handler: Any) -> Any:
        peer.paths.append(request.path)
        return await handler(request)

    app = aiohttp.web.Application(middlewares=[noted])
    app.router.add_post("/v1/audio/speech", peer.speech)
    if has_captions:
        app.router.add_post("/dev/captioned_speech", peer.captions)
        app.router.add_get("/v1/audio/voices", peer.voices)
    async with TestServer(app) as served:
        peer.url = str(served.make_url("/"))
        yield peer
    await peer.espeak.close()


def settings(peer: Server, **changed: Any) -> OpenAISettings:
    """As an operator sets them: who lists no voices has them named."""
    told = {"openai_speech_url": peer.url, "openai_speech_api_key": KEY, "openai_speech_voice": "pm_alex"}
    if not peer.has_captions:
        told["openai_speech_voices"] = ", ".join(VOICES)
    return OpenAISettings(_env_file=None, **(told | changed))


@asynccontextmanager
async def opened(*, has_captions: bool) -> AsyncIterator[Engine]:
    async with server(has_captions=has_captions) as peer:
        engine = PlainText(OpenAI(settings(peer), pauses=lambda: repeat(0.0, 3)))
        yield engine
        await engine.close()
        assert peer.wrong == []


@asynccontextmanager
async def growing() -> AsyncIterator[tuple[Engine, Put]]:
    async with server(has_captions=True) as peer:
        engine = PlainText(OpenAI(settings(peer, openai_speech_voice=None)))
        names = list(VOICES)
        peer.listed = lambda: names

        async def put(name: str, _: int) -> None:
            names.append(name)
            names.sort()
            await engine.voices()

        yield engine, put
        await engine.close()


_kind = partial(Kind, chosen="openai", man="pm_alex", woman="pf_dora")
PLAIN = _kind("openai", partial(opened, has_captions=False))
CAPTIONED = _kind(
    "openai with captions",
    partial(opened, has_captions=True),
    tells_words=True,
    growing=Growing(growing, other="pm_zito", better="pf_ana", tells_replaced=False),
)
