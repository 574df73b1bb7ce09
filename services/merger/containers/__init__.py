"""The files of a finished book, written from encoded sections without encoding anything again.

Each writer takes the whole sections in their order, and of each the frames that the book's timeline has room for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from darkchannel.jobs.records import Mark


@dataclass(frozen=True, slots=True)
class Tags:
    """What players show of a book."""

    title: str
    language: str
    """A BCP 47 tag."""
    author: str | None = None
    narrator: str | None = None
    series: str | None = None
    series_index: str | None = None
    year: str | None = None
    genre: str | None = None
    description: str | None = None
    cover: bytes | None = None
    """A JPEG picture."""
    track: tuple[int, int] | None = None
    """(number, of how many), where the file is one of several."""
    album: str | None = None
    """The book's title, where ``title`` is that of a chapter in a file of its own."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The frames of a whole file."""

    rate: int
    """In hertz; that of the encoded samples."""
    frame: int
    """Samples in a frame."""
    frames: int
    """How many there are, of all sections together."""
    delay: int
    """Samples that a decoder yields before the first of the book, and leaves out."""
    samples: int
    """Of the book: what is to be heard after the delay; the frames may hold a little more."""


class Writer(Protocol):
    """``add`` each section, then ``finish``. Both block: call them in a thread."""

    def __init__(self, out: BinaryIO, stream: Stream, tags: Tags, chapters: Sequence[Mark]) -> None:
        """``out`` is a file open for reading, writing and seeking; ``chapters`` in seconds of the book."""

    def add(self, body: bytes, keep: int) -> None:
        """Append the first ``keep`` frames of an encoded section. Raises ValueError where it holds fewer, or noise."""

    def finish(self) -> None:
        """Complete the file. Raises ValueError where the frames added are not those of ``stream``."""
