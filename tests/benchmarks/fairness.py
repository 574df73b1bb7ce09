"""One huge book: how busy it keeps the synthesizers when it is alone, and how much slower it makes small jobs.

Also several whose engine never answers.

The real handlers, runtime and reconciler over the store and the bus in memory, in virtual time; only the engine
takes time, a second a segment. What requests and encoding take is left out.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from darkchannel import keys, pipeline
from darkchannel.audio.wav import Speech
from darkchannel.events import ObjectCreated
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Chapter
from darkchannel.jobs.runs import Closed, State
from darkchannel.messaging.memory import MemoryBus
from darkchannel.messaging.topology import RETRY_DELAYS
from darkchannel.runtime.embedded import route
from darkchannel.runtime.engines import Silent
from darkchannel.runtime.runner import Runner
from darkchannel.runtime.service import Context, Parts, Round, Service
from darkchannel.runtime.waiting import Process
from darkchannel.speech.ssml import Element
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from services.handoff_notifier.messages import Answer, Message
from services.synthesizer import SPARE
from tests.benchmarks import virtual_time
from tests.benchmarks.narration import NotNarrated
from tests.pipeline import process
from tests.pipeline.engine import Simulated

PROCESSES = 8
SLOW, SILENT = "slow", "silent"
"""The engines."""
SLOTS = 4
"""Segments that one process speaks at once."""
SPEAK_SECONDS = 1.0
SILENT_SLOTS = 8
SILENT_BOOKS, SILENT_SEGMENTS = 15, 50
SILENT_SECONDS = 60.0
"""After which nobody waits any more for the engine that never answers."""
TEXT = "O farol acendeu antes da chuva."
RATE = 8_000
"""In hertz, the lowest that is speech."""
SPEECH = b"".join((1_000 + n % 2).to_bytes(2, "little") for n in range(300))
"""Of each segment: how long it lasts changes nothing here."""
CHAPTER_SEGMENTS = 50
GRACE_SECONDS = 30.0
LIMIT_SECONDS = 3_600.0
EPOCH = datetime(2026, 3, 1, tzinfo=UTC)

LONE_SEGMENTS = 2_000
HUGE_SEGMENTS = 5_000
SMALL_SEGMENTS = 10
SMALL_JOBS = 40

LEAST_UTILISATION = 0.95
MOST_RATIO = 2.0
MOST_SILENT_RATIO = 1.5


@dataclass(frozen=True, slots=True)
class Fairness:
    """Seconds are virtual."""

    utilisation: float
    """Share of the slots' time that was spoken in, from the drop of the lone book to its last chunk."""
    alone: float
    """Median seconds of a small job from the drop to the closed run."""
    beside: float
    """The same beside one huge book."""
    beside_silence: float
    """The same beside several urgent ones whose engine never answers."""

    @property
    def ratio(self) -> float:
        return self.beside / self.alone

    @property
    def silent_ratio(self) -> float:
        return self.beside_silence / self.alone


def measure() -> Fairness:
    """Raises NotNarrated where a run ends otherwise than completed."""
    return Fairness(
        utilisation=utilisation(),
        alone=virtual_time.run(_small_jobs()),
        beside=virtual_time.run(_small_jobs(beside=SLOW)),
        beside_silence=virtual_time.run(_small_jobs(beside=SILENT)),
    )


def utilisation() -> float:
    return virtual_time.run(_utilisation())


def silent_ratio() -> float:
    return virtual_time.run(_small_jobs(beside=SILENT)) / virtual_time.run(_small_jobs())


async def _utilisation() -> float:
    async with _stack() as stack:
        await stack.through(LONE_SEGMENTS)
    return LONE_SEGMENTS * SPEAK_SECONDS / (PROCESSES * SLOTS * stack.last_spoken)


async def _small_jobs(*, beside: str | None = None) -> float:
    """Median seconds of small jobs that arrive all through the run of a huge book, or without one at the same times.

    ``beside``: the engine of the huge book; where it is SILENT, there are several urgent ones instead.
    """
    through_the_run = HUGE_SEGMENTS * SPEAK_SECONDS / PROCESSES / SLOTS
    chance = Random(1)
    arrivals = [chance.uniform(5, 0.9 * through_the_run) for _ in range(SMALL_JOBS)]
    async with _stack() as stack:
        if beside == SLOW:
            await stack.drop(HUGE_SEGMENTS)
        for _ in range(SILENT_BOOKS if beside == SILENT else 0):
            await stack.drop(SILENT_SEGMENTS, SILENT)
        times = await asyncio.gather(*(stack.through(SMALL_SEGMENTS, after=at) for at in arrivals))
    return statistics.median(times)


