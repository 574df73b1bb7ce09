import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from darkchannel.errors import Refused
from services.splitter.formats import html
from services.splitter.formats.draft import Block, Draft, DraftChapter, Note
from services.splitter.markup.trees import MAX_DEPTH
from tests.unit.documents import page, words


def blocks(draft: Draft) -> list[Block]:
    return [item for chapter in draft.chapters for item in chapter.content if isinstance(item, Block)]


def texts(body: str) -> list[str]:
    return [block.text for block in blocks(html.read(body.encode()))]


def test_chapters_start_at_the_first_two_levels_of_headings() -> None:
    draft = html.read(b"<title>Contos</title><h1>Um</h1><p>A.<h3>Meio</h3><p>B.<h2>Dois</h2><p>C.")
    assert draft.title == "Contos"
    assert draft.chapters == (
        DraftChapter("Um", (Block("Um", True), Block("A."), Block("Meio", True), Block("B."))),
        DraftChapter("Dois", (Block("Dois", True), Block("C."))),
    )


def test_a_page_whose_headings_are_not_marked_has_the_chapters_of_a_text() -> None:
    draft = html.read("<h1>Contos</h1><p><b>Capítulo 1</b><p>A.<p>CAPÍTULO 2 – O mar<p>B.".encode())
    assert [chapter.title for chapter in draft.chapters] == ["Capítulo 1", "CAPÍTULO 2 – O mar"]


def test_a_page_whose_headings_are_marked_has_no_others() -> None:
    draft = html.read("<h1>Um</h1><p>Prólogo<p>A.<h1>Dois</h1><p>B.".encode())
    assert [chapter.title for chapter in draft.chapters] == ["Um", "Dois"]


def test_title_author_and_language_are_those_the_page_names() -> None:
    draft = html.read(b'<html lang="pt-PT"><meta name="Author" content=" Ana  Lima "><h1>Cais</h1><p>A.')
    assert (draft.title, draft.author, draft.language) == ("Cais", "Ana Lima", "pt-PT")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<nav>menu</nav><header>topo</header><p>A.</p><aside>lado</aside><footer>base</footer>", ["A."]),
        ("<section><header><h1>Um</h1></header><p>A.</p></section>", ["Um", "A."]),
        ("<div>topo</div><main><p>A.</p></main><div>base</div>", ["A."]),
        ("<div>topo</div><article><p>A.</p></article>", ["A."]),
        ("<article><p>A.</p></article><article><p>B.</p></article>", ["A.", "B."]),
        ("<header><p>Só isto.</p></header>", ["Só isto."]),
        ("<main></main><p>A.</p>", ["A."]),
        ("<p>A.</p><form><input value='x'><button>Ir</button><select><option>1</select>B.</form>", ["A.", "B."]),
    ],
)
def test_what_stands_around_the_text_of_a_page_is_left_out(body: str, expected: list[str]) -> None:
    assert texts(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p><b>a</b>b <i>c</i> d</p>", ["ab c d"]),
        ("<p><span style='float:left'>E</span>ra uma vez</p>", ["Era uma vez"]),
        ("<p><img alt='E' src='e.png'>ra uma vez</p>", ["Era uma vez"]),
        ("<p>Um<br>dois<br><br>três</p>", ["Um dois", "três"]),
        ("<dl><dt>Mar<dd>Água salgada.</dl>", ["Mar", "Água salgada."]),
        (
            "<p>10 m<sup>2</sup> e H<sub>2</sub>O no 1<sup>o</sup> dia, n<sup>o</sup> 5</p>",
            ["10 m² e H2O no 1º dia, nº 5"],
        ),
        ("<p>21<sup>st</sup></p>", ["21st"]),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", ["漢"]),
        ("<p>Veja <math alttext='x mais um'><mi>x</mi></math>.</p>", ["Veja x mais um ."]),
        ("<p><math><mi>x</mi><mo>+</mo><mn>1</mn></math></p>", ["x+1"]),
        ("<figure><img alt='Um farol' src=a.png><figcaption>O farol</figcaption></figure>", ["Um farol", "O farol"]),
        ("<p>A<img alt='' src=x><img alt='IMG_12.JPG'><img alt='Imagem 3'><img alt=ave role=none> b</p>", ["A b"]),
        ("<p>A<img alt='Cover image'><img alt='Foto da capa'> b</p>", ["A b"]),
        ("<p>A <span hidden>x</span><span aria-hidden=true>x</span><b style='Display : none'>x</b>b</p>", ["A b"]),
        ("<p>A <span class=pagenum>[Pg 12]</span>b</p>", ["A b"]),
        ("<p class=pagenum>Era uma vez um número.</p>", ["Era uma vez um número."]),
        ("<a href='#12'>12</a> <a href='http://[x'>fora</a>", ["12 fora"]),
    ],
)
def test_a_page_is_read_as_it_looks(body: str, expected: list[str]) -> None:
    assert texts(body) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("<tr><th>Ano<th>Rio<tr><td>1535<td>Capibaribe", ["Ano, Rio", "1535, Capibaribe"]),
        ("<tr><td>Fim.<td><td>Mais", ["Fim. Mais"]),
        ("<tr><td><p>Um.</p><p>Dois.</p><td>Três", ["Um.", "Dois.", "Três"]),
        ("<tr><td><table><tr><td>a<td>b</table><td>c", ["a, b", "c"]),
    ],
)
def test_a_table_of_data_is_read_row_by_row_and_one_for_looks_as_its_text(rows: str, expected: list[str]) -> None:
    assert [text.rstrip(",") for text in texts(f"<table>{rows}</table>")] == expected


