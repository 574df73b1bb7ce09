import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.splitter.sentences import MERGED, WINDOW, break_point, split


@pytest.mark.parametrize(
    "sentences",
    [
        ["Uma frase. ", "Outra? ", "Mais uma!"],
        ["O Sr. Silva e a Dra. Souza moram na Av. Paulista. ", "Chegaram ontem."],
        ["D. João VI e J. R. Campos vieram. ", "Ficaram."],
        ["— Quem é? — perguntou ela. ", "— Sou eu."],
        ["“Vem!” disse. ", "Ele veio."],
        ["Ele parou... e seguiu. ", "Depois, nada."],
        ["Custa 3.500,00 reais (ver pág. 12, art. 5). ", "É caro."],
        ["Nasceu em 1930. ", "Morreu em 1999."],
    ],
)
def test_portuguese_sentences_end_where_a_reader_ends_them(sentences: list[str]) -> None:
    assert split("".join(sentences), "pt-BR") == sentences


def test_english_abbreviations_end_no_english_sentence() -> None:
    assert split("Mr. Smith met Dr. Jones. They left.", "en-US") == ["Mr. Smith met Dr. Jones. ", "They left."]


@pytest.mark.parametrize("language", ["pt", "PT-br", "en", "de", "ja", "xx"])
def test_any_language_is_cut(language: str) -> None:
    assert len(split("A casa é azul. O mar é verde.", language)) == 2


def test_a_text_longer_than_a_window_is_cut_as_one_that_fits() -> None:
    sentence = "Uma frase de tamanho comum, sem surpresa. "
    assert split(sentence * 1_000, "pt") == [sentence] * 1_000


def test_a_sentence_longer_than_a_window_is_cut_between_words() -> None:
    pieces = split("palavra " * 2_000, "pt")
    assert all(len(piece) <= WINDOW for piece in pieces)
    assert all(piece.endswith("palavra ") for piece in pieces)


def test_a_text_without_capitals_is_more_than_one_sentence() -> None:
    assert max(map(len, split("uma frase sem maiúscula. " * 500, "pt"))) <= MERGED


@given(st.text(), st.sampled_from(["pt", "en", "ja"]))
def test_sentences_joined_are_the_text(text: str, language: str) -> None:
    assert "".join(split(text, language)) == text


def test_a_cut_falls_after_a_clause_then_after_a_space_then_nowhere() -> None:
    assert break_point("um dois, três quatro", 0, 15) == len("um dois, ")
    assert break_point("um dois três quatro", 0, 14) == len("um dois três ")
    assert break_point("umdoistrês", 0, 5) is None
    assert break_point(" umdoistrês", 0, 5) is None
