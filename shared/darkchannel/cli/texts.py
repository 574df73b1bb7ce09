"""``darkchannel text``: how a text is read, and what a document becomes, before anything is spoken."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from darkchannel.cli import output
from darkchannel.cli.exits import Code, NotFound, Usage
from darkchannel.errors import Permanent, Refused
from darkchannel.jobs.options import resolve
from darkchannel.jobs.plan import Book
from darkchannel.speech.normalisation import normalise
from darkchannel.speech.ssml import spoken

GROUP = "darkchannel.documents"
"""Entry points of what reads documents; ``plan`` takes bytes, a name and layers of options, and gives a Book."""
STANDARD_INPUT = Path("-")
FIRST_WORDS = 60
"""Characters of a segment that the table shows."""


def sentences(file: Path, language: str) -> Code:
    """Print a text's sentences, one a line. Raises what ``text_of`` does."""
    text = text_of(file, language)
    with _needing_the_splitter():
        from darkchannel.speech.sentences import split
    for sentence in split(text, language):
        if words := " ".join(sentence.split()):
            output.line(words)
    return Code.OK


def normalize(file: Path, language: str) -> Code:
    """Print a text's lines in the words that are spoken. Raises what ``text_of`` does."""
    text = text_of(file, language)
    for line in text.removesuffix("\n").split("\n"):
        output.line(normalise(line, language))
    return Code.OK


def plan(file: Path, options: Mapping[str, str], lexicons: Sequence[Path], *, json: bool) -> Code:
    """Print the chapters and segments that the splitter would make of a document.

    Raises NotFound where there is no such file, Usage for a wrong option, Refused for what the splitter refuses.
    """
    _check_options(options)
    book = book_of(_bytes(file), file.name, options, [(path.name, _bytes(path)) for path in lexicons])
    segments = list(_segments(book))
    if json:
        output.json(_as_json(book, segments))
        return Code.OK
    output.rows(
        ("segment", "chapter", "characters", "first words"),
        [(str(index), title, str(len(text)), _shortened(text)) for index, title, text in segments],
        whole=("segment", "characters"),
    )
    characters = sum(len(text) for _, _, text in segments)
    counts = ", ".join(
        _counted(number, noun)
        for number, noun in ((len(book.chapters), "chapter"), (len(segments), "segment"), (characters, "character"))
    )
    output.note(f"{book.title}: {counts}, {book.options.language}")
    return Code.OK


def _segments(book: Book) -> Iterator[tuple[int, str, str]]:
    """The number of each segment in its book, the title of its chapter and its words."""
    from darkchannel.speech.parse import parse

    index = 0
    for chapter in book.chapters:
        for ssml in chapter.segments:
            yield index, chapter.title, " ".join(spoken(parse(ssml.encode())).split())
            index += 1


def _as_json(book: Book, segments: list[tuple[int, str, str]]) -> dict[str, object]:
    numbered = iter(segments)
    chapters = [
        {
            "title": chapter.title,
            "segments": [
                {"index": index, "characters": len(text), "text": text, "ssml": ssml}
                for ssml, (index, _, text) in zip(
                    chapter.segments, numbered, strict=False
                )  # the numbers go on in the next chapter
            ],
        }
        for chapter in book.chapters
    ]
    chosen = book.options
    return {
        "title": book.title,
        "author": book.author,
        "language": chosen.language,
        "engine": chosen.engine,
        "voice": chosen.voice,
        "chapters": chapters,
    }


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _shortened(text: str) -> str:
    return text if len(text) <= FIRST_WORDS else f"{text[: FIRST_WORDS - 1].rstrip()}…"


def book_of(body: bytes, name: str, options: Mapping[str, str], lexicons: Sequence[tuple[str, bytes]]) -> Book:
    """What the splitter makes of a document. Raises Permanent where it is not installed, Refused where it refuses."""
    with _needing_the_splitter():
        (point,) = entry_points(group=GROUP, name="plan") or (None,)
        if point is None:
            raise ImportError(name="the splitter")
        reader: Any = point.load()
    book: Book = reader(body, name, (options,), lexicons)
    return book


@contextmanager
def _needing_the_splitter() -> Iterator[None]:
    """Raises Permanent, with what to install, where an import inside finds nothing."""
    try:
        yield
    except ImportError as error:
        raise Permanent(f"{error.name or error} is not installed: pip install 'darkchannel[splitter]'") from error


def text_of(file: Path, language: str) -> str:
    """A file, or standard input, as text with ``\\n`` at the end of its lines.

    Raises NotFound where there is no such file, Usage for a wrong language, Refused for what is not UTF-8.
    """
    _check_options({"language": language})
    body = sys.stdin.buffer.read() if file == STANDARD_INPUT else _bytes(file)
    try:
        return body.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        name = "standard input" if file == STANDARD_INPUT else file
        raise Refused(f"byte {error.start} of {name} is not UTF-8: save it as UTF-8") from error


def _bytes(file: Path) -> bytes:
    try:
        if not file.exists():
            raise NotFound(f"there is no file {file}")
        if not file.is_file():
            raise Usage(f"{file} is no file")
        return file.read_bytes()
    except OSError as error:
        raise Usage(f"{file} cannot be read: {error.strerror}") from error


def _check_options(options: Mapping[str, str]) -> None:
    try:
        resolve(options)
    except Refused as error:
        raise Usage(str(error)) from error
