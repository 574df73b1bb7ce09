import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

import pytest
from structlog.testing import capture_logs

from darkchannel import keys
from darkchannel.errors import Unavailable
from darkchannel.jobs.deliveries import LADDER, Delivery, digest_of
from darkchannel.messaging.memory import MemoryBus
from darkchannel.runtime.circuit import FAILURES, REST
from darkchannel.runtime.service import Context
from darkchannel.runtime.waiting import Stop
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from services.handoff_notifier.delivering import JITTER, MARGIN, SETTLING, Deliverer
from services.handoff_notifier.destinations import AT_ONCE, PATIENCE, PUT_OFF, Destinations
from services.handoff_notifier.messages import Answer, Message, Nothing, Wait
from services.handoff_notifier.settings import NotifierSettings
from tests.benchmarks import virtual_time

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
KEY = "1d3c4d52-0000-0000-0000-000000000000/deliveries/0001-task.completed.json"
TIMEOUT = 10.0
ACCEPTED = Answer(200, b'{"ticket_id": 77}')
AWAY = Answer(503, note="HTTP 503")
MESSAGE = Message("job.0001.task.completed", "https://avisos.example/livros?token=abc", b"{}", secrets=("segredo",))

Said = Answer | Callable[[], Awaitable[Answer]]


class Table:
    """A store, a clock, a receiver with a script, and those who deliver."""

    def __init__(self, *answers: Said) -> None:
        self.now = EPOCH
        self.store = MemoryStore(clock=lambda: self.now)
        self.before_put: Callable[[], Awaitable[None]] | None = None
        self.answers = list(answers)
        self.signed: list[Mapping[str, str]] = []
        self.chance = 0.0
        self.nonces = 0
        self.built = 0
        self.message: Message | Nothing | Wait = MESSAGE
        self.first, self.second = self.deliverer(), self.deliverer()

    def deliverer(self) -> Deliverer:
        context = Context(
            store=self,  # type: ignore[arg-type]
            jobs=Jobs(self.store, self.clock),
            bus=MemoryBus(),
            clock=self.clock,
            compute=None,  # type: ignore[arg-type]
            stop=Stop(),
        )
        return Deliverer(
            context,
            self,
            NotifierSettings(),
            destinations=Destinations(self.store, self.clock, patience=0.0),
            nonce=self._nonce,
            chance=lambda: self.chance,
            pauses=lambda: repeat(0.0),
        )

    # -- the receiver

    def timeout(self, message: Message) -> float:
        del message
        return TIMEOUT

    async def __call__(self, message: Message, signed: Mapping[str, str]) -> Answer:
        assert message == self.message
        self.signed.append(signed)
        said = self.answers.pop(0) if self.answers else ACCEPTED
        return said if isinstance(said, Answer) else await said()

    # -- the store, and what happens just before the next write

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def put(self, bucket: str, key: str, body: bytes, **about: Any) -> str | None:
        if happens := self.before_put:
            self.before_put = None
            await happens()
        return await self.store.put(bucket, key, body, **about)

    # -- and what is done with them

    def clock(self) -> datetime:
        return self.now

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def _nonce(self) -> str:
        self.nonces += 1
        return f"n{self.nonces}"

    async def build(self) -> Message | Nothing | Wait:
        self.built += 1
        return self.message

    async def deliver(self, who: Deliverer | None = None) -> Delivery:
        told = await (who or self.first).deliver(KEY, self.build)
        assert told == await self.lies()
        return told

    async def lies(self) -> Delivery | None:
        found = await self.store.get(keys.JOBS, KEY)
        return Delivery.read(found.body) if found else None


async def test_a_delivered_message_leaves_a_receipt_and_is_neither_built_nor_sent_again() -> None:
    table = Table()
    receipt = await table.deliver()
    assert (receipt.state, receipt.attempts, receipt.status, receipt.ended) == ("delivered", 1, 200, EPOCH)
    assert (receipt.id, receipt.to) == (MESSAGE.id, "avisos.example")
    table.later(days=3)
    assert await table.deliver(table.second) == receipt
    assert (len(table.signed), table.built) == (1, 1)


