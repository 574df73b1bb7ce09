"""What the elements and attributes of XHTML mean to a listener."""

import re
from typing import Any

from darkchannel.speech.characters import clean
from services.splitter.markup.trees import epub_type, local

_SKIPPED = """
    annotation annotation-xml audio button datalist head iframe input nav noscript object rp rt script select style
    svg template textarea video
"""
SKIPPED = frozenset(_SKIPPED.split())
"""Silent with all that is in them."""
_BLOCKS = """
    address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu ol p pre search section summary table tbody
    td tfoot th thead tr ul
"""
BLOCKS = frozenset(_BLOCKS.split())
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
CELLS = frozenset({"td", "th"})
NOTE = frozenset({"footnote", "rearnote", "endnote", "note", "doc-footnote", "doc-endnote"})
NOTES = frozenset({"footnotes", "rearnotes", "endnotes", "doc-endnotes"})

_NOT_IN_ROWS = frozenset({"table", "ul", "ol", "dl", "blockquote", "pre", "hr"}) | HEADINGS
_LEFT_OUT_NAMES = """
    cover toc landmarks page-list copyright-page colophon index loi lot loa lov other-credits
    doc-cover doc-toc doc-pagelist doc-colophon doc-index doc-credits
"""
_LEFT_OUT = frozenset(_LEFT_OUT_NAMES.split())
_GUTENBERG = frozenset({"pg-header", "pg-footer", "pgheader", "pgfooter", "pg-boilerplate", "pg-machine-header"})
_PAGE_NUMBER = frozenset({"pagebreak", "doc-pagebreak", "pagenum", "pagenumber", "page-number", "pageno"})
_PAGE_NUMBER_TEXT = re.compile(r"[\[({]?\s*(?:p(?:[áa]?g)?(?:ina|e)?\.?\s*)?[\divxlcdm]{0,8}\s*[\])}]?", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden", re.IGNORECASE)
_PICTURE = "(?:image|imagem|picture|figura|figure|foto|photo|img|cover|capa)"
_UNTELLING = re.compile(
    r"\S{1,200}\.(?:jpe?g|png|gif|svg|webp|bmp|tiff?)"
    rf"|{_PICTURE}(?:(?: d[aeo]| of)? {_PICTURE})?(?:[ _-]?\d{{1,6}})?",
    re.IGNORECASE,
)


def kinds(element: Any) -> set[str]:
    """What EPUB and WAI-ARIA call the element, in lower case."""
    return {*epub_type(element).split(), *(element.get("role") or "").lower().split()}


def language(element: Any) -> str | None:
    """What the element itself says; not what those around it do."""
    return element.get("{http://www.w3.org/XML/1998/namespace}lang") or element.get("lang") or None


def is_boilerplate(element: Any) -> bool:
    names = {(element.get("id") or "").lower(), *(element.get("class") or "").lower().split()}
    return bool(kinds(element) & _LEFT_OUT or names & _GUTENBERG)


def alternative_text(image: Any) -> str:
    """What is said for a picture; nothing where it is an ornament, or its text no more than a file's name."""
    said = clean(image.get("alt") or "").strip()
    return "" if kinds(image) & {"presentation", "none"} or _UNTELLING.fullmatch(said) else said


def is_hidden(element: Any, kinds: set[str]) -> bool:
    if kinds & (NOTE | NOTES):
        return False  # shown when its number is touched
    return (
        element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or bool(_HIDDEN.search(element.get("style") or ""))
    )


def is_page_number(element: Any, name: str, kinds: set[str]) -> bool:
    names = {name, *kinds, *(element.get("class") or "").lower().split()}
    if not names & _PAGE_NUMBER:
        return False
    text = short_text(element)
    return text is not None and bool(_PAGE_NUMBER_TEXT.fullmatch(text.strip()))


def is_row(row: Any) -> bool:
    """Whether a table's row holds data; where cells hold paragraphs, lists or tables, it only lays out the page."""
    paragraphs = 0
    for element in row.iterdescendants():
        name = local(element)
        paragraphs = 0 if name in CELLS else paragraphs + (name in ("p", "div"))
        if name in _NOT_IN_ROWS or paragraphs > 1:
            return False
    return True


def short_text(element: Any, limit: int = 24) -> str | None:
    """What the element says where that is short."""
    said = ""
    for number, inner in enumerate(element.iter()):
        if number == limit or len(said) > limit:
            return None
        said += inner.text or "" if isinstance(inner.tag, str) else ""
        said += inner.tail or "" if inner is not element else ""
    return clean(said) if len(said) <= limit else None
