"""Piper's voices as they lie in the object store, two objects each, and copies of them on disk."""

import asyncio
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from darkchannel import keys
from darkchannel.errors import Permanent, Transient, Unavailable
from darkchannel.storage.port import ObjectInfo, ObjectStore
from services.synthesizer.engines.stored import reading

THERE: Final = f"{keys.REFS}/{keys.PIPER_VOICES}"
MAX_CONFIG_BYTES: Final = 1 << 20
LOOK_SECONDS: Final = 5.0
AGAIN: Final = "put a whole file there, or install the voice again with `darkchannel voices install`"


class _Audio(BaseModel):
    sample_rate: int = Field(ge=8_000, le=48_000)
    quality: str = ""


class _Espeak(BaseModel):
    voice: str


class _Language(BaseModel):
    code: str


class Config(BaseModel):
    """What is read of the JSON beside a model: https://github.com/OHF-Voice/piper1-gpl/blob/main/src/piper/config.py"""

    model_config = ConfigDict(frozen=True)

    audio: _Audio
    espeak: _Espeak
    language: _Language | None = None
    num_symbols: int
    num_speakers: int
    speaker_id_map: Mapping[str, int] = {}
    phoneme_id_map: Mapping[str, tuple[int, ...]]
    phoneme_type: Literal["espeak", "text"] = "espeak"
    """Others would fetch what they need while they speak."""


@dataclass(frozen=True, slots=True)
class Model:
    """A voice, of one speaker or of several."""

    name: str
    etag: str
    """Of the model's object."""
    config: Config
    json: str
    """The configuration as Piper reads it."""

    @property
    def key(self) -> str:
        """Of the model's object, in ``keys.REFS``."""
        return keys.piper_voice(self.name)[0]

    @property
    def language(self) -> str:
        """A BCP 47 tag."""
        code = self.config.language.code if self.config.language else self.config.espeak.voice
        primary, *rest = code.replace("_", "-").split("-")
        return "-".join((primary.lower(), *(part.upper() if len(part) == 2 else part for part in rest)))

    @property
    def speakers(self) -> Mapping[str, int]:
        """By name; none where there is but one."""
        if self.config.num_speakers < 2:
            return {}
        return self.config.speaker_id_map or {str(number): number for number in range(self.config.num_speakers)}


@dataclass(frozen=True, slots=True)
class Found:
    """The voices that are there, by name, and what is wrong with those that cannot speak."""

    models: Mapping[str, Model] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)


class Voices:
    """Looks at the store each time: a voice that is put there is there at once."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._read: dict[tuple[str, str], tuple[Config, str] | str] = {}
        """By key and ETag: a configuration with its JSON, or what is wrong with it."""

    async def found(self) -> Found:
        """Raises Unread while the store is away."""
        with reading("Piper's voices"):
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    return await self._found()
            except TimeoutError as error:
                late = f"the object store did not say within {LOOK_SECONDS:g} s what lies in {THERE}"
                raise Unavailable(late) from error

    async def _found(self) -> Found:
        there = {info.key: info async for info in self._store.list(keys.REFS, keys.PIPER_VOICES)}
        models, broken = dict[str, Model](), dict[str, str]()
        known: dict[tuple[str, str], tuple[Config, str] | str] = {}
        for key, info in there.items():
            name = key.removeprefix(keys.PIPER_VOICES).removesuffix(".json").removesuffix(".onnx")
            model, config = keys.piper_voice(name)
            if key == config and model not in there:
                broken[name] = missing(model)
            elif key == model and config not in there:
                broken[name] = missing(config)
            elif key == model:
                described = there[config]
                at = described.key, described.etag
                read = known[at] = self._read.get(at) or await self._config(described)
                if isinstance(read, str):
                    broken[name] = f"{keys.REFS}/{described.key} {read}; {AGAIN}"
                else:
                    models[name] = Model(name, info.etag, *read)
        self._read = known
        return Found(models, broken)

    async def _config(self, info: ObjectInfo) -> tuple[Config, str] | str:
        there = await self._store.get(keys.REFS, info.key, first=MAX_CONFIG_BYTES)
        try:
            text = (there.body if there else b"").decode()
            return Config.model_validate_json(text), text
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            return f"does not describe a Piper voice: {f'{place}: ' if place else ''}{first['msg']}"
        except UnicodeDecodeError:
            return "does not describe a Piper voice: it is not UTF-8"


def missing(key: str) -> str:
    return f"{keys.REFS}/{key} is missing: put it there, too"


class Copies:
    """Models on the local disk, in the folder for temporary files: the next process finds them there."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder or Path(gettempdir()) / f"darkchannel-piper-{os.getuid()}"
        self._fetching = asyncio.Lock()

    async def path(self, model: Model) -> Path:
        """Where the model lies; fetched where it is not there yet.

        Raises Transient where it is replaced meanwhile, Unread while the store is away, Unavailable where the disk does
        not take it, Permanent where somebody else may have put something there.
        """
        key = model.key
        prefix = _digest(key)
        path = self._folder / f"{prefix}-{_digest(model.etag)}"
        async with self._fetching:
            try:
                await asyncio.to_thread(_make_private, self._folder)
                if not await asyncio.to_thread(path.exists):
                    await self._fetch(key, model.etag, path)
                    await asyncio.to_thread(_remove_others, path, prefix)
            except OSError as error:
                reason = f"{self._folder} does not take {keys.REFS}/{key}: {error.strerror or error}"
                raise Unavailable(f"{reason}; make room there or name another folder in TMPDIR") from error
        return path

    async def _fetch(self, key: str, etag: str, path: Path) -> None:
        with TemporaryDirectory(dir=self._folder) as part:
            copy = Path(part, path.name)
            try:
                with await asyncio.to_thread(copy.open, "wb") as file, reading("the models of Piper's voices"):
                    async for piece in self._store.stream(keys.REFS, key, if_match=etag):
                        await asyncio.to_thread(file.write, piece)
            except LookupError as error:
                raise Transient(f"{keys.REFS}/{key} was replaced or removed while it was fetched") from error
            await asyncio.to_thread(copy.replace, path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise Permanent(f"{folder} belongs to somebody else: name another folder in TMPDIR")


def _remove_others(path: Path, prefix: str) -> None:
    """The copies of what this object held before."""
    for other in path.parent.glob(f"{prefix}-*"):
        if other != path:
            other.unlink(missing_ok=True)
