"""E-mail addresses, web addresses and names of files."""

import re
from urllib.parse import unquote

from darkchannel.speech.normalisation.portuguese.amounts import integer
from darkchannel.speech.normalisation.rules import Rule, listed

_SIGNS = {
    ".": "ponto",
    "@": "arroba",
    "/": "barra",
    "-": "hífen",
    "_": "sublinhado",
    ":": "dois pontos",
    "?": "interrogação",
    "&": "e comercial",
    "=": "igual",
    "#": "cerquilha",
    "%": "por cento",
    "+": "mais",
    "~": "til",
    ",": "vírgula",
    ";": "ponto e vírgula",
    "!": "exclamação",
    "*": "asterisco",
    "$": "cifrão",
}
_SPELLED = frozenset(
    listed("""
    www http https ftp br pt io tv eu uk us fr mz pdf html htm xml csv mp txt docx jpg png
""")
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
_PART = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


def _address(found: re.Match[str]) -> str:
    written = unquote(found[0])
    address = written.rstrip(_PUNCTUATION)
    parts = _PART.findall(_PROTOCOL.sub("", address) or address)
    return " ".join(map(_part, parts)) + written[len(address) :]


def _part(part: str) -> str:
    if part.isdigit():
        return integer(part) if len(part) <= 4 else integer("0" + part).removeprefix("zero ")
    if part.lower() in _SPELLED:
        return " ".join(part)
    return _SIGNS.get(part, part)


RULES: tuple[Rule, ...] = (
    (_EMAIL, _address),
    (_URL, _address),
    (_DOMAIN, _address),
    (_FILE, _address),
)
