"""The figures as a person reads them."""

from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table

from tests.benchmarks import audiobook, bark, encoding, engines, fairness, handoffs, slow_server, speech, webhooks
from tests.benchmarks.audiobook import Audiobook
from tests.benchmarks.bark import Bark
from tests.benchmarks.encoding import Encoding
from tests.benchmarks.engines import Engines
from tests.benchmarks.fairness import Fairness
from tests.benchmarks.handoffs import Handoffs
from tests.benchmarks.latency import Latency
from tests.benchmarks.measure import CORES, Result
from tests.benchmarks.speech import Speech
from tests.benchmarks.webhooks import Webhooks


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
    audiobook: Audiobook | None = None
    on_stack: tuple[float, float] | None = None
    """Seconds from the last chunk to the outcome of the shortest and the longest book there."""
    handoffs: Handoffs | None = None
    webhooks: Webhooks | None = None
    engines: Engines | None = None
    bark: Bark | None = None
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
            fair = self.fairness
            figures["fairness"] = asdict(fair) | {"ratio": fair.ratio, "silent_ratio": fair.silent_ratio}
        if self.audiobook:
            figures["audiobook"] = self.audiobook.as_json()
        if self.on_stack:
            figures["after_last_chunk_on_stack"] = self.on_stack
        if self.handoffs:
            figures["handoffs_ms"] = asdict(self.handoffs)
        if self.webhooks:
            figures["webhooks_ms"] = asdict(self.webhooks) | {"ratio": self.webhooks.ratio}
        if self.engines:
            figures["engines"] = asdict(self.engines) | {"ratios": [short.ratio for short in self.engines.short]}
        if self.bark:
            figures["bark"] = asdict(self.bark) | {"ratio": self.bark.ratio}
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
    if figures.audiobook:
        console.print(_memory(figures.audiobook))
        console.print(_ending(figures.audiobook, figures.on_stack))
        for measured in figures.audiobook.encodings:
            console.print(_encoding(measured))
        console.print(_usual(figures.audiobook))
    if figures.handoffs:
        console.print(_handoffs(figures.handoffs))
    if figures.webhooks:
        console.print(_webhooks(figures.webhooks))
    if figures.engines:
        console.print(_engines(figures.engines))
        console.print(_segments(figures.engines))
    if figures.bark:
        console.print(_bark(figures.bark))
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
    table.add_row(
        f"the same jobs beside {fairness.SILENT_BOOKS} urgent ones whose own engine never answers",
        f"{fair.beside_silence:.1f} s, {fair.silent_ratio:.2f} x alone",
        f"{fairness.MOST_SILENT_RATIO:.2g} x or less",
    )
    return table


def _memory(measured: Audiobook) -> Table:
    most = f"{_megabytes(audiobook.MOST_BYTES)} or less"
    table = Table(f"the merger's memory: {', '.join(audiobook.FORMATS)}", "at the peak", "largest ffmpeg", "asked")
    for merged in measured.merged:
        table.add_row(_length(merged.seconds), _megabytes(merged.peak), _megabytes(merged.ffmpeg), most)
    first, *_, last = measured.merged
    table.add_row("of it the interpreter with its imports", _megabytes(last.imports), "", "")
    table.add_row("growth from the first to the last", _megabytes(last.peak - first.peak), "", "none")
    return table


def _ending(measured: Audiobook, on_stack: tuple[float, float] | None) -> Table:
    most = f"{audiobook.MOST_LONGER:.0f} s more or less"
    table = Table("from the last chunk to the outcome", "seconds", "of it: encode, assemble, decide", "more", "asked")
    for merged in measured.merged:
        table.add_row(
            _length(merged.seconds),
            f"{merged.took:.2f}",
            " + ".join(f"{seconds:.2f}" for seconds in merged.phases.values()),
            f"{measured.later(merged):.2f}",
            most if merged is not measured.merged[0] else "",
        )
    if on_stack:
        short, long = on_stack
        table.add_row("on the stack, ten minutes", f"{short:.2f}", "", "0.00", "")
        table.add_row("on the stack, ten hours", f"{long:.2f}", "", f"{long - short:.2f}", most)
    return table


