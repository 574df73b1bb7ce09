"""A segment as any engine is given it: only plain words, and markup that has one meaning."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from darkchannel.speech.normalisation import normalise
from darkchannel.speech.parse import TIME, parse
from darkchannel.speech.say_as import say_as
from darkchannel.speech.ssml import BLOCKS, Element, Node, spoken

DEFAULT_LANGUAGE = "pt-BR"
"""Of a document that names none."""
MAX_BREAK_MS = 60_000
STRENGTHS_MS = {"none": 0, "x-weak": 0, "weak": 250, "medium": 500, "strong": 1_000, "x-strong": 1_500}
"""Pauses as listeners know them."""

# Piper's pt_BR-faber-medium, espeak-ng's en-us and pt+f3; but pf_dora is no Persian, and ana nothing but a name.
_VOICE = re.compile(r"([a-z]{2})(?:_([A-Z]{2})(?![A-Za-z])|-([A-Za-z]{2})(?![A-Za-z])|(?=[-+]|\Z))")
_CONTEXT = 60
"""Characters of a neighbour that are looked at."""
_LAST_WORDS = re.compile(r"(?<!\w)(?:[^\W\d_]{1,20}\s){0,2}[^\W\d_]{1,20}\s?\Z")
_FIRST_WORD = re.compile(r"\s?[^\W\d_]{1,20}(?!\w)")


@lru_cache(maxsize=64)  # the synthesizer asks twice: to speak it, and how long that should take
def rendered(ssml: str) -> Element:
    """Write a segment out for an engine.

    What is left is ``speak``, ``p``, ``s``, ``voice``, ``lang``, ``prosody``, ``emphasis``, ``break`` (always with
    ``time`` in whole milliseconds, at most a minute), ``mark`` and ``phoneme``. ``say-as`` has become words, ``sub``
    its alias, ``token`` and ``w`` their content, and all text is normalised by the language it stands in.

    Raises Refused where it is no SSML, or a break has a time that is none.
    """
    return _element(parse(ssml.encode(errors="replace")), DEFAULT_LANGUAGE)


def language_of(element: Element, around: str) -> str:
    """The language of what stands in an element: its ``xml:lang``, else its voice's, else that of what is around it."""
    if language := element.attributes.get("xml:lang"):
        return language
    found = _VOICE.match(element.attributes.get("name", "")) if element.name == "voice" else None
    return "-".join(filter(None, found.groups())) if found else around


@dataclass(frozen=True, slots=True)
class _Words:
    """What is written out already."""

    text: str


_Piece = Element | str | _Words


def _element(element: Element, around: str) -> Element:
    language = language_of(element, around)
    children = tuple(_written(_merged(_pieces(element.children, language)), language))
    if element.name in {"speak", *BLOCKS} and spoken(element).strip() and not any(map(_is_heard, children)):
        children = (*children, Element("break", {"time": f"{STRENGTHS_MS['strong']}ms"}))  # such as "* * *"
    return Element(element.name, element.attributes, children)


def _is_heard(node: Node) -> bool:
    """Whether it takes time: by a word, a sign or a break."""
    if isinstance(node, str):
        return bool(node.strip())
    return node.name == "break" or any(map(_is_heard, node.children))


def _pieces(nodes: Iterable[Node], language: str) -> Iterator[_Piece]:
    """The nodes with what only tells how to read a text resolved."""
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif node.name == "break":
            yield Element("break", {"time": f"{_milliseconds(node)}ms"})
        elif node.name == "say-as":
            kind, form = (node.attributes.get(name, "") for name in ("interpret-as", "format"))
            words = say_as(spoken(node), language, kind, form)
            yield spoken(node) if words is None else _Words(words)
        elif node.name == "sub":
            yield spoken(node)
        elif node.name in {"token", "w"} and "xml:lang" not in node.attributes:
            yield from _pieces(node.children, language)
        elif node.name in {"token", "w"}:
            yield _element(Element("lang", {"xml:lang": node.attributes["xml:lang"]}, node.children), language)
        else:
            yield _element(node, language)


def _merged(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    """Texts that meet become one: what only together is a number or a word is read as one."""
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        if text:
            yield text
            text = ""
        yield piece
    if text:
        yield text


def _written(pieces: Iterable[_Piece], language: str) -> Iterator[Node]:
    """The texts in words, which neither run together with what they touch nor come apart."""
    queue = list(pieces)
    nodes: list[Node] = []
    is_open = False  # whether what the last node ends with goes on as it is written: "3<emphasis>D</emphasis>" does not
    for place, piece in enumerate(queue, 1):
        if isinstance(piece, Element):
            if nodes and isinstance(nodes[-1], str) and not is_open and _touch(nodes[-1], spoken(piece)):
                nodes[-1] += " "
            nodes.append(piece)
            is_open = True
            continue
        if isinstance(piece, str):
            source = unicodedata.normalize("NFC", piece)
            after = (queue[at] for at in range(place, len(queue)))
            words = _in_context(source, language, _text(reversed(nodes)), _text(after))
        else:
            source, words = "", piece.text
        if nodes and not (is_open and source[:1] == words[:1]) and _touch(spoken(nodes[-1]), words):
            words = f" {words}"
        if nodes and isinstance(nodes[-1], str):
            nodes[-1] += words
        else:
            nodes.append(words)
        is_open = source[-1:] == words[-1:]
    return (node for node in nodes if node != "")


def _in_context(text: str, language: str, before: str, after: str) -> str:
    """The text in words as it reads between its neighbours: "Sr. " before a name is no end of a sentence.

    Where the neighbours do not come through as they are, the text reads alone.
    """
    head = _LAST_WORDS.search(before[-_CONTEXT:])
    tail = _FIRST_WORD.match(after[:_CONTEXT])
    start, end = (found[0] if found else "" for found in (head, tail))
    whole = normalise(start + text + end, language)
    if whole.startswith(start) and whole.endswith(end) and len(whole) >= len(start) + len(end):
        return whole[len(start) : len(whole) - len(end)]
    return normalise(text, language)


def _text(pieces: Iterable[_Piece]) -> str:
    """What is heard of the nearest of these that is no mark."""
    for piece in pieces:
        if not isinstance(piece, Element):
            return piece if isinstance(piece, str) else piece.text
        if piece.name != "mark":
            return spoken(piece)
    return ""


def _touch(before: str, after: str) -> bool:
    """Whether a word ends where another begins."""
    return _is_of_word(before[-1:]) and _is_of_word(after[:1])


def _is_of_word(character: str) -> bool:
    return character.isalnum() or (character != "" and unicodedata.category(character).startswith("M"))


def _milliseconds(pause: Element) -> int:
    time = pause.attributes.get("time")
    if time is None:
        return STRENGTHS_MS.get(pause.attributes.get("strength", "medium"), STRENGTHS_MS["medium"])
    found = TIME.fullmatch(time)
    assert found  # the parser refuses any other
    return round(min(float(found[1]) * (1 if found[2] == "ms" else 1_000), MAX_BREAK_MS))
