"""A huge book keeps every synthesizer busy and hardly delays a small one, with a second a segment of virtual time."""

import asyncio

import pytest

from tests.benchmarks import fairness, virtual_time


def test_virtual_time_passes_at_once_and_in_order() -> None:
    async def later(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return asyncio.get_running_loop().time()

    async def both() -> list[float]:
        return await asyncio.gather(later(7_200), later(3_600))

    assert virtual_time.run(both()) == [7_200, 3_600]


def test_virtual_time_says_so_when_nothing_would_ever_happen() -> None:
    async def stuck() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="nothing would ever happen"):
        virtual_time.run(stuck())


def test_a_lone_book_keeps_32_slots_busy() -> None:
    assert fairness.utilisation() >= fairness.LEAST_UTILISATION


def test_urgent_books_whose_engine_never_answers_leave_small_jobs_of_others_their_room() -> None:
    assert fairness.silent_ratio() <= fairness.MOST_SILENT_RATIO


@pytest.mark.soak
def test_a_huge_book_makes_small_jobs_take_at_most_twice_as_long() -> None:
    assert fairness.measure().ratio <= fairness.MOST_RATIO
