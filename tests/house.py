"""Jobs in a store as the command line finds them, without the services that would have made them."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from darkchannel import keys
from darkchannel.jobs import plan
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Chapter
from darkchannel.jobs.records import Manifest
from darkchannel.jobs.runs import Opened, Outcome, Source, State
from darkchannel.runtime.service import utc_now
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import ObjectStore

BUILD = "0123456789abcdef"


class House:
    """A store, opened anew for each thing done to it, and ways to put jobs there."""

    def __init__(self, open_store: Callable[[], ObjectStore]) -> None:
        self._open_store = open_store

    def do(self, work: Callable[[Jobs], Coroutine[Any, Any, Any]]) -> Any:
        async def inside() -> Any:
            store = self._open_store()
            try:
                return await work(Jobs(store, utc_now))
            finally:
                await store.close()

        return asyncio.run(inside())

    def accept(self, key: str, *, older: int = 0, days_ago: int = 0, segments: int = 3) -> str:
        """A job under way; of several the ``older`` was accepted before the others, on the same day."""
        at = utc_now() - timedelta(days=days_ago, milliseconds=older)
        job = keys.job_id(keys.INBOX, key, at.isoformat())
        source = Source(bucket=keys.INBOX, key=key, version=at.isoformat(), size=3)
        texts = tuple(f"<speak>{number}</speak>" for number in range(segments))
        index, parts = plan.make(Book("Dom Casmurro", None, Options(), (Chapter("I", texts),)))

        async def place(jobs: Jobs) -> None:
            await jobs.open_run(job, 1, Opened(reason="accepted", at=at, source=source))
            await jobs.save_plan(job, index, parts)
            await jobs.output_name(job, claim=True)

        self.do(place)
        return job

    def end(self, job: str, status: State, reason: str | None = None) -> None:
        async def place(jobs: Jobs) -> None:
            build = BUILD if status is State.COMPLETED else None
            if build:
                await self._publish(jobs, job)
            outcome = Outcome.model_validate({"status": status, "at": utc_now(), "build": build, "reason": reason})
            await jobs.decide(job, 1, outcome)
            await jobs.close(job, 1, status)
            await jobs.store.delete(keys.JOBS, keys.marker(job, 1))

        self.do(place)

    async def _publish(self, jobs: Jobs, job: str) -> None:
        manifest = Manifest(digest=BUILD, segments=(), files={"audiobook.mp3": 3}, seconds=61.0, chapters=())
        await jobs.store.put(keys.JOBS, keys.manifest(job, BUILD), manifest.model_dump_json().encode())
        name = await jobs.output_name(job)
        assert name
        await jobs.store.put(keys.OUTPUT, keys.output(*name, "mp3"), b"mp3")

    def state(self, job: str) -> State | None:
        async def look(jobs: Jobs) -> State | None:
            return (await jobs.runs(job)).state

        found: State | None = self.do(look)
        return found
