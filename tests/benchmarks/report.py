"""The figures as a person reads them."""

from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table

from tests.benchmarks import fairness, speech
from tests.benchmarks.fairness import Fairness
from tests.benchmarks.latency import Latency
from tests.benchmarks.measure import CORES, Result
from tests.benchmarks.speech import Speech


@dataclass(slots=True)
class Figures:
    """What was measured; ``None`` and empty where it was not asked for, or could not be."""

    speech: Speech | None = None
    floor: Result | None = None
    narrations: list[Result] = field(default_factory=list)
    audio: float = 0.0
    """Seconds of speech in the narrated book."""
    latency: Latency | None = None
    fairness: Fairness | None = None
    skipped: dict[str, str] = field(default_factory=dict)
    """Why, by name."""

    def as_json(self) -> dict[str, object]:
        figures: dict[str, object] = {"not_measured": self.skipped}
        if self.speech:
            figures["speech"] = asdict(self.speech)
        if self.floor:
            figures |= {"audio_seconds": self.audio, "floor": asdict(self.floor)}
            for result in self.narrations:
                figures[result.name] = asdict(result) | {"speed": self.floor.seconds / result.seconds}
        if self.latency:
            figures["latency_ms"] = asdict(self.latency)
        if self.fairness:
            figures["fairness"] = asdict(self.fairness) | {"ratio": self.fairness.ratio}
        return figures


def show(figures: Figures) -> None:
    console = Console()
    if figures.speech:
        console.print(_speed(figures.speech))
        console.print(_rightness(figures.speech))
    if figures.floor:
        _narration(console, figures.floor, figures.narrations, figures.audio)
    if figures.latency:
        latency = figures.latency
        console.print(
            f"one sentence until closed: p50 {latency.p50:.0f} ms, p95 {latency.p95:.0f} ms,"
            f" worst {latency.worst:.0f} ms of {latency.drops} drops"
        )
    if figures.fairness:
        console.print(_fairness(figures.fairness))
    for name, reason in figures.skipped.items():
        console.print(f"{name}: not measured, {reason}", highlight=False)


def _speed(measured: Speech) -> Table:
    table = Table("from document to words, on one core", "measured", "asked")
    table.add_row(
        f"a book of {measured.characters:,} characters to a plan of {measured.segments:,} segments",
        f"{measured.planning_seconds:.2f} s, {_pace(measured.characters, measured.planning_seconds)}",
        f"{speech.MOST_SECONDS:.0f} s or less",
    )
    for weight in measured.weights:
        table.add_row(
            f"memory while {weight.document_bytes / 1e6:.1f} MB are planned, in {weight.seconds:.1f} s",
            f"{weight.peak_bytes / 1e6:.0f} MB, {weight.ratio:.1f} MB a MB",
            "",
        )
    table.add_row(
        f"segments of {measured.rendered_characters:,} characters rendered",
        _pace(measured.rendered_characters, measured.rendering_seconds),
        "",
    )
    return table


def _pace(characters: int, seconds: float) -> str:
    return f"{characters / seconds:,.0f} characters a second"


def _rightness(measured: Speech) -> Table:
    table = Table("labelled by ear", "measured", "asked")
    for language in measured.rightness:
        table.add_row(
            f"{language.language}: boundaries of {language.sentences} sentences",
            f"F1 {language.f1:.3f} (precision {language.precision:.3f}, recall {language.recall:.3f})",
            f"{speech.LEAST_F1:.2f} or more",
        )
        table.add_row(
            f"{language.language}: {language.readings} numbers, dates, abbreviations and the like",
            f"{language.accuracy:.1%} right",
            f"{speech.LEAST_ACCURACY:.0%} or more",
        )
    return table


def _narration(console: Console, lowest: Result, others: list[Result], audio: float) -> None:
    console.print(f"{audio / 3600:.2f} h of speech on {CORES} cores; speed as a ratio to the floor")
    table = Table("", "seconds", "speed", "x real time")
    for result in [lowest, *others]:
        table.add_row(
            result.name,
            f"{result.seconds:.1f}",
            f"{lowest.seconds / result.seconds:.2f}",
            f"{audio / result.seconds:.0f}",
        )
    console.print(table)
    for result in [lowest, *others]:
        console.print(_whereabouts(result))


def _whereabouts(result: Result) -> Table:
    """Where the wall time and the processors' time went, each as a share of the whole."""
    table = Table("", "seconds", "share", title=f"{result.name}: where it goes", title_justify="left")
    for name, seconds in result.phases.items():
        table.add_row(f"wall: {name}", f"{seconds:.2f}", f"{seconds / result.seconds:.0%}")
    for name, seconds in [*result.processors.items(), ("other programs, or nobody", result.idle)]:
        table.add_row(f"processors: {name}", f"{seconds:.2f}", f"{seconds / result.seconds / CORES:.0%}")
    return table


def _fairness(fair: Fairness) -> Table:
    table = Table("one huge book, in virtual time", "measured", "asked")
    table.add_row(
        f"{fairness.PROCESSES * fairness.SLOTS} slots, a lone book of {fairness.LONE_SEGMENTS:,} segments: utilisation",
        f"{fair.utilisation:.1%}",
        f"{fairness.LEAST_UTILISATION:.0%} or more",
    )
    table.add_row(
        f"jobs of {fairness.SMALL_SEGMENTS} segments beside one of {fairness.HUGE_SEGMENTS:,}: median until closed",
        f"{fair.beside:.1f} s, {fair.ratio:.2f} x alone",
        f"{fairness.MOST_RATIO:.2g} x or less",
    )
    return table
