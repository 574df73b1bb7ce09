"""Who spoke a book: how many segments each engine, and in place of which voices."""

from collections import Counter
from collections.abc import Mapping


class Speakers:
    def __init__(self) -> None:
        self._engines: Counter[str] = Counter()
        self._passed_over: Counter[tuple[str, str]] = Counter()
        """By engine and voice."""

    def add(self, engines: Mapping[str, int], passed_over: Mapping[str, Mapping[str, int]]) -> None:
        """Those of some segments more, both as in a section's record."""
        self._engines.update(engines)
        for engine, voices in passed_over.items():
            self._passed_over.update({(engine, voice): count for voice, count in voices.items()})

    @property
    def engines(self) -> dict[str, int]:
        """The one that spoke most first."""
        return dict(self._engines.most_common())

    @property
    def passed_over(self) -> dict[str, dict[str, int]]:
        """By engine, the voice that most segments name first."""
        told: dict[str, dict[str, int]] = {}
        for (engine, voice), count in self._passed_over.most_common():
            told.setdefault(engine, {})[voice] = count
        return told
