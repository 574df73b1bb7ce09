"""The speech engines: how fast each speaks, and what the synthesizer around them costs and saves.

All on one engine at a time and one segment after the other, but for the slow server, which is kept busy.
"""

import asyncio
import logging
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import espeakng_loader
import structlog

from darkchannel import keys
from darkchannel.audio.wav import Speech
from darkchannel.events import ObjectCreated
from darkchannel.jobs import plan
from darkchannel.messaging.memory import MemoryBus
from darkchannel.runtime.compute import ProcessCompute
from darkchannel.runtime.engines import Engine
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import Context, utc_now
from darkchannel.runtime.speech_cache import speech_key
from darkchannel.runtime.waiting import Stop
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import Element
from darkchannel.speech.ssml import spoken as words
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from services.splitter import document
from services.synthesizer.cache import Cache, CacheSettings
from services.synthesizer.engines.espeak import Espeak
from services.synthesizer.handler import Synthesizer
from services.synthesizer.speaking import Speaking
from tests.benchmarks import book, slow_server
from tests.benchmarks.prepared import place
from tests.contract.engines import KINDS
from tests.pipeline.engine import Simulated, engines_of

PEERS: Final = {
    "gtts": "a peer on loopback that speaks by espeak-ng",
    "openai": "a peer on loopback that speaks by espeak-ng",
    "openai with captions": "a peer on loopback that speaks by espeak-ng",
    "openvoice": "a peer on loopback that speaks by espeak-ng",
    "piper": "the tests' tiny voice, which hums",
    "espeak": "",
}
"""What stands behind each engine here."""
SENTENCES = 12
TEXTS = 40
SEGMENTS = 12
TIMES = 3
"""How often what takes milliseconds is measured."""
LEAST_TIMES = 5.0
"""Asked: how much faster a short segment is spoken than by a process for each."""

FRESH = "a program that loads the same library, run for each"
_PROGRAM = """
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
static int said(short *samples, int count, void *events) {
    if (samples && count > 0) fwrite(samples, 2, count, stdout);
    return 0;
}
int main(int count, char **told) {
    void *library = dlopen(told[1], RTLD_NOW);
    int (*initialize)(int, int, const char *, int) = dlsym(library, "espeak_Initialize");
    void (*hear)(int (*)(short *, int, void *)) = dlsym(library, "espeak_SetSynthCallback");
    int (*choose)(const char *) = dlsym(library, "espeak_SetVoiceByName");
    int (*speak)(const void *, size_t, unsigned, int, unsigned, unsigned, unsigned *, void *)
        = dlsym(library, "espeak_Synth");
    if (initialize(2, 0, told[2], 0x8000) <= 0) return 1;
    hear(said);
    return choose(told[3]) || speak(told[4], strlen(told[4]) + 1, 0, 1, 0, 0x1001, 0, 0);
}
"""


@dataclass(frozen=True, slots=True)
class Spoken:
    """``times``: seconds of speech a second."""

    name: str
    behind: str
    times: float


@dataclass(frozen=True, slots=True)
class Short:
    """A text by espeak-ng in a process that stays, and by a process for each."""

    characters: float
    staying: float
    fresh: float

    @property
    def ratio(self) -> float:
        return self.fresh / self.staying


@dataclass(frozen=True, slots=True)
class Engines:
    """Milliseconds are those of one segment."""

    engines: tuple[Spoken, ...]
    short: tuple[Short, ...]
    """A few words, and a sentence; none where there is nothing to run for each."""
    rival: str
    """What was run for each."""
    characters: float
    """Of an ordinary segment."""
    speech: float
    """An ordinary segment by espeak-ng."""
    overhead: float
    """What the synthesizer adds to it, from its event to its chunk in a store in memory."""
    from_memory: float
    """The same speech out of the cache."""
    from_folder: float
    """Out of the cache of another process, by way of a folder."""
    busy: float
    """What a slow server spoke, as a share of what it speaks at best."""


def measure() -> Engines:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    return asyncio.run(_measure())


async def _measure() -> Engines:
    sentences = [sentence.strip() for sentence in book.write(40_000).replace("#", "").split(".") if sentence.strip()]
    segments = _segments()
    each = zip([kind for kind in KINDS if kind.name in PEERS], _batched(sentences, SENTENCES), strict=False)
    engines = [await _times(kind.name, kind.opened, texts) for kind, texts in each]
    espeak = Espeak(slots=1)
    try:
        sets = [list(dict.fromkeys(_first_words(text) for text in sentences))[:TEXTS], sentences[:TEXTS]]
        speeches = [await espeak.speak(rendered(text)) for text in segments]
        staying = [await _each(texts, lambda text: espeak.speak(_sentence(text))) for texts in sets]
        speech = await _each(segments, lambda text: espeak.speak(rendered(text)))
    finally:
        await espeak.close()
    rival, fresh = await asyncio.to_thread(_fresh, sets)
    overhead = await _overhead(segments, speeches)
    from_memory, from_folder = await _cached(segments, speeches)
    return Engines(
        engines=tuple(engines),
        short=tuple(
            Short(sum(map(len, texts)) / len(texts), 1_000 * ours, 1_000 * theirs)
            for texts, ours, theirs in zip(sets, staying, fresh, strict=False)
        ),
        rival=rival,
        characters=sum(map(len, segments)) / len(segments),
        speech=1_000 * speech,
        overhead=1_000 * overhead,
        from_memory=1_000 * from_memory,
        from_folder=1_000 * from_folder,
        busy=await slow_server.busy(),
    )


