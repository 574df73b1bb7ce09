"""What is heard of Markdown, and of texts that are typed as books are."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.splitter.formats import text
from services.splitter.formats.draft import Block, Draft, Note
from services.splitter.lines.inline import plain
from tests.unit.documents import words


def read(source: str) -> Draft:
    return text.read(source.encode())


def blocks(source: str) -> list[Block]:
    return [item for chapter in read(source).chapters for item in chapter.content if isinstance(item, Block)]


def texts(source: str) -> list[str]:
    return [block.text for block in blocks(source)]


def titles(source: str) -> list[str | None]:
    return [chapter.title for chapter in read(source).chapters]


@pytest.mark.parametrize("line", ["=" * 3, "=" * 20])
def test_a_line_underlined_twice_starts_a_chapter(line: str) -> None:
    assert titles(f"Um\n{line}\nTexto.\n\nDois\n{line}\nTexto.") == ["Um", "Dois"]


def test_a_line_underlined_once_starts_a_chapter_and_a_sentence_above_a_rule_does_not() -> None:
    assert titles("Um\n---\nTexto.\n\nDois\n---\nTexto.") == ["Um", "Dois"]
    assert titles("A frase acaba.\n---\nTexto.") == [None]


def test_cells_of_a_row_are_read_with_commas_and_the_ruler_is_not_read() -> None:
    table = "| Nome | Idade |\n|:-----|------:|\n| Ana \\| Lia | 12 |\n| Fim. | |\n"
    assert texts(f"Antes.\n\n{table}\nDepois.") == ["Antes.", "Nome, Idade", "Ana | Lia, 12", "Fim.", "Depois."]
    assert texts("Nome | Idade\n--- | ---\nAna | 12") == ["Nome, Idade", "Ana, 12"]


def test_a_bar_in_a_sentence_is_no_table() -> None:
    assert texts("Escolha sim | não\nou nada.") == ["Escolha sim | não ou nada."]


def test_comments_are_left_out_and_one_that_never_ends_is_read() -> None:
    assert texts("Antes <!-- nada\n\ndisto --> depois.") == ["Antes depois."]
    assert words(texts("Antes <!-- tudo isto")[0]) == ["Antes", "tudo", "isto"]


@pytest.mark.parametrize(
    ("marked", "said"),
    [
        ("H<sub>2</sub>O e <b class='x'>força</b>", "H2O e força"),
        ("um<br>dois<p>três</p>", "um dois três"),
        ("a < b e c > d", "a < b e c > d"),
        ("x <Olá> y", "x <Olá> y"),
        ("<https://example.org/a> e <ana@example.org>", "https://example.org/a e ana@example.org"),
        ("Rua &amp; praça&nbsp;&mdash; 5&ordm;, AT&T; &nada;", "Rua & praça — 5º, AT&T; &nada;"),
        ("[![um mapa](m.png)](<a b>)", "um mapa"),
        ("\\[não\\](é link) e \\*isto\\*", "[não](é link) e *isto*"),
        (":smile: é [um] sinal", ":smile: é [um] sinal"),
        ("~~velho~~ novo", "velho novo"),
        ("<details open='1'><summary>Mais</summary>texto</details>", "Mais texto"),
        ('a <img src="f.png" alt="um farol" width=3> e <img src="g.png">b', "a um farol e b"),
    ],
)
def test_tags_and_entities_are_not_spoken_but_what_only_looks_like_them_is(marked: str, said: str) -> None:
    assert plain(marked) == said


def test_a_footnote_stands_where_it_is_referred_to_and_is_no_paragraph() -> None:
    source = "O *mar* [^1], azul[^b]. E nada[^1].\n\n[^1]: Nota\nlonga.\n\n    Segue *aqui*.\n\n[^b]: Outra.\n\nFim."
    [first, last] = blocks(source)
    assert (first.text, last.text) == ("O mar, azul. E nada.", "Fim.")
    assert first.notes == (Note(5, "Nota longa. Segue aqui."), Note(11, "Outra."))


def test_a_footnote_within_the_text_is_a_note() -> None:
    [block] = blocks("O mar^[Ou rio.] brilha.")
    assert (block.text, block.notes) == ("O mar brilha.", (Note(5, "Ou rio."),))


def test_a_footnote_that_nothing_refers_to_belongs_to_the_paragraph_above() -> None:
    [above, below] = blocks("Um.\n\n[^x]: Perdida.\n\nDois.")
    assert (above.notes, below.notes) == ((Note(3, "Perdida."),), ())
    assert texts("[^x]: Só isto.") == ["Só isto."]


def test_a_heading_that_refers_to_a_footnote_has_a_plain_title() -> None:
    source = "# O mar[^1]\n\nTexto.\n\n[^1]: Nota.\n\n# Fim\n\nTexto."
    assert titles(source) == ["O mar", "Fim"]
    assert blocks(source)[0].notes == (Note(5, "Nota."),)


def test_code_is_read_line_by_line_and_its_stars_are_stars() -> None:
    assert texts("Antes.\n```python\nx = 2 ** 3\n# nota\n```\nDepois.") == ["Antes.", "x = 2 ** 3", "# nota", "Depois."]


def test_a_fence_that_never_closes_hides_nothing() -> None:
    assert titles("Um.\n\n```\n\n# Dois\n\nTrês.") == [None, "Dois"]


def test_items_are_paragraphs_at_any_depth_and_their_boxes_are_not_spoken() -> None:
    assert texts("- [ ] pão\n- [x] leite\n    - fresco\n      e frio\n1. um\n2) dois") == [
        "pão",
        "leite",
        "fresco e frio",
        "1. um",
        "2) dois",
    ]


@pytest.mark.parametrize(
    "said", ["A história -- com ela.", "Ele - o velho - veio.", "Se 2 * 3 + 4 é dez, vá.", "a [x] b - [x] c"]
)
def test_only_at_the_start_of_a_line_is_a_bullet_one(said: str) -> None:
    assert texts(f"{said}\nFim.") == [f"{said} Fim."]
    assert texts(f"- {said}") == [said]


def test_a_number_that_begins_a_wrapped_line_begins_no_item() -> None:
    assert texts("Chegaram ao porto no dia\n12. ao romper da manhã.") == [
        "Chegaram ao porto no dia 12. ao romper da manhã."
    ]


def test_the_marks_of_a_division_are_not_read_but_what_stands_in_it_is() -> None:
    assert texts("::: {.aviso}\nCuidado.\n:::\n\n::: nota\nFim.\n::::\n") == ["Cuidado.", "Fim."]


def test_a_rule_inside_a_paragraph_is_a_pause() -> None:
    assert [(block.text, block.pause) for block in blocks("Um\n* * *\nDois")] == [("Um", True), ("Dois", False)]


def test_lines_of_verse_stand_alone() -> None:
    verse = ["Vento que vens do norte", "Traz a vela e o marinheiro", "E a canção do cais"]
    assert texts("\n".join(verse)) == verse
    assert texts("a vela branca  \ne o mar\\\ne o cais") == ["a vela branca", "e o mar", "e o cais"]


def test_wrapped_prose_is_no_verse() -> None:
    assert texts("Foi o vento da\nSerra que o trouxe.") == ["Foi o vento da Serra que o trouxe."]
    assert texts("O vento que vinha\nda serra trazia\nPedro e a chuva.") == [
        "O vento que vinha da serra trazia Pedro e a chuva."
    ]


def test_an_indented_first_line_and_a_long_line_are_paragraphs() -> None:
    assert texts("Um dia acabou.\n    Outro começou\nde manhã.") == ["Um dia acabou.", "Outro começou de manhã."]
    long = "palavra " * 30 + "fim."
    assert texts(f"{long}\n{long}") == [long, long]


def test_a_quotation_is_its_own_paragraph() -> None:
    assert texts("Ele disse:\n> Vem\n> comigo.\n\nE foi.") == ["Ele disse:", "Vem comigo.", "E foi."]


@pytest.mark.parametrize(
    "hostile",
    ["[", "|", "|a|\n", "<b a=", "[^a", "[^a]: x\n", "^[", "![](", '[](a "', "[](<", "x [^1]" + " " * 50, "a ... 1\n",
     "Sumário\na 1\n", "```\n", "<!--", ">", "a-\n", "\n12\n", "12\f", "a\n===\n", "I\n\n", "\\", "&amp", "a-", "<a",
     "![[", "[[a|", "x {#a ", "]{#a", "==a", "<img alt=", '<img alt="', ":::\n", "1. A\n\nx\n\n", "====\na\n"],
)  # fmt: skip
def test_no_mark_repeated_a_hundred_thousand_times_is_more_than_its_length(hostile: str) -> None:
    assert read("Um.\n" + hostile * (100_000 // len(hostile))).chapters


WORD = st.text(st.sampled_from("abcdefghijlmnopqrstuvxzáâãçéêíóôõú"), min_size=2, max_size=9)
LINE = st.lists(WORD, min_size=1, max_size=12).map(" ".join)
SENTENCE = LINE.map(lambda line: f"{line.capitalize()}.")
BLOCK = st.one_of(
    st.lists(SENTENCE, min_size=1, max_size=4).map("\n".join),
    st.lists(LINE, min_size=1, max_size=4).map("\n".join),
    LINE.map(lambda line: f"## {line}"),
    LINE.map(lambda line: f"{line}\n===="),
    st.lists(LINE, min_size=1, max_size=4).map(lambda lines: "\n".join(f"- {line}" for line in lines)),
    st.lists(LINE, min_size=1, max_size=4).map(lambda lines: "\n".join(f"> **{line}**" for line in lines)),
    st.lists(st.tuples(LINE, LINE), min_size=1, max_size=3).map(
        lambda rows: "|---|---|\n" + "\n".join(f"| {left} | _{right}_ |" for left, right in rows)
    ),
    st.lists(LINE, min_size=1, max_size=3).map(lambda lines: "```\n" + "\n".join(lines) + "\n```"),
    LINE.map(lambda line: f"*{line}*\n* * *"),
)


@given(st.lists(BLOCK, min_size=1, max_size=8), st.sampled_from(["\n\n", "\n\n\f", "\n\n\n"]))
def test_the_words_of_a_document_are_those_of_its_blocks(written: list[str], gap: str) -> None:
    source = gap.join(written)
    lines = [line for line in source.split("\n") if words(line)]
    assume("\f" not in gap or len(set(lines)) == len(lines))  # what heads or ends three pages falls out
    assert [word for said in texts(source) for word in words(said)] == words(source)


@given(st.lists(st.tuples(LINE, LINE), min_size=1, max_size=6))
def test_the_words_of_footnotes_are_those_of_the_notes(written: list[tuple[str, str]]) -> None:
    source = "".join(f"{line}[^{number}].\n\n[^{number}]: {note}\n\n" for number, (line, note) in enumerate(written))
    assert [(block.text, [note.text for note in block.notes]) for block in blocks(source)] == [
        (f"{line}.", [note]) for line, note in written
    ]
