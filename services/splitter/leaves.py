"""An SSML tree as its leaves, each with the elements it stands in; and any run of leaves as a tree again."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from xml.sax.saxutils import quoteattr

from darkchannel.errors import Refused
from darkchannel.speech.ssml import ATOMIC, BLOCKS, MOMENTS, Element, Node, serialise, spoken

MAX_ATOMIC = 2_500
"""Characters, spoken or written down, of an element that is not cut."""

_WHITE = re.compile(r"[ \t\r\n]+")
_EXCERPT = 40


@dataclass(slots=True, eq=False)
class Open:
    """An element that stands open around a leaf; each is another, if it equals one or not."""

    element: Element
    language: str
    markup: int
    """Characters of its tags and those around it."""
    paragraph: "Open | None"
    """The outermost block here."""
    block: "Open | None"
    """The innermost one."""


Path = tuple[Open, ...]
"""Outermost first."""


@dataclass(slots=True)
class Leaf:
    """Text, an atomic element, a break or a mark."""

    path: Path
    node: Node
    text: str
    """What is spoken of it."""
    markup: int = 0
    """Characters of its own tags."""

    def part(self, start: int, stop: int) -> "Leaf":
        """Some of a text."""
        text = self.text[start:stop]
        return Leaf(self.path, text, text)

    @property
    def is_moment(self) -> bool:
        return isinstance(self.node, Element) and self.node.name in MOMENTS

    @property
    def is_mark(self) -> bool:
        return isinstance(self.node, Element) and self.node.name == "mark"


def leaves_of(nodes: Iterable[Node], language: str, path: Path = ()) -> Iterator[Leaf]:
    """The leaves in order, white space as one space each.

    ``language`` is that of the text where no ``xml:lang`` says otherwise. A block without anything to hear is a space.
    Raises Refused for an atomic element longer than ``MAX_ATOMIC``.
    """
    for node in nodes:
        if isinstance(node, str):
            if node:
                text = _WHITE.sub(" ", node)
                yield Leaf(path, text, text)
        elif node.name in MOMENTS:
            yield Leaf(path, node, "", len(serialise(node)))
        elif node.name in ATOMIC:
            yield _atom(node, path)
        elif node.name in BLOCKS and _is_blank(node):
            yield Leaf(path, " ", " ")  # it falls out, and what it set apart stays so
        else:
            opened = _opened(node, language, path)
            yield from leaves_of(node.children, opened.language, (*path, opened))


def _is_blank(node: Node) -> bool:
    if isinstance(node, str):
        return not node or node.isspace()
    return node.name not in ATOMIC | MOMENTS and all(map(_is_blank, node.children))


def _opened(element: Element, language: str, path: Path) -> Open:
    opened = Open(element, element.attributes.get("xml:lang", language), _tags(element), None, None)
    if path:
        around = path[-1]
        opened.markup += around.markup
        opened.paragraph, opened.block = around.paragraph, around.block
    if element.name in BLOCKS:
        opened.paragraph, opened.block = opened.paragraph or opened, opened
    return opened


def _tags(element: Element) -> int:
    """Characters of its two tags."""
    written = sum(len(f" {name}={quoteattr(value)}") for name, value in element.attributes.items())
    return len(f"<{element.name}></{element.name}>") + written


def _atom(node: Element, path: Path) -> Leaf:
    text, written = spoken(node), len(serialise(node))
    longest = max(len(text), written)
    if longest > MAX_ATOMIC:
        raise Refused(
            f"<{node.name}> has {longest} characters and cannot be cut: shorten it to {MAX_ATOMIC}."
            f' It begins "{text[:_EXCERPT]}"'
        )
    return Leaf(path, node, text, written - len(text) if written > len(text) else written)


def markup_of(leaves: Iterable[Leaf], path: Path = ()) -> int:
    """Characters of the tags of leaves, where the elements of ``path`` are open before them."""
    total = 0
    for leaf in leaves:
        total += leaf.markup
        if leaf.path is not path:
            around = None
            for new, old in zip(leaf.path, path, strict=False):
                if new is not old:
                    break
                around = new
            total += (leaf.path[-1].markup if leaf.path else 0) - (around.markup if around else 0)
            path = leaf.path
    return total


def rebuilt(leaves: Iterable[Leaf], depth: int = 0) -> Iterator[Node]:
    """The elements that leaves stand in, opened anew; ``depth`` of them are open already."""
    for parent, group in groupby(leaves, lambda leaf: leaf.path[depth] if len(leaf.path) > depth else None):
        if parent is None:
            yield from (leaf.node for leaf in group)
        else:
            yield Element(parent.element.name, parent.element.attributes, tuple(rebuilt(group, depth + 1)))
