"""E-mail addresses, web addresses and names of files."""

import re
from urllib.parse import unquote

from darkchannel.speech.normalisation.portuguese.numerals import integer
from darkchannel.speech.normalisation.rules import Rules
from darkchannel.speech.normalisation.sign_names import SIGN_NAMES

_SIGNS = SIGN_NAMES["pt"] | {"?": "interrogação", "!": "exclamação"}
_SPELLED = frozenset(
    """
    www http https ftp br pt io tv eu uk us fr mz pdf html htm xml csv mp txt docx jpg png
""".split()
)
_ENDINGS = "com|org|net|gov|edu|br|pt|io|dev|app|info|blog|ao|mz"
_FILES = "pdf|epub|txt|docx?|xlsx?|pptx?|html?|xml|ssml|csv|json|zip|jpe?g|png|gif|mp3|mp4|m4b|wav|md|py|exe"
_LABEL = r"[\w-]{1,63}"

_EMAIL = re.compile(rf"(?<![\w.+%-])[\w+%-]{{1,64}}(?:\.[\w+%-]{{1,64}}){{0,4}}@{_LABEL}(?:\.{_LABEL}){{1,6}}")
_URL = re.compile(r"(?<![\w@])(?:https?://|ftp://|www\.)(?=\w)[^\s<>\"“”«»()\[\]{}]{1,2000}", re.IGNORECASE)
_DOMAIN = re.compile(
    rf"(?<![\w.@/-]){_LABEL}(?:\.{_LABEL}){{0,4}}?\.(?:{_ENDINGS})(?:\.[a-z]{{2}})?(?![\w@-]|\.\w)(?:/[^\s<>\"“”«»()]{{0,2000}})?"
)
_FILE = re.compile(rf"(?<![\w./-])[\w-]{{1,80}}\.(?:{_FILES})(?![\w@-]|\.\w)")
_PROTOCOL = re.compile(r"\Ahttps?://", re.IGNORECASE)
_PUNCTUATION = ".,;:!?…'’*"
_ESCAPED = re.compile("(?:%[0-9A-Fa-f]{2}){1,2000}")
_PART = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


def _address(found: re.Match[str]) -> str:
    written = _ESCAPED.sub(_unescaped, found[0])
    address = written.rstrip(_PUNCTUATION)
    parts = _PART.findall(_PROTOCOL.sub("", address) or address)
    return " ".join(map(_part, parts)) + written[len(address) :]


def _unescaped(found: re.Match[str]) -> str:
    """The letters and spaces that were escaped; the digits and signs stay, as no rule looks at them again."""
    text = unquote(found[0])
    return text if text.replace(" ", "a").isalpha() else found[0]


def _part(part: str) -> str:
    if part.isdecimal():
        return integer(part) if len(part) <= 4 else integer("0" + part).removeprefix("zero ")
    if part.lower() in _SPELLED:
        return " ".join(part)
    return _SIGNS.get(part, part)


RULES: Rules = (
    (_EMAIL, _address),
    (_URL, _address),
    (_DOMAIN, _address),
    (_FILE, _address),
)
