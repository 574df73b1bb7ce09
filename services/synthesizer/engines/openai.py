"""Speech servers that answer as OpenAI's does: OpenAI itself, Kokoro-FastAPI, LocalAI and others.

https://platform.openai.com/docs/api-reference/audio/createSpeech, https://github.com/remsky/Kokoro-FastAPI
"""

import asyncio
import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Final

import structlog
from yarl import URL

from darkchannel.audio.wav import Speech
from darkchannel.errors import DarkChannelError, Permanent, Transient, Unavailable
from darkchannel.runtime import logs
from darkchannel.runtime.engines import Busy, NotSetUp, Repeated, Silent, Voice
from darkchannel.runtime.settings import read
from darkchannel.storage.port import ObjectStore
from services.synthesizer.engines import openai_voices
from services.synthesizer.engines.look import Look
from services.synthesizer.engines.openai_answers import captioned_speech_of, reason_of, speech_of
from services.synthesizer.engines.openai_settings import OpenAISettings
from services.synthesizer.engines.plain import PlainText
from services.synthesizer.engines.speech_server import FAILED, Answer, Pauses, SpeechServer, pauses
from services.synthesizer.engines.troubles import shown

Request = dict[str, str | bool]

log = structlog.get_logger(__name__)

OF_THE_KEY: Final = (401, 403)
OF_THE_TEXT: Final = (400, 413, 422)
THERE: Final = 405
"""Status by which a path that takes POST alone answers to GET."""


