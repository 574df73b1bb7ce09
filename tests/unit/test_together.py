"""Several requests at once: as many as may be, and none left behind."""

import asyncio

import pytest

from darkchannel.runtime.together import together


async def test_answers_come_in_the_order_of_the_questions() -> None:
    later = asyncio.Event()

    async def first() -> int:
        await later.wait()
        return 1

    async def second() -> int:
        later.set()
        return 2

    assert await together([first(), second()], at_once=2) == [1, 2]


async def test_no_more_are_under_way_than_may_be() -> None:
    under_way = most = 0

    async def one() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    await together([one() for _ in range(20)], at_once=3)
    assert most == 3


async def test_the_first_error_ends_the_others_and_is_raised_as_it_is() -> None:
    ended = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def wrong() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await together([endless(), wrong(), endless()], at_once=2)
    assert ended.is_set()


async def test_a_caller_that_gives_up_leaves_nothing_behind() -> None:
    ended = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(together([endless(), endless()], at_once=1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
