"""What the command prints: results on standard output, everything on the way there on standard error."""

import json as jsonlib
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from darkchannel.cli.exits import one_line, shown
from darkchannel.cli.letter import Letter
from darkchannel.cli.report import Report
from darkchannel.jobs.runs import State

STATES = {
    State.OPEN: "under way",
    State.COMPLETED: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
}

MOST_VOICES = 8
"""So many are named in a line."""
ADVICE = "one engine speaks a book: name one that has all its voices (--engine NAME), or split the document"


def line(text: str) -> None:
    typer.echo(shown(text))


def note(text: str) -> None:
    typer.echo(shown(text), err=True)


def json(value: BaseModel | dict[str, object] | list[Report]) -> None:
    """One JSON document on standard output."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_none=True)
    elif isinstance(value, list):
        value = {"jobs": [report.model_dump(mode="json", exclude_none=True) for report in value]}
    typer.echo(jsonlib.dumps(value, ensure_ascii=False, indent=2))


def state(report: Report) -> str:
    if report.state is State.OPEN and not report.segments.total:
        return "being read"
    if report.state is State.COMPLETED and not report.published:
        return "being published"
    return STATES[report.state]


def job(report: Report) -> None:
    """One job, a line for each thing there is to say."""
    said = {
        "job": report.job,
        "file": report.source,
        "title": report.title,
        "state": state(report) + (f" (run {report.run})" if report.run > 1 else ""),
        "accepted": moment(report.accepted_at),
        "ended": moment(report.ended_at) if report.ended_at else None,
        "segments": f"{report.segments} spoken" if report.segments.total else None,
        "sections": f"{report.sections} encoded" if report.sections.total else None,
        "audiobook": f"darkchannel-output/{report.output}" if report.output else None,
        **speakers(report),
        "plays": duration(report.seconds) if report.seconds else None,
        "reason": report.error,
    }
    facts(said)


def speakers(report: Report) -> dict[str, str]:
    """What there is to say of who spoke an audiobook, and of who was to and did not."""
    lines = {
        "spoken by": spoken_by(report.engines, report.unable),
        "not used": not_used(report.passed_over, is_advised=not report.unable),
    }
    return {name: text for name, text in lines.items() if text}


def spoken_by(engines: Mapping[str, int], unable: Mapping[str, Mapping[str, int]]) -> str:
    """Who spoke, and how much of it where there were several; then why others did not."""
    shares = [f"{name} {count}" for name, count in engines.items()]
    spoke = "".join(engines) if len(engines) < 2 else f"{', '.join(shares)} segments"
    return "; ".join([spoke, *(f"{name} did not: {_reasons(name, counts)}" for name, counts in unable.items())])


def _reasons(engine: str, counts: Mapping[str, int]) -> str:
    """An engine's reasons, which may begin with its name, as it writes it."""
    said = {
        reason[len(engine) + 2 :] if reason.lower().startswith(f"{engine}: ") else reason: count
        for reason, count in counts.items()
    }
    return ", ".join(f"{one_line(reason)} ({count} segment{'s' * (count != 1)})" for reason, count in said.items())


def not_used(passed_over: Mapping[str, Mapping[str, int]], *, is_advised: bool) -> str:
    """The voices that an engine spoke in place of, and what to do about it; nothing where there are none.

    No advice helps where the engine that has them may be the one that could not speak.
    """
    told = [f"{_some(list(voices))}: spoken by {engine} in another voice" for engine, voices in passed_over.items()]
    return "; ".join([*told, *([ADVICE] if told and is_advised else [])])


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_VOICES
    return ", ".join(names[:MOST_VOICES]) + (f" and {more} more" if more > 0 else "")


def letter(found: Letter) -> None:
    """One dead letter, a line for each thing there is to say."""
    said = {
        "id": found.id,
        "put aside": moment(found.at) if found.at else None,
        "service": found.service,
        "stage": found.stage,
        "job": found.job,
        "object": found.object,
        "attempts": str(found.attempts),
        "reason": one_line(found.reason),
    }
    facts(said)


def facts(said: Mapping[str, str | None]) -> None:
    """A line for each thing there is to say."""
    for name, value in said.items():
        if value:
            line(f"{name + ':':<11}{value}")


def table(reports: list[Report]) -> None:
    console = Console()
    if not console.is_terminal:
        for report in reports:
            line("\t".join((report.job, moment(report.accepted_at), state(report), report.source)))
        return
    rows = _table(("job", "accepted", "state", "spoken", "file"), whole=("job", "accepted"))
    for report in reports:
        spoken = f"{report.fraction:.0%}" if report.state is State.OPEN else ""
        rows.add_row(report.job, moment(report.accepted_at), state(report), spoken, Text(shown(report.source)))
    console.print(rows)


def letters(found: Iterable[Letter]) -> None:
    """Dead letters, one a line."""
    lines = [
        (
            letter.id, moment(letter.at) if letter.at else "", letter.service, letter.stage,
            letter.about, str(letter.attempts), one_line(letter.reason),
        )
        for letter in found
    ]  # fmt: skip
    rows(("id", "time", "service", "stage", "job or object", "attempts", "reason"), lines, whole=("id", "time"))


def rows(headings: Iterable[str], lines: Iterable[Iterable[str]], *, whole: Container[str]) -> None:
    """A table in a terminal, where columns in ``whole`` are never cut; elsewhere lines of fields with tabs between."""
    console = Console()
    if not console.is_terminal:
        for fields in lines:
            line("\t".join(fields))
        return
    table = _table(headings, whole=whole)
    for fields in lines:
        table.add_row(*(Text(shown(field)) for field in fields))
    console.print(table)


def _table(headings: Iterable[str], *, whole: Container[str]) -> Table:
    """Columns without lines; those in ``whole`` are never cut."""
    rows = Table(box=None, pad_edge=False)
    for heading in headings:
        rows.add_column(heading, no_wrap=heading in whole, overflow="fold")
    return rows


def moment(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float) -> str:
    """Seconds for people: ``2.4 s``, ``3 min 05 s``, ``1 h 12 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
