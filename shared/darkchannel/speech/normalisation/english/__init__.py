"""How English text is read aloud: one table of what is written and how it is said, applied row by row."""

from functools import lru_cache

from darkchannel.speech.normalisation.english import (
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

_DIGITS = "0123456789" + fractions.SIGNS


def normalise(text: str, *, day_first: bool = False) -> str:
    """Write out what is not words already; with ``day_first``, 7/4/1776 is a day of April."""
    held = frozenset(text)
    return applied((rule for needed, rules in _table(day_first) if held & needed for rule in rules), text)


@lru_cache(maxsize=2)
def _table(day_first: bool) -> tuple[tuple[frozenset[str], Rules], ...]:
    """Rules, each with characters of which a text must hold one.

    The order is that of how much they take in: addresses and telephones hold dates, dates hold ranges, all hold
    numbers. What its neighbours tell, such as an abbreviation before a number, comes before the number is words.
    """
    rows: list[tuple[str, Rules]] = [
        (".@", addresses.RULES),
        ("*_~#•▪◦‣=|-™®^+<>→←↑↓⇒{}\\`", signs.DECORATION),
        ("=", plain.EQUATIONS),
        (".", abbreviations.LATIN),
        ("/", abbreviations.SLASHED),
        (_DIGITS, codes.RULES),
        (_DIGITS, calendar.dates(day_first=day_first)),
        (_DIGITS, money.RULES),
        ("%‰", units.PERCENTAGES),
        (_DIGITS, calendar.YEARS),
        (_DIGITS, plain.BY),
        (_DIGITS, units.RULES),
        ("/", units.PER),
        (".#№¶§ºn", abbreviations.BEFORE_NUMBERS),
        ("SDMPRFHGCLA", abbreviations.BEFORE_NAMES),
        (".v", abbreviations.RULES),
        ("IVXLCDMivxlc", roman.RULES),
        (_DIGITS, plain.PLACES),
        (_DIGITS, fractions.RULES),
        ("/⁄<>", signs.BETWEEN_NUMBERS),
        (_DIGITS, calendar.YEAR),
        (_DIGITS, plain.RULES),
        ("#/" + "".join(signs.SIGNS), signs.RULES),
    ]
    return tuple((frozenset(needed), rules) for needed, rules in rows)
