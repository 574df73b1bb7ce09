import zipfile
from io import BytesIO

import pytest

from darkchannel.errors import Refused
from darkchannel.jobs.plan import Book
from services.splitter.document import read
from services.splitter.formats import archive as limits
from tests.unit.documents import CONTAINER, archive, epub, package, page, segments, spoken_text, words


def titles(book: Book) -> list[str]:
    return [chapter.title for chapter in book.chapters]


def refusal(body: bytes) -> str:
    with pytest.raises(Refused) as refused:
        read(body, "a.epub", [])
    return str(refused.value)


def test_a_book_is_read_in_the_order_of_its_spine_with_titles_of_its_navigation() -> None:
    body = epub(
        {"b.xhtml": "<h1>II</h1><p>Dois.</p>", "a%20b.xhtml": "<p>Um.</p>"},
        nav='<li><a href="b.xhtml">O <i>segundo</i></a></li><li><a href="a%20b.xhtml">O primeiro</a></li>',
        files={"OEBPS/a b.xhtml": page("<p>Um.</p>")},
    )
    book = read(body, "x.epub", [])
    assert (book.title, book.author, book.options.language) == ("Contos", "Ana Lima", "pt-PT")
    assert titles(book) == ["O segundo", "O primeiro"]
    assert words(spoken_text(segments(book))) == ["II", "Dois", "Um"]


def test_titles_of_an_older_book_come_from_its_ncx_which_has_a_doctype() -> None:
    point = "<navPoint><navLabel><text>{}</text></navLabel><content src='{}'/></navPoint>"
    ncx = point.format("Um", "a.xhtml") + point.format("Dois", "b.xhtml#x")
    book = read(epub({"a.xhtml": "<p>A.</p>", "b.xhtml": "<p id='x'>B.</p>"}, ncx=ncx), "x.epub", [])
    assert titles(book) == ["Um", "Dois"]


def test_chapters_may_start_within_a_page() -> None:
    body = epub(
        {"a.xhtml": "<p>Antes.</p><section id='c1'><h2>Um</h2><p>A.</p></section><h2><a id='c2'/>Dois</h2><p>B.</p>"},
        nav='<li><a href="a.xhtml#c1">Primeiro</a></li><li><a href="a.xhtml#c2">Segundo</a></li>',
    )
    book = read(body, "x.epub", [])
    assert titles(book) == ["Contos", "Primeiro", "Segundo"]
    assert [words(spoken_text(chapter.segments)) for chapter in book.chapters] == [
        ["Antes"],
        ["Um", "A"],
        ["Dois", "B"],
    ]


def test_pages_the_contents_leave_out_are_titled_by_their_heading_or_belong_to_the_chapter_before() -> None:
    body = epub(
        {"a.xhtml": "<p>A.</p>", "b.xhtml": "<p>B.</p>", "c.xhtml": "<h1>Três</h1><p>C.</p>"},
        nav='<li><a href="a.xhtml">Um</a></li>',
    )
    assert titles(read(body, "x.epub", [])) == ["Um", "Três"]


def test_a_page_with_a_heading_alone_opens_the_next_chapter() -> None:
    body = epub({"a.xhtml": "<h1>Parte I</h1>", "b.xhtml": "<h2>Um</h2><p>A.</p>"})
    book = read(body, "x.epub", [])
    assert titles(book) == ["Um"]
    assert words(spoken_text(segments(book))) == ["Parte", "I", "Um", "A"]


def test_only_what_is_read_by_a_reader_is_spoken() -> None:
    content = (
        "<nav><a href='#'>menu</a></nav><script>code()</script><style>p{}</style><svg><text>svg</text></svg>"
        "<p>Texto<a epub:type='noteref' href='#n1'>1</a> e<br/>mais &amp; &nbsp;&eacute; fim<!-- nota --> já.</p>"
        "<ul><li>Item</li><li>Outro</li></ul><table><tr><td>Um</td><td>Dois</td></tr></table>"
    )
    [segment] = segments(read(epub({"a.xhtml": content}), "x.epub", []))
    said = spoken_text([segment])
    assert words(said) == ["Texto", "e", "mais", "é", "fim", "já", "Item", "Outro", "Um", "Dois"]
    assert "&amp;" in segment
    assert segment.count("<p>") == 5


def test_a_heading_and_a_rule_are_followed_by_a_pause() -> None:
    [segment] = segments(read(epub({"a.xhtml": "<h1>T</h1><p>A.</p><hr/><p>B.</p>"}), "x.epub", []))
    pause = '<break time="1000ms"/>'
    assert f"<p><s>T</s></p>{pause}<p><s>A.</s></p>{pause}<p><s>B.</s></p>" in segment


