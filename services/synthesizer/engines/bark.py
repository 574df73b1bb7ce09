"""Bark: natural voices in thirteen languages from a model on this machine, at its best on a GPU.

https://github.com/suno-ai/bark, by way of https://huggingface.co/docs/transformers/model_doc/bark
"""

import asyncio
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent
from darkchannel.runtime.engines import Voice
from darkchannel.runtime.settings import FROM_ENVIRONMENT, read
from darkchannel.storage.port import ObjectStore
from services.synthesizer.engines import bark_model, bark_process
from services.synthesizer.engines.bark_batches import Batches
from services.synthesizer.engines.bark_model import PRESET, Model
from services.synthesizer.engines.bark_process import Process
from services.synthesizer.engines.plain import PlainText

RATE = 24_000
"""In hertz."""
LANGUAGES = frozenset("de en es fr hi it ja ko pl pt ru tr zh".split())
"""In which it has voices."""
GPUS = ("/dev/nvidiactl", "/usr/lib/wsl/lib/libcuda.so.1")
"""What there is of a GPU from NVIDIA on Linux, and on Linux under Windows. Asking torch would mean to load it."""
SLOTS_ON_CPU = 2
SEGMENTS_ON_CPU = 1
"""A minute of speech takes ten and more there: a book whose engine is left to us goes to another one."""


class BarkSettings(BaseSettings):
    model_config = FROM_ENVIRONMENT

    bark_model: str = "suno/bark"
    """A folder, or a name in the cache of Hugging Face."""
    bark_device: Literal["auto", "cpu", "cuda"] = "auto"
    bark_batch: int = Field(16, ge=1, le=64)
    """How many texts are spoken at once on a GPU."""
    bark_gather_ms: int = Field(20, ge=0, le=1_000)
    """How long a text waits for others that can be spoken together with it."""

    @property
    def has_gpu(self) -> bool:
        return self.bark_device == "cuda" or (self.bark_device == "auto" and any(map(os.path.exists, GPUS)))


class Bark:
    """A ``PlainEngine`` over one process that holds the model."""

    name = "bark"
    rate: int | None = RATE
    is_costly = True
    limit = 200
    """Some 14 seconds; it has 15 in it."""

    def __init__(
        self, settings: BarkSettings, *, program: Path = bark_process.WORKER, stall: float = bark_process.STALL_SECONDS
    ) -> None:
        self._settings = settings
        # The next batch is to be there when one ends.
        self.slots = 2 * settings.bark_batch if settings.has_gpu else SLOTS_ON_CPU
        self.most_segments = None if settings.has_gpu else SEGMENTS_ON_CPU
        self._found: Model | None = None
        process = Process(settings.bark_device, settings.bark_batch, program=program, stall=stall)
        self._batches = Batches(process, gather=settings.bark_gather_ms / 1_000)
        self.close = self._batches.close

    async def voices(self) -> Sequence[Voice]:
        return [Voice(preset, (_language(preset),)) for preset in (await self._model()).presets]

    async def known(self, _wanted: Sequence[Sequence[str]]) -> Collection[str]:
        return (await self._model()).presets

    async def revision(self, _language: str, _voice: str | None) -> str:
        return (await self._model()).revision

    async def speaks(self, language: str) -> bool:
        return _primary(language) in LANGUAGES

    async def say(self, text: str, language: str, voice: str | None) -> Speech:
        model = await self._model()
        preset = _of_name(model, voice) if voice else _of_language(model, language)
        return Speech(await self._batches.say(text, preset, model.folder), RATE)

    async def _model(self) -> Model:
        """Looked for until it is found: it may be fetched while we run."""
        if self._found is None:
            self._found = await asyncio.to_thread(bark_model.find, self._settings.bark_model)
        return self._found


def _of_name(model: Model, voice: str) -> str:
    """No other name may reach the model, which would read it as a file."""
    if voice not in model.presets:
        raise Permanent(f"Bark has no voice '{voice}': `darkchannel voices` lists them all, such as {model.presets[0]}")
    return voice


def _of_language(model: Model, language: str) -> str:
    preset = next((name for name in model.presets if _language(name) == _primary(language)), None)
    if preset is None:
        raise Permanent(f"Bark has no voice for '{language}': name one of another language, or another engine")
    return preset


def _language(preset: str) -> str:
    found = PRESET.fullmatch(preset)
    assert found
    return found[1]


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()


def engine(_: ObjectStore) -> PlainText:
    return PlainText(Bark(read(BarkSettings)))
