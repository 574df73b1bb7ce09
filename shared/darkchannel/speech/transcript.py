"""A segment as readers know it: its sentences as they are written, and what stands between them."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

from darkchannel.speech import sentences
from darkchannel.speech.parse import parse
from darkchannel.speech.rendering import DEFAULT_LANGUAGE, language_of
from darkchannel.speech.ssml import Element, Node

Boundary = Literal["sentence", "clause", "paragraph", "break"]
"""What a passage begins: a sentence, only what another voice says of one, a paragraph too, or it comes after a break of
the author's, however long."""

_OPENING = frozenset("([“‘«¿¡")
_CLOSING = re.compile(r"(?:[.,;:!?…)\]”’»]|[\"'](?!\w))*+")
_WHITE = re.compile(r"\s*+")
_HEARD = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Passage:
    text: str
    """In one line, as its author wrote it: numbers are figures, an alias is not read."""
    before: Boundary
    is_sentence: bool
    """Whether it is an ``s`` element, so that engines tell where it starts; else words that stand outside of any."""


@dataclass(frozen=True, slots=True)
class Transcript:
    passages: tuple[Passage, ...]
    ends_in_break: bool
    """Whether a break of the author's follows the last words."""


def transcript(ssml: str) -> Transcript:
    """The passages of a segment in the order in which they are heard. Raises Refused where it is no SSML.

    Those that are sentences are the ``s`` elements, one for each, in the order in which engines tell where they start:
    one without words has an empty text. Words outside of any are cut into sentences by the rules of their language, and
    where the voice changes; those after an ``s`` inside another, too.
    """
    reader = _Reader()
    reader.read(parse(ssml.encode(errors="replace")), DEFAULT_LANGUAGE)
    return reader.finish()


@dataclass(slots=True)
class _Reader:
    _passages: list[Passage] = field(default_factory=list)
    _boundary: Boundary = "paragraph"
    """Since the last words."""
    _before: Boundary | None = None
    """Of the passage that is open; None until it has words."""
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    """Characters of all parts."""
    _breaks: list[int] = field(default_factory=list)
    """After so many characters."""
    _turns: list[int] = field(default_factory=list)
    """Likewise, where a voice begins or ends."""
    _language: str = DEFAULT_LANGUAGE
    """Of the first words of the passage that is open."""
    _is_sentence: bool = False
    """Whether the passage that is open is one; else it is there only once it has words."""

    def read(self, node: Node, language: str) -> None:
        """Read a node that stands in words of this language."""
        if isinstance(node, str):
            self._say(node, language)
        elif node.name == "break":
            self._add(" ")
            self._breaks.append(self._length)
            self._boundary = "break"
        elif node.name == "p":
            self._edge()
            self._inside(node, language)
            self._edge()
        elif node.name == "s":
            self._close()
            self._is_sentence = True
            self._inside(node, language)
            self._close()
        elif node.name == "voice":
            self._turns.append(self._length)
            self._inside(node, language)
            self._turns.append(self._length)
        else:
            self._inside(node, language)

    def finish(self) -> Transcript:
        self._close()
        return Transcript(tuple(self._passages), ends_in_break=self._boundary == "break")

    def _inside(self, element: Element, around: str) -> None:
        language = language_of(element, around)
        for child in element.children:
            self.read(child, language)

    def _say(self, text: str, language: str) -> None:
        self._add(text)
        if text.strip():
            if self._before is None:
                self._before, self._language = self._boundary, language
            self._boundary = "sentence"

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _edge(self) -> None:
        """A paragraph starts or ends here; inside a sentence it only sets words apart."""
        if self._is_sentence:
            self._add(" ")
        else:
            self._close()
        if self._boundary == "sentence":
            self._boundary = "paragraph"

    def _close(self) -> None:
        text = "".join(self._parts)
        before = self._before or self._boundary
        if self._is_sentence:
            self._passages.append(Passage(_line(text), before, is_sentence=True))
        elif text.strip():
            for start, stop, starts in self._cut(text):
                self._passages.append(Passage(_line(text[start:stop]), starts or before, is_sentence=False))
        self._parts, self._length, self._before, self._is_sentence = [], 0, None, False
        self._breaks, self._turns = [], []

    def _cut(self, text: str) -> Iterator[tuple[int, int, Boundary | None]]:
        """From where to where each passage goes, and what it begins; None for the first."""
        ends = {_next_word(text, end) for end in accumulate(map(len, sentences.split(text, self._language)))}
        start = 0
        begins: Boundary | None = None
        for end in sorted(ends.union(_cuts(text, self._turns))):
            if not (_HEARD.search(text, start, end) and _HEARD.search(text, end)):
                continue
            yield start, end, begins
            begins = "break" if self._is_broken(text, end) else "sentence" if end in ends else "clause"
            start = end
        yield start, len(text), begins

    def _is_broken(self, text: str, end: int) -> bool:
        """Whether a break stands between the words before ``end`` and those after it."""
        count = bisect_right(self._breaks, end)
        return count > 0 and _next_word(text, self._breaks[count - 1]) == end


def _cuts(text: str, turns: Iterable[int]) -> Iterator[int]:
    """Where the voice changes, but not inside a word, nor between one and the quotes and stops that belong to it."""
    for turn in turns:
        at = turn
        while at and (text[at - 1] in _OPENING or (text[at - 1] in "\"'" and not text[at - 2 : at - 1].strip())):
            at -= 1
        at = _end(_CLOSING, text, at)
        if not (text[at - 1 : at].isalnum() and text[at : at + 1].isalnum()):
            yield _next_word(text, at)


def _next_word(text: str, at: int) -> int:
    return _end(_WHITE, text, at)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _line(text: str) -> str:
    return " ".join(text.split())
