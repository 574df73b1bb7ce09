"""Reads SSML that a stranger wrote: no DOCTYPE, no entities, no network, bounded depth."""

from dataclasses import dataclass, field
from typing import Any, cast

from lxml import etree

from darkchannel.errors import Refused
from darkchannel.speech.characters import decode_xml
from darkchannel.speech.ssml import ATOMIC, BLOCKS, MOMENTS, NAMESPACE, SPANS, Element, Node

MAX_DEPTH = 64
MAX_ATTRIBUTES = 4_000
"""Characters in the attributes of all elements open at one place: every piece that is cut there repeats them."""
MAX_BYTES = 64 * 1024 * 1024

_SKIPPED = frozenset({"lexicon", "meta", "metadata", "desc"})
_TRANSPARENT = frozenset({"audio", "lookup"})
_KNOWN = BLOCKS | ATOMIC | MOMENTS | SPANS | {"speak"}
_XML = "{http://www.w3.org/XML/1998/namespace}"


def parse(body: bytes) -> Element:
    """Read one SSML document.

    Kept are the elements of SSML 1.1 that are heard. ``audio`` and ``lookup`` give way to their content, since no
    engine plays the one and no lexicon is fetched for the other; ``lexicon``, ``meta``, ``metadata`` and ``desc``
    fall out.

    Raises Refused for broken XML (with line and column), a DOCTYPE, an element SSML does not name, and nesting or
    attributes past their bounds.
    """
    if len(body) > MAX_BYTES:
        raise Refused(f"the SSML has {len(body)} bytes, more than the {MAX_BYTES} that are read: split it")
    text = decode_xml(body)
    if not text.strip():
        raise Refused("the document holds nothing but white space: there is nothing to speak")
    target: Any = _Builder()  # comments and processing instructions are left out, so it has no methods for them
    parser = etree.XMLParser(target=target, encoding="utf-8", resolve_entities=False, no_network=True)
    try:
        return cast(Element, etree.fromstring(text.lstrip().encode(), parser))
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = (error.msg or "").split(", line ")[0]
        raise Refused(f"the SSML is broken at line {line}, column {column}: {reason}") from error


@dataclass(slots=True)
class _Frame:
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    weight: int = 0
    """Characters in the attributes of this element and its ancestors."""
    children: list[Node] = field(default_factory=list)

    def text(self, data: str) -> None:
        if self.children and isinstance(self.children[-1], str):
            self.children[-1] += data
        else:
            self.children.append(data)

    def add(self, child: Node) -> None:
        if isinstance(child, str):
            self.text(child)
        else:
            self.children.append(child)


class _Builder:
    """lxml's parser target (https://lxml.de/parsing.html#the-target-parser-interface)."""

    def __init__(self) -> None:
        self._frames: list[_Frame] = [_Frame("")]
        self._skipped = 0

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise Refused("the SSML has a DOCTYPE, which is not read: remove it, and any entities with it")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._skipped or (name := _local(tag)) in _SKIPPED:
            self._skipped += 1
            return
        if len(self._frames) > MAX_DEPTH:
            raise Refused(f"the SSML is nested deeper than {MAX_DEPTH} elements at <{name}>: flatten it")
        if len(self._frames) == 1 and name != "speak":
            raise Refused(f"an SSML document starts with <speak>, this one with <{name}>")
        if (name == "speak") != (len(self._frames) == 1) or name not in _KNOWN | _TRANSPARENT:
            raise Refused(f"<{name}> cannot stand in SSML here: remove it or write it in SSML 1.1")
        kept = _attributes(attributes)
        weight = self._frames[-1].weight + sum(len(key) + len(value) for key, value in kept.items())
        if weight > MAX_ATTRIBUTES:
            raise Refused(f"the attributes at <{name}> have more than {MAX_ATTRIBUTES} characters: shorten them")
        self._frames.append(_Frame(name, kept, weight))

    def data(self, text: str) -> None:
        if not self._skipped:
            self._frames[-1].text(text)

    def end(self, _tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        frame = self._frames.pop()
        if frame.name in _TRANSPARENT:
            for child in frame.children:
                self._frames[-1].add(child)
        else:
            children = () if frame.name in MOMENTS else tuple(frame.children)
            if frame.name in MOMENTS and any(not isinstance(c, str) or c.strip() for c in frame.children):
                raise Refused(f"<{frame.name}> holds content, which SSML does not allow: close it as <{frame.name}/>")
            self._frames[-1].add(Element(frame.name, frame.attributes, children))

    def close(self) -> Node | None:
        """The document; lxml asks for it also when it found an error, which it raises afterwards."""
        return next(iter(self._frames[0].children), None)


def _local(tag: str) -> str:
    """The name without SSML's namespace; another namespace's element keeps its address, and so is unknown."""
    return tag.removeprefix(f"{{{NAMESPACE}}}")


def _attributes(attributes: dict[str, str]) -> dict[str, str]:
    """Those of SSML; another namespace's fall out."""
    plain = {name.replace(_XML, "xml:"): value for name, value in attributes.items()}
    return {name: value for name, value in plain.items() if not name.startswith("{")}
