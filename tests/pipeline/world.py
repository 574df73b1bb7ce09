"""Jobs in a world that loses, doubles and reorders events, kills workers and lets people interfere."""

import zlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from darkchannel import keys, pipeline
from darkchannel.audio.loudness import TARGET_LUFS
from darkchannel.errors import DarkChannelError, Refused, Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Chapter
from darkchannel.messaging.port import Delivery, Requeue
from darkchannel.messaging.topology import RETRY_DELAYS, stage_of
from darkchannel.runtime.consumer import Worker
from darkchannel.runtime.service import Context, Handler
from darkchannel.runtime.waiting import Stop
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from services.merger.mastering import Brief, Mastered, Take
from tests.pipeline.broker import Broker
from tests.pipeline.engine import Fickle, measured, spoken
from tests.pipeline.mixes import Mix
from tests.pipeline.people import People
from tests.pipeline.process import Process, build, simulated_master, workers
from tests.pipeline.receiver import WEBHOOK, Receivers
from tests.pipeline.scheduler import RUNNER, Runner, Scheduler
from tests.pipeline.stores import Pageless, PublishingStore

SECOND_RATE = 10_000
SLOW = 75
"""So many times as long as its speech is a section: even the shortest book has a loudness of its own."""
SOFT = -22.0
"""In LUFS, of about half of the sections."""


@dataclass(eq=False)
class Document:
    """What is dropped into the inbox, and the job it became."""

    number: int
    key: str
    texts: list[list[str]]
    """Chapters of segments."""
    job: str = ""
    """Empty until it is dropped."""

    @property
    def count(self) -> int:
        return sum(len(chapter) for chapter in self.texts)


@dataclass(eq=False)
class Replica:
    """A process and the runtime around its handlers."""

    process: Process
    workers: dict[str, Worker]
    """By stage."""