async def test_every_try_is_signed_at_its_own_time_under_one_id() -> None:
    table = Table(AWAY)
    await table.deliver()
    table.later(seconds=LADDER[0])
    await table.deliver()
    assert [signed["webhook-id"] for signed in table.signed] == [MESSAGE.id] * 2
    assert [int(signed["webhook-timestamp"]) for signed in table.signed] == [
        int(EPOCH.timestamp()),
        int(EPOCH.timestamp() + LADDER[0]),
    ]
    assert len({signed["webhook-signature"] for signed in table.signed}) == 2


async def test_retries_climb_the_ladder_and_then_end_with_what_went_wrong() -> None:
    table = Table(*[AWAY] * (len(LADDER) + 1))
    for attempts, wait in enumerate(LADDER, 1):
        pending = await table.deliver()
        assert (pending.state, pending.attempts, pending.status) == ("pending", attempts, 503)
        assert pending.deadline == table.now + timedelta(seconds=wait)
        table.now = pending.deadline - timedelta(milliseconds=1)
        assert await table.deliver() == pending
        table.now = pending.deadline
    ended = await table.deliver()
    assert (ended.state, ended.attempts, ended.note) == ("failed", len(LADDER) + 1, "HTTP 503")


async def test_jitter_only_lengthens_a_wait() -> None:
    table = Table(AWAY)
    table.chance = 1.0
    assert (await table.deliver()).deadline == EPOCH + timedelta(seconds=LADDER[0] * (1 + JITTER))


@pytest.mark.parametrize(
    ("asked", "waits"), [(1.0, LADDER[0]), (90.0, 90.0), (1e9, 86_400.0), (float("inf"), 86_400.0)]
)
async def test_a_receiver_may_ask_for_a_longer_wait_but_not_for_more_than_a_day(asked: float, waits: float) -> None:
    table = Table(Answer(429, note="HTTP 429", retry_after=asked))
    assert (await table.deliver()).deadline == EPOCH + timedelta(seconds=waits)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 422])
async def test_what_will_not_be_answered_otherwise_fails_at_once(status: int) -> None:
    table = Table(Answer(status, note=f"HTTP {status}"))
    assert ((await table.deliver()).state, table.answers) == ("failed", [])


@pytest.mark.parametrize("status", [0, 408, 409, 425, 429, 500, 502, 503])
async def test_what_may_be_answered_otherwise_is_tried_again(status: int) -> None:
    table = Table(Answer(status, note="later"))
    assert (await table.deliver()).state == "pending"
    table.later(seconds=LADDER[0])
    assert ((await table.deliver()).state, len(table.signed)) == ("delivered", 2)


async def test_after_410_nothing_is_sent_to_that_address_until_somebody_allows_it_again() -> None:
    table = Table(Answer(410, note="HTTP 410"))
    assert (await table.deliver()).state == "failed"
    other = KEY.replace("completed", "failed")
    skipped = await table.second.deliver(other, table.build)
    assert (skipped.state, skipped.attempts, "410" in (skipped.note or "")) == ("skipped", 0, True)
    assert (skipped.id, skipped.to) == (MESSAGE.id, "avisos.example")
    await table.second.deliver_newest(KEY.replace("completed", "progress"), 1, table.build)
    assert len(table.signed) == 1
    await table.store.delete(keys.JOBS, keys.destination(digest_of(MESSAGE.url)))
    await table.store.delete(keys.JOBS, other)
    assert (await table.second.deliver(other, table.build)).state == "delivered"


async def test_the_operators_own_receiver_is_not_given_up_for_one_410() -> None:
    table = Table(Answer(410, note="HTTP 410"))
    table.message = replace(MESSAGE, trusted=True)

    assert (await table.deliver()).state == "failed"
    assert (await table.first.deliver(KEY.replace("completed", "failed"), table.build)).state == "delivered"


