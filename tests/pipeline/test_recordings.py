"""What the reconciler finds of recordings: those no event told of, and deliveries whose moment has come."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from darkchannel import keys
from darkchannel.errors import Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.jobs.deliveries import Delivery
from darkchannel.jobs.recordings import folder
from darkchannel.messaging import port
from darkchannel.messaging.memory import MemoryBus
from darkchannel.runtime.service import Context
from darkchannel.runtime.waiting import Stop
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from darkchannel.storage.port import ObjectStore
from darkchannel.storage.recordings import Recordings
from services.reconciler import recordings as reconciler
from services.reconciler.recordings import Recorded
from tests.pipeline.counted import Counted

GRACE = timedelta(seconds=30)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUEUE = "darkchannel.handoff"


class Desk:
    """A reconciler of recordings, ours or another server's, and what it put on the bus."""

    def __init__(self, *, remote: bool = False, store: ObjectStore | None = None) -> None:
        self.now = START
        self.raw: ObjectStore = store or MemoryStore(clock=lambda: self.now)
        self.own: Any = Counted(self.raw)
        self.other: ObjectStore = MemoryStore(clock=lambda: self.now) if remote else self.raw
        self.theirs: Any = Counted(self.other) if remote else self.own
        self.bucket = "omniplay" if remote else keys.RECORDINGS
        self.bus = MemoryBus()
        self.recorded = self.replica()

    def replica(self) -> Recorded:
        async def compute(*_: Any, **__: Any) -> Any:
            raise AssertionError("nothing is computed here")

        jobs = Jobs(self.own, lambda: self.now)
        context = Context(store=self.own, jobs=jobs, bus=self.bus, clock=lambda: self.now, compute=compute, stop=Stop())
        where = Recordings(self.theirs, self.bucket, is_own=self.theirs is self.own)
        return Recorded(context, where, GRACE)

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    async def record(self, call: str = "chamada-1", company: int = 5, day: str = "2026/03/01", ext: str = "mp3") -> str:
        """Put a recording there, of which no event tells; returns its key."""
        key = f"{folder(company, day)}{call}.{ext}"
        await self.other.put(self.bucket, key, b"audio")
        return key

    async def deliver(self, recording: str, *, due: datetime | None = None) -> None:
        """Write down that a handoff is pending until ``due``, or has ended."""
        delivery = Delivery(attempts=1, deadline=due or self.now, nonce="n", ended=None if due else self.now)
        await self.raw.put(keys.JOBS, keys.receipt(recording), delivery.model_dump_json().encode())

    async def round(self) -> list[str]:
        """Look once; returns the recordings that were hinted."""
        await self.recorded.round()
        taken: list[str] = []

        async def take(delivery: port.Delivery) -> port.Settlement:
            event = ObjectCreated.decode(delivery.body)
            assert event.bucket == keys.RECORDINGS
            taken.append(event.key)
            return port.Ack()

        consumer = await self.bus.consume(QUEUE, take, prefetch=100)
        await consumer.stop(drain=5)
        return taken


@pytest.fixture
async def desk() -> Desk:
    """One whose first look, from which on recordings are handed off, was a while ago."""
    desk = Desk()
    assert await desk.round() == []
    desk.later(minutes=5)
    return desk


@pytest.fixture
async def remote() -> Desk:
    desk = Desk(remote=True)
    assert await desk.round() == []
    desk.later(minutes=5)
    return desk


async def test_a_recording_whose_event_was_lost_is_found_once_the_event_had_its_time(desk: Desk) -> None:
    recording = await desk.record()
    desk.later(seconds=29)
    assert await desk.round() == []
    desk.later(seconds=1)
    assert await desk.round() == [recording]


async def test_a_recording_of_another_server_is_found_at_once(remote: Desk) -> None:
    recording = await remote.record()
    assert await remote.round() == [recording]


async def test_a_clock_of_the_other_server_that_is_ahead_delays_nothing(remote: Desk) -> None:
    remote.later(minutes=10)
    recording = await remote.record()
    remote.later(minutes=-10)
    assert await remote.round() == [recording]


async def test_a_hint_is_repeated_only_after_a_grace(remote: Desk) -> None:
    recording = await remote.record()
    hinted = []
    for _ in range(16):
        hinted += await remote.round()
        remote.later(seconds=2)
    assert hinted == [recording] * 2


async def test_what_was_there_before_the_first_look_is_left_alone() -> None:
    desk = Desk(remote=True)
    await desk.record("antes")
    desk.later(seconds=1)
    assert await desk.round() == []
    desk.later(hours=1)
    assert await desk.round() == []


async def test_the_first_look_ever_counts_also_after_a_restart(desk: Desk) -> None:
    recording = await desk.record()
    desk.later(hours=1)
    desk.recorded = desk.replica()
    assert await desk.round() == [recording]


