"""Reads SSML that a stranger wrote: no DOCTYPE, no entities, no network, bounded depth.

Every refusal names the line and the column, both from 1.
"""

import re
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from darkchannel.errors import Refused
from darkchannel.speech.characters import clean, decode_xml
from darkchannel.speech.ssml import ATTRIBUTES, MOMENTS, NAMESPACE, TEXT_ONLY, Element, Node

MAX_DEPTH = 64
MAX_ATTRIBUTES = 4_000
"""Characters in the attributes of all elements open at one place: every piece that is cut there repeats them."""
MAX_BYTES = 64 * 1024 * 1024

TIME = re.compile(r"\s*\+?(\d+(?:\.\d*)?|\.\d+)\s*(ms|s)\s*", re.ASCII)
"""How long a break lasts."""

_CHILDLESS = MOMENTS | TEXT_ONLY
_SKIPPED = frozenset({"lexicon", "meta", "metadata", "desc"})
_TRANSPARENT = frozenset({"audio", "lookup"})
_OURS = f"{NAMESPACE} "
_XML_LANG = "http://www.w3.org/XML/1998/namespace lang"
_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_SPACE = re.compile(rb"[ \t\r\n]*")
_FIRST_BYTES = 1_024
_EXCERPT = 24


def parse(body: bytes) -> Element:
    """Read one SSML document.

    Kept are the elements of SSML 1.1 that are heard, with the attributes that SSML gives them and ``xml:lang``.
    ``audio`` and ``lookup`` give way to their content, since no engine plays the one and no lexicon is fetched for the
    other; ``lexicon``, ``meta``, ``metadata`` and ``desc`` fall out, as do attributes of other namespaces.

    Raises Refused for broken XML, a DOCTYPE, an element or attribute SSML does not name, a break whose time is none,
    and for nesting or attributes past their bounds; of these a segment, which its document's reader has wrapped, may
    have twice as much.
    """
    data = _utf8(body)
    found, end = _Reader(data, allowance=2).document(0)
    if end < len(data):
        _refuse(data, end, "a second document begins where one <speak> is meant: remove it")
    return found


def parse_all(body: bytes) -> tuple[Element, ...]:
    """Read one SSML document or several one after another. Raises Refused as ``parse`` does."""
    data = _utf8(body)
    found: list[Element] = []
    end = 0
    while not found or end < len(data):
        document, end = _Reader(data, allowance=1).document(end)
        found.append(document)
    return tuple(found)


def _utf8(body: bytes) -> bytes:
    if len(body) > MAX_BYTES:
        raise Refused(f"the SSML has {len(body):,} bytes, more than the {MAX_BYTES:,} that are read: split it")
    text = decode_xml(body)
    if not text.strip():
        raise Refused("the document holds nothing but white space: there is nothing to speak")
    return text.encode()


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def _place(data: bytes, at: int) -> str:
    before = data[data.rfind(b"\n", 0, at) + 1 : at]
    return f"line {_line(data, at)}, column {len(before.decode(errors='replace')) + 1}"


def _refuse(data: bytes, at: int, reason: str) -> NoReturn:
    raise Refused(f"{_place(data, at)} of the SSML: {reason}")


@dataclass(slots=True)
class _Frame:
    """An element that is open."""

    name: str
    at: int
    """The byte its tag starts at."""
    attributes: dict[str, str]
    weight: int
    """Characters in the attributes of this element and its ancestors, as they are written down."""
    children: list[Node] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    """What stands after the last child."""

    def close_text(self) -> None:
        if self.text:
            self.children.append(clean("".join(self.text)))
            self.text = []


