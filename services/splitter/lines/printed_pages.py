"""Printed pages in a text: their numbers and running heads fall out, and paragraphs run on from page to page.

A number alone on its line is text as often as not, so that one falls out only where it breaks a sentence in two,
counts on from one that does, or stands at the same edge of its page as others with the same distance to the page's
place in the document.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from darkchannel.speech.normalisation.numbers import roman
from services.splitter.lines import headings

MAX_RUNNING_HEAD = 80
MIN_REPEATS = 3
MAX_GAP = 2
"""By how much a page's number may be greater than that of the page before: one page may have none."""
EDGE_LINES = 2
"""Lines at the head and at the foot of a page that may be furniture."""
MIN_FULL_LINE = 40
"""Characters of a line that ends at the margin rather than where a writer ended it."""

_EXPLICIT = re.compile(
    r"(?:p[áa]g(?:ina|\.)?|page|p\.)\s*(\d{1,4})(?:\s*(?:/|de|of)\s*\d{1,4})?"
    r"|[-–—]\s*(\d{1,4})\s*[-–—]|(\d{1,4})\s*(?:/|de|of)\s*\d{1,4}",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,4}")
_RUNNING = re.compile(r"(?:(\d{1,4})\s+(?:[|·•–—-]\s*)?)?(.*?)(?:\s+(?:[|·•–—-]\s*)?(\d{1,4}))?")


@dataclass(frozen=True, slots=True)
class _Number:
    line: int
    value: int
    above: int
    below: int
    is_explicit: bool
    breaks: bool
    """Whether it stands within a sentence."""


def joined(pages: Sequence[list[str]]) -> list[str]:
    """The lines of all pages without their furniture."""
    lines: list[str] = []
    for page in pages if len(pages) == 1 else without_furniture(pages):
        worded = [number for number, line in enumerate(page) if line.strip()]
        if not worded:
            continue
        page_lines = page[worded[0] : worded[-1] + 1]
        if lines and not _continues(lines[-1], page_lines[0]):
            lines.append("")
        lines += page_lines
    return without_numbers(lines)


def without_numbers(lines: list[str]) -> list[str]:
    """Lines without the page numbers among them."""
    numbers = [found for number, line in enumerate(lines) if (found := _number(lines, number))]
    pages = _page_numbers(numbers)
    dropped: set[int] = set()
    for found in pages:
        # Where a sentence runs on, so does its paragraph.
        runs_on = found.breaks or (found.above >= 0 and found.below < len(lines) and _joins(lines, found))
        dropped.update(range(found.above + 1, found.below) if runs_on else (found.line,))
    return [line for number, line in enumerate(lines) if number not in dropped] if dropped else lines


def _joins(lines: list[str], found: _Number) -> bool:
    return _continues(lines[found.above], lines[found.below])


def _number(lines: list[str], number: int) -> _Number | None:
    line = lines[number].strip()
    if len(line) > 24 or not any(map(str.isdigit, line)):
        return None
    explicit = _EXPLICIT.fullmatch(line)
    if not explicit and not _NUMBER.fullmatch(line):
        return None
    value = int(explicit[1] or explicit[2] or explicit[3]) if explicit else int(line)
    above, below = number - 1, number + 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    while below < len(lines) and not lines[below].strip():
        below += 1
    within = above >= 0 and below < len(lines) and _runs_on(lines[above], lines[below])
    return _Number(number, value, above, below, bool(explicit), within)


def _page_numbers(numbers: list[_Number]) -> list[_Number]:
    certain = [found for found in numbers if found.breaks or found.is_explicit]
    series = _ascending(certain)
    if len(series) < 2:
        # A lone number is a page's only where the lines around it stand off from it.
        return [found for found in certain if found.breaks and found.below - found.line > 1 < found.line - found.above]
    kept = {found.line for found in series}
    for sign, order in ((1, numbers), (-1, numbers[::-1])):
        last: _Number | None = None
        for found in order:
            if found.line in kept:
                last = found
            elif last and not found.is_explicit and 0 < sign * (found.value - last.value) <= MAX_GAP:
                kept.add(found.line)
                last = found
    return [found for found in numbers if found.line in kept]


