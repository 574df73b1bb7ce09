"""PDF, as well as it can be done: it holds where letters stand on pages, not what is a word, line or paragraph.

ISO 32000-1, read by pypdf. What is made of it is a guess from lengths of lines, full stops and repeated lines.
"""

import io
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import quantiles
from typing import Any

from pypdf import Configuration, PdfReader, apply_configuration
from pypdf.errors import LimitReachedError

from darkchannel.errors import Refused
from darkchannel.speech.characters import clean
from services.splitter.formats.draft import Draft
from services.splitter.lines import chapters, headings, printed_contents, printed_pages
from services.splitter.lines.paragraphs import Paragraph

MAX_PAGES = 5_000
MAX_CHARACTERS = 20_000_000
MAX_STREAM_BYTES = 5_000_000
"""Of what one page draws, unpacked."""
MAX_FORMS = 50
"""Drawings within drawings on one page, each of which may be drawn again and again."""
SHORT_LINE = 0.8
"""Share of the usual length of a line under which it ended before the margin."""

_LIMITS = Configuration(
    zlib_maximum_output_length=MAX_STREAM_BYTES,
    lzw_maximum_output_length=MAX_STREAM_BYTES,
    run_length_maximum_output_length=MAX_STREAM_BYTES,
    array_based_stream_maximum_output_length=MAX_STREAM_BYTES,
    xform_maximum_invocations_per_extraction=MAX_FORMS,
)
logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of each small damage, thousands of times a document

_TERMINAL = '.!?…:;"”’»)'
_DASHES = "—–•"
_UNTOLD = re.compile(
    r"\(?(?:anonymous|anônimo|unspecified|unknown|desconhecido|untitled|sem título)?\)?", re.IGNORECASE
)
"""What a program writes as title or author where nobody told it."""
_FILE = re.compile(r"\AMicrosoft (?:Office )?Word - |\.(?:docx?|odt|rtf|pdf|indd|tex)\Z", re.IGNORECASE)
"""What it writes around the name of the file that was printed."""


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    starts: str | None = None
    """The title of the chapter that the document's outline lets start here."""
    is_heading: bool = False


def read(body: bytes) -> Draft:
    """Read the text of all pages in their order; chapters by the document's outline, else by headings as in a text.

    Raises Refused where the document is locked, damaged or too large, or holds pictures of pages only.
    """
    try:
        with apply_configuration(_LIMITS):
            reader = PdfReader(io.BytesIO(body), strict=False)
            if reader.is_encrypted:
                raise Refused("the PDF is locked with a password: save it without one and drop it again")
            found = _pages(reader)
            outline = _outline(reader)
            title, author = _information(reader)
    except Refused:
        raise
    except LimitReachedError as error:
        raise Refused(f"the PDF unpacks to more than is read of one page ({error}): export it anew as text") from error
    # Damaged documents make pypdf raise whatever its code stumbles over.
    except Exception as error:
        raise Refused(f"the PDF is damaged and cannot be read ({error}): export it anew, or as text or EPUB") from error
    if not any(line.strip() for page in found for line in page):
        raise Refused("the PDF holds pictures of pages only, no text: put it through text recognition (OCR) first")
    draft = chapters.draft(list(_paragraphs(list(_lines(printed_pages.without_furniture(found), outline)))))
    return replace(draft, title=title or draft.title, author=author)


def _pages(reader: PdfReader) -> list[list[str]]:
    if len(reader.pages) > MAX_PAGES:
        raise Refused(f"the PDF has more than the {MAX_PAGES:,} pages that are read: split it")
    found: list[list[str]] = []
    size = 0
    for number, page in enumerate(reader.pages, 1):
        text = clean(page.extract_text())
        size += len(text)
        if size > MAX_CHARACTERS:
            raise Refused(f"the PDF holds more than {MAX_CHARACTERS:,} characters by page {number}: split it")
        found.append(text.splitlines())
    return found


def _information(reader: PdfReader) -> tuple[str | None, str | None]:
    said = reader.metadata
    title, author = (said.title, said.author) if said else (None, None)
    return _told(title), _told(author)


def _told(text: object) -> str | None:
    told = _FILE.sub("", _one_line(text) or "")
    return None if _UNTOLD.fullmatch(told) else told


def _one_line(text: object) -> str | None:
    return " ".join(clean(text).split()) or None if isinstance(text, str) else None


def _outline(reader: PdfReader) -> dict[int, list[str]]:
    """The titles of the outline's highest level that has several, by the number of the page each leads to."""
    level: Sequence[Any] = reader.outline
    while len(level) == 2 and isinstance(level[1], list):
        level = level[1]
    entries = [entry for entry in level if not isinstance(entry, list)]
    titles: dict[int, list[str]] = {}
    for entry in entries if len(entries) > 1 else ():
        number = reader.get_destination_page_number(entry)
        if (title := _one_line(entry.title)) and number is not None and number >= 0:
            titles.setdefault(number, []).append(title)
    return titles


def _lines(found: list[list[str]], outline: dict[int, list[str]]) -> Iterator[_Line]:
    listed = printed_contents.places([line for page in found for line in page])
    start = 0
    for number, page in enumerate(found):
        lines = [_Line(line) for place, line in enumerate(page, start) if place not in listed]
        start += len(page)
        for title in outline.get(number, ()):
            _mark(lines, title)
        yield from lines


def _mark(lines: list[_Line], title: str) -> None:
    """Let a chapter start at the line that is its title, else at the first line of its page."""
    wanted = _letters(title)
    free = [place for place, line in enumerate(lines) if line.text.strip() and not line.starts]
    at = next((place for place in free if _letters(lines[place].text) == wanted), None)
    if at is not None:
        lines[at] = replace(lines[at], starts=title, is_heading=True)
    elif free:
        lines[free[0]] = replace(lines[free[0]], starts=title)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def _paragraphs(lines: list[_Line]) -> Iterator[Paragraph]:
    has_outline = any(line.starts for line in lines)
    lengths = [len(line.text.strip()) for line in lines if line.text.strip()]
    usual = quantiles(lengths, n=10)[-1] if len(lengths) > 1 else 0.0
    current = Paragraph(literal=True)
    for line in lines:
        text = line.text.strip()
        label = headings.label(text)
        is_heading = line.is_heading or (label is not None and _may_end(current, text, usual))
        if current.lines and (line.starts or is_heading or current.level or _ends(current.lines[-1], text, usual)):
            yield current
            current = Paragraph(literal=True)
        if not text:
            continue
        if not current.lines:
            current.starts = line.starts
            if is_heading:
                current.level = headings.SECTION if has_outline or not label else label.level
        current.lines.append(text)
    yield current


def _may_end(current: Paragraph, text: str, usual: float) -> bool:
    """Whether a heading may follow, and not the end of a sentence such as "He read / Chapter 3 / aloud."."""
    if not current.lines or current.level is not None:
        return True
    return not current.lines[-1][-1].isalnum() or _ends(current.lines[-1], text, usual)


def _ends(before: str, text: str, usual: float) -> bool:
    """Whether a paragraph ends between two lines, the second empty where there is a gap."""
    is_short = len(before) < SHORT_LINE * usual
    has_ended = before[-1] in _TERMINAL
    if not text:
        return has_ended or is_short
    if text[0] in _DASHES:
        return has_ended or not text[1:].lstrip()[:1].islower()
    if before[-1] in "-‐" or text[0].islower():
        return False
    return is_short
