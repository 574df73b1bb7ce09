"""A question to a server that may be busy: asked once for all who wait, and not again for a while."""

import asyncio
import gc

import pytest

from darkchannel.errors import Unavailable
from services.synthesizer.engines import look
from services.synthesizer.engines.look import Look

BUSY = Unavailable("it does not say in time")


class Asked:
    """A server that answers when it is let."""

    def __init__(self) -> None:
        self.times = 0
        self.answer: asyncio.Future[Unavailable | None] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> Unavailable | None:
        self.times += 1
        return await asyncio.shield(self.answer)


async def rest() -> None:
    """Until whatever can go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_server_is_asked_once_for_all_who_wait_also_when_the_first_gives_up() -> None:
    asked = Asked()
    one = Look(asked)
    first, *others = [asyncio.create_task(one.made()) for _ in range(4)]
    await rest()
    first.cancel()
    await rest()
    asked.answer.set_result(None)
    assert await asyncio.gather(*others) == [None] * 3
    assert asked.times == 1
    await one.made()
    assert asked.times == 2


async def test_what_a_server_held_back_is_not_waited_for_again() -> None:
    asked = Asked()
    one = Look(asked)
    asked.answer.set_result(BUSY)
    assert [*await asyncio.gather(one.made(), one.made()), await one.made()] == [BUSY] * 3
    assert asked.times == 1


async def test_a_server_that_held_something_back_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "QUIET_SECONDS", 0)
    asked = Asked()
    one = Look(asked)
    asked.answer.set_result(BUSY)
    assert await one.made() is BUSY
    asked.answer = asyncio.get_running_loop().create_future()
    asked.answer.set_result(None)
    assert await one.made() is None


async def test_a_server_that_is_away_is_asked_by_each_who_comes_later() -> None:
    asked = Asked()
    one = Look(asked)
    asked.answer.set_exception(Unavailable("nobody answers"))
    told = await asyncio.gather(*(one.made() for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in told] == ["nobody answers"] * 3
    assert asked.times == 1
    with pytest.raises(Unavailable):
        await one.made()
    assert asked.times == 2


async def test_an_error_that_nobody_waits_for_any_more_is_no_ones(caplog: pytest.LogCaptureFixture) -> None:
    asked = Asked()
    one = Look(asked)
    impatient = asyncio.create_task(one.made())
    await rest()
    impatient.cancel()
    asked.answer.set_exception(Unavailable("nobody answers"))
    await rest()
    del one, impatient
    gc.collect()
    assert not caplog.records


async def test_closing_gives_up_what_is_asked() -> None:
    asked = Asked()
    one = Look(asked)
    waiting = asyncio.create_task(one.made())
    await rest()
    await one.close()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    await one.close()
