"""From a document's bytes to its plan and on to the words an engine gets: how fast, in how much memory, how rightly."""

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from darkchannel.jobs import plan
from darkchannel.speech.rendering import rendered
from services.splitter import document
from tests import labelled
from tests.benchmarks import book
from tests.benchmarks.weighing import peak_bytes, weighed

CHARACTERS = 1_000_000
MOST_SECONDS = 5.0
"""Asked: the processor seconds a book of ``CHARACTERS`` may take to plan."""
SIZES = (1_000_000, 20_000_000)
"""Characters of the books whose planning is weighed."""
LEAST_F1 = 0.98
LEAST_ACCURACY = 0.97

_HARD_EVERY = 20
"""After so many paragraphs comes a labelled one, with abbreviations, numbers and dialogue."""
_RENDERED_CHARACTERS = 300_000


@dataclass(frozen=True, slots=True)
class Weight:
    """The memory that planning a book took beside the program and the document's bytes, at the peak."""

    characters: int
    document_bytes: int
    peak_bytes: int
    seconds: float
    """Processor time."""

    @property
    def ratio(self) -> float:
        """Bytes of memory a byte of the document."""
        return self.peak_bytes / self.document_bytes


@dataclass(frozen=True, slots=True)
class Rightness:
    """How far the rules agree with the labelled sets of a language."""

    language: str
    sentences: int
    precision: float
    recall: float
    f1: float
    readings: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class Speech:
    """Seconds are of this process on one core."""

    characters: int
    planning_seconds: float
    segments: int
    rendered_characters: int
    rendering_seconds: float
    weights: tuple[Weight, ...]
    rightness: tuple[Rightness, ...]


def measure() -> Speech:
    text = write(CHARACTERS)
    start = time.process_time()
    _, parts = plan.make(document.read(text.encode(), "livro.md", ()))
    planning = time.process_time() - start
    segments = [segment for part in parts for segment in part.segments]
    characters, rendering = _rendering(segments)
    return Speech(
        characters=len(text),
        planning_seconds=planning,
        segments=len(segments),
        rendered_characters=characters,
        rendering_seconds=rendering,
        weights=tuple(map(_weigh, SIZES)),
        rightness=tuple(map(_rightness, labelled.TAGS)),
    )


def write(characters: int) -> str:
    """Markdown of ``characters`` characters or a few more: the narrated book, salted with labelled paragraphs."""
    hard = cycle(labelled.paragraphs("pt"))
    pieces = []
    for index, paragraph in enumerate(book.write(characters).strip().split("\n\n")):
        pieces.append(paragraph)
        if index % _HARD_EVERY == 0:
            pieces.append(" ".join(next(hard)))
    return "\n\n".join(pieces) + "\n"


def _rendering(segments: list[str]) -> tuple[int, float]:
    """Characters of SSML, and the processor seconds it took to render them."""
    characters = 0
    start = time.process_time()
    for segment in segments:
        rendered(segment)
        characters += len(segment)
        if characters >= _RENDERED_CHARACTERS:
            break
    return characters, time.process_time() - start


def _rightness(language: str) -> Rightness:
    score, result = labelled.sentence_f1(language), labelled.accuracy(language)
    return Rightness(
        language=language,
        sentences=score.sentences,
        precision=score.precision,
        recall=score.recall,
        f1=score.f1,
        readings=result.cases,
        accuracy=result.share,
    )


def _weigh(characters: int) -> Weight:
    """Plan a book in a fresh process, whose peak nothing else has raised."""
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as folder:
        file = Path(folder) / "livro.md"
        file.write_text(write(characters), "utf-8")
        (peak, seconds), _ = weighed("tests.benchmarks.speech", str(file))
        return Weight(characters, file.stat().st_size, peak, seconds)


def _plan_alone(file: Path) -> tuple[int, float]:
    """Bytes that planning raised this process's peak by, and its processor seconds."""
    document.read("# Um\n\nDuas frases. São poucas.\n".encode(), "livro.md", ())  # what is loaded at first use
    body = file.read_bytes()
    before, start = peak_bytes(), time.process_time()
    plan.make(document.read(body, file.name, ()))
    return peak_bytes() - before, time.process_time() - start


if __name__ == "__main__":
    print(json.dumps(_plan_alone(Path(sys.argv[1]))))