async def test_a_forbidden_address_is_told_of_in_the_receipt_and_was_never_tried() -> None:
    table = Table(Answer(0, note="10.0.0.7 is not at a public address", forbidden=True))
    receipt = await table.deliver()
    assert (receipt.state, receipt.attempts, receipt.status) == ("skipped", 0, None)
    assert receipt.note == "10.0.0.7 is not at a public address"


async def test_a_forbidden_address_says_nothing_of_whether_its_receiver_is_in_order() -> None:
    table = Table(*[Answer(0, forbidden=True)] * FAILURES)
    for n in range(FAILURES + 1):
        await table.first.deliver(f"{KEY}{n}", table.build)
    assert len(table.signed) == FAILURES + 1


@pytest.mark.parametrize(("trusted", "ticket"), [(True, "77"), (False, None)])
async def test_only_omniplays_tickets_are_kept(trusted: bool, ticket: str | None) -> None:
    table = Table()
    table.message = replace(MESSAGE, trusted=trusted)
    assert (await table.deliver()).ticket_id == ticket


async def test_the_receipt_keeps_what_of_an_accepted_message_could_not_be_told() -> None:
    table = Table()
    table.message = replace(MESSAGE, note="without its transcript")
    assert (await table.deliver()).note == "without its transcript"


@pytest.mark.parametrize(("refused", "state"), [(True, "refused"), (False, "skipped")])
async def test_where_there_is_nothing_to_tell_the_receipt_says_why(refused: bool, state: str) -> None:
    table = Table()
    table.message = Nothing("it is no audio", refused)
    receipt = await table.deliver()
    assert (receipt.state, receipt.note, receipt.attempts) == (state, "it is no audio", 0)
    assert table.signed == []


async def test_what_is_awaited_is_asked_for_again_at_its_time_and_no_try_is_counted() -> None:
    table = Table()
    table.message = Wait(EPOCH + timedelta(seconds=10))
    waiting = await table.deliver()
    assert (waiting.state, waiting.attempts, waiting.deadline) == ("pending", 0, EPOCH + timedelta(seconds=10))
    table.later(seconds=9)
    await table.deliver()
    assert table.built == 1
    table.later(seconds=1)
    table.message = MESSAGE
    assert (await table.deliver()).attempts == 1


async def test_two_at_once_send_once() -> None:
    table = Table()

    async def second() -> None:
        await table.deliver(table.second)

    table.before_put = second
    await table.deliver()
    assert len(table.signed) == 1


async def test_who_dies_while_sending_is_followed_after_his_deadline_and_not_before() -> None:
    async def dies() -> Answer:
        raise RuntimeError("killed while sending")

    table = Table(dies)
    with pytest.raises(RuntimeError):
        await table.deliver()
    table.later(seconds=TIMEOUT + MARGIN - 0.001)
    assert (await table.deliver(table.second)).state == "pending"
    assert len(table.signed) == 1
    table.later(seconds=0.001)
    assert ((await table.deliver(table.second)).attempts, len(table.signed)) == (2, 2)


async def test_who_slept_past_the_time_he_may_send_in_does_not_send_into_anothers_claim() -> None:
    table = Table()

    async def sleep() -> None:
        table.later(seconds=MARGIN)

    table.before_put = sleep
    assert (await table.deliver()).state == "pending"
    assert table.signed == []


async def test_who_comes_back_late_with_an_answer_leaves_the_claim_that_followed_his() -> None:
    async def overtaken() -> Answer:
        table.later(seconds=TIMEOUT + MARGIN)
        table.answers.insert(0, Answer(201))
        await table.deliver(table.second)
        return AWAY

    table = Table(overtaken)
    receipt = await table.deliver()
    assert (receipt.status, receipt.attempts) == (201, 2)


