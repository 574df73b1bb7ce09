"""What the reconciler finds from the objects alone, of jobs under way and of ended ones."""

import asyncio
from datetime import timedelta

import pytest

from darkchannel import keys, pipeline
from darkchannel.errors import Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.jobs.deliveries import Announced
from darkchannel.jobs.runs import Opened, Outcome, State
from darkchannel.messaging.port import Ack, Delivery, Settlement
from darkchannel.runtime.service import Context
from darkchannel.runtime.waiting import Stop
from services.handoff_notifier.messages import Answer
from services.reconciler.handler import Reconciler
from services.reconciler.settings import ReconcilerSettings
from tests.pipeline.bench import Bench, closed
from tests.pipeline.counted import Counted
from tests.pipeline.verdict import FILES

TEXTS = tuple(f"texto {index}" for index in range(12))


async def edited_unheard(bench: Bench, index: int, text: str) -> None:
    """An edit whose event is lost."""
    await bench.edit(index, text)
    bench.events.clear()


async def test_everything_is_done_without_any_event() -> None:
    bench = Bench(("um", "dois"), ("três",))
    await bench.drop()
    for _ in range(40):
        bench.later(seconds=31)
        await bench.first.reconciler.round()
        for stage, hint in await bench.hints():
            await bench.first.handlers[stage](hint)
        bench.events.clear()
    assert await bench.published() == ["um", "dois", "três"]
    assert bench.engine_calls == ["um", "dois", "três"]
    assert [info async for info in bench.raw.list(keys.JOBS, keys.ACTIVE_PREFIX)] == []


async def test_a_lost_edit_of_a_finished_job_is_found_when_its_page_comes() -> None:
    bench = await closed(("um", "dois"), ("três",))
    await edited_unheard(bench, 1, "outro")
    bench.later(seconds=31)
    await bench.reconcile()
    assert await bench.published() == ["um", "outro", "três"]
    assert bench.engine_calls == ["outro"]


async def test_an_edit_renders_one_chunk_one_section_and_the_book_under_the_same_name() -> None:
    bench = await closed(("um", "dois"), ("três",))
    before = {info.key: info.etag async for info in bench.raw.list(keys.JOBS, f"{bench.job}/")}
    await bench.edit(1, "outro")
    await bench.deliver()
    after = {info.key: info.etag async for info in bench.raw.list(keys.JOBS, f"{bench.job}/")}
    changed = {key.removeprefix(f"{bench.job}/") for key in after if after[key] != before.get(key)}
    folders = sorted(name.partition("/")[0] for name in changed)
    assert folders == [
        "builds", "builds", "builds", "chunks", "deliveries", "deliveries", "final", "final", "metadata.json",
        "runs", "runs", "runs", "sections", "sections", "sections", "segments",
    ]  # fmt: skip
    assert "chunks/chunk-000001.wav" in changed
    assert "sections/section-0000.json" in changed
    assert bench.engine_calls == ["outro"]
    assert await bench.output() == ["2026-03-01/livro.mp3"]
    assert await bench.published() == ["um", "outro", "três"]


@pytest.mark.parametrize("texts", [("B", "C"), ("B", "um")], ids=["two edits", "an edit undone"])
async def test_two_edits_in_quick_succession_end_with_the_last_text(texts: tuple[str, str]) -> None:
    bench = await closed(("um",))
    for text in texts:
        await bench.edit(0, text)
    await bench.deliver()
    bench.later(seconds=31)
    await bench.reconcile()
    assert await bench.published() == [texts[-1]]


async def test_an_edit_of_an_unfinished_job_whose_event_is_lost_is_spoken() -> None:
    bench = Bench(("um", "dois"))
    bench.events.append(await bench.drop())
    await bench.deliver(until="assemble")
    await edited_unheard(bench, 0, "outro")
    bench.later(seconds=31)
    await bench.reconcile()
    assert await bench.published() == ["outro", "dois"]


async def test_a_job_somebody_asked_about_is_looked_at_without_grace() -> None:
    bench = await closed(("um",))
    await edited_unheard(bench, 0, "outro")
    await bench.jobs.ask(bench.job)
    await bench.reconcile()
    assert await bench.published() == ["outro"]
    assert [info async for info in bench.raw.list(keys.JOBS, keys.ASKED_PREFIX)] == []


