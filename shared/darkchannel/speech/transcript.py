"""A segment as readers know it: its sentences as they are written, and what stands between them."""

from dataclasses import dataclass, field
from typing import Literal

from darkchannel.speech.parse import parse
from darkchannel.speech.ssml import Element, Node

Boundary = Literal["sentence", "paragraph", "break"]
"""What a sentence begins: itself, a paragraph too, or it comes after a break of the author's, however long."""


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
    one without words has an empty text. Words after an ``s`` inside another are a passage of their own.
    """
    reader = _Reader()
    reader.read(parse(ssml.encode(errors="replace")))
    return reader.finish()


@dataclass(slots=True)
class _Reader:
    _passages: list[Passage] = field(default_factory=list)
    _boundary: Boundary = "paragraph"
    """Since the last words."""
    _before: Boundary | None = None
    """Of the passage that is open; None until it has words."""
    _parts: list[str] = field(default_factory=list)
    _is_sentence: bool = False
    """Whether the passage that is open is one; else it is there only once it has words."""

    def read(self, node: Node) -> None:
        if isinstance(node, str):
            self._say(node)
        elif node.name == "break":
            self._parts.append(" ")
            self._boundary = "break"
        elif node.name == "p":
            self._edge()
            self._inside(node)
            self._edge()
        elif node.name == "s":
            self._close()
            self._is_sentence = True
            self._inside(node)
            self._close()
        else:
            self._inside(node)

    def finish(self) -> Transcript:
        self._close()
        return Transcript(tuple(self._passages), ends_in_break=self._boundary == "break")

    def _inside(self, element: Element) -> None:
        for child in element.children:
            self.read(child)

    def _say(self, text: str) -> None:
        self._parts.append(text)
        if text.strip():
            self._before = self._before or self._boundary
            self._boundary = "sentence"

    def _edge(self) -> None:
        """A paragraph starts or ends here; inside a sentence it only sets words apart."""
        if self._is_sentence:
            self._parts.append(" ")
        else:
            self._close()
        if self._boundary == "sentence":
            self._boundary = "paragraph"

    def _close(self) -> None:
        text = " ".join("".join(self._parts).split())
        if text or self._is_sentence:
            self._passages.append(Passage(text, self._before or self._boundary, self._is_sentence))
        self._parts, self._before, self._is_sentence = [], None, False
