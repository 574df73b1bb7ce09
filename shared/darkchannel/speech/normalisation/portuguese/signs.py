"""Signs that mean a word, and decoration that nobody reads."""

import re

from darkchannel.speech.normalisation.rules import Rules

_RULE = re.compile(r"(?:[*_~#•=|·●▪◦■□◆◇★☆►▶✦❖-]\s?){3,}")
"""A line across the page, or stars between scenes."""

_ABOUT = re.compile(r"~\s?(?=\d|R\$)")
_TO = re.compile(r"(?<=\d)\s?~\s?(?=\d)")
_TIMES = re.compile(r"(?<=\d)\s?(?:\*\s?(?=\d)|[x×·]\s?(?=10\^))")
_POWER = re.compile(r"(?<=[\w)])\^([-−]?)(?=[\w(])")
_MORE_OR_LESS = re.compile(r"\+/?-\s?(?=\d)")
_ARROW = re.compile(r"<?[-=]{1,2}>(?!\s?\d)|<-{1,2}(?!\d)")
# Elsewhere they are brackets: <<so>>, <b>.
_COMPARED = re.compile(
    r"(?<=[\w)])\s([<>]=?)\s(?=[\w(√-])|(?<=[\d)])([<>]=?)(?=[\w(])|(?<![\w</][a-z])(?<=[\w)])([<>]=?)(?=\d)"
    r"|(?<![^\s(\[])([<>]=?)\s?(?=\d)"
)
_COMPARISONS = {"<": "menor que", ">": "maior que", "<=": "menor ou igual a", ">=": "maior ou igual a"}
_BETWEEN_WORDS = re.compile(r"(?<=\w)[_|](?=[^\W_])")
_SILENT = re.compile(r"[*_`|•●▪◦■□◆◇★☆►▶✦❖™®¶\\^{}<>→←↑↓⇒~]+|(?<!\w)#{1,6}(?=\s)")
_WORDS = {
    "R$": "reais",
    "US$": "dólares",
    "km/h": "quilômetros por hora",
    "km²": "quilômetros quadrados",
    "cm²": "centímetros quadrados",
    "m²": "metros quadrados",
    "m³": "metros cúbicos",
    "c/c": "combinado com",
    "s/nº": "sem número",
    "s/n": "sem número",
    "s/d": "sem data",
    "a/c": "aos cuidados",
    "c/": "com",
    "s/": "sem",
    "p/": "para",
    "§§": "parágrafos",
    "&": "e",
    "=": "igual a",
    "≠": "diferente de",
    "≈": "aproximadamente",
    "≤": "menor ou igual a",
    "≥": "maior ou igual a",
    "÷": "dividido por",
    "±": "mais ou menos",
    "+": "mais",
    "×": "vezes",
    "%": "por cento",
    "‰": "por mil",
    "°": "graus",
    "℃": "graus Celsius",
    "§": "parágrafo",
    "#": "cerquilha",
    "@": "arroba",
    "$": "cifrão",
    "€": "euros",
    "£": "libras",
    "¥": "ienes",
    "©": "copyright",
    "√": "raiz de",
    "∞": "infinito",
    "Ω": "ohms",
    "²": "ao quadrado",
    "³": "ao cubo",
    "⁄": "barra",
}


def _pattern(sign: str) -> str:
    """The first character comes first, so that only places where one of these stands are tried."""
    if not sign[0].isalpha():
        return re.escape(sign)
    after = r"\s?(?=[a-zà-ÿ])" if sign[-1] == "/" else r"(?!\w)"
    return rf"{sign[0]}(?<!\w{sign[0]}){re.escape(sign[1:])}{after}"


_SIGN = re.compile("|".join(map(_pattern, _WORDS)))
_SLASH = re.compile(r"(?<=\w)/(?=\w)")
_LONE_SLASH = re.compile(r"(?:\s/{1,2}\s)|/{1,2}(?=\s|\Z)")


def _sign(found: re.Match[str]) -> str:
    after = found.string[found.end() : found.end() + 1]
    return _WORDS[found[0].strip()] + (" " if after and (after in _WORDS or found[0].strip().endswith("/")) else "")


def _compared(found: re.Match[str]) -> str:
    return f" {_COMPARISONS[next(filter(None, found.groups()))]} "


def _slash(found: re.Match[str]) -> str:
    """Between words it is not read: e/ou."""
    text, place = found.string, found.start()
    return " barra " if text[place - 1].isdigit() or text[place + 1].isdigit() else " "


_NOTE = re.compile(r"(?<=[^\W\d_]{3})[²³]")

COMPARISONS: Rules = ((_ARROW, lambda _: " "), (_COMPARED, _compared))
DECORATION: Rules = (
    (_RULE, lambda _: " "),
    (_TO, lambda _: " a "),
    (_ABOUT, lambda _: "cerca de "),
    (_TIMES, lambda _: " vezes "),
    (_POWER, lambda found: " elevado a " + "menos " * bool(found[1])),
    (_MORE_OR_LESS, lambda _: "mais ou menos "),
    (_BETWEEN_WORDS, lambda _: " "),
    (_SILENT, lambda _: ""),
    (_NOTE, lambda found: " dois" if found[0] == "²" else " três"),
)
RULES: Rules = (
    (_SIGN, _sign),
    (_LONE_SLASH, lambda _: ", "),
    (_SLASH, _slash),
)
