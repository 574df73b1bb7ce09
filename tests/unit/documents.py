"""Builders and readers for the tests of documents."""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping

from darkchannel.jobs.plan import Book
from darkchannel.speech.parse import parse
from darkchannel.speech.ssml import spoken

_WORD = re.compile(r"[^\W_]+")

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
NCX = (
    '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" '
    '"http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><navMap>{points}</navMap></ncx>'
)


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def segments(book: Book) -> list[str]:
    return [segment for chapter in book.chapters for segment in chapter.segments]


def spoken_text(ssml: Iterable[str]) -> str:
    """What the segments say, one after another; each must be XML to get here."""
    return " ".join(spoken(parse(segment.encode())) for segment in ssml)


def page(body: str, head: str = "<title>p</title>") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops"><head>{head}</head><body>{body}</body></html>'
    )


def package(
    pages: Iterable[str],
    metadata: str = "<dc:title>Contos</dc:title><dc:creator>Ana Lima</dc:creator><dc:language>pt-PT</dc:language>",
    extra: str = "",
) -> str:
    items = "".join(
        f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(pages)
    )
    spine = "".join(f'<itemref idref="i{n}"/>' for n, _ in enumerate(pages))
    return (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{metadata}</metadata>'
        f"<manifest>{items}{extra}</manifest><spine>{spine}</spine></package>"
    )


def archive(files: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in files.items():
            packed.writestr(name, body)
    return buffer.getvalue()


def epub(
    pages: Mapping[str, str], *, nav: str = "", ncx: str = "", files: Mapping[str, str | bytes] | None = None
) -> bytes:
    """An EPUB of XHTML bodies by name, with the ``li`` of a navigation page or the points of an NCX."""
    content: dict[str, str | bytes] = {"META-INF/container.xml": CONTAINER}
    extra = ""
    if nav:
        content["OEBPS/nav.xhtml"] = page(f'<nav epub:type="toc"><ol>{nav}</ol></nav>')
        extra += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    if ncx:
        content["OEBPS/toc.ncx"] = NCX.format(points=ncx)
        extra += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    content["OEBPS/book.opf"] = package(pages, extra=extra)
    content |= {f"OEBPS/{name}": page(body) for name, body in pages.items()}
    return archive(content | dict(files or {}))
