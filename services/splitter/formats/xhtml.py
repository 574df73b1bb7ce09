"""The paragraphs of an XHTML page, as EPUB holds them."""

import re
from dataclasses import dataclass, field
from html.entities import html5
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from darkchannel.errors import Refused
from darkchannel.speech.characters import clean, decode_xml
from services.splitter.formats.draft import Block

_SKIPPED = frozenset(
    {"head", "nav", "script", "style", "template", "svg", "math", "rt", "rp", "object", "iframe", "audio", "video"}
)
_BLOCK_NAMES = """
    address article aside blockquote body caption center dd details div dl dt figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr html li main ol p pre section summary table tbody td tfoot th thead tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ENTITY = re.compile(r"&([^\W\d][\w.-]*);")
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"


@dataclass(slots=True)
class Passage:
    """A block of the page and the ids by which a table of contents may point to it."""

    text: str = ""
    level: int | None = None
    """Of a heading."""
    ids: list[str] = field(default_factory=list)
    pause: bool = False

    @property
    def block(self) -> Block:
        return Block(self.text, self.level is not None, self.pause)


def parse(body: bytes, name: str) -> Any:
    """The root element of a page or of one of EPUB's own XML files, ``name`` being what to call it.

    Raises Refused where it declares entities or is no XML.
    """
    source = _checked(body, name).encode()
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(source, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = (error.msg or "").split(", line ")[0]
        raise Refused(f"{name} in the EPUB is broken at line {line}, column {column}: {reason}") from error


def passages(body: bytes, name: str) -> list[Passage]:
    """The page's blocks in reading order. Pages that are no XML are read as browsers read them."""
    try:
        root = parse(body, name)
    except Refused as refusal:
        parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
        root = etree.fromstring(_checked(body, name).encode(), parser)
        if root is None:
            raise refusal from None
    return _Walk().over(root)


def _checked(body: bytes, name: str) -> str:
    text = decode_xml(body).lstrip()
    if "<!ENTITY" in text:
        raise Refused(f"{name} in the EPUB declares XML entities, which are not read: remove them")
    return _ENTITY.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    """HTML's named characters; a name nobody knows stays as it is written."""
    return found[0] if found[1] in _XML_ENTITIES else escape(html5.get(f"{found[1]};", found[0]))


class _Walk:
    """Gathers text between the edges of blocks."""

    def __init__(self) -> None:
        self._found: list[Passage] = []
        self._current = Passage()
        self._pieces: list[str] = []

    def over(self, root: Any) -> list[Passage]:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            tag = _local(element)
            if event == "start" and (tag in _SKIPPED or _is_note_reference(element)):
                walk.skip_subtree()
            elif event == "start":
                self._start(element, tag)
            else:
                self._end(element, tag)
        self._flush()
        return self._found

    def _start(self, element: Any, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
        if tag in _HEADINGS:
            self._current.level = int(tag[1])
        if tag == "hr" and self._found:
            self._found[-1].pause = True
        if identity := element.get("id"):
            self._current.ids.append(identity)
        if tag == "br":
            self._pieces.append(" ")
        if isinstance(element.tag, str):
            self._pieces.append(element.text or "")

    def _end(self, element: Any, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
        self._pieces.append(element.tail or "")

    def _flush(self) -> None:
        text = " ".join(clean("".join(self._pieces)).split())
        self._pieces = []
        if text:
            self._current.text = text
            self._found.append(self._current)
            self._current = Passage()
        self._current.level = None


def _local(element: Any) -> str:
    return etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""


def _is_note_reference(element: Any) -> bool:
    kind = element.get(_EPUB_TYPE) or element.get("epub:type") or ""
    return "noteref" in kind or element.get("role") == "doc-noteref"
