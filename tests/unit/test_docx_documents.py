from collections.abc import Mapping

import pytest

from darkchannel.errors import Refused
from services.splitter.formats.docx import read
from services.splitter.formats.draft import Block, Draft, DraftChapter, Note
from tests.unit.documents import archive

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMESPACES = (
    f'xmlns:w="{W}" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
CORE = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"


def relations(targets: Mapping[str, str]) -> str:
    listed = "".join(
        f'<Relationship Id="r{n}" Type="{kind}" Target="{name}"/>' for n, (kind, name) in enumerate(targets.items())
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{listed}</Relationships>'
    )


def docx(
    body: str,
    *,
    styles: str = "",
    footnotes: str = "",
    endnotes: str = "",
    core: str = "",
    extra: Mapping[str, str | bytes] | None = None,
) -> bytes:
    files: dict[str, str | bytes] = {
        "_rels/.rels": relations({f"{KINDS}officeDocument": "word/document.xml", CORE: "docProps/core.xml"}),
        "word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": relations(
            {
                f"{KINDS}{kind}": f"{kind}.xml"
                for kind, part in zip(PARTS, (styles, footnotes, endnotes), strict=True)
                if part
            }
        ),
    }
    files |= {
        f"word/{kind}.xml": f"<w:{kind} {NAMESPACES}>{part}</w:{kind}>"
        for kind, part in zip(PARTS, (styles, footnotes, endnotes), strict=True)
        if part
    }
    if core:
        files["docProps/core.xml"] = (
            '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/">{core}</cp:coreProperties>'
        )
    return archive(files | dict(extra or {}))


PARTS = ("styles", "footnotes", "endnotes")


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str, style: str = "", properties: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{''.join(runs)}</w:p>"


def style(identity: str, name: str, inside: str = "") -> str:
    return f'<w:style w:type="paragraph" w:styleId="{identity}"><w:name w:val="{name}"/>{inside}</w:style>'


def blocks(draft: Draft) -> list[Block]:
    found = [item for chapter in draft.chapters for item in chapter.content]
    assert all(isinstance(item, Block) for item in found)
    return [item for item in found if isinstance(item, Block)]


def texts(body: bytes) -> list[str]:
    return [block.text for block in blocks(read(body))]


def refusal(body: bytes) -> str:
    with pytest.raises(Refused) as refused:
        read(body)
    return str(refused.value)


PT_BR = (
    style("Ttulo", "Title")
    + style("Ttulo1", "heading 1")
    + style("Ttulo2", "heading 2")
    + style("Abertura", "Abertura", '<w:basedOn w:val="Ttulo1"/>')
    + style("Sumrio1", "toc 1")
)


def test_the_styles_that_word_writes_in_brazil_make_chapters() -> None:
    body = (
        paragraph(run("O cais"), style="Ttulo")
        + paragraph(run("Chegada 3"), style="Sumrio1")
        + paragraph(run("Chegada"), style="Ttulo1")
        + paragraph(run("O navio veio."))
        + paragraph(run("A noite"), style="Ttulo2")
        + paragraph(run("Choveu."))
        + paragraph(run("Partida"), style="Abertura")
        + paragraph(run("Foi-se."))
    )
    draft = read(docx(body, styles=PT_BR))
    assert draft.title == "O cais"
    assert draft.chapters == (
        DraftChapter("Chegada", (Block("O cais", True), Block("Chegada", True), Block("O navio veio."))),
        DraftChapter("A noite", (Block("A noite", True), Block("Choveu."))),
        DraftChapter("Partida", (Block("Partida", True), Block("Foi-se."))),
    )


def test_a_table_of_contents_in_plain_paragraphs_is_left_out() -> None:
    part = '<w:docPartObj><w:docPartGallery w:val="{}"/></w:docPartObj>'
    control = "<w:sdt><w:sdtPr>{}</w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    entries = paragraph(run("Chegada")) + paragraph(run("Partida"))
    body = paragraph(run("O navio veio."))
    listed = control.format(part.format("Table of Contents"), entries)
    assert texts(docx(listed + body)) == ["O navio veio."]
    assert texts(docx(control.format(part.format("Cover Pages"), entries) + body)) == [
        "Chegada",
        "Partida",
        "O navio veio.",
    ]


def test_a_document_without_styles_has_the_chapters_of_a_text() -> None:
    body = "".join(paragraph(run(text)) for text in ("CAPÍTULO 1", "A.", "Capítulo 2 – O mar", "B."))
    assert [chapter.title for chapter in read(docx(body)).chapters] == ["CAPÍTULO 1", "Capítulo 2 – O mar"]


@pytest.mark.parametrize(
    ("paragraph_style", "properties"),
    [("Ttulo1", ""), ("Heading1", ""), ("Título 1", ""), ("", '<w:outlineLvl w:val="0"/>')],
)
def test_a_heading_is_known_without_a_list_of_styles(paragraph_style: str, properties: str) -> None:
    body = paragraph(run("Um"), style=paragraph_style, properties=properties) + paragraph(run("A."))
    assert [chapter.title for chapter in read(docx(body)).chapters] == ["Um"]


def test_styles_based_on_one_another_in_a_circle_are_read() -> None:
    styles = style("a", "a", '<w:basedOn w:val="b"/>') + style("b", "b", '<w:basedOn w:val="a"/>')
    assert texts(docx(paragraph(run("A."), style="a"), styles=styles)) == ["A."]


def test_title_authors_and_language_are_those_of_the_properties() -> None:
    core = "<dc:title>Cais</dc:title><dc:creator>Ana Lima; Rui Sá</dc:creator><dc:language>pt-PT</dc:language>"
    draft = read(docx(paragraph(run("A.")), core=core))
    assert (draft.title, draft.author, draft.language) == ("Cais", "Ana Lima, Rui Sá", "pt-PT")


def test_runs_that_part_a_word_leave_it_whole() -> None:
    assert texts(docx(paragraph(run("E", "<w:b/>"), run("ra uma "), run("vez")))) == ["Era uma vez"]


def test_notes_stand_where_the_text_refers_to_them() -> None:
    reference = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    end = '<w:r><w:endnoteReference w:id="2"/></w:r>'
    footnotes = (
        '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
        f'<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r>{run(" Nota de pé.")}</w:p>'
        f"{paragraph(run('Mais.'))}</w:footnote>"
    )
    endnotes = f'<w:endnote w:id="2">{paragraph(run("Nota final."))}</w:endnote>'
    body = paragraph(run("O mar"), reference, run(", e o rio"), end, run("."))
    assert blocks(read(docx(body, footnotes=footnotes, endnotes=endnotes))) == [
        Block("O mar, e o rio.", notes=(Note(5, "Nota de pé. Mais."), Note(14, "Nota final.")))
    ]


def test_a_note_that_nothing_refers_to_is_read_as_text() -> None:
    footnotes = f'<w:footnote w:id="2">{paragraph(run("Solta."))}</w:footnote>'
    assert texts(docx(paragraph(run("A.")), footnotes=footnotes)) == ["A.", "Solta."]


def test_a_table_is_read_row_by_row() -> None:
    rows = "".join(
        f"<w:tr>{''.join(f'<w:tc>{paragraph(run(cell))}</w:tc>' for cell in row)}</w:tr>"
        for row in (("Cidade", "Ano"), ("Olinda", "1535"))
    )
    assert texts(docx(f"<w:tbl><w:tblGrid/>{rows}</w:tbl>")) == ["Cidade, Ano", "Olinda, 1535"]


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (f'<w:fldSimple w:instr="REF x">{run("campo")}</w:fldSimple>', "campo"),
        ("<m:oMath><m:r><m:t>x+1</m:t></m:r></m:oMath>", "x+1"),
        (f'<w:bdo w:val="rtl">{run("b")}</w:bdo><w:dir w:val="rtl">{run("d")}</w:dir>', "bd"),
        (f"<w:ins>{run('novo')}</w:ins><w:moveTo>{run('posto')}</w:moveTo>", "novoposto"),
        (f"<w:sdt><w:sdtContent>{run('dentro')}</w:sdtContent></w:sdt>", "dentro"),
        ("<w:r><w:t>a</w:t><w:br/><w:t>b</w:t><w:cr/><w:t>c</w:t><w:tab/><w:t>d</w:t></w:r>", "a b c d"),
        ("<w:r><w:t>guarda</w:t><w:noBreakHyphen/><w:t>chu</w:t><w:softHyphen/><w:t>va</w:t></w:r>", "guarda-chuva"),
        (f"<w:r><w:ruby><w:rt>{run('leitura')}</w:rt><w:rubyBase>{run('base')}</w:rubyBase></w:ruby></w:r>", "base"),
        (run("m") + run("2", '<w:vertAlign w:val="superscript"/>'), "m²"),
        (run("A.") + run("x", '<w:vanish w:val="0"/>'), "A.x"),
        (
            '<w:r><w:drawing><wp:inline><wp:docPr name="Figura 1" descr="Um farol"/></wp:inline></w:drawing></w:r>',
            "Um farol",
        ),
        ('<w:hyperlink w:anchor="x">' + run("elo") + "</w:hyperlink>", "elo"),
    ],
)
def test_what_word_shows_in_a_paragraph_is_read(inside: str, text: str) -> None:
    assert texts(docx(paragraph(inside))) == [text]


