"""Piper: natural voices offline, without a GPU. https://github.com/OHF-Voice/piper1-gpl

Its voices lie in the object store, so that every synthesizer has them; it computes in processes, one a slot. With a
voice of medium quality one needs some 150 MB, and 20 MB more for each second of the longest sentence.
"""

import asyncio
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Final

from pydantic import Field
from pydantic_settings import BaseSettings

from darkchannel import keys
from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Transient
from darkchannel.runtime.compute import ProcessCompute
from darkchannel.runtime.engines import NotSetUp, Voice
from darkchannel.runtime.settings import FROM_ENVIRONMENT, read
from darkchannel.speech.script import Say, Step
from darkchannel.speech.ssml import Element
from darkchannel.storage.port import ObjectStore
from services.synthesizer.engines.piper_voices import AGAIN, THERE, Copies, Found, Model, Voices
from services.synthesizer.engines.piper_worker import Damaged, spoken
from services.synthesizer.engines.plain import PlainText

PACKAGE: Final = "piper-tts"
SUGGESTED: Final = "pt_BR-faber-medium"
LIMIT_SECONDS: Final = 300.0
"""For the words of one request, which take some 11 s to hear."""
GRACE_SECONDS: Final = 30.0
MOST_PROCESSES: Final = 4
"""Where nobody says how many: a book has no more segments in flight than that."""
OTHERS_BYTES: Final = 150 << 20
"""Of a synthesizer without Piper's processes."""
PROCESS_BYTES: Final = 400 << 20
_MEMORY: Final = Path("/sys/fs/cgroup/memory.max")
"""https://docs.kernel.org/admin-guide/cgroup-v2.html"""


class PiperSettings(BaseSettings):
    model_config = FROM_ENVIRONMENT

    piper_voice: str | None = None
    """The voice of its language where the text names none; else the first by name."""
    piper_processes: int | None = Field(None, ge=1, le=64)
    """Unset: as many as there are cores and the container has memory for, but no more than four."""


