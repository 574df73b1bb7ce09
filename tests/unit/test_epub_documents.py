import unicodedata
import zipfile
from collections.abc import Mapping
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import Refused
from darkchannel.jobs.plan import Book, Cover
from services.splitter.document import read
from services.splitter.formats import archive as limits
from services.splitter.formats import epub as epub_format
from services.splitter.formats.draft import Block, Note
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
    assert segment.count("<p>") == 4


def test_a_heading_and_a_rule_are_followed_by_a_pause() -> None:
    [segment] = segments(read(epub({"a.xhtml": "<h1>T</h1><p>A.</p><hr/><p>B.</p>"}), "x.epub", []))
    heading, scene = '<break time="1000ms"/>', '<break time="2000ms"/>'
    assert f"<p><s>T</s></p>{heading}<p><s>A.</s></p>{scene}<p><s>B.</s></p>" in segment


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


def blocks(body: bytes) -> list[Block]:
    return [item for chapter in epub_format.read(body).chapters for item in chapter.content if isinstance(item, Block)]


def texts(body: bytes) -> list[str]:
    return [block.text for block in blocks(body)]


def book(pages: Mapping[str, str], metadata: str = "", extra: str = "", after: str = "", **files: str | bytes) -> bytes:
    """An EPUB with more in its package: metadata, items of the manifest, elements after the spine."""
    opf = package(pages, metadata=metadata, extra=extra).replace("</spine>", f"</spine>{after}")
    content: dict[str, str | bytes] = {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": opf}
    return archive(content | {f"OEBPS/{name}": page(text) for name, text in pages.items()} | files)


JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def test_the_author_is_who_wrote_the_book_and_the_title_the_main_one() -> None:
    metadata = (
        "<dc:title id='s'>Uma viagem</dc:title><dc:title id='t'>O cais</dc:title>"
        "<meta refines='#s' property='title-type'>subtitle</meta><meta refines='#t' property='title-type'>main</meta>"
        "<dc:creator id='a'>Ana Lima</dc:creator><meta refines='#a' property='role'>aut</meta>"
        "<dc:creator id='b'>Rui Sá</dc:creator><meta refines='#b' property='role'>trl</meta>"
        "<dc:creator xmlns:opf='http://www.idpf.org/2007/opf' opf:role='nrt'>Eva Paz</dc:creator>"
        "<dc:creator>Ivo Reis</dc:creator>"
    )
    draft = epub_format.read(book({"a.xhtml": "<p>A.</p>"}, metadata))
    assert (draft.title, draft.author) == ("O cais", "Ana Lima, Ivo Reis")


def test_who_reads_a_book_aloud_is_its_narrator_among_creators_and_contributors() -> None:
    metadata = (
        "<dc:creator>Ana Lima</dc:creator><dc:creator opf:role='nrt'>Eva Paz</dc:creator>"
        "<dc:contributor id='a'>Ivo Reis</dc:contributor><meta refines='#a' property='role'>nrt</meta>"
        "<dc:contributor opf:role='nrt'>Eva Paz</dc:contributor><dc:contributor opf:role='edt'>Rui Sá</dc:contributor>"
    ).replace("opf:role", "xmlns:opf='http://www.idpf.org/2007/opf' opf:role")
    draft = epub_format.read(book({"a.xhtml": "<p>A.</p>"}, metadata))
    assert (draft.author, draft.narrator) == ("Ana Lima", "Eva Paz, Ivo Reis")


@pytest.mark.parametrize(
    ("dates", "year"),
    [
        ("<dc:date>2011-04-02T00:00:00Z</dc:date>", "2011"),
        ("<dc:date>1899</dc:date><dc:date opf:event='publication'>2004-01</dc:date>", "2004"),
        ("<dc:date opf:event='modification'>2020-01-01</dc:date><dc:date opf:event='creation'>2009</dc:date>", "2009"),
        ("<dc:date opf:event='modification'>2020-01-01</dc:date>", None),
        ("<dc:date>0101-01-01T00:00:00+00:00</dc:date><dc:date>sem data</dc:date>", None),
        ("", None),
    ],
)
def test_the_year_is_that_of_publication(dates: str, year: str | None) -> None:
    metadata = dates.replace("opf:event", "xmlns:opf='http://www.idpf.org/2007/opf' opf:event")
    assert epub_format.read(book({"a.xhtml": "<p>A.</p>"}, metadata)).year == year


def test_the_genre_is_the_first_subjects() -> None:
    subjects = "".join(f"<dc:subject> {name}\n</dc:subject>" for name in ("Conto", "", "Mar", "Conto", "Ilhas", "Sal"))
    assert epub_format.read(book({"a.xhtml": "<p>A.</p>"}, subjects)).genre == "Conto, Mar, Ilhas"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Um farol\n  e uma ilha.", "Um farol e uma ilha."),
        ("Um farol.\n\nUma ilha.", "Um farol.\nUma ilha."),
        ("&lt;div&gt;&lt;p&gt;Um &lt;b&gt;farol&lt;/b&gt;.&lt;/p&gt;&lt;p&gt;Uma&amp;nbsp;ilha.&lt;/p&gt;&lt;/div&gt;",
         "Um farol.\nUma ilha."),
        ("&lt;script&gt;alert()&lt;/script&gt;Um farol.&lt;br/&gt;Fim.", "Um farol. Fim."),
        ("<p>Um farol.</p>", "Um farol."),
        ("3 &lt; 5 &amp; 7", "3 < 5 & 7"),
        ("&lt;!ENTITY a 'b'&gt;", None),
        (" ", None),
    ],
)  # fmt: skip
def test_a_description_is_read_without_its_markup(written: str, read: str | None) -> None:
    metadata = f"<dc:description>{written}</dc:description>"
    assert epub_format.read(book({"a.xhtml": "<p>A.</p>"}, metadata)).description == read