async def test_of_two_first_looks_the_earlier_counts() -> None:
    desk = Desk(remote=True)
    await desk.round()
    desk.later(seconds=5)
    recording = await desk.record()
    desk.later(seconds=5)
    desk.recorded = desk.replica()
    desk.own.missed.add(keys.HANDED_OFF_SINCE)
    assert await desk.round() == [recording]


async def test_a_person_may_say_from_when_on_recordings_are_handed_off() -> None:
    desk = Desk(remote=True)
    recording = await desk.record("antes")
    desk.later(hours=1)
    since = reconciler.Since(since=desk.now - timedelta(hours=2)).model_dump_json()
    await desk.raw.put(keys.JOBS, keys.HANDED_OFF_SINCE, since.encode())
    assert await desk.round() == [recording]


@pytest.mark.parametrize("body", [b"ontem", b'{"since": "2026-01-01T12:00:00"}'])
async def test_a_moment_that_a_person_made_unreadable_is_that_of_the_change(remote: Desk, body: bytes) -> None:
    await remote.record("antes")
    remote.later(seconds=1)
    await remote.raw.put(keys.JOBS, keys.HANDED_OFF_SINCE, body)
    recording = await remote.record("depois")
    assert await remote.round() == [recording]


async def test_a_handoff_that_has_ended_is_never_hinted(remote: Desk) -> None:
    await remote.deliver(await remote.record())
    for _ in range(4):
        remote.later(minutes=1)
        assert await remote.round() == []


@pytest.mark.parametrize("is_remote", [False, True])
async def test_a_transcript_s_grace_ends_with_a_hint(is_remote: bool) -> None:
    desk = Desk(remote=is_remote)
    await desk.round()
    recording = await desk.record()
    await desk.deliver(recording, due=desk.now + timedelta(seconds=10))
    desk.later(seconds=9)
    assert await desk.round() == []
    desk.later(seconds=1)
    assert await desk.round() == [recording]


async def test_each_next_try_has_a_hint_however_soon_it_follows(desk: Desk) -> None:
    recording = await desk.record()
    for _ in range(3):
        await desk.deliver(recording, due=desk.now + timedelta(seconds=2))
        desk.later(seconds=1)
        assert await desk.round() == []
        desk.later(seconds=1)
        assert await desk.round() == [recording]


@pytest.mark.parametrize("body", [b"{}", b'{"attempts": 1, "nonce": "n", "deadline": "2027-01-01T12:00:00"}'])
async def test_a_delivery_that_a_person_made_unreadable_is_looked_at_again(desk: Desk, body: bytes) -> None:
    recording = await desk.record()
    await desk.raw.put(keys.JOBS, keys.receipt(recording), body)
    assert await desk.round() == [recording]


async def test_a_pending_delivery_whose_recording_was_removed_is_hinted_so_that_it_ends(desk: Desk) -> None:
    await desk.deliver(await desk.record("outra"))
    recording = await desk.record()
    await desk.deliver(recording, due=desk.now)
    await desk.raw.delete(keys.RECORDINGS, recording)
    assert await desk.round() == [recording]
    await desk.deliver(recording)
    desk.later(minutes=1)
    assert await desk.round() == []


async def test_only_deliveries_that_changed_are_read(desk: Desk) -> None:
    for number in range(5):
        await desk.deliver(await desk.record(f"chamada-{number}"))
    waiting = await desk.record("espera")
    await desk.deliver(waiting, due=desk.now + timedelta(hours=5))
    await desk.round()
    desk.own.requests.clear()
    desk.later(seconds=2)
    await desk.round()
    listings = [("list", "_asked/company_"), ("folders", ""), ("list", "company_5/voice/")]
    assert sorted(desk.own.requests) == sorted(
        [("get", keys.HANDED_OFF_SINCE), *listings, ("list", "_recordings/company_5/voice/")]
    )
    desk.own.requests.clear()
    await desk.deliver(waiting)
    await desk.round()
    assert ("get", keys.receipt(waiting)) in desk.own.requests


@pytest.mark.parametrize("day", ["2026/02/28", "2026/03/01", "2026/03/02"])
async def test_yesterday_today_and_tomorrow_are_looked_at_in_each_round(remote: Desk, day: str) -> None:
    await remote.round()
    recording = await remote.record(day=day)
    remote.later(seconds=2)
    assert await remote.round() == [recording]


@pytest.mark.parametrize("day", ["2026/02/22", "2026/02/27"])
async def test_the_last_days_are_looked_at_once_a_minute(remote: Desk, day: str) -> None:
    await remote.round()
    recording = await remote.record(day=day)
    remote.later(seconds=58)
    assert await remote.round() == []
    remote.later(seconds=2)
    assert await remote.round() == [recording]


async def test_a_look_at_the_last_days_spares_one_that_goes_less_far() -> None:
    desk = Desk(remote=True)
    await desk.round()
    recording = await desk.record(day="2026/02/25")
    desk.later(seconds=58)
    assert await desk.round() == []
    desk.later(seconds=2)
    assert await desk.round() == [recording]


