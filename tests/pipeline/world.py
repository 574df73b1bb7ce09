"""One job in a world that loses, doubles and reorders events, kills workers and lets people interfere."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from darkchannel import keys, pipeline
from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Refused
from darkchannel.events import ObjectCreated
from darkchannel.jobs.deliveries import Delivery
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Chapter
from darkchannel.jobs.runs import Opened, Outcome, State
from darkchannel.runtime.service import Context, Handler
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from services.handoff_notifier.handler import Notifier
from services.handoff_notifier.omniplay import Answer, Handoff
from services.merger.book import BookBinder
from services.merger.sections import SectionEncoder
from services.publisher.handler import Publisher
from services.reconciler.handler import Reconciler
from services.reconciler.settings import ReconcilerSettings
from services.splitter.handler import Splitter
from services.splitter.settings import SplitterSettings
from services.synthesizer.handler import Speak, Synthesizer
from tests.pipeline.scheduler import RUNNER, Runner, ScheduledStore, Scheduler

DOCUMENT = "livro.md"
UNSPEAKABLE = "unspeakable"


@dataclass(frozen=True)
class Mix:
    """What happens to the job, and how hard the world is."""

    acts: tuple[tuple[Any, ...], ...] = ()
    """("edit", index, text, when), ("cancel",), ("retry",), ("withdraw",), ("upgrade",), ("wipe",)."""
    loss: float = 0.07
    double: float = 0.1
    crash: float = 0.008
    straggle: float = 0.015
    refused: bool = False
    fails: int = 0
    """How many times the engine refuses a text that it can speak."""


@dataclass
class Message:
    stage: str
    event: ObjectCreated


@dataclass
class SimulatedBus:
    """Takes hints as the broker would; the world delivers them, in any order."""

    world: "World"

    async def publish(self, queue: str, body: bytes, *, attempt: int = 1) -> None:
        await self.world.scheduler.point()
        self.world.queue.append(Message(queue.rpartition(".")[2], ObjectCreated.decode(body)))
        self.world.hinted = True

    async def depth(self, queue: str) -> int:
        await self.world.scheduler.point()
        return sum(message.stage == queue.rpartition(".")[2] for message in self.world.queue)


@dataclass
class Receiver:
    """OmniPlay: counts what it hears."""

    world: "World"
    timeout: float = 10.0
    heard: list[tuple[str, datetime, Runner]] = field(default_factory=list)

    async def send(self, handoff: Handoff, at: datetime) -> Answer:
        called = self.world.now
        await self.world.scheduler.point()
        if (self.world.now - called).total_seconds() >= self.timeout:
            return Answer(0, note="timed out on the way")
        self.heard.append((handoff.id, self.world.now, RUNNER.get()))
        return Answer(200, "7")


@dataclass
class Process:
    """One replica of every service, with its own memory."""

    handlers: dict[str, Handler]
    reconciler: Reconciler


def build(context: Context, speak: Speak, receiver: Any, nonce: Callable[[], str], grace: float) -> Process:
    """The real handlers over simulated speech and encoding."""
    publisher = Publisher(context)
    handlers: dict[str, Handler] = {
        "accept": Splitter(context, SplitterSettings(company_id="5")).accept,
        "speak": Synthesizer(context, speak).speak,
        "encode": SectionEncoder(context, _encode, len).encode,
        "assemble": BookBinder(context, _join).assemble,
        "decide": publisher.decide,
        "act": publisher.act,
        "announce": Notifier(context, receiver, nonce).announce,
    }
    return Process(handlers, Reconciler(context, ReconcilerSettings(reconcile_after_seconds=grace)))


class World:
    def __init__(self, seed: int, mix: Mix) -> None:
        self.scheduler = Scheduler(seed)
        self.random = self.scheduler.random
        self.mix = mix
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.texts = self._texts()
        self.version = 0
        self.fails = mix.fails
        self.exact = self.random.random() < 0.6
        self.nonce = 0
        self.acts = list(mix.acts)
        self.queue: list[Message] = []
        self.hinted = False
        self.wrote = False
        self.quiet = False
        self.certain = False
        """Whether no event is lost: nobody yet looks again for an edit of a job that has ended."""
        self.killed: set[int] = set()
        self.trace: list[str] = []
        self.receiver = Receiver(self)
        self.raw = MemoryStore(clock=lambda: self.now, on_created=self._created)
        self.store = ScheduledStore(self.raw, self.scheduler)
        self.grace = self.random.choice((0.0, 2.0, 30.0))
        self.processes = [self._process() for _ in range(2)]
        self.outside = Jobs(self.store, lambda: self.now)
        self.truth = Jobs(self.raw, lambda: self.now)
        self.job = ""

    # -- what the real handlers are given -----------------------------------------------------------------------

    def _texts(self) -> list[list[str]]:
        """Two or three segments in one or two chapters."""
        count = self.random.choice((2, 3))
        cut = self.random.choice((1, count))
        texts = [f"text {i}" for i in range(count)]
        return [texts[:cut], texts[cut:]] if cut < count else [texts]

    def _process(self) -> Process:
        context = Context(
            store=self.store,  # type: ignore[arg-type]
            jobs=Jobs(self.store, lambda: self.now),  # type: ignore[arg-type]
            bus=SimulatedBus(self),  # type: ignore[arg-type]
            clock=lambda: self.now,
            compute=self._compute,
        )
        return build(context, self._speak, self.receiver, self._nonce, self.grace)

    async def _compute(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        if self.mix.refused:
            raise Refused("nothing in this document can be spoken")
        chapters = self.texts if self.version % 2 == 0 else [[t] for c in self.texts for t in c]
        tagged = [Chapter(f"{n}", tuple(f"{t} v{self.version}" for t in c)) for n, c in enumerate(chapters)]
        options = Options(company_id=5, priority=self.random.choice(("low", "medium")))
        return Book("Livro", None, options, tuple(tagged))

    async def _speak(self, engine: str, ssml: str) -> tuple[str, Speech]:
        await self.scheduler.point()
        if ssml == UNSPEAKABLE or (self.fails and self.random.random() < 0.3):
            self.fails -= ssml != UNSPEAKABLE
            raise Permanent("the engine has no sound for it")
        spoken = f"[{ssml}|{'' if self.exact else self._nonce()}]"
        return "simulated", Speech(spoken.encode("utf-16-le"), 22050)

    def _nonce(self) -> str:
        self.nonce += 1
        return f"n{self.nonce}"

    # -- events --------------------------------------------------------------------------------------------------

    def _created(self, event: ObjectCreated) -> None:
        self.wrote = True
        runner = RUNNER.get(None)
        self.trace.append(f"{self.scheduler.step:5} {runner.label if runner else '-':28} {event.bucket}/{event.key}")
        for stage in pipeline.stages_for(event.bucket, event.key):
            if self.quiet or self.certain or self.random.random() >= self.mix.loss:
                copies = 3 if self.random.random() < self.mix.double else 1
                self.queue += [Message(stage.name, event)] * copies

    def deliver(self) -> None:
        message = self.queue.pop(self.random.randrange(len(self.queue)))
        handler = self.random.choice(self.processes).handlers[message.stage]
        runner = self.scheduler.start(f"{message.stage} {message.event.key[-24:]}", handler(message.event))
        runner.message = message  # type: ignore[attr-defined]

    async def crash(self, runner: Runner) -> None:
        self.killed.add(id(runner))
        self.trace.append(f"{self.scheduler.step:5} killed {runner.label}")
        await self.scheduler.kill(runner)
        if message := getattr(runner, "message", None):
            self.queue.append(message)

    # -- people --------------------------------------------------------------------------------------------------

    async def drop(self) -> None:
        await self.raw.put(keys.INBOX, DOCUMENT, b"documento")
        version = next(iter([v async for v in self.raw.versions(keys.INBOX)])).version
        self.job = keys.job_id(keys.INBOX, DOCUMENT, version or "")

    async def is_ready(self, act: tuple[Any, ...]) -> bool:
        runs = await self.truth.runs(self.job, fresh=True)
        if act[0] == "edit" and await self.raw.head(keys.JOBS, self._segment(act[1])) is None:
            return False
        when = {"edit": act[-1], "cancel": "open", "retry": "ended"}.get(act[0], "any")
        return {
            "any": True,
            "open": runs.is_open,
            "deciding": any(r.label.startswith(("decide", "act")) for r in self.scheduler.runners),
            "completed": runs.state is State.COMPLETED,
            "ended": runs.state in (State.FAILED, State.CANCELLED),
            "closed": runs.newest in runs.closed,
        }[when]

    async def do(self, act: tuple[Any, ...]) -> None:
        self.trace.append(f"{self.scheduler.step:5} --- {act}")
        match act:
            case ("edit", index, text, _):
                body = await self._original(index) if text == "undo" else text.encode()
                self.certain = (await self.truth.runs(self.job, fresh=True)).state is State.COMPLETED
                await self.raw.put(keys.JOBS, self._segment(index), body)
                self.certain = False
            case ("cancel",):
                self.scheduler.start("cancel", self._cancel())
            case ("retry",):
                self.scheduler.start("retry", self._retry())
            case ("withdraw",):
                await self.raw.delete(keys.INBOX, DOCUMENT)
            case ("upgrade",):
                self.version += 1
            case ("wipe",):
                self.queue.clear()
                for runner in self.scheduler.runners:
                    runner.message = None  # type: ignore[attr-defined]

    def _segment(self, index: int) -> str:
        return keys.segment(self.job, index % sum(len(c) for c in self.texts))

    async def _original(self, index: int) -> bytes:
        plan = await self.truth.plan(self.job)
        assert plan
        index %= plan.segments
        section = plan.section_of(index)
        part = await self.truth._part(self.job, section)
        return part.segments[index - section.first].encode()

    async def _cancel(self) -> None:
        runs = await self.outside.runs(self.job, fresh=True)
        if runs.is_open:
            await self.outside.decide(self.job, runs.newest, Outcome(status=State.CANCELLED, at=self.now))

    async def _retry(self) -> None:
        runs = await self.outside.runs(self.job, fresh=True)
        if runs.state in (State.FAILED, State.CANCELLED):
            await self.outside.open_run(self.job, runs.newest + 1, Opened(reason="retry", at=self.now))


async def _encode(pcm: Any, /, *, rate: int) -> bytes:
    return b"".join([bytes(piece) async for piece in pcm])


async def _join(frames: Any, out: Path, /, **tags: Any) -> None:
    out.write_bytes(b"".join([bytes(piece) async for piece in frames]))


def spoken(body: bytes) -> list[str]:
    """The texts a simulated audio file was made of."""
    return re.findall(r"\[(.*?)\|.*?\]", body.decode("utf-16-le"))


async def reconcile(world: World) -> None:
    await world.random.choice(world.processes).reconciler.round()


async def run(world: World) -> str | None:
    """Play the world until nothing moves; what went wrong on the way, or None."""
    scheduler, random = world.scheduler, world.random
    await world.drop()
    rounds = 0
    while True:
        await scheduler.settle()
        scheduler.step += 1
        if scheduler.step % 16 == 0:
            world.now += timedelta(milliseconds=random.choice((1, 20, 400)))
        if scheduler.step > 15_000:
            return "livelock"
        if scheduler.step > 3_000:
            world.quiet = True
        if world.acts and random.random() < 0.04 and await world.is_ready(world.acts[0]):
            await world.do(world.acts.pop(0))
            continue
        if random.random() < 0.003:
            scheduler.start("reconcile", reconcile(world))
        awake = scheduler.awake()
        if world.queue and (not awake or random.random() < 0.25):
            world.deliver()
            continue
        if awake:
            runner = random.choice(awake)
            if not world.quiet and random.random() < world.mix.crash:
                await world.crash(runner)
            elif not world.quiet and random.random() < world.mix.straggle:
                runner.wakes = scheduler.step + random.randrange(30, 500)
            else:
                scheduler.go(runner)
            continue
        if scheduler.runners:  # only stragglers: time passes
            world.now += timedelta(seconds=1)
            scheduler.step += 10
            continue
        if world.acts and await world.is_ready(world.acts[0]):
            await world.do(world.acts.pop(0))
            continue
        rounds += 1
        if rounds > 200:
            return "stall: hints without end"
        world.now += timedelta(seconds=40)
        world.hinted = world.wrote = False
        await _whole_round(world)
        if world.queue or world.wrote or world.hinted or await _wait_for_a_claim(world):
            continue
        if world.acts:
            world.acts.pop(0)  # its moment never came
            continue
        return None


async def _wait_for_a_claim(world: World) -> bool:
    """Let the deadline of an announcement's claim pass, if one still holds."""
    async for info in world.raw.list(keys.JOBS, f"{world.job}/deliveries/"):
        found = await world.raw.get(keys.JOBS, info.key)
        delivery = Delivery.model_validate_json(found.body) if found else None
        if delivery and not delivery.is_receipt and world.now < delivery.deadline:
            world.now = delivery.deadline
            return True
    return False


