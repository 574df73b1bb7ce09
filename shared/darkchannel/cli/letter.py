"""A dead letter as the command line tells of it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from darkchannel.errors import Permanent
from darkchannel.events import ObjectCreated
from darkchannel.messaging import topology
from darkchannel.messaging.port import Dead
from darkchannel.runtime.consumer import job_of


class Letter(BaseModel):
    """What ``--json`` prints of a dead letter."""

    model_config = ConfigDict(frozen=True)

    id: str
    at: datetime | None = None
    """When it was put aside, where that is known."""
    service: str
    stage: str
    job: str | None = None
    object: str | None = None
    """``bucket/key`` of the object that it tells of; missing where it cannot be read."""
    attempts: int
    reason: str

    @property
    def about(self) -> str:
        return self.job or self.object or ""


def read(dead: Dead, service: str) -> Letter:
    event = event_of(dead)
    return Letter(
        id=dead.id,
        at=dead.at,
        service=service,
        stage=stage_of(dead) or dead.delivery.queue,
        job=job_of(event) if event else None,
        object=f"{event.bucket}/{event.key}" if event else None,
        attempts=dead.delivery.attempt,
        reason=dead.reason,
    )


def event_of(dead: Dead) -> ObjectCreated | None:
    """What a message told of; None where it is no notification."""
    try:
        return ObjectCreated.decode(dead.delivery.body)
    except Permanent:
        return None


def stage_of(dead: Dead) -> str | None:
    """The stage that gave up on it; None where there is no such stage any more."""
    try:
        return topology.stage_of(dead.delivery.queue).name
    except ValueError:
        return None
