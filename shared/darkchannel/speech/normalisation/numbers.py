"""Numbers in words, in Portuguese (Brazil's short scale) and in English."""

# No library: num2words knows no gender ("duzentas e uma páginas"), writes "mil, duzentos" with a comma that the voice
# would stop at, and drags in a parser of command lines that nobody maintains.

import re
from collections.abc import Iterator
from typing import Literal

Language = Literal["pt", "en"]
Gender = Literal["m", "f"]

MAX_DIGITS = 36
"""Digits of a number that is read as one; longer ones are read digit by digit."""


_DIGITS = {
    "pt": "zero um dois três quatro cinco seis sete oito nove".split(),
    "en": "zero one two three four five six seven eight nine".split(),
}

_PT_BELOW_20 = [*_DIGITS["pt"], *"dez onze doze treze catorze quinze dezesseis dezessete dezoito dezenove".split()]
_PT_TENS = "_ _ vinte trinta quarenta cinquenta sessenta setenta oitenta noventa".split()
_PT_HUNDREDS = "_ cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos".split()
_PT_SCALES = "_ mil milh bilh trilh quatrilh quintilh sextilh septilh octilh nonilh decilh".split()  # -ão, -ões
_PT_FEMININE = {"um": "uma", "dois": "duas"}

_PT_ORDINALS = (
    "_ primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono".split(),
    "_ décimo vigésimo trigésimo quadragésimo quinquagésimo sexagésimo septuagésimo octogésimo nonagésimo".split(),
    """
    _ centésimo ducentésimo trecentésimo quadringentésimo quingentésimo sexcentésimo septingentésimo octingentésimo
    nongentésimo
    """.split(),
)
_PT_ORDINAL_SCALES = (
    "_ mil milion bilion trilion quatrilion quintilion sextilion septilion octilion nonilion decilion".split()
)  # -ésimo

_EN_BELOW_20 = [
    *_DIGITS["en"],
    *"ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(),
]
_EN_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_EN_SCALES = """
    _ thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion
""".split()
_EN_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_EN_LAST_WORD = re.compile(r"[a-z]+\Z")

_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_LETTERS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def cardinal(digits: str, language: Language, gender: Gender = "m") -> str:
    """A whole number without sign or separators in words; leading zeros are not read.

    >>> cardinal("2001", "pt", "f")
    'duas mil e uma'
    """
    digits = digits.lstrip("0") or "0"
    if len(digits) > MAX_DIGITS:
        return spelled(digits, language)
    if digits == "0":
        return "zero"
    return _portuguese(digits, gender) if language == "pt" else _english(digits)


def ordinal(digits: str, language: Language, gender: Gender = "m") -> str:
    """Its place in a row.

    >>> ordinal("23", "pt", "f")
    'vigésima terceira'
    """
    digits = digits.lstrip("0") or "0"
    if language == "en":
        return _EN_LAST_WORD.sub(lambda found: _english_ordinal(found[0]), cardinal(digits, "en"))
    if len(digits) > MAX_DIGITS or digits == "0":
        return cardinal(digits, "pt")
    return _portuguese_ordinal(digits, gender)


def spelled(digits: str, language: Language) -> str:
    """Digit by digit.

    >>> spelled("905", "en")
    'nine zero five'
    """
    return " ".join(_DIGITS[language][int(digit)] for digit in digits)


def decimal(whole: str, fraction: str, language: Language, gender: Gender = "m") -> str:
    """A number with the digits after its decimal sign; Portuguese reads up to three of these as a number.

    >>> decimal("3", "14", "pt")
    'três vírgula catorze'
    >>> decimal("3", "14", "en")
    'three point one four'
    """
    number = cardinal(whole or "0", language, gender)
    if language == "en":
        return f"{number} point {spelled(fraction, 'en')}"
    rest = fraction.lstrip("0")
    if len(fraction) > 3 or not rest:
        return f"{number} vírgula {spelled(fraction, 'pt')}"
    zeros = "zero " * (len(fraction) - len(rest))
    return f"{number} vírgula {zeros}{cardinal(rest, 'pt')}"


def roman(letters: str) -> int | None:
    """The value of a Roman number in capitals, 1 to 3999, written as it should be; None for anything else.

    >>> roman("XIV"), roman("IIX")
    (14, None)
    """
    if not letters or not _ROMAN.fullmatch(letters):
        return None
    values = [_ROMAN_LETTERS[letter] for letter in letters]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


def _groups(digits: str) -> Iterator[tuple[int, int]]:
    """The groups of three digits that are not zero, each with its power of a thousand, from the highest."""
    padded = digits.zfill(-(-len(digits) // 3) * 3)
    for start in range(0, len(padded), 3):
        if value := int(padded[start : start + 3]):
            yield (len(padded) - start) // 3 - 1, value


def _portuguese(digits: str, gender: Gender) -> str:
    groups = list(_groups(digits))
    words: list[str] = []
    for power, value in groups:
        is_last = (power, value) == groups[-1]
        # "mil e cem", "mil e um", but "mil cento e um"; "e" only before the last.
        if words and is_last and (value < 100 or value % 100 == 0):
            words.append("e")
        if power != 1 or value != 1:  # "mil", not "um mil"
            words.append(_portuguese_group(value, gender if power < 2 else "m"))
        if power == 1:
            words.append("mil")
        elif power:
            words.append(_PT_SCALES[power] + ("ão" if value == 1 else "ões"))
    return " ".join(words)


def _portuguese_group(value: int, gender: Gender) -> str:
    if value == 100:
        return "cem"
    hundreds, below = divmod(value, 100)
    words = [_PT_HUNDREDS[hundreds]] if hundreds else []
    if below >= 20:
        words.append(_PT_TENS[below // 10])
        below %= 10
    if below:
        words.append(_PT_BELOW_20[below])
    if gender == "f":
        words = [_PT_FEMININE.get(word, re.sub("entos$", "entas", word)) for word in words]
    return " e ".join(words)


def _portuguese_ordinal(digits: str, gender: Gender) -> str:
    words: list[str] = []
    for power, value in _groups(digits):
        if not power or value > 1:  # "milésimo", not "primeiro milésimo"
            places = zip(reversed(_PT_ORDINALS), f"{value:03}", strict=True)
            words += [table[int(digit)] for table, digit in places if digit != "0"]
        if power:
            words.append(_PT_ORDINAL_SCALES[power] + "ésimo")
    if gender == "f":
        words = [word.removesuffix("o") + "a" for word in words]
    return " ".join(words)


def _english(digits: str) -> str:
    return " ".join(
        _english_group(value) + (f" {_EN_SCALES[power]}" if power else "") for power, value in _groups(digits)
    )


def _english_group(value: int) -> str:
    hundreds, below = divmod(value, 100)
    words = [f"{_EN_BELOW_20[hundreds]} hundred"] if hundreds else []
    if below >= 20 and below % 10:
        words.append(f"{_EN_TENS[below // 10]}-{_EN_BELOW_20[below % 10]}")
    elif below >= 20:
        words.append(_EN_TENS[below // 10])
    elif below:
        words.append(_EN_BELOW_20[below])
    return " ".join(words)


def _english_ordinal(word: str) -> str:
    if word in _EN_ORDINALS:
        return _EN_ORDINALS[word]
    return word[:-1] + "ieth" if word.endswith("y") else word + "th"
