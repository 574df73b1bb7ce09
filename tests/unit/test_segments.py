from itertools import chain

import pytest

from darkchannel.errors import Refused
from darkchannel.speech.ssml import Element, Node, spoken
from services.splitter.segments import HARD, TARGET, cut


def paragraph(*sentences: str) -> Element:
    return Element("p", {}, tuple(Element("s", {}, (sentence,)) for sentence in sentences))


def lengths(nodes: list[Node]) -> list[int]:
    return [sum(len(spoken(node).strip()) for node in piece) for piece in cut(nodes, "pt")]


def test_whole_paragraphs_are_gathered_up_to_the_target() -> None:
    third = TARGET // 3
    assert lengths([paragraph("x" * third) for _ in range(7)]) == [TARGET, TARGET, third]


def test_a_paragraph_that_would_pass_the_target_starts_the_next_piece() -> None:
    most = TARGET - 400
    assert lengths([paragraph("x" * most), paragraph("y" * 250, "y" * 250)]) == [most, 500 + 2]


def test_a_paragraph_longer_than_a_piece_is_cut_between_sentences() -> None:
    pieces = list(cut([paragraph(*("x" * (TARGET * 4 // 9) for _ in range(5)))], "pt"))
    assert [len(piece[0].children) for piece in pieces if isinstance(piece[0], Element)] == [2, 2, 1]


def test_a_sentence_between_target_and_limit_stands_alone() -> None:
    assert lengths([paragraph("a."), paragraph("x" * (TARGET + 1)), paragraph("b.")]) == [2, TARGET + 1, 2]
    assert lengths([paragraph("x" * HARD)]) == [HARD]


@pytest.mark.parametrize("text", ["um, dois, " * 2_000, "palavra " * 2_500, "x" * 20_000])
def test_twenty_thousand_characters_without_a_full_stop_are_cut_under_the_limit(text: str) -> None:
    found = lengths([paragraph(text)])
    assert max(found) <= HARD
    assert min(found[:-1]) > TARGET


def test_a_long_sentence_is_cut_at_clauses_rather_than_spaces() -> None:
    pieces = list(cut([paragraph("um dois três, " * 300)], "pt"))
    assert all("".join(map(spoken, piece)).rstrip().endswith(",") for piece in pieces)


def test_a_heading_and_its_pause_stay_together() -> None:
    pause = Element("break", {"time": "1000ms"})
    [first, second] = cut([paragraph("T" * TARGET), pause, paragraph("x" * 10)], "pt")
    assert first[-1] == pause
    assert spoken(second[0]).strip() == "x" * 10


def test_moments_without_end_are_bounded_too() -> None:
    marks: list[Node] = [Element("mark", {"name": f"m{n}"}) for n in range(5_000)]
    pieces = list(cut(marks, "pt"))
    assert list(chain.from_iterable(pieces)) == marks
    assert max(map(len, pieces)) <= HARD


def test_twins_side_by_side_stay_two() -> None:
    assert list(cut([Element("p", {}, ("a",)), Element("p", {}, ("a",))], "pt")) == [
        (Element("p", {}, ("a",)), Element("p", {}, ("a",)))
    ]


def test_white_space_between_blocks_falls_out_and_within_them_is_one_space() -> None:
    nodes: list[Node] = ["\n  ", Element("p", {}, ("a\n  b",)), "\n"]
    assert list(cut(nodes, "pt")) == [(Element("p", {}, ("a b",)),)]


def test_nothing_gives_no_piece() -> None:
    assert list(cut([], "pt")) == []
    assert list(cut(["  ", Element("p")], "pt")) == []


def test_what_may_not_be_cut_and_is_too_long_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="<sub> has"):
        list(cut([Element("sub", {"alias": "x" * HARD}, ("y",))], "pt"))