def test_what_a_person_says_of_a_book_wins_over_what_it_says_itself() -> None:
    metadata = (
        "<dc:contributor role='nrt'>Eva Paz</dc:contributor><dc:date>1999</dc:date><dc:subject>Conto</dc:subject>"
        "<dc:description>Longo.</dc:description><meta name='calibre:series' content='Mares'/>"
        "<meta name='calibre:series_index' content='2'/>"
    )
    body = book({"a.xhtml": "<p>A.</p>"}, metadata)

    def told(**layer: str) -> tuple[str | None, ...]:
        made = read(body, "a.epub", [layer])
        return made.narrator, made.year, made.genre, made.description, made.series, made.series_index

    assert told() == ("Eva Paz", "1999", "Conto", "Longo.", "Mares", "2")
    said = {
        "narrator": "Rui Sá",
        "year": "2001",
        "genre": "Crônica",
        "description": "Curto.",
        "series": "Rios",
        "series_index": "5",
    }
    assert told(**said) == tuple(said.values())
    assert told(genre="") == told()


def test_a_number_without_a_series_is_none() -> None:
    assert read(epub({"a.xhtml": "<p>A.</p>"}), "a.epub", [{"series_index": "5"}]).series_index is None


def test_metadata_without_end_is_shortened() -> None:
    long = "palavra " * 2_000
    metadata = f"<dc:subject>{long}</dc:subject><dc:description>{long}</dc:description>"
    made = read(book({"a.xhtml": "<p>A.</p>"}, metadata), "a.epub", [])
    assert made.genre
    assert made.description
    assert (len(made.genre), len(made.description)) == (500, 4_000)


@pytest.mark.parametrize(
    ("name", "layers", "formats"),
    [
        ("a.epub", [], ("mp3", "m4b")),
        ("A.EPUB", [{"formats": None}], ("mp3", "m4b")),
        ("a.epub", [{"formats": "mp3"}], ("mp3",)),
        ("a.epub", [{"formats": "flac"}, {"formats": "chapters"}], ("mp3", "chapters")),
    ],
)
def test_an_m4b_is_made_of_a_book_too_where_nobody_says_what(
    name: str, layers: list[dict[str, str | None]], formats: tuple[str, ...]
) -> None:
    assert read(epub({"a.xhtml": "<p>A.</p>"}), name, layers).options.formats == formats


@pytest.mark.parametrize(
    ("metadata", "series"),
    [
        (
            "<meta property='belongs-to-collection' id='c'>Mares</meta>"
            "<meta refines='#c' property='collection-type'>series</meta>"
            "<meta refines='#c' property='group-position'>2</meta>",
            ("Mares", "2"),
        ),
        (
            "<meta name='calibre:series' content='Mares'/><meta name='calibre:series_index' content='2.5'/>",
            ("Mares", "2.5"),
        ),
        ("<meta name='calibre:series_index' content='1'/>", (None, None)),
        ("<meta property='belongs-to-collection' id='c'>Mares</meta>", (None, None)),
    ],
)
def test_the_series_is_that_of_the_metadata(metadata: str, series: tuple[str | None, str | None]) -> None:
    draft = epub_format.read(book({"a.xhtml": "<p>A.</p>"}, metadata))
    assert (draft.series, draft.series_index) == series


