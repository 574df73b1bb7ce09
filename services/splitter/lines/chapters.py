"""Chapters from paragraphs: where each begins, what it is called, and its blocks with their footnotes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from services.splitter.formats.draft import Block, Draft, DraftChapter, Note, join_bare
from services.splitter.lines import headings, hyphens, inline
from services.splitter.lines.paragraphs import Paragraph


def draft(paragraphs: Sequence[Paragraph]) -> Draft:
    """The chapters of a text and, where a single first-level heading opens it, its title."""
    if all(paragraph.note is not None or not paragraph.text for paragraph in paragraphs):
        paragraphs = [replace(paragraph, note=None) for paragraph in paragraphs]
    shown = [paragraph for paragraph in paragraphs if paragraph.note is None and (paragraph.lines or paragraph.pause)]
    spoken = [paragraph for paragraph in shown if paragraph.lines]
    _number(spoken)
    names = _names(spoken)
    known = hyphens.known([paragraph.lines for paragraph in paragraphs])
    notes = _Notes(paragraphs, known)
    return Draft(join_bare(_chapters(shown, names, known, notes)), title=_title(spoken))


def _number(paragraphs: list[Paragraph]) -> None:
    """Make headings of the numbers that stand alone, or before a name, and count through the document."""
    lines = {place: paragraph.lines[0] for place, paragraph in enumerate(paragraphs) if _is_line(paragraph)}
    found = headings.series(_counted(lines, headings.bare_number).items())
    if not found:
        named = _counted(lines, headings.named_number)
        # The items of a list have nothing between them.
        found = headings.series((place, at) for place, at in named.items() if not {place - 1, place + 1} & named.keys())
    if not found:
        return
    labelled = any(paragraph.level == headings.CHAPTER or paragraph.starts for paragraph in paragraphs)
    tops = [paragraph for paragraph in paragraphs if paragraph.level == 1 and not headings.label(paragraph.text)]
    level = headings.SECTION if labelled or len(tops) > 1 else headings.CHAPTER
    for place in found:
        paragraphs[place].level = level


def _counted(lines: dict[int, str], number: Callable[[str], tuple[bool, int] | None]) -> dict[int, tuple[bool, int]]:
    return {place: found for place, line in lines.items() if (found := number(line))}


def _is_line(paragraph: Paragraph) -> bool:
    return len(paragraph.lines) == 1 and paragraph.level is None and not paragraph.verse


def _names(paragraphs: list[Paragraph]) -> dict[int, str]:
    """The names of chapters that stand below their numbers, by the identity of the heading; they become headings."""
    names: dict[int, str] = {}
    for heading, below, after in zip(paragraphs, paragraphs[1:], [*paragraphs[2:], Paragraph()], strict=False):
        if heading.level not in (headings.PART, headings.CHAPTER) or len(heading.text) > headings.MAX_HEADING:
            continue
        label = headings.label(heading.text)
        is_number = headings.bare_number(heading.text) is not None
        if not is_number and (label is None or label.title):
            continue
        if (is_number or (label and label.is_numbered) or below.text.isupper()) and _is_name(heading, below, after):
            below.level = below.level or headings.SECTION
            names[id(heading)] = below.text
    return names


def _is_name(heading: Paragraph, below: Paragraph, after: Paragraph) -> bool:
    assert heading.level
    if headings.label(below.text) or not after.lines:
        return False
    if after.level is not None and after.level <= heading.level:
        return False
    if below.level is not None:
        # "# Capítulo 1" over "## A chegada".
        return below.level > heading.level and not headings.bare_number(below.text)
    return _is_line(below) and headings.may_be_title(below.text)


def _title(paragraphs: list[Paragraph]) -> str | None:
    tops = [paragraph for paragraph in paragraphs if paragraph.level == 1 and not headings.label(paragraph.text)]
    return tops[0].text if len(tops) == 1 and tops[0] is paragraphs[0] else None


class _Notes:
    """The footnotes of a document, each given out once; those that nothing refers to belong to what stands above."""

    def __init__(self, paragraphs: Sequence[Paragraph], known: hyphens.Known) -> None:
        referred = {
            name
            for paragraph in paragraphs
            if paragraph.note is None and not paragraph.literal
            for line in paragraph.lines
            for name in inline.references(line)
        }
        self._texts: dict[str, str] = {}
        self._strays: dict[int, list[str]] = {}
        if all(paragraph.note is None for paragraph in paragraphs):
            return
        worded = (paragraph for paragraph in paragraphs if paragraph.note is None and paragraph.text)
        above = next(worded, None)
        for paragraph in paragraphs:
            if paragraph.note is None:
                above = paragraph if paragraph.text else above
                continue
            text = hyphens.join(paragraph.lines, known)
            if paragraph.note in referred and paragraph.note not in self._texts:
                self._texts[paragraph.note] = text
            else:
                self._strays.setdefault(id(above), []).append(text)

    def of(self, lines: list[str], known: hyphens.Known) -> tuple[str, tuple[Note, ...]]:
        joined = hyphens.join(lines, known)
        wanted = {name: text for name in inline.references(joined) if (text := self._texts.pop(name, ""))}
        return inline.read(joined, wanted)

    def strays(self, paragraph: Paragraph, at: int) -> tuple[Note, ...]:
        texts = map(inline.plain, self._strays.pop(id(paragraph), ()))
        return tuple(Note(at, text) for text in texts if text)


def _chapters(
    paragraphs: list[Paragraph], names: dict[int, str], known: hyphens.Known, notes: _Notes
) -> list[DraftChapter]:
    chapters: list[DraftChapter] = []
    title: str | None = None
    blocks: list[Block] = []
    for paragraph in paragraphs:
        found = list(_blocks(paragraph, known, notes))
        if paragraph.starts or (found and paragraph.level in (headings.PART, headings.CHAPTER)):
            chapters.append(DraftChapter(title, tuple(blocks)))
            title, blocks = paragraph.starts or _called(found[0].text, names.get(id(paragraph))), []
        blocks.extend(found)
        if paragraph.pause and blocks:
            blocks[-1] = replace(blocks[-1], pause=True)
    return [chapter for chapter in (*chapters, DraftChapter(title, tuple(blocks))) if chapter.content]


def _literal(lines: list[str], known: hyphens.Known) -> str:
    return " ".join(hyphens.join(lines, known).split())


def _called(heading: str, name: str | None) -> str:
    if not name:
        return heading
    return f"{heading} {name}" if heading[-1] in ".:–—-" else f"{heading}: {name}"


def _blocks(paragraph: Paragraph, known: hyphens.Known, notes: _Notes) -> Iterator[Block]:
    pieces = [[line] for line in paragraph.lines] if paragraph.verse else [paragraph.lines]
    found: list[Block] = []
    for lines in pieces:
        text, said = notes.of(lines, known) if not paragraph.literal else (_literal(lines, known), ())
        if text or said:
            found.append(Block(text, paragraph.level is not None, notes=said))
    if found and (strays := notes.strays(paragraph, len(found[-1].text))):
        found[-1] = replace(found[-1], notes=(*found[-1].notes, *strays))
    yield from found
