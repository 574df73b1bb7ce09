"""Who hears of jobs: OmniPlay and a webhook, simulated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING

from darkchannel import keys
from darkchannel.runtime.service import Context, Handler
from darkchannel.storage.recordings import Recordings
from services.handoff_notifier.announcing import Announcer
from services.handoff_notifier.calls import Calls
from services.handoff_notifier.delivering import Deliverer
from services.handoff_notifier.destinations import Destinations
from services.handoff_notifier.messages import Answer, Message, Post
from services.handoff_notifier.settings import NotifierSettings
from tests.pipeline.scheduler import RUNNER, Runner

if TYPE_CHECKING:
    from tests.pipeline.world import World

WEBHOOK = "https://avisos.example/livros"
OMNIPLAY = "https://omniplay.example"
TICKET = b'{"ticket_id": 7}'


@lru_cache  # reading settings takes longer than many an interleaving
def notifying() -> NotifierSettings:
    return NotifierSettings(
        omniplay_api_url=OMNIPLAY,
        voice_ai_service_token="token",  # type: ignore[arg-type]  # pydantic makes a secret of it
        omniplay_webhook_secret="antigo",  # type: ignore[arg-type]
        webhook_secrets={"crm": ("segredo",)},  # type: ignore[dict-item]
        webhook_retry_delays=(5.0, 300.0) * 30,  # no receiver of the world is away for longer
    )


def deliverer(context: Context, post: Post, nonce: Callable[[], str]) -> Deliverer:
    """One that neither waits nor leaves anything to chance."""
    return Deliverer(
        context,
        post,
        notifying(),
        destinations=Destinations(context.store, context.clock, patience=0.0),
        nonce=nonce,
        chance=lambda: 0.0,
        pauses=lambda: repeat(0.0),
    )


def notifier(context: Context, post: Post, nonce: Callable[[], str]) -> dict[str, Handler]:
    """Its handlers, by stage."""
    delivers = deliverer(context, post, nonce)
    announcer = Announcer(context, delivers, notifying())
    calls = Calls(context, Recordings(context.store, keys.RECORDINGS, is_own=True), delivers, notifying())
    return {"announce": announcer.announce, "progress": announcer.progress, "handoff": calls.handoff}


@dataclass
class Receivers:
    """Count what they hear. Now and then, as its mix has it, the world's are out of order."""

    world: "World"
    seconds: float = 10.0
    heard: list[tuple[str, tuple[datetime, Runner]]] = field(default_factory=list)
    """The id of each message, when it came and who sent it."""

    def timeout(self, message: Message) -> float:
        del message
        return self.seconds

    async def __call__(self, message: Message, signed: Mapping[str, str]) -> Answer:
        called = self.world.now
        await self.world.scheduler.point()
        if (self.world.now - called).total_seconds() >= self.seconds:
            return Answer(0, note="timed out on the way")
        if status := self.world.refusal():
            return Answer(status, note=f"HTTP {status}")
        assert signed["webhook-id"] == message.id
        self.heard.append((message.id, (self.world.now, RUNNER.get())))
        return Answer(200, TICKET)