@pytest.mark.parametrize(
    ("metadata", "extra", "after"),
    [
        ("", '<item id="c" href="c.img" media-type="image/png" properties="cover-image"/>', ""),
        ('<meta name="cover" content="c"/>', '<item id="c" href="c.img" media-type="image/jpeg"/>', ""),
        ('<meta name="cover" content="c.img"/>', "", ""),
        ("", "", '<guide><reference type="cover" href="c.img"/></guide>'),
        ("", "", '<guide><reference type="cover" href="a.xhtml"/></guide>'),
    ],
)
@pytest.mark.parametrize(("picture", "extension"), [(JPEG, "jpg"), (PNG, "png")])
def test_the_cover_is_found_wherever_the_package_names_it(
    metadata: str, extra: str, after: str, picture: bytes, extension: str
) -> None:
    files: dict[str, str | bytes] = {"OEBPS/c.img": picture}
    draft = epub_format.read(book({"a.xhtml": "<img src='c.img' alt=''/><p>A.</p>"}, metadata, extra, after, **files))
    assert draft.cover == Cover(picture, "jpg" if extension == "jpg" else "png")


@pytest.mark.parametrize("picture", [None, b"GIF89a", JPEG + b"\0" * epub_format.MAX_COVER])
def test_a_cover_that_is_no_picture_is_none(picture: bytes | None) -> None:
    extra = '<item id="c" href="c.jpg" media-type="image/jpeg" properties="cover-image"/>'
    files = {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package(["a.xhtml"], extra=extra)}
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, text in (files | {"OEBPS/a.xhtml": page("<p>A.</p>")}).items():
            packed.writestr(name, text)
        if picture is not None:
            packed.writestr("OEBPS/c.jpg", picture)
    assert epub_format.read(buffer.getvalue()).cover is None


NOTES_OF_EPUB_3 = (
    "<p>O mar<a epub:type='noteref' href='#n1'>1</a>, o rio <a role='doc-noteref' href='#n2'>[2]</a>.</p>"
    "<aside epub:type='footnote' id='n1' hidden='hidden'><p>1. Salgado.</p><p>E frio.</p></aside>"
    "<aside role='doc-footnote' id='n2'><p><a href='#x' role='doc-backlink'>2</a> Doce.</p></aside><p>Fim.</p>"
)


def test_notes_that_a_page_declares_stand_where_the_text_refers_to_them() -> None:
    assert blocks(epub({"a.xhtml": NOTES_OF_EPUB_3})) == [
        Block("O mar, o rio.", notes=(Note(5, "Salgado. E frio."), Note(12, "Doce."))),
        Block("Fim."),
    ]


@pytest.mark.parametrize(
    ("reference", "note"),
    [
        ("<sup><a id='r1' href='n.xhtml#n1'>1</a></sup>", "<p><a id='n1' href='a.xhtml#r1'>1</a>. Salgado.</p>"),
        ("<a href='n.xhtml#n1'><sup>1</sup></a>", "<p id='n1'>1. Salgado.</p>"),
        ("<a href='n.xhtml#n1'>[1]</a>", "<p id='n1'>[1] Salgado.</p>"),
        ("<a href='n.xhtml#n1'><b id='r1'>1</b></a>", "<p id='n1'>Salgado. <a href='a.xhtml#r1'>1</a></p>"),
        ("<a id='r1' href='n.xhtml#n1'>1</a>", "<p><a id='n1'></a>Salgado. <a href='a.xhtml#r1'>↩</a></p>"),
        ("<sup><a href='n.xhtml#n1'>*</a></sup>", "<p id='n1'>* Salgado.</p>"),
        ("<sup><a href='n.xhtml#n1'>1</a></sup>", "<p id='n1'><sup>1</sup>Salgado.</p>"),
        ("<a epub:type='noteref' href='n.xhtml#n1'>1</a>", "<ol epub:type='endnotes'><li id='n1'>Salgado.</li></ol>"),
    ],
)
def test_notes_of_another_page_stand_where_the_text_refers_to_them(reference: str, note: str) -> None:
    body = epub({"a.xhtml": f"<p>O mar{reference}.</p>", "n.xhtml": f"<h1>Notas</h1>{note}"})
    assert blocks(body) == [Block("O mar.", notes=(Note(5, "Salgado."),))]