def test_a_rule_is_a_pause() -> None:
    assert blocks(html.read(b"<p>A.<hr><p>B.")) == [Block("A.", pause=True), Block("B.")]


def test_a_paragraph_in_another_language_says_so() -> None:
    found = blocks(html.read(b"<p>A.</p><div lang=fr><p>B.</p><p lang=en>C.</p></div><p>D.</p>"))
    assert [block.language for block in found] == [None, "fr", "en", None]


def test_a_note_stands_where_the_text_refers_to_it() -> None:
    body = (
        "<p>O mar<sup><a id=r1 href='#n1'>1</a></sup>.</p><h2>Notas</h2><ol><li id=n1>Salgado. <a href='#r1'>↩</a></ol>"
    )
    assert blocks(html.read(body.encode())) == [Block("O mar.", notes=(Note(5, "Salgado."),))]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\xef\xbb\xbf<p>a\xc3\xa7o", "aço"),
        (b"<p>a\xc3\xa7o", "aço"),
        (b"<p>a\xe7o de navio", "aço de navio"),
        (b"<meta charset=iso-8859-1><p>a\xc3\xa7", "aÃ§"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=windows-1252"><p>\x93a\x94', "“a”"),
        ("<p>aço".encode("utf-16"), "aço"),
        (b"<p>a&ccedil;o &amp; &foo; &#231;&#1;&shy;", "aço & &foo; ç"),
    ],
)
def test_the_characters_of_a_page_are_those_it_declares_or_was_saved_with(body: bytes, text: str) -> None:
    assert [block.text for block in blocks(html.read(body))] == [text]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<meta charset=shift_jis><p>a", "declares an encoding"),
        (b"<p>a\0", "binary data"),
        (b"\x81\x8d\xfe\xff\x01" * 9, "no text in UTF-8"),
        (b'<!DOCTYPE html [<!ENTITY a "b">]><p>&a;', "entities"),
        (b" \n", "nothing to speak"),
        (b"<!-- -->", "nothing to speak"),
        (b"<i>" * (MAX_DEPTH + 9), f"more than {MAX_DEPTH} elements within one another"),
    ],
)
def test_what_is_no_page_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        html.read(body)
    assert reason in str(refused.value)


def test_an_xhtml_page_that_is_broken_loses_no_words_to_elements_that_close_themselves() -> None:
    body = page("<p>Um<p>Dois & <b>três <a id='x'/>quatro", head="<title/><script src='x'/>")
    assert words(" ".join(texts(body))) == ["Um", "Dois", "três", "quatro"]


