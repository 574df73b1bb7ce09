import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import Refused
from services.splitter.formats import pdf
from services.splitter.formats.draft import Block, Draft
from tests.unit.documents import words

FILLER = "O vento norte varria a praia e batia nas janelas da casa velha"


def content(lines: Sequence[str]) -> bytes:
    escaped = (re.sub(r"([\\()])", r"\\\1", line) for line in lines)
    shown = " T* ".join(f"({line}) Tj" for line in escaped)
    return f"BT /F1 12 Tf 14 TL 72 770 Td {shown} ET".encode("cp1252")


def book(
    *pages: Sequence[str],
    outline: Sequence[tuple[str, int]] = (),
    info: str = "",
    trailer: str = "",
    streams: Sequence[bytes] = (),
) -> bytes:
    """A PDF of pages of lines, its outline as titles with page numbers from 0."""
    drawn = list(streams) or [content(lines) for lines in pages]
    first = 5
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(drawn)))
    root = first + 2 * len(drawn)
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R" + (f"/Outlines {root} 0 R".encode() if outline else b"") + b">>",
        2: f"<</Type/Pages/Count {len(drawn)}/Kids[{kids}]>>".encode(),
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        4: f"<<{info}>>".encode("latin-1"),
    }
    for number, stream in enumerate(drawn):
        page = first + 2 * number
        packed = zlib.compress(stream)
        objects[page] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents {page + 1} 0 R>>"
        ).encode()
        objects[page + 1] = b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed)
    if outline:
        items = [root + 1 + number for number in range(len(outline))]
        objects[root] = f"<</First {items[0]} 0 R/Last {items[-1]} 0 R/Count {len(items)}>>".encode()
        following = dict(pairwise(items))
        for item, (title, page) in zip(items, outline, strict=True):
            after = f"/Next {following[item]} 0 R" if item in following else ""
            target = f"/Parent {root} 0 R/Dest[{first + 2 * page} 0 R/Fit]{after}"
            objects[item] = b"<</Title<feff%s>%s>>" % (title.encode("utf-16-be").hex().encode(), target.encode())
    return written(objects, trailer)


def written(objects: dict[int, bytes], trailer: str) -> bytes:
    body = b"%PDF-1.7\n"
    offsets: list[int] = []
    for number, value in sorted(objects.items()):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    end = f"trailer<</Size {size}/Root 1 0 R/Info 4 0 R{trailer}>>\nstartxref\n{len(body)}\n%%EOF".encode()
    return body + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (size, table, end)


def texts(draft: Draft) -> list[str]:
    return [item.text for chapter in draft.chapters for item in chapter.content if isinstance(item, Block)]


def titles(draft: Draft) -> list[str | None]:
    return [chapter.title for chapter in draft.chapters]


def test_lines_become_paragraphs_where_a_short_line_ends_a_sentence() -> None:
    draft = pdf.read(book([FILLER, "até o fim da noite.", FILLER, "até de manhã.", "— Quem é?", "— O vento."]))
    assert texts(draft) == [
        f"{FILLER} até o fim da noite.",
        f"{FILLER} até de manhã.",
        "— Quem é?",
        "— O vento.",
    ]


def test_a_paragraph_runs_on_over_the_page_and_its_broken_word_is_whole() -> None:
    draft = pdf.read(book([FILLER, f"{FILLER} e a cons-"], ["trução rangia.", "Fim."]))
    assert texts(draft) == [f"{FILLER} {FILLER} e a construção rangia.", "Fim."]


def test_running_heads_and_page_numbers_fall_out() -> None:
    pages = [
        ["O Farol", f"{number}o {FILLER}", f"{FILLER} na noite {number}a.", str(number + 10)] for number in range(6)
    ]
    said = " ".join(texts(pdf.read(book(*pages))))
    assert "O Farol" not in said
    assert words(said) == [
        word for number in range(6) for word in words(f"{number}o {FILLER} {FILLER} na noite {number}a")
    ]


def test_a_heading_starts_a_chapter_where_there_is_no_outline() -> None:
    draft = pdf.read(book(["Capítulo 1", "A CHEGADA", FILLER, "e parou."], ["Capítulo 2", FILLER, "de novo."]))
    assert titles(draft) == ["Capítulo 1: A CHEGADA", "Capítulo 2"]
    assert texts(draft)[:2] == ["Capítulo 1", "A CHEGADA"]


