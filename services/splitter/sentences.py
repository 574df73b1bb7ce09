"""Where sentences and clauses end."""

import re
from collections.abc import Iterator

from sentencex import segment  # type: ignore[import-untyped]  # published without type information

WINDOW = 4_000
"""Characters looked at together: sentencex takes the square of them where brackets never close."""

MERGED = 800
"""Characters up to which a sentence may go on: a text without capitals is no single sentence."""

_PORTUGUESE = """
    sr sra srs sras srta dr dra drs dras prof profa profs exmo exma ilmo ilma v.ex.ª v.sa v.s.ª av r trav tv al pça pq
    pág págs p pp cap caps art arts fl fls fig figs vol vols ed eds cf cfr ex etc n n.º n.os nº d dom fr pe st sto sta
    gen cel cap maj sgt ten alm eng arq adv dep sen gov min tel jr séc a.c d.c i.e p.ex obs
"""
_ENGLISH = "mr mrs ms dr prof st jr sr vs no vol fig pp cf i.e e.g capt gen col lt sgt rev hon"
_ABBREVIATIONS = {"pt": frozenset(_PORTUGUESE.split()), "en": frozenset(_ENGLISH.split())}
_LAST_WORD = re.compile(r"([^\W\d_][\wº°ª.]{0,7})\.[\s\"'”’»)]*\Z")
_INITIAL = re.compile(r"(?<!\w)[^\W\d_]\.\s*\Z")
_CONTINUES = re.compile(r"[\s\"'“”‘’«»(]*(?:[-—–]\s*)?(\w)")
_CLAUSE = re.compile(r"[,;:.!?…)\]”»\"—–]\s+")
_SPACE = re.compile(r"\S\s+")


def split(text: str, language: str) -> list[str]:
    """Cut a paragraph into sentences, which joined are the paragraph again.

    A sentence goes on where the next words start in lower case ("— Quem é? — perguntou ela.") or the last word is
    an abbreviation or an initial.
    """
    primary = language.partition("-")[0].lower()
    sentences: list[str] = []
    for piece in _pieces(text, primary):
        if sentences and _goes_on(sentences[-1], piece, primary):
            sentences[-1] += piece
        else:
            sentences.append(piece)
    return sentences


def break_point(text: str, start: int, end: int) -> int | None:
    """The best place to cut ``text`` after ``start`` and not after ``end``: a clause's end, else a space."""
    for pattern in (_CLAUSE, _SPACE):
        ends = [found.end() for found in pattern.finditer(text, start, end)]
        if ends:
            return ends[-1]
    return None


def _pieces(text: str, primary: str) -> Iterator[str]:
    """sentencex's sentences; one that fills a window is cut as a clause is."""
    start = 0
    while start < len(text):
        end = start + WINDOW
        pieces: list[str] = list(segment(primary, text[start:end]))
        if end < len(text) and len(pieces) > 1:
            pieces.pop()  # it may go on in the next window
        elif end < len(text):
            pieces = [text[start : break_point(text, start, end) or end]]
        yield from pieces
        start += sum(map(len, pieces))


def _goes_on(before: str, after: str, primary: str) -> bool:
    if len(before) + len(after) > MERGED:
        return False
    tail = before[-16:]
    found = _CONTINUES.match(after)
    if found and found[1].islower():
        return True
    word = _LAST_WORD.search(tail)
    return bool(_INITIAL.search(tail) or (word and word[1].lower() in _ABBREVIATIONS.get(primary, ())))
