"""espeak-ng, the offline default voice: the library of the ``espeakng-loader`` wheel, one process a core."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import espeakng_loader

from darkchannel.audio.ffmpeg import PIPE_BYTES, end
from darkchannel.audio.wav import BYTES_PER_SAMPLE, Mark, Speech, Turn, Word
from darkchannel.errors import Permanent, Transient, Unavailable
from darkchannel.runtime.engines import Voice
from darkchannel.speech.script import names
from darkchannel.speech.ssml import Element
from darkchannel.storage.port import ObjectStore
from services.synthesizer.engines import espeak_voices, espeak_worker
from services.synthesizer.engines.espeak_ssml import Piece, prepare, unknown_language
from services.synthesizer.engines.espeak_words import words

TIMEOUT_SECONDS = 60.0
"""For one segment: many times what the longest accepted one takes."""
LINE_BYTES = 1 << 20
"""Longest line of an answer: its marks and words, of which the longest accepted segment has some 4,000 and 20,000."""


class Espeak:
    """Speaks each segment in a process that lives on; one that dies or hangs is replaced at the next."""

    name = "espeak"
    rate = 22_050
    is_costly = False
    most_segments = None

    def __init__(self, *, slots: int | None = None, timeout: float = TIMEOUT_SECONDS) -> None:
        self.slots = slots or os.cpu_count() or 1
        self.timeout = timeout
        self._workers: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        for _ in range(self.slots):
            self._workers.put_nowait(_Worker())

    async def speak(self, script: Element) -> Speech:
        pieces = await asyncio.to_thread(prepare, script)
        worker = await self._workers.get()
        try:
            async with asyncio.timeout(self.timeout):
                return await worker.speak(pieces)
        except TimeoutError as error:
            raise Transient(f"espeak-ng did not finish this segment within {self.timeout:g} seconds") from error
        finally:
            self._workers.put_nowait(worker)

    async def voices(self) -> Sequence[Voice]:
        return await asyncio.to_thread(espeak_voices.voices)

    async def has(self, voice: str) -> bool:
        return await asyncio.to_thread(lambda: any(map(espeak_voices.has, names(voice))))

    async def revision(self, _: Element) -> str:
        return version("espeakng-loader")

    async def close(self) -> None:
        """End the processes, once no segment is being spoken."""
        for _ in range(self.slots):
            await (await self._workers.get()).stop()


class _Worker:
    """One slot: a process that is started when first needed and again after it ended."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._rate = 0

    async def speak(self, pieces: list[Piece]) -> Speech:
        finished = False
        try:
            head, pcm = await self._ask(pieces)
            finished = True
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            raise Transient(f"espeak-ng stopped while it spoke this segment: {error}") from error
        finally:
            # After a lost answer the pipes hold the rest of it: the process cannot be asked again.
            if not finished:
                await self.stop()
        if "unknown" in head:
            raise Permanent(unknown_language(head["unknown"]))  # ``prepare`` refuses names
        if "error" in head:
            raise Permanent(head["error"])
        told = (name for piece in pieces for name in piece.places)
        places = list(zip(told, head["places"], strict=True))
        return Speech(
            pcm,
            self._rate,
            marks=tuple(Mark(name, sample) for name, sample in places if name is not None),
            sentences=tuple(sample for name, sample in places if name is None),
            words=tuple(
                Word(sample, word)
                for piece, events in zip(pieces, head["words"], strict=True)
                for sample, word in words(piece.ssml, events, len(pcm) // BYTES_PER_SAMPLE, self._rate)
            ),
            turns=tuple(Turn(sample, voice) for sample, voice in head["turns"]),
        )

    async def _ask(self, pieces: list[Piece]) -> tuple[dict[str, Any], bytes]:
        process = self._process
        if process is None or process.returncode is not None:
            process = await self._start()
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps([asdict(piece) for piece in pieces]).encode() + b"\n")
        await process.stdin.drain()
        head = json.loads(await process.stdout.readuntil())
        return head, await process.stdout.readexactly(head.get("bytes", 0))

    async def _start(self) -> asyncio.subprocess.Process:
        library = Path(espeakng_loader.get_library_path())
        # A session of its own: Ctrl-C in a terminal ends the pipeline, which drains, not its engine first.
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", espeak_worker.__file__, library, library.parent,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_BYTES,
            pipesize=PIPE_BYTES,
            start_new_session=True,
        )  # fmt: skip
        assert process.stdout
        head = json.loads(await process.stdout.readuntil())
        if "error" in head:
            raise Unavailable(f"espeak-ng does not start: {head['error']}; install espeakng-loader again")
        self._rate = head["rate"]
        return process

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await end(process)


def engine(_: ObjectStore) -> Espeak:
    return Espeak()
