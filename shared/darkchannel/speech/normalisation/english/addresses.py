"""Addresses of the internet as English says them."""

import re

from darkchannel.speech.normalisation.english.words import COUNTRIES, ENDINGS
from darkchannel.speech.normalisation.numbers import cardinal, spelled
from darkchannel.speech.normalisation.rules import Rule

_LABEL = r"[^\W_](?:[\w-]*+)"
_EMAIL = re.compile(rf"(?<![\w.+@-])[\w.+-]{{1,64}}+@{_LABEL}(?:\.{_LABEL})++")
_ENDINGS = "|".join(
    sorted(ENDINGS - {"live", "news", "club", "pro", "blog", "shop", "online"} | {"io", "dev", "br", "co.uk"})
)
_URL = re.compile(
    rf"(?<![\w@./-])(?:(?:(?:https?|ftp)://|www\.)[^\s<>\"“”]++"
    rf"|(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*+)\.){{1,6}}(?:{_ENDINGS})(?![\w@-]|\.\w)(?:/[^\s<>\"“”]*+)?)"
)
_FILE = re.compile(
    r"(?<![\w@./-])[\w-]{1,80}+\.(?:txt|pdf|epub|docx?|xlsx?|pptx?|csv|json|xml|html?|mp3|mp4|wav|jpe?g|png|gif|zip|md|py|js|exe)(?![\w-])"
)
_TRAILING = re.compile(r"[.,;:!?'’)\]}»*…]+\Z")
_PART = re.compile(r"[^\W\d_]+|\d+|\S")
_SIGNS = {
    ".": "dot", "/": "slash", ":": "colon", "@": "at", "-": "dash", "_": "underscore", "?": "question mark",
    "=": "equals", "&": "and", "#": "hash", "%": "percent", "+": "plus", "~": "tilde", ",": "comma", ";": "semicolon",
    "!": "exclamation mark",
}  # fmt: skip
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
    if _SPELLED.fullmatch(lower) or (is_ending and lower in COUNTRIES):
        return " ".join(part)
    return part


RULES: list[Rule] = [(pattern, _address) for pattern in (_EMAIL, _URL, _FILE)]
