"""The process in which Bark runs: started when first needed, and again after it ended."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog

from darkchannel.audio.ffmpeg import PIPE_BYTES, end
from darkchannel.errors import DarkChannelError, Permanent, Transient, Unavailable

log = structlog.get_logger(__name__)

WORKER = Path(__file__).with_name("bark_worker.py")
START_SECONDS = 600.0
"""Gigabytes are read from a disk that may be slow."""
STALL_SECONDS = 120.0
"""Without a word from a process that says every few seconds that it is at work: a bound that grows with the work."""
_ERRORS: dict[str, type[DarkChannelError]] = {
    "permanent": Permanent, "transient": Transient, "unavailable": Unavailable
}  # fmt: skip


class Process:
    """Speaks the texts of one batch at a time. Not to be asked again before it answered."""

    def __init__(self, device: str, most: int, *, program: Path, stall: float) -> None:
        self._device = device
        self._most = most
        self._program = program
        self._stall = stall
        self._process: asyncio.subprocess.Process | None = None
        self._is_at: tuple[str, int] = ("", 0)
        """The device and the size of a batch that it told of last."""

    async def most(self, folder: Path) -> int:
        """How many texts it speaks at once with the model in this folder; it is started where it does not run.

        Raises Unavailable where it cannot run the model.
        """
        if self._process is None or self._process.returncode is not None:
            await self._start(folder)
        return self._is_at[1]

    async def speak(self, texts: Sequence[str], preset: str) -> list[bytes | DarkChannelError]:
        """The samples of each text, or why there are none.

        Raises Transient where the process ends or hangs, Permanent where the preset is broken, Unavailable where the
        memory does not do.
        """
        head, pcm = await self._answer(self._stall, {"texts": list(texts), "preset": preset})
        before, self._is_at = self._is_at, (head["device"], head["most"])
        if self._is_at != before and (self._is_at[0] == "cpu" or self._is_at[1] < before[1]):
            log.warning("the memory of the GPU ran out under Bark", spoken_on=head["device"], at_once=head["most"])
        return list(_each(head["texts"], pcm))

    async def _start(self, folder: Path) -> None:
        try:
            # A session of its own: Ctrl-C in a terminal ends the pipeline, which drains, not its engine first.
            # -P, or the modules beside the program would stand for libraries of the same name.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", self._program, folder, self._device, str(self._most),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
                pipesize=PIPE_BYTES,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise Transient(f"Bark's process does not start: {error}") from error
        head, _ = await self._answer(START_SECONDS)
        self._is_at = head["device"], head["most"]
        log.info("Bark is loaded", model=str(folder), device=head["device"], at_once=head["most"])

    async def _answer(self, within: float, request: dict[str, Any] | None = None) -> tuple[dict[str, Any], bytes]:
        """What the process says other than that it is at work, and the samples that follow it."""
        is_whole = False
        try:
            head, pcm = await self._exchange(within, request)
            is_whole = True
        except TimeoutError as error:
            raise Transient(f"Bark hung: its process gave no sign for {within:g} seconds") from error
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            raise Transient(f"Bark's process {await self._end()}") from error
        finally:
            # After a lost answer the pipes hold the rest of it: the process cannot be asked again.
            if not is_whole:
                await self.stop()
        kind = next((kind for kind in _ERRORS if kind in head), None)
        if kind is None:
            return head, pcm
        if kind != "permanent":
            await self.stop()
        raise _ERRORS[kind](f"Bark: {head[kind]}")

    async def _exchange(self, within: float, request: dict[str, Any] | None) -> tuple[dict[str, Any], bytes]:
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        if request is not None:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
        head: dict[str, Any] = {}
        while not head:
            async with asyncio.timeout(within):
                head = json.loads(await self._process.stdout.readuntil())
        async with asyncio.timeout(within):
            return head, await self._process.stdout.readexactly(sum(map(_size, head.get("texts", ()))))

    async def _end(self) -> str:
        """How the process ended, in words that follow its name."""
        process = self._process
        await self.stop()
        status = process.returncode if process else None
        return "was killed, perhaps for lack of memory" if status == -signal.SIGKILL else f"ended with status {status}"

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await end(process)


def _each(texts: Sequence[dict[str, Any]], pcm: bytes) -> Iterator[bytes | DarkChannelError]:
    at = 0
    for text in texts:
        if "error" in text:
            yield Transient(f"Bark could not speak this: {text['error']}")
        else:
            yield pcm[at : at + _size(text)]
        at += _size(text)


def _size(text: dict[str, Any]) -> int:
    return int(text.get("bytes", 0))
