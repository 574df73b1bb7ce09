"""Money, percentages, units and fractions."""

import re
import unicodedata

from darkchannel.speech.normalisation.english import figures
from darkchannel.speech.normalisation.english.patterns import AMOUNT, FRACTIONS, NUMBER, SPACE, START, TO, either
from darkchannel.speech.normalisation.english.words import CURRENCIES, MAGNITUDES, UNITS
from darkchannel.speech.normalisation.rules import Rule

_INDEFINITE = re.compile(rf"\b[Aa]n?{SPACE}\Z")
_NOUN = re.compile(rf"{SPACE}[a-z]|-[a-z]")
_POWERS = {"²": "squared", "2": "squared", "³": "cubed", "3": "cubed"}
_QUOTE = re.compile(r"(?<!\w)['‘]")
_PARTS = frozenset({16, 32, 64, 100})
"""What ten or more parts are counted of; else two numbers stand beside each other: 50/60 Hz."""
_NO_FRACTIONS = {"24/7": "twenty-four seven", "9/11": "nine eleven"}


def _money_range(found: re.Match[str]) -> str:
    return f"{figures.number(found[2])} to {found[1]}"


def _money(found: re.Match[str]) -> str:
    sign, currency, amount, word, letter, per = found.groups()
    before = found.string[max(0, found.start() - 4) : found.start()]
    is_attribute = bool(_INDEFINITE.search(before) and _NOUN.match(found.string, found.end()))
    magnitude = word or MAGNITUDES.get(letter or "", "")
    words = figures.money((sign or "") + amount, currency, magnitude, is_attribute=is_attribute)
    return f"{words} per {_unit(per)}" if per else words


def _money_after(found: re.Match[str]) -> str:
    sign, first, amount, currency = found.groups()
    words = figures.money((sign or "") + amount, currency)
    return f"{figures.number(first)} to {words}" if first else words


def _per(found: re.Match[str]) -> str:
    return f" per {_unit(found[1])}"


def _unit(name: str) -> str:
    if name in UNITS:
        return UNITS[name][0]
    base, power = name[:-1], name[-1:]
    return f"{UNITS[base][0]} {_POWERS[power]}" if base in UNITS and power in _POWERS else name


def _percent(found: re.Match[str]) -> str:
    minus, first, amount, sign = found.groups()
    to = f"{figures.number(first)} to " if first else ""
    return f"{_minus(minus)}{to}{_amount(amount)} {'percent' if sign == '%' else 'per mille'}"


def _minus(sign: str | None) -> str:
    return "minus " if sign else ""


def _quantity(found: re.Match[str]) -> str:
    minus, first, amount, scale, hyphen, unit, per = found.groups()
    singular, plural = UNITS[re.sub(r"\s", " ", unit)]
    said = _amount(amount)
    if scale:
        said += f" {scale} {plural}"
    elif minus:
        said = f"minus {said} {singular if figures.is_one(amount) else plural}"
    elif first:
        said = f"{figures.number(first)} to {said} {plural}"
    elif _is_part(amount):
        said = f"half a {singular}" if said == "one half" else f"{said} of a {singular}"
    else:
        said += f" {singular if hyphen or figures.is_one(amount) else plural}"
    return said + (f" per {_unit(per)}" if per else "")


def _is_part(amount: str) -> bool:
    """Whether it is a fraction of one."""
    return not re.match(rf"\d+{SPACE}?[\d{FRACTIONS}]", amount) and any(sign in amount for sign in "/⁄" + FRACTIONS)


def _amount(text: str) -> str:
    """A number, or one with a fraction."""
    plain = "".join(f" {unicodedata.normalize('NFKC', sign)}" if sign in FRACTIONS else sign for sign in text)
    whole, _, parts = " ".join(plain.replace("⁄", "/").split()).rpartition(" ")
    above, slash, below = parts.partition("/")
    if not slash or not int(below):
        return " ".join(map(figures.number, re.findall(NUMBER, text)))
    if len(above) > 1 and not whole and int(below) not in _PARTS:
        return f"{figures.number(above)}{' slash' * (above != below)} {figures.number(below)}"
    return figures.fraction(above, below, whole)


