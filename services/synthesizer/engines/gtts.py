"""Google Translate's voice, by the requests that the ``gtts`` library makes.

The library would send them with the server's certificate unchecked, and hold a thread for each; so they are sent
here, checked, and the answer is read here, too. Nobody but Google's own page is promised this service: it may refuse
or change at any time. https://gtts.readthedocs.io/en/latest/
"""

import asyncio
import base64
import json
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from typing import Final

from gtts import gTTS
from gtts.lang import tts_langs
from pydantic import Field
from pydantic_settings import BaseSettings
from yarl import URL

from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Transient, Unavailable
from darkchannel.runtime.engines import Repeated, Voice
from darkchannel.runtime.settings import FROM_ENVIRONMENT, read
from darkchannel.speech.expected import excerpt
from darkchannel.storage.port import ObjectStore
from services.synthesizer.engines.answers import kind, of_mp3
from services.synthesizer.engines.plain import PlainText
from services.synthesizer.engines.speech_server import FAILED, Answer, Pauses, SpeechServer, pauses
from services.synthesizer.engines.troubles import shown

PLACES: Final[Mapping[str, str]] = {
    "pt-BR": "com.br",
    "pt-PT": "pt",
    "en-US": "com",
    "en-GB": "co.uk",
    "en-AU": "com.au",
    "en-CA": "ca",
    "en-IE": "ie",
    "en-IN": "co.in",
    "en-ZA": "co.za",
    "es-ES": "es",
    "es-MX": "com.mx",
    "fr-FR": "fr",
    "fr-CA": "ca",
}
"""The domain whose translate.google speaks with the accent of a place, by BCP 47 tag.

https://gtts.readthedocs.io/en/latest/module.html#localized-accents
"""
ELSEWHERE: Final = "com"
OTHER_NAMES: Final[Mapping[str, str]] = {"fil": "tl", "he": "iw", "jv": "jw", "nb": "no"}
"""How Google calls languages that BCP 47 calls otherwise."""


class GttsSettings(BaseSettings):
    model_config = FROM_ENVIRONMENT

    gtts_requests_per_minute: float = Field(60.0, gt=0, le=100_000)
    """Of 100 characters each. Google tells no limit; beyond its own it refuses an address for hours."""
    gtts_timeout_seconds: float = Field(15.0, gt=0, le=120)
    """For one request."""


class Gtts:
    """One request after the other, however many segments wait: Google refuses who hurries."""

    name = "gtts"
    slots = 1
    rate: int | None = None
    is_costly = True
    most_segments: int | None = 50
    """Some 1,000 requests; a whole book of them would end in a refusal."""
    limit = 100

    def __init__(self, settings: GttsSettings, *, pauses: Pauses = pauses) -> None:
        self._pace = Pace(60 / settings.gtts_requests_per_minute)
        self._turn = asyncio.Lock()
        self._server = SpeechServer(
            "gTTS",
            timeout=settings.gtts_timeout_seconds,
            advice="see that the network lets it through, lower GTTS_REQUESTS_PER_MINUTE or choose another engine",
            pauses=pauses,
            by_proxy=True,
        )
        self.close = self._server.close

    async def voices(self) -> Sequence[Voice]:
        """Google is looked up, and told nothing."""
        await self._server.look("HEAD", _url(ELSEWHERE, ""))
        places = (Voice(_name(tag), (tag,), f"as on translate.google.{PLACES[tag]}") for tag in PLACES)
        return (*places, Voice(self.name, tuple(tts_langs()), "the usual voice of each language"))

    async def known(self, _wanted: Sequence[Sequence[str]]) -> Collection[str]:
        return {self.name, *_DOMAINS}

    async def revision(self, _language: str, _voice: str | None) -> str:
        return version("gtts")

    async def speaks(self, language: str) -> bool:
        return _code(language) is not None

    async def say(self, text: str, language: str, voice: str | None) -> Speech:
        code = _code(language)
        if code is None:
            raise Permanent(
                f"gTTS: Google Translate speaks no '{language}': change the option language, or choose another engine"
            )
        if voice not in (None, self.name) and voice not in _DOMAINS:
            raise Permanent(f"gTTS has no voice '{voice}': choose from {', '.join((self.name, *_DOMAINS))}")
        domain = _DOMAINS.get(voice or "") or _DOMAINS.get(_name(language), ELSEWHERE)
        url = _url(domain, "_/TranslateWebserverUi/data/batchexecute")
        request = _request(text, code)
        async with self._turn:
            await asyncio.sleep(self._pace.wait(asyncio.get_running_loop().time()))
            answer = await self._server.ask("POST", url, headers=gTTS.GOOGLE_TTS_HEADERS, body=lambda: request)
        _check(answer, url)
        try:
            return await of_mp3(_mp3(answer.body, code))
        except ValueError as error:
            raise Transient(f"gTTS: the answer of {shown(url)} {error}") from error


