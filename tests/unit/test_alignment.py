"""What an engine says it spoke tells when each word of the page is heard."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.normalisation import normalise
from services.merger.alignment import aligned, estimated


def spoken(text: str) -> list[tuple[int, str]]:
    """Words that start at 0, 100, 200 and so on."""
    return [(100 * number, word) for number, word in enumerate(text.split())]


def starts(text: str, words: str) -> dict[str, int]:
    """When the words of a text, each of which it has once, are heard."""
    return {word: start for start, word in aligned(text, spoken(words))}


def test_words_that_were_spoken_as_they_are_written_start_when_they_were_spoken() -> None:
    text = "— Já é tarde, disse a Águeda;"
    assert aligned("Já é tarde, disse a Águeda;", spoken("ja É tarde disse a águeda")) == (
        (0, "Já"), (100, "é"), (200, "tarde,"), (300, "disse"), (400, "a"), (500, "Águeda;"),
    )  # fmt: skip
    assert aligned(text, spoken("já é tarde disse a águeda"))[:3] == ((0, "—"), (0, "Já"), (100, "é"))


def test_a_figure_starts_with_the_first_of_the_words_it_stands_for() -> None:
    found = starts("Pagou R$ 3.500,00 à vista.", "pagou três mil e quinhentos reais à vista")
    assert found == {"Pagou": 0, "R$": 100, "3.500,00": 100, "à": 600, "vista.": 700}


def test_abbreviations_in_a_row_are_told_apart_by_their_number() -> None:
    found = starts("O Sr. e a Dra. Melo", "o senhor e a doutora Melo")
    assert found == {"O": 0, "Sr.": 100, "e": 200, "a": 300, "Dra.": 400, "Melo": 500}


def test_words_are_equal_whatever_their_case_and_accents() -> None:
    found = aligned("R$ X MAÇÃ Straße né", spoken("cinquenta reais e dez maca strasse ne"))
    assert found[2:] == ((400, "MAÇÃ"), (500, "Straße"), (600, "né"))


def test_words_that_stand_more_than_once_are_held_by_what_is_beside_them() -> None:
    found = aligned("2 la la la", spoken("vinte e duas horas e meia la la la"))
    assert [start for start, _ in found] == [0, 600, 700, 800]
    found = aligned("7 la 9 farol la 5", spoken("sete la nove e meia farol la cinco e meia"))
    assert [start for start, _ in found] == [0, 100, 200, 500, 600, 700]


def test_the_words_of_a_number_do_not_hold_those_of_the_sentence() -> None:
    found = starts("R$ 3.500,00 e mais 20 ou 30", "três mil e quinhentos reais e mais vinte ou trinta")
    assert (found["e"], found["mais"], found["20"], found["ou"], found["30"]) == (500, 600, 700, 800, 900)


def test_words_that_were_not_spoken_start_with_what_follows_them_else_with_the_last() -> None:
    found = starts("Era noite … e depois (muito) frio —", "era noite e depois frio")
    assert found == {"Era": 0, "noite": 100, "…": 200, "e": 200, "depois": 300, "(muito)": 400, "frio": 400, "—": 400}


def test_words_without_an_equal_are_shared_out_by_letters() -> None:
    words = [(0, "abcd"), (10, "efgh"), (20, "ijkl"), (30, "mnop")]
    assert aligned("ABXY RSTUVWXZ Z", words) == ((0, "ABXY"), (10, "RSTUVWXZ"), (30, "Z"))
    assert aligned("ABXYWZ 12", words) == ((0, "ABXYWZ"), (20, "12"))


def test_a_text_of_another_language_keeps_all_its_words() -> None:
    assert aligned("今日は 晴れ です", [(5, "kyō"), (9, "wa")]) == ((5, "今日は"), (9, "晴れ"), (9, "です"))


def test_signs_that_are_read_have_their_words() -> None:
    assert starts("dois & três = cinco", "dois e três igual_a cinco") == {
        "dois": 0, "&": 100, "três": 200, "=": 300, "cinco": 400
    }  # fmt: skip


@pytest.mark.parametrize("text", ["Um dois.", "", "—"])
def test_nothing_is_made_up_where_the_engine_tells_no_words(text: str) -> None:
    assert aligned(text, []) == ()


def test_words_of_nothing_but_punctuation_have_a_start_all_the_same() -> None:
    assert aligned("— …", [(7, "um"), (9, "dois")]) == ((7, "—"), (7, "…"))
    assert aligned("Um dois", [(7, "…")]) == ((7, "Um"), (7, "dois"))


@pytest.mark.parametrize(
    "text",
    [
        "A reunião de 07/09/2024, às 14h30, durou 2 horas e custou R$ 1.234,56 ao D. Aurélio.",
        "No século XXI, 10% a 15% das 21 casas da Av. Central, n.º 7, têm 80 m².",
    ],
)
def test_a_sentence_written_out_by_our_own_rules_keeps_its_words_where_they_are(text: str) -> None:
    said = normalise(text, "pt-BR")
    found = aligned(text, spoken(said))
    where = {word.strip(".,"): 100 * at for at, word in enumerate(said.split()) if said.split().count(word) == 1}
    assert [word for _, word in found] == text.split()
    same = [(start, where[key]) for start, word in found if (key := word.strip(".,")) in where]
    assert len(same) >= 5
    assert all(start == right for start, right in same)


NESTED = " ? ".join(f"p{number} ? p{number - 1}" for number in range(2_500))
"""Each pair of equal words is found only between those of the one before."""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a " * 10_000, "a " * 9_000),
        ("a b " * 5_000, "b b a a " * 2_500),
        ("x" * 10_000, "y " * 10_000),
        (NESTED.replace("?", "um"), NESTED.replace("?", "dois")),
    ],
)
def test_ten_thousand_words_that_hardly_match_are_all_there(text: str, words: str) -> None:
    found = aligned(text, spoken(words))
    assert [word for _, word in found] == text.split()


def test_ten_thousand_words_in_reverse_are_all_there() -> None:
    words = [f"p{number}" for number in range(10_000)]
    found = aligned(" ".join(words), spoken(" ".join(reversed(words))))
    assert [word for _, word in found] == words


_WORDS = st.lists(st.sampled_from(["a", "e", "casa", "Casa,", "3", "—", "três", "mil", "R$", "é", "😀"]), max_size=14)


@given(_WORDS, st.lists(st.tuples(st.integers(0, 1_000), st.sampled_from(["a", "e", "casa", "mil", "!", ""]))))
def test_every_written_word_is_there_in_order_and_none_starts_before_the_last(
    text: list[str], words: list[tuple[int, str]]
) -> None:
    found = aligned(" ".join(text), words)
    assert [word for _, word in found] == (text if words else [])
    assert all(before <= after for (before, _), (after, _) in pairwise(found))
    assert {start for start, _ in found} <= {start for start, _ in words}


@given(_WORDS)
def test_what_was_spoken_word_for_word_is_aligned_word_for_word(text: list[str]) -> None:
    words = [(10 * number, word.strip(",")) for number, word in enumerate(text)]
    assert aligned(" ".join(text), words) == tuple((10 * number, word) for number, word in enumerate(text))


def test_an_estimate_gives_each_letter_the_same_time() -> None:
    assert estimated("Um dois três", 10.0, 23.0) == ((10.0, "Um"), (13.0, "dois"), (18.0, "três"))
    assert estimated(" ", 1.0, 2.0) == ()
