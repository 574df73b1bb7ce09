"""How far a job has come, and whether what was made is still made from what lies there."""

from collections.abc import Mapping, Sequence
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

    def pairs(self, section: Section) -> tuple[Pair, ...] | None:
        """The pairs a current record of the section holds; None while one is missing."""
        if any(i not in self.segments or i not in self.chunks for i in section.segments):
            return None
        return tuple((self.segments[i].etag, self.chunks[i].etag) for i in section.segments)

    def is_current(self, section: Section) -> bool:
        record = self.sections.get(section.index)
        return record is not None and record.pairs == self.pairs(section)

    def digest(self, plan: Plan) -> str | None:
        """The digest of the book; None while a section's record is missing or not current."""
        if not all(self.is_current(section) for section in plan.sections):
            return None
        return book_digest(self.sections[section.index].pairs for section in plan.sections)


def edited(segments: Mapping[int, Item], spoken: Sequence[str]) -> list[int]:
    """The segments that are no longer what a build was spoken from; ``spoken``: its manifest's ETags, by index."""
    return [i for i, etag in enumerate(spoken) if i not in segments or segments[i].etag != etag]
