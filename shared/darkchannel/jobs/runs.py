"""The runs of a job: the whole state machine, read from one listing of ``runs/``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class State(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Source(BaseModel):
    """The inbox object a job came from, as it was when it was accepted."""

    model_config = ConfigDict(frozen=True)

    bucket: str
    key: str
    version: str
    size: int


class Opened(BaseModel):
    """The body of ``runs/NNNN-opened.json`` and of its marker, so that anyone can finish what an opener left.

    The first run carries the acceptance: the source and the options as they lay there at that moment.
    """

    model_config = ConfigDict(frozen=True)

    reason: Literal["accepted", "edited", "retry"]
    at: datetime
    source: Source | None = None
    layers: tuple[dict[str, object], ...] = ()
    """Option layers: environment, _options.yaml, user metadata."""
    refusal: str | None = None
    """Why the layers themselves could not be read."""


class Outcome(BaseModel):
    """The body of ``runs/NNNN-outcome.json``: created once, by whoever decides first."""

    model_config = ConfigDict(frozen=True)

    status: Literal[State.COMPLETED, State.FAILED, State.CANCELLED]
    at: datetime
    build: str | None = None
    """Digest of the completed build."""
    reason: str | None = None
    """Why it failed, for people."""


class Closed(BaseModel):
    """The body of ``runs/NNNN-closed.json``: the outcome's effects are done."""

    model_config = ConfigDict(frozen=True)

    status: State
    at: datetime


@dataclass(frozen=True, slots=True)
class Runs:
    """What one listing of ``runs/`` says, with the bodies of the outcomes in it."""

    opened: frozenset[int] = frozenset()
    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    closed: frozenset[int] = frozenset()

    @property
    def newest(self) -> int:
        """The number of the newest run; 0 where there is none."""
        return max(self.opened, default=0)

    @property
    def state(self) -> State | None:
        """The state of the newest run."""
        if not self.newest:
            return None
        outcome = self.outcomes.get(self.newest)
        return State(outcome.status) if outcome else State.OPEN

    @property
    def is_open(self) -> bool:
        return self.state is State.OPEN

    @property
    def completed(self) -> tuple[int, str | None]:
        """The newest completed run and the digest of its build; (0, None) where there is none."""
        done = [n for n in self.opened if n in self.outcomes and self.outcomes[n].status is State.COMPLETED]
        return (max(done), self.outcomes[max(done)].build) if done else (0, None)

    @property
    def last_outcome(self) -> Outcome | None:
        """The outcome of the newest run that has one."""
        ended = [n for n in self.opened if n in self.outcomes]
        return self.outcomes[max(ended)] if ended else None
