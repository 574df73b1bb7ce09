"""Roman numbers, which only what stands around them tells from words: Chapter XII, Henry VIII, but I, MIX and CD."""

import re

from darkchannel.speech.normalisation.english.patterns import SPACE, TO
from darkchannel.speech.normalisation.english.words import NUMBERED, REGNAL, RULERS
from darkchannel.speech.normalisation.numbers import cardinal, ordinal, roman
from darkchannel.speech.normalisation.rules import Rule

_AROUND = 60
"""Characters looked at before and after."""
_OTHER_WORDS = frozenset({"C", "D", "L", "M", "CC", "CD", "CM", "CV", "DC", "DI", "MC", "MD", "MM", "MIX", "XL"})
_NO_NAMES = frozenset({("Malcolm", "X")})

_CAPITALS = re.compile(r"(?<![\w.'’-])[IVXLCDM]{1,15}(?![\w])(?!\.\w)(?!['’](?!s\b))")
_SMALL = re.compile(
    rf"(?<!\w)((?i:chapter|page|scene|act|canto|book|volume|part|section|verse)s?{SPACE})"
    rf"([ivxlc]{{2,15}}|[vx]|i(?!{SPACE}[a-z]))(?:{TO}([ivxlc]{{1,15}}))?(?![\w'’])"
)
_BEFORE = re.compile(
    rf"(?:([^\W\d_][\w’'-]*){SPACE})?([^\W\d_][\w’'-]*)(\.?){SPACE}"
    rf"(?:[IVXL]{{1,15}}(?:{SPACE}?[-–,&]{SPACE}?|{SPACE}(?:and|to|or|through){SPACE}))?\Z"
)
_GOES_ON = re.compile(rf"{SPACE}(?!(?:of|and|to|through|or|is|was)\b)[a-z]|-|–")
_WORD_AFTER = re.compile(rf"{SPACE}[A-Za-z0-9]")
_HEADING = re.compile(r"\s*[IVX]{2,15}\.?\s*")


def _number(found: re.Match[str]) -> str | None:
    letters = found[0]
    value = roman(letters)
    if value is None or letters in _OTHER_WORDS:
        return None
    before = _BEFORE.search(found.string[max(0, found.start() - _AROUND) : found.start()])
    after = found.string[found.end() : found.end() + _AROUND]
    is_place = None
    if before:
        is_place = _is_place(letters, before, after)
    elif _HEADING.fullmatch(found.string):
        is_place = False
    if is_place is None:
        return None
    if not is_place:
        return cardinal(str(value), "en")
    the = "" if before and before[2].lower() == "the" else "the "
    return the + ordinal(str(value), "en")


def _is_place(letters: str, before: re.Match[str], after: str) -> bool | None:
    """Whether it says which one in a row: True for Henry VIII, False for Chapter VIII, None for what is no number."""
    earlier, word, stop = before.groups()
    may_be_word = letters == "I" and (earlier, word) != ("World", "War") and _GOES_ON.match(after)
    counted = {word.capitalize(), word.capitalize().removesuffix("s")} & NUMBERED
    if counted:
        is_name = letters == "I" and (word[0].islower() or may_be_word)
        return None if is_name else False
    if stop or not set(letters) <= set("IVX") or (word, letters) in _NO_NAMES:
        return None
    if word[0].isupper() and (earlier in RULERS or (word in REGNAL and not may_be_word)):
        return True
    if len(letters) > 1 and word.lower() == "the":
        return True if _WORD_AFTER.match(after) else None
    return earlier in REGNAL if len(letters) > 1 and word[0].isupper() else None


def _small(found: re.Match[str]) -> str | None:
    values = [roman(letters.upper()) for letters in found.groups()[1:] if letters]
    if None in values:
        return None
    return found[1] + " to ".join(cardinal(str(value), "en") for value in values)


RULES: list[Rule] = [(_CAPITALS, _number), (_SMALL, _small)]
