"""``darkchannel voices install``: a voice for Piper is fetched, tried and put where the synthesizers find it."""

import asyncio
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from darkchannel import keys
from darkchannel.audio.ffmpeg import end
from darkchannel.cli import output
from darkchannel.cli.exits import Code, Failed, NotFound, Usage, one_line
from darkchannel.cli.local import quieten
from darkchannel.errors import Permanent, Unavailable
from darkchannel.runtime import settings
from darkchannel.runtime.engines import Engine, Voice, open_engine
from darkchannel.runtime.settings import Settings
from darkchannel.speech.rendering import rendered
from darkchannel.storage.memory import MemoryStore
from darkchannel.storage.port import ObjectStore

ENGINE: Final = "piper"
MODEL: Final = ".onnx"
CONFIG: Final = ".onnx.json"
CHOSEN: Final = "PIPER_VOICE"
STALL_SECONDS: Final = 60.0
"""Longest time in which nothing of a voice arrives."""
LOOK_SECONDS: Final = 0.2

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,99}")
"""What the option ``voices`` can name, too."""
_PUBLISHED = re.compile(r"[a-z]{2,3}_[A-Z0-9]{2,3}-[\w.]+-[a-z_]+")
_ERROR = re.compile(r"(?:[\w.]+: )?(?:<urlopen error )?(?:\[Errno -?\d+\] )?(.*?)>?")
"""The last line of a trace."""

Show = Callable[[str, int], None]
"""Hears what is being done, and how many bytes are there."""


async def install(voice: str, *, folder: Path | None, json: bool) -> Code:
    """Raises Usage, NotFound or Failed where there is no such voice or it does not speak, Unavailable without network.

    Nothing is stored then.
    """
    chosen = settings.load()
    quieten(chosen)
    local = _local(voice)
    name = local.name.removesuffix(MODEL) if local else voice
    _check_name(name, is_local=local is not None)
    with TemporaryDirectory(prefix="darkchannel-voice-") as fetched, _shown() as show:
        tried = MemoryStore()
        with _chosen(name):
            engine = await open_engine(ENGINE, tried)
        try:
            files = _beside(local) if local else await _download(name, Path(fetched), show)
            show("trying", 0)
            await _put(tried, name, files)
            spoken = await _try(engine, name, local)
        finally:
            await engine.close()
        show("storing", 0)
        await _store(name, files, chosen, folder)
    return _tell(spoken, json=json)


def _local(voice: str) -> Path | None:
    return Path(voice).expanduser() if voice.endswith(MODEL) else None


@contextmanager
def _chosen(name: str) -> Iterator[None]:
    """An engine that is opened inside speaks with this voice, whichever one the operator has chosen."""
    before = os.environ.get(CHOSEN)
    os.environ[CHOSEN] = name
    try:
        yield
    finally:
        os.environ.pop(CHOSEN)
        os.environ |= {CHOSEN: before} if before is not None else {}


def _check_name(name: str, *, is_local: bool) -> None:
    if is_local and not _FILE_NAME.fullmatch(name):
        raise Usage(f"'{name}' cannot name a voice: rename the file to letters, digits, dots and hyphens")
    if not is_local and not _PUBLISHED.fullmatch(name):
        raise Usage(f"'{name}' is no voice of Piper's: give a name such as pt_BR-faber-medium, or an .onnx file")


def _beside(model: Path) -> tuple[Path, Path]:
    files = model, model.with_name(model.name.removesuffix(MODEL) + CONFIG)
    for file in files:
        if file.is_dir():
            raise Usage(f"{file} is a folder: Piper needs a model and its {CONFIG} beside it, both files")
        if not file.is_file():
            raise NotFound(f"there is no file {file}: Piper needs a model and its {CONFIG} beside it")
    return files


async def _download(name: str, folder: Path, show: Show) -> tuple[Path, Path]:
    """By Piper's own command, in a process that can be ended amid a wait."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "piper.download_voices", "--download-dir", folder, name,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "ORT_DISABLE_TELEMETRY": "1"},  # see piper_worker: Piper loads onnxruntime here, too
    )  # fmt: skip
    ended = asyncio.create_task(process.communicate())
    try:
        await _arrived(name, folder, ended, show)
    finally:
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)
        await end(process)
    if process.returncode:
        raise _not_fetched(name, ended.result()[1].decode(errors="replace"))
    return folder / f"{name}{MODEL}", folder / f"{name}{CONFIG}"


async def _arrived(name: str, folder: Path, ended: asyncio.Task[tuple[bytes, bytes]], show: Show) -> None:
    """Until the process ended. Raises Unavailable where nothing arrives any more."""
    size, still = -1, 0.0
    while not ended.done():
        await asyncio.wait({ended}, timeout=LOOK_SECONDS)
        before, size = size, _size(folder)
        still = 0.0 if size != before else still + LOOK_SECONDS
        show("fetching", size)
        if still >= STALL_SECONDS:
            raise Unavailable(f"{name}: nothing arrived for {STALL_SECONDS:g} s; {_elsewhere(name)}")


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _not_fetched(name: str, trace: str) -> Exception:
    last = (trace.strip().splitlines() or ["it says nothing"])[-1]
    if "HTTP Error 404" in last:
        return NotFound(f"there is no voice '{name}': `{sys.executable} -m piper.download_voices` lists all")
    found = _ERROR.fullmatch(last)
    return Unavailable(f"{name} cannot be fetched: {one_line(found[1] if found else last)}; {_elsewhere(name)}")


def _elsewhere(name: str) -> str:
    return (
        f"where there is a network, `python3 -m piper.download_voices {name}` fetches two files,"
        f" and `darkchannel voices install {name}{MODEL}` installs them here"
    )


async def _put(store: ObjectStore, name: str, files: tuple[Path, Path]) -> None:
    """The model first: the voice counts as there from its JSON on."""
    for key, file in zip(keys.piper_voice(name), files, strict=True):
        await store.put_file(keys.REFS, key, file)


async def _try(engine: Engine, name: str, local: Path | None) -> Voice:
    """The voice, once it has spoken; ``local`` is the person's own model, of which is told where it does not."""
    try:
        voice = next(voice for voice in await engine.voices() if voice.name == name)
        script = rendered(f'<speak xml:lang="{voice.languages[0]}">1, 2, 3.</speak>')
        await engine.speak(script)
    except (Permanent, Unavailable) as error:
        tried, _ = keys.piper_voice(name)
        reason = str(error).replace(f"{keys.REFS}/{tried}", str(local)) if local else str(error)
        raise Failed(f"it is not installed: {reason}") from error
    return voice


async def _store(name: str, files: tuple[Path, Path], chosen: Settings, folder: Path | None) -> None:
    if folder:
        chosen = chosen.model_copy(update={"minio_endpoint": "", "minio_public_url": "", "darkchannel_folder": folder})
    store = settings.open_store(chosen)
    try:
        await _put(store, name, files)
    finally:
        await store.close()


def _tell(voice: Voice, *, json: bool) -> Code:
    there = f"{keys.REFS}/{keys.PIPER_VOICES}"
    if json:
        output.json({"voice": voice.name, "languages": list(voice.languages), "folder": there})
    else:
        output.line(f"{voice.name} speaks {voice.languages[0]} and lies in {there}")
    return Code.OK


@contextmanager
def _shown() -> Iterator[Show]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, size: progress.update(task, description=what, completed=size)