def test_a_note_goes_on_over_the_paragraphs_of_a_page_of_notes() -> None:
    body = epub(
        {
            "a.xhtml": "<p>Um<sup><a href='n.xhtml#n1'>1</a></sup> e dois<sup><a href='n.xhtml#n2'>2</a></sup>.</p>",
            "n.xhtml": "<h1>Notas</h1><h2>Um</h2><p id='n1'>1. A.</p><p>Mais A.</p><p id='n2'>2. B.</p><p>Mais B.</p>",
        }
    )
    assert blocks(body) == [Block("Um e dois.", notes=(Note(2, "A. Mais A."), Note(9, "B. Mais B.")))]


def test_a_note_of_a_page_of_notes_that_nothing_refers_to_is_read_as_text() -> None:
    notes = "<h1>Notas</h1><p id='n1'>1. A.</p><p id='n2'>2. B.</p>"
    body = epub({"a.xhtml": "<p>Um<sup><a href='n.xhtml#n1'>1</a></sup>.</p>", "n.xhtml": notes})
    assert texts(body) == ["Um.", "Notas", "2. B."]


def test_a_heading_goes_with_the_notes_below_it_and_no_other_does() -> None:
    content = "<h1>Um</h1><p>A<a href='#n'>[1]</a>.</p><h2>Notas</h2><p id='n'>1. B.</p><h1>Dois</h1><p>C.</p>"
    assert texts(epub({"a.xhtml": content})) == ["Um", "A.", "Dois", "C."]


def test_text_between_notes_at_the_foot_of_each_page_stays_text() -> None:
    body = epub(
        {
            "a.xhtml": "<p>Um<a href='#n1'>[1]</a>.</p><p id='n1'>[1] A.</p><p>Dois<a href='#n2'>[2]</a>.</p>"
            "<p id='n2'>[2] B.</p><p>Três.</p>"
        }
    )
    assert texts(body) == ["Um.", "Dois.", "Três."]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<p>A.</p><aside epub:type='footnote' id='n1'>Solta.</aside>", ["A.", "Solta."]),
        ("<p>A<a href='#c1'>1</a></p><h2 id='c1'>1</h2><p>B.</p>", ["A1", "1", "B."]),
        ("<p><a href='#c1'>1</a></p><p id='c1'>1 Um dia.</p>", ["1", "1 Um dia."]),
        ("<p>A<sup><a href='#nada'>7</a></sup>.</p>", ["A."]),
        ("<p>A<sup><a href='#n'>a</a></sup>.</p><p id='n'>A casa.</p>", ["A.", "A casa."]),
        ("<p>A<sup><a href='#n'>1</a></sup>.</p><p id='n'>1.5 milhão.</p>", ["A.", "1.5 milhão."]),
        ("<p><sup><a href='#n'>1</a></sup></p><aside epub:type='footnote' id='n'>Só ela.</aside>", ["Só ela."]),
        ("<p id='n'>1. Antes.</p><p>A<a href='#n'>[1]</a>.</p>", ["1. Antes.", "A."]),
        ("<p>A <a href='../../../x.xhtml#n'>1</a>.</p>", ["A 1."]),
        ("<p><a id='t' href='#c'>1</a> abre</p><p><a id='c' href='#t'>1</a></p>", ["1 abre", "1"]),
    ],
)
def test_what_is_no_note_of_the_text_is_read_as_text(content: str, expected: list[str]) -> None:
    assert texts(epub({"a.xhtml": content})) == expected


def test_a_note_that_a_note_refers_to_is_not_lost() -> None:
    content = (
        "<p>A<a epub:type='noteref' href='#n1'>1</a>.</p>"
        "<aside epub:type='footnote' id='n1'>Um<a epub:type='noteref' href='#n2'>2</a>.</aside>"
        "<aside epub:type='footnote' id='n2'>Dois.</aside>"
    )
    assert blocks(epub({"a.xhtml": content})) == [Block("A.", notes=(Note(1, "Um."),)), Block("Dois.")]


def test_two_numbers_of_one_note_read_it_once() -> None:
    content = "<p>A<sup><a href='#n'>1</a></sup> e B<a href='#n'>1</a>.</p><p id='n'>1. Nota.</p>"
    assert blocks(epub({"a.xhtml": content})) == [Block("A e B.", notes=(Note(1, "Nota."),))]


