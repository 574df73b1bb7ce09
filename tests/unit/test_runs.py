from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from darkchannel.jobs.runs import Opened, Outcome, Runs, Source, State

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ENDS = st.sampled_from([State.COMPLETED, State.FAILED, State.CANCELLED])


def outcome(status: State, build: str | None = None) -> Outcome:
    return Outcome.model_validate({"status": status, "at": NOW, "build": build})


RUNS = st.builds(
    lambda opened, ended: Runs(frozenset(opened), {n: outcome(s, f"b{n}") for n, s in ended.items()}),
    st.sets(st.integers(1, 6)),
    st.dictionaries(st.integers(1, 6), ENDS),
)


def test_a_job_without_runs_has_no_state() -> None:
    assert (Runs().newest, Runs().state, Runs().is_open, Runs().completed) == (0, None, False, (0, None))


def test_a_run_is_open_until_it_has_an_outcome() -> None:
    assert Runs(frozenset({1})).is_open
    assert Runs(frozenset({1}), {1: outcome(State.CANCELLED)}).state is State.CANCELLED


def test_the_newest_run_tells_the_state_and_the_newest_completed_one_the_build() -> None:
    runs = Runs(frozenset({1, 2, 3}), {1: outcome(State.COMPLETED, "x"), 2: outcome(State.FAILED)})
    assert runs.is_open
    assert runs.completed == (1, "x")
    assert runs.last_outcome == outcome(State.FAILED)


@given(RUNS)
def test_what_runs_say_agrees_with_itself(runs: Runs) -> None:
    assert (runs.state is None) == (runs.newest == 0)
    assert runs.is_open == (runs.newest > 0 and runs.newest not in runs.outcomes)
    number, build = runs.completed
    assert number <= runs.newest
    if number:
        assert build == f"b{number}"
        assert runs.outcomes[number].status is State.COMPLETED
    if runs.state is State.COMPLETED:
        assert number == runs.newest


@given(RUNS)
def test_an_outcome_without_its_run_says_nothing(runs: Runs) -> None:
    stray = Runs(runs.opened, {**runs.outcomes, 99: outcome(State.COMPLETED, "stray")})
    assert (stray.newest, stray.state, stray.completed) == (runs.newest, runs.state, runs.completed)
    assert stray.last_outcome == runs.last_outcome


def test_bodies_are_read_back_as_they_were_written() -> None:
    source = Source(bucket="b", key="é/a.txt", version="v", size=3)
    opened = Opened(reason="accepted", at=NOW, source=source, layers=({"voice": "x"}, {}))
    assert Opened.model_validate_json(opened.model_dump_json()) == opened
    ended = outcome(State.FAILED)
    assert Outcome.model_validate_json(ended.model_dump_json()) == ended
