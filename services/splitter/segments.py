"""Cuts SSML into segments that stand alone: at paragraphs, else sentences, else clauses, else spaces, else anywhere.

Where a cut falls inside an element, the element is closed and opened again, with its attributes, in the next segment.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from darkchannel.jobs.plan import Within
from darkchannel.speech.ssml import Node
from services.splitter import cuts
from services.splitter.leaves import Leaf, Open, Path, leaves_of, markup_of, rebuilt
from services.splitter.sizes import Size

MAX_MARKUP = 6_000
"""Characters of tags in a segment: it and its record stay small, however little of it is words."""


@dataclass(frozen=True, slots=True)
class Segment:
    nodes: tuple[Node, ...]
    continues: Within | None
    """What its words start with; ``None`` for a paragraph, or where it has none."""


@dataclass(slots=True)
class _Sentence:
    """A sentence, or a part of one that is too long, and what stands by it."""

    leaves: list[Leaf]
    starts: Within | None
    """What its words start; ``None`` for a paragraph."""
    paragraph: int = 0
    """Characters of the paragraph that it begins; 0 within one."""
    size: int = field(init=False)
    """Characters that are spoken."""
    markup: int = field(init=False)
    """Characters of its tags, where it stands alone."""
    has_words: bool = field(init=False)
    has_mark: bool = field(init=False)

    def __post_init__(self) -> None:
        text = "".join([leaf.text for leaf in self.leaves])
        self.size = len(text)
        self.markup = markup_of(self.leaves)
        self.has_words = any(map(str.isalnum, text))
        self.has_mark = any(leaf.is_mark for leaf in self.leaves)

    def fits(self, other: "_Sentence", size: Size) -> bool:
        """Whether a segment can hold both."""
        return self.size + other.size <= size.hard and self.markup + other.markup <= MAX_MARKUP

    def add(self, other: "_Sentence") -> None:
        """Have the other after it."""
        if not self.has_words:
            self.starts = other.starts
        self.leaves += other.leaves
        self.paragraph = self.paragraph or other.paragraph
        self.size += other.size
        self.markup += other.markup
        self.has_words |= other.has_words
        self.has_mark |= other.has_mark


def cut(nodes: Iterable[Node], language: str, size: Size) -> Iterator[Segment]:
    """Cut a chapter into segments of this size.

    ``language`` is that of the text where no ``xml:lang`` says otherwise. No segment has more characters to speak
    than ``size.hard``, but one that is a single element which may not be cut. Each has words, if there are any, but
    where what has none is too much for its neighbours.

    Raises Refused for an element that may not be cut and is longer than ``leaves.MAX_ATOMIC``.
    """
    for inside in _segments(_settled(_sentences(nodes, language, size), size), size):
        first = next((sentence for sentence in inside if sentence.has_words), None)
        leaves = (leaf for sentence in inside for leaf in sentence.leaves)
        yield Segment(tuple(rebuilt(leaves)), first.starts if first else None)


def _sentences(nodes: Iterable[Node], language: str, size: Size) -> Iterator[_Sentence]:
    """Each outermost block is a paragraph, and so is what stands between two; but sentences in a row begin only one."""
    leaves = leaves_of(nodes, language)
    is_apart = True
    for outermost, paragraph in groupby(leaves, lambda leaf: leaf.path[-1].paragraph if leaf.path else None):
        found: list[_Sentence] = []
        for block, inside in groupby(paragraph, lambda leaf: leaf.path[-1].block if leaf.path else None):
            found += _of_block(list(inside), block, language, size)
        first = next((sentence for sentence in found if sentence.has_words), None)
        if first:
            first.paragraph = sum(sentence.size for sentence in found)
            is_paragraph = outermost is not None and outermost.element.name == "p"
            if is_paragraph or is_apart:
                first.starts = None
            is_apart = is_paragraph
        yield from found


def _of_block(leaves: list[Leaf], block: Open | None, language: str, size: Size) -> Iterator[_Sentence]:
    if all(leaf.text.isspace() for leaf in leaves if leaf.text):
        moments = [leaf for leaf in leaves if not isinstance(leaf.node, str)]
        marked = next((number for number, leaf in enumerate(moments) if leaf.is_mark), len(moments))
        yield from _by_markup(moments[:marked])
        yield from _by_markup(moments[marked:])
        return
    is_sentence = block is not None and block.element.name == "s"
    if is_sentence and sum(len(leaf.text) for leaf in leaves) <= size.hard:
        yield from _by_markup(leaves)
        return
    parts = [
        cuts.Part(leaf.text, leaf.path[-1].language if leaf.path else language, is_whole=not isinstance(leaf.node, str))
        for leaf in leaves
    ]
    places = cuts.places(parts, block.language if block else language, size.hard, is_sentence=is_sentence)
    for sentence, starts in _at(leaves, places):
        yield from _by_markup(sentence, starts)


def _at(leaves: Iterable[Leaf], places: Mapping[int, Within]) -> list[tuple[list[Leaf], Within]]:
    """The leaves cut at these places of their text, and what each run of them starts.

    A break belongs to what it follows, a mark to what follows it.
    """
    ends = [*places]
    found: list[list[Leaf]] = [[]]
    starts: list[Within] = ["sentence"]
    offset = 0
    for leaf in leaves:
        if leaf.is_moment:
            belongs_before = not leaf.is_mark and not found[-1] and len(found) > 1
            found[-2 if belongs_before else -1].append(leaf)
            continue
        stop = offset + len(leaf.text)
        inside = ends[bisect_right(ends, offset) : bisect_left(ends, stop)]
        for start, end in pairwise((offset, *inside, stop)):
            found[-1].append(leaf if not inside else leaf.part(start - offset, end - offset))
            if end in places:
                found.append([])
                starts.append(places[end])
        offset = stop
    return [(sentence, start) for sentence, start in zip(found, starts, strict=True) if sentence]


def _by_markup(leaves: list[Leaf], starts: Within = "sentence") -> Iterator[_Sentence]:
    """Cut between leaves where their tags are too many for one segment, if possible not inside a word."""
    start = total = number = 0
    path: Path = ()
    while number < len(leaves):
        total += markup_of((leaves[number],), path)
        if total > MAX_MARKUP and number > start:
            between = (at for at in range(number, start, -1) if _is_between(leaves[at - 1], leaves[at]))
            at = next(between, number)
            yield _Sentence(leaves[start:at], starts)
            start, number, total, path, starts = at, at, 0, (), "clause"
        else:
            path = leaves[number].path
            number += 1
    if leaves:
        yield _Sentence(leaves[start:] if start else leaves, starts)


def _is_between(before: Leaf, after: Leaf) -> bool:
    """Whether no word runs from one into the other."""
    return not (before.text and after.text and before.text[-1].isalnum() and after.text[0].isalnum())


def _settled(found: Iterable[_Sentence], size: Size) -> Iterator[_Sentence]:
    """What has no words joined to the sentence before it, or after it if it has a mark, where that has room.

    No more than two sentences are held: a document may be one chapter.
    """
    settled: list[_Sentence] = []
    for sentence in found:
        last = settled[-1] if settled else None
        belongs = last and (not last.has_words or not (sentence.has_words or sentence.has_mark))
        if last and belongs and last.fits(sentence, size):
            last.add(sentence)
        else:
            _take_back(settled, size)
            settled.append(sentence)
            if len(settled) > 2:
                yield settled.pop(0)
    _take_back(settled, size)
    yield from settled


def _take_back(settled: list[_Sentence], size: Size) -> None:
    """Join what waits for words in vain to the sentence before it."""
    if len(settled) > 1 and not settled[-1].has_words and settled[-2].fits(settled[-1], size):
        settled[-2].add(settled.pop())


def _segments(settled: Iterable[_Sentence], size: Size) -> Iterator[list[_Sentence]]:
    segment: list[_Sentence] = []
    spoken_size = markup = 0
    for sentence in settled:
        more = markup_of(sentence.leaves, segment[-1].leaves[-1].path if segment else ())
        if segment and (
            spoken_size + max(sentence.size, sentence.paragraph) > size.target or markup + more > MAX_MARKUP
        ):
            yield segment
            segment, spoken_size, markup, more = [], 0, 0, sentence.markup
        segment.append(sentence)
        spoken_size += sentence.size
        markup += more
    if segment:
        yield segment