def _fraction(found: re.Match[str]) -> str:
    return _NO_FRACTIONS.get(found[0]) or _amount(found[0])


def _feet(found: re.Match[str]) -> str | None:
    """5'10", and 6' outside quotations, whose end looks the same."""
    feet, sign, inches = found.groups()
    if not inches and sign != "′" and _QUOTE.search(found.string, 0, found.start()):
        return None
    words = f"{figures.number(feet)} {'foot' if feet == '1' else 'feet'}"
    return f"{words} {figures.number(inches)} {'inch' if inches == '1' else 'inches'}" if inches else words


def _inches(found: re.Match[str]) -> str | None:
    amount, sign = found.groups()
    if sign == '"' and found.string.count('"', 0, found.start()) % 2:
        return None
    if _is_part(amount):
        return f"{_amount(amount)} of an inch"
    return f"{_amount(amount)} {'inch' if figures.is_one(amount) else 'inches'}"


_MEASURED = r"(?:long|wide|tall|high|deep|thick|across)\b"
_SIGNED = rf"{START}([-−])?"
_CURRENCY = f"({either(CURRENCIES)})"
_SCALE = rf"(?:{SPACE}?(hundred|thousand|million|billion|trillion)\b|({either(MAGNITUDES)})(?!\w))"

MONEY: list[Rule] = [
    (
        re.compile(rf"(?<!\w){_CURRENCY}{SPACE}?({NUMBER}){TO}(?:(?:{either(CURRENCIES)}){SPACE}?)?(?={NUMBER})"),
        _money_range,
    ),
    (re.compile(rf"(?<!\w)([-−])?{_CURRENCY}{SPACE}?([-−]?{NUMBER}){_SCALE}?(?:/([A-Za-z²³]{{1,12}})(?!\w))?"), _money),
    (re.compile(rf"{_SIGNED}(?:({NUMBER}){TO})?({NUMBER}){SPACE}?{_CURRENCY}(?!\w)"), _money_after),
]
PERCENTAGES: list[Rule] = [
    (re.compile(rf"{_SIGNED}(?:({NUMBER})%?{TO})?({AMOUNT}){SPACE}?([%‰])"), _percent),
]
_BETWEEN = rf"(?<=\d)({SPACE}?(?:{either(UNITS)})){SPACE}?%s{SPACE}?(?={NUMBER}\1(?!\w))"

QUANTITIES: list[Rule] = [
    (re.compile(_BETWEEN % "[-–]"), lambda found: f"{found[1]} to "),
    (re.compile(_BETWEEN % "[x×]"), lambda found: f"{found[1]} by "),
    (
        re.compile(rf"{START}(\d{{1,2}})(['’′])(?:{SPACE}?(\d{{1,2}})(?:[\"″”]|'')?)?(?![\w'])"),
        _feet,
    ),
    (re.compile(rf"{START}({AMOUNT})([\"″])(?!\w)"), _inches),
    (re.compile(rf"{START}({AMOUNT}){SPACE}?in(\.(?={SPACE}[a-z]|[,;:)])|(?={SPACE}{_MEASURED}))"), _inches),
    (
        re.compile(
            rf"{_SIGNED}(?:({NUMBER}){TO})?({AMOUNT})(?:{SPACE}(hundred|thousand|million|billion){SPACE}|{SPACE}?|(-))"
            rf"({either(UNITS)})(?:/([A-Za-z²³]{{1,6}}[23]?)(?!\w))?"
            rf"(?![\w'’/²³])(?:\.(?={SPACE}[a-z]))?"
        ),
        _quantity,
    ),
]
PER: list[Rule] = [
    (re.compile(r"(?<=[a-z])/(mo|month|day|week|year|hour|person|night|kg|km|h|lb|mi|min|s)\b"), _per),
]
FRACTION: Rule = (
    re.compile(
        rf"(?<![\d.,/⁄-])(?:(?:(?>\d{{1,6}}){SPACE})?(?>\d{{1,6}})[/⁄](?>0*+[1-9]\d{{0,5}})(?![/\d])"
        rf"|(?:(?>\d{{1,6}}){SPACE}?)?[{FRACTIONS}])"
    ),
    _fraction,
)
