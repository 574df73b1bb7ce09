"""Telephones and codes, bare numbers and signs."""

import re
from collections.abc import Callable
from functools import partial

from darkchannel.speech.normalisation.english import figures
from darkchannel.speech.normalisation.english.patterns import NUMBER, SPACE, START
from darkchannel.speech.normalisation.numbers import ordinal, spelled
from darkchannel.speech.normalisation.rules import Rule

SIGNS = {
    "&": "and", "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "±": "plus or minus", "≤": "at most",
    "≥": "at least", "≠": "is not equal to", "≈": "about", "@": "at",
    "©": "copyright", "∞": "infinity", "%": "percent", "‰": "per mille", "²": "squared", "³": "cubed",
    "√": "square root of",
    "°": "degrees", "$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "¢": "cent", "§": "section",
}  # fmt: skip
"""What is said for a sign wherever it is left."""

_EQUATED = rf"{NUMBER}(?:{SPACE}?[-−–+x×/]{SPACE}?{NUMBER}){{0,4}}{SPACE}?="
_NAME_BEFORE = re.compile(rf"[A-Z][a-z]+{SPACE}\Z")


def _in_groups(found: re.Match[str]) -> str:
    """Digit by digit, with a pause where the groups part."""
    groups = re.findall(r"\d+", found[0])
    return "plus " * found[0].startswith("+") + ", ".join(spelled(group, "en") for group in groups)


def _code(found: re.Match[str]) -> str:
    words = ", ".join(spelled(group, "en") for group in re.findall(r"\d+", found[2]))
    return found[1] + words + ", X" * found[2].endswith("X")


def _by(found: re.Match[str]) -> str:
    return f"{figures.number(found[1])} by "


def _place(found: re.Match[str]) -> str:
    return ordinal(found[1].replace(",", ""), "en")


def _range(found: re.Match[str]) -> str:
    return f"{figures.number(found[1])} to {found[2]}"


def _version(found: re.Match[str]) -> str:
    return " point ".join(map(figures.number, found[0].split(".")))


def _number(found: re.Match[str]) -> str:
    # "A-four": apart, the letter sounds as if it were the article.
    after_a = found.string[max(0, found.start() - 1) : found.start()] == "A"
    return "-" * after_a + figures.number(found[0])


def _signs(found: re.Match[str]) -> str:
    return " ".join(SIGNS[sign] for sign in found[0])


def _ratio(found: re.Match[str]) -> str:
    """Three to one; but a verse of a book: John three sixteen."""
    is_verse = _NAME_BEFORE.search(found.string[max(0, found.start() - 20) : found.start()])
    return f"{figures.number(found[1])} {'' if is_verse else 'to '}"


def _word(word: str, _found: re.Match[str]) -> str:
    return word


def _rules(*rows: tuple[str, str | Callable[[re.Match[str]], str]]) -> list[Rule]:
    return [(re.compile(pattern), partial(_word, said) if isinstance(said, str) else said) for pattern, said in rows]


DECORATION = _rules(
    (rf"(?<=\d){SPACE}?(?:\*{SPACE}?(?=\d)|[x×·]{SPACE}?(?=10\^))", " times "),
    (r"(?<=[\w)])\^[-−](?=[\w(])", " to the power of minus "),
    (r"(?<=[\w)])\^(?=[\w(])", " to the power of "),
    (r"\+/?-(?=\s?\d)", "±"),
    (rf"<?[-=]{{1,2}}>(?!{SPACE}?\d)|<-{{1,2}}(?!\d)|[|→←↑↓⇒{{}}\\`]+", " "),
    (r"(?m)^[ \t]*(?:[-=_*~#•|][ \t]?){3,}+$", ""),
    (r"(?m)^[ \t]*[•▪◦‣][ \t]*", ""),
    (r"(?<=\w)_(?=\w)", " "),
    (r"-{2,}", "—"),
    (r"[*_~]{2,}+|(?<![\w*_])[_*](?=\w)|(?<=[\w.,!?;:])[_*](?![\w*_])|[™®]", ""),
)
EQUATIONS = _rules(
    (rf"(?<=\d){SPACE}?[-−–]{SPACE}?(?={_EQUATED})", " minus "),
    (rf"(?<=\d){SPACE}?/{SPACE}?(?={_EQUATED})", " divided by "),
    (rf"(?<=\d){SPACE}?[x×]{SPACE}?(?={_EQUATED})", " times "),
)
TELEPHONES = _rules(
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
BY = _rules((rf"(?:{START}|(?<=\d[x×]))({NUMBER})(?:{SPACE}?x{SPACE}?|×)(?=[\d.])", _by))
PLACES = _rules(
    (r"(?<![\w.,])(\d{1,3}(?:,\d{3}){1,9}|\d{1,30})(?:st|nd|rd|th|ST|ND|RD|TH)(?!\w)", _place),
    (r"(?<![\w.,/⁄])\d++(?:\.\d++){2,}+", _version),
    (r"(?<![\w.:/])(\d{1,3}):(?=\d{1,3}(?![\d:]))", _ratio),
    (rf"(?<![\d.,/⁄-])({NUMBER})(?:[-–]|{SPACE}–{SPACE})({NUMBER})(?![\w-])", _range),
)
BETWEEN_NUMBERS = _rules(
    (rf"(?<=\d){SPACE}?[/⁄]{SPACE}?(?=\d)", " slash "),
    # Elsewhere they are brackets: <<so>>.
    (r"(?<![^\s\d])<(?=\s?[\d.]|\s[a-z])", "less than"),
    (r"(?<![^\s\d])>(?=\s?[\d.]|\s[a-z])", "greater than"),
    (r"(?<=\w)[<>]+(?=\w)", " "),
    (r"[<>]+", ""),
)
NUMBERS = _rules(
    (rf"(?<=\d)x(?={SPACE}[a-z]{{2}})", " times"),
    (rf"[~≈]{SPACE}?(?=\d)", "about "),
    (r"(?<![\w.,)\]])[-−](?=\.?\d)|−(?=\d)", "minus "),
    (r"(?<=[^\W\d_])-(?=\d)", " "),
    (NUMBER, _number),
)
LEFT = _rules(
    (r"#(?=[^\W\d_])", "hashtag "),
    (r"(?<=[^\W\d_])/(?=[^\W\d_])", " "),
    (f"[{re.escape(''.join(SIGNS))}]+", _signs),
)
