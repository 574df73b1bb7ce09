"""Digits that are no amount, read one by one in groups: telephones, CPF, CNPJ, CEP, ISBN and what is too long."""

import re

from darkchannel.speech.normalisation.numbers import spelled
from darkchannel.speech.normalisation.rules import Rules

LONGEST_AMOUNT = 10
"""Digits without separators that are still read as one number."""

_ALONE = r"(?<![\w.,/-])"
_OVER = r"(?![\w/]|[.,-]\d)"
_CALLED = r"(?:tel(?:efones?)?|fone|celular|cel|whats\w{0,3}|fax|ramal|ligue|ligar|disque|discar|chame|linha)"
_FIXED = re.compile(
    r"\d{3}\.\d{3}\.\d{3}-\d\d"  # CPF
    r"|\d\d\.\d{3}\.\d{3}/\d{4}-\d\d"  # CNPJ
    r"|\d{1,2}\.\d{3}\.\d{3}-[\dXx]"  # RG
    r"|\d{7}-\d\d\.\d{4}\.\d\.\d\d\.\d{4}"  # of a lawsuit
    r"|\d{5}-\d{3}|\d\d\.\d{3}-\d{3}"  # CEP
    r"|97[89]-\d{1,5}-\d{1,7}-\d{1,7}-[\dXx]"  # ISBN
)
_CODE = re.compile(rf"{_ALONE}(?:{_FIXED.pattern}){_OVER}")
_TELEPHONE = re.compile(
    r"(?<![\w.,/-])(?:"
    r"\+\d{1,3}[ .-]?(?:\(\d{1,4}\)|\d{1,4})(?:[ .-]\d{2,5}){1,4}"  # +55 11 98765-4321
    r"|\(0?\d{2,3}\)\s?(?:\d[ .])?\d{3,5}[ .-]?\d{3,4}"  # (11) 9 8765-4321
    r"|0[3589]00[ -]?\d{3}[ -]?\d{3,4}"  # 0800 123 4567
    r"|\d\d (?:9 ?)?\d{4}-\d{4}"  # 11 98765-4321
    r"|[1-9]\d 9\d{8}"
    r"|9 ?\d{4}[- ]\d{4}"  # 98765-4321
    r"|\d{4}-\d{4}"
    r")(?![\w/]|[.,-]\d)"
)
_SHORT = re.compile(
    rf"(?<!\w)({_CALLED}\.?:?\s(?:para\s)?(?:o\s)?(?:número\s)?)(\d{{2,5}}(?: \d{{4}})?)(?![\w/]|[.,:-]\d)", re.I
)
_LONG = re.compile(rf"\d{{{LONGEST_AMOUNT + 1},}}")
_DIGITS = re.compile(r"\d+")
_YEARS = re.compile(r"(1\d{3}|20\d\d)-(1\d{3}|20\d\d)")


def telephone(written: str) -> str:
    """Any digits, one by one, with a pause between the groups that they are written in; ``+`` is ``mais``."""
    plus = "mais " if written.lstrip().startswith("+") else ""
    return plus + ", ".join(_group(digits) for digits in _DIGITS.findall(written))


def _group(digits: str) -> str:
    """Long ones in groups of three, so that the voice breathes."""
    if len(digits) <= 5:
        return spelled(digits, "pt")
    return ", ".join(spelled(digits[start : start + 3], "pt") for start in range(0, len(digits), 3))


def _code(found: re.Match[str]) -> str:
    return telephone(found[0]) + (" xis" if found[0][-1] in "Xx" else "")


def _telephone(found: re.Match[str]) -> str | None:
    years = _YEARS.fullmatch(found[0])
    if years and years[1] < years[2]:
        return None
    return telephone(found[0])


RULES: Rules = (
    (_CODE, _code),
    (_TELEPHONE, _telephone),
    (_SHORT, lambda found: found[1] + telephone(found[2])),
    (_LONG, lambda found: _group(found[0])),
)