async def test_deliveries_that_are_gone_are_forgotten_within_the_hour(desk: Desk) -> None:
    recording = await desk.record()
    await desk.deliver(recording)
    await desk.round()
    await desk.raw.delete(keys.JOBS, keys.receipt(recording))
    desk.later(hours=1)
    await desk.round()
    assert desk.recorded._known == {}


async def test_receipts_of_which_nothing_more_will_come_are_not_remembered(desk: Desk) -> None:
    recording = await desk.record()
    await desk.deliver(recording)
    await desk.round()
    assert [*desk.recorded._known] == [keys.receipt(recording)]
    desk.later(days=8)
    await desk.round()
    assert (desk.recorded._known, desk.recorded._seen) == ({}, set())


async def test_what_is_known_to_be_pending_is_hinted_however_long_nobody_came_to_it(desk: Desk) -> None:
    recording = await desk.record()
    await desk.deliver(recording, due=desk.now + timedelta(hours=1))
    assert await desk.round() == []
    desk.later(days=20)
    assert await desk.round() == [recording]


@pytest.mark.parametrize("day", ["2026/02/21", "2026/03/03", "2031/01/01"])
async def test_a_day_out_of_reach_is_none_of_ours(remote: Desk, day: str) -> None:
    await remote.record(day=day)
    remote.later(hours=2)
    assert await remote.round() == []


async def test_the_next_try_of_a_recording_filed_under_an_old_day_comes_within_the_hour(desk: Desk) -> None:
    recording = await desk.record(day="2025/12/24")
    await desk.deliver(recording, due=desk.now + timedelta(seconds=5))
    desk.later(minutes=1)
    assert await desk.round() == []
    desk.later(minutes=59)
    assert await desk.round() == [recording]


async def test_what_is_no_recording_of_a_company_is_passed_over(remote: Desk) -> None:
    for key in (
        "company_5/voice/2026/03/01/chamada.handoff.json",
        "company_5/voice/2026/03/01/chamada.flac",
        "company_05/voice/2026/03/01/chamada.mp3",
        "company_x/voice/2026/03/01/chamada.mp3",
        "outros/voice/2026/03/01/chamada.mp3",
        "company_5/transcripts/2026/03/01/chamada.txt",
        "solto.mp3",
    ):
        await remote.other.put(remote.bucket, key, b"x")
    assert await remote.round() == []


async def test_no_more_is_hinted_than_the_queue_takes_the_oldest_first(remote: Desk) -> None:
    names = []
    for number in range(12):
        names.append(await remote.record(f"chamada-{99 - number}", company=1 + number % 3))
        remote.later(seconds=1)
    assert await remote.round() == names[:8]
    assert await remote.round() == names[8:]


async def test_a_recording_somebody_asked_about_is_handed_off_again_however_old(desk: Desk) -> None:
    recording = await desk.record(day="2024/01/15")
    await desk.deliver(recording, due=desk.now)
    await Jobs(desk.raw, lambda: desk.now).ask(recording)
    assert await desk.round() == [recording]
    assert [info async for info in desk.raw.list(keys.JOBS, keys.ASKED_PREFIX)] == []


async def test_an_ask_about_what_is_no_recording_goes(desk: Desk) -> None:
    await Jobs(desk.raw, lambda: desk.now).ask("company_5/voice/anotado.txt")
    assert await desk.round() == []
    assert [info async for info in desk.raw.list(keys.JOBS, keys.ASKED_PREFIX)] == []


async def test_a_server_that_is_away_is_told_of_and_its_recordings_are_found_when_it_is_back(remote: Desk) -> None:
    recording = await remote.record()
    remote.theirs.away = True
    with pytest.raises(Unavailable):
        await remote.round()
    remote.theirs.away = False
    assert await remote.round() == [recording]


async def test_a_server_that_does_not_answer_is_given_up(remote: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciler, "ANSWER_SECONDS", 0.01)
    recording = await remote.record()
    remote.theirs.hangs = True
    with pytest.raises(Unavailable, match="RECORDINGS_ENDPOINT"):
        await remote.round()
    remote.theirs.hangs = False
    assert await remote.round() == [recording]


async def test_a_file_that_is_being_copied_into_the_folder_is_left_until_it_is_whole(tmp_path: Path) -> None:
    desk = Desk(store=FolderStore(tmp_path))
    await desk.round()
    desk.later(minutes=5)
    file = tmp_path / keys.RECORDINGS / folder(5, "2026/03/01") / "chamada.wav"
    file.parent.mkdir(parents=True)
    file.touch()
    for _ in range(4):
        with file.open("ab") as copied:
            copied.write(b"more")
        os.utime(file, (desk.now.timestamp(),) * 2)
        desk.later(seconds=20)
        assert await desk.round() == []
    desk.later(seconds=10)
    assert await desk.round() == ["company_5/voice/2026/03/01/chamada.wav"]
