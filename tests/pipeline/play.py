"""One whole interleaving, from its seed."""

import asyncio

from structlog.testing import capture_logs

from tests.pipeline.mixes import Mix
from tests.pipeline.rest import rest, run_down
from tests.pipeline.scheduler import NoThreads
from tests.pipeline.verdict import findings, verdict
from tests.pipeline.world import World


async def play(seed: int, mix: Mix) -> tuple[World, list[str]]:
    """The world after it has come to rest, and what is wrong in it."""
    asyncio.get_running_loop().set_default_executor(NoThreads())
    with capture_logs() as logs:
        world = World(seed, mix)
        await world.drop(world.documents[0])
        stuck = await run_down(world) or await rest(world)
        wrong = [stuck] if stuck else await verdict(world)
        wrong += findings(logs)
        await world.end()
    return world, wrong
