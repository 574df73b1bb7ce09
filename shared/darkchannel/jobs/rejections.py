"""A chunk that must not reach a book: it counts as missing, and its segment is spoken again."""

from pydantic import BaseModel, ConfigDict

TAKES = 2
"""Faulty chunks of one text within one run, with which the run fails."""


class Rejection(BaseModel):
    """``rejections/chunk-NNNNNN.json``: the last chunk of a segment that was found faulty, and how many there were."""

    model_config = ConfigDict(frozen=True)

    chunk: str
    """ETag of the rejected chunk."""
    source: str
    """ETag of the segment it was to speak."""
    run: int
    reason: str
    take: int
    """How many chunks of this segment were rejected, ever: what tells a new take from the rejected one."""
    of_run: int
    """How many of them in this run, of this text."""


def reject(before: Rejection | None, *, chunk: str, source: str, run: int, reason: str) -> Rejection:
    """The rejection of a chunk after ``before``, which stays as it is where it names this very chunk in this run."""
    if before and before.chunk == chunk and before.run == run:
        return before
    same = before is not None and (before.run, before.source) == (run, source)
    return Rejection(
        chunk=chunk,
        source=source,
        run=run,
        reason=reason,
        take=before.take + 1 if before else 1,
        of_run=before.of_run + 1 if before and same else 1,
    )
