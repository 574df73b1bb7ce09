import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkchannel import keys
from darkchannel.errors import Refused
from darkchannel.jobs import plan
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Chapter, Plan, Within, make

TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["x" * 900, "y" * 4_000, "z" * 20_000]))
BOOKS = st.lists(st.lists(TEXTS, max_size=150), min_size=1, max_size=4).filter(any)


def book(chapters: list[list[str]]) -> Book:
    return Book("T", None, Options(), tuple(Chapter(f"C{n}", tuple(texts)) for n, texts in enumerate(chapters)))


@settings(max_examples=50)
@given(BOOKS)
def test_no_segment_is_lost_and_none_changes_its_place(chapters: list[list[str]]) -> None:
    made, parts = make(book(chapters))
    assert [text for part in parts for text in part.segments] == [text for texts in chapters for text in texts]
    assert made.segments == sum(map(len, chapters))
    assert [i for section in made.sections for i in section.segments] == list(range(made.segments))


@settings(max_examples=50)
@given(BOOKS)
def test_a_section_is_of_one_chapter_and_bounded(chapters: list[list[str]]) -> None:
    made, parts = make(book(chapters))
    assert [section.index for section in made.sections] == list(range(len(parts)))
    for section, part in zip(made.sections, parts, strict=True):
        assert section.title == f"C{section.chapter}"
        assert 1 <= section.count == len(part.segments) <= plan.MAX_PART_SEGMENTS
        assert len(part.segments) == 1 or sum(map(len, part.segments)) <= plan.SECTION_CHARACTERS


@settings(max_examples=50)
@given(BOOKS)
def test_every_segment_is_found_in_its_section(chapters: list[list[str]]) -> None:
    made, _ = make(book(chapters))
    for section in made.sections:
        assert made.section_of(section.first) == made.section_of(section.segments[-1]) == section
    with pytest.raises(IndexError):
        made.section_of(made.segments)


CONTINUED = st.lists(
    st.lists(st.sampled_from([None, "sentence", "clause"]), max_size=150), min_size=1, max_size=4
).filter(any)


@settings(max_examples=50)
@given(CONTINUED)
def test_what_a_segment_continues_stands_in_its_section(chapters: list[list[Within | None]]) -> None:
    given = [
        Chapter("C", ("a",) * len(starts), {n: start for n, start in enumerate(starts) if start}) for starts in chapters
    ]
    made = Plan.model_validate_json(make(Book("T", None, Options(), tuple(given)))[0].model_dump_json())
    found = [section.continued.get(index) for section in made.sections for index in section.segments]
    assert found == [start for starts in chapters for start in starts]
    assert all({*section.continued} <= {*section.segments} for section in made.sections)


def test_a_plan_of_an_earlier_release_is_read_as_one_whose_segments_start_paragraphs() -> None:
    made, _ = make(book([["a", "b"]]))
    earlier = made.model_dump(exclude={"narrator": True, "sections": {"__all__": {"continued"}}})
    assert Plan.model_validate(earlier) == made


def test_a_chapter_without_segments_has_no_section() -> None:
    made, _ = make(book([["a"], [], ["b"]]))
    assert [section.chapter for section in made.sections] == [0, 2]


def test_parts_that_differ_have_other_digests_and_equal_ones_the_same() -> None:
    first, again, other = (make(book([[text]]))[0].sections[0].digest for text in ("a", "a", "b"))
    assert first == again != other


def test_where_a_part_is_cut_shows_in_its_digest() -> None:
    assert make(book([["ab", "c"]]))[0].sections[0].digest != make(book([["a", "bc"]]))[0].sections[0].digest


def test_a_plan_is_read_back_as_it_was_written() -> None:
    made, _ = make(book([["a"], ["b"]]))
    assert Plan.model_validate_json(made.model_dump_json()) == made


def test_a_book_without_segments_is_refused() -> None:
    with pytest.raises(Refused, match="nothing in this document"):
        make(book([[]]))


def test_a_book_of_too_many_segments_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_SEGMENTS", 3)
    assert make(book([["a"] * 3]))
    with pytest.raises(Refused, match="4 segments are more than the 3"):
        make(book([["a"] * 4]))


def test_a_plan_of_a_later_release_is_read_without_the_options_that_are_new_there() -> None:
    plan, _ = make(book(["a"]))
    later = plan.model_dump_json().replace('"engine":', '"tempo":"slow","engine":')
    assert Plan.model_validate_json(later) == plan
