"""The words of a piece, from espeak-ng's word events.

Measured on espeak-ng 1.52: the position of an event is right, also after accents, entities, tags and signs beyond the
Basic Multilingual Plane; its length is not (0 before a curly quote, the first letters of what is written in one).
Several events come for figures and for a language without spaces, one for words in one breath («of the»).
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from html import unescape
from itertools import pairwise
from typing import Final
from unicodedata import category

LETTER_SECONDS: Final = 0.07
"""What a letter takes at most, where the start of a word is reckoned from that of the one before."""

_WORDS = re.compile(r"<[^>]*>|\[\[.*?\]\]|([^\s<\[—–…]+)")
"""Words are the group; tags and phonemes are none."""


def words(ssml: str, events: Iterable[tuple[int, int]], end: int, rate: int) -> Iterator[tuple[int, str]]:
    """The sample at which each word of a piece starts, and the word without the signs around it.

    ``events``: the character of the SSML, from 1, and the sample at which it is heard, in their order. ``end``: the
    sample before which the last word starts. A word without an event shares the time of the one before by its
    letters; one that is told in phonemes is left out.
    """
    found = ((match.start(), _bare(match[1])) for match in _WORDS.finditer(ssml) if match[1])
    written = [(start, word) for start, word in found if word]
    starts = [start for start, _ in written]
    told: dict[int, int] = {}
    for position, sample in events:
        index = bisect_right(starts, position - 1) - 1
        if index >= 0:
            told.setdefault(index, sample)
    for (index, sample), (following, until) in pairwise((*sorted(told.items()), (len(written), end))):
        yield from _shared([word for _, word in written[index:following]], sample, until, rate)


def _shared(words: list[str], sample: int, end: int, rate: int) -> Iterator[tuple[int, str]]:
    letters = sum(map(len, words))
    each = min((end - sample) / letters, LETTER_SECONDS * rate)
    before = 0
    for word in words:
        yield sample + round(before * each), word
        before += len(word)


def _bare(text: str) -> str:
    """Without the signs before and after it; empty where there is no letter and no figure."""
    text = unescape(text)
    first = next((at for at, character in enumerate(text) if character.isalnum()), len(text))
    last = next((at for at in range(len(text), first, -1) if category(text[at - 1])[0] in "LMN"), first)
    return text[first:last]
