"""Recordings that OmniPlay is yet to hear of: found from the objects alone, since events may be lost, or never come.

A recording has a delivery object from the moment its handoff begins (``keys.receipt``), a receipt in the end. What has
neither is hinted, as is what waits for a moment that has come: a transcript's grace, or the next try.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from pydantic import AwareDatetime, BaseModel

from darkchannel import keys
from darkchannel.errors import Permanent, Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.jobs import recordings
from darkchannel.jobs.deliveries import Delivery
from darkchannel.runtime.service import Context
from darkchannel.runtime.together import together
from darkchannel.storage.ledger import JSON, decoded
from darkchannel.storage.port import NEW, ObjectInfo
from darkchannel.storage.recordings import Recordings
from services.reconciler.hints import Hints

AT_ONCE: Final = 8
"""Requests to each store at once."""
ANSWER_SECONDS: Final = 30.0
"""How long the store of recordings, which may be somebody else's, has for one listing."""
LISTING_AWAY: Final = (
    f"the object store of the recordings did not answer within {ANSWER_SECONDS:g} s: see RECORDINGS_ENDPOINT, and "
    "that it runs; the handoffs then go on by themselves"
)


class Depth(NamedTuple):
    """How far back a look goes, and how often one that goes so far is taken."""

    days: int
    every: timedelta
    all_deliveries: bool = False
    """Also of recordings filed under older days: an upload may be late, and its delivery pending for days."""


DEPTHS: Final = (
    Depth(7, timedelta(hours=1), all_deliveries=True),
    Depth(7, timedelta(minutes=1)),
    Depth(1, timedelta(0)),
)
"""The deepest first. Days are those of UTC, and one more: an uploader's clock may be ahead, or in another zone."""
PENDING_DAYS: Final = timedelta(days=7)
"""A delivery that nobody wrote for so long counts as ended where a reconciler has not known it since: no wait for a
next try is near as long, and all receipts ever written are too many to read."""


class Since(BaseModel):
    """``_recordings/since.json``."""

    since: AwareDatetime


@dataclass(frozen=True, slots=True)
class _Known:
    etag: str
    due: datetime | None
    """When it is to be looked at again; None for a receipt."""


class Due(NamedTuple):
    at: datetime
    recording: str


