"""What the patterns of English are made of."""

import re
from collections.abc import Iterable

SPACE = "[ \u00a0\u2009\u202f\n]"
TO = rf"(?:{SPACE}?[-–]{SPACE}?)"
"""Between the two ends of a range."""
START = r"(?<![\w.,/⁄-])"
"""Of a number that goes on from nothing before it."""
NUMBER = r"(?>\d{1,3}(?:,\d{3})++(?!\d)(?:\.\d++)?|\d++(?:\.\d++)?|(?<!\.)\.\d++)"
FRACTIONS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
AMOUNT = (
    rf"(?:(?>\d{{1,6}}{SPACE})?(?>\d{{1,4}})[/⁄](?>\d{{1,4}})(?![/\d])|(?>\d{{0,6}}){SPACE}?[{FRACTIONS}]|{NUMBER})"
)
"""A number or a fraction, or one with the other."""
DIGITS = "0123456789" + FRACTIONS


def either(keys: Iterable[str]) -> str:
    """Any of these, the longest that fits."""
    return "|".join(re.escape(key).replace(r"\ ", SPACE) for key in sorted(keys, key=len, reverse=True))
