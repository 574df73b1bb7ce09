"""Thousands of interleavings of the real handlers: whatever is lost, doubled, late or killed, a job ends whole.

Some dozens of each mix are played by default, a thousand more in `make soak`.
``DARKCHANNEL_SEED=17 pytest -s -k 'crashes'`` replays one and prints every write in its order.
"""

import os

import pytest

from tests.pipeline.mixes import MIXES, Mix, edit
from tests.pipeline.play import play

SEEDS = 35
SOAK_SEEDS = 1_000


async def hold(name: str, seeds: range) -> None:
    only = os.environ.get("DARKCHANNEL_SEED")
    duplicates = 0
    for seed in [int(only)] if only else seeds:
        world, wrong = await play(seed, MIXES[name])
        if only:
            print("\n".join(world.trace))
        assert not wrong, f"mix {name!r}, seed {seed}: {wrong}"
        duplicates += world.engine.duplicates
    print(f"{name}: {duplicates} texts spoken twice")


@pytest.mark.parametrize("name", MIXES)
async def test_every_job_ends_whole_and_announced_once(name: str) -> None:
    await hold(name, range(SEEDS))


@pytest.mark.soak
@pytest.mark.parametrize("name", MIXES)
async def test_every_job_of_a_long_night_ends_whole_and_announced_once(name: str) -> None:
    await hold(name, range(SEEDS, SEEDS + SOAK_SEEDS))


async def test_the_same_seed_plays_the_same_interleaving() -> None:
    first, _ = await play(7, MIXES["crashes"])
    second, _ = await play(7, MIXES["crashes"])
    assert first.trace == second.trace


async def test_an_edit_that_nobody_hears_of_or_looks_for_is_seen_to_be_missing() -> None:
    deaf = Mix(page=False, loss=0.5, acts=(edit(0, "B", "closed"),))
    found = [it for seed in range(10) for it in (await play(seed, deaf))[1]]
    assert any("the completed build is" in it for it in found)
