"""Paragraphs as the lines of a text, before they are words to speak."""

from dataclasses import dataclass, field

from services.splitter.lines import hyphens, inline


@dataclass(slots=True)
class Paragraph:
    lines: list[str] = field(default_factory=list)
    level: int | None = None
    """Of a heading: 1 is the highest."""
    pause: bool = False
    starts: str | None = None
    """The title of the chapter that starts here, where something else than a heading says so."""
    note: str | None = None
    """The name of the footnote that this is the text of."""
    literal: bool = False
    """Code, or a text in which ``*`` is a star: no mark of Markdown is read."""
    verse: bool = False
    """Each line stands for itself."""

    @property
    def text(self) -> str:
        """The words in one line, where nothing is known of the rest of the document."""
        joined = hyphens.join(self.lines, hyphens.NOTHING_KNOWN)
        return " ".join(joined.split()) if self.literal else inline.plain(joined)
