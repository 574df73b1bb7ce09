"""What is read off a page before footnotes and boilerplate are taken out of it."""

from dataclasses import dataclass, field

LINK = "\x02"
"""Around the text of each of a passage's links: a control character, which no clean text holds."""


@dataclass(slots=True)
class Link:
    """A link that may be a note's number, or lead back from a note."""

    href: str
    text: str
    is_reference: bool
    """By its markup or its form, whether its note is found or not: it is not read."""
    is_back: bool
    is_silent: bool = False
    note: str | None = None


@dataclass(slots=True)
class Passage:
    """A block of the page."""

    text: str
    """With ``LINK`` around the text of each link."""
    level: int | None = None
    """Of a heading."""
    pause: bool = False
    language: str | None = None
    links: list[Link] = field(default_factory=list)
    is_boilerplate: bool = False
    is_out: bool = False
    """Not read where it stands."""


@dataclass(slots=True)
class Page:
    """Passages in reading order; ranges are of their numbers."""

    name: str
    passages: list[Passage] = field(default_factory=list)
    ids: dict[str, range] = field(default_factory=dict)
    """What stands within the element of that id, or the passage that begins there."""
    notes: list[range] = field(default_factory=list)
    """What the page says is a note."""
    note_lists: list[range] = field(default_factory=list)
    language: str | None = None
