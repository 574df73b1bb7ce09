"""``darkchannel cache preload``: phrases are spoken before anybody asks for them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from darkchannel import keys
from darkchannel.audio.faults import fault
from darkchannel.cli import output, texts
from darkchannel.cli.exits import Code, Failed, Usage, reason_of
from darkchannel.cli.progress import counted
from darkchannel.cli.stores import opened
from darkchannel.errors import Permanent, Transient, Unavailable
from darkchannel.runtime.circuit import FAILURES
from darkchannel.runtime.engines import Engine, installed, open_engine, revision_of
from darkchannel.runtime.service import utc_now
from darkchannel.runtime.speech_cache import SpeechCache, speech_key
from darkchannel.runtime.together import together
from darkchannel.speech.expected import expected_seconds
from darkchannel.speech.longest import longest_seconds
from darkchannel.speech.rendering import DEFAULT_LANGUAGE, rendered
from darkchannel.storage.port import ObjectStore

NAME = "phrase.txt"
"""Each is read as a document of its own, so that it has the very segments that such a job has."""


@dataclass(frozen=True, slots=True)
class Phrase:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    phrase: Phrase
    how: Literal["spoken", "kept", "failed", "left"]
    """``kept``: it was there already; ``left``: not tried any more."""
    reason: str = ""


async def preload(file: Path, engine: str, *, voice: str | None, language: str | None, json: bool) -> Code:
    """Raises Usage where these phrases cannot be meant, Unavailable where the engine or the store is away.

    What was done before one went away is told first.
    """
    options = {"engine": engine, "language": language or DEFAULT_LANGUAGE} | ({"voice": voice} if voice else {})
    if engine not in installed():
        raise Usage(f"there is no engine '{engine}': choose from {', '.join(installed())}")
    phrases = _phrases(texts.text_of(file, options["language"]))
    async with opened() as jobs:
        speaking = await open_engine(engine, jobs.store)
        try:
            await _check(speaking, voice)
            lexicons = await _lexicons(jobs.store, options["language"])
            preloader = _Preloader(engine, speaking, SpeechCache(jobs.store, utc_now))
            with counted("phrases done", len(phrases)) as tick:
                work = (preloader.say(phrase, options, lexicons, tick) for phrase in phrases)
                said = await together(work, at_once=speaking.slots)
        finally:
            await speaking.close()
    code = _tell(engine, said, json=json)
    if preloader.away:
        raise preloader.away
    return code


class _Preloader:
    def __init__(self, name: str, engine: Engine, cache: SpeechCache) -> None:
        self._name = name
        self._engine = engine
        self._cache = cache
        self._failures = 0
        """In a row."""
        self.away: Unavailable | None = None
        """Why no other phrase is tried: the engine or the store is out of reach, or several failed in a row."""

    async def say(
        self,
        phrase: Phrase,
        options: Mapping[str, str],
        lexicons: Sequence[tuple[str, bytes]],
        tick: Callable[[], None],
    ) -> Said:
        if self.away:
            tick()
            return Said(phrase, "left", "not tried")
        try:
            book = await asyncio.to_thread(texts.book_of, phrase.text.encode(), NAME, options, lexicons)
            spoken = [await self._keep(ssml) for chapter in book.chapters for ssml in chapter.segments]
        except (Permanent, Transient, Unavailable) as error:
            self._mind(error)
            return Said(phrase, "failed", reason_of(error))
        finally:
            tick()
        self._failures = 0
        return Said(phrase, "spoken" if any(spoken) else "kept")

    def _mind(self, error: Permanent | Transient | Unavailable) -> None:
        if isinstance(error, Transient):  # of an engine; Permanent is of the phrase
            self._failures += 1
        if isinstance(error, Unavailable):
            self.away = error
        elif self._failures >= FAILURES:
            self.away = Unavailable(reason_of(error))

    async def _keep(self, ssml: str) -> bool:
        """Whether the segment had to be spoken. Raises as ``revision_of``, and Transient for unsound speech."""
        script = await asyncio.to_thread(rendered, ssml)
        key = speech_key(script, self._name, await revision_of(self._engine, script))
        if await self._cache.has(key):
            return False
        speech = await self._engine.speak(script)
        expected, longest = expected_seconds(ssml), longest_seconds(ssml)
        if reason := fault(speech.pcm, speech.rate, speech.places, expected=expected, longest=longest):
            raise Transient(f"the speech of {self._name} {reason}")
        await self._cache.put(key, speech)
        return True


def _phrases(text: str) -> list[Phrase]:
    phrases = [Phrase(line, words) for line, written in enumerate(text.split("\n"), 1) if (words := written.strip())]
    if not phrases:
        raise Usage("there is no phrase to speak: write one a line")
    return phrases


async def _check(engine: Engine, voice: str | None) -> None:
    if not engine.is_costly:
        raise Usage(f"speech of {engine.name} is not kept: speaking it again costs no more than reading it")
    if voice and not await engine.has(voice):
        raise Failed(f"{engine.name} has no voice '{voice}': `darkchannel voices` lists them")


async def _lexicons(store: ObjectStore, language: str) -> list[tuple[str, bytes]]:
    """Those that the splitter applies to every job of this language."""
    found = {info.key.lower(): info.key async for info in store.list(keys.REFS, keys.LEXICONS)}
    wanted = (keys.lexicon(tag).lower() for tag in (language, language.partition("-")[0]))
    names = dict.fromkeys(found[name] for name in wanted if name in found)
    read = [(name, await store.get(keys.REFS, name)) for name in names]
    return [(f"{keys.REFS}/{name}", body.body) for name, body in read if body]


def _tell(engine: str, said: Sequence[Said], *, json: bool) -> Code:
    failed = [one for one in said if one.reason]
    counts = {how: sum(one.how == how for one in said) for how in ("spoken", "kept")}
    if json:
        told = [{"line": one.phrase.line, "text": one.phrase.text, "reason": one.reason} for one in failed]
        output.json({"engine": engine, **counts, "failed": told})
    else:
        output.line(f"{counts['spoken']} spoken by {engine}, {counts['kept']} kept already")
    for one in failed:
        if one.how == "failed":
            output.note(f"line {one.phrase.line} «{one.phrase.text[:60]}»: {one.reason}")
    if left := sum(one.how == "left" for one in said):
        output.note(f"{left:,} phrase{'s' * (left != 1)} not tried")
    return Code.FAILED if failed else Code.OK
