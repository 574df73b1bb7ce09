"""Dates, years, decades and times of day."""

import re
from collections.abc import Callable
from functools import partial

from darkchannel.speech.normalisation.english import figures
from darkchannel.speech.normalisation.english.patterns import SPACE, START, TO
from darkchannel.speech.normalisation.english.words import MONTHS
from darkchannel.speech.normalisation.numbers import cardinal, ordinal
from darkchannel.speech.normalisation.rules import Rule

_MONTH = {name[:3]: number for number, name in enumerate(MONTHS, 1)}
_NAME = rf"({'|'.join(MONTHS)}|(?:{'|'.join(_MONTH)}|Sept)\b\.?)"
_DAY = r"(0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_COMMA_YEAR = rf"(?:,?{SPACE}(\d{{4}})(?!\w|[.,]\d))"
_HALF = rf"{SPACE}?([AaPp])\.?{SPACE}?[Mm]\b\.?"
_TO_TIME = rf"({TO}(?=\d{{1,2}}(?::\d\d|{SPACE}?[AaPp]\.?[Mm])))?"
_ERA = r"BCE|BC|AD|CE|B\.C\.E\.|B\.C\.|A\.D\.|C\.E\."

_YEAR_BEFORE = re.compile(
    r"\b(?:in|since|from|until|till|before|after|during|circa|year|early|late|mid|spring|summer|autumn|fall|winter"
    rf"|{'|'.join(MONTHS)}){SPACE}\Z",
    re.IGNORECASE,
)
_COUNTED_AFTER = re.compile(
    rf"{SPACE}(?!(?:was|is|has|as|this|his|its|us|always|does)\b)(?:[a-z]+s|people|men|women|children|sheep|fish|feet|of)\b"
)


def _iso_date(found: re.Match[str]) -> str | None:
    year, _, month, day = found.groups()
    if not figures.is_date(int(day), int(month)):
        return None
    return figures.date(int(day), int(month), year, day_first=False)


def _numeric_date(found: re.Match[str], *, day_first: bool) -> str | None:
    first, _, second, year = found.groups()
    month, day = (int(second), int(first)) if day_first else (int(first), int(second))
    if not figures.is_date(day, month):
        month, day = day, month
    return figures.date(day, month, year, day_first=day_first) if figures.is_date(day, month) else None


def _day_month(found: re.Match[str]) -> str:
    the, first, day, month, year = found.groups()
    date = figures.date(int(day), _number(month), year or "", day_first=True).removeprefix("the ")
    return (the or "the ") + (f"{ordinal(first, 'en')} to the " if first else "") + date


def _month_day(found: re.Match[str]) -> str:
    month, day, last, year = found.groups()
    to = f" to {ordinal(last, 'en')}" if last else ""
    return f"{MONTHS[_number(month) - 1]} {ordinal(day, 'en')}{to}" + (f", {figures.year(year)}" if year else "")


def _month_year(found: re.Match[str]) -> str:
    return figures.date(None, _number(found[1]), found[2], day_first=False)


def _number(month: str) -> int:
    return _MONTH[month[:3]]


def _time(found: re.Match[str]) -> str:
    hours, minutes, seconds, half, to = found.groups()
    return figures.clock(hours, minutes, seconds or "", half or "") + " to " * bool(to)


def _hour(found: re.Match[str]) -> str:
    hours, minutes, half, to = found.groups()
    return figures.clock(hours, minutes or "", "", half) + " to " * bool(to)


def _hours_and_minutes(found: re.Match[str]) -> str:
    return f"{_counted(found[1], 'hour')} {_counted(found[2], 'minute')}"


def _minutes_and_seconds(found: re.Match[str]) -> str:
    return f"{_counted(found[1], 'minute')} {_counted(found[2], 'second')}"


def _counted(digits: str, unit: str) -> str:
    return f"{cardinal(digits, 'en')} {unit}{'s' * (int(digits) != 1)}"


