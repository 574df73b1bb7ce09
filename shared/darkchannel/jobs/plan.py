"""What is to be spoken: chapters of SSML segments, cut into sections, written as parts and an index.

A section is one chapter or a slice of a long one: the unit that is encoded at a time and stored as a part.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from darkchannel import keys
from darkchannel.errors import Refused
from darkchannel.jobs.options import Options

MAX_PART_SEGMENTS = 64
SECTION_CHARACTERS = 9_000
"""About ten minutes of speech: small enough that the last one is encoded in a moment, large enough to be few."""


Within = Literal["sentence", "clause"]
"""What a segment starts with that starts no paragraph: a sentence, or the rest of one that is cut."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter as the splitter reads it: its title and its segments, each a whole SSML document."""

    title: str
    segments: tuple[str, ...]
    continued: Mapping[int, Within] = field(default_factory=dict)
    """The segments, by their number in the chapter, that start within a paragraph."""


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture as the document holds it."""

    body: bytes
    extension: Literal["jpg", "png"]


@dataclass(frozen=True, slots=True)
class Book:
    """A document as the splitter reads it, with the options it ended up with."""

    title: str
    author: str | None
    options: Options
    chapters: tuple[Chapter, ...]
    narrator: str | None = None
    series: str | None = None
    series_index: str | None = None
    """Its number in the series, as the document writes it."""
    year: str | None = None
    genre: str | None = None
    description: str | None = None
    cover: Cover | None = None


class Section(BaseModel):
    """One entry of the plan: the segments ``first`` to ``first + count - 1``."""

    model_config = ConfigDict(frozen=True)

    index: int
    chapter: int
    title: str
    first: int
    count: int
    digest: str
    """Of its part; two releases that cut differently cannot mix."""
    continued: dict[int, Within] = {}
    """The segments that start within a paragraph, by their index in the job."""

    @property
    def segments(self) -> range:
        return range(self.first, self.first + self.count)


class Part(BaseModel):
    """``plan/section-NNNN-{digest}.json``: the texts of one section's segments."""

    model_config = ConfigDict(frozen=True)

    segments: tuple[str, ...]


class Plan(BaseModel):
    """``plan.json``: the index, written after all parts."""

    model_config = ConfigDict(frozen=True)

    title: str
    author: str | None = None
    narrator: str | None = None
    series: str | None = None
    series_index: str | None = None
    year: str | None = None
    """Four digits."""
    genre: str | None = None
    description: str | None = None
    """May have several lines."""
    cover: Literal["jpg", "png"] | None = None
    """What kind of picture lies in ``input/``."""
    options: Options
    sections: tuple[Section, ...]

    @field_validator("options", mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        """A plan may come from a later release, beside which this one runs on while services are replaced."""
        if isinstance(value, dict):
            return {name: option for name, option in value.items() if name in Options.model_fields}
        return value

    @property
    def segments(self) -> int:
        """How many segments there are."""
        last = self.sections[-1]
        return last.first + last.count

    def section_of(self, segment: int) -> Section:
        """The section that holds a segment. Raises IndexError past the end."""
        low, high = 0, len(self.sections)
        while low < high:
            middle = (low + high) // 2
            if self.sections[middle].first + self.sections[middle].count <= segment:
                low = middle + 1
            else:
                high = middle
        return self.sections[low]


def make(book: Book) -> tuple[Plan, tuple[Part, ...]]:
    """Cut a book into sections. Raises Refused where it has nothing to speak or too many segments."""
    sections: list[Section] = []
    parts: list[Part] = []
    first = 0
    for number, chapter in enumerate(book.chapters):
        opened = first
        for texts in _slices(chapter.segments):
            part = Part(segments=tuple(texts))
            sections.append(
                Section(
                    index=len(sections),
                    chapter=number,
                    title=chapter.title,
                    first=first,
                    count=len(texts),
                    digest=hashlib.sha256(part.model_dump_json().encode()).hexdigest()[:16],
                    continued={
                        index: chapter.continued[index - opened]
                        for index in range(first, first + len(texts))
                        if index - opened in chapter.continued
                    },
                )
            )
            parts.append(part)
            first += len(texts)
    if not sections:
        raise Refused("nothing in this document can be spoken")
    if first > keys.MAX_SEGMENTS:
        raise Refused(f"{first} segments are more than the {keys.MAX_SEGMENTS} a job may have: split the document")
    plan = Plan(
        title=book.title,
        author=book.author,
        narrator=book.narrator,
        series=book.series,
        series_index=book.series_index,
        year=book.year,
        genre=book.genre,
        description=book.description,
        cover=book.cover.extension if book.cover else None,
        options=book.options,
        sections=tuple(sections),
    )
    return plan, tuple(parts)


def _slices(texts: Sequence[str]) -> Iterator[list[str]]:
    piece: list[str] = []
    size = 0
    for text in texts:
        if piece and (len(piece) == MAX_PART_SEGMENTS or size + len(text) > SECTION_CHARACTERS):
            yield piece
            piece, size = [], 0
        piece.append(text)
        size += len(text)
    if piece:
        yield piece
