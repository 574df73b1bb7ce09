"""Narration for programs: a text becomes an audio file, by the same pipeline that makes audiobooks.

The pipeline runs in a process of its own, which the first call starts and which ends with the program; calls may run
at the same time. Jobs live in a private folder that ends with it too; voices, pronunciations and the cache of speech
are those of ``DARKCHANNEL_FOLDER``.
"""

import asyncio
from pathlib import Path
from typing import Final, TypedDict

from darkchannel.errors import Refused
from darkchannel.jobs.options import resolve
from darkchannel.narration.process import Ended, Request, ask
from darkchannel.runtime.background import begin

FORMATS: Final = {".mp3": "mp3", ".m4b": "m4b", ".m4a": "m4b", ".opus": "opus", ".ogg": "opus", ".flac": "flac"}
"""What is made, by the extension of the output file."""
MOST_CHARACTERS: Final = 1_000_000


class Narration(TypedDict):
    """What became of a text."""

    success: bool
    audio_path: str | None
    """Absolute; None where nothing was made."""
    duration: float | None
    """In seconds."""
    cached: bool
    """Whether all of it had been spoken before."""
    error: str | None


async def generate_narration(
    text: str, output_path: str | Path, voice: str | None = None, provider: str | None = "auto"
) -> Narration:
    """Narrate a text, or SSML, into a file; its extension chooses the format: mp3, m4b, opus or flac.

    ``voice`` and ``provider`` are the options ``voice`` and ``engine`` of a job; `darkchannel voices` lists what there
    is. Never raises for a text, a voice or an engine that cannot be had: ``success`` is False and ``error`` says why.
    """
    return await asyncio.wrap_future(begin(_narration(text, Path(output_path), voice, provider or "auto")))


def generate_narration_sync(
    text: str, output_path: str | Path, voice: str | None = None, provider: str | None = "auto"
) -> Narration:
    """As ``generate_narration``; blocks this thread meanwhile."""
    return begin(_narration(text, Path(output_path), voice, provider or "auto")).result()


async def _narration(text: str, output: Path, voice: str | None, provider: str) -> Narration:
    words: tuple[object, ...] = (text, voice or "", provider)
    if not all(isinstance(word, str) for word in words):
        return _failed("text, voice and provider are strings")
    try:
        path = await asyncio.to_thread(lambda: output.expanduser().resolve())
    except (OSError, ValueError, RuntimeError) as error:
        return _failed(f"{str(output)!r} is no path: {error}")
    options = {"engine": provider, "formats": FORMATS.get(path.suffix.lower(), ""), "title": path.stem[:500]}
    if voice:
        options["voice"] = voice
    if wrong := await asyncio.to_thread(_wrong, text, path, options):
        return _failed(wrong)
    try:
        answer = await ask(Request(text=text, path=str(path), options=options))
    except (Ended, OSError) as error:
        return _failed(str(error))
    if answer.error is not None:
        return _failed(answer.error)
    return Narration(success=True, audio_path=str(path), duration=answer.duration, cached=answer.cached, error=None)


def _wrong(text: str, path: Path, options: dict[str, str]) -> str | None:
    """Why no job is begun."""
    if not text.strip():
        return "there is no text to narrate"
    if len(text) > MOST_CHARACTERS:
        return f"{len(text):,} characters are more than {MOST_CHARACTERS:,}: narrate a file with `darkchannel narrate`"
    if not options["formats"]:
        return f"{path.name} is of no format that can be made: end its name in {', '.join(FORMATS)}"
    try:
        if path.is_dir() or not path.parent.is_dir():
            return f"{path} is a folder, or is in none: name a file in a folder that is there"
        text.encode()
        resolve(options)
    except (Refused, UnicodeEncodeError, OSError) as error:
        return str(error)
    return None


def _failed(why: str) -> Narration:
    return Narration(success=False, audio_path=None, duration=None, cached=False, error=why)
