"""Fractions: 1/2, ¾, 3 1/2, 1/2 kg."""

import re
import unicodedata

from darkchannel.speech.normalisation.numbers import Gender, cardinal, ordinal
from darkchannel.speech.normalisation.portuguese import gender
from darkchannel.speech.normalisation.portuguese.units import UNIT, of_symbol
from darkchannel.speech.normalisation.rules import Rules, word_before

_PARTS = "_ _ meio terço quarto quinto sexto sétimo oitavo nono décimo".split()

_BESIDE = frozenset(
    """
    folha folhas fl fls número números lei decreto portaria resolução processo parecer edital ofício contrato medida
    emenda súmula inscrição
    """.split()
)
"""What two numbers with a slash between them belong to, rather than are a fraction."""
_OF = re.compile(r"\s(?:d[aeo]s?|avos)\s")
_YEAR = re.compile(r"(?!1000)(?:1\d|20)\d\d")

_EVERY = re.compile(r"(?<![\w.,/])(\d{1,2})/\1\s?(?=h(?:oras)?(?!\w))")
_VULGAR = re.compile("[¼½¾⅐-⅞↉]")
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
    is_after_number = found.string[max(0, found.start() - 1) : found.start()].isdigit()
    return " " * is_after_number + unicodedata.normalize("NFKC", found[0]).replace("⁄", "/")


def _fraction(found: re.Match[str]) -> str | None:
    whole, numerator, denominator, symbol, per, power = found.groups()
    if int(numerator) > int(denominator) and len(numerator + denominator) > 2:
        return None
    if not whole and _is_pair(found, numerator, denominator):
        return None
    unit = of_symbol(symbol, per, power) if symbol else None
    counted = unit.gender if unit else gender.of_counted(found.string, found.end(), many=None if whole else False)
    words = fraction(numerator, denominator, counted)
    if not words:
        return None
    if whole:
        name = f" {unit.one if whole == '1' else unit.many}" if unit else ""
        return f"{cardinal(whole, 'pt', counted)}{name} e {words}"
    of = " " if words in ("meio", "meia") else " de "
    return words + (f"{of}{unit.one}" if unit else "")


def _is_pair(found: re.Match[str], numerator: str, denominator: str) -> bool:
    """Whether they stand beside each other: 110/220 V, 12/36, Lei 9/2004; but 13/20 da área."""
    if word_before(found) in _BESIDE or _YEAR.fullmatch(denominator):
        return True
    return len(numerator) > 1 and not _OF.match(found.string, found.end(3))


def _every(found: re.Match[str]) -> str:
    """de 8/8 h, of a medicine."""
    return f"{found[1]} em {found[1]} "


RULES: Rules = ((_EVERY, _every), (_VULGAR, _vulgar), (_FRACTION, _fraction))
