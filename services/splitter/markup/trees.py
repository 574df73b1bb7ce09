"""XML and HTML parsed without trusting them: no entities, no network, no cost beyond their length."""

import re
from html.entities import html5
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from darkchannel.errors import Refused
from darkchannel.speech.characters import by_order_mark, clean, decode_xml
from services.splitter.formats import encoding

EPUB_TYPE = "epub-type"
"""As our own trees write it: libxml2 looks for a namespace in all elements around, which costs their depth."""
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
MAX_DEPTH = 100_000
"""Elements within one another; a careless page that closes none has some thousands."""

_NAMES = "id class href src alt alttext role lang hidden style name content aria-hidden"
_ATTRIBUTES = {**{name: name for name in _NAMES.split()}, "xml:lang": "lang", "epub:type": EPUB_TYPE}
_TAG = re.compile(rb"<[^<>]*>")
_XML_DECLARATION = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding""")
_META = re.compile(rb"""<meta\b[^<>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)
_META_WITHIN = 4096
_CODECS = {"utf-8": "utf-8", "utf8": "utf-8", "macintosh": "mac-roman", "iso-8859-15": "iso-8859-15"}
_CODECS |= dict.fromkeys(("us-ascii", "iso-8859-1", "latin1", "windows-1252", "cp1252"), "cp1252")
_CODECS |= dict.fromkeys(("utf-16", "utf-16le", "utf-16be", "unicode"), "utf-8")  # it could not be read as UTF-16
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ENTITY = re.compile(r"&([^\W\d][\w.-]{0,40});")


def xml(body: bytes, place: str, *, doctype: bool = True) -> Any:
    """The root element of an XML file, ``place`` being what to call it.

    Raises Refused where it declares entities, has a DOCTYPE that its format does not allow, or is no XML.
    """
    try:
        text = decode_xml(body).lstrip()
    except Refused as refused:
        raise Refused(f"{place} cannot be read: {refused}") from refused
    if not doctype and "<!DOCTYPE" in text:
        raise Refused(f"{place} has a DOCTYPE, which no file of its kind has: it is not read")
    return _parse_xml(_checked(text, place), place)


def page(body: bytes, place: str) -> Any:
    """The root of an XHTML page. What is no XML is read as a browser would. Raises Refused as ``html`` does."""
    text = decode(body, place)
    try:
        return _parse_xml(_checked(text, place), place)
    except Refused as refusal:
        return _parse_html(_checked(text, place), place, refusal)


def html(body: bytes, place: str) -> Any:
    """The root of an HTML page. Raises Refused where it declares entities, is no text or holds nothing."""
    refusal = Refused(f"{place} is empty: there is nothing to speak")
    return _parse_html(_checked(decode(body, place), place), place, refusal)


def decode(body: bytes, place: str) -> str:
    """Decode a page by its byte order mark, XML declaration or ``meta``, else as UTF-8 or Windows-1252.

    Raises Refused where the bytes are no text, or an encoding is declared that we do not read.
    """
    if by_order_mark(body) or _XML_DECLARATION.match(body):
        return decode_xml(body).lstrip()
    declared = _META.search(body[:_META_WITHIN])
    codec = _CODECS.get(declared[1].decode().lower()) if declared else "utf-8"
    if codec is None:
        raise Refused(f"{place} declares an encoding that is not read: save it as UTF-8 and drop it again")
    if b"\0" in body:
        raise Refused(f"{place} holds binary data, not text: save it as UTF-8 and drop it again")
    try:
        return clean(body.decode(codec)).lstrip()
    except UnicodeDecodeError:
        encoding.decode(_TAG.sub(b" ", body))  # refuses what is no text, the markup left aside
        return clean(body.decode("cp1252", "replace")).lstrip()


def local(element: Any) -> str:
    """The name of an element without its namespace, in lower case; empty for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def epub_type(element: Any) -> str:
    """What EPUB calls the element, in lower case."""
    return (element.get(_EPUB_TYPE) or element.get(EPUB_TYPE) or "").lower()


def said(element: Any) -> str:
    """All text in an element, on one line."""
    return " ".join("".join(element.itertext()).split())


def _checked(text: str, place: str) -> str:
    if "<!ENTITY" in text:
        raise Refused(f"{place} declares XML entities, which are not read: remove them")
    return _ENTITY.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    """HTML's named characters; a name nobody knows stays as it is written."""
    return found[0] if found[1] in _XML_ENTITIES else escape(html5.get(f"{found[1]};", found[0]))


def _parse_xml(text: str, place: str) -> Any:
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = (error.msg or "").split(", line ")[0]
        raise Refused(f"{place} is broken at line {line}, column {column}: {reason}") from error


def _parse_html(text: str, place: str, refusal: Refused) -> Any:
    if not text.strip():
        raise refusal
    tree: Any = _Tree()  # lxml's stubs know no target but TreeBuilder
    parser = etree.HTMLParser(target=tree, encoding="utf-8", no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, AssertionError) as error:  # nothing but a comment, say
        raise refusal from error
    if tree.is_too_deep:
        raise Refused(f"{place} has more than {MAX_DEPTH} elements within one another: it is not read")
    return root


class _Tree:
    """Builds a tree of what libxml2's HTML parser tells.

    Its own tree ends, without a word, where elements stand 256 deep, and takes a time that grows with the square of
    the attributes of an element.
    """

    def __init__(self) -> None:
        self._builder = etree.TreeBuilder()
        self._depth = 0
        self.is_too_deep = False

    def start(self, tag: str, attributes: Any) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.is_too_deep = True
            return
        kept: Any = {_ATTRIBUTES[name]: clean(value or "") for name, value in attributes.items() if name in _ATTRIBUTES}
        self._builder.start(_plain(tag), kept)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._depth < MAX_DEPTH:
            self._builder.end(_plain(tag))

    def data(self, data: str) -> None:
        self._builder.data(clean(data))

    def close(self) -> Any:
        return self._builder.close()


def _plain(tag: str) -> str:
    """A name that XML allows: without its prefix, and nothing in particular where it is none that HTML has."""
    name = tag.rpartition(":")[2]
    return name if name.isascii() and name.isalnum() and name[0].isalpha() else "span"
