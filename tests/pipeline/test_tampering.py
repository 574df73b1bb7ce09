"""Objects that a person or a disk damaged: made again where they can be, else the run ends and says which."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from darkchannel import keys
from darkchannel.errors import Permanent, Unavailable
from darkchannel.jobs.deliveries import Delivery
from darkchannel.jobs.records import SectionRecord
from darkchannel.jobs.runs import Opened, State
from services.merger.mastering import Brief, Mastered, Take
from tests.pipeline.bench import Bench, closed
from tests.pipeline.process import simulated_master

Record = dict[str, Any]
Change = Callable[[Record, Record], Record]
"""What is said otherwise of a section, by its own record and another's."""


async def put(bench: Bench, key: str, body: bytes = b"damaged") -> None:
    await bench.raw.put(keys.JOBS, key, body)


async def settled(bench: Bench) -> None:
    """Everything that is due without grace is done."""
    for _ in range(4):
        await bench.deliver()
        bench.later(seconds=31)
        await bench.reconcile()


async def section_record(bench: Bench, index: int) -> bytes:
    found = await bench.raw.get(keys.JOBS, keys.section_record(bench.job, index))
    assert found
    return found.body


async def markers(bench: Bench) -> list[str]:
    return [info.key async for info in bench.raw.list(keys.JOBS, keys.ACTIVE_PREFIX)]


@pytest.mark.parametrize("damage", [b"not a record", b'{"index": 0, "pairs": [], "files": {}}'])
async def test_a_section_record_that_cannot_be_read_is_made_again(damage: bytes) -> None:
    bench = Bench(("um",), ("dois",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="assemble")
    await put(bench, keys.section_record(bench.job, 0), damage)
    bench.events.clear()
    await settled(bench)
    assert await bench.published() == ["um", "dois"]


@pytest.mark.parametrize(
    "figures", [{"samples": 10**12}, {"samples": -1}, {"lead": -5}, {"rate": 0}, {"loudness": 1e308}]
)
async def test_a_section_record_with_figures_that_no_section_has_is_made_again(figures: dict[str, float]) -> None:
    bench = Bench(("um",), ("dois",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="assemble")
    found = await bench.raw.get(keys.JOBS, keys.section_record(bench.job, 0))
    assert found
    await put(bench, keys.section_record(bench.job, 0), json.dumps(json.loads(found.body) | figures).encode())
    bench.events.clear()
    await settled(bench)
    made, _ = await bench.jobs.section(bench.job, 0)
    assert made == SectionRecord.model_validate_json(found.body)
    assert await bench.published() == ["um", "dois"]


async def tampered(change: Change) -> Bench:
    """A job whose first section's record was changed before its book was bound."""
    bench = Bench(("um",), ("só",))  # as long as one another
    bench.events.append(await bench.drop())
    await bench.deliver(until="assemble")
    first, second = [await section_record(bench, index) for index in (0, 1)]
    own, other = json.loads(first), json.loads(second)
    await put(bench, keys.section_record(bench.job, 0), json.dumps(own | change(own, other)).encode())
    await settled(bench)
    assert await section_record(bench, 0) == first
    return bench


def coded(record: Record, **figures: int) -> Record:
    file = record["files"]["mp3"]
    return {"files": {"mp3": file | {"coding": file["coding"] | figures}}}


@pytest.mark.parametrize(
    "change",
    [
        lambda _, other: {"files": other["files"]},
        lambda _, other: {"cues": other["cues"]},
        lambda own, _: {"files": {"mp3": own["files"]["mp3"] | own["cues"]}},
        lambda own, _: {"files": {"flac": own["files"]["mp3"]}},
        lambda own, _: coded(own, delay=1 << 30),
        lambda own, _: coded(own, rate=1, frame=1),
        lambda own, _: {"rate": 16_000},
        lambda own, _: {"lead": 1 << 30},
    ],
    ids=["other files", "other cues", "cues as sound", "other encoding", "delay", "frame", "rate", "lead"],
)
async def test_a_section_whose_record_cannot_be_its_own_is_encoded_again_and_never_spoken_again(change: Change) -> None:
    bench = await tampered(change)
    assert await bench.published() == ["um", "só"]
    assert bench.engine_calls == ["um", "só"]


async def test_a_record_that_names_the_files_of_another_text_is_made_again() -> None:
    bench = await closed(("um",))
    older = json.loads(await section_record(bench, 0))
    await bench.edit(0, "outro")
    await bench.deliver(until="assemble")
    record = json.loads(await section_record(bench, 0))
    figures = {name: older[name] for name in ("files", "cues", "samples")}
    await put(bench, keys.section_record(bench.job, 0), json.dumps(record | figures).encode())
    await settled(bench)
    assert await bench.published() == ["outro"]


async def test_a_section_that_cannot_be_joined_is_encoded_again_once_and_then_ends_its_run() -> None:
    encoded = 0

    async def half_a_sample_more(takes: AsyncIterator[Take], brief: Brief, /) -> Mastered:
        nonlocal encoded
        encoded += 1
        assert encoded <= 2
        made = await simulated_master(takes, brief)
        sound = made.files["mp3"]
        return replace(made, files={"mp3": replace(sound, body=sound.body + b"x")})

    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    process = bench.process(master=half_a_sample_more)
    with pytest.raises(Permanent, match=r"section 0 .* again: .*sections/section-0000-.*mp3: .*; retry the job"):
        await bench.deliver(process=process)
    assert encoded == 2


async def test_a_store_that_is_away_while_a_section_is_due_again_does_not_end_the_run() -> None:
    bench = Bench(("um",), ("só",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="assemble")
    record = json.loads(await section_record(bench, 0))
    await put(bench, keys.section_record(bench.job, 0), json.dumps(record | {"lead": 1 << 30}).encode())

    async def away() -> None:
        raise Unavailable("the store does not answer")

    bench.store.before("delete", keys.section_record(bench.job, 0), away)
    event = bench.take("assemble")
    with pytest.raises(Unavailable):
        await bench.first.handlers["assemble"](event)
    await bench.first.handlers["assemble"](event)
    await settled(bench)
    assert await bench.published() == ["um", "só"]


async def test_a_section_file_damaged_at_its_size_is_encoded_again() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="assemble")
    record, _ = await bench.jobs.section(bench.job, 0)
    assert record
    audio = await bench.raw.get(keys.JOBS, record.files["mp3"].key)
    assert audio
    await put(bench, record.files["mp3"].key, bytes(len(audio.body)))
    await bench.deliver()
    assert await bench.published() == ["um"]


async def test_a_build_that_was_damaged_is_built_again_and_never_published() -> None:
    bench = await closed(("um",))
    build = (await bench.jobs.runs(bench.job, fresh=True)).completed[1]
    await put(bench, keys.build_file(bench.job, build or "", "audiobook.mp3"))
    [output] = await bench.output()
    await bench.raw.delete(keys.OUTPUT, output)
    await bench.jobs.ask(bench.job)
    await settled(bench)
    assert await bench.published() == ["um"]
    assert (await bench.jobs.runs(bench.job, fresh=True)).closed == {1, 2}


async def test_an_output_cut_short_is_published_again() -> None:
    bench = await closed(("um",))
    name = await bench.jobs.output_name(bench.job)
    build = (await bench.jobs.runs(bench.job, fresh=True)).completed[1]
    assert name
    await bench.raw.put(keys.OUTPUT, keys.output(*name, "mp3"), b"[", metadata={"build": build or ""})
    await settled(bench)
    assert await bench.published() == ["um"]


async def test_an_outcome_that_cannot_be_read_is_a_failed_run_that_can_be_retried() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await put(bench, keys.run_event(bench.job, 1, "outcome"), b"not json")
    await settled(bench)
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert (runs.state, runs.closed) == (State.FAILED, {1})
    assert "0001-outcome.json" in (runs.outcomes[1].reason or "")
    await bench.jobs.open_run(bench.job, 2, Opened(reason="retry", at=bench.now))
    await settled(bench)
    assert await bench.published() == ["um"]


async def test_a_plan_that_cannot_be_read_fails_the_run_though_no_event_is_under_way() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    bench.events.clear()
    await put(bench, keys.plan(bench.job))
    fresh = bench.process()
    bench.later(seconds=31)
    await fresh.reconciler.round()
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert runs.state is State.FAILED
    reason = runs.outcomes[1].reason or ""
    assert "plan.json" in reason
    assert "http" not in reason
    assert "\n" not in reason


async def test_an_acceptance_that_cannot_be_read_is_still_told_by_its_marker() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    await put(bench, keys.run_event(bench.job, 1, "opened"))
    await settled(bench)
    assert await bench.output() == ["2026-03-01/livro.mp3"]


async def test_a_rejection_that_cannot_be_read_rejects_nothing() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="encode")
    await put(bench, keys.rejection(bench.job, 0))
    await settled(bench)
    assert await bench.published() == ["um"]


async def test_a_claim_of_an_announcement_that_cannot_be_read_is_made_anew() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="announce")
    name = keys.delivery(bench.job, 1, "handoff")
    await put(bench, name)
    await settled(bench)
    found = await bench.raw.get(keys.JOBS, name)
    delivery = Delivery.read(found.body) if found else None
    assert delivery
    assert delivery.is_receipt
    assert await markers(bench) == []


