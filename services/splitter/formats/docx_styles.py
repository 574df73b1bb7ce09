"""The styles of a DOCX: which paragraphs are headings, at what level."""

import re
from dataclasses import dataclass
from typing import Any

from services.splitter.markup.trees import local

_HEADING = re.compile(r"(?:heading|t[íi]?tulo)\s*([1-6])")
"""Word writes "heading 1" in every language, but a style's id ("Ttulo1") and other programs' names in the user's."""
_TITLE = frozenset({"title", "título", "titulo", "ttulo"})
_CONTENTS = re.compile(
    r"(?:toc|contents|sum[áa]rio|[íi]ndice)\s*(?:\d|heading)|t[íi]tulo do sum[áa]rio|cabealhodosumrio"
)
_MAX_PARENTS = 20


@dataclass(frozen=True, slots=True)
class Style:
    level: int | None = None
    """Of a heading, from 1 to 6."""
    is_title: bool = False
    is_contents: bool = False
    """A line of the table of contents."""


class Styles:
    """``root`` is that of the part ``styles.xml``, where the document has one."""

    def __init__(self, root: Any) -> None:
        self._elements: dict[str, Any] = {}
        for element in root if root is not None else ():
            if local(element) == "style" and (identity := value(element, "styleId")):
                self._elements.setdefault(identity, element)
        self._known: dict[str, Style] = {}

    def of(self, paragraph: Any) -> Style:
        properties = child(paragraph, "ppr")
        identity = value(child(properties, "pstyle")) or ""
        if identity not in self._known:
            self._known[identity] = self._inherited(identity)
        style = self._known[identity]
        own = value(child(properties, "outlinelvl"))
        return style if own is None else Style(_outline(own), style.is_title, style.is_contents)

    def _inherited(self, identity: str) -> Style:
        """What the style says, or the one it is based on."""
        for _ in range(_MAX_PARENTS):
            element = self._elements.get(identity)
            for name in (value(child(element, "name")) or "", identity):
                if style := _named(name.casefold()):
                    return style
            outline = value(child(element, "ppr", "outlinelvl"))
            if outline is not None:
                return Style(_outline(outline))
            identity = value(child(element, "basedon")) or ""
        return Style()


def value(element: Any, name: str = "val") -> str | None:
    """An attribute of any of the two namespaces that Word's files are written in."""
    if element is None:
        return None
    return next((said for key, said in element.attrib.items() if key.rpartition("}")[2] == name), None)


def child(element: Any, *names: str) -> Any:
    """The first child of that name, its first child of the next, and so on; ``None`` where one lacks."""
    for name in names:
        if element is None:
            return None
        element = next((inner for inner in element if local(inner) == name), None)
    return element


def _outline(number: str) -> int | None:
    """Levels are counted from 0; 9 is that of the text."""
    return int(number) + 1 if number in ("0", "1", "2", "3", "4", "5") else None


def _named(name: str) -> Style | None:
    if found := _HEADING.fullmatch(name):
        return Style(int(found[1]))
    if name in _TITLE:
        return Style(1, is_title=True)
    return Style(is_contents=True) if _CONTENTS.fullmatch(name) else None
