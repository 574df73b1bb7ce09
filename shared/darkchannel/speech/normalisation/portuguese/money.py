"""Sums of money: R$ 3.500,00, US$ 20, R$ 2,5 milhões, 900 €."""

import re
from typing import NamedTuple

from darkchannel.speech.normalisation.numbers import Gender, cardinal
from darkchannel.speech.normalisation.portuguese.amounts import NUMBER, START, is_one, read
from darkchannel.speech.normalisation.rules import Rule


class Currency(NamedTuple):
    one: str
    many: str
    gender: Gender = "m"
    cent: str = "centavo"


CURRENCIES = {
    "R$": Currency("real", "reais"),
    "US$": Currency("dólar", "dólares"),
    "U$": Currency("dólar", "dólares"),
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
_SIGN = rf"({'|'.join(map(re.escape, CURRENCIES))})"
_SCALE = rf"(?:\s?({'|'.join(sorted(_SCALES, key=len, reverse=True))})(?!\w))?"
_PER = r"(?:\s?/\s?(?=[a-zà-ÿ]))?"
_BEFORE = re.compile(
    rf"(?<![\w$]){_SIGN}\s?([-−])?\s?(?:({NUMBER})(\s(?:a|ou|até)\s)(\1\s?)?)?({NUMBER}){_SCALE}(?!\d)({_PER})"
)
_AFTER = re.compile(rf"{START}({NUMBER}){_SCALE}\s?{_SIGN}(?![\s]?[\d\w])({_PER})")
_CENTS = re.compile(r"(.+)[.,](\d\d?)")


def _before(found: re.Match[str]) -> str:
    sign, minus, first, between, repeated, last, scale, per = found.groups()
    tail = _sum(sign, last, scale) + (" por " if per else "")
    if not first:
        return f"menos {tail}" if minus else tail
    head = _sum(sign, first, scale) if repeated else read(first, CURRENCIES[sign].gender)
    return f"{head}{between}{tail}"


def _after(found: re.Match[str]) -> str:
    number, scale, sign, per = found.groups()
    return _sum(sign, number, scale) + (" por " if per else "")


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


RULES: tuple[Rule, ...] = ((_BEFORE, _before), (_AFTER, _after))
