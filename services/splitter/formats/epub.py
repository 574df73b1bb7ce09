"""EPUB 2 and 3: pages in the order of the spine, titles from the table of contents.

https://www.w3.org/TR/epub-33/ and https://idpf.org/epub/20/spec/OPF_2.0_latest.htm
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from darkchannel.errors import Refused
from darkchannel.jobs.plan import Cover
from services.splitter import pictures
from services.splitter.formats.archive import Archive, resolve
from services.splitter.formats.draft import Block, Draft, DraftChapter, join_bare
from services.splitter.formats.epub_navigation import Contents, Titles
from services.splitter.formats.epub_package import Item, Package
from services.splitter.markup import boilerplate, notes, trees, xhtml
from services.splitter.markup.passages import Page

MAX_COVER = 10 * 1024 * 1024
"""Bytes."""

_ENCRYPTION = "META-INF/encryption.xml"
_FONT_OBFUSCATION = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
_BLANK_LINES = re.compile(r"\n[ \t]*\n")
_CHAPTER_LEVELS = frozenset({1, 2})


def read(body: bytes) -> Draft:
    """Read a book. Raises Refused where it is damaged, locked, hostile or has no pages."""
    archive = Archive(body, "EPUB")
    locked = _locked(archive)
    if "" in locked:
        raise Refused(_LOCKED)
    package = Package(archive)
    spine = package.spine()
    if not spine:
        raise Refused("the EPUB lists no pages to read: its spine is empty")
    if any(item.path in locked for item in spine):
        raise Refused(_LOCKED)
    contents = Contents(archive, package)
    pages = [xhtml.read(trees.page(archive.read(item.path), archive.place(item.path)), item.path) for item in spine]
    boilerplate.leave_out(pages, _named(package, contents, spine))
    notes.settle(pages, resolve)
    series, number = package.series
    return Draft(
        join_bare(_chapters(pages, contents.titles(), package.language)),
        title=package.title,
        author=package.author,
        language=package.language,
        narrator=package.narrator,
        series=series,
        series_index=number if series else None,
        year=package.year,
        genre=package.genre,
        description=_description(package),
        cover=_cover(archive, package, locked),
    )


_LOCKED = "the EPUB is locked (DRM): only books without it can be read"


def _locked(archive: Archive) -> set[str]:
    """Entries that only a key opens; "" where that is not said of any in particular."""
    if _ENCRYPTION not in archive:
        return set()
    locked: set[str] = set()
    root = trees.xml(archive.read(_ENCRYPTION), archive.place(_ENCRYPTION))
    for data in root.iter("{*}EncryptedData"):
        methods = {method.get("Algorithm") for method in data.iterfind("{*}EncryptionMethod")}
        if not methods or methods - _FONT_OBFUSCATION:
            found = [reference.get("URI") or "" for reference in data.iter("{*}CipherReference")]
            locked.update(resolve("", uri)[0] for uri in found or [""])
    return locked


def _named(package: Package, contents: Contents, spine: Iterable[Item]) -> set[str]:
    """Pages that the package calls boilerplate; a fragment would mean only a part of one."""
    named = {
        path
        for kind, path, fragment in chain(package.guide(), contents.landmarks())
        if kind in boilerplate.NAMED and not fragment
    }
    return named | {item.path for item in spine if "nav" in item.properties}


def _chapters(pages: Sequence[Page], titles: Titles, language: str | None) -> list[DraftChapter]:
    """A chapter starts where the table of contents points, or at the top of a page it leaves out that has a heading."""
    is_told_apart = any(_is_same(page.language, language) for page in pages)
    chapters: list[DraftChapter] = []
    title: str | None = None
    blocks: list[Block] = []
    for page in pages:
        starts = _starts(page, titles.get(page.name, {}))
        # Where no page is in the book's language, their own is what an editor's template left in them.
        own = page.language if is_told_apart else None
        for number, passage in enumerate(page.passages):
            if number in starts:
                chapters.append(DraftChapter(title, tuple(blocks)))
                title, blocks = starts[number], []
            spoken = passage.language or own
            if not passage.is_out and (block := notes.block(passage, None if _is_same(spoken, language) else spoken)):
                blocks.append(block)
    return [chapter for chapter in (*chapters, DraftChapter(title, tuple(blocks))) if chapter.content]


def _starts(page: Page, labels: dict[str, str]) -> dict[int, str]:
    """The titles of the chapters that start on a page, by the number of their first passage."""
    if not labels:
        headings = (
            notes.rendered(passage)[0]
            for passage in page.passages
            if passage.level in _CHAPTER_LEVELS and not passage.is_out
        )
        heading = next(headings, None)
        return {0: heading} if heading else {}
    starts = {0: labels[""]} if "" in labels else {}
    for identity, label in labels.items():
        if identity in page.ids:
            starts.setdefault(page.ids[identity].start, label)
    return starts or {0: next(iter(labels.values()))}


def _is_same(language: str | None, other: str | None) -> bool:
    """Whether one says no more than the other: "pt" is no other language than "pt-BR"."""
    first, second = ((tag or "").lower().replace("_", "-").split("-") for tag in (language, other))
    return not language or not other or first[: len(second)] == second[: len(first)]


def _description(package: Package) -> str | None:
    """A paragraph a line, be it written as HTML or as words with blank lines between."""
    page = "<p>".join(_BLANK_LINES.split(package.description))
    try:
        passages = xhtml.read(trees.html(page.encode(), "the description")).passages
    except Refused:
        return None
    return "\n".join(text for passage in passages if (text := notes.rendered(passage)[0])) or None


def _cover(archive: Archive, package: Package, locked: set[str]) -> Cover | None:
    readable = (
        path
        for path in _pictures(archive, package)
        if path in archive and path not in locked and archive.size(path) <= MAX_COVER
    )
    return next(filter(None, (pictures.cover(archive.read(path)) for path in readable)), None)


def _pictures(archive: Archive, package: Package) -> Iterator[str]:
    """Entries of pictures; of a page, the first it shows."""
    pages = {item.path for item in package.items.values() if item.is_page}
    for path in package.pictures():
        if path not in pages:
            yield path
        elif path in archive:
            root = trees.page(archive.read(path), archive.place(path))
            for image in root.iter("{*}img", "{*}image"):
                href = image.get("src") or image.get("{http://www.w3.org/1999/xlink}href") or image.get("href")
                if href:
                    yield resolve(path, href)[0]
                    break
