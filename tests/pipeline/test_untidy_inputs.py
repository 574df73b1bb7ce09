"""Segments that a person saved badly, and documents that come again or many at once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from darkchannel import keys
from darkchannel.jobs.runs import State
from services.splitter.handler import LARGE_BYTES, READERS, Splitter
from services.splitter.settings import SplitterSettings
from services.synthesizer.handler import MAX_SEGMENT_BYTES
from tests.pipeline.bench import Bench, closed


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("Olá".encode("latin-1"), "segment 0 cannot be spoken: byte 2 of it is not UTF-8: save it as UTF-8"),
        (b"x" * (MAX_SEGMENT_BYTES + 1), "segment 0 cannot be spoken: it has more than the 1,000,000 bytes"),
    ],
)
async def test_a_segment_that_cannot_be_read_as_it_was_meant_is_not_spoken(body: bytes, reason: str) -> None:
    bench = await closed()
    await bench.raw.put(keys.JOBS, keys.segment(bench.job, 0), body)
    await bench.deliver()
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert (runs.state, bench.engine_calls) == (State.FAILED, [])
    assert (runs.outcomes[2].reason or "").startswith(reason)


async def test_a_document_whose_event_comes_again_while_it_is_read_is_read_once() -> None:
    bench = Bench()
    event = await bench.drop()
    plan = keys.plan(bench.job)
    reads = []

    async def it_comes_again() -> None:
        bench.store.before("put", plan, plan_is_stored_twice)
        await bench.first.handlers["accept"](event)

    async def plan_is_stored_twice() -> None:
        reads.append(plan)

    bench.store.before("put", plan, it_comes_again)
    await bench.first.handlers["accept"](event)
    await bench.deliver()
    assert reads == []
    assert len(await bench.published()) == 3


async def test_a_document_whose_reading_broke_off_is_read_when_its_event_comes_again() -> None:
    bench = Bench()
    event = await bench.drop()

    async def it_breaks_off() -> None:
        raise ConnectionError

    bench.store.before("put", keys.plan(bench.job), it_breaks_off)
    with pytest.raises(ConnectionError):
        await bench.first.handlers["accept"](event)
    await bench.first.handlers["accept"](event)
    await bench.deliver()
    assert len(await bench.published()) == 3


@pytest.mark.parametrize(("size", "at_once"), [(1, READERS), (LARGE_BYTES + 1, 1)])
async def test_few_documents_are_read_at_once_and_one_of_the_large(size: int, at_once: int) -> None:
    bench = Bench()
    reading: set[str] = set()
    most = 0

    async def compute(function: Any, first: Any, *args: Any) -> Any:
        nonlocal most
        name = args[0] if len(args) > 1 else ""
        reading.add(name)
        most = max(most, len(reading))
        for _ in range(20):
            await asyncio.sleep(0)
        reading.discard(name)
        return await context.compute(function, first, *args)

    context = bench.context()
    splitter = Splitter(replace(context, compute=compute), SplitterSettings(_env_file=None))
    events = [await bench.drop(f"livro-{number}.md", b"x" * size) for number in range(2 * READERS)]
    await asyncio.gather(*map(splitter.accept, events))
    assert most == at_once


async def test_a_small_document_is_not_held_up_by_large_ones() -> None:
    bench = Bench()
    large = [await bench.drop(f"livro-{number}.md", b"x" * (LARGE_BYTES + 1)) for number in range(2 * READERS)]
    small = await bench.drop("conto.md")
    is_read = asyncio.Event()

    async def compute(function: Any, first: Any, *args: Any) -> Any:
        if not is_read.is_set() and args[0] != "conto.md":
            await is_read.wait()
        is_read.set()
        return await context.compute(function, first, *args)

    context = bench.context()
    splitter = Splitter(replace(context, compute=compute), SplitterSettings(_env_file=None))
    async with asyncio.timeout(10):
        await asyncio.gather(*map(splitter.accept, [*large, small]))
    assert await bench.raw.get(keys.JOBS, keys.plan(bench.job))
