"""Sets: a book as one file a chapter."""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from darkchannel.jobs.plan import Section

NAME_CHARACTERS: Final = 60
"""At most, of a file's name: enough to tell chapters apart, short enough for every file system."""


@dataclass(frozen=True, slots=True)
class SetFile:
    name: str
    """With its folder."""
    title: str
    sections: tuple[int, ...]
    """Their numbers; they follow one another."""
    track: tuple[int, int]
    """(number, of how many)."""


def files(
    folder: str, sections: Iterable[Section], seconds: Sequence[float], longest: float = math.inf
) -> tuple[SetFile, ...]:
    """A file for each chapter; one that takes more than ``longest`` seconds is cut between two sections.

    ``seconds``: how long each section of the book is, by its number.
    """
    parts = list(_parts(sections, seconds, longest))
    width = max(3, len(str(len(parts))))
    return tuple(
        SetFile(f"{folder}/{_name(f'{number:0{width}d}', title)}", title, part, (number, len(parts)))
        for number, (title, part) in enumerate(parts, start=1)
    )


def _parts(
    sections: Iterable[Section], seconds: Sequence[float], longest: float
) -> Iterator[tuple[str, tuple[int, ...]]]:
    for _, chapter in groupby(sections, key=lambda section: section.chapter):
        group = list(chapter)
        pieces = list(_pieces([section.index for section in group], seconds, longest))
        for number, piece in enumerate(pieces, start=1):
            title = group[0].title
            yield (f"{title} ({number}/{len(pieces)})" if len(pieces) > 1 else title), piece


def _pieces(indexes: Sequence[int], seconds: Sequence[float], longest: float) -> Iterator[tuple[int, ...]]:
    piece: list[int] = []
    for index in indexes:
        if piece and sum(seconds[other] for other in (*piece, index)) > longest:
            yield tuple(piece)
            piece = []
        piece.append(index)
    yield tuple(piece)


def _name(number: str, title: str) -> str:
    """``001-a-luz-do-farol.mp3``; the number alone where a title has no letters."""
    plain = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", title))
    words = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", plain).lower()).strip("-")
    room = NAME_CHARACTERS - len(f"{number}-.mp3")
    if len(words) > room:
        words = words[: room + 1].rpartition("-")[0] or words[:room]
    return f"{number}-{words}.mp3" if words else f"{number}.mp3"
