"""Wrapping: a sentence cut into subtitles of two short lines, at places where the sense allows.

Punctuation is the best place, then what stands before a conjunction or a preposition, then any space; lines and
subtitles of a sentence are about as long as one another:
https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from unicodedata import category, east_asian_width

MAX_COLUMNS = 42
"""Of a line; a letter that is drawn twice as wide, as in Chinese and Japanese, takes two."""

_PAIR = 2 * MAX_COLUMNS + 1
_USUAL = 76
"""Columns of each of several subtitles: the words leave some room at the end of a line."""

_PAUSES = frozenset("!?…;:,)]}”»、。！？，；：）」』》")
_DASHES = frozenset(("—", "–", "-"))
_LEADING = frozenset(
    "e ou mas nem que porque pois quando enquanto como se embora onde a ao aos à às de da do das dos em no na nos nas"
    " num numa por pelo pela pelos pelas para pra com sem sob sobre entre até desde contra após"
    " and or but that because when while if which who of in on at to for with from by into about between"
    " y pero porque cuando mientras del al en con por para sin hasta et mais où und oder".split()
)
"""Conjunctions and prepositions: they belong with what follows them."""
_ARTICLES = frozenset("o a os as um uma uns umas the an el la los las un una le les der die das".split())

_AFTER_PAUSE, _BEFORE_LEADING, _ANYWHERE, _APART = 0, 16, 24, 48
"""What a cut costs, in columns by which it could lie further from where lines are equally long."""

_JOINER = "\u200d"
_EXTENDERS = frozenset(map(chr, (*range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080))))
"""Colours of skin and the tags of flags: parts of the emoji before them."""
_FLAGS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
"""Two of these are one flag."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A sentence; its pieces are its words, and the letters of a word that is longer than a line."""

    pieces: tuple[str, ...]
    is_joined: tuple[bool, ...]
    """Whether a piece goes on with the word before it, without a space."""
    cues: tuple[tuple[range, ...], ...]
    """The pieces of each line of each subtitle."""

    def text(self, row: range) -> str:
        """A line as it is read."""
        spaced = (self.pieces[at] if self.is_joined[at] else f" {self.pieces[at]}" for at in row)
        return "".join(spaced).lstrip(" ")


def wrapped(text: str) -> Wrapped:
    """A sentence in subtitles of at most two lines of at most ``MAX_COLUMNS``; a blank one has none."""
    found = [piece for word in text.split() for piece in _pieces_of(word)]
    pieces, is_joined = tuple(piece for piece, _ in found), tuple(joined for _, joined in found)
    return Wrapped(pieces, is_joined, tuple(_Sentence(pieces, is_joined).cues(0, len(pieces))))


@lru_cache(maxsize=8_192)
def columns(text: str) -> int:
    """How wide a text is on a screen. https://www.unicode.org/reports/tr11/"""
    if text.isascii():
        return len(text)
    return sum(_columns_of(cluster) for cluster in clusters(text))


def clusters(text: str) -> Iterator[str]:
    """What a reader takes for single letters: an emoji with its parts, a letter with its accents.

    A simple form of https://www.unicode.org/reports/tr29/
    """
    start = 0
    for at in range(1, len(text)):
        if not _continues(text, start, at):
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def _continues(text: str, start: int, at: int) -> bool:
    """Whether the character at ``at`` belongs to the cluster that starts at ``start``."""
    character = text[at]
    if character < "\u0300":
        return False
    return (
        character == _JOINER
        or text[at - 1] == _JOINER
        or character in _EXTENDERS
        or category(character) in {"Mn", "Mc", "Me", "Cf"}
        or (at - start == 1 and character in _FLAGS and text[start] in _FLAGS)
    )


def _columns_of(cluster: str) -> int:
    return 2 if east_asian_width(cluster[0]) in "WF" or cluster[0] in _FLAGS else 1


def _pieces_of(word: str) -> Iterator[tuple[str, bool]]:
    if columns(word) <= MAX_COLUMNS:
        yield word, False
        return
    for number, cluster in enumerate(clusters(word)):
        yield cluster, number > 0


class _Sentence:
    """Where its pieces stand if it were one line."""

    def __init__(self, pieces: Sequence[str], is_joined: Sequence[bool]) -> None:
        self._pieces = pieces
        self._is_joined = is_joined
        widths = [columns(piece) for piece in pieces]
        gaps = [not joined for joined in is_joined]
        self._ends = list(accumulate(width + gap for width, gap in zip(widths, gaps, strict=True)))
        self._starts = [end - width for end, width in zip(self._ends, widths, strict=True)]

    def cues(self, start: int, stop: int) -> Iterator[tuple[range, ...]]:
        """The pieces from ``start`` to ``stop`` in subtitles."""
        if start == stop:
            return
        width = self._ends[stop - 1] - self._starts[start]
        if width <= MAX_COLUMNS:
            yield (range(start, stop),)
            return
        middle = self._two_lines(start, stop) if width <= _PAIR else None
        if middle:
            yield range(start, middle), range(middle, stop)
            return
        many = max(2, -(-width // _USUAL))
        wanted = self._starts[start] + width * (many // 2) / many
        first = bisect_right(self._starts, wanted - MAX_COLUMNS, start + 1, stop - 1)
        last = bisect_right(self._starts, wanted + MAX_COLUMNS, first + 1, stop)
        at = self._best(range(first, last), wanted)
        yield from self.cues(start, at)
        yield from self.cues(at, stop)

    def _two_lines(self, start: int, stop: int) -> int | None:
        """Where the second line starts; None where no cut leaves both short enough."""
        first = bisect_left(self._starts, self._ends[stop - 1] - MAX_COLUMNS, start + 1, stop)
        last = bisect_right(self._ends, self._starts[start] + MAX_COLUMNS, start, stop)
        middle = (self._starts[start] + self._ends[stop - 1]) / 2
        return self._best(range(first, last + 1), middle) if first <= last else None

    def _best(self, places: range, wanted: float) -> int:
        return min(places, key=lambda at: abs(self._starts[at] - wanted) + self._cost(at))

    def _cost(self, at: int) -> int:
        before, after = self._pieces[at - 1], self._pieces[at]
        if self._is_joined[at]:
            return _cost_in_word(before, after)
        return _cost_of(before, after)


def _cost_in_word(before: str, after: str) -> int:
    if after in _PAUSES:
        return 2 * _APART
    return _ANYWHERE if before.isalnum() else _AFTER_PAUSE


@lru_cache(maxsize=8_192)
def _cost_of(before: str, after: str) -> int:
    """What it costs to cut between two words."""
    if before[-1] in _PAUSES:
        return _AFTER_PAUSE
    if after in _DASHES:
        return _AFTER_PAUSE
    word = before.lower()
    if before in _DASHES or word in _LEADING or word in _ARTICLES or after[0].isdigit():
        return _APART
    return _BEFORE_LEADING if after.lower() in _LEADING else _ANYWHERE
