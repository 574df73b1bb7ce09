"""EPUB 2 and 3: pages in the order of the spine, titles from the table of contents.

https://www.w3.org/TR/epub-33/ and https://idpf.org/epub/20/spec/OPF_2.0_latest.htm
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from darkchannel.errors import Refused
from services.splitter.formats import xhtml
from services.splitter.formats.archive import Archive, resolve
from services.splitter.formats.draft import Block, Draft, DraftChapter, join_bare

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
_NCX = "application/x-dtbncx+xml"
_FONT_OBFUSCATION = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
_CHAPTER_LEVELS = frozenset({1, 2})

Contents = dict[str, dict[str, str]]
"""Titles by entry name and fragment ("" for the start of the page)."""


@dataclass(frozen=True, slots=True)
class _Item:
    path: str
    media_type: str
    properties: frozenset[str]


def read(body: bytes) -> Draft:
    """Read a book. Raises Refused where it is damaged, locked, hostile or has no pages."""
    archive = Archive(body)
    if _ENCRYPTION in archive:
        _refuse_locked(xhtml.parse(archive.read(_ENCRYPTION), _ENCRYPTION))
    package_path = _package_path(archive)
    package = xhtml.parse(archive.read(package_path), package_path)
    items = _items(package, package_path)
    contents = _contents(archive, items)
    pages = [item for item in _spine(package, items) if "nav" not in item.properties]
    if not pages:
        raise Refused("the EPUB lists no pages to read: its spine is empty")
    return Draft(
        join_bare(_chapters(archive, pages, contents)),
        title=_first(package, "title"),
        author=", ".join(_texts(package, "creator")) or None,
        language=_first(package, "language"),
    )


def _all(root: Any, name: str) -> list[Any]:
    return list(root.iter(f"{{*}}{name}"))


def _texts(root: Any, name: str) -> list[str]:
    found = (" ".join("".join(element.itertext()).split()) for element in _all(root, name))
    return [text for text in found if text]


def _first(root: Any, name: str) -> str | None:
    return next(iter(_texts(root, name)), None)


def _refuse_locked(root: Any) -> None:
    for data in _all(root, "EncryptedData"):
        methods = {method.get("Algorithm") for method in data.findall("{*}EncryptionMethod")}
        if not methods or methods - _FONT_OBFUSCATION:
            raise Refused("the EPUB is locked (DRM): only books without it can be read")


def _package_path(archive: Archive) -> str:
    root = xhtml.parse(archive.read(_CONTAINER), _CONTAINER)
    for rootfile in _all(root, "rootfile"):
        if path := rootfile.get("full-path"):
            return resolve("", path)[0]
    raise Refused(f"the EPUB is incomplete: {_CONTAINER} names no package file")


def _items(package: Any, base: str) -> dict[str, _Item]:
    return {
        element.get("id"): _Item(
            resolve(base, element.get("href") or "")[0],
            element.get("media-type") or "",
            frozenset((element.get("properties") or "").split()),
        )
        for manifest in _all(package, "manifest")
        for element in _all(manifest, "item")
        if element.get("id")
    }


def _spine(package: Any, items: dict[str, _Item]) -> Iterator[_Item]:
    for reference in _all(package, "itemref"):
        item = items.get(reference.get("idref") or "")
        if item and item.media_type in _PAGES and reference.get("linear") != "no":
            yield item


def _contents(archive: Archive, items: dict[str, _Item]) -> Contents:
    """EPUB 3's navigation page, else EPUB 2's NCX, else nothing."""
    nav = next((item for item in items.values() if "nav" in item.properties), None)
    ncx = next((item for item in items.values() if item.media_type == _NCX), None)
    links: Iterator[tuple[str, str]] = iter(())
    base = ""
    if nav and nav.path in archive:
        base, links = nav.path, _nav_links(xhtml.parse(archive.read(nav.path), nav.path))
    elif ncx and ncx.path in archive:
        base, links = ncx.path, _ncx_links(xhtml.parse(archive.read(ncx.path), ncx.path))
    contents: Contents = {}
    for href, title in links:
        path, fragment = resolve(base, href)
        if path and title:
            contents.setdefault(path, {}).setdefault(fragment, title)
    return contents


def _nav_links(root: Any) -> Iterator[tuple[str, str]]:
    navs = _all(root, "nav")
    tocs = [nav for nav in navs if "toc" in (nav.get("{http://www.idpf.org/2007/ops}type") or "").split()]
    for link in (link for nav in (tocs or navs)[:1] for link in _all(nav, "a")):
        if href := link.get("href"):
            yield href, " ".join("".join(link.itertext()).split())


def _ncx_links(root: Any) -> Iterator[tuple[str, str]]:
    for point in _all(root, "navPoint"):
        label, content = point.find("{*}navLabel"), point.find("{*}content")
        if label is not None and content is not None and content.get("src"):
            yield content.get("src"), " ".join("".join(label.itertext()).split())


def _chapters(archive: Archive, pages: list[_Item], contents: Contents) -> list[DraftChapter]:
    """A chapter starts where the table of contents points, or at the top of a page it leaves out that has a heading."""
    chapters: list[DraftChapter] = []
    title: str | None = None
    blocks: list[Block] = []
    for page in pages:
        found = xhtml.passages(archive.read(page.path), page.path)
        starts = _starts(found, contents.get(page.path, {}))
        for number, passage in enumerate(found):
            if number in starts:
                chapters.append(DraftChapter(title, tuple(blocks)))
                title, blocks = starts[number], []
            blocks.append(passage.block)
    return [chapter for chapter in (*chapters, DraftChapter(title, tuple(blocks))) if chapter.content]


def _starts(found: list[xhtml.Passage], labels: dict[str, str]) -> dict[int, str]:
    """The titles of the chapters that start on a page, by the number of their first passage."""
    if not labels:
        heading = next((passage.text for passage in found if passage.level in _CHAPTER_LEVELS), None)
        return {0: heading} if heading else {}
    starts = {0: labels[""]} if "" in labels else {}
    for number, passage in enumerate(found):
        for identity in passage.ids:
            if identity in labels:
                starts.setdefault(number, labels[identity])
    return starts or {0: next(iter(labels.values()))}
