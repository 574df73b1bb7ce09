"""An EPUB's table of contents: EPUB 3's navigation page, else EPUB 2's NCX, else nothing."""

from collections.abc import Iterator
from typing import Any

from services.splitter.formats.archive import Archive, resolve
from services.splitter.formats.epub_package import Item, Package
from services.splitter.markup import trees
from services.splitter.markup.trees import epub_type, said

_NCX = "application/x-dtbncx+xml"

Titles = dict[str, dict[str, str]]
"""By entry and fragment ("" for the start of the page)."""


class Contents:
    """Raises Refused where the book's own table of contents points outside of it."""

    def __init__(self, archive: Archive, package: Package) -> None:
        items = package.items.values()
        self._nav = _root(archive, next((item for item in items if "nav" in item.properties), None))
        self._ncx = _root(archive, next((item for item in items if item.media_type == _NCX), None))

    def titles(self) -> Titles:
        titles: Titles = {}
        for base, href, title in [*self._nav_links("toc")] or [*self._ncx_links()]:
            path, fragment = resolve(base, href)
            if path and title:
                titles.setdefault(path, {}).setdefault(fragment, title)
        return titles

    def landmarks(self) -> Iterator[tuple[str, str, str]]:
        """Types of pages: type, entry and fragment."""
        if self._nav is None:
            return
        base, root = self._nav
        for link in root.iter("{*}a"):
            for kind in _types(link):
                yield kind, *resolve(base, link.get("href") or "")

    def _nav_links(self, kind: str) -> Iterator[tuple[str, str, str]]:
        if self._nav is None:
            return
        base, root = self._nav
        navs = list(root.iter("{*}nav"))
        found = [nav for nav in navs if kind in _types(nav)] or [nav for nav in navs if not _types(nav)]
        for link in (link for nav in found[:1] for link in nav.iter("{*}a")):
            if link.get("href"):
                yield base, link.get("href"), said(link)

    def _ncx_links(self) -> Iterator[tuple[str, str, str]]:
        if self._ncx is None:
            return
        base, root = self._ncx
        for point in root.iter("{*}navPoint", "{*}navpoint"):
            label = next((child for child in point if trees.local(child) == "navlabel"), None)
            content = next((child for child in point if trees.local(child) == "content"), None)
            if label is not None and content is not None and content.get("src"):
                yield base, content.get("src"), said(label)


def _root(archive: Archive, item: Item | None) -> tuple[str, Any] | None:
    if item is None or item.path not in archive:
        return None
    return item.path, trees.page(archive.read(item.path), archive.place(item.path))


def _types(element: Any) -> list[str]:
    return epub_type(element).split()
