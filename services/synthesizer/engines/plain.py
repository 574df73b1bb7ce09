"""SSML for an engine that speaks nothing but words: what it cannot do is done to its samples."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol
from unicodedata import category

from darkchannel.audio.prosody import spoken_in, trimmed
from darkchannel.audio.wav import BYTES_PER_SAMPLE, Mark, Speech, Turn, Word
from darkchannel.errors import Permanent
from darkchannel.runtime.engines import Voice
from darkchannel.speech.expected import excerpt
from darkchannel.speech.rendering import DEFAULT_LANGUAGE, language_of
from darkchannel.speech.script import SENTENCE_MS, Pause, Say, Step, names, steps
from darkchannel.speech.sentences import break_point, split
from darkchannel.speech.ssml import Element

RATE = 24_000
"""In hertz, of a segment in which nothing is said."""
MAX_PAUSES_MS = 1_800_000
"""Of a segment's pauses together, so that a person's edit cannot fill the memory."""
TRIES: Final = 2
"""How often words are asked for before they count as silent."""
CLAUSE_MS = 150
_PAUSES_MS = dict.fromkeys(".!?…", SENTENCE_MS) | dict.fromkeys(",;:—–)", CLAUSE_MS)
"""Between two requests, whose own silence is taken away."""


class PlainEngine(Protocol):
    """A speech engine of plain text: as ``Engine``, but for ``speak``."""

    name: str
    slots: int
    rate: int | None
    is_costly: bool
    most_segments: int | None
    limit: int
    """Characters of a request."""

    async def voices(self) -> Sequence[Voice]: ...

    async def known(self, wanted: Sequence[Sequence[str]]) -> Collection[str]:
        """The names of its voices, of all or of those that are wanted.

        Asked once for a segment's revision and once for its speech, so that each looks once: speech in a voice that is
        replaced between them is kept as that of the one before.
        ``wanted``: of each voice that the text names its names, the preferred first; none where it names no voice.
        Raises as ``voices``.
        """
        ...

    async def revision(self, language: str, voice: str | None) -> str:
        """Of what ``say`` is given with these, as ``Engine.revision`` is of a script."""
        ...

    async def speaks(self, language: str) -> bool:
        """Whether it speaks the language of this BCP 47 tag; words of another are said in that of the document."""
        ...

    async def say(self, text: str, language: str, voice: str | None) -> Speech:
        """At most ``limit`` characters spoken, at any rate, with their words where the engine tells them.

        The silence around them does not count.
        ``voice`` is the first of the names that the text gives which the engine has, perhaps that of another language's
        voice; where it has none of them it is all of them, and None leaves the choice to the engine. Raises as
        ``Engine.speak`` does.
        """
        ...

    async def close(self) -> None: ...


class PlainText:
    """An ``Engine`` made of one that speaks plain text."""

    def __init__(self, engine: PlainEngine) -> None:
        self.name = engine.name
        self.slots = engine.slots
        self.rate = engine.rate
        self.is_costly = engine.is_costly
        self.most_segments = engine.most_segments
        self.voices = engine.voices
        self.close = engine.close
        self._engine = engine

    async def has(self, voice: str) -> bool:
        several = names(voice)
        return not {*several}.isdisjoint(await self._engine.known([several]))

    async def revision(self, script: Element) -> str:
        own = language_of(script, DEFAULT_LANGUAGE)
        found = await self._steps(script)
        turns = dict.fromkeys((step.language, step.voice) for step in found if isinstance(step, Say))
        told = [await self._revision(*turn, own) for turn in turns]
        return "\n".join(told)  # in the script's order: two voices whose files were exchanged are others

    async def speak(self, script: Element) -> Speech:
        """A segment, at the rate of its first words.

        Raises Permanent where there is nothing to speak, or nothing is heard of some words, Transient where ffmpeg
        fails, else as the engine does.
        """
        found = await self._steps(script)
        if not any(isinstance(step, Say | Pause) for step in found):
            raise Permanent("it has nothing to speak: give it some text or a break")
        if sum(step.milliseconds for step in found if isinstance(step, Pause)) > MAX_PAUSES_MS:
            raise Permanent(f"it is silent for more than {MAX_PAUSES_MS // 60_000} minutes: shorten its breaks")
        own = language_of(script, DEFAULT_LANGUAGE)
        said = [await self._say(step, own) if isinstance(step, Say) else None for step in found]
        rate = next((speech.rate for speech in said if speech), RATE)
        track = _Track(rate)
        for step, speech in zip(found, said, strict=True):
            if isinstance(step, Say):
                assert speech
                shaped = await spoken_in(step.manner, speech, rate)
                track.say(step.text, step.voice or self.name, shaped)
            elif isinstance(step, Pause):
                track.pause(step.milliseconds)
            else:
                track.place(step.name)
        return track.speech()

    async def _steps(self, script: Element) -> list[Step]:
        found = [part for step in steps(script) for part in _requests(step, self._engine.limit)]
        wanted = {step.voice: names(step.voice) for step in found if isinstance(step, Say) and step.voice}
        known = await self._engine.known([*wanted.values()])
        # Of a voice that it does not have all names, cut short: it is to say so.
        chosen = {voice: next(filter(known.__contains__, several), excerpt(voice)) for voice, several in wanted.items()}
        return [replace(step, voice=chosen.get(step.voice or "")) if isinstance(step, Say) else step for step in found]

    async def _revision(self, language: str, voice: str | None, own: str) -> str:
        return await self._engine.revision(await self._language(language, own), voice)

    async def _language(self, language: str, own: str) -> str:
        """In which words of this language are said."""
        return language if language == own or await self._engine.speaks(language) else own

    async def _say(self, say: Say, own: str) -> Speech:
        """Without the silence around it. Signs alone may come to nothing, words may not."""
        language = await self._language(say.language, own)
        for _ in range(TRIES):
            speech = trimmed(await self._engine.say(say.text, language, say.voice))
            if speech.pcm or not any(map(str.isalnum, say.text)):
                return speech
        raise Permanent(f"{self.name} says nothing for «{excerpt(say.text)}»: choose another voice or engine")


class _Track:
    """Speech in the making."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._pcm = bytearray()
        self._marks: list[Mark] = []
        self._sentences: list[int] = []
        self._turns: list[Turn] = []
        self._words: list[Word] = []
        self._before = ""
        """The words said last, where nothing but places came after them."""

    def say(self, text: str, voice: str, speech: Speech) -> None:
        if self._before:
            self.pause(max(_PAUSES_MS.get(sign, 0) for sign in (self._before[-1], text[0])))
        if not self._turns or self._turns[-1].voice != voice:
            self._turns.append(Turn(self._sample if self._turns else 0, voice))
        self._words += (Word(self._sample + word.sample, word.text) for word in speech.words)
        self._pcm += speech.pcm
        self._before = text

    def pause(self, milliseconds: int) -> None:
        self._pcm += bytes(milliseconds * self._rate // 1000 * BYTES_PER_SAMPLE)
        self._before = ""

    def place(self, name: str | None) -> None:
        if name is None:
            self._sentences.append(self._sample)
        else:
            self._marks.append(Mark(name, self._sample))

    @property
    def _sample(self) -> int:
        return len(self._pcm) // BYTES_PER_SAMPLE

    def speech(self) -> Speech:
        return Speech(
            bytes(self._pcm),
            self._rate,
            marks=tuple(self._marks),
            sentences=tuple(self._sentences),
            words=tuple(self._words),
            turns=tuple(self._turns),
        )


def _requests(step: Step, limit: int) -> Iterator[Step]:
    """The step, its words in as few requests as the limit allows; signs without words come to a pause."""
    if not isinstance(step, Say):
        yield step
        return
    for text in _pieces(step.text, step.language, limit):
        if any(category(character)[0] in "LNS" for character in text):
            yield replace(step, text=text)
        elif pause := max((_PAUSES_MS.get(sign, 0) for sign in text), default=0):
            yield Pause(pause)


def _pieces(text: str, language: str, limit: int) -> Iterator[str]:
    """Whole sentences, else clauses, else words; joined, all words in their order."""
    piece = ""
    for sentence in split(text, language):
        if piece and len(piece) + len(sentence.rstrip()) > limit:
            yield piece.strip()
            piece = ""
        start = 0
        while len(sentence.rstrip()) - start > limit:
            end = break_point(sentence, start, start + limit) or start + limit
            yield sentence[start:end].strip()
            start = end
        piece += sentence[start:]
    if piece.strip():
        yield piece.strip()
