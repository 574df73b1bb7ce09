"""Who speaks a book: one engine from its first segment to its last, unless that cannot go on."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class Left(BaseModel):
    """An engine that was to speak a book until another took over."""

    model_config = ConfigDict(frozen=True)

    engine: str
    reason: str
    at: datetime


class Choice(BaseModel):
    """``engine.json``: who speaks the segments that are still to come. One that it refuses may go to another."""

    model_config = ConfigDict(frozen=True)

    engine: str
    rate: int = Field(gt=0)
    """Of all chunks of the book, whoever speaks them; in hertz."""
    before: tuple[Left, ...] = ()
    """The first first."""

    def passed_to(self, engine: str, *, reason: str, at: datetime) -> "Choice":
        """The choice after ``engine`` took over for the rest of the book."""
        left = Left(engine=self.engine, reason=reason, at=at)
        return Choice(engine=engine, rate=self.rate, before=(*self.before, left))
