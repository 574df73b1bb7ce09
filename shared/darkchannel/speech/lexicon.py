"""A pronunciation lexicon in W3C PLS 1.0: how words are said that no rule gets right.

https://www.w3.org/TR/pronunciation-lexicon/
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from lxml import etree

from darkchannel.errors import Refused
from darkchannel.speech.characters import decode_xml
from darkchannel.speech.ssml import ATOMIC, Element, Node

NAMESPACE = "http://www.w3.org/2005/01/pronunciation-lexicon"
MAX_BYTES = 4 * 1024 * 1024
MAX_GRAPHEME = 200
MAX_SAID = 500

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to write a word, and how it is said."""

    pattern: re.Pattern[str]
    element: str
    """``sub`` for an alias, ``phoneme`` for a transcription."""
    attributes: Mapping[str, str]

    def at(self, text: str, start: int) -> int | None:
        """Where the word ends that begins at ``start``; None where it is another."""
        found = self.pattern.match(text, start)
        return found.end() if found else None


@dataclass(frozen=True)
class Lexicon:
    """The entries for one language, by the first token of what they match, in lower case; longest first."""

    language: str
    entries: Mapping[str, Sequence[Entry]]

    def speaks(self, language: str) -> bool:
        """Whether it is for texts in this language: one for ``pt`` also is for ``pt-BR``, not the other way round."""
        return f"{language}-".lower().startswith(f"{self.language}-".lower())


def parse(body: bytes, name: str) -> Lexicon:
    """Read a lexicon, called ``name`` in errors.

    Of several pronunciations the one with ``prefer="true"`` is taken, else the first. A word in lower case is also
    found where a sentence begins or all is in capitals; one with capitals only as it is written.

    Raises Refused for what is no lexicon, and names the line.
    """
    if len(body) > MAX_BYTES:
        raise Refused(f"{name} has {len(body):,} bytes, more than the {MAX_BYTES:,} of a lexicon: split it")
    source = decode_xml(body).lstrip()
    if "<!DOCTYPE" in source or "<!ENTITY" in source:
        raise Refused(f"{name} has a DOCTYPE, which is not read: remove it, and any entities with it")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(source.encode(), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = (error.msg or "").split(", line ")[0]
        raise Refused(f"{name} is broken at line {line}, column {column}: {reason}") from error
    language = root.get(_XML_LANG, "")
    if etree.QName(root).localname != "lexicon" or not language:
        raise Refused(f'{name} is no lexicon: it must start with <lexicon version="1.0" xml:lang="pt-BR">')
    found: dict[str, list[tuple[str, Entry]]] = defaultdict(list)
    for lexeme in root.iter("{*}lexeme"):
        for grapheme, entry in _entries(lexeme, root.get("alphabet", "ipa"), name):
            first = _TOKEN.search(grapheme)
            assert first
            found[first[0].lower()].append((grapheme, entry))
    return Lexicon(language, {token: _in_order(entries) for token, entries in found.items()})


def _in_order(entries: list[tuple[str, Entry]]) -> tuple[Entry, ...]:
    """Longest first, and of equally long ones those with capitals, which match less."""
    ordered = sorted(entries, key=lambda each: (-len(each[0]), each[0] == each[0].lower()))
    return tuple(entry for _, entry in ordered)


def _entries(lexeme: Any, alphabet: str, name: str) -> Iterator[tuple[str, Entry]]:
    said = [child for child in lexeme.iterchildren("{*}alias", "{*}phoneme") if _text(child)]
    best = next((child for child in said if child.get("prefer") == "true"), next(iter(said), None))
    graphemes = [text for child in lexeme.iterchildren("{*}grapheme") if (text := _text(child))]
    place = f"line {lexeme.sourceline} of {name}"
    if best is None or not graphemes:
        raise Refused(f"a lexeme at {place} lacks a grapheme, or an alias or phoneme: add it or remove the lexeme")
    for text, most in [(_text(best), MAX_SAID), *((grapheme, MAX_GRAPHEME) for grapheme in graphemes)]:
        if len(text) > most:
            raise Refused(f"a lexeme at {place} has a text of {len(text)} characters: shorten it to {most}")
    if etree.QName(best).localname == "alias":
        element, attributes = "sub", {"alias": _text(best)}
    else:
        element, attributes = "phoneme", {"alphabet": best.get("alphabet", alphabet), "ph": _text(best)}
    for grapheme in graphemes:
        yield grapheme, Entry(_pattern(grapheme), element, attributes)


def _pattern(grapheme: str) -> re.Pattern[str]:
    spaced = r"\s+".join(map(re.escape, grapheme.split()))
    end = r"(?!\w)" if re.match(r"\w", grapheme[-1]) else ""
    return re.compile(spaced + end, re.IGNORECASE if grapheme == grapheme.lower() else 0)


def _text(element: Any) -> str:
    return normalize("NFC", " ".join("".join(element.itertext()).split()))


def apply(nodes: Iterable[Node], language: str, lexicons: Sequence[Lexicon]) -> Iterator[Node]:
    """The nodes with each word of a lexicon in a ``sub`` or ``phoneme``; of two lexicons the first one wins.

    ``language`` is that of the text where no ``xml:lang`` says otherwise. What is in a ``say-as``, ``sub`` or
    ``phoneme`` already is left alone.
    """
    chosen = [lexicon for lexicon in lexicons if lexicon.speaks(language)]
    for node in nodes:
        if isinstance(node, str):
            yield from _said(node, chosen) if chosen else (node,)
        elif node.name in ATOMIC:
            yield node
        else:
            inside = apply(node.children, node.attributes.get("xml:lang", language), lexicons)
            yield Element(node.name, node.attributes, tuple(inside))


def _said(text: str, lexicons: Sequence[Lexicon]) -> Iterator[Node]:
    text = normalize("NFC", text)
    kept = 0
    for token in _TOKEN.finditer(text):
        if token.start() < kept:
            continue
        for entry in (entry for lexicon in lexicons for entry in lexicon.entries.get(token[0].lower(), ())):
            end = entry.at(text, token.start())
            if end is not None:
                if token.start() > kept:
                    yield text[kept : token.start()]
                yield Element(entry.element, entry.attributes, (text[token.start() : end],))
                kept = end
                break
    if kept < len(text):
        yield text[kept:]
