"""Recorded calls on the memory store: what is told of them, when, and how often."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from darkchannel import keys
from darkchannel.errors import Transient
from darkchannel.events import ObjectCreated
from darkchannel.jobs.deliveries import Delivery
from darkchannel.messaging.memory import MemoryBus
from darkchannel.runtime.service import Context
from darkchannel.runtime.waiting import Stop
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from darkchannel.storage.port import NEW
from darkchannel.storage.recordings import Recordings
from services.handoff_notifier import calls
from services.handoff_notifier.calls import NO_TRANSCRIPT, Calls
from services.handoff_notifier.delivering import Deliverer
from services.handoff_notifier.messages import Answer, Message
from services.handoff_notifier.omniplay import call_id
from services.handoff_notifier.settings import NotifierSettings
from services.handoff_notifier.transcripts import MOST, TOO_MANY
from tests.pipeline.bench import InterruptedStore
from tests.recordings import clip

FOLDER = "company_5/voice/2026/01/15"
RECORDING = f"{FOLDER}/lilas-77.wav"
DETAILS = f"{FOLDER}/lilas-77.handoff.json"
TRANSCRIPT = "company_5/transcripts/2026/01/15/lilas-77.txt"
START = datetime(2026, 1, 15, 12, tzinfo=UTC)
GRACE = timedelta(seconds=10)


class Receiver:
    """Accepts whatever it hears, unless it is told otherwise."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.answer = Answer(201, b'{"ticket_id": 77}')

    def timeout(self, message: Message) -> float:
        return 10.0

    async def __call__(self, message: Message, signed: Mapping[str, str]) -> Answer:
        self.heard.append(message)
        return self.answer


class Desk:
    """Two replicas that share a store, its recordings and a receiver."""

    def __init__(self, recordings: MemoryStore | None = None, url: str | None = "https://omniplay.example") -> None:
        self.now = START
        self.store = MemoryStore(clock=lambda: self.now)
        self.recordings: Any = recordings or InterruptedStore(MemoryStore(clock=lambda: self.now))
        self.receiver = Receiver()
        self.settings = NotifierSettings(omniplay_api_url=url, voice_ai_service_token=SecretStr("token"))
        self.calls, self.others = self.replica(), self.replica()

    def replica(self) -> Calls:
        context = Context(
            store=self.store,
            jobs=Jobs(self.store, self.clock),
            bus=MemoryBus(),
            clock=self.clock,
            compute=_nothing,
            stop=Stop(),
        )
        recordings = Recordings(self.recordings, "calls", is_own=False, public_url="https://storage.example")
        return Calls(context, recordings, Deliverer(context, self.receiver, self.settings), self.settings)

    def clock(self) -> datetime:
        return self.now

    async def put(self, key: str, body: bytes | str = b"", **metadata: str) -> None:
        named = {name.replace("_", "-"): value for name, value in metadata.items()}
        await self.recordings.put("calls", key, body.encode() if isinstance(body, str) else body, metadata=named)

    async def hear(self, key: str = RECORDING) -> None:
        await self.calls.handoff(ObjectCreated(keys.RECORDINGS, key))

    async def receipt(self, key: str = RECORDING) -> Delivery | None:
        found = await self.store.get(keys.JOBS, keys.receipt(key))
        return Delivery.read(found.body) if found else None

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(message.body) for message in self.receiver.heard]


