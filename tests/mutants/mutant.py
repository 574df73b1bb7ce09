"""One thing done wrong on purpose, and which tests are to notice."""

from dataclasses import dataclass


class Stale(Exception):
    """The code that a mutant changes is no longer as it knows it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    name: str
    file: str
    old: str
    """Stands in the file exactly once."""
    new: str
    killers: tuple[str, ...]
    """Tests that are likely to notice, tried first: files or node ids."""
    docker: bool = False
    """Whether those tests need Docker, as only a real server shows the fault."""

    def apply(self, text: str) -> str:
        """Raises Stale where the old text is not there exactly once."""
        if (count := text.count(self.old)) != 1:
            raise Stale(f"{self.file} holds {count} times what «{self.name}» replaces: bring the mutant up to date")
        return text.replace(self.old, self.new)
