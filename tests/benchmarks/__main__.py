"""``python -m tests.benchmarks``: how fast a book is narrated, as ratios to what this machine can do at best."""

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from darkchannel.jobs import plan
from services.splitter import document
from tests.benchmarks import book, embedded, fairness, floor, latency, report, stack
from tests.benchmarks.measure import Result
from tests.benchmarks.narration import NotNarrated

LIMIT_FLOORS = 20
"""A pipeline that takes this many times the floor, and a minute, is given up."""

T = TypeVar("T")


def main() -> None:
    arguments = _arguments()
    skipped: dict[str, str] = {}

    def tried(name: str, measure: Callable[[], T]) -> T | None:
        try:
            return measure()
        except (stack.NotRunning, NotNarrated) as error:
            skipped[name] = str(error)
            return None

    text = book.write(arguments.characters)
    _, parts = plan.make(document.read(text.encode(), "livro.md", ()))
    lowest, audio = floor.narrate(parts)
    limit = 60 + LIMIT_FLOORS * lowest.seconds
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as folder:
        file = Path(folder) / "livro.md"
        file.write_text(text, "utf-8")
        results = [
            tried("embedded", lambda: embedded.narrate(file, limit=limit)),
            tried("stack", lambda: stack.narrate(file, limit=limit)),
        ]
    waited = tried("latency", lambda: latency.measure(arguments.drops))
    fair = tried("fairness", fairness.measure)
    measured = [result for result in results if result]
    if arguments.json:
        print(json.dumps(_figures(lowest, measured, waited, fair, audio, skipped)))
    else:
        report.show(lowest, measured, waited, fair, audio, skipped)


def _figures(
    lowest: Result,
    others: list[Result],
    waited: latency.Latency | None,
    fair: fairness.Fairness | None,
    audio: float,
    skipped: dict[str, str],
) -> dict[str, object]:
    return {
        "audio_seconds": audio,
        "floor": asdict(lowest),
        **{result.name: asdict(result) | {"speed": lowest.seconds / result.seconds} for result in others},
        "latency_ms": asdict(waited) if waited else None,
        "fairness": asdict(fair) | {"ratio": fair.ratio} if fair else None,
        "not_measured": skipped,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="How fast a book is narrated.")
    parser.add_argument("--characters", type=int, default=300_000, help="length of the book")
    parser.add_argument("--drops", type=int, default=60, help="sentences dropped to measure the latency")
    parser.add_argument("--json", action="store_true", help="print the figures for a machine")
    return parser.parse_args()


if __name__ == "__main__":
    main()
