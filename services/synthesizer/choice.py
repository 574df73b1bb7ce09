"""Who was chosen to speak a book: read, created once, and replaced only over what was read."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.errors import Permanent
from darkchannel.jobs.choice import Choice
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.ledger import FRESH, JSON, decoded
from darkchannel.storage.lru import Lru
from darkchannel.storage.port import NEW

log = structlog.get_logger(__name__)

PASSED: Final = "another engine speaks the rest of a book"

Seen = tuple[Choice | None, str]
"""A choice, and the ETag over which the next is written."""


class Choices:
    """What is there is remembered for a second, as runs are: another process may have passed a book on meanwhile."""

    def __init__(self, jobs: Jobs, clock: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._store = jobs.store
        self._clock = clock
        self._seen: Lru[str, tuple[datetime, Seen]] = Lru(1024)

    async def of(self, job: str) -> Seen:
        """The choice for a job; None where there is none that can be read."""
        remembered = self._seen.get(job)
        if remembered and self._clock() - remembered[0] < FRESH:
            return remembered[1]
        return await self._read(job)

    async def stands(self, job: str, choice: Choice, over: str) -> Choice:
        """Write a choice over the ETag of what was seen; what stands then, this or another's."""
        body = choice.model_dump_json().encode()
        while True:
            etag = await self._store.put(keys.JOBS, keys.engine(job), body, over=over, content_type=JSON)
            if etag is not None:
                self._seen.put(job, (self._clock(), (choice, etag)))
                for left in choice.before[-1:]:
                    log.warning(PASSED, engine=choice.engine, before=left.engine, reason=left.reason)
                return choice
            others, over = await self._read(job)
            if others:
                return others

    async def begun(self, job: str) -> tuple[Choice | None, int | None]:
        """Who has spoken for a book that no choice tells of, as one that was begun when there was none; and its rate.

        Where its chunks are gone, only the rate is known; of a new book, nothing.
        """
        async for index, info in self._jobs.listed_chunks(job):
            head = await self._store.get(keys.JOBS, keys.chunk(job, index), if_match=info.etag, first=wav.HEAD_BYTES)
            record = wav.read_record(head.body) if head else None
            if record:
                return Choice(engine=record.engine, rate=record.rate), record.rate
        section, _ = await self._jobs.section(job, 0)
        return None, section.rate if section else None

    async def _read(self, job: str) -> Seen:
        at = self._clock()
        found = await self._store.get(keys.JOBS, keys.engine(job))
        seen: Seen = (None, NEW)
        if found:
            try:
                seen = decoded(found, Choice), found.info.etag
            except Permanent as error:  # a person's hand: it is chosen anew
                log.warning("the choice of an engine is unreadable", job=job, reason=str(error))
                seen = None, found.info.etag
        self._seen.put(job, (at, seen))
        return seen
