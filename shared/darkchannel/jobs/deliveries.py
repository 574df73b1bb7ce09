"""Announcements: a claim before sending, a receipt after, one object for each (job, run, event)."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, ValidationError

LADDER = tuple(timedelta(seconds=s) for s in (30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""How long to wait after the first, second ... failed try; after the last the announcement is given up."""


class Delivery(BaseModel):
    """``deliveries/NNNN-{event}.json``: a claim while ``ended`` is unset, a receipt from then on."""

    model_config = ConfigDict(frozen=True)

    attempts: int
    """Tries begun, this one included."""
    deadline: datetime
    """Until then nobody else may try: the sender's time, or the wait after a failed try."""
    nonce: str
    """Tells two claims of the same moment apart."""
    ended: datetime | None = None
    status: int | None = None
    """The receiver's last HTTP status."""
    ticket_id: str | None = None
    note: str | None = None
    """Why nothing was sent, or what went wrong."""

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


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after this many failed tries; None to give up."""
    return LADDER[attempts - 1] if attempts <= len(LADDER) else None