async def test_a_retry_speaks_only_what_is_missing_and_at_once() -> None:
    bench = Bench(("um", "dois"))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await bench.first.handlers["speak"](bench.take("speak"))
    bench.events.clear()
    await bench.jobs.fail(bench.job, "the engine stopped", what="segment-000001")
    await bench.deliver()
    await bench.jobs.open_run(bench.job, 2, Opened(reason="retry", at=bench.now))
    await bench.jobs.ask(bench.job)
    await bench.reconcile()
    assert await bench.published() == ["um", "dois"]
    assert bench.engine_calls == ["um", "dois"]


async def test_a_run_opened_while_the_reconciler_lists_keeps_its_ask() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    bench.events.clear()
    await bench.jobs.fail(bench.job, "the engine stopped", what="segment-000000")
    await bench.deliver()
    await bench.reconcile()

    listings = []

    async def retried_before_the_second() -> None:
        listings.append(1)
        if len(listings) == 2:
            await bench.jobs.open_run(bench.job, 2, Opened(reason="retry", at=bench.now))
            await bench.jobs.ask(bench.job)

    for listing in (keys.ACTIVE_PREFIX, keys.ASKED_PREFIX):
        bench.store.before("list", listing, retried_before_the_second)
    await bench.first.reconciler.round()
    await bench.reconcile()
    assert await bench.published() == ["um"]


async def test_an_ask_stays_until_all_that_is_due_was_hinted() -> None:
    bench = await closed(tuple(f"texto {index}" for index in range(20)))
    for index in range(20):
        await edited_unheard(bench, index, f"outro {index}")
    await bench.jobs.ask(bench.job)
    await bench.first.reconciler.round()
    assert len(await bench.hints()) == 8
    assert [info async for info in bench.raw.list(keys.JOBS, keys.ASKED_PREFIX)]
    hinted = [8]
    while [info async for info in bench.raw.list(keys.JOBS, keys.ASKED_PREFIX)]:
        await bench.first.reconciler.round()
        hinted.append(len(await bench.hints()))
    assert hinted == [8, 8, 4]


async def test_an_output_that_is_not_the_newest_build_is_mended() -> None:
    bench = await closed(("um",))
    name = await bench.jobs.output_name(bench.job)
    assert name
    await bench.raw.put(keys.OUTPUT, keys.output(*name, "mp3"), b"old", metadata={"build": "0" * 16})
    bench.later(seconds=31)
    await bench.reconcile()
    assert await bench.published() == ["um"]


async def test_an_output_that_somebody_took_away_comes_back_only_when_asked_for() -> None:
    bench = await closed(("um",))
    [key] = await bench.output()
    await bench.raw.delete(keys.OUTPUT, key)
    for _ in range(3):
        bench.later(seconds=31)
        await bench.reconcile()
    assert await bench.output() == []
    await bench.jobs.ask(bench.job)
    await bench.reconcile()
    assert await bench.published() == ["um"]


async def test_chunks_go_a_week_after_the_end_and_the_book_is_still_current() -> None:
    bench = await closed(("um", "dois"), ("três",))
    bench.later(days=6, hours=23)
    await bench.reconcile()
    assert len([info async for info in bench.raw.list(keys.JOBS, f"{bench.job}/chunks/")]) == 3
    bench.later(hours=2)
    await bench.reconcile()
    assert [info async for info in bench.raw.list(keys.JOBS, f"{bench.job}/chunks/")] == []
    bench.later(seconds=31)
    await bench.reconcile()
    assert (await bench.jobs.runs(bench.job, fresh=True)).newest == 1
    assert bench.engine_calls == []


async def test_an_edit_after_retirement_speaks_the_section_that_is_stale_and_no_other() -> None:
    bench = await closed(("um", "dois"), ("três",))
    bench.later(days=8)
    await bench.reconcile()
    await bench.edit(0, "outro")
    await bench.deliver()
    for _ in range(3):
        await bench.reconcile()
    assert await bench.published() == ["outro", "dois", "três"]
    assert sorted(bench.engine_calls) == ["dois", "outro"]


