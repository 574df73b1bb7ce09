"""The paragraphs of a text and of the Markdown people put in it, told apart line by line.

https://spec.commonmark.org/0.31.2/#blocks-and-inlines, with GitHub's tables and task lists; but a text without any
mark is read as books are typed: indented first lines, verse, dialogue behind dashes.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from services.splitter.lines import headings
from services.splitter.lines.inline import plain
from services.splitter.lines.paragraphs import Paragraph

LONG_LINE = 200
"""Characters above which a line is no line of a wrapped paragraph but a paragraph."""
MAX_VERSE = 60
"""Characters of a line of verse, where nothing but capitals shows that it is one."""
MIN_VERSE = 3
"""So many short lines in a row, each with a capital, are verse."""

_HARD_BREAK = re.compile(r"(?:  |\t|\\)$")
_RULE_MARKS = frozenset("-*_=~#•⁂ \t")
_ORNAMENTS = frozenset("⁂•*#")
_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_FENCE = re.compile(r"[ \t]*+```+[ \t]*+[\w+#.{}-]*+[ \t]*+")
_REFERENCE = re.compile(r"\s*+\[(?!\^)[^\[\]]++\]:\s*+(?:https?://|<|/|#)\S*+\s*+(?:\"[^\"]*+\")?\s*+")
_DIVISION = re.compile(r":{3,}+\s*+(?:\{[^{}]*+\}|[\w-]++)?\s*+:*+")
_NOTE = re.compile(r" {0,3}\[\^([^\[\]\s]++)\]:[ \t]*+(.*)")
_BULLET = re.compile(r"\A[-*+][ \t]++(?:\[[ xX]\][ \t]++)?")
_NUMBERED = re.compile(r"\d{1,3}[.)][ \t]")
_PIPE = re.compile(r"(?<!\\)\|")
_RULER_MARKS = frozenset("|-:+= \t")
_QUOTE = re.compile(r"^\s*+(?:>[ \t]?+)+")
_OPENING = "\"'“”‘«(—–-…¿¡*_ "
_TERMINAL = '.!?…:;"”’»)*_'


def paragraphs(lines: list[str]) -> Iterator[Paragraph]:
    """The paragraphs of lines without line ends, headings among them, in their order; some may be empty."""
    return _Reader(lines).read()


def without_comments(text: str) -> str:
    """A text without what stands between ``<!--`` and ``-->``; a comment that never ends is text."""
    pieces: list[str] = []
    end = 0
    while (start := text.find("<!--", end)) >= 0 and (close := text.find("-->", start + 4)) >= 0:
        pieces.append(text[end:start])
        end = close + 3
    return "".join((*pieces, text[end:]))


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._current = Paragraph()
        self._is_item = self._is_quoted = self._is_broken = False
        fences = [number for number, line in enumerate(lines) if "```" in line and _FENCE.fullmatch(line)]
        self._fences = dict(zip(fences[::2], fences[1::2], strict=False))

    def read(self) -> Iterator[Paragraph]:
        number = 0
        while number < len(self._lines):
            if not self._lines[number]:
                if self._current.lines:
                    yield self._ended()
                number += 1
            elif block := self._block(number):
                found, number = block
                yield self._ended()
                yield from found
            else:
                if self._starts(number):
                    yield self._ended()
                self._add(number)
                number += 1
        yield self._ended()

    def _ended(self) -> Paragraph:
        current, self._current = self._current, Paragraph()
        current.verse = not self._is_item and _is_verse(current.lines)
        return current

    def _block(self, number: int) -> tuple[list[Paragraph], int] | None:
        """What stands at a line where it is no line of a paragraph, and the number of the line below it."""
        if close := self._fences.get(number):
            code = [line.strip() for line in self._lines[number + 1 : close] if line.strip()]
            return [Paragraph(code, literal=True, verse=True)], close + 1
        line = self._unquoted(number).strip()
        if not line or (line[0] in _RULE_MARKS and _is_rule(line)):
            return [Paragraph(pause=True)] if line else [], number + 1
        if (line[0] == "[" and _REFERENCE.fullmatch(line)) or (line[0] == ":" and _DIVISION.fullmatch(line)):
            return [], number + 1
        if line[0] == "[" and (note := _NOTE.fullmatch(self._lines[number])):
            return self._note(note[1], note[2], number + 1)
        return self._table(number) if "|" in line and self._is_table(number) else self._heading(number, line)

    def _unquoted(self, number: int) -> str:
        line = self._lines[number]
        return _QUOTE.sub("", line, count=1) if ">" in line else line

    def _heading(self, number: int, line: str) -> tuple[list[Paragraph], int] | None:
        if line[0] == "#" and (found := _ATX.fullmatch(self._unquoted(number))):
            return [Paragraph([found[2].rstrip().rstrip("#").rstrip()], len(found[1]))], number + 1
        if len(line) > headings.MAX_HEADING:
            return None
        below = self._lines[number + 1].strip() if number + 1 < len(self._lines) else ""
        if not self._current.lines and not _begins_item(line) and not self._opens_box(number + 1):
            if len(below) > 1 and set(below) == {"="}:
                return [Paragraph([line], 1)], number + 2
            if len(below) > 2 and set(below) == {"-"} and line[-1] not in _TERMINAL + ",":
                return [Paragraph([line], 2)], number + 2
        line = line.strip("# ") if line[0] == "#" else line
        label = headings.label(plain(line)) if headings.label(line.strip("*_ ")) else None
        before = self._lines[number - 1].strip() if number else ""
        if label and not before[-1:].isalnum() and not below[:1].islower():
            return [Paragraph([line], label.level)], number + 1
        return None

    def _opens_box(self, number: int) -> bool:
        """Whether a rule belongs to the line below it, which another such rule follows."""
        rules = [line.strip() for line in self._lines[number : number + 3 : 2]]
        return len(rules) == 2 and _is_rule(rules[0]) and rules[0] == rules[1] and bool(self._lines[number + 1].strip())

    def _note(self, name: str, first: str, number: int) -> tuple[list[Paragraph], int]:
        """A footnote with its further lines, and after an empty line those that are indented."""
        lines = [first.strip()]
        while number < len(self._lines):
            line = self._lines[number]
            if line.strip():
                if self._ends_note(number):
                    break
                lines.append(line.strip())
                number += 1
                continue
            below = number
            while below < len(self._lines) and not self._lines[below].strip():
                below += 1
            if below == len(self._lines) or not self._lines[below].startswith(("  ", "\t")):
                break
            number = below
        return [Paragraph(lines, note=name)], number

    def _ends_note(self, number: int) -> bool:
        line = self._lines[number]
        return bool(
            number in self._fences or _NOTE.match(line) or _ATX.match(line) or _REFERENCE.fullmatch(line)
        ) or _is_rule(line.strip())

    def _is_table(self, number: int) -> bool:
        line = self._unquoted(number).strip()
        below = self._unquoted(number + 1).strip() if number + 1 < len(self._lines) else ""
        return (line[0] == "|" and line.count("|") > 1) or _is_ruler(below)

    def _table(self, number: int) -> tuple[list[Paragraph], int]:
        rows: list[Paragraph] = []
        while number < len(self._lines) and "|" in (line := self._unquoted(number).strip()):
            cells = [] if _is_ruler(line) else [cell for cell in map(str.strip, _PIPE.split(line)) if cell]
            rows.append(Paragraph(["".join(_listed(cells))] if cells else []))
            number += 1
        return rows, number

    def _starts(self, number: int) -> bool:
        """Whether a line begins a paragraph though none has ended above it."""
        if not self._current.lines:
            return True
        raw, line, before = self._lines[number], self._unquoted(number).strip(), self._current.lines[-1]
        has_ended = before[-1] in _TERMINAL
        if _BULLET.match(line) or (raw.lstrip().startswith(">") and not self._is_quoted):
            return True
        if _NUMBERED.match(line) or line[0] in "—–":
            return has_ended or (self._is_item if line[0].isdigit() else not line[1:].lstrip()[:1].islower())
        if self._is_broken and not (len(before) > MAX_VERSE and line[0].islower()):
            return True
        if self._is_item or not has_ended:
            return False
        is_indented = raw.startswith(("  ", "\t")) and not self._lines[number - 1].startswith((" ", "\t"))
        return is_indented or len(before) >= LONG_LINE

    def _add(self, number: int) -> None:
        raw = self._unquoted(number)
        line = raw.strip()
        if not self._current.lines:
            self._is_item = _begins_item(line)
            self._is_quoted = self._lines[number].lstrip().startswith(">")
            line = _BULLET.sub("", line, count=1)
        self._is_broken = bool(_HARD_BREAK.search(raw[-2:]))
        self._current.lines.append(line[:-1].rstrip() or line if line.endswith("\\") else line)


def _begins_item(line: str) -> bool:
    return bool(_BULLET.match(line) or _NUMBERED.match(line))


def _is_rule(line: str) -> bool:
    return line in _ORNAMENTS or (set(line) <= _RULE_MARKS and len(line) - line.count(" ") - line.count("\t") > 2)


def _is_ruler(line: str) -> bool:
    """Whether a row of a table only says where its columns are."""
    return "|" in line and "-" in line and set(line) <= _RULER_MARKS


def _listed(cells: list[str]) -> Iterator[str]:
    for cell, following in pairwise([*cells, ""]):
        yield cell.replace("\\|", "|")
        if following:
            yield " " if cell[-1] in ".,;:!?" else ", "


def _is_verse(lines: list[str]) -> bool:
    return len(lines) >= MIN_VERSE and all(
        len(line) <= MAX_VERSE and line[-1] != "-" and line.lstrip(_OPENING)[:1].isupper() for line in lines
    )
