"""Dates, years, decades and times of day."""

import re
from functools import partial

from darkchannel.speech.normalisation.english.numerals import SPACE, START, TO
from darkchannel.speech.normalisation.numbers import cardinal, ordinal
from darkchannel.speech.normalisation.rules import Rules, compiled

MONTHS = "January February March April May June July August September October November December".split()
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


def date(day: int | None, month: int | None, year_digits: str, *, day_first: bool) -> str:
    """July fourth, seventeen seventy-six; or the fourth of July. Any part may be missing, as None or empty."""
    name = MONTHS[month - 1] if month else ""
    last = (_in_pairs if len(year_digits) > 2 else _two_digits)(year_digits) if year_digits else ""
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


def time(hours: str, minutes: str, seconds: str = "", half: str = "") -> str:
    """Ten fifteen, ten o'clock, fourteen hundred, three oh five p.m.; ``half`` is a or p."""
    hour = int(hours)
    words = cardinal(hours, "en") if len(hours) == 1 or hour or half else "zero"
    if minutes and int(minutes):
        words += f" {_two_digits(minutes)}"
    elif not half and minutes:
        words = ("midnight" if not hour else f"{words} o'clock") if hour <= 12 else f"{words} hundred hours"
    if seconds and int(seconds):
        words += f" and {cardinal(seconds, 'en')} second{'s' * (int(seconds) != 1)}"
    return f"{words} {half.lower()}.m." if half else words


def _is_date(day: int, month: int) -> bool:
    return 1 <= day <= 31 and 1 <= month <= 12


def _in_pairs(digits: str) -> str:
    """As pairs: seventeen seventy-six, nineteen oh five, but two thousand one."""
    if len(digits) != 4 or digits.startswith(("0", "200")) or digits.endswith("000"):
        return cardinal(digits, "en")
    century, rest = digits[:2], digits[2:]
    if rest == "00":
        return f"{cardinal(century, 'en')} hundred"
    if rest.startswith("0"):
        return f"{cardinal(century, 'en')} oh {cardinal(rest, 'en')}"
    return f"{cardinal(century, 'en')} {cardinal(rest, 'en')}"


def _two_digits(digits: str) -> str:
    """Of a year without its century."""
    return f"oh {cardinal(digits, 'en')}" if digits.startswith("0") else cardinal(digits, "en")


def _iso_date(found: re.Match[str]) -> str | None:
    year, _, month, day = found.groups()
    if not _is_date(int(day), int(month)):
        return None
    return date(int(day), int(month), year, day_first=False)


def _numeric_date(found: re.Match[str], *, day_first: bool) -> str | None:
    first, _, second, year = found.groups()
    month, day = (int(second), int(first)) if day_first else (int(first), int(second))
    if not _is_date(day, month):
        month, day = day, month
    return date(day, month, year, day_first=day_first) if _is_date(day, month) else None


def _day_month(found: re.Match[str]) -> str:
    the, first, day, month, year = found.groups()
    words = date(int(day), _number(month), year or "", day_first=True).removeprefix("the ")
    return (the or "the ") + (f"{ordinal(first, 'en')} to the " if first else "") + words


def _month_day(found: re.Match[str]) -> str:
    month, day, last, year = found.groups()
    to = f" to {ordinal(last, 'en')}" if last else ""
    return f"{MONTHS[_number(month) - 1]} {ordinal(day, 'en')}{to}" + (f", {_in_pairs(year)}" if year else "")


def _month_year(found: re.Match[str]) -> str:
    return date(None, _number(found[1]), found[2], day_first=False)


def _number(month: str) -> int:
    return _MONTH[month[:3]]


def _time(found: re.Match[str]) -> str:
    hours, minutes, seconds, half, to = found.groups()
    return time(hours, minutes, seconds or "", half or "") + " to " * bool(to)


def _hour(found: re.Match[str]) -> str:
    hours, minutes, half, to = found.groups()
    return time(hours, minutes or "", "", half) + " to " * bool(to)


def _hours_and_minutes(found: re.Match[str]) -> str:
    return f"{_counted(found[1], 'hour')} {_counted(found[2], 'minute')}"


def _minutes_and_seconds(found: re.Match[str]) -> str:
    return f"{_counted(found[1], 'minute')} {_counted(found[2], 'second')}"


def _counted(digits: str, unit: str) -> str:
    return f"{cardinal(digits, 'en')} {unit}{'s' * (int(digits) != 1)}"


def _hour_to(found: re.Match[str]) -> str:
    return f"{cardinal(found[1], 'en')} to "


def _era_before(found: re.Match[str]) -> str:
    return f"{_letters(found[1])} {_in_pairs(found[2])}"


def _era_after(found: re.Match[str]) -> str:
    return f"{_in_pairs(found[1])} {_letters(found[2])}"


def _letters(era: str) -> str:
    return "".join(f"{letter}." for letter in era if letter != ".")


def _year(found: re.Match[str]) -> str | None:
    """A bare number of four digits is a year, unless it counts what follows."""
    digits = found[0]
    if _YEAR_BEFORE.search(found.string[max(0, found.start() - 12) : found.start()]):
        return _in_pairs(digits)
    counts = _COUNTED_AFTER.match(found.string, found.end())
    return None if counts or digits.startswith("10") else _in_pairs(digits)


def _years(found: re.Match[str]) -> str:
    first, last = found.groups()
    return f"{_in_pairs(first)} to {(_in_pairs if len(last) == 4 else _two_digits)(last)}"


def _decade(found: re.Match[str]) -> str:
    digits = found[1]
    words = _in_pairs(digits) if len(digits) == 4 else cardinal(digits, "en")
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def dates(*, day_first: bool) -> Rules:
    """Dates and times: they hold what would else be ranges and fractions."""
    numeric = partial(_numeric_date, day_first=day_first)
    return compiled(
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
    )


YEARS: Rules = (
    (re.compile(r"(?<![\w.])['’]?(\d0|[12]\d\d0)['’]?s(?!\w)"), _decade),
    (
        re.compile(rf"{START}(1\d{{3}}|20\d{{2}}){SPACE}?[-–—]{SPACE}?(1\d{{3}}|20\d{{2}}|\d{{2}})(?![\w-]|[.,]\d)"),
        _years,
    ),
)
YEAR: Rules = compiled((r"(?<![\w.,-])(?:1\d|20)\d\d(?!\w|[.,]\d)", _year))
