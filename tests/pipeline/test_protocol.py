"""The interleavings that broke earlier drafts of the protocol, each on the real handlers."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from darkchannel import keys
from darkchannel.cli.report import Reporter
from darkchannel.errors import Permanent
from darkchannel.events import ObjectCreated
from darkchannel.jobs.runs import Opened, Outcome, State
from darkchannel.storage.metadata import project
from darkchannel.storage.recordings import LINK_SECONDS
from tests.pipeline.bench import Bench
from tests.pipeline.engine import UNSPEAKABLE


async def complete(bench: Bench) -> None:
    bench.events.append(await bench.drop())
    await bench.deliver()


async def cancel(bench: Bench) -> None:
    await bench.jobs.decide(bench.job, 1, Outcome(status=State.CANCELLED, at=bench.now))


async def test_a_document_becomes_an_audiobook_and_its_job_is_closed_and_announced() -> None:
    bench = Bench()
    await complete(bench)
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert (runs.state, runs.closed) == (State.COMPLETED, frozenset({1}))
    assert await bench.published() == ["um", "dois", "três"]
    assert [json.loads(it.body)["handoff_reason"] for it in bench.receivers.heard] == ["audiobook_completed"]
    assert [v async for v in bench.raw.versions(keys.INBOX)] == []


async def test_metadata_announcement_and_report_all_lead_to_the_audiobook_where_it_lies() -> None:
    bench = Bench()
    await complete(bench)
    [lies] = await bench.output()
    link = await bench.raw.link(keys.OUTPUT, lies)
    lasting = await bench.raw.link(keys.OUTPUT, lies, seconds=LINK_SECONDS)
    metadata = await bench.jobs.metadata(bench.job)
    assert metadata
    assert metadata.output
    assert (metadata.output.key, metadata.output.url) == (lies, link)
    assert [json.loads(it.body)["recording_url"] for it in bench.receivers.heard] == [lasting]
    report = await Reporter(bench.jobs, bench.job).report()
    assert report
    assert report.output == lies


async def test_a_straggler_that_fails_cannot_undo_a_completed_run() -> None:
    bench = Bench()
    await complete(bench)
    assert not await bench.jobs.fail(bench.job, "late", what="segment-000000", run=1)
    assert (await bench.jobs.runs(bench.job, fresh=True)).state is State.COMPLETED


async def test_a_worker_that_loses_the_chunk_to_an_older_text_speaks_again() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    event = bench.take("speak")
    await bench.edit(0, "outro")

    async def undone_meanwhile() -> None:
        await bench.edit(0, "um")
        await bench.second.handlers["speak"](event)

    bench.store.before("put", keys.chunk(bench.job, 0), undone_meanwhile)
    await bench.first.handlers["speak"](event)
    await bench.deliver()
    assert await bench.published() == ["um"]


async def test_an_encoder_that_was_overtaken_leaves_record_and_audio_of_one_text() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="encode")
    event = bench.take("encode")

    async def edited_and_encoded_meanwhile() -> None:
        await bench.edit(0, "outro")
        await bench.second.handlers["speak"](bench.take("speak"))
        await bench.second.handlers["encode"](bench.take("encode"))

    bench.store.before("put", keys.section_record(bench.job, 0), edited_and_encoded_meanwhile)
    await bench.first.handlers["encode"](event)
    await bench.deliver()
    assert await bench.published() == ["outro"]


async def test_a_cancel_before_the_outcome_publishes_nothing() -> None:
    bench = Bench()
    event = await bench.drop()
    bench.events.append(event)
    outcome = keys.run_event(bench.job, 1, "outcome")
    bench.store.before("put", outcome, lambda: cancel(bench))
    await bench.deliver()
    assert await bench.output() == []
    metadata = await bench.jobs.metadata(bench.job)
    assert metadata
    assert metadata.status == "cancelled"


async def test_two_notifiers_at_once_send_once() -> None:
    bench = Bench()
    bench.events.append(await bench.drop())
    await bench.deliver(until="announce")
    event = bench.take("announce")
    delivery = keys.delivery(bench.job, 1, "handoff")
    bench.store.before("put", delivery, lambda: bench.second.handlers["announce"](event))
    await bench.first.handlers["announce"](event)
    assert len(bench.receivers.heard) == 1


async def test_a_notifier_that_died_while_sending_is_followed_by_another_after_its_deadline() -> None:
    bench = Bench()
    bench.events.append(await bench.drop())
    await bench.deliver(until="announce")
    event = bench.take("announce")
    bench.receivers.dies = True
    with pytest.raises(RuntimeError):
        await bench.first.handlers["announce"](event)
    bench.receivers.dies = False
    await bench.second.handlers["announce"](event)
    assert bench.receivers.heard == []
    bench.later(seconds=16)
    await bench.second.handlers["announce"](event)
    assert len(bench.receivers.heard) == 1


async def test_two_splitters_of_one_document_make_one_good_job() -> None:
    bench = Bench()
    event = await bench.drop()
    kept = keys.source(bench.job, "md")
    bench.store.before("copy", event.key, lambda: bench.second.handlers["accept"](event))
    await bench.first.handlers["accept"](event)
    await bench.deliver()
    assert await bench.raw.head(keys.JOBS, kept)
    assert await bench.published() == ["um", "dois", "três"]


async def test_a_job_accepted_before_midnight_is_published_once_under_that_date() -> None:
    bench = Bench()
    bench.now = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    bench.events.append(await bench.drop())
    await bench.deliver(until="act")
    event = bench.take("act")
    bench.store.before("put", keys.run_event(bench.job, 1, "closed"), _die)
    with pytest.raises(RuntimeError):
        await bench.first.handlers["act"](event)
    bench.later(minutes=1)
    await bench.second.handlers["act"](event)
    assert await bench.output() == ["2026-03-01/livro.mp3"]


async def _die() -> None:
    raise RuntimeError("killed here")


@pytest.mark.parametrize("lost", ["its end", "all of it"])
async def test_a_section_file_that_is_damaged_is_encoded_again_and_never_reaches_a_book(lost: str) -> None:
    bench = Bench()
    bench.events.append(await bench.drop())
    await bench.deliver(until="assemble")
    record, _ = await bench.jobs.section(bench.job, 0)
    assert record
    audio = record.files["mp3"].key
    await (bench.raw.put(keys.JOBS, audio, b"[") if lost == "its end" else bench.raw.delete(keys.JOBS, audio))
    await bench.deliver()
    assert await bench.published() == ["um", "dois", "três"]
    assert bench.engine_calls == ["um", "dois", "três"]


async def test_a_section_as_an_earlier_release_encoded_it_is_encoded_again() -> None:
    bench = Bench()
    bench.events.append(await bench.drop())
    await bench.deliver(until="assemble")
    record, _ = await bench.jobs.section(bench.job, 0)
    assert record
    file = record.files["mp3"]
    etag = await bench.raw.put(keys.JOBS, f"{file.key}.aac", b"\xff\xf1")
    older = record.model_copy(
        update={"files": {"mp3": file.model_copy(update={"key": f"{file.key}.aac", "etag": etag})}}
    )
    await bench.raw.put(keys.JOBS, keys.section_record(bench.job, 0), older.model_dump_json().encode())
    await bench.deliver()
    assert await bench.published() == ["um", "dois", "três"]
    assert (await bench.jobs.section(bench.job, 0))[0] == record


async def test_a_stray_chunk_beside_the_real_ones_changes_nothing() -> None:
    bench = Bench()
    bench.events.append(await bench.drop())
    await bench.raw.put(keys.JOBS, f"{bench.job}/chunks/chunk-000001 (1).wav", b"a copy by hand")
    await bench.deliver()
    assert await bench.published() == ["um", "dois", "três"]


async def test_an_empty_chapter_does_not_keep_a_book_from_being_finished() -> None:
    bench = Bench(("um",), (), ("dois",))
    await complete(bench)
    assert await bench.published() == ["um", "dois"]


async def test_queued_chunk_events_of_one_section_encode_it_once() -> None:
    bench = Bench(tuple(f"texto {i}" for i in range(4)))
    bench.events.append(await bench.drop())
    await bench.deliver(until="encode")
    while any("segments" in e.key for e in bench.events):
        await bench.first.handlers["speak"](bench.take("speak"))
    chunks = [e for e in bench.events if keys.parse_chunk(e.key)]
    await asyncio.gather(*(bench.first.handlers["encode"](event) for event in chunks * 3))
    records = [e for e in bench.events if keys.parse_section(e.key)]
    assert len(chunks) == 4
    assert len(records) == 1


async def test_the_reconciler_sends_no_hint_to_a_backlogged_queue() -> None:
    bench = Bench()
    await bench.drop()
    bench.later(minutes=5)
    for _ in range(20):
        await bench.bus.publish("darkchannel.accept", b"waiting")
    await bench.first.reconciler.round()
    assert await bench.bus.depth("darkchannel.accept") == 20


async def test_the_reconciler_does_not_repeat_a_hint_while_its_message_may_wait_for_another_attempt() -> None:
    bench = Bench()
    await bench.drop()
    bench.later(minutes=5)
    for _ in range(5):
        await bench.first.reconciler.round()
        bench.later(seconds=1)
    assert await bench.bus.depth("darkchannel.accept") == 1
    bench.later(minutes=5)
    await bench.first.reconciler.round()
    assert await bench.bus.depth("darkchannel.accept") == 2


async def test_what_options_yaml_says_holds_for_the_documents_in_its_folder() -> None:
    bench = Bench()
    await bench.raw.put(keys.INBOX, keys.OPTIONS_FILE, b"author: Machado de Assis\npriority: low\n")
    event = await bench.drop()
    await bench.first.handlers["accept"](event)
    opened = await bench.jobs.opened(bench.job, 1)
    assert opened
    assert {"author": "Machado de Assis", "priority": "low"} in opened.layers


@pytest.mark.parametrize(
    "body",
    [
        b"title: [a\n",
        b"[" * 5000,
        b"title: !!timestamp 2024-99-99\n",
        b"company-id: " + b"9" * 5000,
        b"title: &x [*x]\n",
        b"title: !!binary /9j/4AAQ\n",
        b'title: "a\\ud800b"\n',
        b"foo: !!python/object:os.system x\n",
        b"- a\n- b\n",
        b"\xff\xfe\0zzz",
        b"# " + b"x" * 20_000,
    ],
)
async def test_options_yaml_that_cannot_be_read_fails_the_run_with_one_line_that_names_it(body: bytes) -> None:
    bench = Bench()
    await bench.raw.put(keys.INBOX, keys.OPTIONS_FILE, body)
    event = await bench.drop()
    await bench.first.handlers["accept"](event)
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert runs.state is State.FAILED
    assert runs.last_outcome
    assert keys.OPTIONS_FILE in (runs.last_outcome.reason or "")
    assert "\n" not in (runs.last_outcome.reason or "")


async def test_a_slow_projection_does_not_write_over_a_newer_one() -> None:
    bench = Bench()
    bench.events.append(await bench.drop())
    await bench.deliver(until="act")
    slow = bench.context().jobs
    event = bench.take("act")
    bench.later(seconds=2)
    bench.store.before("put", keys.metadata(bench.job), lambda: bench.second.handlers["act"](event))
    await project(slow, bench.job, lambda: bench.now)
    metadata = await bench.jobs.metadata(bench.job)
    assert metadata
    assert metadata.status == "completed"
    assert metadata.output


async def test_a_document_deleted_before_it_is_read_is_no_job_and_leaves_nothing_behind() -> None:
    bench = Bench()
    event = await bench.drop()
    await bench.raw.delete(keys.INBOX, event.key)
    await bench.first.handlers["accept"](event)
    assert (await bench.jobs.runs(bench.job, fresh=True)).state is None
    assert [v async for v in bench.raw.versions(keys.INBOX)] == []


async def test_every_upload_under_one_name_is_a_job_of_its_own() -> None:
    bench = Bench()
    first = await bench.drop()
    bench.events += [first, await bench.drop()]
    await bench.deliver()
    assert await bench.output() == ["2026-03-01/livro-2.mp3", "2026-03-01/livro.mp3"]


async def test_an_inbox_without_versions_is_refused_before_anything_can_be_lost() -> None:
    bench = Bench()
    event = await bench.drop()
    with pytest.raises(Permanent, match="darkchannel setup"):
        await bench.first.handlers["accept"](ObjectCreated(event.bucket, event.key, "null"))
    assert [info.key async for info in bench.raw.versions(keys.INBOX)] == [event.key]


async def test_act_for_an_older_outcome_serves_the_newest_completed_one() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="act")
    late = bench.take("act")
    await bench.edit(0, "outro")
    await bench.deliver()
    assert await bench.published() == ["outro"]
    await bench.second.handlers["act"](late)
    assert await bench.published() == ["outro"]


async def test_an_edit_while_the_publisher_decides_is_published() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="decide")
    decide = bench.take("decide")

    async def edited() -> None:
        await bench.edit(0, "outro")
        await bench.second.handlers["speak"](bench.take("speak"))

    bench.store.before("put", keys.run_event(bench.job, 1, "outcome"), edited)
    await bench.first.handlers["decide"](decide)
    await bench.deliver()
    await bench.reconcile()
    assert await bench.published() == ["outro"]
    assert (await bench.jobs.runs(bench.job, fresh=True)).newest == 2


async def test_a_chunk_of_another_text_never_reaches_a_section() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="encode")
    await bench.edit(0, "outro")
    await bench.first.handlers["encode"](bench.take("encode"))
    assert (await bench.jobs.section(bench.job, 0))[0] is None


async def test_an_opener_that_dies_after_its_marker_is_finished_by_the_reconciler() -> None:
    bench = Bench()
    event = await bench.drop()
    bench.store.before("put", keys.run_event(bench.job, 1, "opened"), _die)
    with pytest.raises(RuntimeError):
        await bench.first.handlers["accept"](event)
    bench.later(seconds=31)
    await bench.second.reconciler.round()
    opened = await bench.jobs.opened(bench.job, 1)
    assert opened
    assert opened.source
    assert opened.source.key == "livro.md"


async def test_a_cancel_before_the_document_left_the_inbox_still_takes_it_out() -> None:
    bench = Bench()
    event = await bench.drop()
    bench.store.before("put", keys.plan(bench.job), _die)
    with pytest.raises(RuntimeError):
        await bench.first.handlers["accept"](event)
    await cancel(bench)
    await bench.second.handlers["accept"](event)
    assert [v async for v in bench.raw.versions(keys.INBOX)] == []


async def test_a_document_deleted_before_it_was_kept_fails_its_run_as_withdrawn() -> None:
    bench = Bench()
    event = await bench.drop()
    bench.store.before("copy", event.key, _die)
    with pytest.raises(RuntimeError):
        await bench.first.handlers["accept"](event)
    await bench.raw.delete(keys.INBOX, event.key, version=event.version)
    await bench.second.handlers["accept"](event)
    await bench.deliver()
    outcome = (await bench.jobs.runs(bench.job, fresh=True)).outcomes[1]
    assert outcome.status is State.FAILED
    assert "deleted before it was read" in (outcome.reason or "")


async def test_two_releases_that_cut_differently_never_mix_their_plans() -> None:
    bench = Bench()
    event = await bench.drop()
    newer = bench.process(("UM", "DOIS", "TRÊS"))
    bench.store.before("put", keys.plan(bench.job), lambda: newer.handlers["accept"](event))
    await bench.first.handlers["accept"](event)
    await bench.deliver()
    assert await bench.published() == ["UM", "DOIS", "TRÊS"]


async def test_a_run_that_follows_at_once_is_worked_on_by_those_who_just_saw_the_last_one_end() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    speak = bench.take("speak")
    await cancel(bench)
    await bench.second.handlers["speak"](speak)
    assert bench.engine_calls == []
    await bench.jobs.open_run(bench.job, 2, Opened(reason="retry", at=bench.now))
    await bench.second.handlers["speak"](speak)
    await bench.deliver()
    assert await bench.published() == ["um"]


async def test_a_run_that_took_the_place_of_a_remembered_one_is_decided() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="decide")
    decide = bench.take("decide")
    publisher = bench.first.handlers["decide"]
    stray = ObjectCreated(decide.bucket, keys.manifest(bench.job, "0" * 16))
    await publisher(stray)
    await cancel(bench)
    await bench.jobs.open_run(bench.job, 2, Opened(reason="retry", at=bench.now))
    await publisher(decide)
    assert (await bench.jobs.runs(bench.job, fresh=True)).state is State.COMPLETED


@pytest.mark.parametrize("gone", ["audiobook.mp3", "manifest.json"])
async def test_a_build_of_which_a_file_is_gone_is_made_again_by_the_next_run(gone: str) -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="act")
    [outcome] = (await bench.jobs.runs(bench.job, fresh=True)).outcomes.values()
    await bench.raw.delete(keys.JOBS, keys.build_file(bench.job, outcome.build or "", gone))
    await bench.deliver(process=bench.process())
    await bench.reconcile()
    assert await bench.published() == ["um"]
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert (runs.newest, runs.state, runs.closed) == (2, State.COMPLETED, frozenset({1, 2}))
    assert bench.engine_calls == ["um"]


async def test_the_error_note_goes_when_a_later_run_succeeds() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await bench.jobs.fail(bench.job, "the engine stopped", what="segment-000000")
    speak = bench.take("speak")
    await bench.deliver()
    assert await bench.output() == ["2026-03-01/livro.error.txt"]
    await bench.jobs.open_run(bench.job, 2, Opened(reason="retry", at=bench.now))
    bench.later(seconds=2)
    await bench.first.handlers["speak"](speak)
    await bench.deliver()
    assert await bench.output() == ["2026-03-01/livro.mp3"]


async def test_what_a_client_library_put_there_without_a_plan_is_left_alone() -> None:
    bench = Bench()
    job = "00000000-0000-4000-8000-000000000000"
    await bench.raw.put(keys.JOBS, keys.segment(job, 0), b"<speak>oi</speak>")
    await bench.raw.put(keys.JOBS, keys.chunk(job, 0), b"RIFF")
    await bench.raw.put(keys.JOBS, keys.section_record(job, 0), b"{}")
    await bench.raw.put(keys.JOBS, keys.manifest(job, "0" * 16), b"{}")
    before = [info.key async for info in bench.raw.list(keys.JOBS)]
    await bench.deliver()
    assert [info.key async for info in bench.raw.list(keys.JOBS)] == before


async def test_an_unspeakable_edit_of_a_completed_job_opens_one_run_which_fails_and_no_further_one() -> None:
    bench = Bench(("um",))
    await complete(bench)
    await bench.edit(0, UNSPEAKABLE)
    edit = bench.take("speak")

    async def too_many() -> None:
        pytest.fail("a third run was opened")

    bench.store.before("put", keys.marker(bench.job, 3), too_many)
    for _ in range(3):
        await bench.first.handlers["speak"](edit)
        await bench.second.handlers["speak"](edit)
        await bench.deliver()
        bench.later(seconds=31)
        await bench.reconcile()
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert (runs.newest, runs.state, runs.closed) == (2, State.FAILED, frozenset({1, 2}))
    assert bench.engine_calls == ["um", UNSPEAKABLE]
    assert await bench.published() == ["um"]


async def test_a_key_that_only_looks_like_a_segment_is_none() -> None:
    bench = Bench()
    await complete(bench)
    await bench.raw.put(keys.JOBS, f"{bench.job}/input/a/segments/segment-000000.ssml", b"x")
    await bench.deliver()
    assert bench.engine_calls == ["um", "dois", "três"]
