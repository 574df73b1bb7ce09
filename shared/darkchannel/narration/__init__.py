"""Narration for programs: a text becomes an audio file, by the same pipeline that makes audiobooks.

The pipeline runs in a process of its own, which the first call starts and which ends with the program; calls may run
at the same time. Jobs live in a private folder that ends with it too; voices, pronunciations and the cache of speech
are those of ``DARKCHANNEL_FOLDER``.
"""

import asyncio
import os
from pathlib import Path
from typing import Final, TypedDict

from darkchannel.errors import Refused
from darkchannel.jobs.formats import EXTENSIONS
from darkchannel.jobs.options import resolve
from darkchannel.narration.process import Ended, Request, ask
from darkchannel.runtime.background import begin

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
    return await asyncio.wrap_future(begin(_narration(text, output_path, voice, provider or "auto")))


def generate_narration_sync(
    text: str, output_path: str | Path, voice: str | None = None, provider: str | None = "auto"
) -> Narration:
    """As ``generate_narration``; blocks this thread meanwhile."""
    return begin(_narration(text, output_path, voice, provider or "auto")).result()


async def _narration(text: str, output: str | Path, voice: str | None, provider: str) -> Narration:
    words: tuple[object, ...] = (text, voice or "", provider)
    if not all(isinstance(word, str) for word in words):
        return _failed("text, voice and provider are strings")
    try:
        path = await asyncio.to_thread(lambda: Path(output).expanduser().resolve())
        str(path).encode()
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        return _failed(f"{output!r} is no path: {error}")
    options = {"engine": provider, "formats": EXTENSIONS.get(path.suffix.lower(), ""), "title": path.stem[:500]}
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
    if wrong := _wrong_text(text) or _wrong_path(path):
        return wrong
    try:
        resolve(options)
    except Refused as error:
        return str(error)
    return None


def _wrong_text(text: str) -> str | None:
    if not text.strip():
        return "there is no text to narrate"
    if len(text) > MOST_CHARACTERS:
        return f"{len(text):,} characters are more than {MOST_CHARACTERS:,}: narrate a file with `darkchannel narrate`"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"character {error.start + 1} of the text is half of a pair of surrogates: decode the text anew"
    return None


def _wrong_path(path: Path) -> str | None:
    if path.suffix.lower() not in EXTENSIONS:
        return f"{path.name} is of no format that can be made: end its name in {', '.join(EXTENSIONS)}"
    try:
        if path.is_dir() or not path.parent.is_dir():
            return f"{path} is a folder, or is in none: name a file in a folder that is there"
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"{path} cannot be written: {path.parent} may not be written by this user"
    return None


def _failed(why: str) -> Narration:
    return Narration(success=False, audio_path=None, duration=None, cached=False, error=why)
