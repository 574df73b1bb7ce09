"""What a speech server answers as OpenAI's does: samples without a header, and where it can the times of the words.

All but ``reason_of`` raise ValueError for what is no speech, in words that follow «the answer».
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Final
from xml.sax.saxutils import escape

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from darkchannel.audio import mp3
from darkchannel.audio.wav import BYTES_PER_SAMPLE, Speech, Word
from darkchannel.runtime import logs
from darkchannel.speech.expected import excerpt
from services.synthesizer.engines.answers import kind, of_wav
from services.synthesizer.engines.espeak_words import words

RATE: Final = 24_000
"""In hertz, of samples that come without a header: https://platform.openai.com/docs/guides/text-to-speech"""
FILES: Final = {b"ID3": "an MP3 file", b"OggS": "an Ogg file", b"fLaC": "a FLAC file"}
"""By how they begin. Samples are told from them by nothing else."""
TEXTS: Final = ("json", "xml", "html")
"""How a Content-Type ends that is no speech, besides all of ``text/``."""
LATE_SECONDS: Final = 0.1
"""By which the time of a word may miss its speech: more, and speech is missing."""
NEAR: Final = 60
"""Characters in which the next word is looked for that stands in the text as it was heard."""

_BRACKETS = {"[": "&#91;"}
_MP3_FRAMES = 3
_TEXT_BYTES = 16
_WORD = re.compile(r"\w")
_SIGNS = re.compile(r"^\W+|\W+$")


def speech_of(body: bytes, content_type: str = "") -> Speech:
    """16-bit mono samples, or a WAV file of them: LocalAI sends one whatever is asked for."""
    if body.startswith(b"RIFF"):
        return of_wav(body)
    if other := _other(body):
        raise ValueError(f"is {other} where samples were asked for")
    if content_type.startswith("text/") or content_type.endswith(TEXTS):
        raise ValueError("is text by its Content-Type where samples were asked for")
    if len(body) % BYTES_PER_SAMPLE:
        raise ValueError(f"breaks off within a sample, after {len(body)} bytes")
    return Speech(body, RATE)


def _other(body: bytes) -> str | None:
    """What it is, if not samples: no eight of them at the start of speech read as text."""
    start = body[:_TEXT_BYTES].removeprefix(b"\xef\xbb\xbf")
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in start):
        return kind(body)
    named = (name for head, name in FILES.items() if body.startswith(head))
    return next(named, "an MP3 file" if _is_mp3(body) else None)


def _is_mp3(body: bytes) -> bool:
    try:
        return len(mp3.edges(body, _MP3_FRAMES)) > _MP3_FRAMES
    except ValueError:
        return False


class Stamp(BaseModel):
    """When a word, a part of one or a sign is heard."""

    model_config = ConfigDict(allow_inf_nan=False)

    word: str
    start_time: Annotated[float, Field(ge=0)]
    """In seconds."""


class Captioned(BaseModel):
    """https://github.com/remsky/Kokoro-FastAPI/blob/master/api/src/structures/schemas.py"""

    audio: Base64Bytes
    timestamps: tuple[Stamp, ...] | None = None
    """None for languages of which some versions know no times."""


def captioned_speech_of(body: bytes, text: str) -> Speech:
    """Speech with the words of the text, in its spelling; without words where the server knows no times."""
    try:
        told = Captioned.model_validate_json(body)
    except ValidationError:
        raise ValueError(f"is no speech with captions but {kind(body)}") from None
    speech, stamps = speech_of(told.audio), told.timestamps or ()
    seconds = len(speech.pcm) / BYTES_PER_SAMPLE / speech.rate
    if any(_WORD.search(stamp.word) and stamp.start_time > seconds + LATE_SECONDS for stamp in stamps):
        raise ValueError(f"tells of words after its end, at {seconds:.1f} s")
    return replace(speech, words=tuple(_words(text, stamps, speech)))


def _words(text: str, stamps: Iterable[Stamp], speech: Speech) -> Iterator[Word]:
    """In their order, each after the one before; a word that was not told shares the time of the one before."""
    samples = len(speech.pcm) // BYTES_PER_SAMPLE
    events = [(at, min(round(stamp.start_time * speech.rate), samples)) for at, stamp in _found(text, stamps)]
    if not events:
        return
    # Nobody may know when the first word begins: then it is as early as can be.
    events = [(0, 0), *events] if _WORD.search(text, 0, events[0][0]) else events
    escaped = [(len(escape(text[:at], _BRACKETS)) + 1, sample) for at, sample in events]
    last = -1
    for sample, word in words(escape(text, _BRACKETS), escaped, samples, speech.rate):
        if last < sample < samples:
            yield Word(sample, word)
            last = sample


def _found(text: str, stamps: Iterable[Stamp]) -> Iterator[tuple[int, Stamp]]:
    """The character of the text at which each begins that stands in it; servers write out and leave out some."""
    text = text.replace("’", "'")
    at = 0
    for stamp in stamps:
        word = re.escape(_SIGNS.sub("", stamp.word.replace("’", "'")))
        begins = _WORD.search(text, at)
        if not word or not begins:
            continue
        # What comes next may be a part of a word only; what comes later must be a whole one.
        here, later = (re.compile(pattern, re.IGNORECASE) for pattern in (word, rf"\b{word}\b"))
        first = begins.start()
        if match := here.match(text, first) or later.search(text, first, first + NEAR):
            yield match.start(), stamp
            at = match.end()


def reason_of(body: bytes, key: str) -> str:
    """What a server says of an error, cut short and without the key; empty where it says nothing.

    OpenAI: ``{"error": {"message"}}``, Kokoro-FastAPI: ``{"detail": {"message"}}``, others a text in their place.
    """
    try:
        told = json.loads(body)
        told = told.get("error") or told.get("detail")
        told = told["message"] if isinstance(told, dict) else told
    except (ValueError, LookupError, AttributeError, RecursionError):
        return ""
    if not isinstance(told, str):
        return ""
    return excerpt(told.replace(key, logs.HIDDEN) if key else told)