class Piper:
    """The voices as an engine of plain text; it goes by what the last ``look`` found."""

    name = "piper"
    rate: int | None = None
    is_costly = True
    most_segments: int | None = None
    limit = 160
    """Most sentences whole; the memory that one takes grows with its length."""

    def __init__(self, store: ObjectStore, settings: PiperSettings, *, folder: Path | None = None) -> None:
        """``folder`` keeps copies of the models, by default below ``TMPDIR``."""
        self.slots = settings.piper_processes or processes(os.cpu_count() or 1, _memory())
        self._wanted = settings.piper_voice
        self._version = version(PACKAGE)
        self._voices = Voices(store)
        self._copies = Copies(store, folder)
        self._compute = ProcessCompute(self.slots, limit=LIMIT_SECONDS)
        self._found = Found()
        self.close = self._compute.close

    async def look(self) -> Found:
        self._found = await self._voices.found()
        return self._found

    async def voices(self) -> Sequence[Voice]:
        found = await self.look()
        if not found.models:
            none = f"there is no Piper voice in {THERE}: `darkchannel voices install {SUGGESTED}`"
            raise NotSetUp("; ".join(found.broken.values()) or none)
        if self._wanted:
            try:
                self._named(self._wanted)
            except Permanent as error:
                raise NotSetUp(f"PIPER_VOICE: {error}") from error
        return [voice for name in sorted(found.models) for voice in _listed(found.models[name])]

    async def known(self, wanted: Sequence[Sequence[str]]) -> Collection[str]:
        """Those that are damaged among them: who names one learns what is wrong with it."""
        broken = (await self.look()).broken
        names = chain.from_iterable(wanted)
        return {name for name in names if name.partition("#")[0] in broken or self._is_there(name)}

    async def revision(self, language: str, voice: str | None) -> str:
        model, speaker, accent = self._chosen(language, voice)
        told = repr((model.name, model.etag, model.json, speaker, accent))
        return f"{self._version} {hashlib.sha256(told.encode()).hexdigest()[:16]}"

    async def speaks(self, language: str) -> bool:
        return self._of(language) is not None

    def check(self, steps: Iterable[Step]) -> None:
        """Raises Permanent for a voice that is not there, or that a text of another language is given to.

        A passage in another language inside its own text is pronounced as it can.
        """
        for say in steps:
            if isinstance(say, Say) and say.voice:
                model, _ = self._named(say.voice)
                if not say.is_foreign and not _is_alike(model.language, say.language):
                    raise Permanent(
                        f"Piper's voice '{say.voice}' speaks {model.language}, and the text is in {say.language}:"
                        " choose another voice, or set the option language"
                    )

    async def say(self, text: str, language: str, voice: str | None) -> Speech:
        model, speaker, accent = self._chosen(language, voice)
        return Speech(await self._spoken(model, text, speaker, accent), model.config.audio.sample_rate)

    def _chosen(self, language: str, voice: str | None) -> tuple[Model, int | None, str | None]:
        """The voice, its speaker, and how espeak-ng calls the language, where it is not the voice's own.

        Raises Permanent where there is no such voice.
        """
        usual = self._of(language)
        name = voice or usual
        if name is None:
            raise Permanent(f"Piper has no voice for '{language}' in {THERE}: `darkchannel voices install NAME`")
        model, speaker = self._named(name)
        accent = None
        if usual and not _is_alike(model.language, language):
            accent = self._named(usual)[0].config.espeak.voice
        return model, speaker, accent

    async def _spoken(self, model: Model, text: str, speaker: int | None, accent: str | None) -> bytes:
        path = await self._copies.path(model)
        try:
            async with asyncio.timeout(LIMIT_SECONDS + GRACE_SECONDS):
                return await self._compute(spoken, str(path), model.json, text, speaker, accent)
        except Damaged as error:
            raise Permanent(f"{keys.REFS}/{model.key} {error}; {AGAIN}") from error
        except FileNotFoundError as error:
            raise Transient(f"the copy of {keys.REFS}/{model.key} was removed from {path.parent}") from error
        except (Transient, MemoryError) as error:
            reason = f"Piper's voice '{model.name}' did not finish these words: {error}"
            raise Transient(f"{reason}; give the synthesizer more memory, or lower PIPER_PROCESSES") from error
        except TimeoutError as error:
            await self._compute.close()  # and with it the process that hangs; the next call starts another
            raise Transient(f"Piper's voice '{model.name}' hung, and was ended") from error

    def _of(self, language: str) -> str | None:
        """The voice that speaks a language where none is named."""
        alike = sorted(name for name, model in self._found.models.items() if _is_alike(model.language, language))
        if self._wanted and self._wanted.partition("#")[0] in alike:
            return self._wanted
        exact = (name for name in alike if self._found.models[name].language.lower() == language.lower())
        return next(exact, next(iter(alike), None))

    def _is_there(self, voice: str) -> bool:
        with suppress(Permanent):
            return bool(self._named(voice))
        return False

    def _named(self, voice: str) -> tuple[Model, int | None]:
        """A voice and the number of its speaker. Raises Permanent, with what to do, where there is none."""
        name, hash_, speaker = voice.partition("#")
        model = self._found.models.get(name)
        if model is None:
            raise Permanent(self._found.broken.get(name) or self._unknown(name))
        if hash_ and speaker not in model.speakers:
            known = ", ".join(list(model.speakers)[:20]) or "it has but one, without a name"
            raise Permanent(f"Piper's voice '{name}' has no speaker '{speaker}': {known}")
        return model, model.speakers.get(speaker)

    def _unknown(self, name: str) -> str:
        known = ", ".join(sorted(self._found.models)) or "none"
        first = name.partition(" ")[0]
        return f"Piper has no voice '{name}' in {THERE} (there: {known}): `darkchannel voices install {first}`"


class Checked(PlainText):
    """Piper as an engine that refuses a segment before it speaks a part of it."""

    def __init__(self, piper: Piper) -> None:
        super().__init__(piper)
        self._piper = piper

    async def _steps(self, script: Element) -> list[Step]:
        found = await super()._steps(script)
        self._piper.check(found)
        return found


def processes(cores: int, memory: int | None) -> int:
    """How many to start where nobody says; ``memory``, in bytes, is what the container may use, if there is a limit."""
    room = MOST_PROCESSES if memory is None else (memory - OTHERS_BYTES) // PROCESS_BYTES
    return max(1, min(cores, MOST_PROCESSES, room))


def _memory() -> int | None:
    with suppress(OSError, ValueError):
        return int(_MEMORY.read_text())
    return None


def _listed(model: Model) -> Iterator[Voice]:
    quality = model.config.audio.quality
    about = f"{quality} quality" if quality else ""
    yield Voice(model.name, (model.language,), about)
    for speaker in model.speakers:
        yield Voice(f"{model.name}#{speaker}", (model.language,), about)


def _is_alike(one: str, other: str) -> bool:
    """Whether two BCP 47 tags are of one language, whatever the country."""
    return one.partition("-")[0].lower() == other.partition("-")[0].lower()


def engine(store: ObjectStore) -> Checked:
    return Checked(Piper(store, read(PiperSettings)))