class Pace:
    """No two starts closer together than the interval, in seconds."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._next = 0.0

    def wait(self, now: float) -> float:
        """Seconds from now, by any steady clock, until the next start, which then counts as made."""
        start = max(now, self._next)
        self._next = start + self._interval
        return start - now


def _name(tag: str) -> str:
    return f"gtts-{tag.lower()}"


_DOMAINS: Final = {_name(tag): domain for tag, domain in PLACES.items()}
"""By voice."""
_CODES: Final[Mapping[str, str]] = {code.lower(): code for code in tts_langs()} | {**OTHER_NAMES}
"""How Google calls a language, by BCP 47 tag in lower case."""


def _code(language: str) -> str | None:
    """How Google calls a language, without the place where the domain tells it; None where it does not speak it."""
    tag = language.lower()
    primary = tag.partition("-")[0]
    return (None if _name(tag) in _DOMAINS else _CODES.get(tag)) or _CODES.get(primary)


def _url(domain: str, path: str) -> URL:
    return URL(f"https://translate.google.{domain}/{path}")


def _request(text: str, code: str) -> bytes:
    """The words as they are: what may be read otherwise was written out long before. Raises Permanent for no words."""
    try:
        [body] = gTTS(text, lang=code, lang_check=False, pre_processor_funcs=[]).get_bodies()
    except (AssertionError, ValueError):
        raise Permanent(f"gTTS finds nothing to speak in «{excerpt(text)}»") from None
    return str(body).encode()


def _check(answer: Answer, url: URL) -> None:
    if answer.status in range(300, 400):
        raise Unavailable(
            f"gTTS: {shown(url)} asks whether this is a person (HTTP {answer.status}), as it does after many requests;"
            " lower GTTS_REQUESTS_PER_MINUTE, or choose another engine for some hours"
        )
    if answer.status == FAILED:
        raise Repeated(f"gTTS: {shown(url)} fails (HTTP {answer.status}), perhaps at this text alone")
    if answer.status > FAILED:
        raise Unavailable(f"gTTS: {shown(url)} fails (HTTP {answer.status}); choose another engine meanwhile")
    if not answer.ok:
        raise Unavailable(
            f"gTTS: {shown(url)} refuses the request (HTTP {answer.status}); see whether there is a newer gtts"
        )


def _mp3(body: bytes, code: str) -> bytes:
    """The speech in an answer to ``batchexecute``: a guard line, then rows of JSON, the rows' own values JSON again.

    Raises Permanent where Google has no speech for this language, ValueError where this is no such answer.
    """
    try:
        rows, _ = json.JSONDecoder().raw_decode(body[body.index(b"[") :].decode())
        [told] = [row[2] for row in rows if row[:2] == ["wrb.fr", gTTS.GOOGLE_TTS_RPC]]
        audio = json.loads(told)[0] if told else None
        speech = None if audio is None else base64.b64decode(audio, validate=True)
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ValueError(f"is no speech but {kind(body)}") from None
    if speech is None:
        raise Permanent(f"gTTS: Google Translate has no speech for these words in '{code}': choose another engine")
    return speech


def engine(_: ObjectStore) -> PlainText:
    return PlainText(Gtts(read(GttsSettings)))
