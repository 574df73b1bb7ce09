"""``python -m tests.benchmarks``: how fast a book is narrated, as ratios to what this machine can do at best."""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from darkchannel.jobs import plan
from services.splitter import document
from tests.benchmarks import (
    audiobook,
    bark,
    book,
    embedded,
    engines,
    fairness,
    floor,
    handoffs,
    latency,
    report,
    speech,
    stack,
    webhooks,
)
from tests.benchmarks.narration import NotNarrated
from tests.benchmarks.report import Figures

CHOICES = ("speech", "narration", "latency", "fairness", "audiobook", "handoffs", "webhooks", "engines", "bark")

LIMIT_FLOORS = 20
"""A pipeline that takes this many times the floor, and a minute, is given up."""

T = TypeVar("T")


def main() -> None:
    arguments = _arguments()
    figures = Figures()

    def tried(name: str, measure: Callable[[], T]) -> T | None:
        try:
            return measure()
        except (stack.NotRunning, NotNarrated) as error:
            figures.skipped[name] = str(error)
            return None

    if "speech" in arguments.only:
        figures.speech = speech.measure()
    if "narration" in arguments.only:
        text = book.write(arguments.characters)
        _, parts = plan.make(document.read(text.encode(), "livro.md", ()))
        figures.floor, figures.audio = floor.narrate(parts)
        limit = 60 + LIMIT_FLOORS * figures.floor.seconds
        with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as folder:
            file = Path(folder) / "livro.md"
            file.write_text(text, "utf-8")
            results = [
                tried("embedded", lambda: embedded.narrate(file, limit=limit)),
                tried("stack", lambda: stack.narrate(file, limit=limit)),
            ]
        figures.narrations = [result for result in results if result]
    if "latency" in arguments.only:
        figures.latency = tried("latency", lambda: latency.measure(arguments.drops))
    if "fairness" in arguments.only:
        figures.fairness = tried("fairness", fairness.measure)
    if "audiobook" in arguments.only:
        figures.audiobook = audiobook.measure(long=arguments.long)
        if arguments.long:
            figures.on_stack = tried("audiobook on the stack", audiobook.after_last_chunk_on_stack)
    if "handoffs" in arguments.only:
        figures.handoffs = tried("handoffs", handoffs.measure)
    if "webhooks" in arguments.only:
        figures.webhooks = tried("webhooks", webhooks.measure)
    if "engines" in arguments.only:
        figures.engines = tried("engines", engines.measure)
    if "bark" in arguments.only:
        figures.bark = tried("bark", bark.measure)
    if arguments.json:
        print(json.dumps(figures.as_json()))
    else:
        report.show(figures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="How fast a book is narrated.")
    parser.add_argument("--only", nargs="+", choices=CHOICES, default=CHOICES, help="what to measure")
    parser.add_argument("--characters", type=int, default=300_000, help="length of the narrated book")
    parser.add_argument("--drops", type=int, default=60, help="sentences dropped to measure the latency")
    parser.add_argument("--long", action="store_true", help="audiobooks of ten hours and more, too")
    parser.add_argument("--json", action="store_true", help="print the figures for a machine")
    return parser.parse_args()


if __name__ == "__main__":
    main()