def test_the_outline_names_the_chapters_and_its_title_on_the_page_is_their_heading() -> None:
    draft = pdf.read(
        book(
            ["A chegada", FILLER, "e parou."],
            [FILLER, "e seguiu."],
            outline=[("A Chegada", 0), ("Sem título na página", 1)],
        )
    )
    assert titles(draft) == ["A Chegada", "Sem título na página"]
    first = draft.chapters[0].content[0]
    assert isinstance(first, Block)
    assert (first.text, first.heading) == ("A chegada", True)
    assert texts(draft)[2] == f"{FILLER} e seguiu."


def test_the_document_information_gives_title_and_author() -> None:
    draft = pdf.read(book(["Olá."], info="/Title(O Farol)/Author(Ana Lima)"))
    assert (draft.title, draft.author) == ("O Farol", "Ana Lima")


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Microsoft Word - O Farol.docx", "O Farol"),
        (r"\(anonymous\)", None),
        ("untitled", None),
        ("Anônimos", "Anônimos"),
    ],
)
def test_a_title_that_a_program_made_up_is_none_and_a_printed_files_name_is_plain(title: str, said: str | None) -> None:
    assert pdf.read(book(["Olá."], info=f"/Title({title})")).title == said


def test_a_chapter_starts_below_the_title_page() -> None:
    filler = [*(f"{FILLER} {number}" for number in range(5)), "e parou."]
    draft = pdf.read(book(["A Casa do Lago"], ["Capítulo 1", *filler], ["Capítulo 2", *filler]))
    assert [chapter.title for chapter in draft.chapters] == [None, "Capítulo 1", "Capítulo 2"]


def test_a_table_of_contents_is_not_read() -> None:
    draft = pdf.read(book(["Sumário", "Capítulo 1 ........ 2", "Capítulo 2 ........ 9"], ["Capítulo 1", "Era."]))
    assert texts(draft) == ["Capítulo 1", "Era."]


def test_stars_and_brackets_are_no_marks_in_a_pdf() -> None:
    assert texts(pdf.read(book(["2 * 3 * 4 e [nota](aqui) e _isto_ | aquilo"]))) == [
        "2 * 3 * 4 e [nota](aqui) e _isto_ | aquilo"
    ]


def test_pictures_of_pages_are_refused_as_such() -> None:
    with pytest.raises(Refused, match="pictures of pages only"):
        pdf.read(book(streams=[b"0 0 10 10 re f"]))


def test_a_locked_document_is_refused_as_locked() -> None:
    lock = f"/Encrypt<</Filter/Standard/V 1/R 2/O<{'00' * 32}>/U<{'00' * 32}>/P -4>>/ID[<00><00>]"
    with pytest.raises(Refused, match="locked"):
        pdf.read(book(["Olá."], trailer=lock))


def test_a_page_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(Refused, match="unpacks to more"):
        pdf.read(book(streams=[b" " * (pdf.MAX_STREAM_BYTES + 1)]))


def test_more_pages_than_are_read_are_refused() -> None:
    with pytest.raises(Refused, match="5,000 pages"):
        pdf.read(book(*[["a"]] * (pdf.MAX_PAGES + 1)))


@pytest.mark.parametrize("body", [b"%PDF-1.7", b"abc", b"%PDF-1.7\nstartxref\n99999\n%%EOF"])
def test_what_is_no_whole_pdf_is_refused_as_damaged(body: bytes) -> None:
    with pytest.raises(Refused, match="damaged"):
        pdf.read(body)


@given(st.integers(0, 2_000), st.binary(min_size=1, max_size=8))
def test_a_damaged_pdf_is_read_or_refused(at: int, damage: bytes) -> None:
    whole = book(["Olá, mundo."], ["Fim."], outline=[("Um", 0), ("Dois", 1)])
    with suppress(Refused):
        pdf.read(whole[:at] + damage + whole[at + len(damage) :])


WORD = st.text(st.sampled_from("abcdefghijlmnopqrstuvxzáâãçéêíóôõú"), min_size=1, max_size=9)


@given(st.lists(st.lists(st.lists(WORD, min_size=1, max_size=9), min_size=1, max_size=6), min_size=1, max_size=4))
def test_no_word_of_a_page_is_lost(pages: list[list[list[str]]]) -> None:
    sentences = [[" ".join(line).capitalize() + "." for line in page] for page in pages]
    said = " ".join(texts(pdf.read(book(*sentences))))
    assert words(said) == [word for page in sentences for line in page for word in words(line)]
