"""Words broken at the end of a line: made whole, and the hyphen kept where it belongs to the word.

A compound keeps its hyphen (``guarda-chuva``, ``disse-lhe``), a syllable does not (``cons-trução``). Which of the two
it is says the rest of the document first, then the tables below; a word of which nothing is known is made whole.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

Known = Mapping[str, int]
"""How often a document has a word in lower case; only those that a broken line asks for."""

NOTHING_KNOWN: Known = {}

_WORD = re.compile(r"[^\W\d_]++(?:[-‐][^\W\d_]++)*+")
_START = re.compile(r"[-‐]?([^\W\d_]++)([-‐](?=[^\W\d_]))?")
_HYPHENS = "-‐"

_CLITICS = frozenset({"me", "te", "se", "lhe", "lhes", "nos", "vos", "lo", "la", "los", "las", "no", "na", "nas"})
_LETTERS = frozenset({"o", "a", "os", "as"})
"""Pronouns too short to be the end of a word that a typesetter breaks."""
_VERB_ENDINGS = (
    *("ou", "eu", "iu", "ia", "ava", "aram", "eram", "iram", "ando", "endo", "indo", "sse", "mos"),
    *("am", "em", "ão", "iam", "avam", "á", "é", "ê", "í", "ô"),
)
_SHORTENED = ("á", "é", "ê", "í", "ô")
"""Ends of a verb before ``-lo``: ``fazê-lo``, ``pô-la``."""
_SHORT_VERBS = frozenset({"dei", "deu", "diz", "fez", "fiz", "foi", "leu", "pôs", "pus", "quis", "viu"})
_FIRST_PART_NAMES = """
    além aquém arco arranha afro anglo beija bem couve ex franco guarda half luso meio porta pós pré primeiro quarta
    quebra quinta recém saca salva segunda self sem sexta terça vice well
"""
_FIRST_PARTS = frozenset(_FIRST_PART_NAMES.split())
_MIN_SECOND_PART = 4
_MIN_VERB = 4


def join(lines: Sequence[str], known: Known) -> str:
    """The lines as one, with a space in between but where a word goes on."""
    if not lines:
        return ""
    pieces = [lines[0]]
    for before, line in pairwise(lines):
        if not _is_broken(before, line):
            pieces += (" ", line)
            continue
        start = line.lstrip()
        first, _, keep = _forms(before, start)
        pieces[-1] = pieces[-1].rstrip().rstrip(_HYPHENS)
        pieces += ("-" if keep or _is_compound(first, start, known) else "", start.lstrip(_HYPHENS))
    return "".join(pieces)


def known(paragraphs: Iterable[Sequence[str]]) -> Known:
    """What the lines of a document's paragraphs say of the words that are broken in them."""
    held = [lines for lines in paragraphs if lines]
    counts: dict[str, int] = {}
    for lines in held:
        for before, line in pairwise(lines):
            if _is_broken(before, line):
                first, second, _ = _forms(before, line.lstrip())
                counts |= dict.fromkeys((first, first + second, f"{first}-{second}"), 0)
    if not counts:
        return NOTHING_KNOWN
    for lines in held:
        for number, line in enumerate(lines):
            for found in _WORD.finditer(line):
                # The first half of a broken word is not that word.
                word = found[0].lower().replace("‐", "-")
                if word in counts and not (found.end() >= len(line.rstrip()) - 1 and _ends_broken(lines, number)):
                    counts[word] += 1
    return counts


def _ends_broken(lines: Sequence[str], number: int) -> bool:
    return number + 1 < len(lines) and _is_broken(lines[number], lines[number + 1])


def _is_broken(before: str, line: str) -> bool:
    before, line = before.rstrip(), line.lstrip()
    return len(before) > 1 and before[-1] in _HYPHENS and before[-2].isalpha() and bool(_START.match(line))


def _forms(before: str, line: str) -> tuple[str, str, bool]:
    """The two halves in lower case, and whether the writing alone says that the hyphen is the word's own."""
    first = _last_word(before.rstrip()[:-1])
    found = _START.match(line)
    assert found
    second = found[1]
    capital = second[0].isupper() and not (first.isupper() and (second.isupper() or len(second) == 1))
    keep = line[0] in _HYPHENS or bool(found[2]) or "-" in first or "‐" in first or capital
    return first.lower().replace("‐", "-"), second.lower(), keep


def _last_word(line: str) -> str:
    start = len(line)
    while start and (line[start - 1].isalpha() or line[start - 1] in _HYPHENS):
        start -= 1
    return line[start:].lstrip(_HYPHENS)


def _is_compound(first: str, line: str, known: Known) -> bool:
    found = _START.match(line)
    assert found
    second = found[1].lower()
    whole, hyphenated = known.get(first + second, 0), known.get(f"{first}-{second}", 0)
    if whole or hyphenated:
        return hyphenated >= whole
    if second in _LETTERS:
        return True
    if second in _CLITICS:
        if second in {"lo", "la", "los", "las"}:
            return first.endswith(_SHORTENED)
        return _is_verb(first, second, known)
    return first in _FIRST_PARTS and len(second) >= _MIN_SECOND_PART


def _is_verb(first: str, clitic: str, known: Known) -> bool:
    """Whether the word before a pronoun is a word by itself: ``perguntou-lhe``, but ``fren-te``."""
    if first in _SHORT_VERBS or (first[-1] in "rzs" and clitic in {"lhe", "lhes"}):
        return True
    if len(first) < _MIN_VERB:
        return False
    return known.get(first, 0) > 0 or first.endswith(_VERB_ENDINGS) or (first[-1] == "r" and clitic == "se")
