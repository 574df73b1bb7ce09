"""Handlers that are overtaken, die or come late: what others wrote stays, and no further event is needed."""

import asyncio

import pytest

from darkchannel import keys
from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent
from darkchannel.jobs.deliveries import Delivery
from darkchannel.jobs.records import section_digest
from darkchannel.jobs.runs import Opened, Outcome, State
from darkchannel.speech.ssml import Element
from darkchannel.speech.ssml import spoken as words
from tests.pipeline.bench import Bench
from tests.pipeline.engine import UNSPEAKABLE, Simulated, spoken
from tests.pipeline.process import synthesizer


async def die() -> None:
    raise RuntimeError("killed here")


async def under_way(*texts: tuple[str, ...], until: str) -> Bench:
    bench = Bench(*texts)
    bench.events.append(await bench.drop())
    await bench.deliver(until=until)
    return bench


async def ended(bench: Bench) -> None:
    """A second process decides and publishes; the first still remembers the run as open."""
    await bench.deliver(process=bench.second)
    assert (await bench.jobs.runs(bench.job, fresh=True)).state is State.COMPLETED


async def edited(bench: Bench, text: str) -> None:
    """Segment 0 edited, spoken and its section encoded, all by the second process."""
    await bench.edit(0, text)
    await bench.second.handlers["speak"](bench.take("speak"))
    await bench.second.handlers["encode"](bench.take("encode"))


async def published(bench: Bench) -> tuple[list[str], list[str]]:
    """What the copies for listeners and for people speak."""
    name = await bench.jobs.output_name(bench.job)
    assert name
    output = await bench.raw.get(keys.OUTPUT, keys.output(*name, "mp3"))
    final = await bench.raw.get(keys.JOBS, keys.final(bench.job, "audiobook.mp3"))
    assert output
    assert final
    return spoken(output.body), spoken(final.body)


async def speaks_of_section(bench: Bench) -> list[str]:
    """What the file that the record of section 0 names speaks."""
    record, _ = await bench.jobs.section(bench.job, 0)
    assert record
    audio = await bench.raw.get(keys.JOBS, record.files["mp3"].key)
    assert audio
    return spoken(audio.body)


async def book_digest(bench: Bench) -> str:
    """Of the book that is due, from what lies there now."""
    plan = await bench.jobs.plan(bench.job)
    assert plan
    digest = (await bench.jobs.chain(bench.job)).digest(plan)
    assert digest
    return digest


async def audio_key(bench: Bench) -> str:
    """Where section 0, of one segment, is stored when it is encoded from what lies there now."""
    chain = await bench.jobs.chain(bench.job)
    digest = section_digest([(chain.segments[0].etag, chain.chunks[0].etag)], chain.gain)
    return keys.section_file(bench.job, 0, digest, "mp3")


async def test_two_workers_on_one_segment_leave_the_first_chunk_that_was_there() -> None:
    bench = await under_way(("um",), until="speak")
    event = bench.take("speak")
    bench.store.before("put", keys.chunk(bench.job, 0), lambda: bench.second.handlers["speak"](event))
    await bench.first.handlers["speak"](event)
    assert len([event for event in bench.events if keys.parse_chunk(event.key)]) == 1


async def test_a_worker_that_slept_over_an_edit_leaves_the_chunk_of_the_newer_text() -> None:
    bench = await under_way(("um",), until="speak")
    event = bench.take("speak")
    reads: list[str] = []

    async def edited_and_published_between_the_two() -> None:
        reads.append("one")
        if len(reads) == 2:
            await bench.edit(0, "outro")
            await bench.deliver(process=bench.second)

    for key in (keys.chunk(bench.job, 0), keys.segment(bench.job, 0)):
        bench.store.before("get", key, edited_and_published_between_the_two)
    await bench.first.handlers["speak"](event)
    chain = await bench.jobs.chain(bench.job)
    assert await bench.jobs.chunk_source(bench.job, 0, chain.chunks[0].etag) == chain.segments[0].etag


async def test_an_edit_is_followed_by_a_worker_that_remembers_the_run_open() -> None:
    bench = await under_way(("um",), until="decide")
    await ended(bench)
    await bench.edit(0, "outro")
    await bench.first.handlers["speak"](bench.take("speak"))
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert (runs.newest, runs.state) == (2, State.OPEN)