async def _whole_round(world: World) -> None:
    runner = world.scheduler.start("reconcile", reconcile(world))
    while not runner.task.done():
        await world.scheduler.settle()
        if runner.waiting:
            world.scheduler.go(runner)
    await runner.task


async def verdict(world: World) -> list[str]:
    """Everything that must hold once nothing moves any more; what does not."""
    wrong: list[str] = []
    wrong += [f"still running: {runner.label}" for runner in world.scheduler.runners]
    wrong += [f"{label} raised {error!r}" for label, error in world.scheduler.errors]
    jobs, store, job = world.truth, world.raw, world.job
    runs = await jobs.runs(job, fresh=True)
    withdrawn = ("withdraw",) in world.mix.acts
    if not runs.newest:
        return wrong if withdrawn else [*wrong, "document without a run"]
    segments = await _segments(world)
    _, build = runs.completed
    name = await jobs.output_name(job)
    wrong += [f"run {n} has no outcome" for n in runs.opened if n not in runs.outcomes]
    wrong += [f"run {n} never closed" for n in runs.opened if n in runs.outcomes and n not in runs.closed]
    wrong += [f"outcome of run {n}, which was never opened" for n in runs.outcomes if n not in runs.opened]
    wrong += _announcements(world, runs.closed)
    if build:
        wrong += await _published(world, build, name, segments, runs.state)
    if world.store.builds_copied - {o.build for o in runs.outcomes.values() if o.build}:
        wrong.append("published without a completed outcome")
    if [i async for i in store.list(keys.JOBS, keys.ACTIVE_PREFIX)]:
        wrong.append("marker left behind")
    note = name and await store.get(keys.OUTPUT, keys.output_error(*name))
    if runs.state is State.FAILED and not note:
        wrong.append("failed without a note")
    if runs.state is not State.FAILED and note:
        wrong.append("an error note beside a run that did not fail")
    if [v async for v in store.versions(keys.INBOX)]:
        wrong.append("document left in the inbox")
    metadata = await jobs.metadata(job)
    if metadata is None or metadata.status != runs.state or metadata.run != runs.newest:
        wrong.append(f"metadata says {metadata and (metadata.status, metadata.run)}, runs {runs.state} {runs.newest}")
    plan = await jobs.plan(job)
    if plan and len({t[-2:] for s in plan.sections for t in (await jobs._part(job, s)).segments}) > 1:
        wrong.append("plan mixed from two splittings")
    return wrong


