from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from darkchannel.jobs.metadata import SMALL_JOB_SEGMENTS, Facts, File, Metadata, Output, derive, same
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Chapter, make
from darkchannel.jobs.runs import Opened, Outcome, Runs, Source, State

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(seconds=9)


def facts(segments: int = 2, chunks: int = 1, outcome: State | None = None, reason: str | None = None) -> Facts:
    ended = {1: Outcome.model_validate({"status": outcome, "at": LATER, "reason": reason})} if outcome else {}
    book = Book("Título", None, Options(), (Chapter("C", ("x",) * segments),))
    return Facts(
        job="j",
        accepted=Opened(reason="accepted", at=NOW, source=Source(bucket="b", key="d/a.txt", version="v", size=1)),
        runs=Runs(frozenset({1}), ended),
        plan=make(book)[0] if segments else None,
        chunks=[File(index=n, s3_key=f"k{n}", uploaded_at=NOW) for n in range(chunks)],
        input_key="j/input/source.txt",
        input_text="Olá.",
        output=None,
    )


def output(url: str) -> Output:
    return Output(s3_key="k", uploaded_at=NOW, bucket="o", key="k", seconds=1.0, url=url, url_expires_at=NOW)


def test_a_job_without_a_plan_is_pending_and_called_after_its_document() -> None:
    found = derive(facts(segments=0, chunks=0), None, NOW)
    assert (found.status, found.chapter_title, found.chunks.total) == ("pending", "a.txt", 0)


def test_a_job_with_a_plan_is_processing_and_counts_its_chunks() -> None:
    found = derive(facts(), None, NOW)
    assert (found.status, found.chapter_title) == ("processing", "Título")
    assert (found.chunks.total, found.chunks.completed, found.chunks.failed) == (2, 1, 0)


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.CANCELLED])
def test_an_ended_job_says_how_and_why(state: State) -> None:
    found = derive(facts(outcome=state, reason="porque"), None, NOW)
    assert (found.status, found.error) == (state.value, "porque")
    assert found.completed_at == (LATER if state is State.COMPLETED else None)
    assert found.chunks.failed == (state is State.FAILED)


def test_a_large_job_keeps_counts_and_leaves_the_files_out() -> None:
    small = derive(facts(SMALL_JOB_SEGMENTS, 3), None, NOW)
    large = derive(facts(SMALL_JOB_SEGMENTS + 1, 3), None, NOW)
    assert small.chunks.files is not None
    assert (large.chunks.files, large.chunks.completed) == (None, 3)


@pytest.mark.parametrize(("extension", "is_ssml"), [("txt", False), ("md", False), ("ssml", True), ("xml", True)])
def test_the_input_stands_under_the_name_of_its_kind(extension: str, is_ssml: bool) -> None:
    found = derive(replace(facts(), input_key=f"j/input/source.{extension}"), None, NOW)
    assert (found.input_text, found.ssml) == ((None, "Olá.") if is_ssml else ("Olá.", None))


def test_each_write_has_the_next_number() -> None:
    first = derive(facts(), None, NOW)
    assert [first.sequence, derive(facts(), first, LATER).sequence] == [1, 2]


def test_the_same_facts_give_the_same_metadata_but_for_time_and_number() -> None:
    first = derive(facts(), None, NOW)
    again = derive(facts(), first, LATER)
    assert again != first
    assert same(first, again)


def test_a_new_signature_of_the_link_is_no_news() -> None:
    first, again = (derive(replace(facts(), output=output(url)), None, NOW) for url in ("u1", "u2"))
    assert same(first, again)


def test_another_chunk_is_news() -> None:
    assert not same(derive(facts(), None, NOW), derive(facts(chunks=2), None, NOW))
    assert not same(derive(facts(), None, NOW), derive(replace(facts(), output=output("u")), None, NOW))


def test_metadata_is_read_back_as_it_was_written() -> None:
    found = derive(replace(facts(), output=output("u")), None, NOW)
    assert Metadata.model_validate_json(found.model_dump_json()) == found
