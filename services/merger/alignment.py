"""Alignment: when the words of a text as it is written are heard, from the words that an engine says it spoke.

A patience diff: words that stand once on either side, and what is equal beside them, hold the two together.
https://bramcohen.livejournal.com/73318.html
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from unicodedata import normalize

MAX_DEPTH = 8
"""Times that a stretch between two pairs is searched for more of them: the work stays linear."""

A_FIGURE = 3
"""Letters that a figure is spoken with, beyond that for itself."""

_SILENT = re.compile(r"(?:[^\w$¢£¥\u20A0-\u20CF%‰&@#§°©+<=>±×÷√∞≈≠≤≥]|_)+")
"""What is not read aloud: punctuation, the accents of a text that is decomposed, and signs but for those of which
espeak-ng tells words, alone or beside a figure. By category they are all currencies, and few of mathematics."""

Span = tuple[int, int]


def aligned(text: str, words: Sequence[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Every word of the text, split at white space, with the sample at which it starts; none where ``words`` is empty.

    ``words`` were spoken: numbers are written out, each with its start. Where one written word stands for several
    spoken ones it starts with the first; what nothing matches is shared out by its letters and figures. No start is
    before the last.
    """
    if not words:
        return ()
    written = text.split()
    if len(written) == len(words) and all(
        token == word or is_same(token, word) for token, (_, word) in zip(written, words, strict=True)
    ):
        starts = [start for start, _ in words]
    else:
        starts = _starts(written, words)
    return tuple(zip(accumulate(starts, max), written, strict=True))


def estimated(text: str, start: float, end: float) -> tuple[tuple[float, str], ...]:
    """Every word of the text with the time at which it starts if each letter takes as long as any other."""
    tokens = text.split()
    before = list(accumulate((len(token) + 1 for token in tokens), initial=0))
    a_letter = (end - start) / max(before[-1], 1)
    return tuple((start + a_letter * letters, token) for letters, token in zip(before, tokens, strict=False))


def is_read(text: str) -> bool:
    """Whether anything of it is read as a word that engines tell: a letter, a figure or a sign, such as "&".

    Not so "***", or an emoji: espeak-ng reads many, and tells nothing of them.
    """
    return any(map(_key, text.split()))


def is_same(written: str, spoken: str) -> bool:
    """Whether these words are one, whatever their case, accents and punctuation."""
    return _key(written) == _key(spoken)


@lru_cache(maxsize=8_192)
def _key(word: str) -> str:
    """What a word is known by: letters, figures and signs that are read, without case or accents."""
    return _SILENT.sub("", normalize("NFKD", word.replace("™", "")).casefold())  # else it becomes two letters


def _starts(written: Sequence[str], words: Sequence[tuple[int, str]]) -> list[int]:
    tokens = [(at, key) for at, key in enumerate(map(_key, written)) if key]
    spoken = [(start, key) for start, key in ((start, _key(word)) for start, word in words) if key]
    if not tokens or not spoken:
        return [words[0][0]] * len(written)
    ours, theirs = [key for _, key in tokens], [key for _, key in spoken]
    heard: list[int | None] = [None] * len(written)
    pairs = [(-1, -1), *sorted(_pairs(ours, theirs, (0, len(ours)), (0, len(theirs)))), (len(ours), len(theirs))]
    for (token, word), (next_token, next_word) in pairwise(pairs):
        if token >= 0:
            heard[tokens[token][0]] = spoken[word][0]
        shared = _shared(ours[token + 1 : next_token], theirs[word + 1 : next_word])
        for at, place in enumerate(shared, token + 1):
            heard[tokens[at][0]] = spoken[min(word + 1 + place, len(spoken) - 1)][0]
    return _filled(heard, last=spoken[-1][0])


def _filled(heard: Sequence[int | None], last: int) -> list[int]:
    """A word that is not read, such as a dash, starts with the next that is."""
    starts: list[int] = []
    for start in reversed(heard):
        last = last if start is None else start
        starts.append(last)
    return starts[::-1]


def _shared(ours: Sequence[str], theirs: Sequence[str]) -> list[int]:
    """With which of their words each of ours starts: in turn where they are as many, else by their sizes."""
    if not ours or not theirs:
        return [0] * len(ours)
    if len(ours) == len(theirs):
        return list(range(len(ours)))
    before = list(accumulate(map(len, theirs[:-1]), initial=0))
    sizes = [len(word) + A_FIGURE * sum(map(str.isdigit, word)) for word in ours]
    scale = sum(map(len, theirs)) / sum(sizes)
    return [_nearest(before, scale * size) for size in accumulate(sizes[:-1], initial=0)]


def _nearest(places: Sequence[int], wanted: float) -> int:
    after = bisect_left(places, wanted)
    if after == len(places) or (after and wanted - places[after - 1] <= places[after] - wanted):
        return after - 1
    return after


def _pairs(ours: Sequence[str], theirs: Sequence[str], mine: Span, yours: Span, depth: int = 0) -> Iterator[Span]:
    """Places of equal words in these stretches, in no order; no two of them cross."""
    (start, end), (first, stop) = mine, yours
    while start < end and first < stop and ours[start] == theirs[first]:
        yield start, first
        start, first = start + 1, first + 1
    while start < end and first < stop and ours[end - 1] == theirs[stop - 1]:
        end, stop = end - 1, stop - 1
        yield end, stop
    if depth == MAX_DEPTH or start == end or first == stop:
        return
    anchors = _rising(_unique(ours, theirs, (start, end), (first, stop)))
    if anchors:
        yield from anchors
        for (one, other), (next_one, next_other) in pairwise([(start - 1, first - 1), *anchors, (end, stop)]):
            yield from _pairs(ours, theirs, (one + 1, next_one), (other + 1, next_other), depth + 1)


def _unique(ours: Sequence[str], theirs: Sequence[str], mine: Span, yours: Span) -> list[Span]:
    """Places of the words that stand once in either stretch, by their place in ours."""
    counts, others = Counter(ours[slice(*mine)]), Counter(theirs[slice(*yours)])
    places = {theirs[at]: at for at in range(*yours)}
    return [(at, places[ours[at]]) for at in range(*mine) if counts[ours[at]] == 1 == others[ours[at]]]


def _rising(pairs: Sequence[Span]) -> list[Span]:
    """As many of the pairs as can be kept without two that cross.

    https://en.wikipedia.org/wiki/Longest_increasing_subsequence
    """
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(tails, place)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [place]
        ends[length : length + 1] = [number]
    found: list[Span] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]