def _hour_to(found: re.Match[str]) -> str:
    return f"{cardinal(found[1], 'en')} to "


def _era_before(found: re.Match[str]) -> str:
    return f"{_letters(found[1])} {figures.year(found[2])}"


def _era_after(found: re.Match[str]) -> str:
    return f"{figures.year(found[1])} {_letters(found[2])}"


def _letters(era: str) -> str:
    return "".join(f"{letter}." for letter in era if letter != ".")


def _year(found: re.Match[str]) -> str | None:
    """A bare number of four digits is a year, unless it counts what follows."""
    digits = found[0]
    if _YEAR_BEFORE.search(found.string[max(0, found.start() - 12) : found.start()]):
        return figures.year(digits)
    counts = _COUNTED_AFTER.match(found.string, found.end())
    return None if counts or digits.startswith("10") else figures.year(digits)


def _years(found: re.Match[str]) -> str:
    first, last = found.groups()
    return f"{figures.year(first)} to {(figures.year if len(last) == 4 else figures.two_digits)(last)}"


def _decade(found: re.Match[str]) -> str:
    digits = found[1]
    words = figures.year(digits) if len(digits) == 4 else cardinal(digits, "en")
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def dates(*, day_first: bool) -> list[Rule]:
    """Dates and times: they hold what would else be ranges and fractions."""
    numeric = partial(_numeric_date, day_first=day_first)
    rows: list[tuple[str, Callable[[re.Match[str]], str | None]]] = [
        (rf"{START}(\d{{4}})([-/])(\d{{2}})\2(\d{{2}})(?![\w/-])", _iso_date),
        (rf"{START}(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}|\d{{2}})(?![\w/-]|\.\d)", numeric),
        (
            rf"{START}([Tt]he{SPACE})?(?:(?<!\d){_DAY}{TO})?(?<!\d){_DAY}{SPACE}(?:of{SPACE})?{_NAME}{_COMMA_YEAR}?(?!\w)",
            _day_month,
        ),
        (rf"\b{_NAME}{SPACE}{_DAY}(?:{TO}{_DAY})?{_COMMA_YEAR}?(?![\w:/]|[.,]\d|-\d)", _month_day),
        (rf"\b{_NAME},?{SPACE}(\d{{4}})(?!\w|[.,]\d)", _month_year),
        (rf"(?<![\w.,/⁄:])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:])(?:{_HALF})?{_TO_TIME}", _time),
        (rf"{START}(\d{{1,2}})h{SPACE}?(\d{{1,2}})(?:m|min)?(?!\w)", _hours_and_minutes),
        (rf"{START}(\d{{1,3}}){SPACE}?min{SPACE}?(\d{{1,2}}){SPACE}?s(?:ec)?(?!\w)", _minutes_and_seconds),
        (rf"{START}(\d{{1,2}}){TO}(?=\d{{1,2}}{SPACE}?[AaPp]\.?[Mm]\b)", _hour_to),
        (rf"(?<![\w.,/⁄:])(0?[1-9]|1[0-2])(?:\.([0-5]\d))?{_HALF}{_TO_TIME}", _hour),
        (rf"\b(AD|A\.D\.|CE){SPACE}(\d{{1,4}})(?!\w)", _era_before),
        (rf"{START}(\d{{1,4}}){SPACE}?({_ERA})(?!\w)", _era_after),
    ]
    return [(re.compile(pattern), words) for pattern, words in rows]


YEARS: list[Rule] = [
    (re.compile(r"(?<![\w.])['’]?(\d0|[12]\d\d0)['’]?s(?!\w)"), _decade),
    (
        re.compile(rf"{START}(1\d{{3}}|20\d{{2}}){SPACE}?[-–—]{SPACE}?(1\d{{3}}|20\d{{2}}|\d{{2}})(?![\w-]|[.,]\d)"),
        _years,
    ),
]
YEAR: Rule = (re.compile(r"(?<![\w.,-])(?:1\d|20)\d\d(?!\w|[.,]\d)"), _year)
