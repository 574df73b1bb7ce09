"""``darkchannel voices``: which engines can speak now, with which voices, and a sample of one."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

from darkchannel.audio.wav import BYTES_PER_SAMPLE, riff_head
from darkchannel.cli import output
from darkchannel.cli.exits import Code, Failed, NotFound, Usage, reason_of
from darkchannel.cli.stores import opened
from darkchannel.errors import DarkChannelError, Permanent, Unavailable
from darkchannel.runtime.engines import Engine, Unread, Voice, installed, open_engine
from darkchannel.speech.rendering import DEFAULT_LANGUAGE, rendered
from darkchannel.storage.port import ObjectStore

ASK_SECONDS: Final = 5.0
MOST_LANGUAGES: Final = 4
"""Of a voice, in the table."""
VARIANT: Final = "+"
"""Between a voice and a variant of it, which no engine lists."""
SENTENCES: Final = {
    "pt": "Esta é a voz que vai ler o seu livro, da primeira à última página.",
    "en": "This is the voice that will read your book, from the first page to the last.",
    "es": "Esta es la voz que va a leer su libro, de la primera a la última página.",
    "fr": "Voici la voix qui lira votre livre, de la première à la dernière page.",
    "de": "Diese Stimme liest Ihr Buch vor, von der ersten bis zur letzten Seite.",
    "it": "Questa è la voce che leggerà il suo libro, dalla prima all'ultima pagina.",
    "pl": "Ten głos przeczyta twoją książkę, od pierwszej do ostatniej strony.",
    "ru": "Этот голос прочитает вашу книгу от первой до последней страницы.",
    "tr": "Kitabınızı ilk sayfadan son sayfaya kadar bu ses okuyacak.",
    "ja": "この声があなたの本を最初から最後まで読みます。",
    "ko": "이 목소리가 당신의 책을 처음부터 끝까지 읽습니다.",
    "zh": "这个声音会为您朗读整本书，从第一页到最后一页。",
    "hi": "यह आवाज़ आपकी किताब पहले पन्ने से आख़िरी पन्ने तक पढ़ेगी।",
}
"""By language."""
ANYWHERE: Final = "1, 2, 3."
"""In a language for which there is none."""

_UNSAFE = re.compile(r"[^\w.+#-]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an engine said of itself."""

    name: str
    engine: Engine | None = None
    voices: tuple[Voice, ...] = ()
    error: DarkChannelError | None = None
    """Why it cannot speak now; Unread: why it does not say with which voices."""


async def show(engine: str | None, language: str | None, *, json: bool) -> Code:
    """Raises Usage where there is no such engine."""
    async with _asked(engine) as asked:
        found = [(one, voice) for one in asked for voice in one.voices if not language or _is_alike(voice, language)]
    if json:
        output.json({"engines": [_as_json(one, [voice for of, voice in found if of is one]) for one in asked]})
        return Code.OK
    found.sort(key=lambda pair: _distance(pair[1]))
    output.rows(
        ("engine", "voice", "languages", "about"),
        [(one.name, voice.name, _languages(voice), voice.about) for one, voice in found],
        whole=("engine", "voice"),
    )
    if not found:
        found_none = f"no engine that can speak now has a voice for '{language}'"
        output.note(found_none if language else "no engine tells of a voice")
    for one in asked:
        if one.error:
            cannot = "cannot tell its voices now" if isinstance(one.error, Unread) else "cannot speak now"
            output.note(f"{one.name} {cannot}: {reason_of(one.error)}")
    return Code.OK


async def sample(voice: str, engine: str | None, language: str | None, out: Path | None, *, json: bool) -> Code:
    """Speak a sentence into a WAV file, which must not be there yet.

    Raises Usage where it cannot be written, NotFound where no engine has the voice, else as ``Engine.speak``.
    """
    target = _target(voice, out)
    async with _asked(engine) as asked:
        one = await _who_has(voice, asked)
        tag, sentence = _sentence(voice, one.voices, language)
        script = rendered(f"<speak xml:lang={quoteattr(tag)}><voice name={quoteattr(voice)}>{sentence}</voice></speak>")
        assert one.engine
        speech = await one.engine.speak(script)
    if not any(speech.pcm):
        raise Failed(f"{one.name} says nothing with the voice '{voice}' in {tag}")
    samples = len(speech.pcm) // BYTES_PER_SAMPLE
    await asyncio.to_thread(_write, target, riff_head((), samples, speech.rate) + speech.pcm)
    seconds = samples / speech.rate
    if json:
        told = {"file": str(target), "engine": one.name, "voice": voice, "language": tag, "seconds": round(seconds, 3)}
        output.json(told)
    else:
        output.line(f"{target}: {one.name} speaks {tag} with the voice '{voice}' ({output.duration(seconds)})")
    return Code.OK


@asynccontextmanager
async def _asked(engine: str | None) -> AsyncIterator[list[Asked]]:
    """What all engines, or this one, say of themselves, asked at the same time; they are closed afterwards."""
    names = installed()
    if engine is not None and engine not in names:
        raise Usage(f"there is no engine '{engine}': choose from {', '.join(names)}")
    async with opened() as jobs:
        asked = await asyncio.gather(*(_ask(name, jobs.store) for name in ([engine] if engine is not None else names)))
        try:
            yield asked
        finally:
            opened_ones = [one.engine for one in asked if one.engine]
            await asyncio.gather(*(one.close() for one in opened_ones), return_exceptions=True)