@dataclass
class _Stack:
    """Every service, and eight processes of the synthesizer, over one store and one bus."""

    bus: MemoryBus = field(default_factory=MemoryBus)
    closed: dict[str, "asyncio.Future[float]"] = field(default_factory=dict)
    last_spoken: float = 0.0

    def __post_init__(self) -> None:
        self.hear = route(self.bus)
        self.store = MemoryStore(clock=_clock, on_created=self._created)

    async def through(self, segments: int, *, after: float = 0.0) -> float:
        """Drop a document of so many segments at a time; the seconds until its run is closed."""
        await asyncio.sleep(after)
        start = _now()
        job = await self.drop(segments)
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                end = await self.closed[job]
        except TimeoutError:
            raise NotNarrated(f"{job} is not closed after {LIMIT_SECONDS:g} s of virtual time") from None
        found = await self.store.get(keys.JOBS, keys.run_event(job, 1, "closed"))
        if found is None or Closed.model_validate_json(found.body).status is not State.COMPLETED:
            raise NotNarrated(f"{job} was not completed")
        return end - start

    async def drop(self, segments: int, engine: str = SLOW) -> str:
        """The job of a new document of so many segments that an engine is to speak."""
        name = f"{len(self.closed)}.md"
        await self.store.put(keys.INBOX, name, f"{segments} {engine}".encode())
        [version] = [info.version or "" async for info in self.store.versions(keys.INBOX, name)]
        job = keys.job_id(keys.INBOX, name, version)
        self.closed[job] = asyncio.get_running_loop().create_future()
        return job

    def _created(self, event: ObjectCreated) -> None:
        run = keys.parse_run(event.key)
        if run and run.event == "closed":
            self.closed[run.job].set_result(_now())
        if keys.parse_chunk(event.key):
            self.last_spoken = _now()
        self.hear(event)

    def runner(self, services: Sequence[Service]) -> Runner:
        """One process, with its own memory of jobs."""
        process = Process()
        context = Context(
            store=self.store,
            jobs=Jobs(self.store, _clock),
            bus=self.bus,
            clock=_clock,
            compute=_read_document,  # type: ignore[arg-type]
            stop=process.stop,
        )
        return Runner(
            context=context, services=services, process=process, retry_delays=RETRY_DELAYS, on_failure=_nothing
        )


@asynccontextmanager
async def _stack() -> AsyncIterator[_Stack]:
    stack = _Stack()
    others = [_service(name) for name in pipeline.SERVICES if name != "synthesizer"]
    runners = [stack.runner([_service("synthesizer")]) for _ in range(PROCESSES)] + [stack.runner(others)]
    try:
        for runner in runners:
            await runner.start()
        yield stack
    finally:
        for runner in runners:
            await runner.drain(0)
        await stack.bus.close()


def _service(name: str) -> Service:
    async def build(context: Context) -> Parts:
        engines = (Simulated(_say, SLOW, slots=SLOTS, rate=RATE), Simulated(_hang, SILENT, slots=SILENT_SLOTS))
        made = process.build(context, engines, _Receiver(), lambda: "nonce", GRACE_SECONDS)
        return Parts(
            handlers={stage.name: made.handlers[stage.name] for stage in pipeline.stages_of(name)},
            prefetch={"speak": SLOTS},
            spare={"speak": SPARE},
            rounds={name: Round(made.reconciler.round)} if name == pipeline.RECONCILER else {},
        )

    return Service(name=name, build=build)


async def _say(_: Element) -> Speech:
    await asyncio.sleep(SPEAK_SECONDS)
    return Speech(SPEECH, RATE)


async def _hang(_: Element) -> Speech:
    await asyncio.sleep(SILENT_SECONDS)
    raise Silent("it does not answer")


class _Receiver:
    def timeout(self, message: Message) -> float:
        del message
        return 10.0

    async def __call__(self, message: Message, signed: Mapping[str, str]) -> Answer:
        del message, signed
        return Answer(200)


async def _read_document(function: Any, /, body: bytes | Book, *about: Any) -> Any:
    """A document of the benchmark is the number of its segments, and a book as soon as it is read."""
    if isinstance(body, Book):
        return body
    segments, engine = body.decode().split()
    texts = [f"<speak>{TEXT} {number}</speak>" for number in range(int(segments))]
    chapters = [tuple(texts[at : at + CHAPTER_SEGMENTS]) for at in range(0, len(texts), CHAPTER_SEGMENTS)]
    numbered = tuple(Chapter(str(number), chapter) for number, chapter in enumerate(chapters))
    options = Options(engine=engine, priority="urgent" if engine == SILENT else "medium")
    return Book("Livro", None, options, numbered)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _clock() -> datetime:
    return EPOCH + timedelta(seconds=_now())


def _nothing() -> None:
    pass
