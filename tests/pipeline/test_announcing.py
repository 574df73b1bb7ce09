"""Who hears of a job, of what, in which order and how often, whatever happens meanwhile."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from darkchannel import keys
from darkchannel.errors import Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.jobs.deliveries import LADDER, Announced, Delivery, digest_of
from darkchannel.jobs.options import Options
from darkchannel.jobs.runs import Outcome, State
from darkchannel.storage.recordings import LINK_SECONDS
from services.handoff_notifier import tasks
from services.handoff_notifier.announcing import Announcer
from services.handoff_notifier.messages import Answer
from services.handoff_notifier.settings import NotifierSettings
from tests.pipeline.bench import Bench
from tests.pipeline.receiver import WEBHOOK, deliverer

AWAY = Answer(503, note="HTTP 503")
STARTED = ["task.created", "task.started"]


def listened(*texts: tuple[str, ...], secret: str | None = None, company: int | None = None) -> Bench:
    """A bench whose books have a webhook."""
    bench = Bench(*texts)
    bench.options = Options(company_id=company, webhook_url=WEBHOOK, webhook_secret=secret)
    return bench


async def dropped(bench: Bench, told: dict[str, str]) -> None:
    """A document whose upload says what is told here."""
    bench.events.clear()
    await bench.raw.put(keys.INBOX, "livro.md", b"documento", metadata=told)
    bench.job = keys.job_id(keys.INBOX, "livro.md", bench.events[0].version or "")


async def closed(bench: Bench) -> ObjectCreated:
    """A run that is closed and of which nobody heard; its event."""
    bench.events.append(await bench.drop())
    await bench.deliver(until="announce", lost="progress")
    return bench.take("announce")


async def delivery(bench: Bench, event: str, run: int = 1) -> Delivery | None:
    found = await bench.raw.get(keys.JOBS, keys.delivery(bench.job, run, event))
    return Delivery.read(found.body) if found else None


async def due(bench: Bench) -> Announced | None:
    found = await bench.raw.get(keys.JOBS, keys.announced(bench.job, 1))
    return Announced.read(found.body) if found else None


async def markers(bench: Bench) -> list[str]:
    return [info.key async for info in bench.raw.list(keys.JOBS, keys.ACTIVE_PREFIX)]


def payloads(bench: Bench) -> list[dict[str, Any]]:
    """What the webhook was told."""
    return [json.loads(it.body) for it in bench.receivers.heard if not it.trusted]


def sequences(bench: Bench) -> list[int]:
    return [payload["metadata"]["sequence"] for payload in payloads(bench)]


def zulu(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def seen(bench: Bench) -> ObjectCreated:
    """Metadata of this very moment, and its event."""
    bench.later(seconds=2)
    await bench.second.reconciler.round()
    event = ObjectCreated(keys.JOBS, keys.metadata(bench.job))
    bench.events[:] = [it for it in bench.events if it.key != event.key]
    return event


async def test_the_webhook_hears_of_everything_once_and_in_order() -> None:
    bench = listened(("um", "dois", "três"))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    for _ in range(3):
        await bench.first.handlers["speak"](bench.take("speak"))
        event = await seen(bench)
        for process in (bench.first, bench.second, bench.first):
            await process.handlers["progress"](event)
    await bench.deliver()
    bench.events.append(event)
    await bench.deliver()
    assert bench.receivers.events == [*STARTED, *["task.progress"] * 3, "task.completed"]
    assert sequences(bench) == sorted({*sequences(bench)})
    assert len({it.id for it in bench.receivers.heard}) == len(bench.receivers.heard)
    assert [payload["data"]["chunks"]["completed"] for payload in payloads(bench)] == [0, 0, 1, 2, 3, 3]
    assert bench.receivers.handoffs == []


async def test_a_run_that_nobody_told_of_meanwhile_is_told_of_from_its_beginning_when_it_ends() -> None:
    bench = listened(("um",))
    await bench.first.handlers["announce"](await closed(bench))
    assert bench.receivers.events == [*STARTED, "task.completed"]
    assert (await due(bench)) == Announced(due=None)


async def test_a_later_run_is_started_and_ended_but_was_created_before() -> None:
    bench = listened(("um",))
    await bench.first.handlers["announce"](await closed(bench))
    bench.later(hours=1)
    await bench.edit(0, "outro")
    await bench.deliver()
    assert bench.receivers.events == [*STARTED, "task.completed", "task.started", "task.completed"]
    assert payloads(bench)[-2]["timestamp"] == zulu(bench.now)
    assert sequences(bench) == sorted({*sequences(bench)})


@pytest.mark.parametrize(("status", "event"), [(State.FAILED, "task.failed"), (State.CANCELLED, "task.cancelled")])
async def test_a_run_that_ends_otherwise_is_told_of_by_that_name(status: State, event: str) -> None:
    bench = listened(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await bench.jobs.decide(bench.job, 1, Outcome(status=status, at=bench.now, reason="porque sim"))
    await bench.deliver()
    assert bench.receivers.events[-1] == event
    assert json.loads(bench.receivers.heard[-1].body)["data"]["error"] == "porque sim"


async def test_a_refused_document_is_told_of_where_its_upload_says() -> None:
    bench = Bench()
    await bench.raw.put(keys.INBOX, keys.OPTIONS_FILE, b"title: [a")
    await dropped(bench, {"webhook-url": WEBHOOK})
    await bench.deliver()
    assert bench.receivers.events == [*STARTED, "task.failed"]
    [handoff] = bench.receivers.handoffs
    assert json.loads(handoff.body)["summary"].startswith("livro.md: ")


async def test_progress_is_of_the_moment_in_which_its_chunks_were_counted() -> None:
    bench = listened(("um", "dois"))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await bench.first.handlers["speak"](bench.take("speak"))
    event, counted = await seen(bench), bench.now
    bench.later(minutes=1)
    await bench.first.handlers["progress"](event)
    assert payloads(bench)[-1]["timestamp"] == zulu(counted)


async def test_a_run_that_is_not_closed_is_not_announced() -> None:
    bench = listened(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="act")
    bench.receivers.heard.clear()
    await bench.first.handlers["announce"](ObjectCreated(keys.JOBS, keys.run_event(bench.job, 1, "closed")))
    assert bench.receivers.heard == []
    assert await due(bench) is None


async def test_the_next_look_is_at_the_delivery_that_is_due_first() -> None:
    bench = listened(("um",), company=5)
    call = await closed(bench)
    bench.receivers.answers = [AWAY, Answer(429, note="HTTP 429", retry_after=90.0), AWAY]
    await bench.first.handlers["announce"](call)
    assert (await due(bench)) == Announced(due=bench.now + timedelta(seconds=LADDER[0]))


async def test_a_look_at_a_run_that_all_have_heard_of_writes_nothing() -> None:
    bench = listened(("um",), company=5)
    call = await closed(bench)
    await bench.first.handlers["announce"](call)
    bench.events.clear()
    bench.later(days=1)
    await bench.second.handlers["announce"](call)
    assert (await due(bench)) == Announced(due=None)
    assert [info.modified async for info in bench.raw.list(keys.JOBS, keys.announced(bench.job, 1))] != [bench.now]


async def test_a_link_lives_as_long_as_somebody_may_take_to_read_it() -> None:
    bench = listened(("um",))
    await bench.first.handlers["announce"](await closed(bench))
    output = json.loads(bench.receivers.heard[-1].body)["data"]["output_data"]
    [lies] = await bench.output()
    assert output["audio_url"] == await bench.raw.link(keys.OUTPUT, lies, seconds=LINK_SECONDS)
    until = bench.now + timedelta(seconds=LINK_SECONDS)
    assert output["audio_url_expires_at"] == zulu(until)
    assert [file["key"] for file in output["files"]][:1] == [lies]


@pytest.mark.parametrize(("named", "signs"), [("crm", ("segredo",)), (None, ())])
async def test_the_secret_that_a_job_names_signs(named: str | None, signs: tuple[str, ...]) -> None:
    bench = listened(("um",), secret=named)
    await bench.first.handlers["announce"](await closed(bench))
    assert {tuple(it.secrets) for it in bench.receivers.heard} == {signs}


async def test_the_webhook_hears_that_a_run_began_before_it_ends() -> None:
    bench = listened(("um",), ("dois",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="act")
    assert bench.receivers.events[:2] == STARTED


async def test_the_default_secret_signs_for_a_job_that_names_none() -> None:
    bench = listened(("um",))
    settings = NotifierSettings(webhook_secrets={"default": ("comum",)})  # type: ignore[dict-item]
    context = bench.context()
    told = Announcer(context, deliverer(context, bench.receivers, lambda: "n"), settings)
    await told.announce(await closed(bench))
    assert {tuple(it.secrets) for it in bench.receivers.heard} == {("comum",)}


async def test_a_secret_that_nobody_configured_sends_nothing_and_says_what_to_do() -> None:
    bench = listened(("um",), secret="loja")
    await bench.first.handlers["announce"](await closed(bench))
    assert bench.receivers.heard == []
    receipt = await delivery(bench, "task.completed")
    assert receipt
    assert (receipt.state, "WEBHOOK_SECRETS" in (receipt.note or "")) == ("skipped", True)
    assert "loja" not in (receipt.note or "")  # where a name belongs, somebody may have written the secret itself
    assert (await due(bench)) == Announced(due=None)


async def test_without_omniplays_address_a_company_hears_nothing_and_the_receipt_says_so() -> None:
    bench = Bench(("um",))
    context = bench.context()
    told = Announcer(context, deliverer(context, bench.receivers, lambda: "n"), NotifierSettings())
    await told.announce(await closed(bench))
    receipt = await delivery(bench, "handoff")
    assert receipt
    assert (receipt.state, receipt.note) == ("skipped", "OMNIPLAY_API_URL is not set")
    assert bench.receivers.heard == []


async def test_a_job_that_nobody_is_to_hear_of_leaves_no_delivery_and_its_marker_goes() -> None:
    bench = Bench(("um",))
    bench.options = Options()
    await bench.first.handlers["announce"](await closed(bench))
    await bench.reconcile()
    listed = [info.key async for info in bench.raw.list(keys.JOBS, f"{bench.job}/deliveries/")]
    assert listed == [keys.announced(bench.job, 1)]
    assert await markers(bench) == []


async def test_omniplay_and_the_webhook_hear_of_one_job() -> None:
    bench = listened(("um",), company=5)
    await bench.first.handlers["announce"](await closed(bench))
    assert len(bench.receivers.handoffs) == 1
    assert bench.receivers.events == [*STARTED, "task.completed"]
    receipt = await delivery(bench, "handoff")
    assert receipt
    assert (receipt.id, receipt.ticket_id) == (f"{bench.job}.0001.handoff", "7")


@pytest.mark.parametrize("event", ["task.created", "task.started", "task.completed", "handoff"])
async def test_two_notifiers_at_once_tell_of_each_event_once(event: str) -> None:
    bench = listened(("um",), company=5)
    call = await closed(bench)
    name = keys.delivery(bench.job, 1, event)
    bench.store.before("put", name, lambda: bench.second.handlers["announce"](call))
    await bench.first.handlers["announce"](call)
    assert sorted(it.id.rpartition(".")[2] for it in bench.receivers.heard) == [
        "completed", "created", "handoff", "started",
    ]  # fmt: skip
    assert (await due(bench)) == Announced(due=None)


async def _die() -> None:
    raise RuntimeError("killed here")


async def test_who_dies_after_his_claim_is_followed_when_its_deadline_has_passed() -> None:
    bench = listened(("um",))
    call = await closed(bench)
    bench.receivers.dies = True
    with pytest.raises(RuntimeError):
        await bench.first.handlers["announce"](call)
    bench.receivers.dies = False
    await bench.second.handlers["announce"](call)
    assert "task.created" not in bench.receivers.events
    announced = await due(bench)
    assert announced
    assert announced.due
    bench.now = announced.due
    await bench.reconcile()
    await bench.reconcile()
    assert bench.receivers.events.count("task.created") == 1
    assert await markers(bench) == []


async def test_who_dies_between_the_answer_and_the_receipt_is_repeated_under_the_same_id() -> None:
    bench = Bench(("um",))
    call = await closed(bench)
    name = keys.delivery(bench.job, 1, "handoff")

    async def answered() -> None:
        bench.store.before("put", name, _die)

    bench.store.before("put", name, answered)
    with pytest.raises(RuntimeError):
        await bench.first.handlers["announce"](call)
    assert len(bench.receivers.heard) == 1
    bench.later(seconds=16)
    await bench.second.handlers["announce"](call)
    assert [it.id for it in bench.receivers.heard] == [f"{bench.job}.0001.handoff"] * 2
    assert [it.body for it in bench.receivers.heard[1:]] == [bench.receivers.heard[0].body]


async def test_a_receiver_that_is_away_is_caught_up_with_though_the_broker_forgot_everything() -> None:
    bench = listened(("um",), company=5)
    call = await closed(bench)
    bench.receivers.answers = [AWAY] * 4
    await bench.first.handlers["announce"](call)
    assert (await due(bench)) == Announced(due=bench.now + timedelta(seconds=LADDER[0]))
    bench.events.clear()
    await bench.hints()
    before = len(bench.receivers.heard)
    await bench.reconcile()
    assert len(bench.receivers.heard) == before
    assert await markers(bench)
    bench.later(seconds=LADDER[0])
    await bench.reconcile()
    await bench.reconcile()
    assert len(bench.receivers.heard) == 2 * before
    assert await markers(bench) == []


async def test_what_was_delivered_is_sent_again_when_its_receipt_is_reset() -> None:
    bench = Bench(("um",))
    call = await closed(bench)
    await bench.first.handlers["announce"](call)
    receipt = await delivery(bench, "handoff")
    assert receipt
    reset = receipt.model_copy(update={"ended": None, "attempts": 0, "deadline": bench.now})
    await bench.raw.put(keys.JOBS, keys.delivery(bench.job, 1, "handoff"), reset.model_dump_json().encode())
    await bench.second.handlers["announce"](call)
    assert [it.id for it in bench.receivers.heard] == [receipt.id] * 2
    assert (await due(bench)) == Announced(due=None)


async def test_a_redelivery_while_a_notifier_looks_is_not_written_over_as_done() -> None:
    bench = Bench(("um",))
    call = await closed(bench)
    name = keys.announced(bench.job, 1)

    async def redelivered() -> None:
        found = await delivery(bench, "handoff")
        assert found
        reset = found.model_copy(update={"ended": None, "attempts": 0, "deadline": bench.now + timedelta(hours=1)})
        await bench.raw.put(keys.JOBS, keys.delivery(bench.job, 1, "handoff"), reset.model_dump_json().encode())
        await bench.raw.put(keys.JOBS, name, Announced(due=bench.now).model_dump_json().encode())

    bench.store.before("put", name, redelivered)
    await bench.first.handlers["announce"](call)
    assert (await due(bench)) == Announced(due=bench.now + timedelta(hours=1))


async def test_where_the_store_fails_one_receiver_the_other_is_still_told_and_its_receipt_written() -> None:
    bench = listened(("um",), company=5)
    call = await closed(bench)

    async def away() -> None:
        raise Unavailable("the store is away")

    async def slow() -> None:
        for _ in range(9):
            await asyncio.sleep(0)

    bench.store.before("get", keys.delivery(bench.job, 1, "task.created"), away)
    bench.store.before("put", keys.delivery(bench.job, 1, "handoff"), slow)
    with pytest.raises(Unavailable):
        await bench.first.handlers["announce"](call)
    receipt = await delivery(bench, "handoff")
    assert receipt
    assert receipt.state == "delivered"
    assert await due(bench) is None


async def test_once_a_run_has_ended_no_progress_of_it_is_told() -> None:
    bench = listened(("um", "dois"))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await bench.first.handlers["speak"](bench.take("speak"))
    event = await seen(bench)

    async def ended() -> None:
        await bench.jobs.decide(bench.job, 1, Outcome(status=State.CANCELLED, at=bench.now))

    bench.store.before("get", keys.progress(bench.job), ended)
    await bench.first.handlers["progress"](event)
    assert "task.progress" not in bench.receivers.events


async def test_progress_of_an_earlier_run_is_not_told_after_that_of_a_later_one() -> None:
    bench = listened(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await bench.first.handlers["progress"](await seen(bench))
    await bench.deliver(until="encode")
    event = await seen(bench)

    async def next_run() -> None:
        """All of this while a notifier sleeps between its look at the first run and its claim."""
        await bench.deliver(lost="progress")
        await bench.edit(0, "outro")
        await bench.deliver(until="encode", lost="progress")
        await bench.second.handlers["progress"](await seen(bench))

    bench.store.before("head", keys.destination(digest_of(WEBHOOK)), next_run)
    await bench.first.handlers["progress"](event)
    assert [number // tasks.SPAN for number in sequences(bench)] == [1, 1, 1, 2, 2]


@pytest.mark.parametrize("damage", [b"{", b""])
async def test_damaged_records_of_announcing_are_made_anew(damage: bytes) -> None:
    bench = Bench(("um",))
    call = await closed(bench)
    for name in (keys.announced(bench.job, 1), keys.delivery(bench.job, 1, "handoff")):
        await bench.raw.put(keys.JOBS, name, damage)
    await bench.first.handlers["announce"](call)
    assert (await due(bench)) == Announced(due=None)
    assert len(bench.receivers.heard) == 1


@pytest.mark.parametrize("damaged", [keys.plan, keys.metadata, lambda job: keys.run_event(job, 1, "opened")])
async def test_a_job_whose_plan_metadata_or_opening_cannot_be_read_is_still_told_of(
    damaged: Callable[[str], str],
) -> None:
    bench = listened(("um",))
    await dropped(bench, {"webhook-url": WEBHOOK})
    await bench.deliver(until="announce")
    call = bench.take("announce")
    await bench.raw.put(keys.JOBS, damaged(bench.job), b"{")
    told = bench.process()
    await told.handlers["announce"](call)
    await told.handlers["progress"](ObjectCreated(keys.JOBS, keys.metadata(bench.job)))
    assert bench.receivers.events == [*STARTED, "task.completed"]
    assert (await due(bench)) == Announced(due=None)


@pytest.mark.parametrize("key", ["{job}/input/metadata.json", "nobody/metadata.json", "{job}/runs/0001-opened.json"])
async def test_objects_that_only_look_like_it_call_for_nothing(key: str) -> None:
    bench = listened(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await seen(bench)
    for stage in ("progress", "announce"):
        await bench.first.handlers[stage](ObjectCreated(keys.JOBS, key.format(job=bench.job)))
    assert bench.receivers.heard == []


def test_the_events_of_deliveries_are_those_that_their_keys_may_name() -> None:
    job = "1d3c4d52-0000-0000-0000-000000000000"
    for event in (*tasks.STATUSES, "handoff"):
        assert keys.parse_delivery(keys.delivery(job, 1, event)) == keys.Announcement(job, 1, event)
