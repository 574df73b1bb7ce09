"""Requests that come within a moment of one another, spoken together where they are for one voice."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from darkchannel.errors import DarkChannelError, Transient
from services.synthesizer.engines.bark_process import Process


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    text: str
    preset: str
    answer: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def settle(self, said: bytes | DarkChannelError) -> None:
        if self.answer.done():  # who asked gave up
            return
        if isinstance(said, bytes):
            self.answer.set_result(said)
        else:
            self.answer.set_exception(type(said)(*said.args))  # one error of its own for each who waits


class Batches:
    """``gather`` are the seconds for which others are waited for after the first."""

    def __init__(self, process: Process, *, gather: float) -> None:
        self._process = process
        self._gather = gather
        self._waiting: list[_Request] = []
        self._speaking: asyncio.Task[None] | None = None

    async def say(self, text: str, preset: str, folder: Path) -> bytes:
        """Its samples, from the model in this folder. Raises as ``Process`` does."""
        request = _Request(text, preset)
        self._waiting.append(request)
        if self._speaking is None or self._speaking.done():
            self._speaking = asyncio.create_task(self._speak(folder))
        return await request.answer

    async def close(self) -> None:
        """End the process; whoever still waits is told."""
        if self._speaking is not None:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)
        self._dismiss()
        await self._process.stop()

    async def _speak(self, folder: Path) -> None:
        """Batch after batch, until nobody waits."""
        try:
            while self._waiting:
                await self._speak_batch(folder)
                self._waiting = [request for request in self._waiting if not request.answer.done()]
        finally:
            self._dismiss()

    async def _speak_batch(self, folder: Path) -> None:
        batch = self._waiting  # where Bark does not start, it is so for all of them
        said: Sequence[bytes | DarkChannelError]
        try:
            most = await self._process.most(folder)
            if len(self._waiting) < most:
                await asyncio.sleep(self._gather)
            batch = self._next(most)
            said = await self._process.speak([request.text for request in batch], batch[0].preset) if batch else []
        except DarkChannelError as error:
            said = [error] * len(batch)
        for request, pcm in zip(batch, said, strict=True):
            request.settle(pcm)

    def _dismiss(self) -> None:
        """Nobody waits for what will not come."""
        for request in self._waiting:
            request.settle(Transient("Bark was stopped before it spoke this"))
        self._waiting = []

    def _next(self, most: int) -> list[_Request]:
        """Who waits the longest, and those behind for the same voice; nobody who gave up."""
        waiting = [request for request in self._waiting if not request.answer.done()]
        return [request for request in waiting if request.preset == waiting[0].preset][:most]