def _encoding(measured: Encoding) -> Table:
    table = Table(f"encoding: {', '.join(measured.formats)}", "x real time", f"of {CORES} x one ffmpeg", "asked")
    for name, speed, asked in (
        ("one bare ffmpeg on a core of its own", measured.lone, ""),
        (f"{CORES} bare ffmpegs at once", measured.bare, ""),
        (
            f"sections mastered at once, on {measured.cores:.1f} cores",
            measured.mastered,
            f"{encoding.LEAST_SPEED:.2f} or more",
        ),
    ):
        table.add_row(name, f"{speed:.0f}", f"{speed / (CORES * measured.lone):.2f}", asked)
    table.add_section()
    table.add_row("processor seconds an hour of audio", "", "of the encoders", "")
    for name, cost, asked in (
        ("encoders alone", measured.encoder_cost, ""),
        ("ffmpeg with its filter", measured.ffmpeg_cost, ""),
        ("mastering", measured.cost, f"{encoding.MOST_COST:.2f} or less"),
    ):
        table.add_row(name, f"{cost:.1f} s", f"{cost / measured.encoder_cost:.2f}", asked)
    return table


def _usual(measured: Audiobook) -> Table:
    usual = measured.usual
    ours = usual.ours
    table = Table(f"the same chunks, {_length(ours.seconds)} as mp3", "seconds", "memory at the peak", "with an ffmpeg")
    table.add_row("merger", f"{ours.took:.1f}", _megabytes(ours.peak), _megabytes(ours.peak + ours.ffmpeg))
    table.add_row(
        "pydub: += and export", f"{usual.seconds:.1f}", *map(_megabytes, (usual.peak, usual.peak + usual.ffmpeg))
    )
    table.add_row("ratio", f"{usual.seconds / ours.took:.1f}", f"{usual.peak / ours.peak:.1f}", "")
    return table


def _length(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def _handoffs(measured: Handoffs) -> Table:
    table = Table(f"from a recording's upload to OmniPlay, {measured.uploads} of them", "milliseconds", "asked")
    table.add_row("p50", f"{measured.p50:.0f}", f"{handoffs.MOST_P50:.0f} or less")
    table.add_row("p95", f"{measured.p95:.0f}", f"{handoffs.MOST_P95:.0f} or less")
    table.add_row("worst", f"{measured.worst:.0f}", "")
    return table


def _webhooks(measured: Webhooks) -> Table:
    table = Table(f"from a run's end to its last webhook, {webhooks.RUNS} runs", "milliseconds, p95", "asked")
    table.add_row("all receivers in order", f"{measured.alone:.0f}", "")
    hanging = f"the others while {webhooks.HANGING} of {webhooks.RECEIVERS} hang"
    table.add_row(hanging, f"{measured.beside:.0f}", "")
    table.add_row("ratio", f"{measured.ratio:.2f}", f"{webhooks.MOST_RATIO:g} or less")
    return table


def _engines(measured: Engines) -> Table:
    table = Table("engines, one segment after the other", "x real time", "what speaks here")
    for engine in measured.engines:
        table.add_row(engine.name, f"{engine.times:.0f}", engine.behind)
    return table


def _segments(measured: Engines) -> Table:
    table = Table("a segment", "milliseconds", "ratio", "asked")
    for number, short in enumerate(measured.short):
        asked = f"{engines.LEAST_TIMES:g} or more" if number == 0 else ""
        table.add_row(f"{short.characters:.0f} characters: espeak-ng in a process that stays", f"{short.staying:.2f}")
        table.add_row(f"by {measured.rival}", f"{short.fresh:.2f}", f"{short.ratio:.1f}", asked)
    table.add_section()
    table.add_row(f"one of {measured.characters:,.0f} characters by espeak-ng", f"{measured.speech:.2f}", "1", "")
    for name, milliseconds in (
        ("what the synthesizer adds to that", measured.overhead),
        ("its speech out of the cache: memory", measured.from_memory),
        ("out of a folder, by another process", measured.from_folder),
    ):
        table.add_row(name, f"{milliseconds:.2f}", f"{milliseconds / measured.speech:.2f}", "")
    table.add_section()
    table.add_row(
        f"{slow_server.AT_ONCE} at a time by a server that takes {slow_server.SPEAK_SECONDS:g} s",
        "",
        f"{measured.busy:.1%} of what it can",
        f"{slow_server.LEAST_BUSY:.0%} or more",
    )
    return table


def _bark(measured: Bark) -> Table:
    where = measured.device or "no GPU here: a tiny model on the CPU, which tells of our own code alone"
    table = Table(f"Bark with random weights, {measured.texts} texts: {where}", "x real time", "asked")
    table.add_row("one at a time", f"{measured.speech / measured.single:.1f}", "")
    table.add_row(f"{bark.BATCH} together", f"{measured.speech / measured.batched:.1f}", "")
    least = f"{bark.LEAST_RATIO:g} or more" if measured.device else "on a GPU"
    table.add_row("ratio", f"{measured.ratio:.2f}", least)
    return table
