"""Addresses of the internet as English says them."""

import re

from darkchannel.speech.normalisation.numbers import cardinal, spelled
from darkchannel.speech.normalisation.rules import Rules
from darkchannel.speech.normalisation.sign_names import SIGN_NAMES

_LABEL = r"[^\W_](?:[\w-]*+)"
_EMAIL = re.compile(rf"(?<![\w.+@-])[\w.+-]{{1,64}}+@{_LABEL}(?:\.{_LABEL})++")
_ENDINGS = "com|org|net|gov|edu|info|app|site|co|io|dev|br|co.uk"
"""After which a name without a protocol is one of the internet; of others many are words: live, news."""
_COUNTRIES = frozenset("br uk us pt au ca de fr es it jp nz ie in io tv me ai eu mx ar ch nl se".split())
"""Endings that are spelled."""
_URL = re.compile(
    rf"(?<![\w@./-])(?:(?:(?:https?|ftp)://|www\.)[^\s<>\"“”]++"
    rf"|(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*+)\.){{1,6}}(?:{_ENDINGS})(?![\w@-]|\.\w)(?:/[^\s<>\"“”]*+)?)"
)
_FILE = re.compile(
    r"(?<![\w@./-])[\w-]{1,80}+\.(?:txt|pdf|epub|docx?|xlsx?|pptx?|csv|json|xml|html?|mp3|mp4|wav|jpe?g|png|gif|zip|md|py|js|exe)(?![\w-])"
)
_TRAILING = re.compile(r"[.,;:!?'’)\]}»*…]+\Z")
_PART = re.compile(r"[^\W\d_]+|\d+|\S")
_SIGNS = SIGN_NAMES["en"] | {"-": "dash", "&": "and"}
_SPELLED = re.compile("www|http|https|ftp|html|htm|txt|pdf|docx|doc|xlsx|xls|csv|json|xml|mp|png|jpg|jpeg|md|py|js|php")


def _address(found: re.Match[str]) -> str:
    """Ana at example dot com; w w w dot example dot org slash books."""
    whole = found[0]
    tail = _TRAILING.search(whole)
    if tail and ")" in tail[0] and "(" in whole:
        tail = None
    end = tail.start() if tail else len(whole)
    parts = _PART.findall(whole[:end].removeprefix("https://").removeprefix("http://") or whole[:end])
    return (
        " ".join(_said(part, is_ending=before == ".") for before, part in zip(["", *parts], parts, strict=False))
        + whole[end:]
    )


def _said(part: str, *, is_ending: bool) -> str:
    if part in _SIGNS:
        return _SIGNS[part]
    if part.isdecimal():
        return spelled(part, "en") if part.startswith("0") or len(part) > 4 else cardinal(part, "en")
    lower = part.lower()
    if _SPELLED.fullmatch(lower) or (is_ending and lower in _COUNTRIES):
        return " ".join(part)
    return part


RULES: Rules = tuple((pattern, _address) for pattern in (_EMAIL, _URL, _FILE))
