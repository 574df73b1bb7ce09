"""The process of the pipeline, as those who ask it see it: a request a line, and a line in answer to each.

It is no part of the caller's own process, whose main module it would run again for its workers, and whose packages
might hide ours.
"""

import asyncio
import sys
from typing import Final

from pydantic import BaseModel

LINE_BYTES: Final = 1 << 20
"""Longest answer."""
REST_SECONDS: Final = 1.0
"""For which answers are looked for after the process ended."""


class Request(BaseModel):
    number: int = 0
    text: str
    path: str
    """Of the file to be written."""
    options: dict[str, str]


class Answer(BaseModel):
    number: int = 0
    """Of its request; 0 where it is of none: the process says why it ends."""
    error: str | None = None
    duration: float | None = None
    """In seconds."""
    cached: bool = False


class Ended(Exception):
    """The process ended without an answer."""


async def ask(request: Request) -> Answer:
    """Have a text narrated; called in the loop of ``runtime.background``. Raises Ended, and OSError."""
    loop = asyncio.get_running_loop()
    if loop not in _pipelines:
        _pipelines[loop] = _Process()
    return await _pipelines[loop].ask(request)


class _Process:
    """Started when first needed, and again after it ended. Its end of input, that of this process, ends it."""

    def __init__(self) -> None:
        self._starting = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._serving: asyncio.Task[None] | None = None
        self._number = 0
        self._reason: str | None = None
        """Why it ended, as it said itself."""

    async def ask(self, request: Request) -> Answer:
        async with self._starting:
            if self._serving is None or self._serving.done():
                await self._start()
        assert self._process
        assert self._process.stdin
        self._number = number = self._number + 1
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        line = request.model_copy(update={"number": number}).model_dump_json()
        try:
            self._process.stdin.write(line.encode() + b"\n")
            await self._process.stdin.drain()
            return await answer
        finally:
            del self._waiting[number]

    async def _start(self) -> None:
        self._reason = None
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "darkchannel.narration",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
            start_new_session=True,
        )  # fmt: skip
        self._serving = asyncio.create_task(self._serve(self._process))

    async def _serve(self, process: asyncio.subprocess.Process) -> None:
        reading = asyncio.create_task(self._read(process))
        ending = asyncio.create_task(process.wait())
        await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
        # Its own processes may hold its output open after it was killed; and what does not answer is of no use.
        await asyncio.wait({reading, ending}, timeout=REST_SECONDS)
        if not ending.done():
            process.kill()
        status = await ending
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        reason = self._reason or f"the process that narrates ended with status {status}: try again"
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Ended(reason))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        async for line in process.stdout:
            answer = Answer.model_validate_json(line)
            self._reason = answer.error if answer.number == 0 else None
            waiting = self._waiting.get(answer.number)
            if waiting and not waiting.done():
                waiting.set_result(answer)


_pipelines: dict[asyncio.AbstractEventLoop, _Process] = {}
"""One, and one more in each fork, whose loop is another."""
