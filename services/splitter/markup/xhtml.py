"""The passages of an XHTML or HTML page, in reading order."""

import re
from itertools import islice
from typing import Any

from lxml import etree

from darkchannel.speech.characters import clean
from services.splitter.markup import elements
from services.splitter.markup.elements import BLOCKS, CELLS, HEADINGS, short_text
from services.splitter.markup.passages import LINK, Link, Page, Passage
from services.splitter.markup.trees import local

_MARKER = re.compile(
    r"([\[({]?)\s*(?:n(?:ota|ote)?\.?\s*)?(\d{1,4}|[*†‡§¶]{1,4}|[a-z]|[ivxl]{1,7})\s*[\])}.]?", re.IGNORECASE
)
_BACK = re.compile(r"[\[(]?\s*(?:[↩↑↵⏎«^]\s*\ufe0e?|voltar|volta|back|return|retornar)\s*[\])]?", re.IGNORECASE)
_RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_ORDINALS = {"o": "º", "a": "ª", "os": "ºs", "as": "ªs"}
_BEFORE_ORDINAL = re.compile(r"(?:\d\.?|(?<!\w)[nN]\.?)\Z")

_CELL = "\x04"
_BREAK = "\x05"


def read(root: Any, name: str = "") -> Page:
    """Read a page of that name, ``root`` being its element or the one of its elements that is read."""
    return _Walk(name).over(root)


