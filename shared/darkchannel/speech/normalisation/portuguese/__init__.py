"""How Portuguese text is read aloud, as Brazilians do."""

import re
from collections.abc import Callable

from darkchannel.speech.normalisation.portuguese import (
    abbreviations,
    addresses,
    calendar,
    codes,
    fractions,
    money,
    plain,
    roman,
    signs,
    units,
)
from darkchannel.speech.normalisation.rules import Rules, applied

_SIGN = re.compile(r"[²³]|[^\w\s.,;:!?'’“”\"()—–…-]|_|---|- -|[aeiou]/|\d[-–]|[-–]\d|[<>]").search
_DIGIT = re.compile(r"[0-9¼½¾⅐-⅞↉]").search
_COMPARED = re.compile("[<>]").search
_FRACTION = re.compile("[/⁄¼½¾⅐-⅞↉]").search
_MILREIS = re.compile(r"\d\$\d").search
_ADDRESS = re.compile(r"@|://|\w\.[^\W\d]", re.IGNORECASE).search
_NUMBERED = re.compile(r"[\dº°№]|[^\W\d]\.?\s[IVXLCivxl]|a\.[am]\.|[BbFf]\w\w?\.\s[A-Z]").search
_LEAST = re.compile(r"m[ai][nx]\.", re.IGNORECASE).search
_ROMAN = re.compile(r"(?<!\w)[IVXLCDMivxlcdm]{1,15}(?!\w)").search

_STAGES: tuple[tuple[Callable[[str], object], Rules], ...] = (
    (_ADDRESS, addresses.RULES),  # before the signs, full stops and digits in them mean anything else
    (_COMPARED, signs.COMPARISONS),
    (_SIGN, signs.DECORATION),  # that it stands between no word and its number
    (_NUMBERED, abbreviations.BEFORE_NUMBERS),  # before numbers: p. 12
    (abbreviations.stand_in, abbreviations.RULES),
    (_ROMAN, roman.RULES),
    (_MILREIS, money.OLD),
    (_DIGIT, plain.EQUATIONS),
    (_DIGIT, codes.RULES),  # from the longest and most particular shapes of digits
    (_DIGIT, calendar.RULES),
    (_FRACTION, fractions.RULES),
    (_DIGIT, plain.EARLY),
    (_DIGIT, money.RULES),
    (_DIGIT, units.RULES),
    (_DIGIT, plain.RULES),  # to the plainest, which leaves none
    (_LEAST, abbreviations.LATE),
    (_SIGN, signs.RULES),
)
"""What a text must hold for rules to be tried, and these in their order."""


def normalise(text: str) -> str:
    """Write out what is not words already."""
    body = text.strip()
    start = text.index(body) if body else len(text)
    for holds, rules in _STAGES:
        if holds(body):
            body = applied(rules, body).strip()
    return text[:start] + body + text[start + len(text.strip()) :]
