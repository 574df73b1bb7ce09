"""Where a block's text may be cut: at sentences, and one that is too long at clauses, else spaces, else anywhere."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from unicodedata import category

from darkchannel.jobs.plan import Within
from darkchannel.speech import sentences

_MASK = "x"
_JOINER = "\u200d"
_WITHIN = frozenset(map(chr, (*range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080)))) | {_JOINER}
"""Colours of skin and the tags of flags: parts of the emoji before them, as combining marks are of their letter."""
_FLAGS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
"""Two of these are one flag."""
_FLAGS_LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a block's text."""

    text: str
    language: str
    is_whole: bool = False
    """Whether it may not be cut."""


def places(parts: Sequence[Part], language: str, most: int, *, is_sentence: bool) -> dict[int, Within]:
    """Where to cut the text of the parts, and what starts there.

    Places are characters from its start, in order, neither 0 nor all of them.

    Between two of them are no more than ``most`` characters but those of a single part that may not be cut.
    ``language`` is that of the block, which a part may leave; ``is_sentence`` says that the block is one.
    """
    block = _Block(parts)
    ends = () if is_sentence else _sentence_ends(parts, language)
    return dict(_refined(block, sorted(filter(block.may_end_at, ends)), most))


def _sentence_ends(parts: Sequence[Part], language: str) -> set[int]:
    """By the rules of the block's language; within what is in another, by those of that one."""
    ends: set[int] = set()
    foreign: list[tuple[int, int]] = []
    start = 0
    for other, run in groupby(parts, lambda part: part.language):
        inside = "".join(part.text for part in run)
        if other != language and inside:
            ends |= {start + end for end in _ends(inside, other)}
            foreign.append((start, start + len(inside)))
        start += len(inside)
    spans = _Spans(foreign)
    return ends | {
        end for end in _ends("".join(part.text for part in parts), language) if spans.stop_around(end) is None
    }


def _ends(text: str, language: str) -> set[int]:
    return {*accumulate(map(len, sentences.split(text, language)))} - {len(text)}


class _Spans:
    """Stretches of a text, in order, none over another."""

    def __init__(self, bounds: Sequence[tuple[int, int]]) -> None:
        self._starts = [start for start, _ in bounds]
        self._stops = [stop for _, stop in bounds]

    def stop_around(self, at: int) -> int | None:
        """Where the stretch stops that this place is inside of."""
        number = bisect_left(self._starts, at) - 1
        return self._stops[number] if number >= 0 and at < self._stops[number] else None


class _Block:
    """A text, and where in it no cut may fall."""

    def __init__(self, parts: Sequence[Part]) -> None:
        bounds = pairwise(accumulate((len(part.text) for part in parts), initial=0))
        self._whole = _Spans([bound for part, bound in zip(parts, bounds, strict=True) if part.is_whole and part.text])
        # With letters for what may not be cut, so that it has no space or comma inside.
        self._text = "".join(_MASK * len(part.text) if part.is_whole else part.text for part in parts)

    def __len__(self) -> int:
        return len(self._text)

    def may_end_at(self, at: int) -> bool:
        return not _is_in_word(self._text, at)

    def place(self, start: int, most: int) -> int:
        """The best place to cut after ``start`` and not after ``most`` characters more."""
        limit = start + most
        # Not right at the start, if it can be helped: "Sim, " alone is no way to say it.
        space = sentences.break_point(self._text, start + most // 3, limit)
        space = space or sentences.break_point(self._text, start, limit)
        for best, is_wrong in ((space, _is_in_grapheme), (limit, _is_no_start), (limit, _is_in_grapheme)):
            at = best or start
            while at > start and (is_wrong(self._text, at) or self._whole.stop_around(at) is not None):
                at -= 1
            if at > start:
                return at
        return self._whole.stop_around(start + 1) or limit


def _refined(block: _Block, ends: Sequence[int], most: int) -> Iterator[tuple[int, Within]]:
    """The ends with more of them where they are too far apart."""
    for start, end in pairwise((0, *ends, len(block))):
        if start:
            yield start, "sentence"
        while end - start > most and (start := block.place(start, most)) < end:
            yield start, "clause"


def _is_in_word(text: str, at: int) -> bool:
    return _is_in_grapheme(text, at) or (text[at].isalnum() and _is_letter(text[at - 1]))


def _is_no_start(text: str, at: int) -> bool:
    """Whether no word starts here."""
    return not text[at].isalnum() or _is_letter(text[at - 1])


def _is_letter(character: str) -> bool:
    return character.isalnum() or category(character).startswith("M")


def _is_in_grapheme(text: str, at: int) -> bool:
    """Whether what is seen as one character runs on here, as far as text has it: https://unicode.org/reports/tr29/"""
    before, after = text[at - 1], text[at]
    if after in _FLAGS and before in _FLAGS:
        flags = text[max(0, at - _FLAGS_LOOKED_AT) : at]
        return (len(flags) - len(flags.rstrip(_FLAGS))) % 2 == 1
    return before == _JOINER or after in _WITHIN or category(after).startswith("M")
