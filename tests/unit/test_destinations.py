import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel import keys
from darkchannel.runtime.circuit import FAILURES, REST, Circuit
from darkchannel.storage.memory import MemoryStore
from services.handoff_notifier.destinations import (
    AT_ONCE,
    FURTHEST,
    PATIENCE,
    PUT_OFF,
    SPACING,
    WAITS,
    Destination,
    Destinations,
    Place,
    host_of,
)
from tests.benchmarks import virtual_time

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
URL = "https://avisos.example/livros?token=segredo"


def clock() -> datetime:
    return EPOCH + timedelta(seconds=asyncio.get_running_loop().time())


async def taken(destination: Destination) -> Place:
    place = await destination.enter()
    assert isinstance(place, Place)
    return place


async def tried(destination: Destination, *, succeeded: bool | None) -> None:
    place = await taken(destination)
    place.succeeded = succeeded
    destination.leave(place)


TRIES = st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=40)


@given(tries=TRIES)
def test_a_circuit_admits_nobody_for_half_a_minute_after_five_failures_in_a_row_and_then_one_at_a_time(
    tries: list[tuple[int, bool]],
) -> None:
    circuit, now = Circuit(), EPOCH
    in_a_row, last = 0, EPOCH
    for seconds, succeeded in tries:
        now += timedelta(seconds=seconds)
        is_open = in_a_row >= FAILURES
        resting = is_open and now - last < REST
        assert circuit.rests(now) == resting
        assert circuit.admits(now, 0) == (not resting)
        assert circuit.admits(now, 1) == (not is_open)
        if not resting:
            circuit = circuit.after(now, succeeded=succeeded)
            in_a_row, last = (0 if succeeded else in_a_row + 1), now


def test_a_place_is_free_for_so_many_at_once_and_the_next_comes_again_later() -> None:
    async def story() -> None:
        destination = Destination(clock, patience=0.0)
        places = [await taken(destination) for _ in range(AT_ONCE)]
        assert await destination.enter() == clock() + PUT_OFF
        destination.leave(places[0])
        await taken(destination)

    virtual_time.run(story())


def test_who_is_put_off_comes_again_after_those_before_him() -> None:
    async def story() -> None:
        destination = Destination(clock, patience=0.0)
        for _ in range(AT_ONCE):
            await taken(destination)
        turns = [await destination.enter() for _ in range(100)]
        assert turns == [clock() + PUT_OFF + n * SPACING for n in range(100)]

    virtual_time.run(story())


def test_nobodys_turn_is_further_than_five_minutes_behind_the_first() -> None:
    async def story() -> None:
        destination = Destination(clock, patience=0.0)
        for _ in range(AT_ONCE):
            await taken(destination)
        turns = [await destination.enter() for _ in range(5000)]
        assert turns[0] == min(turns) == clock() + PUT_OFF
        assert max(turns) == clock() + PUT_OFF + FURTHEST
        assert max(turns.count(turn) for turn in {*turns}) <= 5000 * SPACING / FURTHEST + 1

    virtual_time.run(story())


def test_who_waits_no_longer_just_when_all_before_him_leave_has_a_place() -> None:
    async def story() -> None:
        destination = Destination(clock, PATIENCE)
        places = [await taken(destination) for _ in range(AT_ONCE)]

        async def all_leave() -> None:
            await asyncio.sleep(PATIENCE)
            for place in places:
                destination.leave(place)

        leaving = asyncio.create_task(all_leave())
        await asyncio.sleep(0)
        await taken(destination)
        await leaving

    virtual_time.run(story())


def test_nobody_waits_behind_slow_tries_for_longer_than_a_quarter_of_a_second() -> None:
    async def story() -> float:
        destination = Destination(clock, PATIENCE)
        for _ in range(AT_ONCE):
            await taken(destination)
        await asyncio.sleep(1)
        began = clock()
        assert isinstance(await destination.enter(), datetime)
        return (clock() - began).total_seconds()

    assert virtual_time.run(story()) == pytest.approx(PATIENCE)


def test_behind_quick_tries_one_waits_for_a_place_but_not_for_ever() -> None:
    async def story() -> float:
        destination = Destination(clock, PATIENCE)

        async def quick(seconds: float) -> bool:
            place = await destination.enter()
            if isinstance(place, datetime):
                return False
            await asyncio.sleep(seconds)
            destination.leave(place)
            return True

        assert all(await asyncio.gather(*(quick(0.2) for _ in range(4 * AT_ONCE))))
        began = clock()
        late = await asyncio.gather(*(quick(0.9) for _ in range(40 * AT_ONCE)))
        assert not all(late)
        return (clock() - began).total_seconds()

    assert virtual_time.run(story()) <= WAITS * PATIENCE + 1


def test_the_circuit_opens_for_those_who_waited_too() -> None:
    async def story() -> None:
        destination = Destination(clock, PATIENCE)
        for _ in range(FAILURES - 1):
            await tried(destination, succeeded=False)
        places = [await taken(destination) for _ in range(AT_ONCE)]
        waiting = asyncio.create_task(destination.enter())
        await asyncio.sleep(0)
        places[0].succeeded = False
        destination.leave(places[0])
        assert await waiting == clock() + REST
        for place in places[1:]:
            place.succeeded = True
            destination.leave(place)
        for _ in range(AT_ONCE):
            await taken(destination)

    virtual_time.run(story())


def test_one_success_lets_everybody_in_again_and_what_nobody_asked_says_nothing() -> None:
    async def story() -> None:
        destination = Destination(clock, patience=0.0)
        for _ in range(FAILURES):
            await tried(destination, succeeded=False)
        await asyncio.sleep(REST.total_seconds())
        await tried(destination, succeeded=None)
        probe = await taken(destination)
        assert isinstance(await destination.enter(), datetime)
        probe.succeeded = True
        destination.leave(probe)
        for _ in range(AT_ONCE):
            await taken(destination)

    virtual_time.run(story())


async def test_a_receiver_of_one_host_and_port_is_one_destination() -> None:
    destinations = Destinations(MemoryStore(), lambda: EPOCH)
    known = destinations.of(host_of(URL))
    assert known is destinations.of(host_of("https://AVISOS.example:443/outros"))
    assert known is not destinations.of(host_of("https://avisos.example:8443/livros"))


async def test_an_address_that_wants_nothing_more_is_known_to_all_and_its_token_to_nobody() -> None:
    store = MemoryStore()
    await Destinations(store, lambda: EPOCH).disable(URL)
    assert await Destinations(store, lambda: EPOCH).is_disabled(URL)
    assert not await Destinations(store, lambda: EPOCH).is_disabled(f"{URL}2")
    [info] = [info async for info in store.list(keys.JOBS, keys.DESTINATIONS_PREFIX)]
    found = await store.get(keys.JOBS, info.key)
    assert found
    assert b"segredo" not in found.body
    assert b"avisos.example" in found.body


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (URL, "avisos.example"),
        ("http://n8n:5678/w", "n8n:5678"),
        ("https://[2001:db8::1]:8443/w", "[2001:db8::1]:8443"),
        ("https://[::", ""),
        ("https://ana:senha@avisos.example/", ""),
        ("", ""),
    ],
)
def test_what_is_told_of_an_address_is_its_host(url: str, host: str) -> None:
    assert host_of(url) == host