async def test_an_answer_is_written_down_though_the_store_was_away_when_it_came() -> None:
    class Away(Table):
        fails = 0

        async def put(self, bucket: str, key: str, body: bytes, **about: Any) -> str | None:
            if self.fails:
                self.fails -= 1
                raise Unavailable("the store is away")
            return await super().put(bucket, key, body, **about)

    async def goes_away() -> Answer:
        table.fails = SETTLING
        return ACCEPTED

    table = Away(goes_away)
    assert (await table.deliver()).state == "delivered"
    assert len(table.signed) == 1


async def test_the_note_of_a_failed_try_outlives_being_put_off() -> None:
    table = Table(*[AWAY] * FAILURES)
    for _ in range(FAILURES):
        pending = await table.deliver()
        table.now = pending.deadline
    for n in range(FAILURES):
        table.answers.append(AWAY)
        await table.first.deliver(f"{KEY}{n}", table.build)
    put_off = await table.deliver()
    assert (put_off.attempts, put_off.status, put_off.note) == (FAILURES, 503, "HTTP 503")


async def test_a_dead_receiver_is_left_alone_and_its_messages_come_again_without_counting() -> None:
    table = Table(*[Answer(0, note="no answer")] * FAILURES)
    for n in range(FAILURES):
        await table.first.deliver(f"{KEY}{n}", table.build)
    put_off = await table.deliver()
    assert (put_off.state, put_off.attempts, put_off.deadline) == ("pending", 0, EPOCH + REST)
    assert (put_off.id, put_off.to) == (MESSAGE.id, "avisos.example")
    assert len(table.signed) == FAILURES
    table.now = put_off.deadline
    assert (await table.deliver()).state == "delivered"


async def dead(table: Table) -> None:
    """Five failures at once, so that its receiver is left alone."""
    table.answers += [Answer(0, note="no answer")] * FAILURES
    for n in range(FAILURES):
        await table.first.deliver(f"{KEY}{table.nonces}.{n}", table.build)


async def test_what_finds_its_receiver_dead_for_longer_than_all_tries_take_is_given_up() -> None:
    table = Table(AWAY)
    assert (await table.deliver()).state == "pending"
    table.later(seconds=LADDER[0])
    await dead(table)
    assert (await table.deliver()).state == "pending"
    table.now = EPOCH + timedelta(seconds=sum(LADDER) * (1 + JITTER) - 1)
    await dead(table)
    waiting = await table.deliver()
    assert (waiting.state, waiting.since) == ("pending", EPOCH)
    table.now = waiting.deadline
    await dead(table)
    ended = await table.deliver()
    assert (ended.state, ended.attempts, "redeliver" in (ended.note or "")) == ("failed", 1, True)


async def test_what_was_given_up_without_a_try_has_failed() -> None:
    table = Table()
    await dead(table)
    await table.deliver()
    table.later(days=30)
    await dead(table)
    assert ((ended := await table.deliver()).state, ended.attempts) == ("failed", 0)


async def test_what_was_due_long_ago_is_tried_where_its_receiver_answers() -> None:
    table = Table()
    await dead(table)
    await table.deliver()
    table.later(days=30)
    assert (await table.deliver()).state == "delivered"


async def test_what_finds_no_place_at_a_receiver_that_answers_is_never_given_up() -> None:
    found: list[Delivery] = []

    async def crowded() -> Answer:
        if len(table.signed) < AT_ONCE:
            table.answers.append(crowded)
            await table.first.deliver(f"{KEY}{len(table.signed)}", table.build)
        else:
            found.append(await table.deliver())
        return ACCEPTED

    table = Table()
    await dead(table)
    await table.deliver()
    table.later(days=30)
    await table.first.deliver(f"{KEY}.back", table.build)
    table.signed.clear()
    table.answers.append(crowded)
    await table.first.deliver(f"{KEY}.first", table.build)
    assert [(it.state, it.since) for it in found] == [("pending", EPOCH)]


async def test_a_message_for_a_receiver_that_is_known_to_be_dead_is_not_even_built() -> None:
    table = Table()
    await dead(table)
    table.now = (await table.deliver()).deadline
    await dead(table)
    built = table.built
    assert ((await table.deliver()).state, table.built) == ("pending", built)


