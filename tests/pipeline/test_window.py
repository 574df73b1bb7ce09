"""How much of a job is in flight: ``window.json`` says it, the reconciler keeps it filled."""

import pytest

from darkchannel import keys
from tests.pipeline.bench import Bench

TEXTS = tuple(f"texto {index}" for index in range(12))
WIDTH = 4
"""What a job of low priority starts with."""


async def accepted() -> Bench:
    """A job of twelve segments, the first four of them released and none spoken."""
    bench = Bench(TEXTS)
    bench.events.append(await bench.drop())
    await bench.deliver(until="speak")
    assert await released(bench) == [0, 1, 2, 3]
    return bench


async def released(bench: Bench) -> list[int]:
    return sorted(await bench.jobs.segments(bench.job))


async def speak(bench: Bench, index: int) -> None:
    [event] = [event for event in bench.events if event.key == keys.segment(bench.job, index)]
    await bench.first.handlers["speak"](event)


async def widen(bench: Bench, width: int) -> None:
    await bench.raw.put(keys.JOBS, keys.window(bench.job), f'{{"width": {width}}}'.encode())


async def _die() -> None:
    raise RuntimeError("killed here")


async def interrupted() -> Bench:
    """A job whose splitter died when only segments 0 and 1 were released."""
    bench = Bench(TEXTS)
    event = await bench.drop()
    bench.store.before("put", keys.segment(bench.job, 2), _die)
    with pytest.raises(RuntimeError):
        await bench.first.handlers["accept"](event)
    return bench


async def test_holes_in_a_window_are_filled_lowest_first_as_far_as_it_has_room() -> None:
    bench = await interrupted()
    bench.events.clear()
    await bench.second.reconciler.round()
    filled = [key.index for event in bench.events if (key := keys.parse_segment(event.key))]
    assert filled == [2, 3]


async def test_what_is_in_flight_further_on_takes_its_room_in_the_window() -> None:
    bench = await interrupted()
    plan = await bench.jobs.plan(bench.job)
    assert plan
    await bench.jobs.release(bench.job, plan, 5)
    for _ in range(3):
        await bench.second.reconciler.round()
    assert await released(bench) == [0, 1, 2, 5]


async def test_a_full_window_is_left_alone_until_something_in_it_was_spoken() -> None:
    bench = await accepted()
    await bench.second.reconciler.round()
    assert await released(bench) == [0, 1, 2, 3]
    bench.store.before("put", keys.segment(bench.job, 4), _die)
    with pytest.raises(RuntimeError):
        await speak(bench, 0)
    await bench.second.reconciler.round()
    assert await released(bench) == [0, 1, 2, 3, 4]


async def test_a_window_made_wider_by_hand_is_followed_after_a_second_and_then_filled() -> None:
    bench = await accepted()
    await speak(bench, 0)
    await widen(bench, 6)
    await speak(bench, 1)
    assert await released(bench) == [0, 1, 2, 3, 4, 5]
    bench.later(seconds=1)
    await speak(bench, 2)
    assert await released(bench) == [0, 1, 2, 3, 4, 5, 8]
    await bench.first.reconciler.round()
    assert await released(bench) == [0, 1, 2, 3, 4, 5, 6, 7, 8]


async def test_a_window_made_narrower_by_hand_lets_what_is_in_flight_run_out_first() -> None:
    bench = await accepted()
    await widen(bench, 2)
    bench.later(seconds=1)
    for index in (0, 1):
        await speak(bench, index)
        await bench.first.reconciler.round()
    assert await released(bench) == [0, 1, 2, 3]
    await speak(bench, 2)
    assert await released(bench) == [0, 1, 2, 3, 4]


async def test_a_job_whose_window_was_changed_by_hand_is_finished() -> None:
    bench = await accepted()
    await widen(bench, 3)
    bench.later(seconds=1)
    await bench.deliver()
    for _ in range(len(TEXTS)):
        bench.later(seconds=31)
        await bench.reconcile()
    assert await bench.output() == ["2026-03-01/livro.mp3"]
    assert bench.engine_calls == list(TEXTS)
