"""A pronunciation lexicon in W3C PLS 1.0: how words are said that no rule gets right.

https://www.w3.org/TR/pronunciation-lexicon/
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unicodedata import normalize

from lxml import etree

from darkchannel.errors import Refused
from darkchannel.speech.ssml import ATOMIC, Element, Node
from services.splitter.markup import trees

NAMESPACE = "http://www.w3.org/2005/01/pronunciation-lexicon"
MAX_BYTES = 4 * 1024 * 1024
MAX_GRAPHEME = 200
MAX_SAID = 500

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Lexicon:
    """The words of one language and how they are said."""

    language: str
    words: Mapping[str, Element]
    """An empty ``sub`` or ``phoneme`` for each word; one that is all in small letters stands for any letters."""
    sizes: Mapping[str, Sequence[int]]
    """How many tokens the words have that begin with a token, in small letters; the most first."""

    def speaks(self, language: str) -> bool:
        """Whether it is for texts in this language: one for ``pt`` also is for ``pt-BR``, not the other way round."""
        return f"{language}-".lower().startswith(f"{self.language}-".lower())

    def find(self, text: str, tokens: Sequence[re.Match[str]], at: int) -> tuple[Element, int] | None:
        """How the longest word is said that begins at a token, and how many tokens it has."""
        for size in self.sizes.get(tokens[at][0].lower(), ()):
            if at + size <= len(tokens):
                word = " ".join(text[tokens[at].start() : tokens[at + size - 1].end()].split())
                if found := self.words.get(word) or self.words.get(word.lower()):
                    return found, size
        return None


def parse(body: bytes, name: str) -> Lexicon:
    """Read a lexicon, called ``name`` in errors.

    Of several pronunciations the one with ``prefer="true"`` is taken, else the first. A word in lower case is also
    found where a sentence begins or all is in capitals; one with capitals only as it is written.

    Raises Refused for what is no lexicon, and names the line.
    """
    if len(body) > MAX_BYTES:
        raise Refused(f"{name} has more than the {MAX_BYTES:,} bytes of a lexicon: split it")
    root = trees.xml(body, name, doctype=False)
    language = root.get(_XML_LANG, "")
    if etree.QName(root).localname != "lexicon" or not language:
        raise Refused(f'{name} is no lexicon: it must start with <lexicon version="1.0" xml:lang="pt-BR">')
    words: dict[str, Element] = {}
    sizes: dict[str, set[int]] = defaultdict(set)
    for lexeme in root.iter("{*}lexeme"):
        for grapheme, element in _entries(lexeme, root.get("alphabet", "ipa"), name):
            tokens = _TOKEN.findall(grapheme)
            words.setdefault(grapheme, element)
            sizes[tokens[0].lower()].add(len(tokens))
    return Lexicon(language, words, {first: sorted(found, reverse=True) for first, found in sizes.items()})


def _entries(lexeme: Any, alphabet: str, name: str) -> Iterator[tuple[str, Element]]:
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
        yield grapheme, Element(element, attributes)


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
    tokens = list(_TOKEN.finditer(text))
    kept = at = 0
    while at < len(tokens):
        found = next(filter(None, (lexicon.find(text, tokens, at) for lexicon in lexicons)), None)
        if found is None:
            at += 1
            continue
        element, size = found
        start, end = tokens[at].start(), tokens[at + size - 1].end()
        if start > kept:
            yield text[kept:start]
        yield replace(element, children=(text[start:end],))
        kept = end
        at += size
    if kept < len(text):
        yield text[kept:]