async def test_progress_is_sent_once_for_each_state_and_never_for_an_older_one() -> None:
    table = Table(AWAY)
    for sequence in (3, 3, 5, 4, 5, 6):
        await table.first.deliver_newest(KEY, sequence, table.build)
        await table.second.deliver_newest(KEY, sequence, table.build)
    assert len(table.signed) == 3
    lies = await table.lies()
    assert lies
    assert (lies.sequence, lies.attempts, lies.state) == (6, 1, "delivered")


async def test_progress_that_failed_is_not_tried_again() -> None:
    table = Table(AWAY)
    await table.first.deliver_newest(KEY, 3, table.build)
    lies = await table.lies()
    assert lies
    assert (lies.state, lies.note) == ("failed", "HTTP 503")


async def test_progress_does_not_overtake_progress_that_is_on_its_way() -> None:
    async def slow() -> Answer:
        await table.second.deliver_newest(KEY, 4, table.build)
        return ACCEPTED

    table = Table(slow)
    await table.first.deliver_newest(KEY, 3, table.build)
    assert len(table.signed) == 1
    await table.second.deliver_newest(KEY, 4, table.build)
    assert len(table.signed) == 2


async def test_progress_finds_no_room_and_leaves_it_at_that() -> None:
    table = Table(*[AWAY] * FAILURES)
    for n in range(FAILURES):
        await table.first.deliver(f"{KEY}{n}", table.build)
    await table.first.deliver_newest(KEY, 3, table.build)
    assert await table.lies() is None


def test_a_message_in_a_log_or_a_traceback_shows_neither_its_address_nor_what_it_says() -> None:
    shown = repr(replace(MESSAGE, body=b"confidencial"))
    assert MESSAGE.id in shown
    assert not any(secret in shown for secret in ("avisos.example", "token", "confidencial", "segredo"))


async def test_no_log_tells_an_address_or_a_secret() -> None:
    table = Table(AWAY)
    with capture_logs() as logs:
        await table.deliver()
    assert logs
    assert not any(secret in repr(logs) for secret in ("token", "abc", "livros", "segredo"))


def test_receivers_that_hang_delay_nobody_else() -> None:
    """In virtual time: ten of a hundred receivers never answer."""

    class Many(Table):
        slowest = 0.0
        hanging = 0

        def clock(self) -> datetime:
            return EPOCH + timedelta(seconds=asyncio.get_running_loop().time())

        async def __call__(self, message: Message, signed: Mapping[str, str]) -> Answer:
            del signed
            if "//dead" in message.url:
                self.hanging += 1
                await asyncio.sleep(TIMEOUT)
                return Answer(0, note="no answer")
            await asyncio.sleep(0.01)
            self.slowest = max(self.slowest, asyncio.get_running_loop().time())
            return ACCEPTED

    async def story() -> None:
        table = Many()
        deliverer = Deliverer(
            Context(store=table.store, jobs=None, bus=None, clock=table.clock, compute=None, stop=Stop()),  # type: ignore[arg-type]
            table,
            NotifierSettings(),
            destinations=Destinations(table.store, table.clock, PATIENCE),
        )
        prefetched = asyncio.Semaphore(256)

        async def one(receiver: int, n: int) -> Delivery:
            name = f"{'dead' if receiver < 10 else 'live'}{receiver}.example"

            async def build() -> Message:
                return Message(f"{receiver}.{n}", f"https://{name}/w", b"{}")

            async with prefetched:
                return await deliverer.deliver(f"{KEY}{receiver}.{n}", build)

        told = await asyncio.gather(*(one(receiver, n) for n in range(10) for receiver in range(100)))
        assert sum(it.state == "delivered" for it in told) == 900
        assert table.slowest < TIMEOUT / 2
        assert table.hanging == 10 * AT_ONCE
        put_off = [it for it in told if it.attempts == 0]
        assert len(put_off) == 10 * (10 - AT_ONCE)
        assert all(it.deadline - EPOCH >= PUT_OFF for it in put_off)

    virtual_time.run(story())
