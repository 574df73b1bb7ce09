"""Numbers as English writes them: 1,234.56."""

from typing import Final

from darkchannel.speech.normalisation.numbers import cardinal, decimal, spelled

SPACE = "[ \u00a0\u2009\u202f\n]"
TO = rf"(?:{SPACE}?[-–]{SPACE}?)"
"""Between the two ends of a range."""
START = r"(?<![\w.,/⁄-])"
"""Of a number that goes on from nothing before it."""
NUMBER = r"(?>\d{1,3}(?:,\d{3})++(?!\d)(?:\.\d++)?|\d++(?:\.\d++)?|(?<!\.)\.\d++)"

MAX_READ: Final = 15
"""Digits without separators of a number that is still read as one; a longer one is a code."""
_GROUP: Final = 3


def read(text: str) -> str:
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
        return sign + _in_groups(whole)
    return sign + cardinal(whole, "en")


def is_one(text: str) -> bool:
    return text in {"1", "-1", "−1", "1.0"}


def _in_groups(digits: str) -> str:
    """Digit by digit; long ones with a pause now and then, where the voice breathes."""
    if len(digits) <= MAX_READ:
        return spelled(digits, "en")
    groups = (digits[start : start + _GROUP] for start in range(0, len(digits), _GROUP))
    return ", ".join(spelled(group, "en") for group in groups)
