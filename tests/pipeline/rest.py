"""How a world comes to rest, and how anyone knows that it did."""

from datetime import datetime, timedelta

from darkchannel import keys
from darkchannel.jobs.deliveries import Delivery
from tests.pipeline.world import World

ROUND = timedelta(seconds=40)
"""Longer than any grace: what a round at rest finds is due."""
CALM = 3
"""Rounds in which nothing happens, after which nothing will: a turn round all ended jobs and one to begin it."""
ROUNDS = 300
"""More of them than any play needs."""
LONGEST = 5_000
"""Steps, for each document, after which there is no more chance in the world; three times as many are too many."""


async def run_down(world: World) -> str | None:
    """Go on until nothing is under way; what goes on for ever, or None."""
    limit = LONGEST * len(world.documents)
    while await world.step():
        world.quiet = world.quiet or world.scheduler.step > limit
        if world.scheduler.step > 3 * limit:
            return "livelock"
    return None


async def rest(world: World) -> str | None:
    """Go on until even the reconciler finds nothing to do; what goes on for ever, or None."""
    calm = 0
    for _ in range(ROUNDS):
        if stuck := await run_down(world):
            return stuck
        calm = 0 if await _is_pending(world) else calm + 1
        if calm == CALM:
            if not world.acts and not world.coming:
                return None
            await _now_or_never(world)
            calm = 0
        elif world.random.random() < 0.3 and await world.act():
            calm = 0
        world.looked = world.wrote = world.broker.hinted = False
        world.pass_time(ROUND)
        world.start_round()
    return "stall: rounds without end"


async def _now_or_never(world: World) -> None:
    """Nothing moves any more: if the moment of the next act is not now, it never comes."""
    if world.coming:
        await world.drop(world.coming.pop(0))
    elif not await world.act():
        world.acts.pop(0)


async def _is_pending(world: World) -> bool:
    """Whether anything happened in the last round, or will when its time has come."""
    deadline = await _claimed_until(world)
    world.now = deadline or world.now
    happened = world.wrote or world.broker.hinted or not world.looked
    return happened or bool(world.broker.delayed) or deadline is not None


async def _claimed_until(world: World) -> datetime | None:
    """The deadline of an announcement's claim that still holds, or until which it was put off."""
    for job in [document.job for document in world.documents if document.job]:
        async for info in world.raw.list(keys.JOBS, f"{job}/deliveries/"):
            found = await world.raw.get(keys.JOBS, info.key) if keys.parse_delivery(info.key) else None
            claim = Delivery.model_validate_json(found.body) if found else None
            if claim and not claim.is_receipt and world.now < claim.deadline:
                return claim.deadline
    return None
