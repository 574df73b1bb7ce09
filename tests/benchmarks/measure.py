"""What one way of narrating the book took, and who used the processors meanwhile."""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CORES = os.cpu_count() or 1


@dataclass(slots=True)
class Result:
    """Seconds of wall time, in all and by phase, and seconds of processor time by who used them."""

    name: str
    seconds: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)
    processors: dict[str, float] = field(default_factory=dict)

    @property
    def idle(self) -> float:
        """Processor seconds that none of those named used."""
        return max(0.0, self.seconds * CORES - sum(self.processors.values()))


@contextmanager
def processor_time(result: Result, *, own: str, children: str) -> Iterator[None]:
    """Adds what this process uses, and what the children use that end meanwhile."""
    at = processor_seconds()
    yield
    used = processor_seconds()
    result.processors |= {own: used[0] - at[0], children: used[1] - at[1]}


def processor_seconds() -> tuple[float, float]:
    """What this process has used, and what its children used that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time(), children.ru_utime + children.ru_stime
