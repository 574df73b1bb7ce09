"""Years, dates, times, money and fractions in English words."""

import re
from typing import Final

from darkchannel.speech.normalisation.english.words import CURRENCIES, MONTHS
from darkchannel.speech.normalisation.numbers import cardinal, decimal, ordinal, spelled

MAX_READ: Final = 15
"""Digits without separators of a number that is still read as one; a longer one is a code."""
_GROUP: Final = 3


def number(text: str) -> str:
    """Digits with a sign, commas between thousands and a decimal point, where there are any.

    Leading zeros and codes are read digit by digit.
    """
    sign = "minus " if text.startswith(("-", "−")) else ""
    whole, point, rest = text.lstrip("+-−").partition(".")
    is_grouped = "," in whole
    whole = whole.replace(",", "")
    if point:
        return sign + (decimal(whole, rest, "en") if whole else f"point {spelled(rest, 'en')}")
    if not is_grouped and len(whole) > 1 and (whole.startswith("0") or len(whole) > MAX_READ):
        return sign + in_groups(whole)
    return sign + cardinal(whole, "en")


def in_groups(digits: str) -> str:
    """Digit by digit; long ones with a pause now and then, where the voice breathes."""
    if len(digits) <= MAX_READ:
        return spelled(digits, "en")
    groups = (digits[start : start + _GROUP] for start in range(0, len(digits), _GROUP))
    return ", ".join(spelled(group, "en") for group in groups)


def is_one(text: str) -> bool:
    return text in {"1", "-1", "−1", "1.0"}


def year(digits: str) -> str:
    """As pairs: seventeen seventy-six, nineteen oh five, but two thousand one."""
    if len(digits) != 4 or digits.startswith(("0", "200")) or digits.endswith("000"):
        return cardinal(digits, "en")
    century, rest = digits[:2], digits[2:]
    if rest == "00":
        return f"{cardinal(century, 'en')} hundred"
    if rest.startswith("0"):
        return f"{cardinal(century, 'en')} oh {cardinal(rest, 'en')}"
    return f"{cardinal(century, 'en')} {cardinal(rest, 'en')}"


def two_digits(digits: str) -> str:
    """Of a year without its century."""
    return f"oh {cardinal(digits, 'en')}" if digits.startswith("0") else cardinal(digits, "en")


def date(day: int | None, month: int | None, year_digits: str, *, day_first: bool) -> str:
    """July fourth, seventeen seventy-six; or the fourth of July. Any part may be missing, as None or empty."""
    name = MONTHS[month - 1] if month else ""
    last = (year if len(year_digits) > 2 else two_digits)(year_digits) if year_digits else ""
    if not day:
        return " ".join(filter(None, (name, last)))
    place = ordinal(str(day), "en")
    if not name:
        place = f"the {place}"
    elif day_first:
        place = f"the {place} of {name}"
    else:
        place = f"{name} {place}"
    return f"{place}, {last}" if last else place


def is_date(day: int, month: int) -> bool:
    return 1 <= day <= 31 and 1 <= month <= 12


def clock(hours: str, minutes: str, seconds: str = "", half: str = "") -> str:
    """Ten fifteen, ten o'clock, fourteen hundred, three oh five p.m.; ``half`` is a or p."""
    hour = int(hours)
    words = cardinal(hours, "en") if len(hours) == 1 or hour or half else "zero"
    if minutes and int(minutes):
        words += f" {two_digits(minutes)}"
    elif not half and minutes:
        words = ("midnight" if not hour else f"{words} o'clock") if hour <= 12 else f"{words} hundred hours"
    if seconds and int(seconds):
        words += f" and {cardinal(seconds, 'en')} second{'s' * (int(seconds) != 1)}"
    return f"{words} {half.lower()}.m." if half else words


def money(amount: str, currency: str, magnitude: str = "", *, is_attribute: bool = False) -> str:
    """Three dollars and fifty cents; three point five million dollars; a five dollar note."""
    one, many, cent, cents = CURRENCIES[currency]
    sign = "minus " if amount.startswith(("-", "−")) else ""
    amount = amount.lstrip("-−")
    whole, _, rest = amount.replace(",", "").partition(".")
    if magnitude:
        return f"{sign}{number(amount)} {magnitude} {one if is_attribute else many}"
    if len(rest) != 2 or not cent:
        return f"{sign}{number(amount)} {one if is_attribute or is_one(amount) else many}"
    words = []
    if whole.strip("0") or not int(rest):
        words.append(f"{cardinal(whole or '0', 'en')} {one if whole.lstrip('0') == '1' or is_attribute else many}")
    if int(rest):
        words.append(f"{cardinal(rest, 'en')} {cent if rest == '01' else cents}")
    return sign + " and ".join(words)


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
