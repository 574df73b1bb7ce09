"""Words as espeak-ng's markup has them: each spoken whole, none read as anything else."""

import math
import re
from collections.abc import Iterator
from unicodedata import category
from xml.sax.saxutils import escape

from darkchannel.speech.characters import clean
from darkchannel.speech.prosody import ORDINARY, Manner

MAX_WORD_BYTES = 120
"""espeak-ng drops what follows the first 160 bytes of a word, such as a sentence of Thai or Japanese is."""

MELODY = 0.23
"""Of the pitch that is heard, against the base of the voice."""

_LONG_WORD = re.compile(rf"\S{{{MAX_WORD_BYTES // 4},}}")
_WITHIN_LETTERS = frozenset({"Mn", "Mc", "Me", "Cf"})
_PRIVATE = re.compile("[\ue000-\uf8ff]")  # signs of espeak-ng's own, and nobody's sound
_BRACKETS = re.compile(r"\[{2,}|\]{2,}")


def written(text: str) -> str:
    """Words as they stand in XML, none too long, and no brackets that would be read as phonemes."""
    text = _BRACKETS.sub(lambda run: run[0][0], _PRIVATE.sub(" ", clean(text)))
    return escape(_LONG_WORD.sub(lambda word: " ".join(_slices(word[0])), text))


def _slices(word: str) -> Iterator[str]:
    """A long word in pieces that are spoken whole; no letter loses its marks."""
    piece, size = "", 0
    for character in word:
        length = len(character.encode(errors="replace"))
        if size + length > MAX_WORD_BYTES and category(character) not in _WITHIN_LETTERS:
            yield piece
            piece, size = "", 0
        piece += character
        size += length
    yield piece


def in_manner(ssml: str, manner: Manner) -> str:
    """What ``written`` made, in one ``<prosody>`` where it is to be heard otherwise than usual."""
    if manner == ORDINARY:
        return ssml
    # espeak-ng adds the pitch of the melody, a fifth of the whole, to the base that its figure from 0 to 99 moves by
    # two octaves: measured on the voices pt-br, en-us and pt-br+f3.
    base = manner.pitch * (1 + MELODY) - MELODY
    pitch = min(max(round(50 + 50 * math.log2(max(base, 0.5))), 0), 99)
    attributes = (
        f'rate="{round(100 * manner.rate)}%" pitch="{pitch}" range="{round(50 * manner.pitch)}"'
        f' volume="{round(100 * 10 ** (manner.volume / 20))}"'
    )
    return f"<prosody {attributes}>{ssml}</prosody>"
