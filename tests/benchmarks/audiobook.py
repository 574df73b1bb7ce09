"""The merger: what it weighs, how soon a book is there after its last word, and how fast it encodes."""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from darkchannel import keys
from tests.benchmarks import book, encoding, stack
from tests.benchmarks.encoding import Encoding
from tests.benchmarks.merging import Merged, merge, merged
from tests.benchmarks.prepared import Spoken, lay_out, speak
from tests.benchmarks.weighing import weighed

MOST_BYTES = 150_000_000
"""Asked: of the merger's peak, however long the book."""
MOST_LONGER = 3.0
"""Asked: seconds by which a long book may be later after its last chunk than one of ten minutes."""

FORMATS = ("mp3", "m4b")
TEN_MINUTES = 600
HOUR = 3_600
SHORT = (TEN_MINUTES, HOUR)
LONG = (*SHORT, 10 * HOUR, 55 * HOUR // 2)
"""27.5 hours of samples at 22,050 Hz are more than the 4 GiB that a WAV file can hold."""
USUAL_SHORT = HOUR // 2
USUAL_LONG = 3 * HOUR
STACK_CHARACTERS = (9_700, 580_000)
"""Ten minutes and ten hours."""
STACK_LIMIT = 3_600.0


@dataclass(frozen=True, slots=True)
class Usual:
    """The same chunks made an mp3 book by the merger, and in the usual way."""

    ours: Merged
    seconds: float
    peak: int
    ffmpeg: int


@dataclass(frozen=True, slots=True)
class Audiobook:
    merged: tuple[Merged, ...]
    """The shortest first."""
    encodings: tuple[Encoding, ...]
    usual: Usual

    def as_json(self) -> dict[str, object]:
        return {
            "merged": [asdict(merged) | {"later": self.later(merged)} for merged in self.merged],
            "encodings": [asdict(one) | {"speed": one.speed, "cost_ratio": one.ratio} for one in self.encodings],
            "usual": asdict(self.usual),
        }

    def later(self, other: Merged) -> float:
        """Seconds by which a book is later after its last chunk than the shortest."""
        return other.took - self.merged[0].took


def measure(*, long: bool) -> Audiobook:
    spoken = speak()
    tries = 3 if long else 2
    shortest = min((merge(spoken, TEN_MINUTES, FORMATS) for _ in range(tries)), key=lambda one: one.took)
    return Audiobook(
        merged=(shortest, *(merge(spoken, seconds, FORMATS) for seconds in (LONG if long else SHORT)[1:])),
        encodings=tuple(encoding.measure(spoken, formats, tries) for formats in (("mp3",), FORMATS)),
        usual=_usual(spoken, USUAL_LONG if long else USUAL_SHORT),
    )


def _usual(spoken: Spoken, seconds: float) -> Usual:
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as name:
        job = lay_out(Path(name) / "data", spoken, spoken.sections(seconds), ("mp3",))
        (took, peak), ffmpeg = weighed("tests.benchmarks.usual", str(_chunks(Path(name), job)))
        return Usual(merged(Path(name), job), took, peak, ffmpeg)


def _chunks(folder: Path, job: str) -> Path:
    return (folder / "data" / keys.JOBS / keys.chunk(job, 0)).parent


def after_last_chunk_on_stack() -> tuple[float, float]:
    """Seconds from the last chunk to the outcome of a book of ten minutes and one of ten hours, on the real stack.

    Raises NotRunning where there is none, NotNarrated where it does not narrate.
    """
    short, long = (_after_last_chunk(characters) for characters in STACK_CHARACTERS)
    return short, long


def _after_last_chunk(characters: int) -> float:
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as name:
        file = Path(name) / "livro.md"
        file.write_text(f"---\nformats: {', '.join(FORMATS)}\n---\n\n{book.write(characters)}", "utf-8")
        phases = stack.narrate(file, limit=STACK_LIMIT).phases
        return phases["encode what is left"] + phases["assemble and decide"]
