"""The printed table of contents: a list for the eye, which is neither chapters nor read aloud."""

import re
from collections import Counter
from itertools import pairwise

from services.splitter.lines import headings
from services.splitter.lines.inline import plain

MAX_ENTRY = 200
MIN_ENTRIES = 2
MAX_CHAPTER = 300
"""Pages from one entry to the next, where no dots lead to their numbers: "1964" is a year."""
MIN_UNSURE = 3
"""So many lines are needed where only dot leaders, or only page numbers, say that they are a table of contents."""

_TITLE_LINES = """
    sumário|sumario|índice|indice|conteúdo|conteudo|índice geral|índice de capítulos|tabela de conteúdo
    |contents|table of contents
"""
_TITLES = frozenset(" ".join(_TITLE_LINES.split()).replace(" |", "|").split("|"))
_PAGE = re.compile(r"(?<![^\s.…·_])(\d{1,4}|[ivxlc]{1,7})$")
_LEADER = " \t.…·_"
_LINK = re.compile(r"\[[^\[\]]+\]\(#[^()\s]*\)")
_MARK = re.compile(r"^(?:[-*+]|\d{1,3}[.)]|[IVXLC]{1,7}(?:[.)]|[ \t]+[–—-]))[ \t]+")
_UNDERLINE = re.compile(r"\s*(?:=+|-{2,})\s*")


def left_out(lines: list[str]) -> list[str]:
    """Lines without the tables of contents among them."""
    dropped = places(lines)
    return [line for number, line in enumerate(lines) if number not in dropped] if dropped else lines


def places(lines: list[str]) -> set[int]:
    """The numbers of the lines that are tables of contents.

    A list is one where it stands under a title such as "Sumário" and every line ends in a page number, links into the
    document, or stands elsewhere in the document too; or where dots lead every line to its page.
    """
    titles = [number for number, line in enumerate(lines) if _is_title(line)]
    found: set[int] = set()
    if titles:
        counts = Counter(key for line in lines if len(line) <= MAX_ENTRY and (key := _key(line)))
        for title in titles:
            if title not in found:
                found |= _announced(lines, title, counts)
    for run in _leaders(lines):
        found.update(run)
    return found


def _is_title(line: str) -> bool:
    return len(line) < 60 and line.strip(" \t#*_.:").casefold() in _TITLES


def _key(line: str) -> str:
    """What an entry ("I. O mar") and the heading it stands for ("CAPÍTULO I – O MAR") have in common."""
    text = _MARK.sub("", plain(line.strip().lstrip("#").strip()))
    label = headings.label(text)
    return (label.title if label and label.title else text).strip(" \t.:").casefold()


def _announced(lines: list[str], title: int, counts: Counter[str]) -> set[int]:
    start = title + 1
    if start < len(lines) and _UNDERLINE.fullmatch(lines[start]):
        start += 1
    entries: list[int] = []
    seen: set[str] = set()
    is_sure = True
    last_page = 0
    for number in range(start, len(lines)):
        line = lines[number].strip()
        if not line:
            continue
        key = _key(line)
        led, page = _led(line)
        stands_elsewhere = counts[key] > 1 or _is_link(line)
        value = int(page) if page.isdigit() else 0
        # A list has page numbers at all of its lines or at none.
        is_numbered = last_page < value <= last_page + MAX_CHAPTER or (last_page == value > 0)
        is_entry = led or stands_elsewhere or (is_numbered and (last_page > 0 or not entries))
        # The second "Capítulo I" is the chapter itself.
        if len(line) > MAX_ENTRY or key in seen or not is_entry or _is_title(line):
            break
        seen.add(key)
        entries.append(number)
        is_sure = is_sure and (led or stands_elsewhere)
        last_page = max(last_page, value)
    is_list = len(entries) >= (MIN_ENTRIES if is_sure else MIN_UNSURE)
    return set(range(title, entries[-1] + 1)) if is_list else set()


def _is_link(line: str) -> bool:
    return len(line) <= MAX_ENTRY and bool(_LINK.fullmatch(_MARK.sub("", line).strip("*_ ")))


def _led(line: str) -> tuple[bool, str]:
    """Whether dots or a gap lead to a page number at the end of a line, and that number."""
    if len(line) > MAX_ENTRY or not (found := _PAGE.search(line)):
        return False, ""
    head = line[: found.start()]
    title = head.rstrip(_LEADER)
    lead = head[len(title) :]
    dots = sum(3 if char == "…" else char in ".·_" for char in lead)
    is_led = bool(title) and (dots >= 3 or "\t" in lead or "   " in lead)
    return is_led, found[1] if title and (is_led or found[1].isdigit()) else ""


def _leaders(lines: list[str]) -> list[range]:
    """Runs of lines with dot leaders, empty lines between them, and page numbers that never fall."""
    entries = [
        number for number, line in enumerate(lines) if len(line) <= MAX_ENTRY and _has_dots(line) and _page(line)
    ]
    runs: list[list[int]] = []
    for before, number in pairwise([-1, *entries]):
        follows = bool(runs) and not any(map(str.strip, lines[before + 1 : number]))
        if follows and _page(lines[number]) >= _page(lines[before]):
            runs[-1].append(number)
        else:
            runs.append([number])
    return [range(run[0], run[-1] + 1) for run in runs if len(run) >= MIN_UNSURE]


def _has_dots(line: str) -> bool:
    return "..." in line or "…" in line or ". . ." in line


def _page(line: str) -> int:
    led, page = _led(line.strip())
    return int(page) if led and page.isdigit() else 0
