"""Dates and times: 07/09/1822, 2024-05-03, 14h30, 10:15."""

import re

from darkchannel.speech.normalisation.numbers import cardinal
from darkchannel.speech.normalisation.portuguese.numerals import START
from darkchannel.speech.normalisation.rules import Rules

MONTHS = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split()
_SHORT = {month[:3]: month for month in MONTHS}
_MONTH = "|".join([*MONTHS, *_SHORT])

_PIVOT = 40
"""Two digits from here on are a year of the last century, which is said with them alone."""

_DATE = re.compile(rf"{START}(\d{{1,2}})(?:\.?[º°])?([/.-])(\d{{1,2}})\2(\d{{4}}|\d\d)(?![\w/]|[.,-]\d)")
_ISO = re.compile(rf"{START}(\d{{4}})([-/])(\d\d)\2(\d\d)(?:T(?=\d\d:)|(?![\d/-]))")
_DAY_AND_MONTH = re.compile(
    r"(?=\d)(?:(?<=\b[Dd]ia )|(?<=\b[Dd]ias )|(?<=\b[Ee]m )|(?<=\b[Aa]té )|(?<=\b[Dd]esde )"
    r"|(?<=feira, )|(?<=feira \()|(?<=ábado, )|(?<=ábado \()|(?<=omingo, )|(?<=omingo \()"
    rf"|{START}(?=1[º°]/\d|0\d/\d\d|\d\d/0\d|[12]\d/1[0-2]|3[01]/1[0-2]))"
    r"(\d{1,2})[º°]?/(\d{1,2})(?![\w/]|[.,]\d)"
)
_DAYS = re.compile(
    r"(?<!\w)((de|dias|entre)\s)(\d{1,2})[º°]?(?:/(\d{1,2}))?(\s[ae]\s)(\d{1,2})/(\d{1,2})(?![\w/]|[.,]\d)",
    re.IGNORECASE,
)
_MONTH_AND_YEAR = re.compile(rf"{START}(0[1-9]|1[0-2])/((?:1\d|20)\d\d)(?![\w/-])")
_OF_MONTH = re.compile(
    rf"{START}(\d{{1,2}})(\s(?:de\s)?|[/-])({_MONTH})(?!\w)"
    r"(?:\.?(?:\s(?:de\s)?|[/-])((?:1\d|20)\d\d|(?<=/)\d\d)(?!\w)|(\.)(?=\s[a-zà-ÿ]))?",
    re.IGNORECASE,
)
_SHORT_MONTH = re.compile(
    rf"(?<!\w)(?=[^\W\d_]{{3}}\.)({'|'.join(_SHORT)})\.(?=\s(?:a|e|até|ou)\s(?:{_MONTH})(?!\w))", re.IGNORECASE
)
_OF_YEAR = re.compile(
    rf"(?<!\w)(?=[^\W\d_]{{3,9}}[./])({_MONTH})(?:\.?/|\.\s|\.\sde\s)((?:1\d|20)\d\d|(?<=/)\d\d)(?!\w)",
    re.IGNORECASE,
)

_HOURS_TO_HOURS = re.compile(rf"{START}(\d{{1,2}}(?:h\d{{0,2}}|:\d\d))\s?[-–]\s?(?=\d{{1,2}}(?:h|:\d\d))")
_HOURS = re.compile(
    rf"{START}(\d{{1,2}})(?:\s?(?:h|hs|hrs)\.?|H)\s?(\d\d|\d(?=\s?min))\s?(?:min|m)?(?:\s?(\d\d)\s?s)?(?!\w)"
)
_CLOCK = re.compile(
    rf"{START}(\d{{1,2}}):(\d\d)(?::(\d\d)(?:[.,]\d{{1,9}})?)?(?:\s?(?:h|H|hs|hrs|min|Z)(?!\w))?(?![\w:])"
)
_BOOKS = {
    "Gn": "Gênesis", "Ex": "Êxodo", "Dt": "Deuteronômio", "Sl": "Salmo", "Pv": "Provérbios", "Is": "Isaías",
    "Mt": "Mateus", "Mc": "Marcos", "Lc": "Lucas", "Jo": "João", "At": "Atos", "Rm": "Romanos", "Co": "Coríntios",
    "Cor": "Coríntios", "Gl": "Gálatas", "Ef": "Efésios", "Fl": "Filipenses", "Tm": "Timóteo", "Hb": "Hebreus",
    "Tg": "Tiago", "Pd": "Pedro", "Ap": "Apocalipse",
}  # fmt: skip
_OTHER_BOOKS = """
    Gênese Levítico Números Josué Juízes Rute Samuel Reis Crônicas Jó Salmos Eclesiastes Cânticos Jeremias Ezequiel
    Daniel Oseias Oséias Joel Amós Jonas Colossenses Tessalonicenses Tito Judas
""".split()
_BIBLE = re.compile(
    rf"((?:{'|'.join([*_BOOKS, *_BOOKS.values(), *_OTHER_BOOKS])})\s)"
    r"(\d{1,3})(?::(\d{1,3})|[.,](\d\d?)(?!\s?[a-z%°]))(?:[-–](\d{1,3}))?(?!\d|[:.,]\d)"
)
_RATIO = re.compile(rf"{START}(?<!:)(\d{{1,9}}):(?=\d{{1,9}}(?![\d:]))")


