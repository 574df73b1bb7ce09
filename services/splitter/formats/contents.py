"""The printed table of contents: a list for the eye, which is neither chapters nor read aloud."""

import re
from collections import Counter
from itertools import pairwise

from services.splitter.formats.inline import plain

MAX_ENTRY = 200
MIN_ENTRIES = 2
MIN_UNANNOUNCED = 3
"""So many lines with dot leaders are a table of contents though nothing above says so."""

_TITLES = frozenset(
    {
        "sumário", "sumario", "índice", "indice", "conteúdo", "conteudo", "índice geral", "índice de capítulos",
        "tabela de conteúdo", "contents", "table of contents",
    }
)  # fmt: skip
_PAGE = re.compile(r"(?<![^\s.…·_])(\d{1,4}|[ivxlc]{1,7})$")
_LEADER = " \t.…·_"
_LINK = re.compile(r"\[[^\[\]]+\]\(#[^()\s]*\)")
_MARK = re.compile(r"^(?:[-*+]|\d{1,3}[.)])[ \t]+")
_UNDERLINE = re.compile(r"\s*(?:=+|-{2,})\s*")


def left_out(lines: list[str]) -> list[str]:
    """Lines without the tables of contents among them.

    A list is one where it stands under a title such as "Sumário" and every line ends in a page number, links into the
    document, or stands elsewhere in the document too; or where dots lead every line to its page.
    """
    titles = [number for number, line in enumerate(lines) if _is_title(line)]
    dropped: set[int] = set()
    if titles:
        counts = Counter(key for line in lines if len(line) <= MAX_ENTRY and (key := _key(line)))
        for title in titles:
            dropped |= _announced(lines, title, counts)
    for run in _leaders(lines):
        dropped.update(run)
    return [line for number, line in enumerate(lines) if number not in dropped] if dropped else lines


def _is_title(line: str) -> bool:
    return len(line) < 60 and line.strip(" \t#*_.:").casefold() in _TITLES


def _key(line: str) -> str:
    """What an entry and the heading it stands for have in common."""
    return _MARK.sub("", plain(line.strip().lstrip("#").strip())).strip(" \t.:").casefold()


def _announced(lines: list[str], title: int, counts: Counter[str]) -> set[int]:
    start = title + 1
    if start < len(lines) and _UNDERLINE.fullmatch(lines[start]):
        start += 1
    entries: list[int] = []
    pages: list[int] = []
    seen: set[str] = set()
    sure = 0
    for number in range(start, len(lines)):
        line = lines[number].strip()
        if not line:
            continue
        key = _key(line)
        led, page = _led(line)
        stands_elsewhere = counts[key] > 1
        if len(line) > MAX_ENTRY or key in seen or not (led or page or stands_elsewhere or _is_link(line)):
            break
        if page and not led and not stands_elsewhere and (not page.isdigit() or (pages and int(page) < pages[-1])):
            break
        seen.add(key)
        entries.append(number)
        sure += bool(led or stands_elsewhere or _is_link(line))
        if page.isdigit():
            pages.append(int(page))
    enough = len(entries) >= (MIN_ENTRIES if sure == len(entries) else MIN_UNANNOUNCED)
    return set(range(title, entries[-1] + 1)) if enough else set()


def _is_link(line: str) -> bool:
    return bool(_LINK.fullmatch(_MARK.sub("", line).strip("*_ ")))


def _led(line: str) -> tuple[bool, str]:
    """Whether dots or a gap lead to a page number at the end of a line, and that number."""
    if len(line) > MAX_ENTRY or not (found := _PAGE.search(line)):
        return False, ""
    head = line[: found.start()]
    title = head.rstrip(_LEADER)
    lead = head[len(title) :]
    dots = sum(3 if char == "…" else char in ".·_" for char in lead)
    return bool(title) and (dots >= 3 or "\t" in lead or "   " in lead), found[1] if title and lead else ""


def _has_dots(line: str) -> bool:
    return ("..." in line or "…" in line or ". . ." in line) and _led(line)[0]


def _leaders(lines: list[str]) -> list[range]:
    """Runs of lines with dot leaders, empty lines between them, and page numbers that never fall."""
    entries = [number for number, line in enumerate(lines) if len(line) <= MAX_ENTRY and _has_dots(line.strip())]
    runs: list[list[int]] = []
    for before, number in pairwise([-1, *entries]):
        follows = runs and not any(map(str.strip, lines[before + 1 : number]))
        if follows and _page(lines[number]) >= _page(lines[before]):
            runs[-1].append(number)
        else:
            runs.append([number])
    return [range(run[0], run[-1] + 1) for run in runs if len(run) >= MIN_UNANNOUNCED]


def _page(line: str) -> int:
    page = _led(line.strip())[1]
    return int(page) if page.isdigit() else 0