@pytest.mark.parametrize(
    "inside",
    [
        "<w:del><w:r><w:delText>velho</w:delText></w:r></w:del>",
        f"<w:moveFrom>{run('levado')}</w:moveFrom>",
        run("oculto", "<w:vanish/>"),
        "<w:r><w:instrText> PAGE </w:instrText></w:r>",
        '<w:r><w:commentReference w:id="1"/></w:r>',
        f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run('Clique aqui')}</w:sdtContent></w:sdt>",
    ],
)
def test_what_word_does_not_show_is_left_out(inside: str) -> None:
    assert texts(docx(paragraph(run("A"), inside, run("B")))) == ["AB"]


def test_a_paragraph_whose_end_is_struck_out_goes_on_in_the_next() -> None:
    struck = "<w:rPr><w:del/></w:rPr>"
    assert texts(
        docx(paragraph(run("Um "), properties=struck) + paragraph(run("dois.")) + paragraph(run("Três.")))
    ) == ["Um dois.", "Três."]
    assert texts(docx(paragraph(run("Último"), properties=struck))) == ["Último"]


def test_a_text_box_is_read_once_after_its_paragraph() -> None:
    box = f"<w:txbxContent>{paragraph(run('Na caixa.'))}</w:txbxContent>"
    drawing = (
        f"<w:r><mc:AlternateContent><mc:Choice><w:drawing>{box}</w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:shape>{box}</v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert texts(docx(paragraph(run("Antes "), drawing, run("depois.")))) == ["Antes depois.", "Na caixa."]


def test_a_text_box_of_a_last_paragraph_whose_end_is_struck_out_is_read() -> None:
    box = f"<w:r><w:drawing><w:txbxContent>{paragraph(run('Na caixa.'))}</w:txbxContent></w:drawing></w:r>"
    struck = "<w:rPr><w:del/></w:rPr>"
    assert texts(docx(paragraph(run("Fim."), box, properties=struck))) == ["Fim.", "Na caixa."]


def test_a_drawing_that_only_older_programs_see_as_text_is_read() -> None:
    box = f"<w:txbxContent>{paragraph(run('Na caixa.'))}</w:txbxContent>"
    drawing = f"<w:r><mc:AlternateContent><mc:Choice/><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>"
    assert texts(docx(paragraph(run("Antes."), drawing))) == ["Antes.", "Na caixa."]


def test_a_document_in_the_strict_format_is_read() -> None:
    document = docx(paragraph(run("Um"), style="Heading1"))
    strict = document_of("http://purl.oclc.org/ooxml/wordprocessingml/main", paragraph(run("A.")))
    assert texts(document) == ["Um"]
    assert texts(archive({"word/document.xml": strict})) == ["A."]


def document_of(namespace: str, body: str) -> str:
    return f'<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>'


def test_a_word_97_file_or_one_with_a_password_is_refused_with_what_to_do() -> None:
    assert "save it as .docx" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"nothing of the kind", "the DOCX is damaged"),
        (archive({"a.txt": "x"}), "word/document.xml is missing"),
        (archive({"word/document.xml": "<w:document"}), "word/document.xml in the DOCX is broken at line 1"),
        (archive({"word/document.xml": "<workbook/>"}), "no Word document"),
        (archive({"word/document.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}), "DOCTYPE"),
        (docx("<w:altChunk/>"), "another document within it"),
        (docx(paragraph(run("A.")), extra={"../x": "y"}), "outside itself"),
        (docx("<w:p>" * 100_000), "broken at line 1"),
    ],
)
def test_what_is_no_sound_document_is_refused(body: bytes, reason: str) -> None:
    assert reason in refusal(body)
