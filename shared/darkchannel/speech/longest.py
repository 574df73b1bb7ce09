"""How long a text may take to speak at most: what tells speech that rambles on, or begins again, from a right one.

A high figure, as ``expected`` has a low one: a voice may be slow, a word be spelt, and a sign be read by its name.
``tests/unit/test_longest.py`` holds it against espeak-ng, whose prose takes a third of it.
"""

import re
from typing import Final
from unicodedata import category, normalize

from darkchannel.speech.prosody import ORDINARY, Manner
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import Node

LETTER: Final = 0.25
"""Seconds of a letter within a word."""
SPELT: Final = 0.7
"""Of one that is read by its name, as "W" is *dáblio*: a capital perhaps, and each in a word without vowels."""
DIGIT: Final = 1.1
"""Finnish has the longest."""
STRANGE: Final = 1.2
"""Of a letter of another script: espeak-ng says which one it is. Loose for whoever reads that script."""
SIGN: Final = 2.5
"""Of a symbol or an emoji."""
STOP: Final = 0.15
"""Of punctuation, which is named where it stands alone."""

_WORD = re.compile(r"[^\W\d_]+")
_VOWELS = re.compile("[aeiouyà-æè-ïò-öù-ýāăąēĕėęěĩīĭįıōŏőœũūŭůűųŷ]", re.IGNORECASE)
_STOPS = frozenset(".,;:!?…-–—'\"’‘“”«»()[]")
_BEYOND = re.compile(r"[^a-zà-öø-ÿ\s]")
"""What may take longer than a letter of a word."""
_LATIN = "\u0250"
"""The first character after the letters of Latin."""


def longest_seconds(ssml: str) -> float:
    """Seconds of sound, pauses left out, that no right speech of this segment exceeds.

    0 where it has nothing to speak aloud. Raises Refused where it is no SSML.
    """
    return _seconds(rendered(ssml), ORDINARY)


def _seconds(node: Node, around: Manner) -> float:
    if isinstance(node, str):
        return _of_text(normalize("NFC", node)) / min(1.0, around.rate)
    manner = around.of(node)
    transcribed = len(node.attributes.get("ph", "")) * LETTER / min(1.0, manner.rate)
    return transcribed + sum(_seconds(child, manner) for child in node.children)


def _of_text(text: str) -> float:
    words = sum(len(word) * (LETTER if _VOWELS.search(word) else SPELT) for word in _WORD.findall(text))
    return words + sum(map(_beyond, _BEYOND.findall(text)))


def _beyond(character: str) -> float:
    """What a character takes besides what it may have as a letter of a word."""
    if character.isalpha():
        return STRANGE if character >= _LATIN else SPELT if character.isupper() else 0.0
    if character.isnumeric():
        return DIGIT
    if character in _STOPS:
        return STOP
    return SIGN if category(character)[0] in "SPC" else 0.0
