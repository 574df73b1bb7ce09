"""Whether something that failed again and again is worth another try."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

FAILURES: Final = 5
"""In a row, after which it is left alone."""
REST: Final = timedelta(seconds=30)

LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Circuit:
    """A circuit breaker as a value: every change is a new one."""

    failures: int = 0
    """In a row."""
    until: datetime = LONG_AGO
    """It is left alone until then; after that a try shows whether it is back."""

    @property
    def is_open(self) -> bool:
        return self.failures >= FAILURES

    def rests(self, now: datetime) -> bool:
        return self.is_open and now < self.until

    def admits(self, now: datetime, under_way: int) -> bool:
        """Whether another try may begin beside those under way: after a rest, one at a time."""
        return not self.is_open or (not self.rests(now) and under_way == 0)

    def after(self, now: datetime, *, succeeded: bool) -> "Circuit":
        if succeeded:
            return Circuit()
        failures = self.failures + 1
        return Circuit(failures, now + REST if failures >= FAILURES else LONG_AGO)
