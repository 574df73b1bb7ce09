"""The figures as a person reads them."""

from rich.console import Console
from rich.table import Table

from tests.benchmarks import fairness
from tests.benchmarks.fairness import Fairness
from tests.benchmarks.latency import Latency
from tests.benchmarks.measure import CORES, Result


def show(
    lowest: Result,
    others: list[Result],
    latency: Latency | None,
    fair: Fairness | None,
    audio: float,
    skipped: dict[str, str],
) -> None:
    console = Console()
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
    if latency:
        console.print(
            f"one sentence until closed: p50 {latency.p50:.0f} ms, p95 {latency.p95:.0f} ms,"
            f" worst {latency.worst:.0f} ms of {latency.drops} drops"
        )
    if fair:
        console.print(_fairness(fair))
    for name, reason in skipped.items():
        console.print(f"{name}: not measured, {reason}", highlight=False)


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
