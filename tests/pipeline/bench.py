"""A pipeline in memory whose events are delivered by hand, and whose requests can be interrupted at a named one."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from darkchannel import keys, pipeline
from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent
from darkchannel.events import ObjectCreated
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Chapter
from darkchannel.messaging.memory import MemoryBus
from darkchannel.messaging.port import Ack, Delivery, Settlement
from darkchannel.runtime.service import Context
from darkchannel.runtime.waiting import Stop
from darkchannel.speech.ssml import Element
from darkchannel.speech.ssml import spoken as words
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from darkchannel.storage.port import ObjectInfo, ObjectStore
from services.handoff_notifier.messages import Answer, Message
from services.merger.mastering import Master
from tests.pipeline.engine import UNSPEAKABLE, Simulated, spoken
from tests.pipeline.process import Process, build
from tests.pipeline.receiver import TICKET

Interruption = Callable[[], Awaitable[object]]
OpenStore = Callable[[Callable[[ObjectCreated], None]], ObjectStore]


class InterruptedStore:
    """Does something else just before one request, once: ``before("put", key, what)``, ``before_number(3, what)``."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._before: dict[tuple[str, str], Interruption] = {}
        self._numbered: dict[int, Interruption] = {}
        self._made = 0
        self.listed: list[tuple[str, str]] = []
        """Each listing's prefix, and the key it began after."""

    def before(self, method: str, key: str, what: Interruption) -> None:
        self._before[method, key] = what

    def before_number(self, number: int, what: Interruption) -> None:
        """Likewise, whichever request it is; 0 is the next."""
        self._numbered[self._made + number] = what

    async def _interrupt(self, method: str, key: str) -> None:
        number, self._made = self._made, self._made + 1
        for what in (self._before.pop((method, key), None), self._numbered.pop(number, None)):
            if what:
                await what()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def request(bucket: str, key: str, *args: Any, **kwargs: Any) -> Any:
            await self._interrupt(name, key)
            return await method(bucket, key, *args, **kwargs)

        return request

    async def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        await self._interrupt("list", prefix)
        self.listed.append((prefix, after))
        async for info in self._store.list(bucket, prefix, after=after):
            yield info

    async def versions(self, bucket: str, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        async for info in self._store.versions(bucket, prefix):
            yield info

    async def stream(self, bucket: str, key: str, *, if_match: str | None = None) -> AsyncIterator[bytes]:
        async for piece in self._store.stream(bucket, key, if_match=if_match):
            yield piece


class Receivers:
    """OmniPlay and a webhook. ``answers``: what they say to the next messages; then they accept."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.answers: list[Answer] = []
        self.dies = False

    def timeout(self, message: Message) -> float:
        del message
        return 10.0

    async def __call__(self, message: Message, signed: Mapping[str, str]) -> Answer:
        if self.dies:
            raise RuntimeError("killed while sending")
        assert signed["webhook-id"] == message.id
        self.heard.append(message)
        return self.answers.pop(0) if self.answers else Answer(200, TICKET)

    @property
    def handoffs(self) -> list[Message]:
        return [message for message in self.heard if message.trusted]

    @property
    def events(self) -> list[str]:
        """What the webhook heard of, in its order."""
        return [json.loads(message.body)["event_type"] for message in self.heard if not message.trusted]


class Bench:
    """``texts``: chapters of segments the document is read as. ``open_store``: gives a store that tells of what it
    creates; one in memory where none is given."""

    def __init__(self, *texts: tuple[str, ...], open_store: OpenStore | None = None) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.options = Options(company_id=5, priority="low")
        self.texts = texts or (("um", "dois"), ("três",))
        self.engine_calls: list[str] = []
        self.engines = [Simulated(self._say)]
        self.events: list[ObjectCreated] = []
        self.raw: ObjectStore = (
            open_store(self.events.append)
            if open_store
            else MemoryStore(clock=lambda: self.now, on_created=self.events.append)
        )
        self.store = InterruptedStore(self.raw)
        self.bus = MemoryBus()
        self.receivers = Receivers()
        self.nonces = 0
        self.first, self.second = self.process(), self.process()
        self.jobs = Jobs(self.raw, lambda: self.now)
        self.job = ""
        self.version = ""

    def process(self, *texts: tuple[str, ...], master: Master | None = None) -> Process:
        """One more replica of every service; it reads documents as ``texts``, if any are given."""
        return build(self.context(*texts), self.engines, self.receivers, self._nonce, 30.0, master=master)

    def context(self, *texts: tuple[str, ...]) -> Context:
        """What a replica is given; each its own memory."""

        async def compute(function: Any, /, *args: Any, **kwargs: Any) -> Any:
            chapters = tuple(Chapter(str(n), chapter) for n, chapter in enumerate(texts or self.texts))
            return Book("Livro", None, self.options, chapters)

        return Context(
            store=self.store,  # type: ignore[arg-type]
            jobs=Jobs(self.store, lambda: self.now),  # type: ignore[arg-type]
            bus=self.bus,
            clock=lambda: self.now,
            compute=compute,
            stop=Stop(),
        )

    async def _say(self, script: Element) -> Speech:
        text = words(script)
        self.engine_calls.append(text)
        if text == UNSPEAKABLE:
            raise Permanent("the engine has no sound for it")
        return Speech(f"[{text}|]".encode("utf-16-le"), 22_050)

    def _nonce(self) -> str:
        self.nonces += 1
        return f"n{self.nonces}"

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    async def drop(self, key: str = "livro.md", body: bytes = b"documento") -> ObjectCreated:
        """Put a document into the inbox and return its event, undelivered."""
        await self.raw.put(keys.INBOX, key, body)
        event = self.events.pop()
        self.version = event.version or ""
        self.job = keys.job_id(keys.INBOX, key, self.version)
        return event

    async def deliver(self, until: str = "", process: Process | None = None, lost: str = "") -> None:
        """Deliver events in order, then hints, until none is left or an event of the stage ``until`` is next.

        Those of the stage ``lost`` never arrive.
        """
        handlers = (process or self.first).handlers
        while True:
            while self.events:
                event = self.events[0]
                stages = [stage.name for stage in pipeline.stages_for(event.bucket, event.key)]
                if until in stages:
                    return
                self.events.pop(0)
                for stage in stages:
                    if stage != lost:
                        await handlers[stage](event)
            hints = await self.hints()
            if not hints:
                return
            for stage, hint in hints:
                await handlers[stage](hint)

    async def reconcile(self) -> None:
        """One round, and everything its hints and writes call for."""
        await self.first.reconciler.round()
        await self.deliver()

    async def hints(self) -> list[tuple[str, ObjectCreated]]:
        """Take what services put on the bus themselves: (stage, event)."""
        taken: list[tuple[str, ObjectCreated]] = []

        async def take(delivery: Delivery) -> Settlement:
            taken.append((delivery.queue.rpartition(".")[2], ObjectCreated.decode(delivery.body)))
            return Ack()

        consumers = [await self.bus.consume(stage.queue, take, prefetch=100) for stage in pipeline.STAGES]
        for consumer in consumers:
            await consumer.stop(drain=5)
        return taken

    def take(self, stage: str) -> ObjectCreated:
        """Take the first undelivered event of a stage out of the queue."""
        found = next(e for e in self.events if any(s.name == stage for s in pipeline.stages_for(e.bucket, e.key)))
        self.events.remove(found)
        return found

    async def edit(self, index: int, text: str) -> None:
        await self.raw.put(keys.JOBS, keys.segment(self.job, index), text.encode())

    async def output(self) -> list[str]:
        """Audiobooks and error notes; not what lies in an audiobook's folder."""
        return [info.key async for info in self.raw.list(keys.OUTPUT) if info.key.count("/") == 1]

    async def published(self) -> list[str]:
        """The texts that the published audiobook speaks; none where there is no audiobook."""
        name = await self.jobs.output_name(self.job)
        assert name
        found = await self.raw.get(keys.OUTPUT, keys.output(*name, "mp3"))
        return spoken(found.body) if found else []


async def closed(*texts: tuple[str, ...]) -> Bench:
    """A finished job, its marker retired and no event under way."""
    bench = Bench(*texts)
    bench.events.append(await bench.drop())
    await bench.deliver()
    await bench.reconcile()
    assert [info async for info in bench.raw.list(keys.JOBS, keys.ACTIVE_PREFIX)] == []
    bench.engine_calls.clear()
    return bench