def _ascending(numbers: list[_Number]) -> list[_Number]:
    """The longest run of numbers, gaps allowed, of which each is greater than the one before."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for place, found in enumerate(numbers):
        length = bisect_left(tails, found.value)
        before.append(ends[length - 1] if length else -1)
        if length == len(tails):
            tails.append(found.value)
            ends.append(place)
        else:
            tails[length], ends[length] = found.value, place
    run: list[_Number] = []
    place = ends[-1] if ends else -1
    while place >= 0:
        run.append(numbers[place])
        place = before[place]
    return run[::-1]


def _runs_on(before: str, after: str) -> bool:
    """Whether a sentence goes on in the next line: it has not ended, and no capital begins another."""
    before, after = before.rstrip(), after.lstrip()
    return bool(before and after) and (before[-1].isalpha() or before[-1] in ",;-‐") and after[0].islower()


def _continues(before: str, after: str) -> bool:
    """Whether a paragraph goes on in the first line of the next page."""
    if _runs_on(before, after):
        return True
    before, after = before.strip(), after.strip()
    is_open = len(before) >= MIN_FULL_LINE and (before[-1].isalpha() or before[-1] in ",;-‐")
    return is_open and after[:1].isalnum() and not headings.label(after)


def without_furniture(pages: Sequence[list[str]]) -> list[list[str]]:
    """Pages without their numbers and without the lines that stand again and again at their head or foot."""
    stripped = [list(page) for page in pages]
    for _ in range(EDGE_LINES):
        edges = [_edges(page) for page in stripped]
        dropped = _numbers_at_edges(stripped, edges) | _running_heads(stripped, edges)
        if not dropped:
            break
        for number, page in enumerate(stripped):
            page[:] = [line for place, line in enumerate(page) if (number, place) not in dropped]
    return stripped


def _edges(page: list[str]) -> tuple[int, ...]:
    """The places of a page's first and last lines with anything in them."""
    first = next((place for place, line in enumerate(page) if line.strip()), None)
    if first is None:
        return ()
    return first, next(place for place in range(len(page) - 1, -1, -1) if page[place].strip())


def _numbers_at_edges(pages: list[list[str]], edges: list[tuple[int, ...]]) -> set[tuple[int, int]]:
    found: dict[tuple[int, int], int] = {}
    """The distance of each number at an edge to its page's place in the document."""
    explicit: set[tuple[int, int]] = set()
    for number, places in enumerate(edges):
        for place in places:
            line = pages[number][place].strip()
            if len(line) > 24:
                continue
            if _EXPLICIT.fullmatch(line):
                explicit.add((number, place))
            elif _NUMBER.fullmatch(line):
                found[number, place] = int(line) - number
            elif line.islower() and (value := roman(line.upper())):
                found[number, place] = value - number
    counts = Counter(found.values())
    return explicit | {at for at, distance in found.items() if counts[distance] >= 2}


def _running_heads(pages: list[list[str]], edges: list[tuple[int, ...]]) -> set[tuple[int, int]]:
    places: dict[tuple[bool, str], list[tuple[int, int]]] = {}
    for number, page_edges in enumerate(edges):
        for is_foot, place in enumerate(page_edges if len(set(page_edges)) > 1 else ()):
            if head := _running_head(pages[number][place].strip()):
                places.setdefault((bool(is_foot), head), []).append((number, place))
    dropped: set[tuple[int, int]] = set()
    for (_, head), found in places.items():
        if len(found) < MIN_REPEATS:
            continue
        # The heads of a chapter repeat its title, which is to be heard once.
        is_title = len(found) < len(pages) / 3 or headings.label(head)
        dropped.update(found[1:] if is_title else found)
    return dropped


def _running_head(line: str) -> str | None:
    """What of a line might stand on other pages too: all but the page's number."""
    if not line or len(line) > MAX_RUNNING_HEAD or line[-1] in ".!?…,;:":
        return None
    found = _RUNNING.fullmatch(line)
    has_number = found and (found[1] or found[3]) and not headings.label(line)
    return (found[2] if found and has_number else line).casefold() or None
