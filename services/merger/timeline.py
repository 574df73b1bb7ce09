"""Where things stand in a finished book: one timeline for all its formats, counted in samples of the speech.

Frames are as long as each format has them, so a section seldom ends with one. It gets the frames from the one nearest
to its start to the one nearest to the next section's: what is off is off by half a frame, however long the book.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby, pairwise

from darkchannel.jobs.plan import Plan
from darkchannel.jobs.records import Coding, Mark, SectionRecord

GATE_LU = 10.0
"""Sections that are softer than the whole by more than this count nothing for its loudness, as EBU R 128 has it."""


def starts(records: Sequence[SectionRecord]) -> list[float]:
    """Seconds at which each section starts; the last figure is the end of the book."""
    return [at / records[0].rate for at in accumulate((record.samples for record in records), initial=0)]


def chapters(plan: Plan, records: Sequence[SectionRecord]) -> tuple[Mark, ...]:
    """Where each chapter is heard first, until the next; the first from the start of the book."""
    groups = list(by_chapter(plan))
    at = starts(records)
    heard = [at[group[0]] + records[group[0]].lead / records[0].rate for group in groups]
    bounds = [0.0, *heard[1:], at[-1]]
    return tuple(
        Mark(title=plan.sections[group[0]].title, start=start, end=end)
        for group, (start, end) in zip(groups, pairwise(bounds), strict=True)
    )


def by_chapter(plan: Plan) -> Iterator[list[int]]:
    """The numbers of each chapter's sections."""
    for _, group in groupby(plan.sections, key=lambda section: section.chapter):
        yield [section.index for section in group]


def kept(stream: Coding, samples: Sequence[int], rate: int) -> list[int]:
    """How many frames of each section go into a file that holds these sections; ``samples`` at ``rate`` hertz.

    Those of the last also hold what its decoder is late.
    """
    total = sum(samples)
    bounds = [
        (2 * at * stream.rate + rate * stream.frame) // (2 * rate * stream.frame)
        for at in accumulate(samples, initial=0)
    ]
    bounds[-1] = math.ceil((total * stream.rate / rate + stream.delay) / stream.frame)
    return [end - start for start, end in pairwise(bounds)]


def loudness(records: Sequence[SectionRecord]) -> float | None:
    """Of the whole book in LUFS, from that of its sections; None where none has any."""
    heard = [(record.loudness, record.samples) for record in records if record.loudness is not None]
    if not heard:
        return None
    whole = _mean(heard)
    return _mean([(level, samples) for level, samples in heard if level >= whole - GATE_LU])


def _mean(levels: Sequence[tuple[float, int]]) -> float:
    power = sum(10 ** (level / 10) * samples for level, samples in levels)
    return 10 * math.log10(power / sum(samples for _, samples in levels))