async def _segments(world: World) -> list[str]:
    texts: list[str] = []
    for index in sorted(await world.truth.segments(world.job)):
        found = await world.raw.get(keys.JOBS, keys.segment(world.job, index))
        texts.append(found.body.decode() if found else "")
    return texts


async def _published(
    world: World, build: str, name: tuple[str, str] | None, segments: list[str], state: State | None
) -> list[str]:
    wrong: list[str] = []
    copies = [
        await world.raw.get(keys.OUTPUT, keys.output(*name, "mp3")) if name else None,
        await world.raw.get(keys.JOBS, keys.final(world.job, "audiobook.mp3")),
    ]
    built = await world.raw.get(keys.JOBS, keys.build_file(world.job, build, "audiobook.mp3"))
    for copy in copies:
        if copy is None:
            wrong.append("completed, nothing published")
        elif copy.info.metadata.get("build") != build:
            wrong.append("published is not the newest completed build")
        elif state is State.COMPLETED and spoken(copy.body) != segments:
            wrong.append(f"published {spoken(copy.body)}, texts are {segments}")
    if built is None or (state is State.COMPLETED and spoken(built.body) != segments):
        wrong.append("the completed build is not made of the final texts")
    return wrong


def _announcements(world: World, closed: frozenset[int]) -> list[str]:
    wrong: list[str] = []
    heard = Counter(int(handoff.split(".")[1]) for handoff, _, _ in world.receiver.heard)
    wrong += [f"run {n} closed, never announced" for n in closed if not heard[n]]
    for n, count in heard.items():
        tries = [(at, runner) for handoff, at, runner in world.receiver.heard if int(handoff.split(".")[1]) == n]
        for (at, runner), (again, _) in pairwise(tries):
            died = id(runner) in world.killed
            overtaken = (again - at).total_seconds() >= world.receiver.timeout
            if count > 1 and not died and not overtaken:
                wrong.append(f"run {n} announced twice without cause")
    return wrong


async def play(seed: int, mix: Mix) -> tuple[World, list[str]]:
    """One whole interleaving and what is wrong at its end."""
    world = World(seed, mix)
    stopped = await run(world)
    wrong = [stopped] if stopped else await verdict(world)
    for runner in world.scheduler.runners:
        runner.task.cancel()
    await asyncio.sleep(0)
    return world, wrong
