"""``say-as``: a text whose kind its author has named.

The kinds and formats are those of https://www.w3.org/TR/ssml-sayas/ and what speech services have added to them.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from itertools import accumulate, pairwise

from darkchannel.speech.normalisation import day_comes_first, normalise, written_out
from darkchannel.speech.normalisation.english import calendar as english_calendar
from darkchannel.speech.normalisation.english.fractions import fraction as english_fraction
from darkchannel.speech.normalisation.numbers import Language, cardinal, decimal, ordinal, roman
from darkchannel.speech.normalisation.portuguese import calendar
from darkchannel.speech.normalisation.portuguese.fractions import fraction as portuguese_fraction
from darkchannel.speech.spelling import apart, by_group, by_sign

MAX_CHARACTERS = 2_000
"""Of a text of any kind; a longer one is none."""

_MINUS = {"pt": "menos", "en": "minus"}
_POINT = {"pt": ",", "en": "."}
_NUMBER = re.compile(r"([+\-−]?)\s?(\d[\d., ]{0,60}?)(?:([.,])(\d{1,60}))?", re.ASCII)
_THOUSANDS = {
    "pt": re.compile(r"[1-9]\d{0,2}(?:[. ]\d{3})+", re.ASCII),
    "en": re.compile(r"[1-9]\d{0,2}(?:[, ]\d{3})+", re.ASCII),
}
_PLACE = re.compile(r"(\d{1,60})\s?\.?\s?(?:[oºa°ª]|st|nd|rd|th)?s?\.?", re.ASCII | re.IGNORECASE)
_FRACTION = re.compile(r"(?:(\d{1,9})\s?[+\s]\s?)?(\d{1,9})\s?[/⁄]\s?(\d{1,9})", re.ASCII)
_FIELD = re.compile(r"[^\W_]+")
_TIME = re.compile(
    r"(\d{1,2})(?:\s?[:h.]\s?(\d{2}))?(?:\s?[:m.]\s?(\d{2}))?\s?(?:h|s|min)?\s?(?:([ap])\.?\s?m\.?)?",
    re.ASCII | re.IGNORECASE,
)
_AMOUNT = re.compile(r"(\D{0,4}?)\s?([-−]?\d(?:[\d.,]{0,30}\d)?)\s?(\D{0,4})", re.ASCII)
_CENTS = re.compile(r"(.{1,30})[.,](\d{1,2})", re.ASCII)
_CURRENCIES = {
    "BRL": "R$", "USD": "US$", "EUR": "€", "GBP": "£", "JPY": "¥", "R$": "R$", "US$": "US$", "U$": "US$", "$": "$",
    "€": "€", "£": "£", "¥": "¥",
}  # fmt: skip


def say_as(text: str, language: str, interpret_as: str, form: str = "") -> str | None:
    """The words for a text of this kind; None where it is none of this kind, and so is read as ordinary text.

    ``form`` is the attribute ``format``; ``language`` is a BCP 47 tag. Outside Portuguese and English only
    characters, digits and telephone numbers are written out, with space between the signs.
    """
    kind = interpret_as.strip().lower()
    words = written_out(language)
    if not text.strip() or len(text) > MAX_CHARACTERS:
        return None
    if kind in _SPELLED:
        return (_SPELLED[kind](text, words) if words else apart(text)) or None
    if words is None or kind not in _READ:
        return None
    return _READ[kind](" ".join(unicodedata.normalize("NFKC", text).split()), words, language, form.lower())


def _number(text: str, words: Language, _language: str, _form: str) -> str | None:
    if value := roman(text):
        return cardinal(str(value), words)
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    sign, whole, point, rest = found.groups()
    if point and (point in whole or _THOUSANDS[words].fullmatch(whole + point + rest)):
        whole, rest = whole + rest, ""
    digits = re.sub(r"\D", "", whole)
    minus = f"{_MINUS[words]} " if sign in ("-", "−") else ""
    return minus + (decimal(digits, rest, words) if rest else cardinal(digits, words))


def _ordinal(text: str, words: Language, _language: str, _form: str) -> str | None:
    if value := roman(text):
        return ordinal(str(value), words)
    found = _PLACE.fullmatch(text)
    if not found:
        return None
    return ordinal(found[1], words, "f" if text.lower().rstrip("s.").endswith("a") else "m")


def _fraction(text: str, words: Language, _language: str, _form: str) -> str | None:
    found = _FRACTION.fullmatch(text)
    if not found or int(found[3]) < 2:
        return None
    whole, above, below = found.groups()
    if words == "en":
        return english_fraction(above, below, whole or "")
    parts = portuguese_fraction(above, below)
    return f"{cardinal(whole, 'pt')} e {parts}" if whole else ("um meio" if parts == "meio" else parts)


def _date(text: str, words: Language, language: str, form: str) -> str | None:
    fields = _FIELD.findall(text)
    day_first = day_comes_first(language)
    order = re.sub(r"(.)\1+", r"\1", re.sub(r"[^dmy]", "", form)) or _usual_order(fields, day_first=day_first)
    if len(fields) == 1 and sorted(order) == ["d", "m", "y"]:
        fields = _cut(fields[0], order)
    if not order or len(fields) != len(order) or len(set(order)) < len(order):
        return None
    parts = dict(zip(order, fields, strict=True))
    if not all(field.isdecimal() and len(field) <= (4 if part == "y" else 2) for part, field in parts.items()):
        return None
    day, month, year = (parts.get(part, "") for part in "dmy")
    if not (1 <= int(day or 1) <= 31 and 1 <= int(month or 1) <= 12):
        return None
    if words == "pt":
        return _portuguese_date(day, month, year)
    if day and month and not order.startswith("y"):
        day_first = order.index("d") < order.index("m")
    return english_calendar.date(int(day or 0), int(month or 0), year, day_first=day_first)


def _portuguese_date(day: str, month: str, year: str) -> str:
    if day and month:
        start = calendar.day_of_month(day, month)
    elif month:
        start = calendar.MONTHS[int(month) - 1]
    else:
        start = cardinal(day, "pt") if day else None
    return " de ".join(filter(None, (start, cardinal(year, "pt") if year else None)))


def _cut(digits: str, order: str) -> list[str]:
    """20240503 as its parts."""
    sizes = [4 if part == "y" else 2 for part in order]
    if len(digits) != sum(sizes):
        return [digits]
    return [digits[start:end] for start, end in pairwise([0, *accumulate(sizes)])]


def _usual_order(fields: list[str], *, day_first: bool) -> str:
    if not fields:
        return ""
    if len(fields) == 1:
        return "ymd" if len(fields[0]) == 8 else "y"
    if len(fields[0]) == 4:
        return "ymd"[: len(fields)]
    if len(fields) == 2 and len(fields[1]) == 4:
        return "my"
    return ("dmy" if day_first else "mdy")[: len(fields)]


def _time(text: str, words: Language, _language: str, _form: str) -> str | None:
    found = _TIME.fullmatch(text)
    if not found:
        return None
    hours, minutes, seconds, half = found.groups()
    if int(hours) > 24 or int(minutes or 0) > 59 or int(seconds or 0) > 59:
        return None
    if words == "en":
        return english_calendar.time(hours, minutes or "", seconds or "", half or "")
    if half and int(hours) <= 12:
        hours = str(int(hours) % 12 + 12 * (half in "Pp"))
    return calendar.time(hours, minutes or "0", seconds or "0")


def _money(text: str, words: Language, language: str, form: str) -> str | None:
    found = _AMOUNT.fullmatch(text)
    if not found:
        return None
    before, amount, after = found.groups()
    currency = _CURRENCIES.get((before.strip() or after.strip() or form).upper())
    if currency is None or (before.strip() and after.strip()):
        return None
    cents = _CENTS.fullmatch(amount)
    whole = re.sub(r"[.,]", "", cents[1] if cents else amount)
    minus = f"{_MINUS[words]} " if whole.startswith(("-", "−")) else ""
    fraction = _POINT[words] + cents[2].ljust(2, "0") if cents else ""
    return minus + normalise(f"{currency} {whole.lstrip('-−')}{fraction}", language)


_SPELLED: Mapping[str, Callable[[str, Language], str]] = {
    "characters": by_sign, "spell-out": by_sign, "verbatim": by_sign, "letters": by_sign, "digits": by_group,
    "telephone": by_group,
}  # fmt: skip
_READ: Mapping[str, Callable[[str, Language, str, str], str | None]] = {
    "cardinal": _number, "number": _number, "ordinal": _ordinal, "fraction": _fraction, "date": _date, "time": _time,
    "currency": _money,
}  # fmt: skip
