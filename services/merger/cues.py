"""When each sentence of a section is heard: what subtitles, the player and the waveform are made from."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


class Cue(BaseModel):
    """A sentence as its author wrote it."""

    model_config = ConfigDict(frozen=True)

    start: int
    """In samples from the start of the section."""
    end: int
    text: str
    opens: bool = False
    """Whether it begins a paragraph."""
    words: tuple[tuple[int, str], ...] = ()
    """Where each word starts, and the word as it is written; none where the engine does not tell."""


class Cues(BaseModel):
    """``sections/section-NNNN-{digest}.cues``: one section, positions in samples of its speech."""

    model_config = ConfigDict(frozen=True)

    rate: int
    samples: int
    cues: tuple[Cue, ...]
    peaks: str
    """Base64 of one byte for each ``metering.PEAK_SECONDS``: the loudest sample in it, 255 being full scale."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence in the book; times in seconds from its start."""

    start: float
    end: float
    text: str
    chapter: int
    """From 0."""
    opens: bool = False
    words: tuple[tuple[float, str], ...] = ()


def lines(cues: Cues, at: float, chapter: int) -> Iterator[Line]:
    """The sentences of a section that starts ``at`` seconds in the book."""
    for cue in cues.cues:
        yield Line(
            start=at + cue.start / cues.rate,
            end=at + cue.end / cues.rate,
            text=cue.text,
            chapter=chapter,
            opens=cue.opens,
            words=tuple((at + sample / cues.rate, word) for sample, word in cue.words),
        )


def peaks(cues: Cues) -> bytes:
    """The waveform of a section, 0 to 255."""
    return base64.b64decode(cues.peaks)
