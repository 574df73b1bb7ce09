"""What punctuation and other signs are called where they are named one by one."""

from collections.abc import Mapping

from darkchannel.speech.normalisation.numbers import Language

SIGN_NAMES: Mapping[Language, dict[str, str]] = {
    "pt": {
        ".": "ponto", ",": "vírgula", ";": "ponto e vírgula", ":": "dois-pontos", "!": "ponto de exclamação",
        "?": "ponto de interrogação", "@": "arroba", "-": "hífen", "–": "travessão", "—": "travessão",
        "_": "sublinhado", "/": "barra", "\\": "barra invertida", "#": "cerquilha", "&": "e comercial",
        "*": "asterisco", "+": "mais", "=": "igual", "%": "por cento", "$": "cifrão", "(": "abre parênteses",
        ")": "fecha parênteses", "[": "abre colchetes", "]": "fecha colchetes", "{": "abre chaves",
        "}": "fecha chaves", "'": "apóstrofo", "’": "apóstrofo", '"': "aspas", "“": "abre aspas", "”": "fecha aspas",
        "<": "menor que", ">": "maior que", "|": "barra vertical", "~": "til", "^": "circunflexo", "`": "acento grave",
        "°": "grau", "§": "parágrafo", "€": "euro", "£": "libra", "º": "o ordinal", "ª": "a ordinal",
    },
    "en": {
        ".": "dot", ",": "comma", ";": "semicolon", ":": "colon", "!": "exclamation mark", "?": "question mark",
        "@": "at", "-": "hyphen", "–": "dash", "—": "dash", "_": "underscore", "/": "slash", "\\": "backslash",
        "#": "hash", "&": "ampersand", "*": "asterisk", "+": "plus", "=": "equals", "%": "percent", "$": "dollar",
        "(": "open parenthesis", ")": "close parenthesis", "[": "open bracket", "]": "close bracket",
        "{": "open brace", "}": "close brace", "'": "apostrophe", "’": "apostrophe", '"': "quote",
        "“": "open quote", "”": "close quote", "<": "less than", ">": "greater than", "|": "vertical bar",
        "~": "tilde", "^": "caret", "`": "backtick", "°": "degree", "§": "section", "€": "euro", "£": "pound",
    },
}  # fmt: skip
