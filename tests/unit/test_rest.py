"""How long a server is left alone that asks for it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.synthesizer.engines.rest import minute, retry_after


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (datetime(2025, 3, 9, 13, 5, tzinfo=UTC), "13:05 UTC"),
        (datetime(2025, 3, 9, 13, 5, 1, tzinfo=UTC), "13:06 UTC"),
        (datetime(2025, 3, 9, 23, 59, 59, tzinfo=UTC), "00:00 UTC"),
    ],
)
def test_nobody_is_told_to_come_back_too_early(at: datetime, told: str) -> None:
    assert minute(at) == told


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Sunday, 09-Mar-25 12:01:30 GMT", 90.0),
        ("Sun Mar  9 12:01:30 2025", 90.0),
        ("Sun, 09 Mar 2025 11:00:00 GMT", 0.0),
        ("Sun, 09 Mar 2099 12:00:00 GMT", 86_400.0),
        ("9" * 400, 86_400.0),
        ("-5", 0.0),
        ("1.5", 0.0),
        ("", 0.0),
        ("Sun, 99 Mar 2025 12:00:00 GMT", 0.0),
        ("Sun, 09 Mar 99999999999999999999 12:00:00 GMT", 0.0),
    ],
)
def test_a_date_to_come_back_at_is_read_by_the_clock_of_the_server(value: str, seconds: float) -> None:
    assert retry_after({"Retry-After": value, "Date": "Sun, 09 Mar 2025 12:00:00 GMT"}) == seconds


def test_without_a_clock_of_the_server_a_date_is_no_wait() -> None:
    assert retry_after({"Retry-After": "Sun, 09 Mar 2099 12:00:00 GMT"}) == 0


@given(st.text(), st.text(alphabet="0123456789 :,-+()JanSuGMT"))
def test_whatever_a_server_asks_for_is_waited_for_a_day_at_most(one: str, other: str) -> None:
    for value, date in ((one, other), (other, one), (other, other)):
        assert 0 <= retry_after({"Retry-After": value, "Date": date}) <= 86_400
