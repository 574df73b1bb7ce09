"""Signs that mean a word, and decoration that nobody reads."""

import re

from darkchannel.speech.normalisation.english.numerals import SPACE
from darkchannel.speech.normalisation.rules import Rules, compiled

SIGNS = {
    "&": "and", "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "±": "plus or minus", "≤": "at most",
    "≥": "at least", "≠": "is not equal to", "≈": "about", "@": "at",
    "©": "copyright", "∞": "infinity", "%": "percent", "‰": "per mille", "²": "squared", "³": "cubed",
    "√": "square root of",
    "°": "degrees", "$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "¢": "cent", "§": "section",
}  # fmt: skip
"""What is said for a sign wherever it is left."""


def _signs(found: re.Match[str]) -> str:
    return " ".join(SIGNS[sign] for sign in found[0])


DECORATION: Rules = compiled(
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
BETWEEN_NUMBERS: Rules = compiled(
    (rf"(?<=\d){SPACE}?[/⁄]{SPACE}?(?=\d)", " slash "),
    # Elsewhere they are brackets: <<so>>.
    (r"(?<![^\s\d])<(?=\s?[\d.]|\s[a-z])", "less than"),
    (r"(?<![^\s\d])>(?=\s?[\d.]|\s[a-z])", "greater than"),
    (r"(?<=\w)[<>]+(?=\w)", " "),
    (r"[<>]+", ""),
)
RULES: Rules = compiled(
    (r"#(?=[^\W\d_])", "hashtag "),
    (r"(?<=[^\W\d_])/(?=[^\W\d_])", " "),
    (f"[{re.escape(''.join(SIGNS))}]+", _signs),
)
