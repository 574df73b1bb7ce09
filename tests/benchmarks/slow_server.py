"""A speech server that takes a second for each text, kept busy by the real synthesizer through the real engine."""

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from unittest.mock import patch

import aiohttp
import structlog

from darkchannel import keys
from darkchannel.events import ObjectCreated
from darkchannel.jobs.window import widths
from darkchannel.messaging.memory import MemoryBus
from darkchannel.messaging.topology import RETRY_DELAYS
from darkchannel.runtime.compute import ProcessCompute
from darkchannel.runtime.embedded import route
from darkchannel.runtime.runner import Runner
from darkchannel.runtime.service import Context, utc_now
from darkchannel.runtime.waiting import Process
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from services.synthesizer import SERVICE
from tests.benchmarks.narration import NotNarrated
from tests.benchmarks.prepared import place

AT_ONCE = 32
PREFETCH = 40
"""Of the synthesizer for so many."""
SPEAK_SECONDS = 1.0
SEGMENTS = 10 * AT_ONCE
LEAST_BUSY = 0.95
"""Asked."""
LIMIT_SECONDS = 120.0
START_SECONDS = 30.0
END_SECONDS = 5.0

_TEXT = "O faroleiro contou {} gaivotas no cais."


@dataclass(frozen=True, slots=True)
class _Seen:
    asked: Sequence[float]
    """When the server was asked, by ``time.perf_counter``."""
    most_at_once: int


async def busy() -> float:
    """What it spoke, as a share of what it speaks at best, from a job's first request to its last chunk.

    The window is that of a lone job once the reconciler has seen it, and the voice is known by a job before.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    async with _served() as url, _synthesizer(url) as (jobs, chunks):
        await _speak(jobs, chunks, range(1))
        before = time.perf_counter()
        await _speak(jobs, chunks, range(1, SEGMENTS + 1))
        last = time.perf_counter()
        seen = await _seen(url)
        if seen.most_at_once != AT_ONCE:
            raise NotNarrated(f"the server had {seen.most_at_once} requests at once where {AT_ONCE} are allowed")
        first = min(at for at in seen.asked if at > before)
        return SEGMENTS * SPEAK_SECONDS / AT_ONCE / (last - first)


async def _speak(jobs: Jobs, chunks: "asyncio.Queue[ObjectCreated]", numbers: range) -> None:
    """A job of a segment for each number, until its last chunk is there."""
    texts = [f"<speak>{_TEXT.format(number)}</speak>" for number in numbers]
    chapters = [tuple(texts[at : at + AT_ONCE]) for at in range(0, len(texts), AT_ONCE)]
    await place(jobs, chapters, ("mp3",), width=widths(PREFETCH, {"": "medium"})[""])
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            for _ in texts:
                await chunks.get()
    except TimeoutError:
        raise NotNarrated(f"a job of {len(texts)} segments is not spoken after {LIMIT_SECONDS:g} s") from None


@asynccontextmanager
async def _served() -> AsyncIterator[str]:
    """The address of the server, whose sending is not to take the time of the synthesizer's loop."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.slow_speech", str(SPEAK_SECONDS), _TEXT.format(123),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    try:
        async with asyncio.timeout(START_SECONDS):
            url = (await process.stdout.readline()).decode().strip()
        if not url:
            raise NotNarrated(f"the speech server ended with status {await process.wait()} before it was asked")
        yield url
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _seen(url: str) -> _Seen:
    async with aiohttp.ClientSession() as session, session.get(f"{url}seen") as response:
        return _Seen(**await response.json())


@asynccontextmanager
async def _synthesizer(url: str) -> AsyncIterator[tuple[Jobs, "asyncio.Queue[ObjectCreated]"]]:
    """The whole service over a store and a bus in memory, and the chunks that it writes."""
    chunks: asyncio.Queue[ObjectCreated] = asyncio.Queue()
    bus = MemoryBus()
    hear = route(bus)

    def created(event: ObjectCreated) -> None:
        if keys.parse_chunk(event.key):
            chunks.put_nowait(event)
        hear(event)

    store = MemoryStore(clock=utc_now, on_created=created)
    jobs, compute = Jobs(store, utc_now), ProcessCompute(1)
    told = {"OPENAI_SPEECH_URL": url, "OPENAI_SPEECH_CONCURRENCY": str(AT_ONCE), "ENGINES": "openai"}
    with patch.dict("os.environ", told):
        process = Process()
        runner = Runner(
            context=Context(store=store, jobs=jobs, bus=bus, clock=utc_now, compute=compute, stop=process.stop),
            services=[SERVICE],
            process=process,
            retry_delays=RETRY_DELAYS,
            on_failure=_nothing,
        )
        await runner.start()
    try:
        yield jobs, chunks
    finally:
        await runner.drain(0)
        await bus.close()
        await compute.close()


def _nothing() -> None:
    pass
