from collections.abc import Iterable, Iterator
from itertools import accumulate, chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import Refused
from darkchannel.speech.ssml import Element, Node, serialise, spoken
from services.splitter import segments
from services.splitter.leaves import MAX_ATOMIC
from services.splitter.segments import MAX_MARKUP
from services.splitter.sizes import SIZES, Size, size_of

SIZE = size_of("espeak")
TARGET, HARD = SIZE.target, SIZE.hard


def cut(nodes: Iterable[Node], language: str, size: Size) -> Iterator[tuple[Node, ...]]:
    return (segment.nodes for segment in segments.cut(nodes, language, size))


def paragraph(*sentences: str) -> Element:
    return Element("p", {}, tuple(Element("s", {}, (sentence,)) for sentence in sentences))


def lengths(nodes: list[Node]) -> list[int]:
    return [sum(len(spoken(node).strip()) for node in piece) for piece in cut(nodes, "pt", SIZE)]


def test_whole_paragraphs_are_gathered_up_to_the_target() -> None:
    third = TARGET // 3
    assert lengths([paragraph("x" * third) for _ in range(7)]) == [TARGET, TARGET, third]


def test_a_paragraph_that_would_pass_the_target_starts_the_next_piece() -> None:
    most = TARGET - 400
    assert lengths([paragraph("x" * most), paragraph("y" * 250, "y" * 250)]) == [most, 500 + 2]


