"""A speech server as OpenAI's that takes its time for each text, in a process of its own, as real ones have.

``python -m tests.benchmarks.slow_speech SECONDS TEXT`` says TEXT to everything, after SECONDS. It prints its address,
and ends with its standard input: with whoever holds the other end, however that one ends.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, field

import aiohttp.web
from aiohttp.test_utils import TestServer

from services.synthesizer.engines.espeak import Espeak
from tests.contract.engines.bare import spoken
from tests.contract.engines.openai import at_rate


@dataclass
class _Slow:
    pcm: bytes
    """What it says to everything."""
    seconds: float
    asked: list[float] = field(default_factory=list)
    """When, by ``time.perf_counter``, which all processes of a system share."""
    at_once: int = 0
    most_at_once: int = 0

    async def speech(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        self.asked.append(time.perf_counter())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await request.read()
        await asyncio.sleep(self.seconds)
        self.at_once -= 1
        return aiohttp.web.Response(body=self.pcm, content_type="application/octet-stream")

    async def seen(self, _: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.json_response({"asked": self.asked, "most_at_once": self.most_at_once})


async def serve(seconds: float, text: str) -> None:
    espeak = Espeak(slots=1)
    try:
        slow = _Slow(at_rate(await spoken(espeak, text, "pt-BR", None)).pcm, seconds)
    finally:
        await espeak.close()
    app = aiohttp.web.Application()
    app.router.add_post("/v1/audio/speech", slow.speech)
    app.router.add_get("/seen", slow.seen)
    async with TestServer(app) as server:
        print(server.make_url("/"), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), sys.argv[2]))
