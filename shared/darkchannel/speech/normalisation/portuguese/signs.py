"""Signs that mean a word, and decoration that nobody reads."""

import re

from darkchannel.speech.normalisation.rules import Rule

_RULE = re.compile(r"(?:[*_~#•=|·●▪◦■□◆◇★☆►▶✦❖-]\s?){3,}")
"""A line across the page, or stars between scenes."""

_ABOUT = re.compile(r"~\s?(?=\d|R\$)")
_BETWEEN_WORDS = re.compile(r"(?<=\w)[_|](?=[^\W_])")
_SILENT = re.compile(r"[*_`|•●▪◦■□◆◇★☆►▶✦❖™®\\^{}→←↑↓⇒~]|(?<!\w)#{1,6}(?=\s)")
_WORDS = {
    "R$": "reais",
    "US$": "dólares",
    "km/h": "quilômetros por hora",
    "km²": "quilômetros quadrados",
    "cm²": "centímetros quadrados",
    "m²": "metros quadrados",
    "m³": "metros cúbicos",
    "c/c": "combinado com",
    "s/n": "sem número",
    "c/": "com",
    "s/": "sem",
    "p/": "para",
    "§§": "parágrafos",
    "<=": "menor ou igual a",
    ">=": "maior ou igual a",
    "&": "e",
    "=": "igual a",
    "≠": "diferente de",
    "≈": "aproximadamente",
    "≤": "menor ou igual a",
    "≥": "maior ou igual a",
    "<": "menor que",
    ">": "maior que",
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
_SIGN = re.compile(
    "|".join(
        rf"(?<!\w){re.escape(sign)}(?!\w)" if sign[0].isalpha() and sign[-1] != "/" else
        rf"(?<!\w){re.escape(sign)}\s?(?=[a-zà-ÿ])" if sign[0].isalpha() else re.escape(sign)
        for sign in _WORDS
    )
)  # fmt: skip
_SLASH = re.compile(r"(?<=\w)/(?=\w)")
_LONE_SLASH = re.compile(r"(?:\s/{1,2}\s)|/{1,2}(?=\s|\Z)")


def _sign(found: re.Match[str]) -> str:
    after = found.string[found.end() : found.end() + 1]
    return _WORDS[found[0].strip()] + (" " if after and (after in _WORDS or found[0].strip().endswith("/")) else "")


def _slash(found: re.Match[str]) -> str:
    """Between words it is not read: e/ou."""
    text, place = found.string, found.start()
    return " barra " if text[place - 1].isdigit() or text[place + 1].isdigit() else " "


_NOTE = re.compile(r"(?<=[^\W\d_]{3})[²³]")

DECORATION: tuple[Rule, ...] = (
    (_RULE, lambda _: " "),
    (_ABOUT, lambda _: "cerca de "),
    (_BETWEEN_WORDS, lambda _: " "),
    (_SILENT, lambda _: ""),
    (_NOTE, lambda found: " dois" if found[0] == "²" else " três"),
)
RULES: tuple[Rule, ...] = (
    (_SIGN, _sign),
    (_LONE_SLASH, lambda _: ", "),
    (_SLASH, _slash),
)
