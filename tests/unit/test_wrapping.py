"""Subtitles are cut where the sense allows, and no line is too long for a screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.merger.wrapping import MAX_COLUMNS, clusters, columns, wrapped


def rows(text: str) -> list[list[str]]:
    """The lines of each subtitle."""
    sentence = wrapped(text)
    return [[sentence.text(row) for row in cue] for cue in sentence.cues]


def test_what_fits_a_line_is_one() -> None:
    assert rows(" A porta \n rangeu. ") == [["A porta rangeu."]]
    assert rows("x" * 20 + " " + "y" * 21) == [["x" * 20 + " " + "y" * 21]]


def test_what_is_a_letter_too_long_for_a_line_has_two() -> None:
    assert rows("x" * 20 + " " + "y" * 22) == [["x" * 20, "y" * 22]]


def test_two_full_lines_are_one_subtitle() -> None:
    assert rows("x" * 42 + " " + "y" * 42) == [["x" * 42, "y" * 42]]
    assert rows("x" * 42 + " " + "y" * 42 + " z") == [["x" * 42], ["y" * 42, "z"]]


def test_a_sentence_of_no_words_has_no_subtitle() -> None:
    assert rows(" \n ") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (  # at punctuation, though not quite in the middle
            "Quando a chuva parou, o faroleiro abriu as duas janelas.",
            [["Quando a chuva parou,", "o faroleiro abriu as duas janelas."]],
        ),
        (  # before a conjunction
            "A menina guardou o mapa e correu sem olhar para ninguém.",
            [["A menina guardou o mapa", "e correu sem olhar para ninguém."]],
        ),
        (  # not between an article and its noun
            "Todos cumprimentavam alegres os marinheiros daquele cais antigo.",
            [["Todos cumprimentavam alegres", "os marinheiros daquele cais antigo."]],
        ),
        (  # before the dash that ends what was said
            "— Onde está o meu chapéu novo? — perguntou a costureira.",
            [["— Onde está o meu chapéu novo?", "— perguntou a costureira."]],
        ),
        (
            "Deixei a chave debaixo da pedra — disse a costureira.",
            [["Deixei a chave debaixo da pedra", "— disse a costureira."]],
        ),
        (  # not between a sign and its figures
            "Sem pressa gastaram todos R$ 3.500,00 naquelas cordas novas.",
            [["Sem pressa gastaram todos", "R$ 3.500,00 naquelas cordas novas."]],
        ),
        (
            "No fim daquela tarde de agosto, as crianças desceram até o cais, contaram os barcos que voltavam e"
            " esperaram, caladas, que o último deles acendesse a lanterna.",
            [
                ["No fim daquela tarde de agosto,", "as crianças desceram até o cais,"],
                ["contaram os barcos", "que voltavam e esperaram,"],
                ["caladas,", "que o último deles acendesse a lanterna."],
            ],
        ),
    ],
)
def test_lines_are_cut_where_the_sense_allows(text: str, expected: list[list[str]]) -> None:
    assert rows(text) == expected


def test_subtitles_of_a_sentence_are_about_as_long_as_one_another() -> None:
    for words, cues in ((26, 3), (30, 4), (38, 4)):
        lengths = [len(" ".join(cue)) for cue in rows("palavra " * words)]
        assert len(lengths) == cues
        assert max(lengths) - min(lengths) <= 16


def test_a_script_without_spaces_is_cut_by_letters_that_are_twice_as_wide() -> None:
    text = "昔々ある海辺の村に灯台を守る老人が一人で住んでいた。毎晩、老人は油を運び、船の帰りを待った。" * 2
    found = rows(text)
    assert "".join(row for cue in found for row in cue) == text
    assert all(len(row) <= 21 for cue in found for row in cue)
    assert not any(row[0] in "、。" for cue in found for row in cue)


def test_a_word_longer_than_a_line_is_cut_and_no_other() -> None:
    long = "https://exemplo.com.br/" + "abcdefghij" * 6
    found = [row for cue in rows(f"Veja o endereço {long} agora mesmo.") for row in cue]
    assert "".join(found).replace(" ", "") == f"Vejaoendereço{long}agoramesmo."
    assert {"Veja", "o", "endereço", "agora", "mesmo."} <= {word for row in found for word in row.split()}


FAMILY = "👩‍👩‍👧‍👦"


@pytest.mark.parametrize("sign", [FAMILY, "👍🏽", "🇧🇷", "é", "❤️"])
def test_a_sign_of_several_characters_stays_whole(sign: str) -> None:
    assert list(clusters(sign * 3)) == [sign] * 3
    for cue in rows(sign * 200):
        for row in cue:
            assert row.replace(sign, "") == ""
            assert columns(row) <= MAX_COLUMNS


@pytest.mark.parametrize(
    ("text", "width"), [("água", 4), ("a\u0301gua", 4), ("灯台ＡＢ", 8), (FAMILY, 2), ("שלום", 4), ("", 0)]
)
def test_columns_are_what_a_reader_sees(text: str, width: int) -> None:
    assert columns(text) == width


_LETTERS = st.sampled_from(["a", "é", "e\u0301", "灯", "。", "ש", FAMILY, "🇧🇷", "-", ",", "1"])
_WORDS = st.lists(
    st.text("abcdé,.—", min_size=1, max_size=45) | st.lists(_LETTERS, min_size=1).map("".join), max_size=40
)


@given(_WORDS)
def test_every_word_is_in_the_lines_in_order_and_no_line_is_too_long(words: list[str]) -> None:
    found = rows(" ".join(words))
    assert "".join("".join(row.split()) for cue in found for row in cue) == "".join(words)
    assert all(1 <= len(cue) <= 2 for cue in found)
    assert all(row and columns(row) <= MAX_COLUMNS for cue in found for row in cue)
    assert all(row == row.strip() for cue in found for row in cue)
    if all(columns(word) <= MAX_COLUMNS for word in words):
        assert [word for cue in found for row in cue for word in row.split()] == words


@pytest.mark.parametrize("text", ["a " * 5_000, "x" * 10_000, "灯" * 10_000, "e\u0301" * 5_000, "\u200d" * 10_000])
def test_ten_thousand_characters_are_all_there(text: str) -> None:
    found = rows(text)
    assert "".join("".join(row.split()) for cue in found for row in cue) == text.replace(" ", "")
