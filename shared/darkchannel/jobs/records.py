"""What was made from what: the records of sections and builds, by which anyone sees whether they are current."""

import hashlib
from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, Field

BUILD = "build"
"""The user metadata in which each published copy names the build it comes from."""

Pair = tuple[str, str]
"""(segment ETag, chunk ETag)."""


def digest(parts: Iterable[str]) -> str:
    """A short name for a sequence of strings, none of which holds a line feed."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


class SectionAudio(BaseModel):
    """One encoded file of a section."""

    model_config = ConfigDict(frozen=True)

    key: str
    etag: str
    """Of the file as it was encoded: what was damaged since is encoded again."""
    samples: int
    """Samples a decoder yields for it, encoder delay and padding included."""
    rate: int


class SectionRecord(BaseModel):
    """``sections/section-NNNN.json``: the pairs it was encoded from, and its files by format."""

    model_config = ConfigDict(frozen=True)

    index: int
    pairs: tuple[Pair, ...]
    files: dict[str, SectionAudio] = Field(min_length=1)

    @property
    def digest(self) -> str:
        return pairs_digest(self.pairs)


def pairs_digest(pairs: Iterable[Pair]) -> str:
    return digest(f"{segment} {chunk}" for segment, chunk in pairs)


def book_digest(sections: Iterable[tuple[Pair, ...]]) -> str:
    """The digest of a book made from these sections' pairs."""
    return digest(pairs_digest(pairs) for pairs in sections)


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

    def is_whole_copy(self, file: str, size: int, metadata: Mapping[str, str]) -> bool:
        """Whether an object of this size and user metadata is a copy of a file of this build."""
        return metadata.get(BUILD) == self.digest and size == self.files[file]

    @property
    def audiobook(self) -> str:
        """The file that stands for the whole: what links lead to."""
        return next(iter(self.files))