async def test_what_an_edit_replaced_goes_a_week_after_the_last_run() -> None:
    bench = await closed(("um",))
    await bench.edit(0, "outro")
    await bench.deliver()
    await bench.reconcile()
    assert len([info async for info in bench.raw.list(keys.JOBS, f"{bench.job}/builds/")]) == 6
    bench.later(days=8)
    await bench.reconcile()
    build = (await bench.jobs.runs(bench.job, fresh=True)).completed[1]
    left = [info.key async for info in bench.raw.list(keys.JOBS, f"{bench.job}/builds/")]
    assert left == [keys.build_file(bench.job, build or "", name) for name in (*FILES, "manifest.json")]
    files = [info.key async for info in bench.raw.list(keys.JOBS, f"{bench.job}/sections/")]
    assert sorted(key.rpartition(".")[2] for key in files) == ["cues", "json", "mp3"]


async def test_a_lone_book_gets_half_as_much_again_as_there_are_slots_and_shares_it_by_weight() -> None:
    bench = Bench(TEXTS)

    async def never(_: Delivery) -> Settlement:
        return Ack()

    await bench.bus.consume("darkchannel.speak", never, prefetch=5)
    bench.events.append(await bench.drop("a.md"))
    await bench.deliver(until="speak")
    first = bench.job
    await bench.first.reconciler.round()
    await bench.first.reconciler.round()
    bench.later(seconds=1)
    assert (await bench.jobs.window(first)).width == 8
    assert sorted(await bench.jobs.segments(first)) == list(range(8))
    bench.events.clear()
    bench.events.append(await bench.drop("b.md"))
    await bench.deliver(until="speak")
    await bench.first.reconciler.round()
    await bench.first.reconciler.round()
    bench.later(seconds=1)
    assert [(await bench.jobs.window(job)).width for job in (first, bench.job)] == [4, 4]


async def test_a_window_that_a_person_made_unreadable_is_written_anew() -> None:
    bench = Bench(TEXTS)
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await bench.raw.put(keys.JOBS, keys.window(bench.job), b"wide")
    await bench.deliver()
    bench.later(seconds=31)
    await bench.reconcile()
    assert await bench.published() == list(TEXTS)


async def test_between_whole_looks_a_round_lists_nothing_of_the_sections_that_are_done() -> None:
    bench = Bench(*((f"{chapter} a", f"{chapter} b") for chapter in range(30)))
    bench.events.append(await bench.drop())
    while (await bench.jobs.section(bench.job, 10))[0] is None:
        event = bench.events.pop(0)
        for stage in pipeline.stages_for(event.bucket, event.key):
            await bench.first.handlers[stage.name](event)
    await bench.first.reconciler.round()
    bench.store.listed.clear()
    bench.later(milliseconds=10)
    await bench.first.reconciler.round()
    begun = {prefix: after for prefix, after in bench.store.listed if "/segments/" in prefix or "/chunks/" in prefix}
    assert begun == {
        f"{bench.job}/chunks/": keys.chunk(bench.job, 21),
        f"{bench.job}/segments/": keys.segment(bench.job, 21),
    }


async def test_a_cancelled_job_is_not_spoken_further_and_publishes_nothing() -> None:
    bench = Bench(TEXTS)
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await bench.first.handlers["speak"](bench.take("speak"))
    await bench.jobs.decide(bench.job, 1, Outcome(status=State.CANCELLED, at=bench.now))
    before = len(bench.engine_calls)
    await bench.deliver()
    for _ in range(3):
        bench.later(seconds=31)
        await bench.reconcile()
    # One segment may have been begun by each process that had just seen the run open.
    assert len(bench.engine_calls) - before <= 1
    assert await bench.output() == []
    assert [info async for info in bench.raw.list(keys.JOBS, f"{bench.job}/final/")] == []


async def test_lost_events_are_made_good_though_the_queue_is_never_empty() -> None:
    bench = Bench(TEXTS)

    async def busy(_: Delivery) -> Settlement:
        await asyncio.Event().wait()
        return Ack()

    consumer = await bench.bus.consume("darkchannel.speak", busy, prefetch=16)
    for _ in range(16 + 16):
        await bench.bus.publish("darkchannel.speak", ObjectCreated(keys.JOBS, keys.segment(bench.job, 0)).encode())
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    bench.later(seconds=31)
    waiting = await bench.bus.depth("darkchannel.speak")
    await bench.first.reconciler.round()
    assert await bench.bus.depth("darkchannel.speak") == waiting + 4
    await consumer.stop(drain=0)


