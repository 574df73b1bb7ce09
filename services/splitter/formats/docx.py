"""DOCX: its paragraphs, tables and notes turned into HTML elements, which are read as those of a page are.

Read here and not by a converter, since those at hand drop what they do not know (equations, fields) without a word.
https://ecma-international.org/publications-and-standards/standards/ecma-376/
"""

import re
from typing import Any

from lxml import etree

from darkchannel.errors import Refused
from darkchannel.speech.characters import clean
from services.splitter.formats import html
from services.splitter.formats.archive import Archive, resolve
from services.splitter.formats.docx_styles import Styles, child, value
from services.splitter.formats.draft import Draft
from services.splitter.markup import trees, xhtml
from services.splitter.markup.trees import EPUB_TYPE, local

_KIND = "DOCX"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD = (
    "the document is a Word file of before 2007 (.doc) or locked with a password: open it in Word or LibreOffice, "
    "remove the password, save it as .docx and drop it again"
)
_SILENT = frozenset({"ppr", "rpr", "tblpr", "trpr", "tcpr", "sectpr", "sdtpr", "del", "movefrom", "rt", "deltext"})
_HTML = {"tbl": "table", "tr": "tr", "tc": "td"}
_SAID = {"tab": " ", "ptab": " ", "nobreakhyphen": "-", "cr": " "}
_NOTE_PARTS = {"footnotes": "footnote", "endnotes": "endnote"}
_AUTHORS = re.compile(r"\s*;\s*")


def read(body: bytes) -> Draft:
    """Read a document. Raises Refused where it is damaged, locked, hostile or no Word document."""
    if body.startswith(_OLE):
        raise Refused(_OLD)
    archive = Archive(body, _KIND)
    package = _relations(archive, "")
    name = package.get("officedocument", "word/document.xml")
    parts = _relations(archive, name)
    root = _part(archive, name)
    if local(root) != "document":
        raise Refused(f"the file is no Word document: its main part {name} is none")
    styles = Styles(_part(archive, parts["styles"]) if parts.get("styles", "") in archive else None)
    reader = _Reader(styles)
    page = xhtml.read(reader.page(root, [_part(archive, parts[kind]) for kind in _NOTE_PARTS if kind in parts]))
    core = package.get("core-properties", "")
    properties = _properties(_part(archive, core)) if core in archive else {}
    return Draft(
        html.chapters([page]),
        title=properties.get("title") or reader.title,
        author=", ".join(filter(None, _AUTHORS.split(properties.get("creator", "")))) or None,
        language=properties.get("language"),
    )


def _part(archive: Archive, name: str) -> Any:
    return trees.xml(archive.read(name), archive.place(name), doctype=False)


def _relations(archive: Archive, name: str) -> dict[str, str]:
    """The parts that a part refers to, by the last word of their kind."""
    folder, _, file = name.rpartition("/")
    listed = f"{folder}/_rels/{file}.rels".lstrip("/")
    if listed not in archive:
        return {}
    return {
        (relation.get("Type") or "").rpartition("/")[2].lower(): _target(name, relation.get("Target") or "")
        for relation in _part(archive, listed).iter("{*}Relationship")
        if relation.get("TargetMode") != "External"
    }


def _target(base: str, target: str) -> str:
    return resolve("", target.lstrip("/"), _KIND)[0] if target.startswith("/") else resolve(base, target, _KIND)[0]


def _properties(root: Any) -> dict[str, str]:
    found = {local(element): " ".join(clean(element.text or "").split()) for element in root}
    return {name: text for name, text in found.items() if text}


