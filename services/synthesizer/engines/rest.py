"""How long a server wants no requests, as its ``Retry-After`` says."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

MOST_SECONDS: Final = 86_400.0
"""However long a server asks for."""


class Rest:
    """Of one server; none before ``begin``."""

    def __init__(self) -> None:
        self._until = 0.0
        """By the clock of the loop."""
        self._ends = ""
        """The same, for people: one text however often it is told."""

    def begin(self, seconds: float) -> None:
        self._until = asyncio.get_running_loop().time() + seconds
        self._ends = minute(datetime.now(UTC) + timedelta(seconds=seconds))

    def ends(self) -> str | None:
        """The time of day at which it is over, for people; None where there is none."""
        return self._ends if asyncio.get_running_loop().time() < self._until else None


def minute(at: datetime) -> str:
    """A time of day for people, in UTC: the end of its minute."""
    return f"{at + timedelta(seconds=59):%H:%M} UTC"


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds, from seconds or a date, a day at most; 0 for what is neither.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdecimal():
        return min(float(value), MOST_SECONDS)
    try:
        # By the server's own clock: ours may be another. The dates of HTTP are all in GMT.
        until, now = (parsedate_to_datetime(date).replace(tzinfo=UTC) for date in (value, headers.get("Date", "")))
    except (ValueError, OverflowError):
        return 0.0
    return min(max((until - now).total_seconds(), 0.0), MOST_SECONDS)
