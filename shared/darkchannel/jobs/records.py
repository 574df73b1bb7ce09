"""What was made from what: the records of sections and builds, by which anyone sees whether they are current."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

BUILD = "build"
"""The user metadata in which each published copy names the build it comes from."""

Pair = tuple[str, str]
"""(segment ETag, chunk ETag)."""
Gain = Annotated[float, Field(ge=-60, le=60)]
"""In decibels: twice what is ever given to a voice. A record with more, or with one that is no number, is damaged."""
Samples = Annotated[int, Field(ge=0, lt=1 << 31)]
"""More than a day at 22,050 Hz, where a section has some ten minutes."""


def digest(parts: Iterable[str]) -> str:
    """A short name for a sequence of strings, none of which holds a line feed."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


class Stored(BaseModel):
    """A file of a section, as it was when it was made: what was damaged since is made again."""

    model_config = ConfigDict(frozen=True)

    key: str
    etag: str


class Coding(BaseModel):
    """How an encoded stream counts."""

    model_config = ConfigDict(frozen=True)

    rate: int = Field(gt=0)
    """In hertz."""
    frame: int = Field(gt=0)
    """Samples in each frame."""
    delay: Samples
    """Samples that a decoder yields before the first that was encoded."""


class SectionAudio(Stored):
    """One encoded file of a section: frames of which the book takes those that its timeline has room for."""

    coding: Coding


class SectionRecord(BaseModel):
    """``sections/section-NNNN.json``: the pairs it was made from, and its files."""

    model_config = ConfigDict(frozen=True)

    index: int
    pairs: tuple[Pair, ...]
    gain: Gain = 0.0
    """Decibels of the job's level that are in it."""
    rate: int = Field(gt=0)
    """In hertz, of the speech."""
    samples: Samples
    """Of the speech, with the pause after it: how long the section is in the book."""
    lead: Samples = 0
    """Samples before its first sound: no silence of the author's, but what keeps it from clicking."""
    loudness: Annotated[float, Field(ge=-200, le=60)] | None = None
    """In LUFS; None where it has none of its own."""
    engines: dict[str, int] = {}
    """How many of its segments each engine spoke."""
    passed_over: dict[str, dict[str, int]] = {}
    """By engine, how many of its segments name each voice that the engine does not have."""
    unable: dict[str, dict[str, int]] = {}
    """By engine, how many of its segments another spoke for each reason; the most frequent reasons alone."""
    files: dict[str, SectionAudio] = Field(min_length=1)
    """By encoding."""
    cues: Stored


class Level(BaseModel):
    """``level.json``: what the whole book is raised by where its voices alone did not bring it to its loudness.

    Created once, before the first build, also where it is nothing: who comes later can change no book that is there.
    """

    model_config = ConfigDict(frozen=True)

    gain: Gain


def section_digest(pairs: Iterable[Pair], gain: float) -> str:
    """Names what a section is made of."""
    return digest([*(f"{segment} {chunk}" for segment, chunk in pairs), *_raised(gain)])


def book_digest(sections: Iterable[tuple[Pair, ...]], gain: float) -> str:
    """The digest of a book made from these sections' pairs."""
    return digest([*(section_digest(pairs, 0) for pairs in sections), *_raised(gain)])


def _raised(gain: float) -> list[str]:
    return [f"{gain:+.2f} dB"] if gain else []


class Mark(BaseModel):
    """A chapter in the finished audio."""

    model_config = ConfigDict(frozen=True)

    title: str
    start: float
    """Seconds."""
    end: float


class Manifest(BaseModel):
    """``builds/{digest}/manifest.json``, written last: everything a publisher needs to know of a build."""

    model_config = ConfigDict(frozen=True)

    digest: str
    segments: tuple[str, ...]
    """ETag of each segment spoken in it, by index: what tells an edit."""
    files: dict[str, int]
    """Size in bytes by file name."""
    etags: dict[str, str] = {}
    """ETag of each file of the build itself, by name; copies may have others."""
    seconds: float
    chapters: tuple[Mark, ...]
    engines: dict[str, int] = {}
    """How many segments each engine spoke, the one that spoke most first."""
    passed_over: dict[str, dict[str, int]] = {}
    """By engine, how many segments name each voice that it does not have, and spoke with its own, the most first."""
    unable: dict[str, dict[str, int]] = {}
    """By engine that was to speak, for how many segments at least each reason had another speak, the most first."""
    loudness: float | None = None
    """In LUFS; None where too little is heard to tell."""

    def is_whole_copy(self, file: str, size: int, metadata: Mapping[str, str]) -> bool:
        """Whether an object of this size and user metadata is a copy of a file of this build."""
        return metadata.get(BUILD) == self.digest and size == self.files[file]

    @property
    def audiobook(self) -> str:
        """The file that stands for the whole: what links lead to."""
        return next(iter(self.files))
