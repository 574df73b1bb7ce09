"""How wide the windows of jobs are beside one another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from darkchannel.jobs import window
from darkchannel.jobs.options import Priority
from darkchannel.jobs.window import WEIGHTS, Window

SLOTS = st.integers(min_value=0, max_value=500)
JOBS = st.dictionaries(st.uuids().map(str), st.sampled_from(list(WEIGHTS)), min_size=1, max_size=200)


def test_a_lone_job_gets_half_as_much_again_as_there_are_slots_whatever_its_priority() -> None:
    assert [window.widths(32, {"a": priority})["a"] for priority in WEIGHTS] == [48] * len(WEIGHTS)


def test_jobs_share_the_slots_by_their_priority() -> None:
    assert window.widths(8, {"a": "low", "b": "medium"}) == {"a": 4, "b": 8}


def test_a_share_that_is_no_whole_number_is_rounded_up() -> None:
    assert window.widths(7, {"a": "medium", "b": "medium", "c": "medium"}) == {"a": 4, "b": 4, "c": 4}


def test_where_no_synthesizer_is_there_each_job_keeps_one_segment_released() -> None:
    assert window.widths(0, {"a": "urgent", "b": "low"}) == {"a": 1, "b": 1}


def test_no_job_no_width() -> None:
    assert window.widths(32, {}) == {}


@pytest.mark.parametrize("priority", WEIGHTS)
def test_a_job_starts_with_the_weight_of_its_priority(priority: Priority) -> None:
    assert window.initial(priority).width == WEIGHTS[priority]


def test_a_window_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError):
        Window(width=0)


@given(SLOTS, JOBS)
def test_widths_share_out_the_slots_and_half_as_many_by_weight_and_leave_no_job_without(
    slots: int, jobs: dict[str, Priority]
) -> None:
    widths = window.widths(slots, jobs)
    assert widths.keys() == jobs.keys()
    assert all(width >= 1 for width in widths.values())
    assert 2 * sum(widths.values()) <= 3 * slots + 2 * len(jobs)
    assert 2 * sum(widths.values()) >= 3 * slots
    by_weight = [widths[job] for job in sorted(jobs, key=lambda job: WEIGHTS[jobs[job]])]
    assert by_weight == sorted(by_weight)
    assert len({(jobs[job], width) for job, width in widths.items()}) == len(set(jobs.values()))


@given(SLOTS, JOBS)
def test_one_more_job_never_widens_the_window_of_another(slots: int, jobs: dict[str, Priority]) -> None:
    before = window.widths(slots, jobs)
    after = window.widths(slots, {**jobs, "one more": "medium"})
    assert all(after[job] <= width for job, width in before.items())