async def test_an_ask_concerns_what_was_written_before_it() -> None:
    bench = Bench(TEXTS)
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await bench.jobs.ask(bench.job)
    backlog = ObjectCreated(keys.JOBS, keys.segment(bench.job, 0)).encode()
    for _ in range(20):
        await bench.bus.publish("darkchannel.speak", backlog)
    await bench.first.reconciler.round()  # sees the ask, and no room for a hint
    await bench.hints()
    bench.later(seconds=1)
    await bench.first.handlers["speak"](ObjectCreated(keys.JOBS, keys.segment(bench.job, 0)))
    assert 4 in await bench.jobs.segments(bench.job)
    await bench.first.reconciler.round()
    assert [hint.key for _, hint in await bench.hints()] == [keys.segment(bench.job, index) for index in (1, 2, 3)]
    assert [info async for info in bench.raw.list(keys.JOBS, keys.ASKED_PREFIX)] == []


async def test_one_job_out_of_reach_keeps_no_other_from_being_looked_at() -> None:
    bench = await closed(("um",))
    sound = bench.job
    bench.events.append(await bench.drop("outro.md"))
    await bench.deliver(until="speak")
    bench.events.clear()

    async def away() -> None:
        raise Unavailable("one drive of many is broken")

    bench.store.before("list", f"{bench.job}/runs/", away)
    await bench.raw.put(keys.JOBS, keys.segment(sound, 0), b"outro")
    bench.events.clear()
    bench.later(seconds=31)
    with pytest.raises(Unavailable):
        await bench.first.reconciler.round()
    assert [hint.key for _, hint in await bench.hints()] == [keys.segment(sound, 0)]


async def test_a_withdrawn_document_that_is_retried_fails_again_for_the_same_reason() -> None:
    bench = Bench(("um",))
    event = await bench.drop()
    bench.store.before("copy", event.key, lambda: bench.raw.delete(keys.INBOX, event.key, version=event.version))
    await bench.first.handlers["accept"](event)
    await bench.deliver()
    await bench.jobs.open_run(bench.job, 2, Opened(reason="retry", at=bench.now))
    await bench.jobs.ask(bench.job)
    await bench.reconcile()
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert [runs.outcomes[run].status for run in (1, 2)] == [State.FAILED, State.FAILED]


async def test_a_failed_run_gets_its_note_though_an_older_build_is_gone() -> None:
    bench = await closed(("um",))
    build = (await bench.jobs.runs(bench.job, fresh=True)).completed[1]
    await bench.raw.delete(keys.JOBS, keys.manifest(bench.job, build or ""))
    fresh = bench.process()
    await bench.jobs.open_run(bench.job, 2, Opened(reason="edited", at=bench.now))
    await bench.jobs.fail(bench.job, "the engine stopped", what="segment-000000")
    await bench.deliver(process=fresh)
    assert await bench.output() == ["2026-03-01/livro.error.txt", "2026-03-01/livro.mp3"]
    assert (await bench.jobs.runs(bench.job, fresh=True)).closed == {1, 2}


async def test_a_name_that_a_person_made_unreadable_is_taken_and_holds_up_nobody() -> None:
    bench = Bench(("um",))
    await bench.raw.put(keys.JOBS, keys.name_claim("2026-03-01", "livro"), b"mine")
    bench.events.append(await bench.drop())
    await bench.deliver()
    bench.later(seconds=31)
    await bench.reconcile()
    assert await bench.output() == ["2026-03-01/livro-2.mp3"]


async def untold() -> Bench:
    """A closed run of which OmniPlay, being away, did not hear."""
    bench = Bench(("um",))
    bench.receivers.answers.append(Answer(503))
    bench.events.append(await bench.drop())
    await bench.deliver()
    return bench


async def markers(bench: Bench) -> list[str]:
    return [info.key async for info in bench.raw.list(keys.JOBS, keys.ACTIVE_PREFIX)]


def announcement(bench: Bench) -> tuple[str, ObjectCreated]:
    """The hint that a run's receivers are to be told."""
    return "announce", ObjectCreated(keys.JOBS, keys.run_event(bench.job, 1, "closed"))


async def due_in(bench: Bench, **wait: float) -> None:
    body = Announced(due=bench.now + timedelta(**wait)).model_dump_json().encode()
    await bench.raw.put(keys.JOBS, keys.announced(bench.job, 1), body)


