"""Numbers as Brazilians write them: 1.234,56 or 1 234,56."""

import re

from darkchannel.speech.normalisation.numbers import Gender, cardinal, decimal, spelled

NUMBER = r"(?:[1-9]\d{0,2}(?:[.\u00a0\u202f ]\d{3}(?!\d)){1,11}(?:,\d{1,12}(?!\d))?|\d{1,15}(?:[.,]\d{1,12}(?!\d))?)"
"""A pattern without groups; give it START before."""

START = r"(?<!\w)(?=\d)(?<!\d[.,])"
"""No digit, letter or decimal sign comes before."""

_SEPARATORS = str.maketrans("", "", ".\u00a0\u202f ")
_WITH_POINT = re.compile(r"(\d+)\.(\d+)")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[.\u00a0\u202f ]\d{3})+")


def read(written: str, gender: Gender = "m") -> str:
    """The words for what NUMBER matches; a point that parts no thousands is read: 2.0, dois ponto zero."""
    whole, comma, fraction = written.partition(",")
    if _THOUSANDS.fullmatch(whole):
        whole = whole.translate(_SEPARATORS)
    elif found := _WITH_POINT.fullmatch(whole):
        return f"{integer(found[1], gender)} ponto {integer(found[2])}"
    return decimal(whole, fraction, "pt", gender) if comma else integer(whole, gender)


def integer(digits: str, gender: Gender = "m") -> str:
    """Digits without separators; those that begin with a zero are a code, so digit by digit."""
    if len(digits) > 1 and digits.startswith("0"):
        return spelled(digits, "pt")
    return cardinal(digits, "pt", gender)


def is_one(written: str) -> bool:
    """Whether what is counted stands in the singular: below two, as grammars have it, but for zero."""
    whole, _, fraction = written.partition(",")
    return whole == "1" or (whole == "0" and bool(fraction.strip("0")))
