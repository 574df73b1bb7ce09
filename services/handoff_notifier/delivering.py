"""Delivers messages: a claim with a nonce and a deadline, one try while it holds, the claim turned into a receipt."""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import structlog

from darkchannel import keys
from darkchannel.errors import Unavailable
from darkchannel.jobs.deliveries import Delivery, wait_after
from darkchannel.runtime.service import Context
from darkchannel.runtime.waiting import backoff
from darkchannel.storage.ledger import JSON
from darkchannel.storage.port import NEW
from services.handoff_notifier import signatures
from services.handoff_notifier.destinations import Destinations, host_of
from services.handoff_notifier.messages import GONE, Answer, Message, Nothing, Post, Wait
from services.handoff_notifier.omniplay import ticket_of
from services.handoff_notifier.settings import NotifierSettings

MARGIN: Final = 5.0
"""Seconds by which a claim outlives the try it covers."""
JITTER: Final = 0.2
"""By which a wait is lengthened at most, so that what failed together does not come again together."""
LONGEST_REQUEST: Final = 86_400.0
"""Seconds; a receiver that asks for more is asked again after these."""
SETTLING: Final = 12
"""How often an answer is written down while the store is away: what is not, is sent once more."""

DISABLED = "an earlier message to this address was answered 410: it wants no more; redeliver once it does"
GIVEN_UP = "given up: for days the receiver has not answered, nor does it now; redeliver once it does"

Build = Callable[[], Awaitable[Message | Nothing | Wait]]

log = structlog.get_logger(__name__)