async def test_a_run_that_lost_its_marker_is_found_by_its_name() -> None:
    bench = await closed(("um", "dois"))
    await bench.edit(0, "outro")
    await bench.deliver(until="encode")
    bench.events.clear()
    [marker] = await markers(bench)
    await bench.raw.delete(keys.JOBS, marker)
    await settled(bench)
    assert await bench.published() == ["outro", "dois"]


async def test_a_run_that_lost_its_marker_is_found_when_somebody_asks() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    bench.events.clear()
    await bench.raw.delete(keys.JOBS, keys.marker(bench.job, 1))
    await bench.jobs.ask(bench.job)
    await bench.first.reconciler.round()
    await bench.reconcile()
    assert await bench.published() == ["um"]


async def test_a_stray_object_among_the_markers_is_left_alone() -> None:
    bench = await closed(("um",))
    await put(bench, keys.marker("00000000-0000-4000-8000-000000000000", 1))
    bench.later(seconds=31)
    await bench.first.reconciler.round()
    assert await bench.hints() == []


async def test_an_edit_is_followed_though_the_manifest_of_the_build_is_gone() -> None:
    bench = await closed(("um",))
    build = (await bench.jobs.runs(bench.job, fresh=True)).completed[1]
    await bench.raw.delete(keys.JOBS, keys.manifest(bench.job, build or ""))
    await bench.edit(0, "outro")
    await bench.deliver(process=bench.process())
    assert await bench.published() == ["outro"]
