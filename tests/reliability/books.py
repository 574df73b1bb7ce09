"""Small documents with all that a book has: chapters, more segments than the window is wide, a long chapter."""

SENTENCE = "Número {number}: a noite desceu sobre o farol e ninguém ouviu o mar."


def book(number: int, chapters: int = 5) -> str:
    """A book of low priority, so that its last chapters are released by its first."""
    parts = ["---\npriority: low\n---\n"]
    parts += [f"# Capítulo {n}\n\n{SENTENCE.format(number=number)}\n" for n in range(1, chapters + 1)]
    return "\n".join(parts)
