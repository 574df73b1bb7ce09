"""OmniPlay, simulated."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from services.handoff_notifier.omniplay import Answer, Handoff
from tests.pipeline.scheduler import RUNNER, Runner

if TYPE_CHECKING:
    from tests.pipeline.world import World


@dataclass
class Receiver:
    """Counts what it hears."""

    world: "World"
    timeout: float = 10.0
    heard: list[tuple[str, tuple[datetime, Runner]]] = field(default_factory=list)
    """The id of each handoff, when it came and who sent it."""

    async def send(self, handoff: Handoff, at: datetime) -> Answer:
        called = self.world.now
        await self.world.scheduler.point()
        if (self.world.now - called).total_seconds() >= self.timeout:
            return Answer(0, note="timed out on the way")
        self.heard.append((handoff.id, (self.world.now, RUNNER.get())))
        return Answer(200, "7")
