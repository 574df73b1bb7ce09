"""What is sent to a receiver, and what came of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

RETRIED = frozenset({408, 409, 425, 429})
GONE = 410

_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def clean(text: str) -> str:
    """Text as a receiver's database takes it: without NUL, other control characters and halves of characters."""
    return _UNSAFE.sub("", text)


@dataclass(frozen=True, slots=True)
class Message:
    """One POST, the same on every try but for its signature's time."""

    id: str
    """``webhook-id``: from (job, run, event) or the recording's key, never from the body."""
    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Besides the signature's."""
    secrets: Sequence[str] = field(default=(), repr=False)
    """What signs it, the newest first; none: it is not signed."""
    trusted: bool = False
    """The operator named the address, not a job: its host may be private."""
    note: str | None = None
    """What of it could not be told; the receipt keeps it."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nobody to tell, or nothing that can be told: the receipt says why."""

    note: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Not all that is to be told of is there: nothing is sent before ``until``, and no try is counted."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try. ``status`` 0: no answer."""

    status: int
    body: bytes = b""
    """At most 64 kB of it."""
    retry_after: float | None = None
    """Seconds the receiver asks for."""
    note: str | None = None
    forbidden: bool = False
    """The address is one that is not called: nothing was sent, and no try will be."""

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def again(self) -> bool:
        """Whether another try may be answered otherwise."""
        return not self.forbidden and (self.status == 0 or self.status >= 500 or self.status in RETRIED)


class Post(Protocol):
    """Sends a message once. A receiver that is away is an answer, too, never an exception."""

    def timeout(self, message: Message) -> float:
        """Seconds one try may take."""
        ...

    async def __call__(self, message: Message, signed: Mapping[str, str]) -> Answer:
        """``signed``: the headers that sign it at this moment."""
        ...
