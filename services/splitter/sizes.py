"""How much text each engine speaks well in one go."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """In characters of a segment."""

    target: int
    """Whole paragraphs, else sentences, are gathered up to here. Each segment costs a round of events and requests."""
    hard: int
    """No segment exceeds it; a sentence between the two stands alone."""


_ORDINARY = Size(1_800, 2_500)

SIZES: Mapping[str, Size] = {
    "espeak": _ORDINARY,
    "bark": Size(150, 200),  # 13 to 15 seconds, past which its speech falls apart
    "gtts": Size(100, 100),  # a request of the service
}


def size_of(engines: str) -> Size:
    """The size for the first engine that the option names; an ordinary one where nothing better is known."""
    return SIZES.get(engines.partition(",")[0], _ORDINARY)