class _Walk:
    """Gathers text between the edges of blocks."""

    def __init__(self, name: str) -> None:
        self._page = Page(name)
        self._pieces: list[str] = []
        self._links: list[Link] = []
        self._level: int | None = None
        self._languages: list[str] = []
        self._boilerplate = 0
        self._raised = 0
        self._row: Any = None
        self._starts: list[int] = []

    def over(self, root: Any) -> Page:
        skipped: Any = None
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            name = local(element)
            if event == "start":
                if name in BLOCKS:
                    self._edge()
                self._starts.append(len(self._page.passages))
                if self._stands_in(element, name):
                    skipped = element
                    walk.skip_subtree()
                else:
                    self._start(element, name)
            else:
                if element is skipped:
                    skipped = None
                else:
                    self._end(element, name)
                self._remember(element, self._starts.pop(), name in BLOCKS)
                self._pieces.append(_flat(element.tail))
        self._edge()
        return self._page

    def _stands_in(self, element: Any, name: str) -> bool:
        """Whether the element is not looked into, since it is silent or something else is said in its place."""
        if name in elements.SKIPPED or not name:
            return True
        if not element.attrib and name not in ("sup", "img"):
            return False
        kinds = elements.kinds(element)
        if elements.is_hidden(element, kinds) or elements.is_page_number(element, name, kinds):
            return True
        if name == "img":
            self._image(element)
        elif name == "math" and element.get("alttext"):
            self._pieces.append(f" {clean(element.get('alttext'))} ")
        elif link := self._link(element, name, kinds):
            self._links.append(link)
            self._pieces += (LINK, _flat(link.text), LINK)
            self._anchors(element)
        else:
            return name == "sup" and self._superscript(element)
        return True

    def _start(self, element: Any, name: str) -> None:
        if name in HEADINGS:
            self._level = int(name[1])
        elif name == "hr" and self._page.passages:
            self._page.passages[-1].pause = True
        elif name == "br":
            self._pieces.append(_BREAK)
        elif name == "sup":
            self._raised += 1
        elif name == "tr" and self._row is None and elements.is_row(element):
            self._row = element
        if element.attrib:
            self._boilerplate += elements.is_boilerplate(element)
            self._speak_in(element, name)
        self._pieces.append(_flat(element.text))

    def _end(self, element: Any, name: str) -> None:
        if name in CELLS:
            self._pieces.append(_CELL)
        elif name == "sup":
            self._raised -= 1
        if name in BLOCKS:
            if element is self._row:
                self._row = None
            self._edge()
        if name in HEADINGS:
            self._level = None
        if element.attrib:
            self._boilerplate -= elements.is_boilerplate(element)
            if name in BLOCKS and name not in ("html", "body") and elements.language(element):
                self._languages.pop()

    def _speak_in(self, element: Any, name: str) -> None:
        if language := elements.language(element):
            if name in ("html", "body"):
                self._page.language = language
            elif name in BLOCKS:
                self._languages.append(language)

    def _remember(self, element: Any, start: int, is_block: bool) -> None:
        if not element.attrib:
            return
        found = range(start, max(start + 1, len(self._page.passages) + (not is_block)))
        for identity in {element.get("id"), element.get("name") if local(element) == "a" else None} - {None}:
            self._page.ids.setdefault(identity, found)
        kinds = elements.kinds(element)
        if is_block and kinds & elements.NOTE:
            self._page.notes.append(found)
        elif is_block and kinds & elements.NOTES:
            self._page.note_lists.append(found)

    def _anchors(self, element: Any) -> None:
        here = len(self._page.passages)
        for inner in element.iterdescendants():
            if identity := inner.get("id"):
                self._page.ids.setdefault(identity, range(here, here + 1))

    def _image(self, element: Any) -> None:
        alternative = elements.alternative_text(element)
        # A single letter is a drop cap: the word goes on after it.
        self._pieces.append(_flat(alternative) if len(alternative) == 1 else f" {_flat(alternative)} ")

    def _link(self, element: Any, name: str, kinds: set[str]) -> Link | None:
        """The link, where it may be a note's number or lead back from a note."""
        is_declared = bool(kinds & {"noteref", "doc-noteref"})
        text = short_text(element) if is_declared or name == "a" else None
        if text is None:
            return None
        inner = element if element.get("href") else next(element.iterdescendants("{*}a"), element)
        href = inner.get("href") or ""
        if is_declared:
            return Link(href, text, is_reference=True, is_back=False)
        is_back = bool(kinds & {"backlink", "doc-backlink"} or _BACK.fullmatch(text.strip()))
        marker = _MARKER.fullmatch(text.strip())
        if "#" not in href or not (marker or is_back):
            return None
        is_raised = self._raised > 0 or any(local(child) == "sup" for child in islice(element.iter(), 9))
        return Link(href, text, is_reference=not is_back and bool(is_raised or (marker and marker[1])), is_back=is_back)

    def _superscript(self, element: Any) -> bool:
        """Say "m²" for the 2 that stands high in it, and "1º" for the o."""
        text = short_text(element)
        if text is None or any(local(child) == "a" for child in islice(element.iter(), 9)):
            return False
        text = text.strip()
        before = "".join(self._pieces[-3:])
        if text.lower() in _ORDINALS and _BEFORE_ORDINAL.search(before):
            self._pieces.append(_ORDINALS[text.lower()])
        elif text and all(char in "0123456789+-−n" for char in text):
            self._pieces.append(text.translate(_RAISED))
        else:
            return False
        return True

    def _edge(self) -> None:
        """The edge of a block: what was gathered is a passage, or more where two line breaks stand together."""
        if self._row is not None:
            self._pieces.append(" ")
            return
        text = "".join(self._pieces)
        self._pieces = []
        if _CELL in text:
            text = _joined(text.split(_CELL))
        links = iter(self._links)
        for paragraph in _paragraphs(text):
            self._page.passages.append(
                Passage(
                    paragraph,
                    self._level,
                    language=self._languages[-1] if self._languages else None,
                    links=list(islice(links, paragraph.count(LINK) // 2)),
                    is_boilerplate=self._boilerplate > 0,
                )
            )
        self._links = []


def _flat(text: str | None) -> str:
    return clean(text).replace("\n", " ") if text else ""


def _joined(cells: list[str]) -> str:
    """The cells of a row with commas between those that end without a mark of their own."""
    said = [cell.strip() for cell in cells if cell.strip()]
    return " ".join(
        cell if number == len(said) or not cell[-1].isalnum() else f"{cell}," for number, cell in enumerate(said, 1)
    )


def _paragraphs(text: str) -> list[str]:
    """Cut where two line breaks stand together; a single one is a space."""
    lines = [" ".join(line.split()) for line in text.split(_BREAK)]
    found: list[list[str]] = [[]]
    for line in lines:
        if line:
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [" ".join(paragraph) for paragraph in found if paragraph]
