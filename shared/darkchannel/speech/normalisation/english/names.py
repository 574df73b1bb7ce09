"""Abbreviations, some of which only what stands around them tells apart: St. Mary's, Mill St."""

import re

from darkchannel.speech.normalisation.english.patterns import SPACE, either
from darkchannel.speech.normalisation.english.words import (
    AFTER_NAMES,
    NUMBER_WORDS,
    PLAIN_ABBREVIATIONS,
    SIGNS_BEFORE_NUMBERS,
    TITLE_WORDS,
)
from darkchannel.speech.normalisation.rules import Rule

_AROUND = 60
"""Characters looked at before and after."""

_LATIN = re.compile(r"(?<![\w.])(e\.\s?g|i\.\s?e|a\.k\.a|n\.b)\.(?!\w)", re.IGNORECASE)
_LATIN_WORDS = {"eg": "for example", "ie": "that is", "aka": "also known as", "nb": "note well"}
_SLASHED = re.compile(r"(?<![\w/])(w/o|w/|c/o|n/a)(?![/])", re.IGNORECASE)
_SLASHED_WORDS = {"w/o": "without ", "w/": "with ", "c/o": "care of ", "n/a": "not applicable "}
_NUMBERED_BY = re.compile(rf"(?<![\w.])({either(NUMBER_WORDS)})\.{SPACE}?(?=\d|(?!I\b)[IVXLC]+\b)")
_NUMBER_SIGN = re.compile(rf"(?<![\w#])({either(SIGNS_BEFORE_NUMBERS)}){SPACE}?(?=\d)")
_SAINT = re.compile(rf"(?<![\w.])(Sts?)(?:\.|(?={SPACE}[A-Z]))")
_TITLES = TITLE_WORDS | {key.upper(): word.upper() for key, word in TITLE_WORDS.items()}
_TITLE = re.compile(
    rf"(?<![\w.])(?:({either(_TITLES)})\.(?={SPACE}{{0,3}}(?:[^\W\d_]|\Z))|(Mrs?|Ms|Dr|Prof)(?={SPACE}[A-Z]))"
)
_NAMED = re.compile(rf"(?<![\w.])({either(AFTER_NAMES)})\.(?!\w)")
_PLAIN = re.compile(rf"(?<![\w.])({either(PLAIN_ABBREVIATIONS)})\.(?!\w)|(?<![\w.'’-])vs(?![\w.])")
_NAME_BEFORE = re.compile(rf"([A-Z][\w’'-]*|\d+(?:st|nd|rd|th))[.,]?{SPACE}+\Z")
_STREET_BEFORE = re.compile(rf"(?:\d|\b(?:on|along|down|off|up|to|from|of|near|at)){SPACE}(?:[A-Z]\w*{SPACE})*\Z")
_SENTENCE_ENDS = re.compile(rf"[\"'”’)\]]*(?:{SPACE}*\Z|{SPACE}+[\"'“‘(\[]?[A-Z])")


def _latin(found: re.Match[str]) -> str:
    return _LATIN_WORDS[re.sub(r"\W", "", found[1].lower())]


def _slashed(found: re.Match[str]) -> str:
    after = found.string[found.end() : found.end() + 1]
    words = _SLASHED_WORDS[found[1].lower()]
    return words if after.isalnum() else words.rstrip()


def _numbered_by(found: re.Match[str]) -> str:
    word = NUMBER_WORDS[found[1]]
    return f"{word.capitalize() if found[1][0].isupper() else word} "


def _title(found: re.Match[str]) -> str:
    """``Dr.`` is a street's where a name stands before it and none after."""
    if found[0] == "Dr." and _is_street(found):
        return "Drive" + _stop(found)
    return _TITLES[found[1] or found[2]]


def _saint(found: re.Match[str]) -> str | None:
    if found[1] == "Sts":
        return "Saints"
    if found[0] == "St." and _is_street(found):
        return "Street" + _stop(found)
    return "Saint" if re.match(rf"{SPACE}?[A-Z]", _after(found)) else None


def _is_street(found: re.Match[str]) -> bool:
    before = _before(found)
    name = _NAME_BEFORE.search(before)
    if not name or name[1] in {"The", "In", "On", "At", "And", "But", "For", "From", "To", "By", "With", "When"}:
        return False
    return not re.match(rf"{SPACE}?[A-Z]", _after(found)) or bool(_STREET_BEFORE.search(before))


def _named(found: re.Match[str]) -> str | None:
    if not _NAME_BEFORE.search(_before(found)):
        return None
    return AFTER_NAMES[found[1]] + _stop(found)


def _plain(found: re.Match[str]) -> str:
    return PLAIN_ABBREVIATIONS[found[1] or "vs"] + (_stop(found) if found[1] and found[1] != "vs" else "")


def _stop(found: re.Match[str]) -> str:
    """The full stop where it also ends the sentence."""
    return "." if found[0].endswith(".") and _SENTENCE_ENDS.match(_after(found)) else ""


def _before(found: re.Match[str]) -> str:
    return found.string[max(0, found.start() - _AROUND) : found.start()]


def _after(found: re.Match[str]) -> str:
    return found.string[found.end() : found.end() + _AROUND]


def _number_sign(found: re.Match[str]) -> str:
    return f"{SIGNS_BEFORE_NUMBERS[found[1]]} "


LATIN: Rule = (_LATIN, _latin)
SLASHED: Rule = (_SLASHED, _slashed)
BEFORE_NUMBERS: list[Rule] = [(_NUMBERED_BY, _numbered_by), (_NUMBER_SIGN, _number_sign)]
TITLES: list[Rule] = [(_SAINT, _saint), (_TITLE, _title)]
ABBREVIATIONS: list[Rule] = [(_NAMED, _named), (_PLAIN, _plain)]