@given(st.lists(st.tuples(st.sampled_from(["x", "y"]), st.integers(0, 5), st.sampled_from(["", "n", "d"])), max_size=8))
def test_no_word_is_lost_to_notes(parts: list[tuple[str, int, str]]) -> None:
    content = ""
    for number, (text, target, kind) in enumerate(parts):
        link = f"<sup><a id='r{number}' href='#p{target}'>{target}</a></sup>"
        declared = " epub:type='footnote'" if kind == "d" else ""
        label = f"<a href='#r{target}'>{number}</a> " if kind else ""
        content += f"<div id='p{number}'{declared}>{label}{text}{number}b {link} fim</div>"
    found = blocks(epub({"a.xhtml": f"<p>início</p>{content}"}))
    said = [word for block in found for word in words(block.text)]
    said += [word for block in found for note in block.notes for word in words(note.text)]
    assert sorted(word for word in said if word[0] in "xyf") == sorted(
        word for number, (text, _, _) in enumerate(parts) for word in (f"{text}{number}b", "fim")
    )


@pytest.mark.parametrize(
    "content",
    [
        "<p>A<span epub:type='pagebreak' id='p12'>12</span>B</p>",
        "<p>A<span role='doc-pagebreak' title='12'/>B</p>",
        "<p>A<a class='pagenum' id='p12'>[12]</a>B</p>",
    ],
)
def test_page_numbers_are_left_out(content: str) -> None:
    assert texts(epub({"a.xhtml": content})) == ["AB"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<section epub:type='copyright-page'><p>Direitos.</p></section><p>A.</p>", ["A."]),
        ("<section role='doc-toc'><p>Um 3</p></section><p>A.</p>", ["A."]),
        ("<section epub:type='dedication'><p>Para Eva.</p></section><p>A.</p>", ["Para Eva.", "A."]),
        ("<div id='pg-header'><p>Header.</p></div><p>A.</p><div class='x pgfooter'><p>Licence.</p></div>", ["A."]),
        (
            "<p>Header.</p><p>*** START OF THE PROJECT GUTENBERG EBOOK CAIS ***</p><p>A.</p>"
            "<p>*** END OF THE PROJECT GUTENBERG EBOOK CAIS ***</p><p>Licence.</p>",
            ["A."],
        ),
        ("<section epub:type='copyright-page'><p>Só isto.</p></section>", ["Só isto."]),
    ],
)
def test_what_is_not_for_listeners_is_left_out_unless_nothing_else_is_there(content: str, expected: list[str]) -> None:
    assert texts(epub({"a.xhtml": content})) == expected


@pytest.mark.parametrize(
    ("href", "content", "expected"),
    [
        ("a.xhtml", "<p>Direitos.</p>", ["B."]),
        ("a.xhtml#x", "<p>Direitos.</p>", ["Direitos.", "B."]),
        ("a.xhtml", f"<p>{'um ' * 2001}</p>", [("um " * 2001).strip(), "B."]),
    ],
)
def test_pages_that_the_guide_calls_boilerplate_are_left_out_unless_they_hold_much(
    href: str, content: str, expected: list[str]
) -> None:
    guide = f'<guide><reference type="copyright-page" href="{href}"/></guide>'
    assert texts(book({"a.xhtml": content, "b.xhtml": "<p>B.</p>"}, after=guide)) == expected


def test_pages_that_the_landmarks_call_boilerplate_are_left_out() -> None:
    nav = (
        "<li><a href='b.xhtml'>B</a></li></ol></nav><nav epub:type='landmarks'><ol>"
        "<li><a epub:type='cover' href='a.xhtml'>Capa</a></li>"
    )
    assert texts(epub({"a.xhtml": "<p>Capa.</p>", "b.xhtml": "<p>B.</p>"}, nav=nav)) == ["B."]


def test_a_page_in_another_language_says_so_unless_all_do() -> None:
    pages = {"a.xhtml": "<p>A.</p>", "b.xhtml": "<p>B.</p>"}
    french = page("<p>B.</p><p xml:lang='pt'>C.</p>").replace("<html ", "<html xml:lang='fr' ")
    mixed = epub(pages, files={"OEBPS/b.xhtml": french})
    template = epub(pages, files={f"OEBPS/{name}": french for name in pages})
    assert [block.language for block in blocks(mixed)] == [None, "fr", None]
    assert [block.language for block in blocks(template)] == [None] * 4