async def test_an_edit_whose_chunk_was_made_under_the_ended_run_is_still_an_edit() -> None:
    bench = await under_way(("um",), until="decide")
    await ended(bench)
    await bench.edit(0, "outro")
    event = bench.take("speak")

    bench.store.before("head", keys.segment(bench.job, 0), die)
    with pytest.raises(RuntimeError):
        await bench.first.handlers["speak"](event)
    await bench.second.handlers["speak"](event)
    assert (await bench.jobs.runs(bench.job, fresh=True)).newest == 2


async def test_a_worker_of_an_ended_run_cannot_fail_the_run_that_followed_it() -> None:
    bench = await under_way((UNSPEAKABLE,), until="speak")

    async def mended_and_retried() -> None:
        await bench.jobs.decide(bench.job, 1, Outcome(status=State.CANCELLED, at=bench.now))
        await bench.edit(0, "um")
        await bench.jobs.open_run(bench.job, 2, Opened(reason="retry", at=bench.now))

    async def say(script: Element) -> Speech:
        if words(script) == UNSPEAKABLE:
            await mended_and_retried()
            raise Permanent("the engine has no sound for it")
        return Speech(b"", 22_050)

    await synthesizer(bench.context(), Simulated(say)).speak(bench.take("speak"))
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert (runs.newest, runs.state) == (2, State.OPEN)


async def test_an_encoder_that_was_overtaken_before_its_file_is_stored_spoils_no_other() -> None:
    bench = await under_way(("um",), until="encode")
    event = bench.take("encode")
    bench.store.before("put", await audio_key(bench), lambda: edited(bench, "outro"))
    await bench.first.handlers["encode"](event)
    assert await speaks_of_section(bench) == ["outro"]
    assert len([event for event in bench.events if keys.parse_section(event.key)]) == 1


async def test_an_encoder_that_loses_its_record_to_an_older_one_encodes_again() -> None:
    bench = await under_way(("um",), until="encode")
    event = bench.take("encode")
    record = keys.section_record(bench.job, 0)
    older_is_there, newer_waits = asyncio.Event(), asyncio.Event()
    newer: list[asyncio.Future[None]] = []

    async def wait_for_the_older() -> None:
        newer_waits.set()
        await older_is_there.wait()

    async def edited_and_nearly_encoded() -> None:
        await bench.edit(0, "outro")
        await bench.second.handlers["speak"](bench.take("speak"))
        bench.store.before("put", record, wait_for_the_older)
        newer.append(asyncio.ensure_future(bench.second.handlers["encode"](bench.take("encode"))))
        await newer_waits.wait()

    async def nearly_encoded_then_dead() -> None:
        await edited_and_nearly_encoded()
        bench.store.before("head", keys.chunk(bench.job, 0), die)

    bench.store.before("put", record, nearly_encoded_then_dead)
    with pytest.raises(RuntimeError):
        await bench.first.handlers["encode"](event)
    older_is_there.set()
    await newer[0]
    assert await speaks_of_section(bench) == ["outro"]


async def test_a_binder_whose_section_changed_while_it_joined_joins_again() -> None:
    bench = await under_way(("um",), until="assemble")
    digest = await book_digest(bench)

    async def edited_unheard() -> None:
        await edited(bench, "outro")
        bench.events.clear()

    bench.store.before("put_file", keys.build_file(bench.job, digest, "audiobook.mp3"), edited_unheard)
    await bench.first.handlers["assemble"](bench.take("assemble"))
    newest = await book_digest(bench)
    assert newest != digest
    assert await bench.raw.head(keys.JOBS, keys.manifest(bench.job, newest))


async def test_a_build_that_an_edit_and_its_undoing_lead_back_to_is_decided_at_once() -> None:
    bench = await under_way(("um",), until="decide")
    bench.events.clear()
    for text in ("outro", "um"):
        await bench.edit(0, text)
        await bench.deliver(until="assemble")
    await bench.deliver()
    assert (await bench.jobs.runs(bench.job, fresh=True)).state is State.COMPLETED


async def test_a_build_that_an_edit_made_old_is_not_decided() -> None:
    bench = await under_way(("um",), until="decide")
    await bench.edit(0, "outro")
    await bench.first.handlers["decide"](bench.take("decide"))
    assert (await bench.jobs.runs(bench.job, fresh=True)).is_open


async def test_a_publisher_that_was_overtaken_while_it_copied_copies_the_newer_build() -> None:
    bench = await under_way(("um",), until="act")
    build = (await bench.jobs.runs(bench.job, fresh=True)).completed[1] or ""
    event = bench.take("act")

    async def edited_and_published() -> None:
        await bench.edit(0, "outro")
        await bench.deliver(process=bench.second)

    bench.store.before("copy", keys.build_file(bench.job, build, "audiobook.mp3"), edited_and_published)
    await bench.first.handlers["act"](event)
    assert await published(bench) == (["outro"], ["outro"])