def test_a_page_that_is_no_xml_is_read_as_a_browser_would() -> None:
    assert words(spoken_text(segments(read(epub({"a.xhtml": "<p>Um<p>Dois & <b>três"}), "x.epub", [])))) == [
        "Um",
        "Dois",
        "três",
    ]


def test_a_name_of_a_character_nobody_knows_is_spoken_as_written() -> None:
    assert "foo" in spoken_text(segments(read(epub({"a.xhtml": "<p>Um &foo; dois</p>"}), "x.epub", [])))


def test_fonts_that_are_only_obfuscated_lock_no_book() -> None:
    body = epub(
        {"a.xhtml": "<p>A.</p>"}, files={"META-INF/encryption.xml": encryption("http://www.idpf.org/2008/embedding")}
    )
    assert words(spoken_text(segments(read(body, "x.epub", [])))) == ["A"]


def encryption(algorithm: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        f'<e:EncryptedData><e:EncryptionMethod Algorithm="{algorithm}"/></e:EncryptedData></encryption>'
    )


def test_a_locked_book_is_refused() -> None:
    body = epub(
        {"a.xhtml": "<p>A.</p>"},
        files={"META-INF/encryption.xml": encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc")},
    )
    assert "locked (DRM)" in refusal(body)


def test_a_book_with_a_password_is_refused() -> None:
    body = bytearray(epub({"a.xhtml": "<p>A.</p>"}))
    at = body.index(b"PK\x01\x02")
    body[at + 8] |= 1
    assert "password" in refusal(bytes(body))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"this is no archive", "no ZIP file"),
        (epub({"a.xhtml": "<p>A.</p>"})[:-40], "damaged"),
        (archive({"a.txt": "x"}), "META-INF/container.xml is missing"),
        (archive({"META-INF/container.xml": "<container/>"}), "names no package file"),
        (archive({"META-INF/container.xml": CONTAINER}), "OEBPS/book.opf is missing"),
        (archive({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": "<package>"}), r"broken at line 1"),
        (archive({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package([])}), "spine is empty"),
        (archive({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package(["a.xhtml"])}), "a.xhtml is missing"),
        (epub({"a.xhtml": "<p> </p>"}), "no words"),
    ],
)
def test_an_incomplete_book_is_refused_with_what_is_missing(body: bytes, reason: str) -> None:
    assert reason in refusal(body)


def test_a_page_whose_bytes_changed_is_refused_as_damaged() -> None:
    body = bytearray(epub({"a.xhtml": f"<p>{'palavra ' * 200}</p>"}))
    with zipfile.ZipFile(BytesIO(body)) as packed:
        at = packed.getinfo("OEBPS/a.xhtml").header_offset + 60
    body[at : at + 20] = b"\xff" * 20
    assert "damaged" in refusal(bytes(body))


def test_entities_declared_in_a_page_are_refused() -> None:
    bomb = '<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><html><body>&b;</body></html>'
    assert "entities" in refusal(epub({"a.xhtml": ""}, files={"OEBPS/a.xhtml": bomb}))


@pytest.mark.parametrize("name", ["../evil.xhtml", "/etc/passwd", "a/../../b", "C:/x", "..\\x"])
def test_an_entry_outside_the_book_is_refused(name: str) -> None:
    assert "outside itself" in refusal(epub({"a.xhtml": "<p>A.</p>"}, files={name: "x"}))


def test_a_page_outside_the_book_is_refused() -> None:
    opf = package(["../../../etc/passwd"])
    assert "outside itself" in refusal(archive({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": opf}))


def test_an_entry_that_is_blown_up_is_refused() -> None:
    assert "blown up" in refusal(epub({"a.xhtml": "<p>A.</p>"}, files={"big.bin": b"\0" * (limits.RATIO_FROM + 1)}))


def test_a_book_that_unpacks_to_too_much_is_refused() -> None:
    body = bytearray(epub({"a.xhtml": "<p>A.</p>"}))
    at = body.index(b"PK\x01\x02")
    body[at + 24 : at + 28] = (limits.MAX_UNPACKED + 1).to_bytes(4, "little")
    assert "unpacks to more than 200 MiB" in refusal(bytes(body))


def test_a_book_of_too_many_entries_is_refused() -> None:
    files = {f"{n}": b"" for n in range(limits.MAX_ENTRIES + 1)}
    assert "more than the 10000" in refusal(archive(files))
