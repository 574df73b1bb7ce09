"""Who spoke a book, and why others did not, added up from its segments."""

from hypothesis import given
from hypothesis import strategies as st

from services.merger.speakers import MOST_REASONS, Speakers

REASONS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9), max_size=6)


@given(st.lists(st.dictionaries(st.sampled_from(["ada", "bia"]), REASONS), max_size=5))
def test_the_most_frequent_reasons_of_each_engine_are_kept_with_how_often_each_was_told(
    sections: list[dict[str, dict[str, int]]],
) -> None:
    speakers = Speakers()
    for section in sections:
        speakers.add({}, {}, section)
    for engine in ("ada", "bia"):
        counts = [sum(section.get(engine, {}).get(reason, 0) for section in sections) for reason in "abcdef"]
        kept = speakers.unable.get(engine, {})
        assert list(kept.values()) == sorted(filter(None, counts), reverse=True)[:MOST_REASONS]
        assert all(counts["abcdef".index(reason)] == count for reason, count in kept.items())


@given(st.lists(REASONS, max_size=5))
def test_a_book_never_counts_more_segments_than_gave_a_reason_whatever_its_sections_left_out(
    sections: list[dict[str, int]],
) -> None:
    book = Speakers()
    for reasons in sections:
        section = Speakers()
        section.add({}, {}, {"ada": reasons})
        book.add({}, {}, section.unable)
    told = book.unable.get("ada", {})
    assert all(count <= sum(reasons.get(reason, 0) for reasons in sections) for reason, count in told.items())
    if all(len(reasons) <= MOST_REASONS for reasons in sections):
        assert all(count == sum(reasons.get(reason, 0) for reasons in sections) for reason, count in told.items())


def test_engines_and_voices_are_counted_over_all_sections_the_most_frequent_first() -> None:
    speakers = Speakers()
    speakers.add({"ada": 1, "bia": 1}, {"ada": {"ana": 1, "nova": 1}}, {})
    speakers.add({"bia": 2}, {"ada": {"nova": 1}}, {})
    assert list(speakers.engines.items()) == [("bia", 3), ("ada", 1)]
    assert list(speakers.passed_over["ada"].items()) == [("nova", 2), ("ana", 1)]