class Recorded:
    """Hints what is due. Several at once do no harm."""

    def __init__(self, context: Context, where: Recordings, grace: timedelta) -> None:
        self._store = context.store
        self._clock = context.clock
        self._where = where
        self._hints = Hints(context.bus, context.clock, grace)
        # Of another server's recordings no event tells.
        self._event_time = grace if where.is_own else timedelta(0)
        self._known: dict[str, _Known] = {}
        """Deliveries, by key, so that only those that changed are read."""
        self._seen: set[str] = set()
        self._looked: dict[Depth, datetime] = {}

    async def round(self) -> None:
        """Look at each company's newest recordings, once in a while further back, and at those asked about.

        Raises Unavailable while either store is out of reach.
        """
        self._hints.new_round(0)
        since = await self._since()
        await self._answer()
        now = self._clock()
        depth = next(depth for depth in DEPTHS if depth not in self._looked or now - self._looked[depth] >= depth.every)
        self._seen = set()
        due = [one for some in await self._of_companies(depth, since) for one in some]
        for at, recording in sorted(due):
            await self._hints.give("handoff", ObjectCreated(keys.RECORDINGS, recording), at)
        if depth.all_deliveries:
            self._known = {key: known for key, known in self._known.items() if key in self._seen}
        self._looked |= dict.fromkeys(DEPTHS[DEPTHS.index(depth) :], now)

    async def _since(self) -> datetime:
        """From when on recordings are handed off: the moment of the first look ever taken, or what a person wrote."""
        while (found := await self._store.get(keys.JOBS, keys.HANDED_OFF_SINCE)) is None:
            body = Since(since=self._clock()).model_dump_json().encode()
            await self._store.put(keys.JOBS, keys.HANDED_OFF_SINCE, body, over=NEW, content_type=JSON)
        try:
            return decoded(found, Since).since
        except Permanent:  # a person's hand
            return found.info.modified

    async def _answer(self) -> None:
        """Hint what somebody asked about; an ask goes when it was."""
        async for info in self._store.list(keys.JOBS, f"{keys.ASKED_PREFIX}company_"):
            recording = keys.parse_recording_ask(info.key) or ""
            event = ObjectCreated(keys.RECORDINGS, recording)
            if not recordings.parse_recording(recording) or await self._hints.give("handoff", event, info.modified):
                await self._store.delete(keys.JOBS, info.key)

    async def _of_companies(self, depth: Depth, since: datetime) -> list[list[Due]]:
        async with _answered():
            names = await self._where.store.folders(self._where.bucket, "")
        companies = filter(None, map(recordings.parse_company, names))
        return await together((self._of(company, depth, since) for company in companies), at_once=AT_ONCE)

    async def _of(self, company: int, depth: Depth, since: datetime) -> list[Due]:
        """What of a company is due. Recordings are listed first: what has no delivery then had none in between."""
        now = self._clock()
        first, end = (recordings.folder(company, f"{now + timedelta(days=n):%Y/%m/%d}") for n in (-depth.days, 2))
        async with _answered():
            listed = [info async for info in self._between(first, end, recordings.folders(company))]
        deliveries = await self._deliveries(company, first, older=depth.all_deliveries)
        unheard = (
            Due(info.modified, info.key)
            for info in listed
            if info.key not in deliveries and since <= info.modified and self._is_lost(info.modified)
        )
        waiting = (Due(at, recording) for recording, at in deliveries.items() if at and at <= now)
        return [*unheard, *waiting]

    def _is_lost(self, written: datetime) -> bool:
        """Whether no event of what was written then is to be waited for; the other server's clock may be ahead."""
        return not self._event_time or self._clock() - written >= self._event_time

    async def _between(self, first: str, end: str, prefix: str) -> AsyncIterator[ObjectInfo]:
        async for info in self._where.store.list(self._where.bucket, prefix, after=first):
            if info.key >= end:
                return
            if recordings.parse_recording(info.key):
                yield info

    async def _deliveries(self, company: int, first: str, *, older: bool) -> dict[str, datetime | None]:
        """When each of a company's deliveries is due, by recording: from ``first`` on, and what may be pending of
        ``older`` ones."""
        prefix, after = keys.RECEIPTS_PREFIX + recordings.folders(company), keys.RECEIPTS_PREFIX + first
        listed = self._store.list(keys.JOBS, prefix, after="" if older else after)
        found = [info async for info in listed if info.key >= after or self._may_be_pending(info)]
        await together((self._read(info.key) for info in found if self._has_changed(info)), at_once=AT_ONCE)
        self._seen |= {info.key for info in found}
        known = ((keys.parse_receipt(info.key), self._known.get(info.key)) for info in found)
        return {recording: delivery.due if delivery else None for recording, delivery in known if recording}

    def _has_changed(self, info: ObjectInfo) -> bool:
        known = self._known.get(info.key)
        return (known is None or known.etag != info.etag) and self._may_be_pending(info)

    def _may_be_pending(self, info: ObjectInfo) -> bool:
        known = self._known.get(info.key)
        return self._clock() - info.modified < PENDING_DAYS or bool(known and known.due)

    async def _read(self, key: str) -> None:
        found = await self._store.get(keys.JOBS, key)
        if found is None:
            self._known.pop(key, None)
            return
        delivery = Delivery.read(found.body)
        # What a person made unreadable is handed off again, under the same id.
        due = (None if delivery.is_receipt else delivery.deadline) if delivery else found.info.modified
        self._known[key] = _Known(found.info.etag, due)


@asynccontextmanager
async def _answered() -> AsyncIterator[None]:
    """Bounds what is asked of a store that may be somebody else's. Raises Unavailable."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except TimeoutError:
        raise Unavailable(LISTING_AWAY) from None
