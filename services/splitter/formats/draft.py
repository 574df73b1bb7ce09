"""A document as its format's reader found it, before options decide how it is spoken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from darkchannel.jobs.plan import Cover
from darkchannel.speech.ssml import Node


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote or an endnote."""

    at: int
    """Where in the block's text it is referred to: a number of characters."""
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of plain words without line breaks."""

    text: str
    heading: bool = False
    pause: bool = False
    """The end of a scene: a silence follows."""
    notes: tuple[Note, ...] = ()
    """In the order of the text; the option ``footnotes`` decides whether and where they are read."""
    language: str | None = None
    """Where it is not that of the document: a BCP 47 tag."""


@dataclass(frozen=True, slots=True)
class DraftChapter:
    title: str | None
    """``None`` for what stands before the first heading."""
    content: tuple[Block | Node, ...]

    @property
    def is_bare(self) -> bool:
        """Whether it has headings and nothing else."""
        return all(isinstance(item, Block) and item.heading for item in self.content)


@dataclass(frozen=True, slots=True)
class Draft:
    chapters: tuple[DraftChapter, ...]
    title: str | None = None
    author: str | None = None
    language: str | None = None
    narrator: str | None = None
    series: str | None = None
    series_index: str | None = None
    """Its number in the series, as the document writes it."""
    year: str | None = None
    genre: str | None = None
    description: str | None = None
    """One paragraph a line."""
    cover: Cover | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """Front matter, ours or not."""


def join_bare(chapters: Sequence[DraftChapter]) -> tuple[DraftChapter, ...]:
    """Chapters with the headings of empty ones ("Part One") moved to the start of the next; empty ones fall out."""
    joined: list[DraftChapter] = []
    waiting: list[Block | Node] = []
    for chapter in chapters:
        if chapter.is_bare and chapter is not chapters[-1]:
            waiting.extend(chapter.content)
            continue
        joined.append(DraftChapter(chapter.title, (*waiting, *chapter.content)))
        waiting = []
    return tuple(chapter for chapter in joined if chapter.content)
