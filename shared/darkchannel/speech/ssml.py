"""SSML 1.1 as an immutable tree: what is spoken, and how it is written down.

https://www.w3.org/TR/speech-synthesis11/
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Union
from xml.sax.saxutils import escape, quoteattr

from darkchannel.speech.characters import clean

NAMESPACE = "http://www.w3.org/2001/10/synthesis"

BLOCKS = frozenset({"p", "s"})
ATOMIC = frozenset({"say-as", "sub", "phoneme", "token", "w"})
"""Spoken as one: a cut inside would change what is heard."""
MOMENTS = frozenset({"break", "mark"})
"""Nothing to say, only a moment: each stands once however a document is cut."""
TEXT_ONLY = frozenset({"say-as", "sub", "phoneme"})
"""They may hold no element."""

_WORD = ("role", "onlangfailure")
ATTRIBUTES: Mapping[str, frozenset[str]] = {
    name: frozenset(attributes)
    for name, attributes in {
        "speak": ("version", "onlangfailure", "startmark", "endmark"),
        "p": ("onlangfailure",),
        "s": ("onlangfailure",),
        "break": ("strength", "time"),
        "prosody": ("rate", "pitch", "volume", "range", "contour", "duration"),
        "emphasis": ("level",),
        "say-as": ("interpret-as", "format", "detail"),
        "sub": ("alias",),
        "voice": ("name", "gender", "age", "variant", "languages", "required", "ordering", "onvoicefailure"),
        "lang": ("onlangfailure",),
        "phoneme": ("ph", "alphabet", "type"),
        "mark": ("name",),
        "token": _WORD,
        "w": _WORD,
        "audio": (
            *("src", "fetchtimeout", "fetchhint", "maxage", "maxstale", "soundLevel", "speed"),
            *("clipBegin", "clipEnd", "repeatCount", "repeatDur"),
        ),
        "lookup": ("ref",),
    }.items()
}
"""Each element of SSML 1.1 that has words or moments, and its own attributes; any may have ``xml:lang`` too."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element with its children in order; names and attributes carry no namespace but ``xml:``."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Union["Element", str], ...] = ()


Node = Element | str


def spoken(node: Node) -> str:
    """The characters that are read out, blocks set apart by spaces: a ``sub`` by its alias, breaks and marks not."""
    if isinstance(node, str):
        return node
    if node.name == "sub" and "alias" in node.attributes:
        return node.attributes["alias"]
    inside = "".join(map(spoken, node.children))
    return f" {inside} " if node.name in BLOCKS else inside


def document(children: Iterable[Node], *, language: str, voice: str | None = None) -> Element:
    """A whole SSML document, in one voice where one is given."""
    content = tuple(children)
    if voice:
        content = (Element("voice", {"name": voice}, content),)
    return Element("speak", {"version": "1.1", "xml:lang": language}, content)


def serialise(node: Node) -> str:
    """Well-formed XML; characters that XML cannot hold are left out. ``speak`` carries the SSML namespace."""
    pieces: list[str] = []
    _write(node, pieces)
    return "".join(pieces)


def _write(node: Node, pieces: list[str]) -> None:
    if isinstance(node, str):
        pieces.append(escape(clean(node), {"\r": "&#13;"}))
        return
    namespace = {"xmlns": NAMESPACE} if node.name == "speak" else {}
    attributes = {**namespace, **node.attributes}
    tag = node.name + "".join(f" {name}={quoteattr(clean(value))}" for name, value in attributes.items())
    if not node.children:
        pieces.append(f"<{tag}/>")
        return
    pieces.append(f"<{tag}>")
    for child in node.children:
        _write(child, pieces)
    pieces.append(f"</{node.name}>")
