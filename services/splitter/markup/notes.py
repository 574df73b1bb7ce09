"""Footnotes and endnotes: from where they are printed to where the text refers to them.

EPUB 3 and HTML say what a note is (https://www.w3.org/TR/epub-ssv-11/, https://www.w3.org/TR/dpub-aria-1.1/). Older
books only link: a small or bracketed number leads to a paragraph that starts with the same number or links back.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from darkchannel.errors import Refused
from services.splitter.formats.draft import Block, Note
from services.splitter.markup.passages import LINK, Link, Page, Passage

Resolve = Callable[[str, str], tuple[str, str]]
"""From the name of a page and a link in it to the name of a page and an id."""

MAX_NOTE = 200
"""Paragraphs of a note that only a link says is one; what has more is a part of the book."""

_AROUND = re.compile(r"[\s\[\](){}.:]+|^n(?:ota|ote)?\.?(?=\s*\d)", re.IGNORECASE)
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_CLOSING = frozenset(".,;:!?…)]}”’»")
# A letter is a label only with a mark after it: "a)", not "A casa".
_AFTER_LETTER = re.compile(r"[\])}.:]{1,2}\s{0,3}")
_AFTER_NUMBER = re.compile(r"(?![\dºª]|[.:,]\d)[\])}]?[.:]?\s{0,3}")


@dataclass(frozen=True, slots=True)
class _Place:
    page: int
    passages: range


def settle(pages: Sequence[Page], resolve: Resolve) -> None:
    """Take each note that the text refers to out of its place and give it to the first link that refers to it.

    A note that nothing refers to stays where it is: no words are lost.
    """
    _Notes(pages, resolve).settle()


class _Notes:
    def __init__(self, pages: Sequence[Page], resolve: Resolve) -> None:
        self._pages = pages
        self._resolve = resolve
        self._numbers = {page.name: number for number, page in enumerate(pages)}
        self._declared = [_by_passage(page.notes) for page in pages]
        self._listed = [{number for found in page.note_lists for number in found} for page in pages]
        self._worded = [[_has_words(passage) for passage in page.passages] for page in pages]
        self._taken: dict[int, dict[int, Link]] = {}
        """The link that each passage was taken for, by page and passage."""

    def settle(self) -> None:
        referring: list[tuple[Link, list[Passage]]] = []
        for number, page in enumerate(self._pages):
            for index, passage in enumerate(page.passages):
                if index in self._declared[number] or index in self._listed[number]:
                    continue  # a note of a note stays text
                for link in passage.links:
                    if not passage.is_out and (found := self._note(link, number, index)):
                        referring.append((link, self._take(link, found, number, index)))
        for number in self._taken:
            referring += self._continuations(number)
            _leave_headings_out(self._pages[number].passages, self._taken[number].keys())
        for link, passages in referring:
            text = " ".join(filter(None, (rendered(passage)[0] for passage in passages)))
            link.note = f"{link.note} {text}" if link.note else text.lstrip(" .:)]")
        for page in self._pages:
            for passage in page.passages:
                for link in passage.links:
                    link.is_silent = link.is_silent or link.is_reference

    def _target(self, link: Link, page: int) -> _Place | None:
        try:
            name, fragment = self._resolve(self._pages[page].name, link.href)
        except Refused:  # a link out of the book harms nobody who does not follow it
            return None
        number = self._numbers.get(name)
        found = self._pages[number].ids.get(fragment) if number is not None else None
        return _Place(number, found) if number is not None and found else None

    def _note(self, link: Link, page: int, index: int) -> _Place | None:
        """Where the note of a link stands that no other link has taken."""
        target = None if link.is_back else self._target(link, page)
        if target is None or (target.page == page and index in target.passages):
            return None
        declared = self._declared[target.page].get(target.passages.start)
        if declared is not None:
            target = _Place(target.page, declared)
        elif len(target.passages) > MAX_NOTE:
            return None
        passages = self._pages[target.page].passages[target.passages.start : target.passages.stop]
        taken = self._taken.get(target.page, {})
        if target.passages.start in taken:
            link.is_silent = True  # a second number for the same note
            return None
        is_note = (
            passages
            and not any(passage.is_out for passage in passages)
            and (declared is not None or self._is_listed(target) or self._looks_like_note(link, target, page, index))
            and self._worded[page][index]
            and any(self._worded[target.page][target.passages.start : target.passages.stop])
        )
        return target if is_note and not (target.page == page and index in target.passages) else None

    def _is_listed(self, target: _Place) -> bool:
        passages = self._pages[target.page].passages
        return all(number in self._listed[target.page] and passages[number].level is None for number in target.passages)

    def _looks_like_note(self, link: Link, target: _Place, page: int, index: int) -> bool:
        passages = self._pages[target.page].passages[target.passages.start : target.passages.stop]
        if (target.page, target.passages.start) < (page, index) or any(item.level is not None for item in passages):
            return False
        if any(self._leads_to(back, target.page, page, index) for item in passages for back in item.links):
            return True
        return link.is_reference and _label(link.text, passages[0].text.replace(LINK, "")) > 0

    def _leads_to(self, link: Link, page: int, to_page: int, to_index: int) -> bool:
        place = self._target(link, page)
        return place is not None and place.page == to_page and place.passages.start == to_index

    def _take(self, link: Link, target: _Place, page: int, index: int) -> list[Passage]:
        link.is_silent = True
        passages = self._pages[target.page].passages[target.passages.start : target.passages.stop]
        for number, passage in zip(target.passages, passages, strict=False):
            self._taken.setdefault(target.page, {})[number] = link
            passage.is_out = True
            for back in passage.links:
                back.is_silent = back.is_back or back.is_reference or self._leads_to(back, target.page, page, index)
        first = passages[0]
        if first.text.startswith(LINK):
            first.links[0].is_silent = first.links[0].is_silent or _core(first.links[0].text) == _core(link.text)
        else:
            first.text = first.text[_label(link.text, first.text) :]
        return passages

    def _continuations(self, number: int) -> Iterable[tuple[Link, list[Passage]]]:
        """Further paragraphs of notes, on a page that has nothing before its first note but headings."""
        passages, taken = self._pages[number].passages, self._taken[number]
        first = min(taken)
        if any(passage.level is None for passage in passages[:first]):
            return
        owner: Link | None = None
        for index, passage in enumerate(passages):
            if passage.level is not None:
                owner = None
            elif index in taken:
                owner = taken[index]
            elif owner and not passage.is_out and not _is_labelled(passage):
                taken[index] = owner
                passage.is_out = True
                yield owner, [passage]
            else:
                owner = None


def _by_passage(ranges: Iterable[range]) -> dict[int, range]:
    """The outermost range around each number, of ranges that stand within one another or apart."""
    found: dict[int, range] = {}
    for item in sorted(ranges, key=lambda item: (item.start, -item.stop)):
        if item and item[-1] not in found:
            found |= dict.fromkeys(item, item)
    return found


def _has_words(passage: Passage) -> bool:
    return any(char.isalnum() for char in "".join(passage.text.split(LINK)[::2]))


def _is_labelled(passage: Passage) -> bool:
    """Whether a passage starts with a number of its own: a note that nothing refers to."""
    return passage.text.startswith(LINK) or passage.text[:1].isdigit()


def _core(marker: str) -> str:
    return _AROUND.sub("", unicodedata.normalize("NFKC", marker)).casefold()


def _label(marker: str, text: str) -> int:
    """How many characters the marker takes at the start of a note; 0 where it does not start with it."""
    core = _core(marker)
    start = text[:40].translate(_LOWERED).casefold()
    at = len(core) + (start[:1] in set("[({"))
    if not core or start[at - len(core) : at] != core:
        return 0
    found = (_AFTER_LETTER if core.isalpha() else _AFTER_NUMBER).match(start, at)
    return found.end() if found else 0


def _leave_headings_out(passages: Sequence[Passage], taken: Iterable[int]) -> None:
    """Leave out "Notes" where nothing of what stands below it is left there."""
    gone = set(taken)
    kept_below, gone_below = [False] * 7, [False] * 7
    for number in range(len(passages) - 1, -1, -1):
        level = passages[number].level
        if level is not None and gone_below[level] and not kept_below[level]:
            passages[number].is_out = True
        for upper in range(7):
            gone_below[upper] |= number in gone
            kept_below[upper] |= not passages[number].is_out
        if level is not None:
            kept_below[level:] = gone_below[level:] = [False] * (7 - level)


def rendered(passage: Passage) -> tuple[str, tuple[Note, ...]]:
    """The words of a passage without its silent links, and the notes that stood at them."""
    said = ""
    notes: list[Note] = []
    is_after_gap = False
    for number, piece in enumerate(passage.text.split(LINK)):
        link = passage.links[number // 2] if number % 2 else None
        if link and link.is_silent:
            if link.note:
                notes.append(Note(len(said.rstrip()), link.note))
            is_after_gap = True
            continue
        joined = piece.lstrip() if is_after_gap and (not said or said.endswith(" ")) else piece
        if is_after_gap and joined[:1] in _CLOSING:
            said = said.rstrip()
        is_after_gap = is_after_gap and not joined
        said += joined
    return said.rstrip(), tuple(notes)


def block(passage: Passage, language: str | None) -> Block | None:
    """The passage as it is read; ``None`` where nothing is left of it."""
    text, notes = rendered(passage)
    if not text:
        return None
    return Block(text, passage.level is not None, passage.pause, notes, language)
