"""Where sentences and clauses end.

sentencex finds most ends; what it glues is cut and what it cuts is merged by the words beside the stop.
"""

import re
from collections.abc import Iterator
from itertools import accumulate

from sentencex import segment  # type: ignore[import-untyped]  # published without type information

from darkchannel.speech.sentences import abbreviations
from darkchannel.speech.sentences.abbreviations import Words
from darkchannel.speech.sentences.stops import NEAR, ends_sentence, is_marker, stop_at

WINDOW = 4_000
"""Characters looked at together: sentencex takes the square of them where brackets never close."""

MERGED = 800
"""Characters up to which a sentence may go on: a text without capitals is no single sentence."""

_GAP = re.compile(r"[.!?…](?:[\"'”’»)\]]|\s[»”]){0,8}\s+")
_LINE = re.compile(r"\n\s*\n\s*|\n(?=[ \t]{0,8}(?:[-—–•*+]|\d{1,3}[.)]|[^\W\d_][.)])\s)")
_UNSPACED = re.compile(r"(?<![^\s—–“\"(])[^\W\d_]{2,}[.!?…]+\Z")
_LETTER = re.compile(r"\W*([^\W\d_])")
_CLAUSE = re.compile(r"[,;:.!?…)\]”»\"—–]\s+")
_SPACE = re.compile(r"\S\s+")
_WHITE = re.compile(r"\s*")


def split(text: str, language: str) -> list[str]:
    """Cut a text into sentences, which joined are the text again.

    A sentence is what a narrator gives one falling cadence: speech and the words that tell who spoke are one ("— Quem
    é? — perguntou ela."), and the number of an item belongs to it. Blank lines end a sentence too, and lines before
    such as start like an item or like speech.
    """
    primary = language.partition("-")[0].lower()
    words = abbreviations.OF.get(primary)
    lines = {found.end() for found in _LINE.finditer(text)}
    ends = lines.union(_segmented(text, primary))
    if words:
        ends.update(found.end() for found in _GAP.finditer(text))
    sentences: list[str] = []
    start = 0
    for end in sorted(ends):
        if end < len(text) and _ends(text, start, end, words, is_line=end in lines):
            sentences += _bounded(text[start:end])
            start = end
    return [*sentences, *_bounded(text[start:])]


def break_point(text: str, start: int, end: int) -> int | None:
    """The best place to cut ``text`` after ``start`` and not after ``end``: a clause's end, else a space."""
    for pattern in (_CLAUSE, _SPACE):
        ends = [found.end() for found in pattern.finditer(text, start, end)]
        if ends:
            return ends[-1]
    return None


def _segmented(text: str, primary: str) -> Iterator[int]:
    """Where sentencex ends sentences."""
    start = 0
    while start < len(text):
        window = text[start : start + WINDOW]
        ends = list(accumulate(map(len, segment(primary, window))))
        yield from (start + end for end in ends[:-1])
        # The last may go on in the next window, which is to bring enough that is new.
        begun = ends[-2] if len(ends) > 1 else 0
        start += begun if begun > WINDOW // 2 and len(window) == WINDOW else len(window)


def _bounded(sentence: str) -> Iterator[str]:
    """A sentence; one that is longer than a window is cut as a clause is."""
    start = 0
    while len(sentence) - start > WINDOW:
        first = _end_of_space(sentence, start)
        end = break_point(sentence, first, first + WINDOW) or first + WINDOW
        end = _end_of_space(sentence, end)
        yield sentence[start:end]
        start = end
    if start < len(sentence):
        yield sentence[start:]


def _end_of_space(text: str, start: int) -> int:
    found = _WHITE.match(text, start)
    return found.end() if found else len(text)


def _ends(text: str, start: int, end: int, words: Words | None, *, is_line: bool) -> bool:
    before, after = text[max(start, end - NEAR) : end], text[end : end + NEAR]
    if not any(map(str.isalnum, before)) or not any(map(str.isalnum, after)) or after[0] in ".!?…":
        return False
    if is_line:
        return True
    if not before[-1].isspace() and words and not (_UNSPACED.search(before) and after[0].isupper()):
        return False
    if end - start > MERGED:
        return not is_marker(text, start, end)
    stop = stop_at(text, start, end)
    if words and stop:
        return ends_sentence(stop, words)
    following = _LETTER.match(after)
    return not (following and following[1].islower())