async def test_a_run_whose_receiver_is_away_keeps_its_marker_and_costs_no_request_until_its_next_try() -> None:
    bench = await untold()
    await due_in(bench, seconds=20)
    await bench.first.reconciler.round()
    bench.store._store = counted = Counted(bench.raw)  # type: ignore[assignment]
    for _ in range(19):
        bench.later(seconds=1)
        await bench.first.reconciler.round()
    assert [request for request in counted.requests if bench.job in request[1]] == []
    assert await bench.hints() == []
    assert await markers(bench) == [keys.marker(bench.job, 1)]
    bench.later(seconds=1)
    await bench.first.reconciler.round()
    assert await bench.hints() == [announcement(bench)]


async def test_the_next_try_is_hinted_and_the_marker_goes_once_all_have_heard() -> None:
    bench = await untold()
    assert (len(bench.receivers.heard), await markers(bench)) == (1, [keys.marker(bench.job, 1)])
    bench.later(seconds=7)
    await bench.reconcile()
    assert len(bench.receivers.heard) == 2
    await bench.reconcile()
    assert (len(bench.receivers.heard), await markers(bench)) == (2, [])


async def test_tries_that_follow_one_another_sooner_than_a_grace_have_a_hint_each() -> None:
    bench = await untold()
    for _ in range(3):
        await due_in(bench, seconds=2)
        bench.later(seconds=2)
        await bench.first.reconciler.round()
        assert await bench.hints() == [announcement(bench)]
        await bench.first.reconciler.round()
        assert await bench.hints() == []


@pytest.mark.parametrize("there", [None, b"", b'{"due": "logo"}'])
async def test_a_closed_run_of_which_nobody_seems_to_have_told_is_hinted_after_a_grace(there: bytes | None) -> None:
    bench = await untold()
    await bench.raw.delete(keys.JOBS, keys.announced(bench.job, 1))
    if there is not None:
        await bench.raw.put(keys.JOBS, keys.announced(bench.job, 1), there)
    bench.later(seconds=29)
    await bench.first.reconciler.round()
    assert await bench.hints() == []
    bench.later(seconds=1)
    await bench.first.reconciler.round()
    assert await bench.hints() == [announcement(bench)]


async def test_a_run_that_is_to_be_told_of_sooner_than_it_was_is_looked_at_when_somebody_asks() -> None:
    bench = await untold()
    await due_in(bench, hours=5)
    await bench.first.reconciler.round()
    bench.later(seconds=1)
    await due_in(bench, seconds=0)
    await bench.first.reconciler.round()
    assert await bench.hints() == []
    await bench.jobs.ask(bench.job)
    await bench.first.reconciler.round()
    assert await bench.hints() == [announcement(bench)]
    await due_in(bench, seconds=5)
    bench.later(seconds=5)
    await bench.first.reconciler.round()
    assert await bench.hints() == [announcement(bench)]


async def test_a_redelivery_asked_for_while_its_marker_is_being_removed_is_brought_on() -> None:
    bench = await untold()
    await bench.raw.put(keys.JOBS, keys.announced(bench.job, 1), Announced(due=None).model_dump_json().encode())

    async def redelivered() -> None:
        await due_in(bench, seconds=0)
        opened = await bench.jobs.opened(bench.job, 1)
        assert opened
        await bench.jobs.mark(bench.job, 1, opened)
        await bench.jobs.ask(bench.job)

    bench.store.before("delete", keys.marker(bench.job, 1), redelivered)
    for _ in range(3):
        await bench.first.reconciler.round()
    assert (await markers(bench), await bench.hints()) == ([keys.marker(bench.job, 1)], [announcement(bench)])
    assert [info async for info in bench.raw.list(keys.JOBS, keys.ASKED_PREFIX)] == []


@pytest.mark.parametrize(("url", "stays"), [(None, []), ("https://omniplay.example", ["company_5/voice/a.mp3"])])
async def test_an_ask_that_nobody_answers_goes(url: str | None, stays: list[str]) -> None:
    bench = Bench(("um",))
    await bench.jobs.ask("company_5/voice/a.mp3")
    await bench.raw.put(keys.JOBS, f"{keys.ASKED_PREFIX}rabisco", b"x")
    context = Context(
        store=bench.store,
        jobs=bench.jobs,
        bus=bench.bus,
        clock=lambda: bench.now,
        compute=asyncio.to_thread,
        stop=Stop(),
    )
    await Reconciler(context, ReconcilerSettings(omniplay_api_url=url)).round()
    asks = [info.key async for info in bench.raw.list(keys.JOBS, keys.ASKED_PREFIX)]
    assert [keys.parse_recording_ask(ask) for ask in asks] == stays
