"""How Portuguese text is read aloud, as Brazilians do."""

import re

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
from darkchannel.speech.normalisation.rules import Rule, applied

_SIGN = re.compile(r"[²³]|[^\w\s.,;:!?'’“”\"()—–…-]|_|---|- -|[aeiou]/|\d[-–]|[-–]\d")
_DIGIT = re.compile(r"[0-9¼½¾⅐-⅞↉]")
_STOP = re.compile(r"\w\.|[ºª°№]|S/A|[^\W\d]\s\d")
_ROMAN = re.compile(r"(?<!\w)[IVXLCDMivxlcdm]{1,15}(?!\w)")

_STAGES: tuple[tuple[re.Pattern[str], tuple[Rule, ...]], ...] = (
    (_STOP, addresses.RULES),  # before the signs, full stops and digits in them mean anything else
    (_SIGN, signs.DECORATION),  # that it stands between no word and its number
    (_STOP, abbreviations.RULES),  # before numbers: p. 12
    (_ROMAN, roman.RULES),
    (_DIGIT, plain.EQUATIONS),
    (_DIGIT, codes.RULES),  # from the longest and most particular shapes of digits
    (_DIGIT, calendar.RULES),
    (_DIGIT, fractions.RULES),
    (_DIGIT, plain.EARLY),
    (_DIGIT, money.RULES),
    (_DIGIT, units.RULES),
    (_DIGIT, plain.RULES),  # to the plainest, which leaves none
    (_STOP, abbreviations.LATE),
    (_SIGN, signs.RULES),
)
"""What must be in a text for rules to be tried, and these in their order."""


def normalise(text: str) -> str:
    """Write out what is not words already."""
    body = text.strip()
    start = text.index(body) if body else len(text)
    for sign, rules in _STAGES:
        if sign.search(body):
            body = applied(rules, body).strip()
    return text[:start] + body + text[start + len(text.strip()) :]
