"""IPA in the mnemonics of espeak-ng's Portuguese and English voices.

The mnemonics were read off espeak-ng 1.52, which says with ``--ipa`` and ``-x`` what it makes of a word:
https://github.com/espeak-ng/espeak-ng/blob/master/docs/phonemes.md
"""

import re
from collections.abc import Mapping
from unicodedata import normalize

_CONSONANTS = {
    "p": "p", "b": "b", "t": "t", "d": "d", "k": "k", "ɡ": "g", "g": "g", "f": "f", "v": "v", "s": "s", "z": "z",
    "ʃ": "S", "ʒ": "Z", "m": "m", "n": "n", "ŋ": "N", "l": "l", "ɫ": "l", "j": "j", "w": "w", "h": "h",
    "tʃ": "tS", "dʒ": "dZ",
}  # fmt: skip
TABLES: Mapping[str, Mapping[str, str]] = {
    "pt": _CONSONANTS | {
        "ɲ": "n^", "ʎ": "l^", "ɾ": "*", "r": "R", "ʁ": "x", "x": "x", "χ": "x", "ɦ": "x", "ɣ": "x", "ɹ": "*", "ɻ": "*",
        "a": "a", "ɐ": "&", "æ": "&", "ɑ": "a", "e": "e", "ɛ": "E", "i": "i", "ɪ": "y", "o": "o", "ɔ": "O", "u": "u",
        "ʊ": "U", "ə": "@-", "ɐ̃": "&~", "ã": "&~", "ẽ": "e~", "ĩ": "i~", "õ": "o~", "ũ": "u~", "w̃": "w", "j̃": "j",
        "aʊ": "aU", "aw": "aU", "eɪ": "eI", "ej": "eI", "oɪ": "oI", "oj": "oI", "iw": "iU", "ew": "eU",
    },
    "en": _CONSONANTS | {
        "θ": "T", "ð": "D", "ɹ": "r", "r": "r", "ʔ": "?", "ɾ": "t#",
        "æ": "a", "a": "a", "ɑ": "A:", "ɒ": "0", "ɔ": "O:", "ə": "@", "ɐ": "a#", "ɚ": "3", "ɜ": "3:", "ɝ": "3:",
        "ɪ": "I", "i": "i:", "ʊ": "U", "u": "u:", "ʌ": "V", "ɛ": "E", "e": "E", "o": "oU",
        "eɪ": "eI", "aɪ": "aI", "ɔɪ": "OI", "oʊ": "oU", "əʊ": "oU", "aʊ": "aU", "ɪə": "i@3", "eə": "e@", "ɛə": "e@",
        "ʊə": "U@",
    },
}  # fmt: skip
MAX_PHONEMES = 40
"""Of a word: espeak-ng crashes at some 200."""
_SIGN = re.compile(r".[\u0300-\u036f]*", re.DOTALL)
"""A letter with the marks on it."""
_STRESSES = {"ˈ": "'", "ˌ": ",", "'": "'"}
_UNHEARD = str.maketrans("", "", "\u0361\u035c\u032f\u0329ː.‿ʰ|/[]")
"""Ties, syllable signs, aspiration, and length: in Portuguese it says nothing, the vowels of English imply it."""
_VOWELS = frozenset("aeiouAEIOUV@&03y")


def mnemonics(ipa: str, language: str) -> list[str]:
    """The mnemonics of each word of a pronunciation in IPA; none where the language or a sign in it is unknown here.

    ``language`` is a BCP 47 tag.
    """
    table = {normalize("NFD", sign): mnemonic for sign, mnemonic in TABLES.get(_primary(language), {}).items()}
    words = [_word(word, table) for word in normalize("NFD", ipa).translate(_UNHEARD).split()]
    if not all(words):
        return []
    return ["|".join(word[at : at + MAX_PHONEMES]) for word in words for at in range(0, len(word), MAX_PHONEMES)]


def _word(ipa: str, table: Mapping[str, str]) -> list[str]:
    """espeak-ng wants the stress right before the vowel, IPA before the syllable."""
    signs = _SIGN.findall(ipa)
    found: list[str] = []
    stress = ""
    at = 0
    while at < len(signs):
        if signs[at] in _STRESSES:
            stress = _STRESSES[signs[at]]
            at += 1
            continue
        size = next((size for size in (2, 1) if "".join(signs[at : at + size]) in table), 0)
        if not size:
            return []
        mnemonic = table["".join(signs[at : at + size])]
        if mnemonic[0] in _VOWELS:
            mnemonic, stress = stress + mnemonic, ""
        found.append(mnemonic)
        at += size
    return found


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()
