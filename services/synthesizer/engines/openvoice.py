"""An OpenVoice server: it speaks as its own speaker does, or imitates a recording.

Its interface is that of https://github.com/ValyrianTech/OpenVoice_server (V2). That server writes all speech of one
accent to one file and streams it from there, so that two requests at once may come back mixed up: one at a time,
unless the operator knows better.
"""

import asyncio
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from darkchannel import keys
from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Transient, Unavailable
from darkchannel.runtime import logs
from darkchannel.runtime.engines import NotSetUp, Silent, Voice
from darkchannel.runtime.settings import read
from darkchannel.speech.expected import excerpt
from darkchannel.storage.port import ObjectStore
from services.synthesizer.engines.answers import of_wav
from services.synthesizer.engines.openvoice_settings import ACCENTS, OpenVoiceSettings
from services.synthesizer.engines.plain import PlainText
from services.synthesizer.engines.speech_server import Answer, Pauses, SpeechServer, pauses
from services.synthesizer.engines.stored import reading
from services.synthesizer.engines.troubles import shown

KEPT: Final = "the recordings of OpenVoice's voices"
RECORDINGS: Final = ("wav", "mp3")
MOST_RECORDING: Final = 5 << 20
"""Bytes of a recording; the server refuses a larger one."""
FORGOTTEN: Final = (400, 404, 500)
"""By one of these it answers for a voice that it does not have, depending on its version; 500 stands for much else."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Of a voice that is to be imitated."""

    key: str
    etag: str

    @property
    def label(self) -> str:
        """Under which the server has it: no label starts another, which it would take for the same."""
        return f"darkchannel-{hashlib.sha256(f'{self.key} {self.etag}'.encode()).hexdigest()[:32]}"


