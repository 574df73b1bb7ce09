"""Fractions: 1/2, ¾, 3 1/2."""

import re
import unicodedata

from darkchannel.speech.normalisation.english import numerals
from darkchannel.speech.normalisation.english.numerals import NUMBER, SPACE
from darkchannel.speech.normalisation.numbers import cardinal, ordinal
from darkchannel.speech.normalisation.rules import Rules

SIGNS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
AMOUNT = rf"(?:(?>\d{{1,6}}{SPACE})?(?>\d{{1,4}})[/⁄](?>\d{{1,4}})(?![/\d])|(?>\d{{0,6}}){SPACE}?[{SIGNS}]|{NUMBER})"
"""A number or a fraction, or one with the other."""

_PARTS = frozenset({16, 32, 64, 100})
"""What ten or more parts are counted of; else two numbers stand beside each other: 50/60 Hz."""
_NO_FRACTIONS = {"24/7": "twenty-four seven", "9/11": "nine eleven"}
_FRACTION = re.compile(
    rf"(?<![\d.,/⁄-])(?:(?:(?>\d{{1,6}}){SPACE})?(?>\d{{1,6}})[/⁄](?>0{{0,5}}[1-9]\d{{0,5}})(?![/\d])"
    rf"|(?:(?>\d{{1,6}}){SPACE}?)?[{SIGNS}])"
)


def fraction(above: str, below: str, whole: str = "") -> str:
    """Three quarters; three and a half."""
    if int(below) == 1:
        parts = f"{cardinal(above, 'en')} over one"
    elif int(below) == 2:
        parts = f"{cardinal(above, 'en')} {'half' if int(above) == 1 else 'halves'}"
    else:
        part = "quarter" if int(below) == 4 else ordinal(below, "en")
        parts = f"{cardinal(above, 'en')} {part}{'s' * (int(above) != 1)}"
    if not whole:
        return parts
    return f"{cardinal(whole, 'en')} and {re.sub('^one ', 'a ', parts)}"


def read(text: str) -> str:
    """The words for what AMOUNT matches."""
    plain = "".join(f" {unicodedata.normalize('NFKC', sign)}" if sign in SIGNS else sign for sign in text)
    whole, _, parts = " ".join(plain.replace("⁄", "/").split()).rpartition(" ")
    above, slash, below = parts.partition("/")
    if not slash or not int(below):
        return " ".join(map(numerals.read, re.findall(NUMBER, text)))
    if len(above) > 1 and not whole and int(below) not in _PARTS:
        return f"{numerals.read(above)}{' slash' * (above != below)} {numerals.read(below)}"
    return fraction(above, below, whole)


def is_part(amount: str) -> bool:
    """Whether it is a fraction of one."""
    return not re.match(rf"\d+{SPACE}?[\d{SIGNS}]", amount) and any(sign in amount for sign in "/⁄" + SIGNS)


def _fraction(found: re.Match[str]) -> str:
    return _NO_FRACTIONS.get(found[0]) or read(found[0])


RULES: Rules = ((_FRACTION, _fraction),)
