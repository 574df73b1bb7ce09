"""Deliveries: a claim before sending, a receipt after; one object for each (job, run, event) and each recording."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

LADDER: Final = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds to wait after the first, second ... failed try, as Standard Webhooks has them; then it is given up.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

State = Literal["pending", "delivered", "failed", "skipped", "refused"]


class Delivery(BaseModel):
    """A claim while ``ended`` is unset, a receipt from then on."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    """What the receiver knows it by: ``webhook-id``, the same on every try."""
    to: str = ""
    """Host of the receiver, with its port where it is not the usual one; never the whole address, which may hold a
    token."""
    attempts: int
    """Tries begun, this one included."""
    deadline: AwareDatetime
    """Until then nobody else may try: the sender's time, or the wait after a failed try."""
    since: AwareDatetime | None = None
    """When it was first due; unset where it was asked for anew."""
    nonce: str
    """Tells two claims of the same moment apart."""
    sequence: int = 0
    """Of progress: which state of the job it tells of."""
    ended: AwareDatetime | None = None
    status: int | None = None
    """The receiver's last HTTP status; 0 where there was no answer, and where it was given up without a try."""
    ticket_id: str | None = None
    note: str | None = None
    """Why nothing was sent, or what went wrong."""
    refused: bool = False
    """What was to be told of cannot be: the note says why."""

    @classmethod
    def read(cls, body: bytes) -> "Delivery | None":
        """None for what a person made unreadable: then it is announced again, under the same id."""
        try:
            return cls.model_validate_json(body)
        except ValidationError:
            return None

    @property
    def is_receipt(self) -> bool:
        return self.ended is not None

    @property
    def state(self) -> State:
        if not self.is_receipt:
            return "pending"
        if self.refused:
            return "refused"
        if self.status is not None and 200 <= self.status < 300:
            return "delivered"
        return "skipped" if not self.attempts and self.status is None else "failed"


class Announced(BaseModel):
    """``deliveries/NNNN-announced.json``: what the reconciler needs to know of all deliveries of a closed run."""

    model_config = ConfigDict(frozen=True)

    due: AwareDatetime | None
    """When the next of them is to be looked at; None once all are receipts."""

    @classmethod
    def read(cls, body: bytes) -> "Announced | None":
        """None for what a person made unreadable: then all of them are looked at again."""
        try:
            return cls.model_validate_json(body)
        except ValidationError:
            return None


class Disabled(BaseModel):
    """``_destinations/{digest}.json``: an address that wants no more messages, until somebody removes this object."""

    model_config = ConfigDict(frozen=True)

    to: str
    """Host of the receiver, as ``Delivery.to`` has it."""
    at: AwareDatetime | None = None
    note: str = "it answered 410"

    @classmethod
    def read(cls, body: bytes) -> "Disabled | None":
        """None for what a person made unreadable: the address is called again once the object is gone."""
        try:
            return cls.model_validate_json(body)
        except ValidationError:
            return None


def wait_after(attempts: int, ladder: Sequence[float] = LADDER) -> timedelta | None:
    """How long to wait after this many failed tries; None to give up."""
    return timedelta(seconds=ladder[attempts - 1]) if attempts <= len(ladder) else None


def digest_of(url: str) -> str:
    """Names a receiver's address without telling it: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:16]
