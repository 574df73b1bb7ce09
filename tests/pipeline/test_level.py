"""The level of a book: decided once, before its first build, and every section is of it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from darkchannel import keys
from darkchannel.errors import Permanent
from darkchannel.jobs.records import Level, Manifest, book_digest
from services.merger.level import MOST_GAIN_DB
from services.merger.mastering import Brief, Master, Mastered, Take
from tests.pipeline.bench import Bench
from tests.pipeline.process import simulated_master

SECONDS = 40


def heard(loudness: float, seconds: int = SECONDS) -> Master:
    """Mastering whose sections are so loud and so long."""

    async def master(takes: AsyncIterator[Take], brief: Brief, /) -> Mastered:
        made = await simulated_master(takes, brief)
        return replace(made, samples=seconds * brief.rate, loudness=loudness + brief.gain)

    return master


async def newest(bench: Bench) -> Manifest:
    build = (await bench.jobs.runs(bench.job, fresh=True)).completed[1]
    manifest = await bench.jobs.manifest(bench.job, build or "")
    assert manifest
    return manifest


async def is_of_its_sections(bench: Bench) -> bool:
    """Whether the newest build is what its sections are, so that an edit has one of them encoded and no more."""
    plan = await bench.jobs.plan(bench.job)
    assert plan
    return (await bench.jobs.chain(bench.job)).digest(plan) == (await newest(bench)).digest


async def narrated(master: Master) -> Bench:
    bench = Bench()
    bench.events.append(await bench.drop())
    await bench.deliver(process=bench.process(master=master))
    return bench


async def test_a_book_that_is_too_soft_is_encoded_once_more_at_its_loudness() -> None:
    bench = await narrated(heard(-25.0))
    assert await bench.published() == ["um", "dois", "três"]
    assert (await newest(bench)).loudness == pytest.approx(-19)
    assert await bench.jobs.gain(bench.job) == pytest.approx(6.0)
    assert bench.engine_calls == ["um", "dois", "três"]


@pytest.mark.parametrize(("loudness", "seconds"), [(-19.2, SECONDS), (-18.8, SECONDS), (-25.0, 5)])
async def test_a_book_at_its_loudness_or_too_short_to_have_one_is_left_as_it_is(loudness: float, seconds: int) -> None:
    bench = await narrated(heard(loudness, seconds))
    assert (await newest(bench)).loudness == pytest.approx(loudness)
    assert await bench.jobs.gain(bench.job) == 0


async def test_no_book_is_raised_by_more_than_the_most() -> None:
    bench = await narrated(heard(-120.0))
    assert await bench.jobs.gain(bench.job) == pytest.approx(MOST_GAIN_DB)


@pytest.mark.parametrize("earlier", [False, True])
async def test_an_edit_does_not_change_the_level_of_the_other_sections(earlier: bool) -> None:
    """``earlier``: of a book that an earlier release completed, which decided only what was not nothing."""
    bench = await narrated(heard(-19.1))
    if earlier:
        await bench.raw.delete(keys.JOBS, keys.level(bench.job))
    before = await bench.jobs.section(bench.job, 1)
    await bench.raw.put(keys.JOBS, keys.segment(bench.job, 0), b"UM")
    await bench.deliver(process=bench.process(master=heard(-30.0)))
    assert await bench.published() == ["UM", "dois", "três"]
    assert await bench.jobs.section(bench.job, 1) == before
    assert await bench.jobs.gain(bench.job) == 0


async def test_two_mergers_that_measure_differently_make_one_book_of_one_level() -> None:
    bench = Bench()
    bench.events.append(await bench.drop())
    first, second = bench.process(master=heard(-25.0)), bench.process(master=heard(-23.0))
    await bench.deliver(until="assemble", process=first)
    event = bench.take("assemble")
    await first.handlers["assemble"](event)
    await second.handlers["assemble"](event)
    await bench.deliver(process=second)
    records = [(await bench.jobs.section(bench.job, index))[0] for index in range(2)]
    gain = await bench.jobs.gain(bench.job)
    assert {record and record.gain for record in records} == {gain}
    assert (await newest(bench)).loudness == pytest.approx(-23.0 + gain)
    assert await bench.published() == ["um", "dois", "três"]


@pytest.mark.parametrize("stage", ["encode", "assemble"])
@pytest.mark.parametrize(("before", "after"), [(-25.0, -19.1), (-19.1, -25.0), (-25.0, -24.0)])
@pytest.mark.parametrize("edits", [0, 2])
async def test_wherever_a_merger_sleeps_while_others_complete_the_book_its_sections_are_of_its_level(
    stage: str, before: float, after: float, edits: int
) -> None:
    request = 0
    while await was_asleep(stage, request, before, after, edits):
        request += 1
    assert request > 10


async def was_asleep(stage: str, request: int, before: float, after: float, edits: int) -> bool:
    """Whether a merger still had that request to make: before it, others edited and completed the book."""
    bench = Bench(("um",), ("dois",))
    bench.events.append(await bench.drop())
    slow, quick = bench.process(master=heard(before)), bench.process(master=heard(after))
    await bench.deliver(until=stage, process=slow)
    woken: list[int] = []

    async def completed() -> None:
        woken.append(request)
        for index in range(edits):
            await bench.edit(index, "outro")
        await bench.deliver(process=quick)
        bench.later(seconds=2)

    event = bench.take(stage)
    bench.store.before_number(request, completed)
    await slow.handlers[stage](event)
    if woken:
        await bench.deliver(process=quick)
        assert await is_of_its_sections(bench), f"woken before request {request}"
    return bool(woken)


def test_a_book_of_another_level_is_another_build() -> None:
    sections = [(("segment", "chunk"),)]
    assert len({book_digest(sections, gain) for gain in (0.0, 1.5, -1.5)}) == 3


async def test_who_decides_later_changes_nothing() -> None:
    bench = await narrated(heard(-19.0))
    decided = [await bench.jobs.save_level(bench.job, Level(gain=gain)) for gain in (1.0, 2.0)]
    assert decided == [Level(gain=0.0)] * 2
    assert await bench.jobs.gain(bench.job) == 0


async def test_a_level_whose_hints_are_lost_reaches_its_sections_all_the_same() -> None:
    bench = Bench()
    bench.events.append(await bench.drop())
    bench.first = bench.process(master=heard(-25.0))
    await bench.deliver(until="assemble")
    await bench.first.handlers["assemble"](bench.take("assemble"))
    bench.events.clear()
    await bench.hints()
    for _ in range(4):
        bench.later(seconds=40)
        await bench.reconcile()
    assert (await newest(bench)).loudness == pytest.approx(-19)


@pytest.mark.parametrize("damage", [b"[", b'{"gain": 1e999}', b'{"gain": -1e9}'])
async def test_a_level_that_a_person_damaged_fails_the_run_with_its_name_and_a_retry_goes_on_without_it(
    damage: bytes,
) -> None:
    bench = Bench()
    bench.first = bench.process(master=heard(-25.0))
    bench.events.append(await bench.drop())
    await bench.deliver(until="assemble")
    await bench.raw.put(keys.JOBS, keys.level(bench.job), damage)
    with pytest.raises(Permanent, match=r"level\.json"):
        await bench.first.handlers["assemble"](bench.take("assemble"))
    await bench.raw.delete(keys.JOBS, keys.level(bench.job))
    bench.later(seconds=40)
    await bench.reconcile()
    assert await bench.published() == ["um", "dois", "três"]


async def test_an_edit_of_a_book_whose_level_is_no_number_ends_and_names_it() -> None:
    bench = await narrated(heard(-25.0))
    await bench.raw.put(keys.JOBS, keys.level(bench.job), b'{"gain": 1e999}')
    await bench.edit(0, "UM")
    with pytest.raises(Permanent, match=r"level\.json"):
        await bench.deliver()
