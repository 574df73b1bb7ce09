"""Sums of money: R$ 3.500,00, US$ 20, R$ 2,5 milhões, 900 €."""

import re
from typing import NamedTuple

from darkchannel.speech.normalisation.numbers import Gender, cardinal
from darkchannel.speech.normalisation.portuguese import units
from darkchannel.speech.normalisation.portuguese.numerals import NUMBER, START, is_one, read
from darkchannel.speech.normalisation.rules import Rules, either


class Currency(NamedTuple):
    one: str
    many: str
    gender: Gender = "m"
    cent: str = "centavo"


CURRENCIES = {
    "R$": Currency("real", "reais"),
    "US$": Currency("dólar", "dólares"),
    "U$": Currency("dólar", "dólares"),
    "U$S": Currency("dólar", "dólares"),
    "Cr$": Currency("cruzeiro", "cruzeiros"),
    "CR$": Currency("cruzeiro real", "cruzeiros reais"),
    "Cz$": Currency("cruzado", "cruzados"),
    "NCz$": Currency("cruzado novo", "cruzados novos"),
    "$": Currency("dólar", "dólares"),
    "€": Currency("euro", "euros"),
    "£": Currency("libra", "libras", "f"),
    "¥": Currency("iene", "ienes"),
    "BRL": Currency("real", "reais"),
    "USD": Currency("dólar", "dólares"),
    "EUR": Currency("euro", "euros"),
    "GBP": Currency("libra", "libras", "f"),
}
_SCALES = {
    "mil": "mil",
    "k": "mil",
    "mi": "milhões",
    "milhão": "milhão",
    "milhões": "milhões",
    "bi": "bilhões",
    "bilhão": "bilhão",
    "bilhões": "bilhões",
    "tri": "trilhões",
    "trilhão": "trilhão",
    "trilhões": "trilhões",
}
_SIGN = rf"({either(CURRENCIES)})"
_SCALE = rf"(?:\s?({either(_SCALES)})(?!\w))?"
_PER = rf"(\s?/\s?(?:{units.ONE}|(?=[a-zà-ÿ]|\d{{2,4}}\s?(?:g|ml)(?!\w))))?"
_BEFORE = re.compile(
    rf"(?<![\w$]){_SIGN}\s?([-−])?\s?(?:({NUMBER})(\s(?:a|ou|até)\s)(\1\s?)?)?({NUMBER}){_SCALE}(?!\d){_PER}"
)
_AFTER = re.compile(rf"{START}({NUMBER}){_SCALE}\s?{_SIGN}(?![\s]?[\d\w]){_PER}")
_BETWEEN = re.compile(rf"(?<![\w$])({_SIGN}\s?{NUMBER}{_SCALE})\s?[-–]\s?(?=\2)")
_REIS = re.compile(
    r"(?<![\w$.,])(?:Rs\.?\s?)?(?:(\d{1,3}(?:\.\d{3}){0,3}):(\d{3})|(\d{1,3}))\$(\d{3})(?!\d)(?:\s?réis(?!\w))?"
)
_CENTS = re.compile(r"(.+)[.,](\d\d?)")


def _before(found: re.Match[str]) -> str:
    sign, minus, first, between, repeated, last, scale, per, unit = found.groups()
    tail = _sum(sign, last, scale) + _per(per, unit)
    if not first:
        return f"menos {tail}" if minus else tail
    head = _sum(sign, first, scale) if repeated else read(first, CURRENCIES[sign].gender)
    return f"{head}{between}{tail}"


def _after(found: re.Match[str]) -> str:
    number, scale, sign, per, unit = found.groups()
    return _sum(sign, number, scale) + _per(per, unit)


def _per(per: str | None, unit: str | None) -> str:
    return f" por {units.one(unit) if unit else ''}" if per else ""


def _reis(found: re.Match[str]) -> str:
    """The money of the Empire: 2:500$000, dois contos e quinhentos mil-réis."""
    contos, thousands, below, units_ = found.groups()
    rest = int((thousands or below) + units_)
    parts = []
    if contos:
        parts.append(f"{read(contos)} conto{'s' * (contos != '1')}" + " de réis" * (not rest))
    if rest or not contos:
        parts.append(cardinal(str(rest), "pt") + ("-réis" if rest and not rest % 1000 else " réis"))
    return " e ".join(parts)


def _sum(sign: str, number: str, scale: str | None) -> str:
    currency = CURRENCIES[sign]
    if scale:
        scale = _SCALES[scale]
        if is_one(number):
            scale = scale.replace("ões", "ão")
        head = "" if (number, scale) == ("1", "mil") else read(number, currency.gender if scale == "mil" else "m") + " "
        return f"{head}{scale} {'' if scale == 'mil' else 'de '}{currency.many}"
    cents = 0
    if found := _CENTS.fullmatch(number):
        number, cents = found[1], int(found[2].ljust(2, "0"))
    whole = read(number, currency.gender)
    if "," in number:  # tenths of a cent
        return f"{whole} {currency.many}"
    parts = []
    if whole != "zero" or not cents:
        of = "de " if whole.endswith(("ão", "ões")) else ""
        parts.append(f"{whole} {of}{currency.one if number == '1' else currency.many}")
    if cents:
        parts.append(f"{cardinal(str(cents), 'pt')} {currency.cent}{'s' * (cents > 1)}")
    return " e ".join(parts)


OLD: Rules = ((_REIS, _reis),)
"""Ahead of all that would take their colon for that of a time."""
RULES: Rules = ((_BETWEEN, lambda found: f"{found[1]} a "), (_BEFORE, _before), (_AFTER, _after))
