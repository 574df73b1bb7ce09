"""A prepared job from its chunks to its outcome: how long it takes, and what the merger weighs meanwhile."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.merger import LAST
from tests.benchmarks.prepared import Spoken, lay_out
from tests.benchmarks.weighing import weighed


@dataclass(frozen=True, slots=True)
class Merged:
    """Bytes are those that the process held at most."""

    seconds: float
    """Of the finished book."""
    took: float
    """Seconds from the last chunk to the outcome; from the first event where all chunks were there before."""
    phases: dict[str, float]
    """What of it, from the last chunk on; empty where there was no last one."""
    imports: int
    """The interpreter with its imports, the store and the bus, before any work."""
    peak: int
    ffmpeg: int
    """The largest ffmpeg."""


def merge(spoken: Spoken, seconds: float, formats: tuple[str, ...]) -> Merged:
    """A book of about so many seconds; its last chunk comes when all other sections are encoded."""
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as name:
        folder = Path(name)
        job = lay_out(folder / "data", spoken, spoken.sections(seconds), formats, is_last_there=False)
        (folder / LAST).write_bytes(spoken.chunks[-1])
        return merged(folder, job)


def merged(folder: Path, job: str) -> Merged:
    """What becomes of the job that lies in a folder's ``data``."""
    found, ffmpeg = weighed("tests.benchmarks.merger", str(folder), job)
    return Merged(**found | {"ffmpeg": ffmpeg})
