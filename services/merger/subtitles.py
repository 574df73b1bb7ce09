"""Subtitles of a book: its sentences as WebVTT, SubRip and LRC, each cue as soon as its end is known.

Cues are laid out as studios ask for them: two lines of 42 characters at most, cut where the sense allows, on the
screen for about a second or longer. https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, pairwise
from typing import TextIO

from services.merger.alignment import estimated
from services.merger.cues import Line
from services.merger.wrapping import Wrapped, wrapped

LEAST_MILLISECONDS = 1_000
"""How long a cue is shown where the next leaves it room."""

_VTT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SRT_MARKUP = re.compile(r"(?<=[<{])(?=[^\s])|(?<=--)(?=>)")
_WORD_JOINER = "\u2060"


@dataclass(slots=True)
class _Cue:
    """Some lines of a sentence, in milliseconds from the start of the book."""

    start: int
    end: int
    sentence: Wrapped
    rows: tuple[range, ...]
    """The pieces of each line on the screen."""
    starts: tuple[int, ...]
    """When each piece of the sentence is heard; none where nobody told."""


def with_subtitles(lines: Iterable[Line], vtt: TextIO, srt: TextIO) -> Iterator[Line]:
    """Pass on the lines, and write the same cues in two formats as they come.

    WebVTT (https://www.w3.org/TR/webvtt1/) has the times of the words within a cue, where they are known. SubRip
    (https://wiki.videolan.org/SubRip/), with bare line feeds, knows no escapes: what players would take for markup
    has a sign of no width inside, a word joiner.
    """
    vtt.write("WEBVTT\n")
    numbers = count(1)

    def write(cue: _Cue) -> None:
        rows = "\n".join(_vtt_rows(cue))
        vtt.write(f"\n{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{rows}\n")
        rows = _SRT_MARKUP.sub(_WORD_JOINER, "\n".join(cue.sentence.text(row) for row in cue.rows))
        srt.write(f"{next(numbers)}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{rows}\n\n")

    held: _Cue | None = None
    for line in lines:
        for cue in _of_sentence(line):
            if held:
                cue.start = max(cue.start, held.start + 1)
                write(_timed(held, cue.start))
            held = cue
        yield line
    if held:
        write(_timed(held, held.end + LEAST_MILLISECONDS))


def with_lrc(lines: Iterable[Line], out: TextIO, title: str, author: str | None) -> Iterator[Line]:
    """Pass on the lines, and write LRC, a sentence a line: https://en.wikipedia.org/wiki/LRC_(file_format)"""
    for tag, value in (("ti", title), ("ar", author or "")):
        if named := " ".join(value.split()).replace("[", "(").replace("]", ")"):
            out.write(f"[{tag}:{named}]\n")
    last = 0
    for line in lines:
        if text := " ".join(line.text.split()):
            last = max(last, round(line.start * 100))
            seconds, hundredths = divmod(last, 100)
            # What begins with a bracket would be read as one more time.
            out.write(f"[{seconds // 60:02}:{seconds % 60:02}.{hundredths:02}]{' ' * text.startswith('[')}{text}\n")
        yield line


def _vtt_rows(cue: _Cue) -> Iterator[str]:
    pieces, is_joined = cue.sentence.pieces, cue.sentence.is_joined
    last = cue.start
    for row in cue.rows:
        parts: list[str] = []
        for at in row:
            if parts and not is_joined[at]:
                parts.append(" ")
            if cue.starts and last < cue.starts[at] < cue.end and not is_joined[at]:
                last = cue.starts[at]
                parts.append(f"<{_clock(last, '.')}>")
            parts.append(pieces[at].translate(_VTT_ESCAPES))
        yield "".join(parts)


def _timed(cue: _Cue, following: int) -> _Cue:
    """With an end after its start and not after the start of the next."""
    cue.end = min(max(cue.end, cue.start + LEAST_MILLISECONDS), following)
    return cue


def _of_sentence(line: Line) -> Iterator[_Cue]:
    sentence = wrapped(line.text)
    if not sentence.pieces:
        return
    is_told = [word for _, word in line.words] == line.text.split()
    words = line.words if is_told else estimated(line.text, line.start, line.end)
    starts = _starts(sentence, [round(1_000 * start) for start, _ in words], round(1_000 * line.end))
    opening = (round(1_000 * line.start), *(starts[rows[0].start] for rows in sentence.cues[1:]))
    for (start, end), rows in zip(pairwise((*opening, round(1_000 * line.end))), sentence.cues, strict=True):
        yield _Cue(start, end, sentence, rows, starts if is_told else ())


def _starts(sentence: Wrapped, words: list[int], end: int) -> tuple[int, ...]:
    """When each piece is heard: a word that was cut takes its time evenly."""
    if not any(sentence.is_joined):
        return tuple(words)
    firsts = [at for at, is_joined in enumerate(sentence.is_joined) if not is_joined]
    starts: list[int] = []
    for (at, stop), (start, following) in zip(
        pairwise([*firsts, len(sentence.pieces)]), pairwise([*words, end]), strict=True
    ):
        starts += [start + (following - start) * number // (stop - at) for number in range(stop - at)]
    return tuple(starts)


def _clock(milliseconds: int, point: str) -> str:
    seconds, thousandths = divmod(milliseconds, 1_000)
    return f"{_whole(seconds)}{point}{thousandths:03}"


@lru_cache(maxsize=64)  # a second has several words, and each is written once
def _whole(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
