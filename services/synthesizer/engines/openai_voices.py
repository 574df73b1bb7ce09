"""The voices of a speech server that answers as OpenAI's does, and which of them is to speak a language."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from darkchannel.runtime.engines import Voice
from darkchannel.speech.script import names

OPENAI: Final = "api.openai.com"
OPENAI_VOICES: Final = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer")
"""Those that all its models have; it lists none. https://platform.openai.com/docs/guides/text-to-speech"""
KOKORO: Final[Mapping[str, tuple[str, str]]] = {
    "a": ("en-US", "American English"),
    "b": ("en-GB", "British English"),
    "e": ("es", "Spanish"),
    "f": ("fr-FR", "French"),
    "h": ("hi", "Hindi"),
    "i": ("it", "Italian"),
    "j": ("ja", "Japanese"),
    "p": ("pt-BR", "Brazilian Portuguese"),
    "z": ("zh", "Mandarin Chinese"),
}
"""The language of Kokoro's voices, by the first letter of their names.

https://huggingface.co/hexgrad/Kokoro-82M/blob/main/VOICES.md
"""
SEXES: Final[Mapping[str, str]] = {"f": "woman", "m": "man"}
"""By the second letter."""
MOST_VOICES: Final = 1_000
LONGEST_NAME: Final = 200
"""Characters."""
_KOKORO = re.compile(rf"([{''.join(KOKORO)}])([fm])_\w+")


def voice(name: str) -> Voice:
    """A voice of this name, which tells its language where it is one of Kokoro's."""
    found = _KOKORO.fullmatch(name)
    if not found:
        return Voice(name)
    tag, language = KOKORO[found[1]]
    return Voice(name, (tag,), f"{language}, {SEXES[found[2]]}")


def listed(body: bytes) -> tuple[str, ...]:
    """The names in an answer to ``GET /v1/audio/voices``, none where it is no list of them.

    Passed over are those that cannot be printed, are too long, or that no text can name, and all that follow the first
    ``MOST_VOICES``.
    Kokoro-FastAPI answered ``{"voices": ["pf_dora"]}`` before version 0.4, since then with an object for each, of
    which ``id`` counts: https://github.com/remsky/Kokoro-FastAPI/issues/462
    """
    try:
        found = json.loads(body)
        found = found["voices"] if isinstance(found, dict) else found
        names = [one["id"] if isinstance(one, dict) else one for one in found]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ()
    return tuple(islice(dict.fromkeys(filter(_is_name, names)), MOST_VOICES))


def _is_name(told: object) -> bool:
    return isinstance(told, str) and len(told) <= LONGEST_NAME and told.isprintable() and names(told)[:1] == (told,)


def fits(voice: Voice, language: str) -> int:
    """How well it speaks the language of a BCP 47 tag: 0 not at all, 1 perhaps as elsewhere, 2 as it is meant."""
    tag = language.lower()
    tags = [own.lower() for own in voice.languages]
    if tag in tags:
        return 2
    return int(not tags or tag.partition("-")[0] in {own.partition("-")[0] for own in tags})


def languages(voices: Iterable[Voice]) -> tuple[str, ...]:
    """All that they speak; none: any."""
    tags = [voice.languages for voice in voices]
    return tuple(dict.fromkeys(tag for own in tags for tag in own)) if all(tags) else ()


def usual(voices: Sequence[Voice], own: str | None, language: str) -> Voice | None:
    """Who speaks a language where no voice is named: ``own``, where the operator set it, else the first that fits best.

    None where none of them speaks it.
    """
    if own and fits(voice(own), language):
        return voice(own)
    best = max(voices, key=lambda one: fits(one, language), default=None)
    return best if best and fits(best, language) else None


def foreign(name: str, language: str) -> str | None:
    """How Kokoro calls a language that is not that of its voice, for ``lang_code``; None where nothing need be said."""
    own = voice(name)
    if not own.languages or fits(own, language):
        return None
    codes = {code: Voice(code, (tag,)) for code, (tag, _) in KOKORO.items()}
    best = usual(tuple(codes.values()), None, language)
    return best.name if best else None
