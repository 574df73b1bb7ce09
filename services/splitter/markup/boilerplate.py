"""Pages and passages that books hold for librarians and lawyers, not for listeners."""

import re
from collections.abc import Collection, Iterable, Sequence

from services.splitter.markup.passages import Page, Passage

MAX_NAMED = 2000
"""Words of a page that the package alone calls boilerplate; one with more also holds some of the book."""

_NAMES = """
    cover toc landmarks page-list copyright-page copyright colophon index loi lot loa lov other-credits
    other.copyright-page other.copyright other.colophon
"""
NAMED = frozenset(_NAMES.split())
"""Types of the EPUB 2 guide and of EPUB 3 landmarks."""

_START = re.compile(r"\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK")
_END = re.compile(r"\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK")


def leave_out(pages: Sequence[Page], named: Collection[str] = ()) -> None:
    """Leave out what the pages say is boilerplate, the pages ``named`` so, and Project Gutenberg's header and licence.

    Where nothing would be left to speak, nothing is left out.
    """
    out = [
        passage
        for page in pages
        for passage in page.passages
        if passage.is_boilerplate or (page.name in named and _count(page.passages) <= MAX_NAMED)
    ]
    passages = [passage for page in pages for passage in page.passages]
    start, end = within_gutenberg([passage.text for passage in passages])
    out += [*passages[:start], *passages[end:]]
    for passage in out:
        passage.is_out = True
    if not any(_count([passage]) for page in pages for passage in page.passages if not passage.is_out):
        for passage in out:
            passage.is_out = False


def _count(passages: Iterable[Passage]) -> int:
    return sum(any(map(str.isalnum, word)) for passage in passages for word in passage.text.split())


def within_gutenberg(texts: Sequence[str]) -> tuple[int, int]:
    """Between which two of the texts Project Gutenberg's header and licence leave the book; all without them."""
    start = next((number for number, text in enumerate(texts) if _START.search(text)), -1)
    end = next((number for number, text in enumerate(texts) if _END.search(text)), len(texts))
    return (start + 1, end) if start < end else (0, len(texts))