def day_of_month(day: str, month: str) -> str | None:
    """The words for a day, of 1 to 31, and a month, of 1 to 12, given in digits."""
    if not 1 <= int(day) <= 31 or not 1 <= int(month) <= 12:
        return None
    return f"{_day(day)} de {MONTHS[int(month) - 1]}"


def date(day: str, month: str, year: str) -> str | None:
    words = day_of_month(day, month)
    return words and f"{words} de {_year(year)}"


def time(hours: str, minutes: str = "0", seconds: str = "0") -> str | None:
    """The words for a time of day given in digits; None where there is no such time."""
    if int(hours) > 24 or int(minutes) > 59 or int(seconds) > 59:
        return None
    parts = [f"{cardinal(hours, 'pt', 'f')} hora{'s' * (int(hours) > 1)}"]
    if int(minutes):
        parts.append(f"{cardinal(minutes, 'pt')} minuto{'s' * (int(minutes) > 1)}")
    if int(seconds):
        parts.append(f"{cardinal(seconds, 'pt')} segundo{'s' * (int(seconds) > 1)}")
    return " e ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _day(day: str) -> str:
    return "primeiro" if int(day) == 1 else cardinal(day, "pt")


def _year(year: str) -> str:
    return cardinal(f"20{year}" if len(year) == 2 and int(year) < _PIVOT else year, "pt")


def _date(found: re.Match[str]) -> str | None:
    day, sign, month, year = found.groups()
    if len(year) == 2 and sign != "/":
        return None
    return date(day, month, year)


def _of_month(found: re.Match[str]) -> str | None:
    day, of, month, year, _ = found.groups()
    short = month.lower() in _SHORT
    if not 1 <= int(day) <= 31 or not (of.strip(" -/") or year):
        return None
    words = f"{_day(day)} de {_SHORT[month.lower()] if short else month}"
    return f"{words} de {_year(year)}" if year else words


def _days(found: re.Match[str]) -> str | None:
    """de 5/6 a 10/6, dias 5 e 6/6; but de 1/2 a 3/4."""
    head, before, first, first_month, between, last, last_month = found.groups()
    end = day_of_month(last, last_month)
    start = day_of_month(first, first_month) if first_month else _day(first)
    is_improper = int(last) > int(last_month) or int(first) > int(first_month or last_month)
    if not start or not end or not (is_improper or before.lower() == "dias"):
        return None
    return f"{head}{start}{between}{end}"


def _of_year(found: re.Match[str]) -> str:
    month, year = found.groups()
    return f"{_SHORT.get(month.lower(), month)} de {_year(year)}"


def _clock(found: re.Match[str]) -> str | None:
    hours, minutes, seconds = found.groups()
    return time(hours, minutes, seconds or "0")


def _verse(found: re.Match[str]) -> str:
    book, chapter, verse, last = found[1], found[2], found[3] or found[4], found[5]
    book = _BOOKS.get(book.strip(), book.strip())
    return f"{book} {cardinal(chapter, 'pt')}, {cardinal(verse, 'pt')}" + (f" a {cardinal(last, 'pt')}" if last else "")


RULES: Rules = (
    (_HOURS_TO_HOURS, lambda found: f"{found[1]} a "),
    (_DATE, _date),
    (_ISO, lambda found: date(found[4], found[3], found[1])),
    (_DAYS, _days),
    (_DAY_AND_MONTH, lambda found: day_of_month(found[1], found[2])),
    (_MONTH_AND_YEAR, lambda found: f"{MONTHS[int(found[1]) - 1]} de {cardinal(found[2], 'pt')}"),
    (_SHORT_MONTH, lambda found: _SHORT.get(found[1].lower())),
    (_OF_MONTH, _of_month),
    (_OF_YEAR, _of_year),
    (_HOURS, lambda found: time(found[1], found[2], found[3] or "0")),
    (_BIBLE, _verse),
    (_CLOCK, _clock),
    (_RATIO, lambda found: f"{cardinal(found[1], 'pt')} para "),
)