class OpenVoice:
    name = "openvoice"
    rate: int | None = None
    is_costly = True
    most_segments: int | None = None
    limit = 400

    def __init__(self, store: ObjectStore, settings: OpenVoiceSettings, *, pauses: Pauses = pauses) -> None:
        self.slots = settings.openvoice_concurrency
        self._store = store
        self._url = URL(settings.openvoice_url) if settings.openvoice_url else None
        accents = {**ACCENTS, **settings.openvoice_accents}
        self._languages = tuple(accents)
        self._accents = {language.lower(): accent for language, accent in accents.items()}
        self._server = SpeechServer(
            "OpenVoice",
            timeout=settings.openvoice_timeout_seconds,
            advice="see that the server of OPENVOICE_URL runs, or choose another engine",
            final=(500,),
            pauses=pauses,
        )
        self._bringing = asyncio.Lock()
        self._brought: set[str] = set()
        """Labels of recordings that the server has got."""
        self._found: Mapping[str, Recording] = {}
        """By voice, as the last look found them."""
        self.close = self._server.close

    async def voices(self) -> Sequence[Voice]:
        url = self._at("base_tts/")
        answer = await self._server.look("GET", url)
        if answer and answer.status == 404:
            raise Unavailable(f"OpenVoice: {shown(url)} has no {url.path}; see OPENVOICE_URL")
        own = Voice(self.name, self._languages, "the speaker of the server")
        await self._look()
        found = self._found.items()
        return (own, *(Voice(name, self._languages, f"as in {keys.REFS}/{it.key}") for name, it in found))

    async def known(self, wanted: Sequence[Sequence[str]]) -> Collection[str]:
        self._at("")
        if wanted:
            await self._look()
        return {self.name, *self._found}

    async def revision(self, language: str, voice: str | None) -> str:
        """Of the server nothing is known but where it is; of a voice, what its recording is."""
        server = shown(self._at(""))
        accent, recording = self._chosen(language, voice)
        told = json.dumps([server, accent, recording and recording.label])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    async def speaks(self, language: str) -> bool:
        return self._accent(language) is not None

    async def say(self, text: str, language: str, voice: str | None) -> Speech:
        return await self._spoken(text, *self._chosen(language, voice))

    def _chosen(self, language: str, voice: str | None) -> tuple[str, Recording | None]:
        """The accent of a language, and what is to be imitated. Raises Permanent where there is no such thing."""
        accent = self._accent(language)
        if accent is None:
            raise Permanent(
                f"OpenVoice has no accent for '{language}': where its server has one, name it in OPENVOICE_ACCENTS,"
                f" as in {language}=ACCENT; else choose another engine"
            )
        recording = None
        if voice and voice != self.name:
            recording = self._found.get(voice)
            if recording is None:
                raise Permanent(
                    f"OpenVoice has no voice '{voice}': put a recording of it into {keys.REFS}/{keys.VOICES}, as"
                    f" NAME.{RECORDINGS[0]}, or choose one that `darkchannel voices` lists"
                )
        return accent, recording

    async def _spoken(self, text: str, accent: str, recording: Recording | None) -> Speech:
        manner = {"text": text, "accent": accent, "speed": "1.0"}
        if recording is None:
            url = self._at("base_tts/")
            answer = await self._server.ask("GET", url % manner)
        else:
            url = self._at("synthesize_speech/")
            new = await self._bring(recording)
            answer = await self._server.ask("GET", url % {**manner, "voice": recording.label})
            if answer.status in FORGOTTEN and not new:  # it may have been started anew since
                self._brought.discard(recording.label)
                await self._bring(recording)
                answer = await self._server.ask("GET", url % {**manner, "voice": recording.label})
        _check(answer, url)
        try:
            return of_wav(answer.body)
        except ValueError as error:
            raise Transient(f"OpenVoice: the answer of {shown(url)} {error}") from error

    async def _bring(self, recording: Recording) -> bool:
        """Have the server get a recording that it has not got; whether it was brought now."""
        async with self._bringing:
            if recording.label in self._brought:
                return False
            with reading(KEPT):
                there = await self._store.get(keys.REFS, recording.key, first=MOST_RECORDING + 1)
            if there is None:
                raise Transient(f"OpenVoice: {keys.REFS}/{recording.key} was taken away meanwhile")
            if len(there.body) > MOST_RECORDING:
                raise Permanent(
                    f"OpenVoice takes no recording of more than {MOST_RECORDING >> 20} MiB: shorten"
                    f" {keys.REFS}/{recording.key}, a minute of speech is plenty"
                )

            def form() -> aiohttp.FormData:
                made = aiohttp.FormData({"audio_file_label": recording.label})
                made.add_field("file", there.body, filename=f"{recording.label}.{keys.extension(recording.key)}")
                return made

            url = self._at("upload_audio/")
            try:
                answer = await self._server.ask("POST", url, body=form)
            except Silent as error:  # of no text
                raise Unavailable(str(error)) from error
            _check(answer, url)
            if refusal := _told(answer, "error"):  # with status 200, too
                raise Permanent(f"OpenVoice does not take {keys.REFS}/{recording.key}: {refusal}")
            self._brought.add(recording.label)
            return True

    async def _look(self) -> None:
        """See which recordings there are; of two with one name the first in the order of keys counts."""
        found: dict[str, Recording] = {}
        with reading(KEPT):
            async for info in self._store.list(keys.REFS, keys.VOICES):
                stem, _, _ = info.key.removeprefix(keys.VOICES).rpartition(".")
                voice = " ".join(stem.split())  # as a text can name it
                if voice and "/" not in voice and voice[0] != "." and keys.extension(info.key) in RECORDINGS:
                    found.setdefault(voice, Recording(info.key, info.etag))
        self._found = found

    def _accent(self, language: str) -> str | None:
        tag = language.lower()
        return self._accents.get(tag) or self._accents.get(tag.partition("-")[0])

    def _at(self, path: str) -> URL:
        if self._url is None:
            raise NotSetUp("OpenVoice is not set up: have OPENVOICE_URL name its server, as in http://openvoice:8000")
        return self._url / path


def _check(answer: Answer, url: URL) -> None:
    """Raises where this is no speech by its status, as ``Engine.speak`` does."""
    if answer.ok:
        return
    told = _told(answer, "detail")
    what = f"OpenVoice: {shown(url)} answers HTTP {answer.status} to {url.path}{f' ({told})' if told else ''}"
    if answer.status == 500:
        raise Transient(f"{what}; its log says more")
    if answer.status in (400, 422):
        raise Permanent(f"{what}: it cannot speak this text, or not in this accent; see OPENVOICE_ACCENTS")
    raise Unavailable(f"{what}; see OPENVOICE_URL")


def _told(answer: Answer, name: str) -> str:
    """A sentence for people in an answer, cut short; empty where there is none."""
    try:
        told = json.loads(answer.body)[name]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return excerpt(told) if isinstance(told, str) else ""


def engine(store: ObjectStore) -> PlainText:
    settings = read(OpenVoiceSettings)
    logs.hide(settings)
    return PlainText(OpenVoice(store, settings))