class _Reader:
    """Builds one document's tree from what expat finds: https://libexpat.github.io/doc/api/latest/"""

    def __init__(self, data: bytes, *, allowance: int) -> None:
        self._data = data
        self._start = 0
        self._depth = MAX_DEPTH * allowance
        self._weight = MAX_ATTRIBUTES * allowance
        self._frames: list[_Frame] = []
        self._skipped = 0
        self._document: Element | None = None
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._open
        self._parser.CharacterDataHandler = self._text
        self._parser.EndElementHandler = self._close

    def document(self, start: int) -> tuple[Element, int]:
        """The document from this byte on, and where the next one starts."""
        space = _SPACE.match(self._data, start)
        at = self._start = space.end() if space else start
        size = _FIRST_BYTES
        try:
            # Pieces that double: many small documents cost no more than their length, nor does one endless tag.
            while at < len(self._data):
                self._parser.Parse(self._data[at : at + size], False)
                at, size = at + size, size * 2
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            at = self._start + self._parser.ErrorByteIndex
            if self._document is None:
                raise Refused(self._broken(error.code, at)) from error
            return self._document, at  # to expat whatever follows a document is wrong; to us it is the next one
        assert self._document
        return self._document, len(self._data)

    def _broken(self, code: int, at: int) -> str:
        reason = f"the SSML is broken at {_place(self._data, at)}: {expat.ErrorString(code)}"
        if rest := self._data[at : at + 4 * _EXCERPT].decode(errors="ignore").split("\n")[0][:_EXCERPT]:
            reason += f' at "{rest}"'
        if self._frames:
            frame = self._frames[-1]
            reason += f", where <{frame.name}> of line {_line(self._data, frame.at)} is open"
        return reason

    def _refuse(self, reason: str) -> NoReturn:
        _refuse(self._data, self._start + self._parser.CurrentByteIndex, reason)

    def _doctype(self, _name: str, _system: str | None, _public: str | None, _internal: bool) -> None:
        at = self._data.rfind(b"<!DOCTYPE", 0, self._start + self._parser.CurrentByteIndex)
        _refuse(self._data, at, "a DOCTYPE is not read: remove it, and any entities with it")

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.removeprefix(_OURS)
        if self._skipped or name in _SKIPPED:
            self._skipped += 1
            return
        frames = self._frames
        if not frames and name != "speak":
            self._refuse(f"an SSML document starts with <speak>, this one with {_shown(name)}")
        if name not in ATTRIBUTES or (frames and name == "speak"):
            self._refuse(f"{_shown(name)} cannot stand in SSML here: remove it or write it in SSML 1.1")
        if len(frames) >= self._depth:
            self._refuse(f"<{name}> is nested deeper than {self._depth} elements: flatten it")
        if frames and frames[-1].name in _CHILDLESS:
            self._refuse(f"<{name}> stands in <{frames[-1].name}>, where SSML allows no element: move it out")
        kept = self._kept(name, attributes) if attributes else {}
        if name == "break" and "time" in kept and not TIME.fullmatch(kept["time"]):
            self._refuse(f"a break of '{kept['time'][:_EXCERPT]}' is no time: write it like 500ms or 1.5s")
        weight = frames[-1].weight if frames else 0
        if kept:
            weight += sum(len(key) + len(quoteattr(value)) for key, value in kept.items())
            if weight > self._weight:
                self._refuse(f"the attributes at <{name}> have more than {self._weight} characters: shorten them")
        if frames and name not in _TRANSPARENT:
            frames[-1].close_text()
        frames.append(_Frame(name, self._start + self._parser.CurrentByteIndex, kept, weight))

    def _kept(self, name: str, attributes: dict[str, str]) -> dict[str, str]:
        kept: dict[str, str] = {}
        for key, value in attributes.items():
            if key == _XML_LANG:
                tag = value.strip().replace("_", "-")
                if _TAG.fullmatch(tag):
                    kept["xml:lang"] = tag
                elif tag and name != "speak":  # the options say the language of a whole document
                    self._refuse(f'xml:lang="{value[:_EXCERPT]}" of <{name}> is no language: write it like pt-BR')
            elif key in ATTRIBUTES[name]:
                kept[key] = clean(value)
            elif " " not in key:
                self._refuse(f"<{name}> has no attribute {key[:_EXCERPT]} in SSML: remove it")
        return kept

    def _text(self, text: str) -> None:
        if not self._skipped:
            self._frames[-1].text.append(text)

    def _close(self, _tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        frame = self._frames.pop()
        if frame.name in _TRANSPARENT:
            self._give_way(frame)
            return
        if frame.name in MOMENTS and "".join(frame.text).strip():
            self._refuse(f"<{frame.name}> holds content, which SSML does not allow: close it as <{frame.name}/>")
        frame.close_text()
        element = Element(frame.name, frame.attributes, () if frame.name in MOMENTS else tuple(frame.children))
        if self._frames:
            self._frames[-1].children.append(element)
        else:
            self._document = element

    def _give_way(self, frame: _Frame) -> None:
        """Put its content in its place, as if it were not there."""
        parent = self._frames[-1]
        for child in frame.children:
            if isinstance(child, str):
                parent.text.append(child)
            else:
                parent.close_text()
                parent.children.append(child)
        parent.text += frame.text


def _shown(name: str) -> str:
    """A name for a message, with its namespace where that is not SSML's."""
    namespace, _, local = name.rpartition(" ")
    return f"<{local[:_EXCERPT]}> of {namespace[:100]}" if namespace else f"<{local[:_EXCERPT]}>"