def test_names_that_differ_only_in_case_or_composed_accents_are_found() -> None:
    opf = package(["Text/Cap%C3%ADtulo.XHTML"])
    name = unicodedata.normalize("NFD", "OEBPS/text/capítulo.xhtml")
    content = {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": opf, name: page("<p>A.</p>")}
    assert texts(archive(content)) == ["A."]
    assert "is missing" in refusal(archive(content | {name.replace("text", "TEXT"): page("<p>B.</p>")}))


def test_pages_out_of_the_reading_order_and_pictures_in_it_are_passed_over() -> None:
    extra = (
        '<item id="x" href="x.svg" media-type="image/svg+xml" fallback="i1"/>'
        '<item id="y" href="y.jpg" media-type="image/jpeg"/>'
    )
    opf = package(["a.xhtml", "b.xhtml"], extra=extra).replace(
        "<spine>", '<spine><itemref idref="i0" linear="no"/><itemref idref="x"/><itemref idref="y"/>'
    )
    pages = {"OEBPS/a.xhtml": page("<p>A.</p>"), "OEBPS/b.xhtml": page("<p>B.</p>")}
    assert texts(archive({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": opf} | pages)) == ["B.", "A.", "B."]


def test_pictures_that_stand_in_for_one_another_in_a_circle_are_no_pages() -> None:
    item = '<item id="{}" href="{}.svg" media-type="image/svg+xml" fallback="{}"/>'
    opf = package(["a.xhtml"], extra=item.format("x", "x", "y") + item.format("y", "y", "x"))
    opf = opf.replace("</spine>", '<itemref idref="x"/></spine>')
    assert texts(
        archive({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": opf, "OEBPS/a.xhtml": page("<p>A.</p>")})
    ) == ["A."]


def test_a_spine_that_names_what_the_manifest_lacks_is_refused() -> None:
    opf = package(["a.xhtml"]).replace("</spine>", '<itemref idref="nada"/></spine>')
    body = archive({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": opf, "OEBPS/a.xhtml": page("<p>A.</p>")})
    assert "its spine names 'nada'" in refusal(body)


def test_a_contents_that_points_to_a_place_its_page_lacks_still_titles_the_page() -> None:
    body = epub({"a.xhtml": "<p>A.</p>"}, nav='<li><a href="a.xhtml#nada">Um</a></li>')
    assert titles(read(body, "x.epub", [])) == ["Um"]


@pytest.mark.parametrize(("uri", "is_read"), [("OEBPS/c.jpg", True), ("OEBPS/a.xhtml", False)])
def test_a_book_is_locked_only_where_its_pages_are(uri: str, is_read: bool) -> None:
    locked = encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc").replace(
        "</e:EncryptedData>", f'<e:CipherData><e:CipherReference URI="{uri}"/></e:CipherData></e:EncryptedData>'
    )
    stray = {"META-INF/encryption.xml": locked, "META-INF/rights.xml": "<rights/>", "OEBPS/c.jpg": JPEG}
    body = book({"a.xhtml": "<p>A.</p>"}, '<meta name="cover" content="c.jpg"/>', **stray)
    if is_read:
        assert texts(body) == ["A."]
        assert epub_format.read(body).cover is None
    else:
        assert "locked (DRM)" in refusal(body)


def test_an_entry_that_starts_before_the_file_is_refused_as_damaged() -> None:
    body = bytearray(epub({"a.xhtml": "<p>A.</p>"}))
    at = body.rindex(b"PK\x05\x06") + 16
    body[at : at + 4] = (int.from_bytes(body[at : at + 4], "little") + 10_000).to_bytes(4, "little")
    assert "damaged" in refusal(bytes(body))


@pytest.mark.parametrize("offset", [0, 31])
def test_entries_that_share_their_bytes_are_refused(offset: int) -> None:
    body = bytearray(archive({"a": "x" * 50, "b": "y" * 50}))
    first = body.index(b"PK\x01\x02")
    second = body.index(b"PK\x01\x02", first + 4)
    body[second + 42 : second + 46] = offset.to_bytes(4, "little")
    assert "share their bytes" in refusal(bytes(body))


def test_a_page_in_windows_1252_that_does_not_say_so_is_read() -> None:
    body = epub(
        {"a.xhtml": ""}, files={"OEBPS/a.xhtml": "<html><body><p>Não há pão.</p></body></html>".encode("cp1252")}
    )
    assert texts(body) == ["Não há pão."]
