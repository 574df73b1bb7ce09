"""How long the silence between two segments is, where no break of the author's says."""

from typing import Final

from darkchannel.jobs.plan import Plan

END_SECONDS: Final = 1.0
"""At the end of a book."""
CLAUSE_SECONDS: Final = 0.15
"""Where a sentence is cut in two; between two sections at least, since their frames meet in silence."""


def pause(plan: Plan, segment: int) -> float:
    """Seconds of silence before a segment; of the number after the last, at the end of the book."""
    if segment >= plan.segments:
        return END_SECONDS
    pauses = plan.options.pauses
    section = plan.section_of(segment)
    is_first = segment == section.first
    if is_first and section.index and plan.sections[section.index - 1].chapter != section.chapter:
        return max(pauses.chapter, CLAUSE_SECONDS)
    match section.continued.get(segment):
        case None:
            return max(pauses.paragraph, CLAUSE_SECONDS)
        case "sentence":
            return max(pauses.sentence, CLAUSE_SECONDS)
        case "clause":
            return CLAUSE_SECONDS