async def test_a_publisher_that_dies_while_it_copies_leaves_its_run_unclosed() -> None:
    bench = await under_way(("um",), until="act")
    build = (await bench.jobs.runs(bench.job, fresh=True)).completed[1] or ""
    bench.store.before("copy", keys.build_file(bench.job, build, "audiobook.mp3"), die)
    with pytest.raises(RuntimeError):
        await bench.first.handlers["act"](bench.take("act"))
    assert (await bench.jobs.runs(bench.job, fresh=True)).closed == frozenset()


async def test_a_stray_chunk_does_not_stand_for_one_that_is_missing() -> None:
    bench = await under_way(("um", "dois", "três"), until="speak")
    await bench.raw.put(keys.JOBS, f"{bench.job}/chunks/chunk-000001 (1).wav", b"a copy by hand")
    for _ in range(2):
        await bench.first.handlers["speak"](bench.take("speak"))
    bench.take("speak")  # its event is lost
    await bench.deliver()
    assert sorted((await bench.jobs.chain(bench.job)).chunks) == [0, 1]
    assert (await bench.jobs.section(bench.job, 0))[0] is None


async def test_a_splitter_releases_from_the_plan_that_was_stored_first() -> None:
    bench = Bench()
    event = await bench.drop()
    newer = bench.process(("UM", "DOIS", "TRÊS"))

    async def newer_dies_after_its_plan() -> None:
        bench.store.before("put", keys.window(bench.job), die)
        with pytest.raises(RuntimeError):
            await newer.handlers["accept"](event)

    bench.store.before("put", keys.plan(bench.job), newer_dies_after_its_plan)
    await bench.first.handlers["accept"](event)
    await bench.deliver()
    assert (await published(bench))[0] == ["UM", "DOIS", "TRÊS"]


async def test_a_plan_is_there_only_when_all_its_parts_are() -> None:
    bench = Bench(("um",), ("dois",))
    event = await bench.drop()
    parts: list[str] = []

    async def look() -> None:
        parts.extend([info.key async for info in bench.raw.list(keys.JOBS, f"{bench.job}/plan/")])

    bench.store.before("put", keys.plan(bench.job), look)
    await bench.first.handlers["accept"](event)
    assert len(parts) == 2


async def test_a_run_keeps_its_marker_until_it_is_announced() -> None:
    bench = await under_way(("um",), until="announce")
    event = bench.take("announce")
    markers = [info.key async for info in bench.raw.list(keys.JOBS, keys.ACTIVE_PREFIX)]
    await bench.second.reconciler.round()
    assert [info.key async for info in bench.raw.list(keys.JOBS, keys.ACTIVE_PREFIX)] == markers
    await bench.first.handlers["announce"](event)
    await bench.second.reconciler.round()
    assert [info.key async for info in bench.raw.list(keys.JOBS, keys.ACTIVE_PREFIX)] == []


async def test_an_announcement_that_was_made_is_not_made_again_when_its_event_comes_late() -> None:
    bench = await under_way(("um",), until="announce")
    event = bench.take("announce")
    await bench.first.handlers["announce"](event)
    bench.later(minutes=5)
    await bench.second.handlers["announce"](event)
    assert len(bench.receivers.heard) == 1


async def test_a_notifier_that_slept_past_its_claim_claims_anew_before_it_sends() -> None:
    bench = await under_way(("um",), until="announce")
    name = keys.delivery(bench.job, 1, "handoff")

    async def sleep() -> None:
        bench.later(seconds=16)

    bench.store.before("put", name, sleep)
    await bench.first.handlers["announce"](bench.take("announce"))
    found = await bench.raw.get(keys.JOBS, name)
    assert found
    assert Delivery.model_validate_json(found.body).attempts == 2
    assert len(bench.receivers.heard) == 1


async def test_a_release_that_comes_late_leaves_the_edited_text() -> None:
    bench = await under_way(("um", "dois"), until="speak")
    await bench.edit(1, "outro")
    await bench.deliver()
    plan = await bench.jobs.plan(bench.job)
    assert plan
    await bench.jobs.release(bench.job, plan, 1)
    await bench.deliver()
    assert (await published(bench))[0] == ["um", "outro"]
