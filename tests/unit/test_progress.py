"""How far a job is, as a person at a terminal sees it and as a log does."""

import io
import re
from contextlib import redirect_stderr
from datetime import UTC, datetime

import pytest

from darkchannel.cli import progress
from darkchannel.cli.report import Count, Report
from darkchannel.jobs.runs import State


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As wide as most terminals are, and without what forces colours on or off."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def report(segments: tuple[int, int], sections: tuple[int, int]) -> Report:
    return Report(
        job="j",
        state=State.OPEN,
        run=1,
        source="livro.md",
        accepted_at=datetime(2026, 3, 1, tzinfo=UTC),
        segments=Count(done=segments[0], total=segments[1]),
        sections=Count(done=sections[0], total=sections[1]),
    )


def shown(*reports: Report) -> str:
    """Everything a terminal gets while these are shown."""
    with redirect_stderr(Terminal()) as terminal, progress._shown() as show:
        for each in reports:
            show(each)
    return terminal.getvalue()


def last_line(text: str) -> str:
    """What a person reads at the end of it."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return re.split(r"[\r\n]+", plain.strip())[-1]


def test_a_terminal_shows_segments_sections_and_the_time_left() -> None:
    line = last_line(shown(report((0, 6), (0, 2)), report((2, 6), (0, 2)), report((5, 6), (1, 2))))
    assert re.search(r"speaking .*segments 5 of 6 +sections 1 of 2 +\d:\d\d:\d\d", line)


@pytest.mark.parametrize(
    ("segments", "sections", "doing"),
    [((0, 0), (0, 0), "reading"), ((6, 6), (1, 2), "encoding"), ((6, 6), (2, 2), "joining")],
)
def test_a_terminal_shows_what_is_being_done(segments: tuple[int, int], sections: tuple[int, int], doing: str) -> None:
    line = last_line(shown(report(segments, sections)))
    assert doing in line
    assert ("segments" in line) == (segments != (0, 0))


def test_the_bar_is_gone_from_the_terminal_at_the_end() -> None:
    assert shown(report((1, 6), (0, 2))).endswith("\x1b[1A\x1b[2K")


def test_a_log_has_a_plain_line_for_each_tenth_of_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    with progress._shown() as show:
        for done in range(101):
            show(report((done, 100), (0, 1)))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "segments 0 of 100 spoken, sections 0 of 1 encoded"
    assert lines[-1] == "segments 100 of 100 spoken, sections 0 of 1 encoded"
    assert len(lines) == 6