class OpenAI:
    name = "openai"
    rate: int | None = None
    is_costly = True
    most_segments: int | None = None
    limit = 4_096
    """https://platform.openai.com/docs/api-reference/audio/createSpeech#audio-createspeech-input"""

    def __init__(self, settings: OpenAISettings, *, pauses: Pauses = pauses) -> None:
        self.slots = settings.openai_speech_concurrency
        self._settings = settings
        self._key = settings.openai_speech_api_key.get_secret_value()
        self._headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._root = _root(settings.openai_speech_url) if settings.openai_speech_url else None
        self._server = SpeechServer(
            "OpenAI",
            timeout=settings.openai_speech_timeout_seconds,
            advice="see that the server of OPENAI_SPEECH_URL runs, or choose another engine",
            pauses=pauses,
        )
        self._voices: tuple[Voice, ...] | None = None
        """None until the server was asked."""
        self._has_captions: bool | None = None
        self._look = Look(self._listed)

    async def voices(self) -> Sequence[Voice]:
        await self._look.made()
        voices = self._voices or self._unlisted()
        return (Voice(self.name, openai_voices.languages(voices), "the usual voice of each language"), *voices)

    async def known(self, wanted: Sequence[Sequence[str]]) -> Collection[str]:
        """Also those that the settings name, while the server has told of none.

        It is asked again only for the sake of a voice that has none of its names among them. Raises Busy where it has
        told of none and says nothing: such a voice may be there.
        """
        if self._lacks(wanted) and (silence := await self._look.made()) and self._voices is None:
            raise silence.with_traceback(None)
        return self._names()

    async def revision(self, language: str, voice: str | None) -> str:
        root = self._at("")
        told = [shown(root), root.path, await self._request(language, voice)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    async def speaks(self, language: str) -> bool:
        voices = await self._all()
        return openai_voices.usual(voices, self._settings.openai_speech_voice, language) is not None

    async def say(self, text: str, language: str, voice: str | None) -> Speech:
        request = await self._request(language, voice) | {"input": text}
        try:
            captioned = await self._captioned(request, text)
        except Silent as error:
            speech = await self._spoken(request)
            if self._has_captions:
                log.warning("a speech server is asked for words no more", engine=self.name, reason=str(error))
            self._has_captions = False  # each text would wait as long, and it speaks
            return speech
        return captioned or await self._spoken(request)

    async def close(self) -> None:
        await self._look.close()
        await self._server.close()

    async def _request(self, language: str, voice: str | None) -> Request:
        """All but the text."""
        chosen = await self._chosen(language, voice)
        request: Request = {"model": self._settings.openai_speech_model, "voice": chosen, "response_format": "pcm"}
        if code := openai_voices.foreign(chosen, language):
            request["lang_code"] = code
        return request

    async def _spoken(self, request: Request) -> Speech:
        url = self._at("v1/audio/speech")
        answer = await self._post(url, request)
        self._check(answer)
        try:
            return await asyncio.to_thread(speech_of, answer.body, answer.content_type)
        except ValueError as error:
            raise Transient(f"OpenAI: the answer of {shown(url)} {error}") from error

    async def _captioned(self, request: Request, text: str) -> Speech | None:
        """Speech with its words; None where the server tells none, or not this time: it may speak without them.

        Raises Silent where it does not answer in time.
        """
        if not await self._tells_words():
            return None
        try:
            answer = await self._post(self._at("dev/captioned_speech"), request | {"stream": False}, repeats=False)
            if answer.ok:
                return await asyncio.to_thread(captioned_speech_of, answer.body, text)
            reason = f"HTTP {answer.status}"
        except Silent:
            raise
        except (DarkChannelError, ValueError) as error:
            reason = str(error)
        log.info("a speech server told no words", engine=self.name, reason=reason)
        return None

    async def _tells_words(self) -> bool:
        if self._has_captions is None:
            try:
                answer = await self._server.look("GET", self._at("dev/captioned_speech"), headers=self._headers)
            except Unavailable:  # the request for speech tells
                return False
            if answer:
                self._has_captions = answer.status == THERE
        return bool(self._has_captions)

    async def _post(self, url: URL, request: Request, *, repeats: bool = True) -> Answer:
        body = json.dumps(request).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        return await self._server.ask("POST", url, headers=headers, body=lambda: body, repeats=repeats)

    async def _all(self) -> tuple[Voice, ...]:
        """The voices that the server told of; where it says nothing, those that the settings name.

        Raises Busy where they name none.
        """
        if self._voices is None and (silence := await self._look.made()) and not self._named():
            raise silence.with_traceback(None)
        return self._voices or self._named()

    def _names(self) -> set[str]:
        return {self.name, *(voice.name for voice in self._voices or self._named())}

    def _lacks(self, wanted: Sequence[Sequence[str]]) -> bool:
        """Whether there is a voice among these of whose names none is known."""
        return any(map(self._names().isdisjoint, wanted))

    async def _listed(self) -> Unavailable | None:
        """Ask the server for its voices, for a few seconds; why it says nothing, None where it does."""
        answer = await self._server.look("GET", self._at("v1/audio/voices"), headers=self._headers)
        if answer is None:
            return Busy(f"OpenAI: {self._host} does not say in time which voices it has; it may be busy")
        self._voices = self._told(answer)
        return None

    def _told(self, answer: Answer) -> tuple[Voice, ...]:
        """The voices that a server lists, else those known before, else those that the settings name.

        Raises Unavailable for a refused key.
        """
        if answer.status in OF_THE_KEY:
            self._check(answer)
        names = openai_voices.listed(answer.body) if answer.ok else ()
        if not names and self._voices:
            return self._voices  # a proxy's page, say, in its place
        own = self._settings.openai_speech_voice
        extra = (own,) if own and own not in names else ()
        return tuple(map(openai_voices.voice, (*extra, *names))) if names else self._unlisted()

    def _unlisted(self) -> tuple[Voice, ...]:
        return self._named() or (openai_voices.voice(openai_voices.OPENAI_VOICES[0]),)

    def _named(self) -> tuple[Voice, ...]:
        """By the settings, OpenAI's own where it is the server."""
        settings = self._settings
        others = openai_voices.OPENAI_VOICES if self._root and self._root.host == openai_voices.OPENAI else ()
        own = settings.openai_speech_voice
        names = dict.fromkeys((*((own,) if own else ()), *(settings.openai_speech_voices or others)))
        return tuple(map(openai_voices.voice, names))

    async def _chosen(self, language: str, voice: str | None) -> str:
        if voice and voice != self.name:
            if voice in self._names():
                return voice
            raise Permanent(
                f"OpenAI: {self._host} has no voice '{voice}': choose one that `darkchannel voices` lists;"
                " OPENAI_SPEECH_VOICES names those of a server that lists none"
            )
        usual = openai_voices.usual(await self._all(), self._settings.openai_speech_voice, language)
        if usual is None:
            raise Permanent(f"OpenAI: {self._host} has no voice for '{language}': name one, or choose another engine")
        return usual.name

    def _check(self, answer: Answer) -> None:
        """Raises where this is no speech by its status, as ``Engine.speak`` does."""
        if answer.ok:
            return
        what = f"OpenAI: {self._host} answers HTTP {answer.status}"
        if answer.status in OF_THE_KEY:  # and what it says may quote the key
            has_password = self._root is not None and self._root.user is not None
            key = "the password in OPENAI_SPEECH_URL" if has_password else "OPENAI_SPEECH_API_KEY"
            raise Unavailable(f"{what}: it does not take {key}, or there is none")
        if reason := reason_of(answer.body, self._key):
            what = f"{what} ({reason})"
        if answer.status in OF_THE_TEXT:
            raise Permanent(f"{what}: it cannot speak this text, or not with this voice; see OPENAI_SPEECH_MODEL")
        if answer.status == FAILED:
            raise Repeated(f"{what}, perhaps to this text alone; its log says more")
        raise Unavailable(f"{what}; see OPENAI_SPEECH_URL and OPENAI_SPEECH_MODEL")

    @property
    def _host(self) -> str:
        return shown(self._at(""))

    def _at(self, path: str) -> URL:
        if self._root is None:
            raise NotSetUp(
                "OpenAI is not set up: have OPENAI_SPEECH_URL name a server, as in http://kokoro:8880 or"
                " https://api.openai.com, which wants OPENAI_SPEECH_API_KEY, too"
            )
        return self._root / path


def _root(address: str) -> URL:
    """The address without ``/v1``."""
    url = URL(address.rstrip("/"))
    return url.parent if url.name == "v1" else url


def engine(_: ObjectStore) -> PlainText:
    settings = read(OpenAISettings)
    logs.hide(settings)
    return PlainText(OpenAI(settings))