@pytest.mark.parametrize(("further", "has_note"), [(1, True), (200, False)])
def test_a_note_that_only_a_link_tells_is_no_longer_than_notes_are(further: int, has_note: bool) -> None:
    note = "<p>1. Foi em maio.</p>" + "<p>E choveu.</p>" * further
    first = blocks(html.read(f"<p>Era<sup><a href='#n'>1</a></sup> cedo.</p><div id=n>{note}</div>".encode()))[0]
    assert (first.text, bool(first.notes)) == ("Era cedo.", has_note)


@pytest.mark.parametrize(
    "body",
    [
        "<div>a " * 50_000 + "FIM",
        "<p>" * 500_000 + "FIM",
        "<p " + " ".join(f'a{number}="1"' for number in range(300_000)) + ">FIM",
        "<table><tr><td>" * 20_000 + "FIM",
        "<a href='#x'><sup>" * 20_000 + "FIM",
        "<p>" + "<img alt='a' src=x>" * 50_000 + "FIM",
        "<p>" + "<br>" * 200_000 + "FIM",
        "<p title='" + "x " * 500_000 + "'>FIM",
        "<p>" + "palavra " * 500_000 + "FIM",
        "<p style='" + "display" + " " * 100_000 + "'>FIM",
        "<p><img alt='" + "a." * 50_000 + "'>FIM",
        "</p>" * 500_000 + "FIM",
        "<b><p>" * 20_000 + "</b>" * 20_000 + "FIM",
        "<h1>" * 20_000 + "FIM",
        "<h1>a</h1><h6>b</h6>" * 20_000 + "FIM",
        "<p><a href='#n'>[1]</a>" * 20_000 + "<p id=n>[1] FIM FIM",
        "<p>x" + "<sup><a href='#n'>1</a></sup>" * 50_000 + "<p id=m>FIM",
        "".join(f"x<sup><a href='#n{n}'>{n}</a></sup> " for n in range(20_000)) + "<p>FIM<p id=n1>1. FIM",
        "<aside role='doc-footnote' id=n><p>a" * 20_000 + "FIM",
        "<p><a role='doc-noteref' href='#n'>1</a> a" * 20_000
        + "<section role='doc-endnotes'><div id=n>"
        + "<p>b" * 20_000
        + "<h2>FIM</h2></div></section>",
        "<span epub:type=pagebreak>" * 40_000 + "FIM",
    ],
    ids=lambda body: body[:12],
)
def test_a_hostile_page_costs_no_more_than_its_length_and_is_read_to_its_end(body: str) -> None:
    found = blocks(html.read(body.encode()))
    said = " ".join([block.text for block in found] + [note.text for block in found for note in block.notes])
    assert said.endswith("FIM")


WORD = st.text("abçé1", min_size=1, max_size=4)
LEAF = st.builds(lambda text, space: text + space, WORD, st.sampled_from(["", " ", "\n"]))
NAMES = "p div b i span li ul h2 h4 section blockquote td tr table em dd aside figure pre"
TAGS = st.sampled_from(NAMES.split())
SILENT = st.sampled_from(["script", "style", "rt", "template"])
TREE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds(lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>", TAGS, st.lists(inner, max_size=4)),
        st.builds(lambda tag, text: f"<{tag}>{text}</{tag}>", SILENT, WORD),
        st.just("<br/>"),
        st.just("<hr/>"),
        st.just("<img src='x' alt='ave'/>"),
    ),
    max_leaves=25,
)


@given(st.lists(TREE, min_size=1, max_size=6))
def test_all_that_a_page_shows_is_said_once_and_in_order(parts: list[str]) -> None:
    body = page(f"<div>{''.join(parts)} fim</div>")
    root = etree.fromstring(body.encode())
    for silent in list(root.iter(*(f"{{*}}{name}" for name in ("head", "script", "style", "rt", "template")))):
        silent.clear(keep_tail=True)
    for image in root.iter("{*}img"):
        image.text = "ave"
    shown = "".join("".join(root.itertext()).split())
    assert "".join("".join(texts(body)).split()).replace(",", "") == shown
