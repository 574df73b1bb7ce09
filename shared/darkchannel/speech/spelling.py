"""Texts said sign by sign: letters by their names, digits, and what punctuation is called."""

import re
import unicodedata
from collections.abc import Iterator

from darkchannel.speech.normalisation.numbers import Language, spelled
from darkchannel.speech.normalisation.sign_names import SIGN_NAMES

_PAUSE = ", "
"""Between signs: apart by spaces alone, engines take A for an article, and espeak-ng blunts the R of Portuguese."""
_GROUP = re.compile(r"\d+|[^\W\d_]")


def by_sign(text: str, language: Language) -> str:
    """Every sign by its name; white space is none, and what has no name stays as it is."""
    return _PAUSE.join(_name(sign, language) for sign in _graphemes(text) if not sign.isspace())


def by_group(text: str, language: Language) -> str:
    """A telephone number: the digits by their names, with a pause where their groups part; ``+`` is plus."""
    plus = f"{SIGN_NAMES[language]['+']} " if text.lstrip().startswith("+") else ""
    return plus + _PAUSE.join(
        spelled(group, language) if group.isdecimal() else group.upper() for group in _GROUP.findall(text)
    )


def apart(text: str) -> str:
    """The signs with space between them, in languages whose names for them we do not know."""
    return " ".join(sign for sign in _graphemes(text) if not sign.isspace())


def _name(sign: str, language: Language) -> str:
    if sign.isdecimal():
        return spelled(str(unicodedata.decimal(sign)), language)
    return SIGN_NAMES[language].get(sign) or (sign.upper() if len(sign.upper()) == len(sign) else sign)


def _graphemes(text: str) -> Iterator[str]:
    """The characters, each with the marks that are put on it."""
    grapheme = ""
    for character in unicodedata.normalize("NFC", text):
        if grapheme and not unicodedata.category(character).startswith("M"):
            yield grapheme
            grapheme = ""
        grapheme += character
    if grapheme:
        yield grapheme
