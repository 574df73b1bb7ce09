"""How English text is read aloud: one table of what is written and how it is said, applied row by row."""

from functools import lru_cache

from darkchannel.speech.normalisation.english import addresses, amounts, calendar, codes, names, roman
from darkchannel.speech.normalisation.english.patterns import DIGITS
from darkchannel.speech.normalisation.rules import Rule, applied


def normalise(text: str, *, day_first: bool = False) -> str:
    """Write out what is not words already; with ``day_first``, 7/4/1776 is a day of April."""
    held = frozenset(text)
    return applied((rule for needed, rules in _table(day_first) if held & needed for rule in rules), text)


@lru_cache(maxsize=2)
def _table(day_first: bool) -> tuple[tuple[frozenset[str], list[Rule]], ...]:
    """Rules, each with characters of which a text must hold one.

    The order is that of how much they take in: addresses and telephones hold dates, dates hold ranges, all hold
    numbers. What its neighbours tell, such as an abbreviation before a number, comes before the number is words.
    """
    rows: list[tuple[str, list[Rule]]] = [
        (".@", addresses.RULES),
        ("*_~#•▪◦‣=|-™®^+<>→←↑↓⇒{}\\`", codes.DECORATION),
        ("=", codes.EQUATIONS),
        (".", [names.LATIN]),
        ("/", [names.SLASHED]),
        (DIGITS, codes.TELEPHONES),
        (DIGITS, calendar.dates(day_first=day_first)),
        (DIGITS, amounts.MONEY),
        ("%‰", amounts.PERCENTAGES),
        (DIGITS, calendar.YEARS),
        (DIGITS, codes.BY),
        (DIGITS, amounts.QUANTITIES),
        ("/", amounts.PER),
        (".#№¶§ºn", names.BEFORE_NUMBERS),
        ("SDMPRFHGCLA", names.TITLES),
        (".v", names.ABBREVIATIONS),
        ("IVXLCDMivxlc", roman.RULES),
        (DIGITS, codes.PLACES),
        (DIGITS, [amounts.FRACTION]),
        ("/⁄<>", codes.BETWEEN_NUMBERS),
        (DIGITS, [calendar.YEAR]),
        (DIGITS, codes.NUMBERS),
        ("#/" + "".join(codes.SIGNS), codes.LEFT),
    ]
    return tuple((frozenset(needed), rules) for needed, rules in rows)
