"""Text as it is read aloud: numbers, abbreviations and signs become words."""

import re
import unicodedata

from darkchannel.speech.normalisation import english, portuguese
from darkchannel.speech.normalisation.numbers import Language

# Digits of other scripts and mathematical ones; superscripts, subscripts, circled and Roman numbers in one sign.
_NUMBER = re.compile(
    "(?![0-9])\\d|⁻?[⁰¹⁴-⁹][⁰¹²³⁴-⁹]*|(?:⁻[²³]|[²³](?=[⁰¹²³⁴-⁹]))[⁰¹²³⁴-⁹]*|(?<![^\\W_])[²³]|[₀-₉]|[Ⅰ-ⅿ]"
    "|[①-⒛⓪-⓿❶-➓㉑-㉟㊱-㊿🄀-🄊]"
)
_BASE = re.compile(r"(?:(?<![\w.,])\d{1,2}|(?<!\w)[^\W\d_]|(?<!\w)[^\W_]\))\Z")
"""What a small number after it is the power of; after anything else it is that of a footnote."""
_DAY_FIRST = re.compile(r"en-(?!us\b|ph\b)[a-z]{2}\b")


def written_out(language: str) -> Language | None:
    """Which language's rules a text of this BCP 47 tag is written out by, if any; ``pt_BR`` is read as ``pt-BR``."""
    match re.split("[-_]", language, maxsplit=1)[0].lower():
        case "pt":
            return "pt"
        case "en":
            return "en"
    return None


def day_comes_first(language: str) -> bool:
    """Whether 7/4/1776 is a day of April: everywhere but in ``en`` without a country, of the United States."""
    return written_out(language) != "en" or bool(_DAY_FIRST.match(language.replace("_", "-").lower()))


def normalise(text: str, language: str) -> str:
    """Write a text out in the words a reader would say, in Portuguese and in English.

    ``language`` is a BCP 47 tag, such as ``pt-BR``. In any other language the text stays as it is: the engine reads
    it by its own rules. Words stay words and in their order; white space at both ends stays.
    """
    match written_out(language):
        case "pt":
            return portuguese.normalise(_plain_digits(text))
        case "en":
            return english.normalise(_plain_digits(text), day_first=day_comes_first(language))
    return text


def _plain_digits(text: str) -> str:
    """The letters composed, and every sign for a number but ``²``, ``³`` and fractions in 0 to 9 or Roman letters.

    A power is ``^`` and its digits.
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    return _NUMBER.sub(lambda found: _plain(found, text), text)


def _plain(found: re.Match[str], text: str) -> str:
    sign = found[0]
    before = text[found.start() - 1] if found.start() else ""
    if unicodedata.category(sign[0]) == "Nd":
        return str(unicodedata.decimal(sign))
    if "Ⅰ" <= sign <= "ⅿ":
        return unicodedata.normalize("NFKC", sign)
    minus, sign = "-" * (sign[0] == "⁻"), sign.lstrip("⁻")
    is_raised = sign[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹" and found[0] != "¹"
    is_power = is_raised and _BASE.search(text, max(0, found.start() - 4), found.start())
    if is_power and found[0] in "²³":
        return f" {sign}"
    digits = "".join(str(int(unicodedata.numeric(digit))) for digit in sign)
    if "₀" <= sign[0] <= "₉":
        return digits
    after = text[found.end() : found.end() + 1]
    if is_power:
        return f"^{minus}{digits}" + " " * after.isalnum()
    # "①②" are two numbers, and that of a footnote is none of its word's.
    return " " * before.isalnum() + digits + " " * (after.isalpha() or after.isdecimal())