class _Reader:
    """Builds a page of HTML elements."""

    def __init__(self, styles: Styles) -> None:
        self.title: str | None = None
        """What the first paragraph of the style "Title" says."""
        self._styles = styles
        self._builder: Any = etree.TreeBuilder()
        self._ends: list[tuple[str, ...]] = []
        self._merged: str | None = None
        """The element of a paragraph that goes on in the next, since its end was struck out."""
        self._boxes: list[Any] = []

    def page(self, root: Any, notes: list[Any]) -> Any:
        self._builder.start("body", {})
        self._read(root)
        for part in notes:
            self._builder.start("section", {EPUB_TYPE: "endnotes"})
            for note in part:
                kind = local(note)
                if kind in _NOTE_PARTS.values() and "separator" not in (value(note, "type") or "").lower():
                    self._builder.start("aside", {"id": f"{kind}-{value(note, 'id')}", "role": f"doc-{kind}"})
                    self._read(note)
                    self._builder.end("aside")
            self._builder.end("section")
        self._builder.end("body")
        return self._builder.close()

    def _read(self, root: Any) -> None:
        walk = etree.iterwalk(root, events=("start", "end"))
        skipped: Any = None
        for event, element in walk:
            name = local(element)
            if event == "end":
                if element is skipped:
                    skipped = None
                else:
                    self._end(name)
            elif self._is_silent(element, name, root):
                skipped = element
                walk.skip_subtree()
            else:
                self._start(element, name)
        self._close_merged()
        self._read_boxes()

    def _is_silent(self, element: Any, name: str, root: Any) -> bool:
        if name == "altchunk":
            raise Refused("the DOCX holds another document within it: open it in Word, save it and drop it again")
        if name == "txbxcontent" and element is not root:
            self._boxes.append(element)  # read after the paragraph that it stands beside
            return True
        return (
            name in _SILENT
            or (name == "fallback" and _says(element.getprevious()))
            or (name == "r" and _is_set(child(element, "rpr", "vanish")))
            or (name == "sdt" and _is_set(child(element, "sdtpr", "showingplchdr")))
        )

    def _start(self, element: Any, name: str) -> None:
        ends: tuple[str, ...] = ()
        if name == "p":
            ends = self._paragraph(element)
        elif name in _HTML:
            self._close_merged()
            ends = self._opened(_HTML[name])
        elif name == "sdt" and _is_contents(element):
            self._close_merged()
            ends = self._opened("section", {EPUB_TYPE: "toc"})
        elif name == "r" and (raised := value(child(element, "rpr", "vertalign"))):
            ends = self._opened("sup") if raised == "superscript" else ()
        elif name == "t":
            self._builder.data(clean(element.text or ""))
        elif name in ("br", "docpr", "shape"):
            self._empty(element, name)
        elif name in ("footnotereference", "endnotereference"):
            self._reference(value(element, "id") or "", name.removesuffix("reference"))
        elif name in _SAID:
            self._builder.data(_SAID[name])
        elif name == "sym":
            self._symbol(value(element, "char") or "")
        self._ends.append(ends)

    def _end(self, name: str) -> None:
        for tag in self._ends.pop():
            self._builder.end(tag)
        if name == "p" and not self._merged:
            self._read_boxes()

    def _opened(self, tag: str, attributes: dict[str, str] | None = None) -> tuple[str, ...]:
        self._builder.start(tag, attributes or {})
        return (tag,)

    def _paragraph(self, element: Any) -> tuple[str, ...]:
        style = self._styles.of(element)
        if style.is_title and self.title is None:
            self.title = " ".join("".join(text.text or "" for text in element.iter("{*}t")).split()) or None
        tag = self._merged or (f"h{style.level}" if style.level else "p")
        if not self._merged:
            self._builder.start(tag, {EPUB_TYPE: "toc"} if style.is_contents else {})
        self._merged = tag if child(element, "ppr", "rpr", "del") is not None else None
        return () if self._merged else (tag,)

    def _close_merged(self) -> None:
        if self._merged:
            self._builder.end(self._merged)
            self._merged = None

    def _read_boxes(self) -> None:
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            self._read(box)

    def _empty(self, element: Any, name: str) -> None:
        """A line break, or what is said for a picture."""
        tag = "br" if name == "br" else "img"
        alternative = clean(element.get("descr") or element.get("alt") or "")
        self._builder.start(tag, {"alt": alternative} if alternative else {})
        self._builder.end(tag)

    def _reference(self, identity: str, kind: str) -> None:
        self._builder.start("a", {"role": "doc-noteref", "href": f"#{kind}-{identity}"})
        self._builder.data(identity)
        self._builder.end("a")

    def _symbol(self, code: str) -> None:
        if re.fullmatch(r"[0-9A-Fa-f]{4}", code) and not 0xD800 <= int(code, 16) <= 0xF8FF:
            self._builder.data(clean(chr(int(code, 16))))


def _is_set(element: Any) -> bool:
    return element is not None and value(element) not in ("0", "false", "off")


def _is_contents(control: Any) -> bool:
    """Whether a content control is the table of contents that Word, LibreOffice or Google Docs made."""
    return value(child(control, "sdtpr", "docpartobj", "docpartgallery")) == "Table of Contents"


def _says(choice: Any) -> bool:
    """Whether the newer of two versions of a drawing has words; the older one repeats them for older programs."""
    return choice is not None and any(
        element.text or element.get("descr") for element in choice.iter("{*}t", "{*}docPr")
    )
