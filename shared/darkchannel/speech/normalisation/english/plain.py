"""Numbers that nothing names: ordinals, ranges, versions, and what is left over."""

import re

from darkchannel.speech.normalisation.english import numerals
from darkchannel.speech.normalisation.english.numerals import NUMBER, SPACE, START
from darkchannel.speech.normalisation.numbers import ordinal
from darkchannel.speech.normalisation.rules import Rules, compiled

_EQUATED = rf"{NUMBER}(?:{SPACE}?[-−–+x×/]{SPACE}?{NUMBER}){{0,4}}{SPACE}?="
_NAME_BEFORE = re.compile(rf"[A-Z][a-z]+{SPACE}\Z")


def _by(found: re.Match[str]) -> str:
    return f"{numerals.read(found[1])} by "


def _place(found: re.Match[str]) -> str:
    return ordinal(found[1].replace(",", ""), "en")


def _range(found: re.Match[str]) -> str:
    return f"{numerals.read(found[1])} to {found[2]}"


def _version(found: re.Match[str]) -> str:
    return " point ".join(map(numerals.read, found[0].split(".")))


def _number(found: re.Match[str]) -> str:
    # "A-four": apart, the letter sounds as if it were the article.
    after_a = found.string[max(0, found.start() - 1) : found.start()] == "A"
    return "-" * after_a + numerals.read(found[0])


def _ratio(found: re.Match[str]) -> str:
    """Three to one; but a verse of a book: John three sixteen."""
    is_verse = _NAME_BEFORE.search(found.string[max(0, found.start() - 20) : found.start()])
    return f"{numerals.read(found[1])} {'' if is_verse else 'to '}"


EQUATIONS: Rules = compiled(
    (rf"(?<=\d){SPACE}?[-−–]{SPACE}?(?={_EQUATED})", " minus "),
    (rf"(?<=\d){SPACE}?/{SPACE}?(?={_EQUATED})", " divided by "),
    (rf"(?<=\d){SPACE}?[x×]{SPACE}?(?={_EQUATED})", " times "),
)
BY: Rules = compiled((rf"(?:{START}|(?<=\d[x×]))({NUMBER})(?:{SPACE}?x{SPACE}?|×)(?=[\d.])", _by))
PLACES: Rules = compiled(
    (r"(?<![\w.,])(\d{1,3}(?:,\d{3}){1,9}|\d{1,30})(?:st|nd|rd|th|ST|ND|RD|TH)(?!\w)", _place),
    (r"(?<![\w.,/⁄])\d++(?:\.\d++){2,}+", _version),
    (r"(?<![\w.:/])(\d{1,3}):(?=\d{1,3}(?![\d:]))", _ratio),
    (rf"(?<![\d.,/⁄-])({NUMBER})(?:[-–]|{SPACE}–{SPACE})({NUMBER})(?![\w-])", _range),
)
RULES: Rules = compiled(
    (rf"(?<=\d)x(?={SPACE}[a-z]{{2}})", " times"),
    (rf"[~≈]{SPACE}?(?=\d)", "about "),
    (r"(?<![\w.,)\]])[-−](?=\.?\d)|−(?=\d)", "minus "),
    (r"(?<=[^\W\d_])-(?=\d)", " "),
    (NUMBER, _number),
)
