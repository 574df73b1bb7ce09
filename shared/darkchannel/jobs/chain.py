"""How far a job has come, and whether what was made is still made from what lies there."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.records import Pair, SectionRecord, book_digest


@dataclass(frozen=True, slots=True)
class Item:
    """A segment or a chunk in a listing."""

    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Chain:
    """Segments, chunks and section records of a job as three listings tell of them: no snapshot."""

    segments: Mapping[int, Item]
    chunks: Mapping[int, Item]
    sections: Mapping[int, SectionRecord]
    rejected: Set[int] = frozenset()
    """Segments whose chunk must not reach a book."""
    gain: float = 0.0
    """Of the job's level, in decibels."""

    def pairs(self, section: Section) -> tuple[Pair, ...] | None:
        """The pairs that a record made now would hold; None while a segment or a sound chunk is missing."""
        if any(i not in self.segments or i not in self.chunks or i in self.rejected for i in section.segments):
            return None
        return tuple((self.segments[i].etag, self.chunks[i].etag) for i in section.segments)

    def is_current(self, section: Section) -> bool:
        """Whether the section's record tells of what lies there. A chunk may be gone since: it was retired."""
        record = self.sections.get(section.index)
        if record is None or record.gain != self.gain or len(record.pairs) != section.count:
            return False
        return all(self._is_as_encoded(i, pair) for i, pair in zip(section.segments, record.pairs, strict=True))

    def _is_as_encoded(self, index: int, pair: Pair) -> bool:
        segment, chunk = self.segments.get(index), self.chunks.get(index)
        if segment is None or index in self.rejected:
            return False
        return segment.etag == pair[0] and (chunk is None or chunk.etag == pair[1])

    def digest(self, plan: Plan) -> str | None:
        """The digest of the book; None while a section's record is missing or not current."""
        if not all(self.is_current(section) for section in plan.sections):
            return None
        return book_digest((self.sections[section.index].pairs for section in plan.sections), self.gain)


def edited(segments: Mapping[int, Item], spoken: Sequence[str]) -> list[int]:
    """The segments that are no longer what a build was spoken from; ``spoken``: its manifest's ETags, by index."""
    return [i for i, etag in enumerate(spoken) if i not in segments or segments[i].etag != etag]
