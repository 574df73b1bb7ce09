"""What the broker must hold, derived from the pipeline: a description that adapters declare and docs print.

One durable quorum queue a stage; one queue a retry delay, because a time to live per message blocks
behind the head of its queue; one dead-letter queue a service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from darkchannel import pipeline

RETRY_DELAYS = (30.0, 300.0)
"""Seconds before the second and the third attempt."""

DELIVERY_LIMIT = 100
"""Deliveries that end without a settlement, after which a message counts as poison and is kept aside."""
KEPT_LIMIT = 2**31 - 1
"""The same for dead letters, which every look gives back: RabbitMQ 4 would drop them after twenty.

A limit that nobody reaches, and no -1: RabbitMQ 4 then sends what is given back to the end, and 3.10 drops it.
"""
REASON_LENGTH = 2000
"""Characters of a reason that are kept; headers have to fit one frame."""

DEAD = f"{pipeline.EXCHANGE}.dead"
ATTEMPT_HEADER = "x-attempt"
REASON_HEADER = "x-reason"
QUEUE_HEADER = "x-queue"

SERVICES = tuple(dict.fromkeys(stage.service for stage in pipeline.STAGES))
"""The services that take messages."""
_STAGES = {stage.queue: stage for stage in pipeline.STAGES}
# At-least-once dead-lettering needs this overflow setting; without a length limit it rejects nothing.
_SAFE: dict[str, str | int] = {
    "x-queue-type": "quorum",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange without arguments, as MinIO declares it too."""

    name: str
    type: Literal["direct", "fanout"]


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue."""

    name: str
    arguments: Mapping[str, str | int] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Binding:
    exchange: str
    queue: str
    routing_key: str


@dataclass(frozen=True, slots=True)
class Topology:
    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]


def stage_of(queue: str) -> pipeline.Stage:
    """The stage that a work queue serves. Raises ValueError for a queue that is none."""
    if stage := _STAGES.get(queue):
        return stage
    raise ValueError(f"{queue} is no work queue; there are {', '.join(_STAGES)}")


def retry_name(delay: float) -> str:
    """The exchange and the queue in which a message waits ``delay`` seconds."""
    return f"{pipeline.EXCHANGE}.retry.{delay:g}"


def dead_queue(service: str) -> str:
    """Where the messages of a service are kept aside. Raises ValueError for a service that takes none."""
    if service not in SERVICES:
        raise ValueError(f"{service} takes no messages; these do: {', '.join(SERVICES)}")
    return f"{DEAD}.{service}"


def bounded(reason: str) -> str:
    """A reason as it is kept: of bounded length, and of characters that every encoding can tell."""
    shown = reason if len(reason) <= REASON_LENGTH else f"{reason[: REASON_LENGTH - 1]}…"
    return shown.encode(errors="replace").decode()


def plan(retry_delays: Sequence[float] = RETRY_DELAYS) -> Topology:
    """Everything the broker must hold; ``retry_delays`` in seconds."""
    delays = tuple(dict.fromkeys(retry_delays))
    return Topology(
        exchanges=(
            Exchange(pipeline.EXCHANGE, "direct"),
            Exchange(DEAD, "direct"),
            *(Exchange(retry_name(delay), "fanout") for delay in delays),
        ),
        queues=(
            *(_work_queue(stage) for stage in pipeline.STAGES),
            *(_dead_queue(service) for service in SERVICES),
            *(_retry_queue(delay) for delay in delays),
        ),
        bindings=(
            *(Binding(pipeline.EXCHANGE, stage.queue, stage.name) for stage in pipeline.STAGES),
            *(Binding(DEAD, dead_queue(service), service) for service in SERVICES),
            *(Binding(retry_name(delay), retry_name(delay), "") for delay in delays),
        ),
    )


def _work_queue(stage: pipeline.Stage) -> Queue:
    return Queue(
        stage.queue,
        {
            **_SAFE,
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD,
            "x-dead-letter-routing-key": stage.service,
        },
    )


def _dead_queue(service: str) -> Queue:
    return Queue(dead_queue(service), {"x-queue-type": "quorum", "x-delivery-limit": KEPT_LIMIT})


def _retry_queue(delay: float) -> Queue:
    # Without a dead-letter routing key a message goes back under its own: the stage it came from.
    return Queue(
        retry_name(delay),
        {**_SAFE, "x-message-ttl": round(delay * 1000), "x-dead-letter-exchange": pipeline.EXCHANGE},
    )
