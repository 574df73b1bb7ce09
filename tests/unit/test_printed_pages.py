"""What a page leaves in a text: its number, its running head, broken words and a table of contents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.splitter.lines import hyphens
from tests.unit.documents import words
from tests.unit.test_markdown import LINE, SENTENCE, read, texts, titles


@pytest.mark.parametrize("number", ["12", "- 12 -", "— 12 —", "Página 12", "12 / 340", "p. 12", "Page 12 of 340"])
def test_a_page_number_within_a_sentence_falls_out_and_the_paragraph_is_one(number: str) -> None:
    assert texts(f"O farol brilhava sobre\n\n{number}\n\no mar.") == ["O farol brilhava sobre o mar."]


def test_page_numbers_between_paragraphs_fall_out_where_others_break_sentences() -> None:
    source = "O mar\n11\nazul.\n\n12\n\nA casa\n13\nbranca.\n\n14\n"
    assert texts(source) == ["O mar azul.", "A casa branca."]


@pytest.mark.parametrize(
    "source",
    [
        "Ele leu o papel.\n\n12\n\nEra a conta.",
        "Total da lista\n12\nanos\n5\nmeses",
        "O ano era\n\n1910.\n\nChovia.",
        "Um.\n\nPágina 12\n\nDois.",
        "O mar.\n\n3\n\nA casa.",
    ],
)
def test_a_number_that_no_sentence_runs_over_is_read(source: str) -> None:
    assert words(" ".join(texts(source))) == words(source)


def test_a_number_that_does_not_count_on_from_the_pages_before_is_read() -> None:
    assert texts("O mar\n11\nazul.\n\n3\n\nA casa\n12\nbranca.") == ["O mar azul.", "3", "A casa branca."]


def test_a_head_of_two_lines_falls_out() -> None:
    said = texts("\f".join(f"Ana Lima\nO Farol\n\nA noite {number} caiu." for number in range(4)))
    assert said == [f"A noite {number} caiu." for number in range(4)]


def test_running_heads_fall_out_at_page_breaks() -> None:
    page = "O FAROL\n\nA noite {0} caía sobre a casa e o vento da serra vinha\n\n{0}"
    said = " ".join(texts("\f".join(page.format(number) for number in range(3, 9))))
    assert "FAROL" not in said
    assert said.count("noite") == 6


def test_the_title_that_heads_each_page_of_a_chapter_is_heard_once() -> None:
    pages = [
        f"{chapter}\n\nFrase {number} da página.\n"
        for chapter in ("A ida", "A vinda", "O mar", "O fim")
        for number in range(4)
    ]
    said = texts("\f".join(pages))
    assert [said.count(title) for title in ("A ida", "A vinda", "O mar", "O fim")] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("a cons-\ntrução", "a construção"),
        ("em fren-\nte dele", "em frente dele"),
        ("a gen-\nte", "a gente"),
        ("um guarda-\nchuva", "um guarda-chuva"),
        ("seja bem-\nvindo", "seja bem-vindo"),
        ("disse-\nlhe", "disse-lhe"),
        ("levou-\no", "levou-o"),
        ("dar-\nlhe-ia", "dar-lhe-ia"),
        ("fazê-\nlo", "fazê-lo"),
        ("levá-\n-lo", "levá-lo"),
        ("a pe-\nla rua", "a pela rua"),
        ("pé-de-\nmoleque", "pé-de-moleque"),
        ("Lisboa-\nPorto", "Lisboa-Porto"),
        ("CONS-\nTRUÇÃO", "CONSTRUÇÃO"),
        ("1990-\n1995", "1990- 1995"),
        ("o mar -\nele disse", "o mar - ele disse"),
        ("constru\u00ad\nção", "construção"),
    ],
)
def test_a_word_broken_at_a_line_end_is_whole(broken: str, whole: str) -> None:
    assert texts(broken) == [whole]


def test_what_the_document_writes_elsewhere_decides_about_a_hyphen() -> None:
    assert texts("o mico-\nleão.\n\nO mico-leão.")[0] == "o mico-leão."
    assert texts("o bem-\nestar.\n\nO bemestar.")[0] == "o bemestar."
    assert hyphens.known([["o mico-", "leão"], ["mico-leão"]])["mico-leão"] == 1


@given(st.lists(SENTENCE, min_size=1, max_size=6), st.data())
def test_pages_of_any_length_lose_no_word(sentences: list[str], data: st.DataObject) -> None:
    whole = " ".join(sentences).split()
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(whole) - 1)), max_size=5)))
    starts = [0, *cuts]
    pages = [" ".join(whole[start:end]) for start, end in zip(starts, [*cuts, None], strict=True)]
    assert words(" ".join(texts("\f".join(pages)))) == words(" ".join(whole))


CONTENTS = ["Capítulo I ......... 7", "Capítulo II . . . . . 12", "Epílogo\t40"]
BOOK = "Capítulo I\n\nUm.\n\nCapítulo II\n\nDois.\n\nEpílogo\n\nTrês."


@pytest.mark.parametrize("title", ["Sumário", "ÍNDICE", "## Conteúdo", "**Contents**", "Sumário\n======="])
@pytest.mark.parametrize(
    "entries",
    [
        CONTENTS,
        ["Capítulo I", "Capítulo II", "Epílogo"],
        ["- [Capítulo I](#capitulo-i)", "- [Capítulo II](#capitulo-ii)", "- [Epílogo](#epilogo)"],
        ["1. A chegada 7", "2. A volta 12", "3. O fim 40"],
    ],
)
def test_a_table_of_contents_is_neither_chapters_nor_read(title: str, entries: list[str]) -> None:
    source = title + "\n\n" + "\n".join(entries) + "\n\n" + BOOK
    assert titles(source) == ["Capítulo I", "Capítulo II", "Epílogo"]
    assert texts(source) == texts(BOOK)


def test_dots_that_lead_to_pages_need_no_title() -> None:
    lines = "A chegada ..... 7\nA volta ..... 9\nO fim ..... 12"
    assert texts(f"Obra completa\n\n{lines}\n\nEra uma vez.") == ["Obra completa", "Era uma vez."]


@pytest.mark.parametrize(
    "source",
    [
        "Conteúdo\n\nA caixa tinha três livros e um mapa.",
        "Conteúdo\n\nOvos 3\nFarinha 2\n\nMisture tudo.",
        "Conteúdo\n\nOvos 2\nFarinha 3\n\nMisture tudo.",
        "Índice\n\nO índice subiu a 12\n\nem dois anos.",
        "Ela contou ... 7\ne depois parou.",
        "Sumário\n\nCapítulo I\n\nUm.",
    ],
)
def test_a_text_that_only_looks_like_a_table_of_contents_is_read(source: str) -> None:
    assert words(" ".join(texts(source))) == words(source)


@pytest.mark.parametrize(
    ("entries", "headings"),
    [
        (["A terra", "O mar"], ["CAPÍTULO 1\n\nA TERRA", "CAPÍTULO 2\n\nO MAR"]),
        (["Capítulo 1 – A terra", "Capítulo 2 – O mar"], ["CAPÍTULO 1\nA TERRA", "CAPÍTULO 2\nO MAR"]),
        (["Capítulo 1: A terra 9", "Capítulo 2: O mar 31", "Capítulo 3: O céu 77"], ["Capítulo 1"]),
        (["I. A terra", "II. O mar"], ["Capítulo I: A terra", "Capítulo II: O mar"]),
        (["I - A terra", "II - O mar"], ["I\n\nA terra", "II\n\nO mar"]),
        (["A terra 9", "O mar 31", "O céu 77"], ["Capítulo 1\n\nA terra"]),
        (["A terra 9", "O mar 31", "O céu 77"], ["No ano de 1964"]),
        (["A terra", "O mar"], ["Cheguei aos 15", "A terra", "O mar"]),
    ],
)
def test_a_table_of_contents_may_write_headings_otherwise_and_ends_before_the_first(
    entries: list[str], headings: list[str]
) -> None:
    book = "".join(f"{heading}\n\nEra uma vez um farol.\n\n" for heading in headings)
    assert words(" ".join(texts("Sumário\n\n" + "\n".join(entries) + "\n\n" + book))) == words(book)


def test_what_follows_a_table_of_contents_is_read() -> None:
    assert texts("Sumário\nUm ... 1\nDois ... 2\nEra uma vez um farol.") == ["Era uma vez um farol."]


@given(st.lists(LINE, min_size=1, max_size=8))
def test_lines_under_the_word_contents_are_read_unless_they_lead_to_pages(lines: list[str]) -> None:
    unique = list(dict.fromkeys(lines))
    source = "Conteúdo\n\n" + "\n\n".join(f"{line}." for line in unique)
    assert words(" ".join(texts(source))) == words(source)


def test_a_book_of_pages_has_its_chapters() -> None:
    pages = [f"Capítulo {number}\n\nA frase {number} vai\n\n{number + 6}" for number in range(1, 5)]
    assert [chapter.title for chapter in read("\f".join(pages)).chapters] == [f"Capítulo {n}" for n in range(1, 5)]
