"""Sentences and readings labelled by ear, and how well the rules agree with them.

``sentences.{language}.txt`` holds paragraphs, one sentence a line and a blank line between paragraphs.
``normalisation.{language}.tsv`` holds a text, a tab and the words to be said, ``|`` between readings both right.
Lines that begin with ``# `` are comments.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from darkchannel.speech.normalisation import normalise
from darkchannel.speech.sentences import split

FOLDER = Path(__file__).parent
TAGS: Mapping[str, str] = {"pt": "pt-BR", "en": "en-US"}
"""The languages that have a labelled set, and the tag of its texts."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SHOWN = 24
"""Characters shown on each side of a wrong boundary."""


@dataclass(frozen=True, slots=True)
class Case:
    """A text as it is written and the readings that are right."""

    text: str
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Boundaries between the sentences of a paragraph; the end of a paragraph is given, so it counts for nothing."""

    sentences: int
    """Labelled ones."""
    found: int
    """Boundaries that are labelled and were set."""
    labelled: int
    set: int
    wrong: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.found / self.set if self.set else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.labelled if self.labelled else 1.0

    @property
    def f1(self) -> float:
        both = self.set + self.labelled
        return 2 * self.found / both if both else 1.0


@dataclass(frozen=True, slots=True)
class Accuracy:
    cases: int
    wrong: list[str] = field(default_factory=list)

    @property
    def right(self) -> int:
        return self.cases - len(self.wrong)

    @property
    def share(self) -> float:
        return self.right / self.cases if self.cases else 1.0


def paragraphs(language: str, folder: Path = FOLDER) -> list[tuple[str, ...]]:
    """The labelled paragraphs, each as its sentences."""
    lines = _lines(folder / f"sentences.{language}.txt")
    return [tuple(group) for filled, group in groupby(lines, key=bool) if filled]


def cases(language: str, folder: Path = FOLDER) -> list[Case]:
    columns = (line.split("\t") for line in _lines(folder / f"normalisation.{language}.tsv") if line)
    return [Case(text, tuple(readings.split("|"))) for text, readings in columns]


def sentence_f1(language: str, folder: Path = FOLDER, cut: Callable[[str, str], Iterable[str]] = split) -> Score:
    """How well ``cut`` finds the boundaries of the labelled sentences of a language of ``TAGS``."""
    sentences = found = labelled = placed = 0
    wrong: list[str] = []
    for paragraph in paragraphs(language, folder):
        text = " ".join(paragraph)
        expected, given = _boundaries(paragraph), _boundaries(cut(text, TAGS[language]))
        sentences += len(paragraph)
        found += len(expected & given)
        labelled += len(expected)
        placed += len(given)
        wrong += [f"not cut: {_around(text, place)}" for place in sorted(expected - given)]
        wrong += [f"cut: {_around(text, place)}" for place in sorted(given - expected)]
    return Score(sentences, found, labelled, placed, wrong)


def accuracy(language: str, folder: Path = FOLDER, read: Callable[[str, str], str] = normalise) -> Accuracy:
    """How many labelled texts of a language of ``TAGS`` are written out as they are said."""
    labelled = cases(language, folder)
    wrong = []
    for case in labelled:
        said = read(case.text, TAGS[language])
        if words(said) not in map(words, case.readings):
            wrong.append(f"{case.text}: said {said!r}, right is {' | '.join(case.readings)!r}")
    return Accuracy(len(labelled), wrong)


def words(text: str) -> list[str]:
    """The words of a text, all that two readings are compared by: no punctuation, no case, hyphens part words."""
    return _WORD.findall(text.casefold())


def _lines(file: Path) -> Iterator[str]:
    for line in file.read_text("utf-8").splitlines():
        if not line.startswith("# "):
            yield line


def _boundaries(parts: Iterable[str]) -> frozenset[int]:
    """Each end of a part but the last, as the number of characters before it that are no white space."""
    ends: list[int] = []
    for part in parts:
        ends.append((ends[-1] if ends else 0) + len("".join(part.split())))
    return frozenset(ends[:-1])


def _around(text: str, place: int) -> str:
    """A boundary with the characters beside it."""
    seen = [index for index, character in enumerate(text) if not character.isspace()]
    at = seen[place - 1] + 1
    return f"{text[max(0, at - _SHOWN) : at]} ‖{text[at : at + _SHOWN]}"
