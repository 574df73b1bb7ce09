"""HTML pages: chapters at their first two heading levels."""

from collections.abc import Iterable
from typing import Any

from services.splitter.formats.draft import Block, Draft, DraftChapter, join_bare
from services.splitter.lines import headings
from services.splitter.markup import boilerplate, notes, trees, xhtml
from services.splitter.markup.passages import Page, Passage
from services.splitter.markup.trees import local, said

_AROUND = ("nav", "header", "footer", "aside")
_CHAPTER_LEVELS = frozenset({1, 2})
_PLACE = "the HTML page"


def read(body: bytes) -> Draft:
    """Read a page. Raises Refused where it is no text, declares entities or holds nothing."""
    root = trees.page(body, _PLACE) if _is_xhtml(body) else trees.html(body, _PLACE)
    metadata = {(meta.get("name") or "").lower(): meta.get("content") for meta in root.iter("{*}meta")}
    page = xhtml.read(_main(root))
    return Draft(
        chapters([page]),
        title=next(filter(None, map(said, root.iter("{*}title"))), None) or _only_title(page),
        author=" ".join((metadata.get("author") or "").split()) or None,
        language=root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or page.language,
    )


def chapters(pages: Iterable[Page]) -> tuple[DraftChapter, ...]:
    """The chapters of pages whose headings alone tell them, footnotes and boilerplate settled."""
    pages = list(pages)
    boilerplate.leave_out(pages)
    notes.settle(pages, lambda name, href: (name, href[1:]) if href.startswith("#") else ("", ""))
    _mark([passage for page in pages for passage in page.passages if not passage.is_out])
    found: list[DraftChapter] = []
    title: str | None = None
    blocks: list[Block] = []
    for passage in (passage for page in pages for passage in page.passages if not passage.is_out):
        block = notes.block(passage, passage.language)
        if block is None:
            continue
        if passage.level in _CHAPTER_LEVELS:
            found.append(DraftChapter(title, tuple(blocks)))
            title, blocks = block.text, []
        blocks.append(block)
    return join_bare([chapter for chapter in (*found, DraftChapter(title, tuple(blocks))) if chapter.content])


def _mark(passages: list[Passage]) -> None:
    """Where no heading but the title is marked as one, let those that a text would have be headings."""
    if sum(passage.level in _CHAPTER_LEVELS for passage in passages) > 1:
        return
    for passage in passages:
        if passage.level is None and (label := headings.label(notes.rendered(passage)[0])):
            passage.level = label.level


def _is_xhtml(body: bytes) -> bool:
    return b'xmlns="http://www.w3.org/1999/xhtml"' in body[:2048]


def _main(root: Any) -> Any:
    """The only ``main`` or ``article`` of the page; else the page without what stands around its text."""
    for name in ("main", "article"):
        found = list(root.iter(f"{{*}}{name}"))
        if len(found) == 1 and said(found[0]):
            return found[0]
    body = next(root.iter("{*}body"), root)
    around = [child for child in body if local(child) in _AROUND]
    inside = [
        body.text,
        *(child.tail for child in body),
        *(said(child) for child in body if local(child) not in _AROUND),
    ]
    if any(char.isalnum() for text in inside if text for char in text):
        for child in around:
            child.clear(keep_tail=True)
    return root


def _only_title(page: Page) -> str | None:
    """The only heading of the first level."""
    tops = [notes.rendered(passage)[0] for passage in page.passages if passage.level == 1]
    return tops[0] if len(tops) == 1 else None