def _batched(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for at in range(0, len(texts) - size, size):
        yield texts[at : at + size]


def _segments() -> tuple[str, ...]:
    _, parts = plan.make(document.read(book.write(40_000).encode(), "livro.md", ()))
    return tuple(text for part in parts for text in part.segments if len(text) > 1_000)[:SEGMENTS]


def _first_words(text: str) -> str:
    """As short as an answer in a dialogue."""
    return " ".join(text.split()[:2])


def _sentence(text: str) -> Element:
    return Element("speak", {"xml:lang": "pt-BR"}, (text,))


async def _each(texts: Sequence[str], speak: Callable[[str], Awaitable[object]]) -> float:
    """Seconds for each of them: of a few times the quickest, so that what else runs here counts for little."""
    return sum([min([await _seconds(speak, text) for _ in range(TIMES)]) for text in texts]) / len(texts)


async def _seconds(speak: Callable[[str], Awaitable[object]], text: str) -> float:
    start = time.perf_counter()
    await speak(text)
    return time.perf_counter() - start


async def _times(name: str, opened: Callable[[], AbstractAsyncContextManager[Engine]], texts: Sequence[str]) -> Spoken:
    async with opened() as engine:
        await engine.speak(_sentence("Um."))
        start = time.perf_counter()
        speeches = [await engine.speak(_sentence(text)) for text in texts]
        seconds = time.perf_counter() - start
    return Spoken(name, PEERS[name], sum(len(speech.pcm) / 2 / speech.rate for speech in speeches) / seconds)


def _fresh(sets: Sequence[Sequence[str]]) -> tuple[str, list[float]]:
    """What was run for each text, and the seconds that this took for one of each set, as ``_each`` tells them."""
    library = Path(espeakng_loader.get_library_path())
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as folder:
        if program := shutil.which("espeak-ng"):
            rival, command = program, [program, "-v", "pt-br", "--stdout"]
        elif compiler := shutil.which("cc"):
            source, program = Path(folder, "fresh.c"), str(Path(folder, "fresh"))
            source.write_text(_PROGRAM)
            subprocess.run([compiler, "-O2", "-o", program, str(source), "-ldl"], check=True)
            rival, command = FRESH, [program, str(library), str(library.parent), "pt-br"]
        else:
            return "neither espeak-ng nor a compiler is here", []

        def seconds(text: str) -> float:
            start = time.perf_counter()
            assert subprocess.run([*command, text], capture_output=True, check=True).stdout
            return time.perf_counter() - start

        return rival, [sum(min(seconds(text) for _ in range(TIMES)) for text in texts) / len(texts) for texts in sets]


async def _overhead(segments: Sequence[str], speeches: Sequence[Speech]) -> float:
    """Seconds a segment, of a synthesizer whose engine has its speech ready."""
    ready = {words(rendered(text)): speech for text, speech in zip(segments, speeches, strict=True)}

    async def say(script: Element) -> Speech:
        return ready.get(words(script), speeches[0])

    store = MemoryStore(clock=utc_now)
    jobs, compute = Jobs(store, utc_now), ProcessCompute(1)
    context = Context(store=store, jobs=jobs, bus=MemoryBus(), clock=utc_now, compute=compute, stop=Stop())
    cache = Cache(store, utc_now, context.metrics, CacheSettings())
    speaking = Speaking(context, engines_of(Simulated(say), clock=utc_now), cache)
    speak = Synthesizer(context, speaking).speak
    job, _ = await place(jobs, [(segments[0], *segments)], ("mp3",))
    try:
        await speak(ObjectCreated(keys.JOBS, keys.segment(job, 0)))  # and measure the voice
        start = time.perf_counter()
        for index in range(1, len(segments) + 1):
            await speak(ObjectCreated(keys.JOBS, keys.segment(job, index)))
        seconds = time.perf_counter() - start
        assert await store.head(keys.JOBS, keys.chunk(job, len(segments)))
        return seconds / len(segments)
    finally:
        await speaking.levels.close()
        await compute.close()


async def _cached(segments: Sequence[str], speeches: Sequence[Speech]) -> tuple[float, float]:
    """Seconds for a segment, its key included: from memory, and by another process from a folder."""
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as folder:
        store = FolderStore(Path(folder))
        first, second = (Cache(store, utc_now, Metrics(), CacheSettings()) for _ in range(2))

        async def get(cache: Cache, text: str) -> None:
            assert await cache.get(speech_key(rendered(text), "ready", "1"))

        for text, speech in zip(segments, speeches, strict=True):
            await first.put(speech_key(rendered(text), "ready", "1"), speech)
        start = time.perf_counter()
        for text in segments:
            await get(second, text)
        from_folder = (time.perf_counter() - start) / len(segments)
        last = segments[-1:]  # all of them are more than its memory holds
        from_memory = await _each(last, lambda text: get(first, text))
        for cache in (first, second):
            await cache.close()
        await store.close()
        return from_memory, from_folder
