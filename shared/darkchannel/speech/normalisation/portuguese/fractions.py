"""Fractions: 1/2, ¾, 3 1/2, 1/2 kg."""

import re
import unicodedata

from darkchannel.speech.normalisation.numbers import Gender, cardinal, ordinal
from darkchannel.speech.normalisation.portuguese import gender
from darkchannel.speech.normalisation.portuguese.units import UNIT, of_symbol
from darkchannel.speech.normalisation.rules import Rule, listed

_PARTS = listed("_ _ meio terço quarto quinto sexto sétimo oitavo nono décimo")

_VULGAR = re.compile(r"(?:(?<![\d.,])(\d{1,6})\s?)?([¼½¾⅐-⅞↉])")
_FRACTION = re.compile(
    rf"(?<![\w.,/])(?:(\d{{1,6}})(?:\s(?:e\s)?|\+))?(\d{{1,3}})[/⁄]([1-9]\d{{0,3}})(?![\w/]*/|\d|[.,]\d)(?:\s?{UNIT})?(?!\w)"
)


def fraction(numerator: str, denominator: str, counted: Gender = "m") -> str | None:
    """A fraction of digits in words; None where it is none: over zero or one."""
    below = int(denominator)
    if below < 2:
        return None
    if below == 2 and numerator == "1":
        return "meia" if counted == "f" else "meio"
    words, many = cardinal(numerator, "pt"), int(numerator) > 1
    if below <= 10:
        return f"{words} {_PARTS[below]}{'s' * many}"
    if below in (100, 1000):
        return f"{words} {ordinal(denominator, 'pt')}{'s' * many}"
    return f"{words} {cardinal(denominator, 'pt')} avos"


def _vulgar(found: re.Match[str]) -> str:
    whole, sign = found.groups()
    numerator, _, denominator = unicodedata.normalize("NFKC", sign).partition("⁄")
    return f"{whole or ''} {numerator}/{denominator}".strip()


def _fraction(found: re.Match[str]) -> str | None:
    whole, numerator, denominator, symbol, per, power = found.groups()
    if int(numerator) > int(denominator) and len(numerator + denominator) > 2:
        return None
    unit = of_symbol(symbol, per, power) if symbol else None
    counted = unit.gender if unit else gender.of_counted(found.string, found.end(), many=bool(whole))
    words = fraction(numerator, denominator, counted)
    if not words:
        return None
    if whole:
        name = f" {unit.one if whole == '1' else unit.many}" if unit else ""
        return f"{cardinal(whole, 'pt', counted)}{name} e {words}"
    of = " " if words in ("meio", "meia") else " de "
    return words + (f"{of}{unit.one}" if unit else "")


RULES: tuple[Rule, ...] = ((_VULGAR, _vulgar), (_FRACTION, _fraction))
