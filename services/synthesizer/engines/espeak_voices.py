"""The voices of espeak-ng, read from the files that it finds them in itself.

A file under ``lang`` names a language, in lines ``name`` and ``language``; a variant is a file under ``voices/!v``:
https://github.com/espeak-ng/espeak-ng/blob/master/docs/voices.md
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import espeakng_loader

from darkchannel.runtime.engines import Voice

PREFERRED = ("pt-br", "pt", "en-us", "es", "fr", "de")
"""Told first."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A language as espeak-ng knows it."""

    voice: str
    """The name of its file, by which it is chosen."""
    name: str
    tags: tuple[str, ...]


@cache
def voices() -> tuple[Voice, ...]:
    """One for each language."""
    found = {spoken.voice: spoken for spoken in _languages()}
    names = dict.fromkeys((*(name for name in PREFERRED if name in found), *sorted(found)))
    return tuple(Voice(name, found[name].tags, _about(name, found[name].name)) for name in names)


def has(voice: str) -> bool:
    """Whether espeak-ng knows a language, and a variant where one follows a plus sign; case counts in a variant."""
    language, _, variant = voice.partition("+")
    return language.lower() in _chosen_by() and (not variant or variant in variants())


@cache
def variants() -> frozenset[str]:
    return frozenset(path.name for path in (_data() / "voices" / "!v").iterdir())


def _about(voice: str, name: str) -> str:
    return f"{name}; with a variant: {voice}+f3, {voice}+m3, {voice}+whisper" if voice == PREFERRED[0] else name


@cache
def _chosen_by() -> frozenset[str]:
    return frozenset(word.lower() for spoken in _languages() for word in (spoken.voice, spoken.name, *spoken.tags))


def _languages() -> Iterator[_Spoken]:
    for path in sorted((_data() / "lang").rglob("*")):
        if path.is_file():
            lines = [
                line.partition("//")[0].split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines()
            ]
            told = [(line[0], line[1].strip()) for line in lines if len(line) == 2]
            name = next((value for word, value in told if word == "name"), path.name)
            tags = tuple(value.split()[0] for word, value in told if word == "language")
            yield _Spoken(path.name.lower(), name, tags)


def _data() -> Path:
    return Path(espeakng_loader.get_data_path())