async def _ask(name: str, store: ObjectStore) -> Asked:
    engine: Engine | None = None
    try:
        async with asyncio.timeout(ASK_SECONDS):
            engine = await open_engine(name, store)
            voices = tuple(await engine.voices())
            if voices:  # the last is a guess where a server is too busy to tell: whether it is there is not said then
                await engine.has(voices[-1].name)
            return Asked(name, engine, voices)
    except TimeoutError:
        error: DarkChannelError = Unavailable(f"it did not say within {ASK_SECONDS:g} s whether it can")
    except DarkChannelError as away:
        error = away
    except Exception as unexpected:  # an engine may be anybody's: the others are listed
        error = Permanent(f"unexpected {type(unexpected).__name__}: {unexpected}")
    return Asked(name, engine, error=error)


async def _who_has(voice: str, asked: Sequence[Asked]) -> Asked:
    """The first that lists the voice, else the first that has it, a variant say.

    Raises NotFound where none has it, the error of the only one that was asked where that one does not say.
    """
    able = [one for one in asked if one.engine and not one.error]
    for one in able:
        if voice in {listed.name for listed in one.voices}:
            return one
    unsaid = [one for one in asked if one.error]
    for one in able:
        assert one.engine
        try:
            async with asyncio.timeout(ASK_SECONDS):
                if await one.engine.has(voice):
                    return one
        except TimeoutError:
            slow = Unavailable(f"{one.name} did not say within {ASK_SECONDS:g} s whether it has the voice '{voice}'")
            unsaid.append(replace(one, error=slow))
        except DarkChannelError as error:
            unsaid.append(replace(one, error=error))
    if len(asked) == 1 and unsaid and unsaid[0].error:
        raise unsaid[0].error
    names = [one.name for one in unsaid]
    rest = f"; {', '.join(names)} could not be asked: with --engine each says why" if names else ""
    *others, last = [one.name for one in able if one.name not in names] or ["nobody"]
    having = f"{', '.join(others)} and {last} have" if others else f"{last} has"
    raise NotFound(f"{having} no voice '{voice}'{rest}")


def _sentence(voice: str, voices: Sequence[Voice], language: str | None) -> tuple[str, str]:
    """The language in which a voice is heard, and what it says."""
    name = voice.partition(VARIANT)[0].casefold()
    tags = next((listed.languages for listed in voices if listed.name == voice), None) or next(
        (listed.languages for listed in voices if listed.name.casefold() == name), ()
    )
    own = [language] if language else sorted(tags, key=_from_default) or [DEFAULT_LANGUAGE]
    for tag in own:
        if sentence := SENTENCES.get(_primary(tag)):
            return tag, sentence
    return own[0], ANYWHERE


def _target(voice: str, out: Path | None) -> Path:
    """Raises Usage where a file is there, or could not be made."""
    name = f"{_UNSAFE.sub('-', voice).strip('-.') or 'voice'}.wav"
    target = ((out / name if out.is_dir() else out) if out else Path(name)).expanduser().absolute()
    if target.exists():
        raise Usage(f"{target} is there already, and is left as it is: name another file with --out")
    if not target.parent.is_dir():
        raise Usage(f"there is no folder {target.parent} to write {target.name} into")
    return target


def _write(target: Path, body: bytes) -> None:
    try:
        with target.open("xb") as file:
            try:
                file.write(body)
                file.flush()
            except OSError:
                target.unlink()
                raise
    except OSError as error:
        raise Failed(f"{target} cannot be written: {error.strerror}") from error


def _is_alike(voice: Voice, language: str) -> bool:
    """Whether it speaks a language, or one of whose country nothing is said; ``pt`` asks for any Portuguese."""
    wanted = f"{language.lower()}-"
    tags = [f"{tag.lower()}-" for tag in voice.languages]
    return not tags or any(tag.startswith(wanted) or wanted.startswith(tag) for tag in tags)


def _distance(voice: Voice) -> int:
    return min(map(_from_default, voice.languages), default=1)


def _from_default(tag: str) -> int:
    """0 for the language of most books, 1 for another of its family, 2 for all others."""
    if tag.lower() == DEFAULT_LANGUAGE.lower():
        return 0
    return 1 if _primary(tag) == _primary(DEFAULT_LANGUAGE) else 2


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()


def _languages(voice: Voice) -> str:
    """The first few, of Portuguese before others."""
    tags = sorted(voice.languages, key=_from_default)
    more = len(tags) - MOST_LANGUAGES
    return " ".join((*tags[:MOST_LANGUAGES], *([f"and {more} more"] if more > 0 else []))) or "any"


def _as_json(one: Asked, voices: Iterable[Voice]) -> dict[str, object]:
    return {
        "engine": one.name,
        "usable": one.error is None,
        **({"reason": reason_of(one.error)} if one.error else {}),
        "voices": [{"name": v.name, "languages": list(v.languages), "about": v.about} for v in voices],
    }
