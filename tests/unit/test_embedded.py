"""The embedded program around a service of the test's own: its store, its bus, its end."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from structlog.typing import EventDict

from darkchannel import keys, pipeline
from darkchannel.cli.waits import Waits
from darkchannel.events import ObjectCreated
from darkchannel.messaging.memory import MemoryBus
from darkchannel.messaging.port import Delivery, Retry, Settlement
from darkchannel.runtime.embedded import Embedded, embedded
from darkchannel.runtime.service import Context, Parts, Service, utc_now
from darkchannel.runtime.waiting import Process
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.jobs import Jobs
from services.synthesizer import SERVICE as SYNTHESIZER

BOUND = 20
JOB = "3f9a0f64-6f4e-5c55-8a53-5f0c8a3a7c11"


class Accepting:
    """A splitter that only notes what it is called with."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[ObjectCreated] = asyncio.Queue()

    @property
    def service(self) -> Service:
        async def build(_: Context) -> Parts:
            return Parts(handlers={"accept": self.accept})

        return Service(name="splitter", build=build)

    async def accept(self, event: ObjectCreated) -> None:
        self.heard.put_nowait(event)

    async def next(self) -> ObjectCreated:
        async with asyncio.timeout(BOUND):
            return await self.heard.get()


@contextmanager
def logged(line: str) -> Iterator[asyncio.Event]:
    """Set once the log has this line."""
    heard = asyncio.Event()

    def hear(_: object, __: str, event: EventDict) -> EventDict:
        if event["event"] == line:
            heard.set()
        raise structlog.DropEvent

    processors = structlog.get_config()["processors"]
    before = processors.copy()
    processors[:] = [hear]  # in its place: loggers that are bound already have this very list
    try:
        yield heard
    finally:
        processors[:] = before


async def test_a_document_calls_the_splitter_with_its_version(tmp_path: Path) -> None:
    accepting = Accepting()
    async with embedded(tmp_path, services=[accepting.service]) as running:
        await running.store.put(keys.INBOX, "livro.txt", b"Era uma vez.")
        event = await accepting.next()
        (version,) = [info.version async for info in running.store.versions(keys.INBOX)]
    assert event == ObjectCreated(keys.INBOX, "livro.txt", version)


async def test_a_file_dropped_into_the_inbox_folder_is_taken_in(tmp_path: Path) -> None:
    accepting = Accepting()
    async with embedded(tmp_path, services=[accepting.service]):
        (tmp_path / keys.INBOX).mkdir(exist_ok=True)
        (tmp_path / keys.INBOX / "livro.txt").write_text("Era uma vez.")
        assert (await accepting.next()).key == "livro.txt"


async def test_an_inbox_that_cannot_be_read_is_waited_for_and_said(tmp_path: Path) -> None:
    accepting = Accepting()
    (tmp_path / keys.INBOX).symlink_to("elsewhere")
    with logged("waiting") as waiting:
        async with embedded(tmp_path, services=[accepting.service]) as running:
            async with asyncio.timeout(BOUND):
                await waiting.wait()
            assert keys.INBOX in running.process.health.reasons["inbox"]
            (tmp_path / "elsewhere").mkdir()
            (tmp_path / "elsewhere" / "livro.txt").write_text("Era uma vez.")
            assert (await accepting.next()).key == "livro.txt"
    assert "inbox" not in running.process.health.reasons


async def test_what_a_job_or_a_document_waits_for_is_told_once_with_the_time_until_the_next_try(tmp_path: Path) -> None:
    asleep: asyncio.Queue[float] = asyncio.Queue()

    async def sleep(seconds: float) -> None:
        asleep.put_nowait(seconds)
        await asyncio.Event().wait()

    async def refuse(_: Delivery) -> Settlement:
        return Retry(300.0, 3, "the shelf does not answer")

    store, bus = FolderStore(tmp_path), MemoryBus(sleep=sleep)
    waits = Waits(Embedded(store, bus, Jobs(store, utc_now), Process()))
    for stage, event in (
        ("accept", ObjectCreated(keys.INBOX, "livro.txt", "1")),
        ("speak", ObjectCreated(keys.JOBS, keys.segment(JOB, 1))),
        ("speak", ObjectCreated(keys.JOBS, keys.segment(JOB, 2))),
        ("handoff", ObjectCreated(keys.RECORDINGS, "company_5/chamada.mp3")),
    ):
        await bus.consume(pipeline.BY_NAME[stage].queue, refuse, prefetch=1)
        await bus.publish(pipeline.BY_NAME[stage].queue, event.encode())
    async with asyncio.timeout(BOUND):
        assert [await asleep.get() for _ in range(4)] == [300.0] * 4
    assert waits.news() == [
        f"waiting    {subject}: the shelf does not answer; trying again in 5 min"
        for subject in ("company_5/chamada.mp3", f"job {JOB}", "livro.txt")
    ]
    assert waits.news() == []
    await bus.close()
    await store.close()


async def test_a_side_task_that_dies_ends_what_its_caller_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> None:
        raise RuntimeError("the folder is gone")

    monkeypatch.setattr(FolderStore, "watch", dies)
    async with asyncio.timeout(BOUND):
        with pytest.raises(RuntimeError, match="the folder is gone"):
            async with embedded(tmp_path, services=[Accepting().service]):
                await asyncio.Event().wait()


async def test_the_caller_s_own_error_passes_through(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with embedded(tmp_path, services=[Accepting().service]):
            raise KeyError("mine")


async def test_a_synthesizer_takes_what_its_engine_speaks_at_once_and_what_may_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINES", "espeak")
    async with embedded(tmp_path, services=[SYNTHESIZER]) as running:
        assert await running.bus.slots(pipeline.BY_NAME["speak"].queue) == (os.cpu_count() or 1) + 1
