"""A speech server that takes a second for each text, kept busy by the real synthesizer through the real engine."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

import aiohttp.web
import structlog
from aiohttp.test_utils import TestServer

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
from services.synthesizer.engines.espeak import Espeak
from tests.benchmarks.narration import NotNarrated
from tests.benchmarks.prepared import place
from tests.contract.engines.bare import spoken
from tests.contract.engines.openai import at_rate

AT_ONCE = 32
PREFETCH = 40
"""Of the synthesizer for so many."""
SPEAK_SECONDS = 1.0
SEGMENTS = 10 * AT_ONCE
LEAST_BUSY = 0.95
"""Asked."""
LIMIT_SECONDS = 120.0

_TEXT = "O faroleiro contou {} gaivotas no cais."


@dataclass
class _Slow:
    pcm: bytes
    """What it says to everything."""
    asked: list[float] = field(default_factory=list)
    """When, by ``time.perf_counter``."""
    at_once: int = 0
    most_at_once: int = 0

    async def __call__(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        self.asked.append(time.perf_counter())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await request.read()
        await asyncio.sleep(SPEAK_SECONDS)
        self.at_once -= 1
        return aiohttp.web.Response(body=self.pcm, content_type="application/octet-stream")


async def busy() -> float:
    """What it spoke, as a share of what it speaks at best, from a job's first request to its last chunk.

    The window is that of a lone job once the reconciler has seen it, and the voice is known by a job before.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    async with _served() as (slow, url), _synthesizer(url) as (jobs, chunks):
        await _speak(jobs, chunks, range(1))
        before = len(slow.asked)
        await _speak(jobs, chunks, range(1, SEGMENTS + 1))
        seconds = time.perf_counter() - slow.asked[before]
        if slow.most_at_once != AT_ONCE:
            raise NotNarrated(f"the server had {slow.most_at_once} requests at once where {AT_ONCE} are allowed")
        return SEGMENTS * SPEAK_SECONDS / AT_ONCE / seconds


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
async def _served() -> AsyncIterator[tuple[_Slow, str]]:
    espeak = Espeak(slots=1)
    try:
        slow = _Slow(at_rate(await spoken(espeak, _TEXT.format(123), "pt-BR", None)).pcm)
    finally:
        await espeak.close()
    app = aiohttp.web.Application()
    app.router.add_post("/v1/audio/speech", slow)
    async with TestServer(app) as server:
        yield slow, str(server.make_url("/"))


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
        runner = Runner(
            context=Context(store=store, jobs=jobs, bus=bus, clock=utc_now, compute=compute),
            services=[SERVICE],
            process=Process(),
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
