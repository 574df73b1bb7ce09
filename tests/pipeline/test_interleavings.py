"""Thousands of interleavings of the real handlers: whatever is lost, doubled, late or killed, a job ends whole.

A hundred interleavings of each mix run by default, a thousand more in `make soak`.
``DARKCHANNEL_SEED=17 pytest -s -k 'crashes'`` replays one and prints every write in its order.
"""

import os

import pytest

from tests.pipeline.world import UNSPEAKABLE, Mix, play

SEEDS = 100
SOAK_SEEDS = 1_000


def edit(index: int, text: str, when: str = "any") -> tuple[object, ...]:
    return ("edit", index, text, when)


MIXES = {
    "plain": Mix(),
    "tripled and shuffled": Mix(double=1.0),
    "refused": Mix(refused=True),
    "edit during": Mix(acts=(edit(0, "B", "open"),)),
    "two edits": Mix(acts=(edit(0, "B"), edit(1, "C"))),
    "edit and undo during": Mix(acts=(edit(0, "B", "open"), edit(0, "undo", "open"))),
    "edit while deciding": Mix(loss=0, acts=(edit(0, "B", "deciding"),)),
    "cancel": Mix(acts=(("cancel",),)),
    "cancel, then retry": Mix(acts=(("cancel",), ("retry",))),
    "cancel and retry at once, twice": Mix(acts=(("cancel",), ("retry",), ("retry",), ("cancel",))),
    "fail, then retry": Mix(fails=1, acts=(("retry",),)),
    "fail twice, edit, retry": Mix(fails=2, acts=(edit(0, "B"), ("retry",), ("retry",))),
    "fail or cancel, then retry": Mix(fails=1, acts=(("cancel",), ("retry",))),
    "edit after completion": Mix(loss=0, acts=(edit(0, "B", "completed"),)),
    "unspeakable edit": Mix(loss=0, acts=(edit(0, UNSPEAKABLE, "completed"),)),
    "withdraw": Mix(acts=(("withdraw",),)),
    "broker wiped": Mix(acts=(("wipe",), ("wipe",))),
    "splitter upgraded": Mix(acts=(("upgrade",),), crash=0.03),
    "no events at all": Mix(loss=1.0),
    "slow": Mix(straggle=0.12),
    "slow and wiped": Mix(straggle=0.08, crash=0.03, acts=(("wipe",), ("wipe",))),
    "crashes": Mix(crash=0.04, acts=(edit(0, "B"),)),
}


async def hold(name: str, seeds: range) -> None:
    only = os.environ.get("DARKCHANNEL_SEED")
    for seed in [int(only)] if only else seeds:
        world, wrong = await play(seed, MIXES[name])
        if only:
            print("\n".join(world.trace))
        assert not wrong, f"mix {name!r}, seed {seed}: {wrong}"


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
