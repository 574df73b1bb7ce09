"""Who spoke a book: how many segments each engine, in place of which voices, and why others did not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

MOST_REASONS: Final = 3
"""So many are kept of an engine: some name the very words that it failed at."""

Told = Mapping[str, Mapping[str, int]]
"""Of how many segments each thing is told, by engine."""


class Speakers:
    def __init__(self) -> None:
        self._engines: Counter[str] = Counter()
        self._passed_over: Counter[tuple[str, str]] = Counter()
        """By engine and voice."""
        self._unable: Counter[tuple[str, str]] = Counter()
        """By engine and reason."""

    def add(self, engines: Mapping[str, int], passed_over: Told, unable: Told) -> None:
        """Those of some segments more, all as in a section's record."""
        self._engines.update(engines)
        self._passed_over.update(dict(_flat(passed_over)))
        self._unable.update(dict(_flat(unable)))

    @property
    def engines(self) -> dict[str, int]:
        """The one that spoke most first."""
        return dict(self._engines.most_common())

    @property
    def passed_over(self) -> dict[str, dict[str, int]]:
        """By engine, the voice that most segments name first."""
        return _by_engine(self._passed_over.most_common())

    @property
    def unable(self) -> dict[str, dict[str, int]]:
        """By engine, its ``MOST_REASONS`` most frequent ones, the most frequent first.

        Of a book the counts are least ones: what its sections left out is not in them.
        """
        told = _by_engine(self._unable.most_common())
        return {engine: dict(list(reasons.items())[:MOST_REASONS]) for engine, reasons in told.items()}


def _flat(told: Told) -> Iterator[tuple[tuple[str, str], int]]:
    return (((engine, what), count) for engine, counts in told.items() for what, count in counts.items())


def _by_engine(counts: Iterable[tuple[tuple[str, str], int]]) -> dict[str, dict[str, int]]:
    told: dict[str, dict[str, int]] = {}
    for (engine, what), count in counts:
        told.setdefault(engine, {})[what] = count
    return told
