"""Rules that write text out: patterns, each with a function that gives the words for what it found."""

import re
from collections.abc import Callable, Iterable
from functools import partial

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]
"""The function gives None where the pattern fits but the text is something else, which then stays."""


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
    return " " * (before.isalnum() and put[:1].isalnum()) + put + " " * (after.isalnum() and put[-1:].isalnum())


def listed(words: str) -> list[str]:
    """A table of words that stand between white space."""
    return words.split()
