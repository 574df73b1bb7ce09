"""OpenVoice beside a server on loopback, which listens to the recordings that it is to imitate."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Literal

import aiohttp.web
from aiohttp.test_utils import TestServer

from darkchannel import keys
from darkchannel.audio.wav import BYTES_PER_SAMPLE, Speech
from darkchannel.runtime.engines import Engine
from darkchannel.storage.memory import MemoryStore
from darkchannel.storage.port import ObjectStore
from services.synthesizer.engines.answers import of_mp3, of_wav
from services.synthesizer.engines.espeak import Espeak
from services.synthesizer.engines.openvoice import OpenVoice
from services.synthesizer.engines.openvoice_settings import OpenVoiceSettings
from services.synthesizer.engines.plain import PlainText
from tests.contract.engines.bare import spoken
from tests.contract.engines.kind import Growing, Kind, Put
from tests.contract.hearing import pitch

ACCENTS = {"pt-br": "pt-BR", "en-us": "en-US", "en-newest": "en-US", "fr": "fr"}
HIGH = 150
"""Hertz from which on a recording is of a woman."""

Manner = Literal["speech", "silence", "empty", "half", "endless", "stereo", "cut", "html", "slow", "reset"]


@dataclass
class Server:
    """What it was asked, and how it is to answer."""

    espeak: Espeak
    manner: Callable[[], Manner | int] = lambda: "speech"
    """A number: an HTTP status."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of an answer by status."""
    asked: list[dict[str, str]] = field(default_factory=list)
    resources: dict[str, str] = field(default_factory=dict)
    """What recordings sound like, by file name; a voice is looked for by the start of it."""
    of_uploads: Callable[[], Manner | int] = lambda: "speech"
    uploads: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Why it refused what it refused."""
    url: str = ""
    at_once: int = 0
    most_at_once: int = 0

    async def base(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        if not request.query:  # a look
            return await self._otherwise(request, self.manner()) or _refusal(422, "text: field required")
        return await self._speak(request, {"text", "accent", "speed"})

    async def synthesize(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        return await self._speak(request, {"text", "voice", "accent", "speed"})

    async def upload(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        if answer := await self._otherwise(request, self.of_uploads()):
            return answer
        form = await request.post()
        label, file = form.get("audio_file_label"), form.get("file")
        if len(form) != 2 or not isinstance(label, str) or not isinstance(file, aiohttp.web.FileField):
            return self._refuse(f"the form has {sorted(form)}")
        ending = file.filename.rpartition(".")[2]
        if ending not in ("wav", "mp3", "flac", "ogg"):
            return aiohttp.web.json_response({"error": "Only wav, mp3, flac and ogg"})
        content = file.file.read()
        if len(content) > 5 << 20:
            return aiohttp.web.json_response({"error": "Too large"})
        try:
            recording = of_wav(content) if ending == "wav" else await of_mp3(content)
        except ValueError:
            return aiohttp.web.json_response({"error": "This is no audio"})
        self.uploads.append(f"{label}.{ending}")
        self.resources[f"{label}.{ending}"] = "pt-br+f3" if pitch(recording) > HIGH else "pt-br"
        return aiohttp.web.json_response({"message": "uploaded"})

    async def _speak(self, request: aiohttp.web.Request, names: set[str]) -> aiohttp.web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            told = dict(request.query)
            if {*told} != names or len(request.query) != len(names):
                return self._refuse(f"the query has {sorted(request.query)}")
            if not 0 < len(told["text"]) <= 400 or float(told["speed"]) != 1:
                return self._refuse(f"the query is {told}")
            self.asked.append(told)
            manner = self.manner()
            return await self._otherwise(request, manner) or await self._answer(told, manner)
        finally:
            self.at_once -= 1

    async def _answer(self, told: dict[str, str], manner: Manner | int) -> aiohttp.web.StreamResponse:
        if told["accent"] not in ACCENTS:
            return aiohttp.web.Response(status=500, text="Internal Server Error")
        voice = None
        if "voice" in told:
            found = [name for name in self.resources if name.startswith(told["voice"])]
            if not found:
                return _refusal(500, "400: No such voice")
            voice = self.resources[found[0]]
        speech = await spoken(self.espeak, told["text"], ACCENTS[told["accent"]], voice)
        return aiohttp.web.Response(body=_body(speech, manner), content_type="audio/wav")

    async def _otherwise(self, request: aiohttp.web.Request, manner: Manner | int) -> aiohttp.web.StreamResponse | None:
        """An answer that is none, if it is to be one."""
        match manner:
            case int():
                return aiohttp.web.json_response({"detail": "as it was told to"}, status=manner, headers=self.headers)
            case "slow":
                await asyncio.Event().wait()  # until the client has had enough
            case "reset":
                assert request.transport
                request.transport.abort()
            case "html":
                return aiohttp.web.Response(text="<html>Bem-vindo ao nginx!", content_type="text/html")
            case "cut":
                response = aiohttp.web.StreamResponse(headers={"Content-Length": "1000"})
                await response.prepare(request)
                await response.write(b"RIFF")
                assert request.transport
                request.transport.close()
                return response
        return None

    def _refuse(self, fault: str) -> aiohttp.web.Response:
        self.wrong.append(fault)
        return _refusal(422, fault)


def _refusal(status: int, detail: str) -> aiohttp.web.Response:
    return aiohttp.web.json_response({"detail": detail}, status=status)


def _body(speech: Speech, manner: Manner | int) -> bytes:
    if manner == "silence":
        return wav(Speech(bytes(len(speech.pcm)), speech.rate))
    if manner == "empty":
        return wav(Speech(b"", speech.rate))
    body = wav(speech, channels=2 if manner == "stereo" else 1)
    if manner == "half":
        return body[: len(body) // 2]
    return b"".join((body[:4], b"\xff" * 4, body[8:40], b"\xff" * 4, body[44:])) if manner == "endless" else body


def wav(speech: Speech, *, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((channels, BYTES_PER_SAMPLE, speech.rate, 0, "NONE", ""))
        written.writeframes(speech.pcm * channels)
    return file.getvalue()


@asynccontextmanager
async def server(manner: Callable[[], Manner | int] = lambda: "speech") -> AsyncIterator[Server]:
    peer = Server(Espeak(slots=1), manner)
    app = aiohttp.web.Application(client_max_size=8 << 20)
    app.router.add_get("/base_tts/", peer.base)
    app.router.add_get("/synthesize_speech/", peer.synthesize)
    app.router.add_post("/upload_audio/", peer.upload)
    async with TestServer(app) as served:
        peer.url = str(served.make_url(""))
        yield peer
    await peer.espeak.close()


async def put_recordings(store: ObjectStore, espeak: Espeak) -> None:
    """Of a man and a woman, where voices are kept."""
    for name, voice in (("rui", "pt-br"), ("eva", "pt-br+f3")):
        recording = await spoken(espeak, "Bom dia, sou eu.", "pt-BR", voice)
        await store.put(keys.REFS, f"{keys.VOICES}{name}.wav", wav(recording))


def settings(peer: Server, **changed: Any) -> OpenVoiceSettings:
    """As an operator sets them, who has a server with an accent of Brazil."""
    told = {"openvoice_url": peer.url, "openvoice_accents": "pt=pt-br"} | changed
    return OpenVoiceSettings(_env_file=None, **told)


@asynccontextmanager
async def growing() -> AsyncIterator[tuple[Engine, Put]]:
    async with server() as peer:
        store = MemoryStore()

        async def put(name: str, number: int) -> None:
            await store.put(keys.REFS, f"{keys.VOICES}{name}.wav", wav(Speech(bytes(2 * number), 22_050)))

        await put_recordings(store, peer.espeak)
        engine = PlainText(OpenVoice(store, settings(peer), pauses=lambda: repeat(0.0, 3)))
        yield engine, put
        await engine.close()
        assert peer.wrong == []


@asynccontextmanager
async def opened() -> AsyncIterator[Engine]:
    async with growing() as (engine, _):
        yield engine


KIND = Kind("openvoice", opened, chosen="openvoice", man="rui", woman="eva", growing=Growing(growing, other="ruiva"))
