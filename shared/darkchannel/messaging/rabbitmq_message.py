"""How a delivery and a dead letter are written as AMQP messages, and read."""

from datetime import datetime

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage, HeadersType

from darkchannel import pipeline
from darkchannel.messaging.port import Dead, Delivery
from darkchannel.messaging.topology import ATTEMPT_HEADER, QUEUE_HEADER, REASON_HEADER, bounded

_WORK = {stage.queue for stage in pipeline.STAGES}
_DELIVERY_LIMIT = "delivery_limit"


def write(delivery: Delivery) -> Message:
    return _message(delivery.body, {ATTEMPT_HEADER: delivery.attempt})


def write_dead(dead: Dead) -> Message:
    headers: HeadersType = {
        ATTEMPT_HEADER: dead.delivery.attempt,
        REASON_HEADER: bounded(dead.reason),
        QUEUE_HEADER: dead.delivery.queue,
    }
    return _message(dead.delivery.body, headers, dead.at)


def read(queue: str, message: AbstractIncomingMessage) -> Delivery:
    return Delivery(
        queue,
        message.body,
        attempt=_attempt(message),
        redelivered=bool(message.redelivered),
        returns=_number(message.headers.get("x-delivery-count")),
    )


def read_dead(message: AbstractIncomingMessage) -> Dead:
    """A letter that a consumer buried, or one that RabbitMQ set aside by itself, which says so in other headers."""
    reason, queue = message.headers.get(REASON_HEADER), message.headers.get(QUEUE_HEADER)
    if isinstance(reason, str) and isinstance(queue, str):
        return Dead(Delivery(queue, message.body, _attempt(message)), reason, message.timestamp)
    death = _death(message.headers)
    at = death.get("time")
    return Dead(
        Delivery(str(death.get("queue", "")), message.body, _attempt(message)),
        _told(death.get("reason")),
        at if isinstance(at, datetime) else None,
    )


def _message(body: bytes, headers: HeadersType, timestamp: datetime | None = None) -> Message:
    return Message(
        body,
        headers=headers,
        timestamp=timestamp,
        content_type="application/json",
        delivery_mode=DeliveryMode.PERSISTENT,
    )


def _attempt(message: AbstractIncomingMessage) -> int:
    # A message of MinIO's has no such header.
    return max(1, _number(message.headers.get(ATTEMPT_HEADER)))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _death(headers: HeadersType) -> HeadersType:
    """The broker's note on how a message left its work queue; its way through a retry queue left one too."""
    notes = headers.get("x-death")
    found = [note for note in notes if isinstance(note, dict)] if isinstance(notes, list) else []
    return next((note for note in found if note.get("queue") in _WORK), {})


def _told(reason: object) -> str:
    if reason == _DELIVERY_LIMIT:
        return "it came back too often: each time, what handled it ended or lost its connection before it was done"
    return f"RabbitMQ set it aside and says why in one word: {reason}" if reason else "nothing says why it lies here"