def test_a_paragraph_longer_than_a_piece_is_cut_between_sentences() -> None:
    pieces = list(cut([paragraph(*("x" * (TARGET * 4 // 9) for _ in range(5)))], "pt", SIZE))
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
    pieces = list(cut([paragraph("um dois três, " * 300)], "pt", SIZE))
    assert all("".join(map(spoken, piece)).rstrip().endswith(",") for piece in pieces)


def test_a_heading_and_its_pause_stay_together() -> None:
    pause = Element("break", {"time": "1000ms"})
    [first, second] = cut([paragraph("T" * TARGET), pause, paragraph("x" * 10)], "pt", SIZE)
    assert first[-1] == pause
    assert spoken(second[0]).strip() == "x" * 10


def test_moments_without_end_are_bounded_too() -> None:
    marks: list[Node] = [Element("mark", {"name": f"m{n}"}) for n in range(5_000)]
    pieces = list(cut(marks, "pt", SIZE))
    assert list(chain.from_iterable(pieces)) == marks
    assert all(MAX_MARKUP - 30 < sum(map(len, map(serialise, piece))) <= MAX_MARKUP for piece in pieces[:-1])


def test_tags_without_end_are_bounded_too_and_the_cut_is_between_words() -> None:
    nodes: list[Node] = []
    for _ in range(400):
        nodes += [Element("w", {}, ("pa",)), Element("emphasis", {"level": "strong"}, ("la",)), "vra "]
    pieces = list(cut([Element("s", {}, tuple(nodes))], "pt", SIZE))
    assert len(pieces) == 3
    for piece in pieces:
        assert sum(len(serialise(node)) for node in piece) <= MAX_MARKUP + HARD
        assert {word for node in piece for word in spoken(node).split()} == {"palavra"}


def test_a_mark_between_paragraphs_goes_with_the_next_and_a_break_with_the_last() -> None:
    pause, mark = Element("break"), Element("mark", {"name": "m"})
    long = paragraph("x" * TARGET)
    assert [
        tuple(node.name for node in piece if isinstance(node, Element))
        for piece in cut([long, pause, mark, long], "pt", SIZE)
    ] == [("p", "break"), ("mark", "p")]


def test_a_mark_at_the_end_of_a_paragraph_stays_in_it() -> None:
    ended = Element("p", {}, ("x" * TARGET, Element("mark", {"name": "m"})))
    assert list(cut([ended, paragraph("y")], "pt", SIZE)) == [(ended,), (paragraph("y"),)]


def test_what_stands_first_or_last_without_words_is_no_segment_of_its_own() -> None:
    mark, rule = Element("mark", {"name": "m"}), Element("p", {}, ("* * *",))
    long = paragraph("x" * TARGET)
    assert list(cut([mark, rule, long, rule, long, rule, mark], "pt", SIZE)) == [
        (mark, rule, long, rule),
        (long, rule, mark),
    ]


def test_what_has_no_words_is_alone_where_its_neighbours_are_full() -> None:
    full, rule = paragraph("x" * HARD), Element("p", {}, ("* * *",))
    assert list(cut([full, rule, full], "pt", SIZE)) == [(full,), (rule,), (full,)]


def test_what_waits_for_words_in_vain_goes_back_to_those_before_it() -> None:
    mark = Element("p", {}, ("...", Element("mark", {"name": "m"})))
    assert [len(piece) for piece in cut([paragraph("x"), mark, paragraph("y" * HARD)], "pt", SIZE)] == [2, 1]


@pytest.mark.parametrize("engine", sorted(SIZES))
def test_sentences_stay_whole_where_the_engine_takes_them(engine: str) -> None:
    size = SIZES[engine]
    words = [f"Esta é a frase de número {number}." for number in range(60)]
    pieces = list(cut([Element("p", {}, (" ".join(words),))], "pt", size))
    said = ["".join(map(spoken, piece)).strip() for piece in pieces]
    assert " ".join(said) == " ".join(words)
    assert all(piece.endswith(".") and len(piece) <= size.target for piece in said)
    assert all(len(piece) > size.target - 40 for piece in said[:-1])


def test_the_first_engine_that_is_named_decides_how_large_segments_are() -> None:
    assert size_of("bark,espeak") == SIZES["bark"] != size_of("espeak,bark") == SIZES["espeak"] == size_of("auto")


def test_a_clause_is_not_cut_off_right_after_its_start() -> None:
    text = "Sim, " + "palavra " * 20
    [first, *_] = ["".join(map(spoken, piece)) for piece in cut([paragraph(text)], "pt", Size(100, 100))]
    assert first.strip() == ("Sim, " + "palavra " * 11).strip()


@pytest.mark.parametrize(
    "grapheme",
    ["e\u0301\u0323", "👩🏽\u200d🚀", "🇧🇷", "👍🏿", "❤\ufe0f", "🏴\U000e0067\U000e0062\U000e007f"],
    ids=["accents", "joined", "flag", "skin", "variation", "region"],
)
@pytest.mark.parametrize("shift", range(4))
def test_what_is_seen_as_one_character_is_not_cut(grapheme: str, shift: int) -> None:
    pieces = [
        "".join(map(spoken, piece)).strip()
        for piece in cut([paragraph("x" * shift + grapheme * 500)], "pt", Size(100, 100))
    ]
    assert len(pieces) > 9
    assert all(piece.startswith(grapheme) and len(piece) <= 100 for piece in pieces[1:])


def test_what_is_seen_as_one_character_is_not_cut_in_a_long_text_without_sentences() -> None:
    grapheme = "e\u0301\u0323"
    pieces = ["".join(map(spoken, piece)).strip() for piece in cut([Element("p", {}, (grapheme * 4_000,))], "pt", SIZE)]
    assert "".join(pieces) == grapheme * 4_000
    assert all(piece.startswith(grapheme) for piece in pieces)


def test_a_thousand_accents_on_one_letter_lose_none() -> None:
    text = "a" + "\u0301" * 1_000 + " fim."
    pieces = ["".join(map(spoken, piece)).strip() for piece in cut([paragraph(text)], "pt", Size(100, 100))]
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert max(map(len, pieces)) <= 100


def test_a_word_that_elements_run_through_is_not_cut() -> None:
    word = (Element("emphasis", {}, ("des",)), Element("w", {}, ("con",)), "fiada ")
    pieces = list(cut([Element("p", {}, word * 40)], "pt", Size(100, 100)))
    assert len(pieces) == 5
    assert {said for piece in pieces for said in "".join(map(spoken, piece)).split()} == {"desconfiada"}


def test_a_long_word_with_punctuation_is_cut_beside_it() -> None:
    pieces = list(cut([paragraph(("palavra-" * 30).rstrip("-"))], "pt", Size(100, 100)))
    assert ["".join(map(spoken, piece)).strip() for piece in pieces] == [
        "palavra-" * 12,
        "palavra-" * 12,
        ("palavra-" * 6)[:-1],
    ]


def test_sentences_end_by_the_rules_of_the_language_they_are_in() -> None:
    english = Element("lang", {"xml:lang": "en"}, ("Ask for Col. Hill at the gate. He will come.",))
    for content in (("O guia disse: ", english, " E saiu."), (Element("p", {"xml:lang": "en"}, english.children),)):
        [piece] = cut([Element("p", {}, content)], "pt", SIZE)
        text = "|".join(part for node in piece for part in texts(node))
        assert "Ask for Col. Hill at the gate. |He will come." in text


def texts(node: Node) -> list[str]:
    return [node] if isinstance(node, str) else [text for child in node.children for text in texts(child)]


def test_an_element_that_may_not_be_cut_stands_alone_where_it_is_larger_than_the_size() -> None:
    atom = Element("sub", {"alias": "uma frase, longa. " * 10 + "Fim"}, ("x",))
    pieces = list(cut([Element("p", {}, ("Veja ", atom, " aqui."))], "pt", Size(100, 100)))
    assert [piece[0].children for piece in pieces if isinstance(piece[0], Element)] == [
        ("Veja ",),
        (atom,),
        (" aqui.",),
    ]


def test_one_element_used_twice_stays_two() -> None:
    same = Element("p", {}, ("a",))
    assert list(cut([same, same], "pt", SIZE)) == [(same, same)]


def test_a_space_that_does_not_break_stays_what_it_is() -> None:
    assert list(cut([Element("p", {}, ("10\xa0000  km",))], "pt", SIZE)) == [(Element("p", {}, ("10\xa0000 km",)),)]


def test_twins_side_by_side_stay_two() -> None:
    assert list(cut([Element("p", {}, ("a",)), Element("p", {}, ("a",))], "pt", SIZE)) == [
        (Element("p", {}, ("a",)), Element("p", {}, ("a",)))
    ]


def test_white_space_between_blocks_falls_out_and_within_them_is_one_space() -> None:
    nodes: list[Node] = ["\n  ", Element("p", {}, ("a\n  b",)), "\n"]
    assert list(cut(nodes, "pt", SIZE)) == [(Element("p", {}, ("a b",)),)]


@pytest.mark.parametrize("blank", [Element("p"), Element("s", {}, (" ", Element("emphasis")))])
def test_what_an_empty_block_sets_apart_stays_so(blank: Element) -> None:
    assert [["".join(map(spoken, piece))] for piece in cut(["um", blank, "dois"], "pt", SIZE)] == [["um dois"]]


def test_nothing_gives_no_piece() -> None:
    assert list(cut([], "pt", SIZE)) == []
    assert list(cut(["  ", Element("p")], "pt", SIZE)) == []


@pytest.mark.parametrize(
    "atom", [Element("sub", {"alias": "x" * MAX_ATOMIC}, ("y",)), Element("w", {}, ("x" * MAX_ATOMIC,))]
)
def test_what_may_not_be_cut_and_is_too_long_is_refused_by_name(atom: Element) -> None:
    with pytest.raises(Refused, match=f'<{atom.name}> has 25.. characters .* shorten it to 2500. It begins "xxx'):
        list(cut([atom], "pt", SIZE))


def continued(nodes: list[Node]) -> list[str | None]:
    return [segment.continues for segment in segments.cut(nodes, "pt", SIZE)]


def bare(nodes: Iterable[Node]) -> str:
    return "".join("".join(map(spoken, nodes)).split())


SHORT = Size(100, 120)
SENTENCES = st.lists(st.integers(0, 40).map(lambda words: "Era " + "longe " * words + "dali."), min_size=1, max_size=8)


@given(st.lists(SENTENCES, min_size=1, max_size=4), st.booleans())
def test_a_segment_continues_what_a_cut_left_open_and_a_paragraph_nothing(
    paragraphs: list[list[str]], is_told: bool
) -> None:
    nodes = [paragraph(*one) if is_told else Element("p", {}, (" ".join(one),)) for one in paragraphs]
    ends = {*accumulate((bare([node]) for node in nodes), initial="")}
    before = ""
    for segment in segments.cut(nodes, "pt", SHORT):
        assert segment.continues == (None if before in ends else "sentence" if before.endswith(".") else "clause")
        before += bare(segment.nodes)


def test_every_segment_of_a_long_paragraph_but_the_first_continues_it() -> None:
    assert continued([paragraph(*["x" * TARGET] * 4)]) == [None, "sentence", "sentence", "sentence"]
    assert continued([paragraph("x" * 4 * HARD)]) == [None, "clause", "clause", "clause"]


def test_what_has_no_words_does_not_hide_what_the_words_after_it_continue() -> None:
    mark = Element("mark", {"name": "m"})
    assert continued([Element("p", {}, ("x" * TARGET, mark, " Y" * 400))]) == [None, "clause"]
    assert continued([paragraph("x" * TARGET), mark, paragraph("y" * TARGET)]) == [None, None]


def test_a_segment_without_words_continues_nothing() -> None:
    full, rule = paragraph("x" * HARD), Element("p", {}, ("* * *",))
    assert continued([full, rule, full]) == [None, None, None]


def test_a_row_of_sentences_without_a_paragraph_around_is_one() -> None:
    one = Element("s", {}, ("x" * TARGET,))
    assert continued([one, " ", one, paragraph("y" * TARGET), one, one]) == [None, "sentence", None, None, "sentence"]


def test_a_sentence_whose_tags_fill_a_segment_is_a_clause_in_the_next() -> None:
    words: list[Node] = [Element("emphasis", {"level": "strong"}, ("pá ",)) for _ in range(300)]
    assert continued([Element("p", {}, (Element("s", {}, tuple(words)),))]) == [None, "clause"]
