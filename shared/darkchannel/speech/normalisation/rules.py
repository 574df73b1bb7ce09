"""Rules that write text out: patterns, each with a function that gives the words for what it found."""

import re
from collections.abc import Callable, Iterable
from functools import partial

_WORD_BEFORE = re.compile(r"([^\W\d_]{1,30})\s{1,2}\Z")

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]
"""The function gives None where the pattern fits but the text is something else, which then stays."""
Rules = tuple[Rule, ...]


def applied(rules: Iterable[Rule], text: str) -> str:
    """The text after each rule in turn; the words stand apart from letters and digits that touched what was found."""
    for pattern, words in rules:
        text = pattern.sub(partial(_put, words), text)
    return text


def _put(words: Callable[[re.Match[str]], str | None], found: re.Match[str]) -> str:
    put = words(found)
    if put is None:
        return found[0]
    before = found.string[max(0, found.start() - 1) : found.start()]
    after = found.string[found.end() : found.end() + 1]
    if not put and before.isalnum() and after.isalnum():
        return " " * (before.isdigit() or after.isdigit())  # 2*3 is not 23
    return " " * (before.isalnum() and put[:1].isalnum()) + put + " " * (after.isalnum() and put[-1:].isalnum())


def word_before(found: re.Match[str]) -> str:
    """The word that stands before what was found, in lower case; empty where there is none."""
    word = _WORD_BEFORE.search(found.string, max(0, found.start() - 32), found.start())
    return word[1].lower() if word else ""


def table(rows: str) -> dict[str, str]:
    """What each key stands for, written ``key=words;`` or, where keys stand for the same, ``key|key=words;``."""
    pairs = (" ".join(row.split()).split("=") for row in rows.split(";"))
    return {key: words for keys, words in pairs for key in keys.split("|")}


def either(keys: Iterable[str]) -> str:
    """A pattern for any of these, the longest that fits."""
    return "|".join(map(re.escape, sorted(keys, key=len, reverse=True)))


def compiled(*rows: tuple[str, str | Callable[[re.Match[str]], str | None]]) -> Rules:
    """Rules of patterns and what they put: always the same, or what the function gives."""
    return tuple(
        (re.compile(pattern), partial(_same, words) if isinstance(words, str) else words) for pattern, words in rows
    )


def _same(words: str, _found: re.Match[str]) -> str:
    return words
