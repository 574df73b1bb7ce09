"""Cuts SSML into pieces that stand alone: at paragraphs, else sentences, else clauses, else spaces, else anywhere.

Where a cut falls inside an element, the element is closed and opened again, with its attributes, in the next piece.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

from darkchannel.errors import Refused
from darkchannel.speech.ssml import ATOMIC, BLOCKS, MOMENTS, Element, Node, serialise, spoken
from services.splitter import sentences

TARGET = 1_800
"""Characters of a piece: whole paragraphs are gathered up to here. Each piece costs a round of events and requests."""
HARD = 2_500
"""Characters no piece exceeds; a sentence between the two stands alone."""

_WHITE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Leaf:
    """Text, an atomic element, a break or a mark, and the elements it stands in, outermost first."""

    path: tuple[Element, ...]
    node: Node

    @property
    def size(self) -> int:
        return len(self.node) if isinstance(self.node, str) else 1 if self.is_moment else len(serialise(self.node))

    @property
    def is_moment(self) -> bool:
        return isinstance(self.node, Element) and self.node.name in MOMENTS

    @property
    def is_break(self) -> bool:
        return isinstance(self.node, Element) and self.node.name == "break"

    @property
    def is_blank(self) -> bool:
        return isinstance(self.node, str) and self.node.isspace()

    @property
    def blocks(self) -> list[Element]:
        return [element for element in self.path if element.name in BLOCKS]


def cut(nodes: Iterable[Node], language: str) -> Iterator[tuple[Node, ...]]:
    """Cut a chapter. Raises Refused for an element that may not be cut and is larger than a piece."""
    for leaves in _pack(_paragraphs(nodes, language)):
        yield tuple(_rebuild(leaves, 0))


def _leaves(nodes: Iterable[Node], path: tuple[Element, ...] = ()) -> Iterator[_Leaf]:
    for node in nodes:
        if isinstance(node, str):
            if node:
                yield _Leaf(path, _WHITE.sub(" ", node))
        elif node.name in ATOMIC | MOMENTS:
            yield _Leaf(path, node)
        else:
            yield from _leaves(node.children, (*path, node))


def _paragraphs(nodes: Iterable[Node], language: str) -> Iterator[list[list[_Leaf]]]:
    """Each outermost block as its sentences; what stands between blocks as one of its own."""

    def outermost(leaf: _Leaf) -> int:
        return id(next(iter(leaf.blocks), None))

    def innermost(leaf: _Leaf) -> int:
        return id(next(reversed(leaf.blocks), None))

    for _, paragraph in groupby(_leaves(nodes), outermost):
        found: list[list[_Leaf]] = []
        for _, block in groupby(paragraph, innermost):
            leaves = list(block)
            if all(leaf.is_moment or leaf.is_blank for leaf in leaves):
                leaves = [leaf for leaf in leaves if leaf.is_moment]
            if leaves:
                found += _sentences(leaves, language)
        if found:
            yield found


def _sentences(leaves: list[_Leaf], language: str) -> list[list[_Leaf]]:
    blocks = leaves[0].blocks
    if blocks and blocks[-1].name == "s":
        return [leaves]
    text = "".join(spoken(leaf.node) for leaf in leaves)
    ends = list(accumulate(len(sentence) for sentence in sentences.split(text, language)))
    closing = frozenset(ends)
    found: list[list[_Leaf]] = [[]]
    offset = 0
    for leaf in leaves:
        if leaf.is_moment:
            # The pause after a sentence belongs to it, a mark to the sentence that follows.
            belongs_before = leaf.is_break and not found[-1] and len(found) > 1
            found[-2 if belongs_before else -1].append(leaf)
            continue
        for piece in _pieces(leaf, offset, ends):
            found[-1].append(piece)
            offset += len(spoken(piece.node))
            if offset in closing:
                found.append([])
    return [sentence for sentence in found if sentence]


def _pieces(leaf: _Leaf, offset: int, ends: list[int]) -> list[_Leaf]:
    """A text cut at the sentence ends inside it; ``offset`` is where it starts among them."""
    if not isinstance(leaf.node, str):
        return [leaf]
    text = leaf.node
    inside = ends[bisect_right(ends, offset) : bisect_left(ends, offset + len(text))]
    bounds = [0, *(end - offset for end in inside), len(text)]
    return [_Leaf(leaf.path, text[start:end]) for start, end in pairwise(bounds)]


def _pack(paragraphs: Iterable[list[list[_Leaf]]]) -> Iterator[list[_Leaf]]:
    segment: list[_Leaf] = []
    size = 0
    for paragraph in paragraphs:
        starts_anew = size + sum(map(_size, paragraph)) > TARGET
        for piece in (piece for sentence in paragraph for piece in _bounded(sentence)):
            limit = HARD if all(leaf.is_moment for leaf in piece) else TARGET
            if segment and (size + _size(piece) > limit or (starts_anew and limit == TARGET)):
                yield segment
                segment, size = [], 0
            starts_anew = starts_anew and limit == HARD
            segment += piece
            size += _size(piece)
    if segment:
        yield segment


def _size(leaves: Iterable[_Leaf]) -> int:
    return sum(leaf.size for leaf in leaves)


def _bounded(sentence: list[_Leaf]) -> Iterator[list[_Leaf]]:
    """A sentence, in pieces of at most ``HARD`` characters."""
    piece: list[_Leaf] = []
    size = 0
    for leaf in sentence:
        start = 0
        while leaf.size - start > HARD - size:
            end = _cut_point(leaf, start, HARD - size, is_whole=not piece)
            if end > start:
                piece.append(_part(leaf, start, end))
            yield piece
            piece, size, start = [], 0, end
        piece.append(_part(leaf, start, leaf.size))
        size += leaf.size - start
    if piece:
        yield piece


def _cut_point(leaf: _Leaf, start: int, room: int, *, is_whole: bool) -> int:
    """Where to cut a leaf that is larger than the room; ``start`` where it is better begun in the next piece."""
    if not isinstance(leaf.node, str):
        if is_whole:
            raise Refused(f"<{leaf.node.name}> has {leaf.size} characters and cannot be cut: shorten it to {HARD}")
        return start
    return sentences.break_point(leaf.node, start, start + room) or (start + room if is_whole else start)


def _part(leaf: _Leaf, start: int, end: int) -> _Leaf:
    return _Leaf(leaf.path, leaf.node[start:end]) if isinstance(leaf.node, str) else leaf


def _rebuild(leaves: Iterable[_Leaf], depth: int) -> Iterator[Node]:
    def parent(leaf: _Leaf) -> int | None:
        return id(leaf.path[depth]) if len(leaf.path) > depth else None

    for key, group in groupby(leaves, parent):
        inside = list(group)
        if key is None:
            yield from (leaf.node for leaf in inside)
        else:
            element = inside[0].path[depth]
            yield Element(element.name, element.attributes, tuple(_rebuild(inside, depth + 1)))