async def _nothing(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_recording_with_its_transcript_is_handed_off_at_once(desk: Desk) -> None:
    await desk.put(TRANSCRIPT, "[00:00] Atendente: Bom dia\n[00:01] Cliente: Quero remarcar")
    await desk.put(RECORDING, clip(3), caller_id="(11) 98765-4321", company_id="5", secretary_uuid="ana")
    await desk.hear()
    assert desk.bodies == [
        {
            "call_uuid": "lilas-77",
            "caller_id": "5511987654321",
            "transcript": [
                {"role": "assistant", "text": "Bom dia", "timestamp": 0},
                {"role": "user", "text": "Quero remarcar", "timestamp": 1000},
            ],
            "summary": "",
            "provider": "",
            "language": "pt-BR",
            "duration_seconds": 3,
            "turns": 1,
            "handoff_reason": "call_recorded",
            "secretary_uuid": "ana",
            "recording_url": f"https://storage.example/calls/{RECORDING}",
            "attach_recording": True,
        }
    ]
    receipt = await desk.receipt()
    assert receipt is not None
    assert (receipt.id, receipt.state, receipt.ticket_id, receipt.note) == (
        call_id("calls", RECORDING), "delivered", "77", None
    )  # fmt: skip
    assert desk.receiver.heard[0].headers["X-Company-Id"] == "5"


async def test_what_is_said_of_a_recording_may_be_percent_encoded(desk: Desk) -> None:
    await desk.put(TRANSCRIPT, "oi")
    await desk.put(
        RECORDING, clip(), caller_id="%2B55%2011%2098765-4321", summary="Jo%C3%A3o quer 50% a menos", company_id="%35"
    )
    await desk.hear()
    (body,) = desk.bodies
    assert (body["caller_id"], body["summary"]) == ("5511987654321", "João quer 50% a menos")


async def test_the_same_recording_uploaded_again_is_not_handed_off_again(desk: Desk) -> None:
    await desk.put(TRANSCRIPT, "oi")
    for body in (clip(2), clip(3), clip(2)):
        await desk.put(RECORDING, body)
        await desk.hear()
    await desk.hear(TRANSCRIPT)
    assert len(desk.bodies) == 1


async def test_two_replicas_hand_off_once(desk: Desk) -> None:
    await desk.put(TRANSCRIPT, "oi")
    await desk.put(RECORDING, clip())
    event = ObjectCreated(keys.RECORDINGS, RECORDING)
    await asyncio.gather(desk.calls.handoff(event), desk.others.handoff(event), desk.calls.handoff(event))
    assert len(desk.bodies) == 1


async def test_a_transcript_that_comes_later_is_waited_for_and_brings_its_call_on(desk: Desk) -> None:
    await desk.put(RECORDING, clip())
    await desk.hear()
    waiting = await desk.receipt()
    assert waiting is not None
    assert (waiting.state, waiting.attempts, waiting.deadline) == ("pending", 0, START + GRACE)
    desk.now += timedelta(seconds=3)
    await desk.put(TRANSCRIPT, "Cliente: oi")
    await desk.hear(TRANSCRIPT)
    assert [body["turns"] for body in desk.bodies] == [1]


async def test_after_its_grace_a_call_goes_without_its_transcript(desk: Desk) -> None:
    await desk.put(RECORDING, clip())
    await desk.hear()
    desk.now += GRACE - timedelta(seconds=1)
    await desk.hear()
    assert desk.bodies == []
    desk.now += timedelta(seconds=1)
    await desk.hear()
    assert [body["transcript"] for body in desk.bodies] == [[]]
    receipt = await desk.receipt()
    assert receipt is not None
    assert receipt.note == NO_TRANSCRIPT


async def test_details_that_come_while_a_transcript_is_waited_for_end_no_wait(desk: Desk) -> None:
    await desk.put(RECORDING, clip())
    await desk.hear()
    desk.now += timedelta(seconds=1)
    await desk.put(DETAILS, '{"summary": "Remarcação"}')
    await desk.hear(DETAILS)
    assert desk.bodies == []
    desk.now = START + GRACE
    await desk.hear()
    assert [body["summary"] for body in desk.bodies] == ["Remarcação"]


async def test_a_store_whose_clock_is_ahead_has_its_transcripts_waited_for_no_longer(desk: Desk) -> None:
    desk.now += timedelta(hours=1)
    await desk.put(RECORDING, clip())
    desk.now = START
    await desk.hear()
    desk.now += GRACE
    await desk.hear()
    assert len(desk.bodies) == 1


async def test_who_looked_before_the_transcript_came_and_says_so_only_after_it_makes_nobody_wait(desk: Desk) -> None:
    await desk.put(RECORDING, clip())
    early = Delivery(attempts=0, deadline=START + GRACE, nonce="early").model_dump_json().encode()

    async def look_early() -> None:
        await desk.store.put(keys.JOBS, keys.receipt(RECORDING), early, over=NEW)

    desk.recordings.before("get", TRANSCRIPT, look_early)
    await desk.put(TRANSCRIPT, "oi")
    await desk.hear(TRANSCRIPT)
    assert len(desk.bodies) == 1


async def test_of_two_transcripts_the_one_in_json_counts(desk: Desk) -> None:
    await desk.put(TRANSCRIPT, "Cliente: texto")
    await desk.put(TRANSCRIPT.replace(".txt", ".json"), '[{"role": "user", "text": "json"}]')
    await desk.put(RECORDING, clip())
    await desk.hear()
    assert desk.bodies[0]["transcript"][0]["text"] == "json"


async def test_of_too_many_turns_in_the_details_the_first_are_told_and_the_receipt_says_so(desk: Desk) -> None:
    await desk.put(DETAILS, json.dumps({"transcript": ["oi"] * (MOST + 1)}))
    await desk.put(RECORDING, clip())
    await desk.hear()
    assert len(desk.bodies[0]["transcript"]) == MOST
    receipt = await desk.receipt()
    assert receipt is not None
    assert receipt.note == TOO_MANY


async def test_a_transcript_in_the_details_ends_the_wait_and_counts(desk: Desk) -> None:
    await desk.put(RECORDING, clip())
    await desk.hear()
    await desk.put(DETAILS, json.dumps({"queue_id": 4, "transcript": [{"role": "bot", "text": "oi"}]}))
    await desk.hear(DETAILS)
    assert desk.bodies[0]["transcript"] == [{"role": "assistant", "text": "oi", "timestamp": 0}]
    assert desk.bodies[0]["queue_id"] == 4


@pytest.mark.parametrize(
    ("details", "note"),
    [
        (b'{"summary": "Rem', "the details file is no JSON object of at most 1 MB: it was left out"),
        (b"[]", "the details file is no JSON object of at most 1 MB: it was left out"),
        (b"\xff", "the details file is no JSON object of at most 1 MB: it was left out"),
        (b"[" * 100_000, "the details file is no JSON object of at most 1 MB: it was left out"),
        (b"{}" + b" " * (1 << 20), "the details file is no JSON object of at most 1 MB: it was left out"),
        (
            b'{"turns": "x", "queue_id": []}',
            "the details file has a value in queue_id, turns that cannot be: it was left out",
        ),
    ],
)
async def test_damaged_details_cost_no_handoff_and_the_receipt_says_so(desk: Desk, details: bytes, note: str) -> None:
    await desk.put(TRANSCRIPT, "Cliente: oi")
    await desk.put(DETAILS, details)
    await desk.put(RECORDING, clip())
    await desk.hear()
    assert desk.bodies[0]["turns"] == 1
    receipt = await desk.receipt()
    assert receipt is not None
    assert receipt.note == note


@pytest.mark.parametrize(
    ("body", "metadata", "reason"),
    [
        (b"<html>not found</html>", {}, "is not audio"),
        (b"", {}, "is not audio"),
        (clip(), {"company_id": "6"}, "company-id is '6'"),
        (clip(), {"company_id": "five"}, "company-id is 'five'"),
    ],
)
async def test_what_cannot_be_handed_off_is_refused_with_its_reason(
    desk: Desk, body: bytes, metadata: dict[str, str], reason: str
) -> None:
    await desk.put(TRANSCRIPT, "oi")
    await desk.put(RECORDING, body, **metadata)
    await desk.hear()
    await desk.hear()
    assert desk.bodies == []
    receipt = await desk.receipt()
    assert receipt is not None
    assert receipt.state == "refused"
    assert reason in (receipt.note or "")
    assert RECORDING in (receipt.note or "")


async def test_a_recording_that_is_too_large_is_refused_unread(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "LARGEST", 20_000)
    await desk.put(RECORDING, clip(2))
    await desk.hear()
    receipt = await desk.receipt()
    assert receipt is not None
    assert (receipt.state, receipt.note) == (
        "refused", f"{RECORDING} has 32,044 bytes, and at most 20,000 are handed off"
    )  # fmt: skip


@pytest.mark.parametrize("company", ["5", "005", " 5 ", ""])
async def test_a_company_may_be_written_in_more_than_one_way(desk: Desk, company: str) -> None:
    await desk.put(TRANSCRIPT, "oi")
    await desk.put(RECORDING, clip(), company_id=company)
    await desk.hear()
    assert len(desk.bodies) == 1


async def test_without_an_address_of_omniplay_nothing_is_sent_or_written() -> None:
    desk = Desk(url=None)
    await desk.put(TRANSCRIPT, "oi")
    await desk.put(RECORDING, clip())
    await desk.hear()
    assert desk.bodies == []
    assert await desk.receipt() is None


@pytest.mark.parametrize("key", [RECORDING, TRANSCRIPT, DETAILS, f"{FOLDER}/notes.txt", "company_5/other.wav", "x"])
async def test_an_object_that_is_gone_or_nobodys_leaves_no_trace(desk: Desk, key: str) -> None:
    await desk.put(f"{FOLDER}/notes.txt", "notes")
    await desk.hear(key)
    assert desk.bodies == []
    assert [info async for info in desk.store.list(keys.JOBS)] == []


async def test_a_delivery_whose_recording_is_gone_ends_once_it_is_due_and_says_so(desk: Desk) -> None:
    await desk.put(RECORDING, clip())
    await desk.hear()
    await desk.recordings.delete("calls", RECORDING)
    await desk.hear()
    waiting = await desk.receipt()
    assert waiting
    assert waiting.state == "pending"
    desk.now += GRACE
    await desk.hear()
    receipt = await desk.receipt()
    assert receipt
    assert (receipt.state, desk.bodies) == ("refused", [])
    assert receipt.note == f"{RECORDING} is gone: nothing is left to tell of"


async def test_a_recording_that_changes_while_it_is_read_is_tried_again(desk: Desk) -> None:
    await desk.put(TRANSCRIPT, "oi")
    await desk.put(RECORDING, clip(2))

    desk.recordings.before("get", TRANSCRIPT, lambda: desk.put(RECORDING, clip(3)))
    with pytest.raises(Transient, match="changed while it was read"):
        await desk.hear()
    await desk.hear()
    assert [body["duration_seconds"] for body in desk.bodies] == [3]


async def test_a_hundred_recordings_at_once_are_all_handed_off(desk: Desk) -> None:
    names = [f"{FOLDER}/call-{n}.wav" for n in range(100)]
    for name in names:
        await desk.put(name.replace("voice", "transcripts").replace(".wav", ".txt"), "oi")
        await desk.put(name, clip())
    await asyncio.gather(*(desk.hear(name) for name in names))
    assert {message.id for message in desk.receiver.heard} == {call_id("calls", name) for name in names}
    assert len(desk.bodies) == 100


class Watched(MemoryStore):
    """Knows how many objects were read at once."""

    reading = most = read = 0

    async def stream(self, bucket: str, key: str, *, if_match: str | None = None) -> AsyncIterator[bytes]:
        self.reading += 1
        self.read += 1
        self.most = max(self.most, self.reading)
        async for piece in super().stream(bucket, key, if_match=if_match):
            await asyncio.to_thread(len, piece)
            yield piece
        self.reading -= 1


@pytest.mark.parametrize(("large", "most"), [(1_000, 1), (8_000_000, calls.SMALL_AT_ONCE)])
async def test_large_recordings_are_read_one_after_the_other_and_small_ones_a_few_at_once(
    monkeypatch: pytest.MonkeyPatch, large: int, most: int
) -> None:
    monkeypatch.setattr(calls, "LARGE", large)
    desk = Desk(Watched(clock=lambda: START))
    names = [f"{FOLDER}/call-{n}.wav" for n in range(3 * most)]
    for name in names:
        await desk.put(name.replace("voice", "transcripts").replace(".wav", ".txt"), "oi")
        await desk.put(name, clip())
    await asyncio.gather(*(desk.hear(name) for name in names))
    assert len(desk.bodies) == len(names)
    assert desk.recordings.most == most


async def test_a_second_try_says_the_same_and_reads_the_recording_no_more() -> None:
    desk = Desk(Watched(clock=lambda: START))
    desk.receiver.answer = Answer(500)
    await desk.put(TRANSCRIPT, "oi")
    await desk.put(RECORDING, clip(3))
    await desk.hear()
    desk.now += timedelta(minutes=1)
    await desk.hear()
    first, second = desk.receiver.heard
    assert (first.id, first.body) == (second.id, second.body)
    assert desk.recordings.read == 1
