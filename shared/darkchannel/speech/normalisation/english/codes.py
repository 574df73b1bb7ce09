"""Digits that are no amount, read one by one in groups: telephones, ISBN and codes of the post."""

import re

from darkchannel.speech.normalisation.english.numerals import SPACE, START
from darkchannel.speech.normalisation.numbers import spelled
from darkchannel.speech.normalisation.rules import Rules, compiled


def _in_groups(found: re.Match[str]) -> str:
    """Digit by digit, with a pause where the groups part."""
    groups = re.findall(r"\d+", found[0])
    return "plus " * found[0].startswith("+") + ", ".join(spelled(group, "en") for group in groups)


def _code(found: re.Match[str]) -> str:
    words = ", ".join(spelled(group, "en") for group in re.findall(r"\d+", found[2]))
    return found[1] + words + ", X" * found[2].endswith("X")


RULES: Rules = compiled(
    (
        rf"{START}(?<!\+)(?:\+?\d{{1,3}}[ .-])?(?:\(\d{{3}}\) ?|\d{{3}}[-.])\d{{3}}[-.]\d{{4}}(?![\w-])",
        _in_groups,
    ),
    (r"(?<![\w+])\+\d{1,3}(?:[ -]\(?\d{1,5}\)?){1,6}(?![\w-])", _in_groups),
    (rf"{START}(?:\d{{3}}-\d{{4}}|\d{{3}}-\d{{2}}-\d{{4}}|\d{{4}}(?:[ -]\d{{4}}){{3}})(?![\w-])", _in_groups),
    (
        rf"\b((?i:ISBN(?:-1[03])?:?|call|dial|phone|ring|dialed|dialled|called|rang|phoned){SPACE})"
        r"(\d{3}|\d[\d-]{8,16}X?)(?![\w-])",
        _code,
    ),
    (rf"\b([A-Z]{{2}}{SPACE})(\d{{5}}(?:-\d{{4}})?)(?![\w-])", _code),
)
