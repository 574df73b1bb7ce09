"""How long a text takes to speak, from its own words: what tells a chunk that was cut short from a whole one.

A low figure, not a mean one. In Portuguese and English numbers, dates and abbreviations count as the words that are
said for them. What takes longer than its letters otherwise, such as digits in other languages and scripts that are
spoken by the syllable, is counted with little more than them; breaks, punctuation, marks and emoji count nothing;
what is asked to be slow counts as ordinary, since not every engine slows down. The figures were measured with
espeak-ng in 40 languages; ``tests/unit/test_expected.py`` repeats the telling ones.
"""

import re
from collections.abc import Iterator
from unicodedata import category, east_asian_width, normalize

from darkchannel.errors import Refused
from darkchannel.speech.characters import clean
from darkchannel.speech.parse import parse
from darkchannel.speech.prosody import ORDINARY, Manner
from darkchannel.speech.rendering import DEFAULT_LANGUAGE, language_of, rendered
from darkchannel.speech.ssml import Node, spoken

LETTERS_A_SECOND = 13.0
"""While it sounds, pauses left out: prose has 14 in Portuguese and English, 16 in Russian."""
FRENCH_LETTERS_A_SECOND = 19.0
"""A third of the letters of French are silent."""
MAX_LETTERS_A_WORD = 50
"""espeak-ng speaks the first 160 bytes of a word, and nobody more of a blob of digits."""
UNHEARD = frozenset("hH")
"""Silent, or one sound with the letter before it, in most that is written in Latin letters."""
HUSHED = -20.0
"""Decibels at and below which next to nothing is to be heard."""

_FRENCH = re.compile(r"fr(?![a-z])", re.IGNORECASE)
_WITHIN_WORDS = frozenset({"Mn", "Mc", "Me", "Cf"})


def expected_seconds(ssml: str) -> float:
    """Seconds of sound, pauses left out, that this segment takes at an ordinary pace.

    0 exactly where it has no letter and no digit to speak aloud, once it is written out in words. Raises Refused where
    it is no SSML.
    """
    return _seconds(rendered(ssml), DEFAULT_LANGUAGE, ORDINARY)


def excerpt(ssml: str, characters: int = 80) -> str:
    """The first words of a segment on one line, for a message; no longer than ``characters``, with … where cut.

    Of a segment that is no SSML, the first words as they stand.
    """
    try:
        text = spoken(parse(ssml.encode(errors="replace")))
    except Refused:
        text = clean(ssml)
    line = " ".join(text.split())
    if len(line) <= characters:
        return line
    words = line[:characters].rpartition(" ")[0]
    # A text without spaces is cut anywhere.
    return (words if len(words) > characters // 2 else line[: characters - 1]) + "…"


def _seconds(node: Node, language: str, around: Manner) -> float:
    """``language`` and manner are those around the node; what is slow counts as ordinary, what is hushed not at all."""
    if isinstance(node, str):
        pace = FRENCH_LETTERS_A_SECOND if _FRENCH.match(language) else LETTERS_A_SECOND
        return _letters(node) / (pace * max(1.0, around.rate)) if around.volume > HUSHED else 0.0
    language, manner = language_of(node, language), around.of(node)
    return sum(_seconds(child, language, manner) for child in node.children)


def _letters(text: str) -> int:
    """How many letters a text counts as."""
    return sum(map(_letters_of, _words(normalize("NFC", text))))


def _words(text: str) -> Iterator[str]:
    """The letters and digits of each word, those that follow themselves once."""
    word: list[str] = []
    before = ""
    for character in text:
        if character.isalnum() and category(character) != "No":  # circled numbers and fractions: few voices know them
            if character != before:
                word.append(character)
        elif word and character not in "'’" and category(character) not in _WITHIN_WORDS:
            yield "".join(word)
            word = []
        before = character
    if word:
        yield "".join(word)


def _letters_of(word: str) -> int:
    letters = sum(2 if east_asian_width(letter) == "W" else letter not in UNHEARD for letter in word)
    return max(1, min(letters, MAX_LETTERS_A_WORD))
