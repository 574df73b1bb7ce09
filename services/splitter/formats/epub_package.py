"""What an EPUB's package file says: who wrote the book, which pages it has, in which order.

https://www.w3.org/TR/epub-33/#sec-package-doc and https://idpf.org/epub/20/spec/OPF_2.0_latest.htm
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from darkchannel.errors import Refused
from darkchannel.jobs.options import YEAR
from services.splitter.formats.archive import Archive, resolve
from services.splitter.markup import trees
from services.splitter.markup.trees import said

MAX_GENRES = 3

_CONTAINER = "META-INF/container.xml"
_PAGES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document", "application/x-dtbook+xml"})
_PAGE_NAMES = (".xhtml", ".html", ".htm")
_OPF = "{http://www.idpf.org/2007/opf}"


@dataclass(frozen=True, slots=True)
class Item:
    path: str
    media_type: str
    properties: frozenset[str]
    fallback: str | None = None

    @property
    def is_page(self) -> bool:
        return self.media_type in _PAGES or self.path.lower().endswith(_PAGE_NAMES)


class Package:
    """Raises Refused where the archive holds none, or one that is broken."""

    def __init__(self, archive: Archive) -> None:
        self.path = _path(archive)
        self._root = trees.xml(archive.read(self.path), archive.place(self.path))
        self._metadata = next(self._root.iter("{*}metadata"), self._root)
        self.items = {
            element.get("id"): Item(
                resolve(self.path, element.get("href") or "")[0],
                (element.get("media-type") or "").strip().lower(),
                frozenset((element.get("properties") or "").split()),
                element.get("fallback"),
            )
            for element in self._root.iterfind("{*}manifest/{*}item")
            if element.get("id")
        }

    def spine(self) -> list[Item]:
        """The pages in reading order, without those of ``linear="no"``. Raises Refused where one is not listed."""
        pages: list[Item] = []
        for reference in self._root.iterfind("{*}spine/{*}itemref"):
            identity = (reference.get("idref") or "").strip()
            if reference.get("linear") == "no":
                continue
            if identity not in self.items:
                raise Refused(f"the EPUB is incomplete: its spine names {identity!r}, which its manifest does not list")
            if page := self._page(identity):
                pages.append(page)
        return pages

    def _page(self, identity: str) -> Item | None:
        """The item, or what the package gives to readers that cannot show it; ``None`` for a mere picture."""
        seen: set[str] = set()
        while identity in self.items and identity not in seen:
            seen.add(identity)
            item = self.items[identity]
            if item.is_page:
                return item
            identity = item.fallback or ""
        return None

    @property
    def title(self) -> str | None:
        titles = [element for element in self._dublin_core("title") if said(element)]
        main = (element for element in titles if "main" in self._refinements(element, "title-type"))
        return next((said(element) for element in (*main, *titles)), None)

    @property
    def author(self) -> str | None:
        """Those who wrote it, with commas between; translators and narrators only where nobody else is named."""
        creators = [(said(element), self._roles(element)) for element in self._dublin_core("creator")]
        authors = [name for name, roles in creators if not roles or "aut" in roles]
        return ", ".join(dict.fromkeys(filter(None, authors or [name for name, _ in creators]))) or None

    @property
    def narrator(self) -> str | None:
        """Those who read it aloud, with commas between; EPUB 2 and 3 name them among creators or contributors."""
        people = (*self._dublin_core("creator"), *self._dublin_core("contributor"))
        return ", ".join(dict.fromkeys(said(person) for person in people if "nrt" in self._roles(person))) or None

    @property
    def year(self) -> str | None:
        """Of publication, else of any date but that of a change to the file."""
        dates = [(element.get(f"{_OPF}event"), said(element)) for element in self._dublin_core("date")]
        published = [date for event, date in dates if event == "publication"]
        others = [date for event, date in dates if event != "modification"]
        return next((found[0] for date in (*published, *others) if (found := YEAR.search(date))), None)

    @property
    def genre(self) -> str | None:
        """Its first subjects, with commas between."""
        subjects = dict.fromkeys(filter(None, map(said, self._dublin_core("subject"))))
        return ", ".join(islice(subjects, MAX_GENRES)) or None

    @property
    def description(self) -> str:
        """As it is written, often in HTML; empty where there is none."""
        return next(("".join(element.itertext()) for element in self._dublin_core("description")), "")

    @property
    def language(self) -> str | None:
        return next(filter(None, map(said, self._dublin_core("language"))), None)

    @property
    def series(self) -> tuple[str | None, str | None]:
        """The name of the series the book belongs to, and its number in it."""
        for element in self._metas("property", "belongs-to-collection"):
            if "series" in self._refinements(element, "collection-type") and said(element):
                return said(element), next(iter(self._refinements(element, "group-position")), None)
        return self._content("calibre:series"), self._content("calibre:series_index")

    def pictures(self) -> Iterator[str]:
        """Entries that may be the cover, the likeliest first."""
        yield from (item.path for item in self.items.values() if "cover-image" in item.properties)
        if cover := self._content("cover"):
            yield self.items[cover].path if cover in self.items else resolve(self.path, cover)[0]
        yield from (path for kind, path, _ in self.guide() if kind == "cover")

    def guide(self) -> Iterator[tuple[str, str, str]]:
        """EPUB 2's types of pages: type, entry and fragment."""
        for reference in self._root.iterfind("{*}guide/{*}reference"):
            yield (reference.get("type") or "").lower(), *resolve(self.path, reference.get("href") or "")

    def _dublin_core(self, name: str) -> list[Any]:
        return list(self._metadata.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}", f"{{*}}{name.title()}"))

    def _metas(self, attribute: str, value: str) -> Iterator[Any]:
        return (element for element in self._metadata.iter("{*}meta") if element.get(attribute) == value)

    def _content(self, name: str) -> str | None:
        contents = (" ".join((element.get("content") or "").split()) for element in self._metas("name", name))
        return next(filter(None, contents), None)

    def _refinements(self, element: Any, name: str) -> list[str]:
        """What EPUB 3's ``meta`` elements add to another."""
        identity = element.get("id")
        metas = (meta for meta in self._metas("property", name) if identity and meta.get("refines") == f"#{identity}")
        return [text for text in map(said, metas) if text]

    def _roles(self, element: Any) -> list[str]:
        roles = [element.get(f"{_OPF}role"), element.get("role"), *self._refinements(element, "role")]
        return [role.lower() for role in roles if role]


def _path(archive: Archive) -> str:
    root = trees.xml(archive.read(_CONTAINER), archive.place(_CONTAINER))
    for rootfile in root.iter("{*}rootfile"):
        if path := rootfile.get("full-path"):
            return resolve("", path)[0]
    raise Refused(f"the EPUB is incomplete: {_CONTAINER} names no package file")