class Deliverer:
    """Brings messages out, each under its own object. Never raises for a receiver's trouble.

    ``chance`` gives numbers from 0 to 1 for the jitter; ``pauses`` the seconds between two writes of one receipt.
    """

    def __init__(
        self,
        context: Context,
        post: Post,
        settings: NotifierSettings,
        *,
        destinations: Destinations | None = None,
        nonce: Callable[[], str] = lambda: uuid.uuid4().hex,
        chance: Callable[[], float] = random.random,
        pauses: Callable[[], Iterator[float]] = backoff,
    ) -> None:
        self._store = context.store
        self._clock = context.clock
        self._post = post
        self._ladder = settings.webhook_retry_delays
        self._longest = timedelta(seconds=sum(self._ladder) * (1 + JITTER))
        self._destinations = destinations or Destinations(context.store, context.clock)
        self._nonce = nonce
        self._chance = chance
        self._pauses = pauses

    async def deliver(self, key: str, build: Build) -> Delivery:
        """Try a message now if it is due, and tell how it stands; ``key`` is its object in the jobs bucket.

        ``build`` is asked only for what is due: never where there is a receipt, or a deadline that has not passed.
        """
        while True:
            found, seen = await self._read(key)
            if found and (found.is_receipt or self._clock() < found.deadline):
                return found
            now = self._clock()
            before = found or Delivery(attempts=0, deadline=now, nonce="")
            before = before.model_copy(update={"since": before.since or now})
            match message := self._destinations.of(before.to).rests() or await build():
                case datetime():
                    after = await self._find_no_place(key, before, seen, message)
                case Nothing():
                    told = {"note": message.note, "refused": message.refused}
                    after = await self._replace(key, self._ended(before, told), seen)
                case Wait():
                    after = await self._replace(key, self._put_off(before, message.until), seen)
                case Message():
                    after = await self._bring_out(key, before, seen, message)
            if after:
                return after

    async def deliver_newest(self, key: str, sequence: int, build: Build) -> None:
        """Try a message once, unless one as new or newer was tried under this key or another is on its way.

        For what is soon followed by the next: it is not put off and not tried again.
        """
        while True:
            found, seen = await self._read(key)
            if found and (found.sequence >= sequence or (not found.is_receipt and self._clock() < found.deadline)):
                return
            message = await build()
            if not isinstance(message, Message) or await self._is_disabled(message):
                return
            before = Delivery(attempts=0, deadline=self._clock(), nonce="", sequence=sequence)
            if await self._try(key, before, seen, message, ladder=()):
                return

    async def _bring_out(self, key: str, before: Delivery, seen: str, message: Message) -> Delivery | None:
        """None where somebody else wrote first: then everything is to be looked at again."""
        before = before.model_copy(update={"id": message.id, "to": host_of(message.url)})
        if await self._is_disabled(message):
            return await self._replace(key, self._ended(before, {"note": DISABLED}), seen)
        after = await self._try(key, before, seen, message, ladder=self._ladder)
        return await self._find_no_place(key, before, seen, after) if isinstance(after, datetime) else after

    async def _find_no_place(self, key: str, before: Delivery, seen: str, until: datetime) -> Delivery | None:
        """Put off, or given up where all tries would have had their time and the receiver still does not answer."""
        given_up = before.since is not None and before.since + self._longest <= self._clock()
        if given_up and self._destinations.of(before.to).is_away:
            told = {"note": GIVEN_UP, "status": before.status or 0}
            return await self._replace(key, self._ended(before, told), seen)
        return await self._replace(key, self._put_off(before, until), seen)

    async def _try(
        self, key: str, before: Delivery, seen: str, message: Message, *, ladder: Sequence[float]
    ) -> Delivery | datetime | None:
        """Claim, send and settle; or when its receiver may have a place for it; None where somebody wrote first."""
        destination = self._destinations.of(host_of(message.url))
        place = await destination.enter()
        if isinstance(place, datetime):
            return place
        try:
            timeout = self._post.timeout(message)
            claim = self._claim(before, message, timeout)
            mine = await self._write(key, claim, seen)
            # A sender that slept must not send into somebody else's claim.
            if mine is None or (claim.deadline - self._clock()).total_seconds() <= timeout:
                return None
            answer = await self._post(message, self._signed(message))
            place.succeeded = None if answer.forbidden else 0 < answer.status < 500
        finally:
            destination.leave(place)
        settled = await self._settle(key, self._settled(claim, message, answer, ladder), mine)
        if answer.status == GONE and not message.trusted:
            await self._destinations.disable(message.url)
        return settled

    async def _is_disabled(self, message: Message) -> bool:
        """The operator's own receiver is not given up for the sake of one call it does not want."""
        return not message.trusted and await self._destinations.is_disabled(message.url)

    def _signed(self, message: Message) -> dict[str, str]:
        return signatures.headers(message.secrets, message.id, int(self._clock().timestamp()), message.body)

    def _claim(self, before: Delivery, message: Message, timeout: float) -> Delivery:
        return Delivery(
            id=message.id,
            to=host_of(message.url),
            attempts=before.attempts + 1,
            deadline=self._clock() + timedelta(seconds=timeout + MARGIN),
            since=before.since,
            nonce=self._nonce(),
            sequence=before.sequence,
        )

    def _ended(self, before: Delivery, told: Mapping[str, object]) -> Delivery:
        return before.model_copy(update={"nonce": self._nonce(), "ended": self._clock(), **told})

    def _put_off(self, before: Delivery, until: datetime) -> Delivery:
        return before.model_copy(update={"nonce": self._nonce(), "deadline": until})

    def _settled(self, claim: Delivery, message: Message, answer: Answer, ladder: Sequence[float]) -> Delivery:
        now = self._clock()
        told = {"status": answer.status, "note": answer.note}
        if answer.accepted:
            # Only OmniPlay gives tickets, and only the operator names it.
            ticket = ticket_of(answer.body) if message.trusted else None
            told |= {"note": message.note, "ticket_id": ticket}
        elif answer.forbidden:
            told |= {"attempts": claim.attempts - 1, "status": None}
        wait = self._wait(claim.attempts, answer, ladder) if answer.again else None
        log.info("tried", id=claim.id, to=claim.to, tries=claim.attempts, again=wait is not None, **told)
        return claim.model_copy(update={**told, "ended": now} if wait is None else {**told, "deadline": now + wait})

    def _wait(self, tries: int, answer: Answer, ladder: Sequence[float]) -> timedelta | None:
        """How long until the next try, as long as the receiver asks for at least; None to give up."""
        step = wait_after(tries, ladder)
        asked = timedelta(seconds=min(answer.retry_after or 0.0, LONGEST_REQUEST))
        return max(step, asked) * (1 + JITTER * self._chance()) if step is not None else None

    async def _settle(self, key: str, receipt: Delivery, mine: str) -> Delivery | None:
        """Write down what came of a try, over its claim and over nothing else."""
        for pause in islice(self._pauses(), SETTLING):
            try:
                return await self._replace(key, receipt, mine)
            except Unavailable as error:
                log.warning("a receipt cannot be written yet", delivery=key, reason=str(error))
                await asyncio.sleep(pause)
        return await self._replace(key, receipt, mine)

    async def _read(self, key: str) -> tuple[Delivery | None, str]:
        found = await self._store.get(keys.JOBS, key)
        return (Delivery.read(found.body), found.info.etag) if found else (None, NEW)

    async def _replace(self, key: str, delivery: Delivery, over: str) -> Delivery | None:
        return delivery if await self._write(key, delivery, over) is not None else None

    async def _write(self, key: str, delivery: Delivery, over: str) -> str | None:
        body = delivery.model_dump_json(exclude_none=True).encode()
        return await self._store.put(keys.JOBS, key, body, over=over, content_type=JSON)