class World:
    """Everything between the documents and the listeners. A step of it is one request, one delivery or one mishap."""

    def __init__(self, seed: int, mix: Mix) -> None:
        self.seed = seed
        self.scheduler = Scheduler(seed)
        self.random = random = self.scheduler.random
        self.mix = mix
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.version = 0
        self.nonce = 0
        self.quiet = False
        """Whether mishaps are over."""
        self.fails_in: int | None = None
        """How many more times the store is in order, each request counted when it comes and when it is answered."""
        self.wrote = False
        """Whether anything was written in this round at rest."""
        self.looked = False
        """Whether the round got to its end."""
        self.killed: set[Runner] = set()
        self.unforeseen: list[str] = []
        """Errors that no handler should end with."""
        self.writes: Counter[str] = Counter()
        """How often each object of a job was written, by key."""
        self.trace: list[str] = []
        self.broker = Broker(random, self.scheduler.point, lambda: self.now)
        self.engine = Fickle(
            "ada", random, self.scheduler.point, fails=mix.fails, hiccups=mix.hiccups, mumbles=mix.mumbles
        )
        self.second = Fickle("bia", random, self.scheduler.point, rate=SECOND_RATE)
        """Speaks where the options of the jobs allow it."""
        if mix.engines != self.engine.name:
            self.engine.rate = random.choice((self.engine.rate, None))
            self.second.rate = random.choice((self.second.rate, None))
        self.receivers = Receivers(self)
        self.raw = MemoryStore(clock=lambda: self.now, on_created=self._created)
        self.store = PublishingStore(self.raw, self.scheduler, self.trouble)
        self.outside = Jobs(self.store, lambda: self.now)  # type: ignore[arg-type]
        self.truth = Jobs(self.raw, lambda: self.now)
        self.documents = [Document(n, key, self._texts(n)) for n, key in enumerate(mix.documents)]
        self.coming = self.documents[1:]
        """Documents still to be dropped."""
        self.acts = list(mix.acts)
        self.people = People(self, random)
        self.grace = random.choice((0.0, 2.0, 30.0))
        self.webhook = random.choice((None, None, WEBHOOK))
        """What the options of every job say."""
        self.replicas = [self._replica() for _ in range(2)]

    @property
    def crowded(self) -> list[str]:
        """Texts that one process had spoken while it was having them spoken."""
        return self.engine.crowded + self.second.crowded

    # -- what the real handlers are given -----------------------------------------------------------------------

    def _texts(self, document: int) -> list[list[str]]:
        """Two or three segments in one or two chapters."""
        count = self.random.choice((2, 3))
        cut = self.random.choice((1, count))
        texts = [f"text {document}.{i}" for i in range(count)]
        return [texts[:cut], texts[cut:]] if cut < count else [texts]

    def _replica(self) -> Replica:
        context = Context(
            store=self.store,  # type: ignore[arg-type]
            jobs=Jobs(self.store, lambda: self.now),  # type: ignore[arg-type]
            bus=self.broker,  # type: ignore[arg-type]
            clock=lambda: self.now,
            compute=self._compute,
            stop=Stop(),
        )
        process = build(
            context,
            (self.engine, self.second),
            self.receivers,
            self._nonce,
            self.grace,
            measured,
            context if self.mix.page else replace(context, store=Pageless(self.raw, self.scheduler, self.trouble)),
            self._master,
        )
        watched = {stage: self._watched(handler) for stage, handler in process.handlers.items()}
        return Replica(process, workers(context, watched, RETRY_DELAYS))

    async def _master(self, takes: AsyncIterator[Take], brief: Brief, /) -> Mastered:
        """Long sections, whose texts decide whether they are soft: an edit may change the level that a book lacks."""
        made = await simulated_master(takes, brief)
        texts = " ".join(spoken(made.files["mp3"].body))
        is_soft = zlib.crc32(f"{self.seed} {texts}".encode()) % 2
        return replace(made, samples=SLOW * made.samples, loudness=(SOFT if is_soft else TARGET_LUFS) + brief.gain)

    def _watched(self, handler: Handler) -> Handler:
        """The runtime tries again what nobody foresaw; here it is a finding."""

        async def handle(event: ObjectCreated) -> None:
            try:
                await handler(event)
            except DarkChannelError:
                raise
            except Exception as error:
                self.unforeseen.append(f"{RUNNER.get().label} raised {error!r}")
                raise

        return handle

    async def _compute(self, function: Any, body: bytes | Book, *args: Any, **kwargs: Any) -> Any:
        """A document is a book from the first; what the splitter reads out of it first stands for its manuscript."""
        if isinstance(body, Book):
            return body
        if self.mix.refused:
            raise Refused("nothing in this document can be spoken")
        texts = self.documents[int(body)].texts
        chapters = texts if self.version % 2 == 0 else [[t] for c in texts for t in c]
        tagged = [Chapter(f"{n}", tuple(f"{t} v{self.version}" for t in c)) for n, c in enumerate(chapters)]
        priority = self.random.choice(("low", "medium"))
        options = Options(company_id=5, webhook_url=self.webhook, priority=priority, engine=self.mix.engines)
        return Book("Livro", None, options, tuple(tagged))

    def _nonce(self) -> str:
        self.nonce += 1
        return f"n{self.nonce}"

    def trouble(self) -> bool:
        """Whether the store fails just now."""
        if self.fails_in is not None:
            self.fails_in -= 1
            if self.fails_in < 0:
                self.fails_in = None
                return True
        return self.mix.away > 0 and not self.quiet and self.random.random() < self.mix.away / 2

    def refusal(self) -> int:
        """The status with which a receiver that is out of order just now answers; 0 where it is in order."""
        refuses = self.mix.deaf > 0 and not self.quiet and self.random.random() < self.mix.deaf
        return self.random.choice((429, 500, 503)) if refuses else 0

    # -- events --------------------------------------------------------------------------------------------------

    def _created(self, event: ObjectCreated) -> None:
        self.wrote = True
        self.writes[event.key] += 1
        # Who asks leaves no seed to what the end of its name is.
        key = event.key.rpartition(".")[0] if event.key.startswith(keys.ASKED_PREFIX) else event.key
        self.tell(f"{event.bucket.removeprefix('darkchannel-')}/{key}")
        for stage in pipeline.stages_for(event.bucket, event.key):
            if self.quiet or self.random.random() >= self.mix.loss:
                copies = 3 if self.random.random() < self.mix.double else 1
                self.broker.put(Delivery(stage.queue, event.encode()), copies)

    def tell(self, what: str) -> None:
        """Add a line to the story."""
        runner = RUNNER.get(None)
        for document in self.documents:
            what = what.replace(document.job, f"job{document.number}") if document.job else what
        self.trace.append(f"{self.scheduler.step:5} {runner.label if runner else '':24} {what}")

    def deliver(self, position: int) -> None:
        """Hand a waiting message to a process."""
        delivery = self.broker.waiting.pop(position)
        replica = self.random.choice(self.replicas)
        stage = stage_of(delivery.queue).name
        label = f"{stage} {ObjectCreated.decode(delivery.body).key.rpartition('/')[2]}"
        self.scheduler.start(label, self._handle(replica, stage, delivery), home=replica, carries=delivery)

    async def _handle(self, replica: Replica, stage: str, delivery: Delivery) -> None:
        settlement = await replica.workers[stage](delivery)
        await self.scheduler.point()
        if RUNNER.get().carries or not isinstance(settlement, Requeue):
            self.broker.settle(delivery, settlement)
        RUNNER.get().carries = None

    # -- mishaps -------------------------------------------------------------------------------------------------

    async def crash(self, runner: Runner, *, whole: bool) -> None:
        """Kill a task, or the process it runs in with all its memory."""
        dying = [other for other in self.scheduler.runners if other is runner or (whole and other.home is runner.home)]
        self.tell(f"killed {', '.join(other.label for other in dying)}")
        self.killed.update(dying)
        await self.scheduler.kill(dying)
        for other in dying:
            if other.carries:
                self.broker.give_back(other.carries)
        if whole and isinstance(runner.home, Replica):
            self.replicas[self.replicas.index(runner.home)] = self._replica()

    def _come_and_go(self) -> None:
        """An engine goes away or comes back; once mishaps are over, it is there."""
        for engine in (self.engine, self.second) if self.mix.both else (self.engine,):
            if self.quiet:
                engine.away = None
            elif self.mix.outages and self.random.random() < self.mix.outages:
                engine.away = None if engine.away else Unavailable(f"{engine.name} does not answer")
                self.tell(f"--- {engine.name} {'is away' if engine.away else 'is back'}")

    def wipe(self) -> None:
        """The broker forgets everything, also what is under way."""
        self.broker.wipe()
        for runner in self.scheduler.runners:
            runner.carries = None

    async def end(self) -> None:
        """Leave nothing running, however it went."""
        await self.scheduler.kill(list(self.scheduler.runners))

    # -- time ----------------------------------------------------------------------------------------------------

    async def drop(self, document: Document) -> None:
        """Put a document into the inbox."""
        known = [info.version async for info in self.raw.versions(keys.INBOX, document.key)]
        told = {"webhook-url": self.webhook} if self.webhook else {}
        await self.raw.put(keys.INBOX, document.key, str(document.number).encode(), metadata=told)
        [version] = [v.version async for v in self.raw.versions(keys.INBOX, document.key) if v.version not in known]
        document.job = keys.job_id(keys.INBOX, document.key, version or "")

    def pass_time(self, by: timedelta) -> None:
        self.now += by
        self.broker.pass_time()

    def start_round(self) -> None:
        """Let a reconciler look round; synthesizers have come or gone since the last time."""
        if not self.quiet:
            self.broker.consumers = self.random.randrange(1, 9)
        replica = self.random.choice(self.replicas)
        if not any(runner.home is replica and runner.label == "reconcile" for runner in self.scheduler.runners):
            self.scheduler.start("reconcile", self._round(replica), home=replica)

    async def _round(self, replica: Replica) -> None:
        with suppress(Unavailable):  # the runtime has it look again a little later
            await replica.process.reconciler.round()
            self.looked = True

    async def step(self) -> bool:
        """One request, one delivery, one mishap or one act of a person; False where nothing at all is under way."""
        await self.scheduler.settle()
        self.scheduler.step += 1
        if self.scheduler.step % 16 == 0:
            self.pass_time(timedelta(milliseconds=self.random.choice((1, 20, 400))))
        if (self.acts or self.coming) and self.random.random() < 0.04 and await self.act():
            return True
        if self.random.random() < self.mix.rounds:
            self.start_round()
        self._come_and_go()
        if await self._move():
            return True
        if self.scheduler.runners:  # only stragglers: time passes
            self.pass_time(timedelta(seconds=1))
            self.scheduler.step += 10
            return True
        return False

    async def act(self) -> bool:
        """Let a person do what is next, if its moment has come."""
        if self.coming and self.random.random() < 0.5:
            await self.drop(self.coming.pop(0))
            return True
        document = await self.people.find(self.acts[0]) if self.acts else None
        if document:
            await self.people.do(self.acts.pop(0), document)
        return document is not None

    async def _move(self) -> bool:
        random = self.random
        awake = self.scheduler.awake()
        if self.broker.waiting and (not awake or random.random() < 0.25):
            self.deliver(random.randrange(len(self.broker.waiting)) if self.mix.shuffled else 0)
            return True
        if not awake:
            return False
        runner = random.choice(awake)
        if not self.quiet and random.random() < self.mix.crash:
            await self.crash(runner, whole=random.random() < 0.2)
        elif not self.quiet and random.random() < self.mix.straggle:
            runner.wakes = self.scheduler.step + round(10 * 50 ** random.random())
        else:
            self.scheduler.go(runner)
        return True
