"""Marks of Markdown and tags of HTML inside a paragraph: taken off, their words kept.

https://spec.commonmark.org/0.31.2/#inlines, with footnotes as Pandoc and GitHub write them.
"""

import html
import re
from collections.abc import Mapping

from darkchannel.speech.characters import clean
from services.splitter.formats.draft import Note

# Noncharacters, which no text that was read can hold: "here is note 3".
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_MARKER = re.compile(f"{_OPEN}([0-9]++){_CLOSE}")

_NOTE_REFERENCE = re.compile(r"(?<![ \t])[ \t]*+(?<!\\)(?:\[\^([^\[\]\s]++)\]|\^\[([^\[\]]++)\])")

_SPACING_TAGS = (
    "article|aside|blockquote|br|caption|center|dd|details|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|img|li"
    "|main|nav|ol|p|picture|pre|section|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
_INLINE_TAGS = "em|strong|b|i|u|s|sup|sub|small|big|mark|span|a|code|kbd|font|abbr|cite|q|del|ins|tt|wbr"
_ATTRIBUTES = r"""(?:\s++[a-z][a-z-]*+\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>=]++))*+\s*+"""
_TARGET = r"""\((?:<[^<>]*+>|(?:[^()\s<]|\([^()\s]*+\))*+)(?:\s++(?:"[^"\[]*+"|'[^'\[]*+'))?\)"""

_ID_OR_CLASS = r"[#.][A-Za-z][\w:.-]*+"

_MARKS = re.compile(r"[\[\]*_`~<\\&={]")
# Each of these looks no further than its own brackets, so that a hostile text costs no more than its length.
_PATTERNS = (
    ("<", re.compile(r"""<img\s[^<>]*?\balt\s*=\s*(?:"([^"<>]*+)"|'([^'<>]*+)')[^<>]*+>""", re.IGNORECASE), r" \1\2 "),
    ("<", re.compile(rf"<(?:/?(?:{_SPACING_TAGS}))\b{_ATTRIBUTES}/?>", re.IGNORECASE), " "),
    ("<", re.compile(rf"</?(?:{_INLINE_TAGS})\b{_ATTRIBUTES}/?>", re.IGNORECASE), ""),
    # Obsidian's callouts, embedded files and links; Pandoc's spans.
    ("[", re.compile(r"^\[![A-Za-z-]++\][+-]?"), ""),
    ("[", re.compile(r"(?<!\\)!\[\[[^\[\]|]*+(?:\|[\dx]*+)?\]\]"), ""),
    ("[", re.compile(r"(?<!\\)!?\[\[(?:[^\[\]|]*+\|)?([^\[\]|]*+)\]\]"), r"\1"),
    ("{", re.compile(rf"\[([^\[\]]*+)\]\{{{_ID_OR_CLASS}[^{{}}]*+\}}"), r"\1"),
    ("[", re.compile(rf"(?<!\\)!\[((?:[^\[\]\\]|\\.)*+)\]{_TARGET}"), r"\1"),
    ("[", re.compile(rf"(?<!\\)\[((?:[^\[\]\\]|\\.)*+)\]{_TARGET}"), r"\1"),
    ("[", re.compile(r"(?<!\\)!?\[((?:[^\[\]\\]|\\.)++)\]\[[^\[\]]*+\]"), r"\1"),
    ("<", re.compile(r"<((?:https?://|mailto:)[^\s<>]++|[\w.+-]++@[\w.-]++)>"), r"\1"),
    ("`~*", re.compile(r"`+|~~|(?<!\\)\*{2,3}"), ""),
    ("=", re.compile(r"(?<![\w=])==(?=[^\s=])|(?<=[^\s=])==(?![\w=])"), ""),
    ("{", re.compile(rf"(?<=\S)[ \t]*+\{{(?:-|{_ID_OR_CLASS}[^{{}}]*+)\}}"), ""),
    ("*_", re.compile(r"(?<![\w*\\])[*_]{1,3}(?=[^\W_]|[\"“‘'(¿¡—])"), ""),
    ("*_", re.compile(rf"(?<=[^\W_]|[.,;:!?…\"”’'){_CLOSE}])[*_]{{1,3}}(?![\w*])"), ""),
    ("\\", re.compile(r"\\([!-/:-@\[-`{-~])"), r"\1"),
)
"""Each with the characters of which it needs one."""
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def plain(marked: str) -> str:
    """A line without Markdown's marks.

    >>> plain("o *farol* de [Santa Marta](https://example.org)")
    'o farol de Santa Marta'
    """
    return read(marked, {})[0]


def references(marked: str) -> list[str]:
    """The names of the footnotes that a text refers to, in its order."""
    return [found[1] for found in _NOTE_REFERENCE.finditer(marked) if found[1]] if "[^" in marked else []


def read(marked: str, notes: Mapping[str, str]) -> tuple[str, tuple[Note, ...]]:
    """A text without its marks, and where in it which of ``notes`` (texts by name) are referred to."""
    said: list[str] = []
    waiting = dict(notes)  # each is read once

    def mark(found: re.Match[str]) -> str:
        text = found[2] if found[2] else waiting.pop(found[1], "")
        if not text:
            return ""
        said.append(text)
        return f"{_OPEN}{len(said) - 1}{_CLOSE}"

    if "[^" in marked or "^[" in marked:
        marked = _NOTE_REFERENCE.sub(mark, marked)
    if _MARKS.search(marked):
        for characters, pattern, replacement in _PATTERNS:
            if any(character in marked for character in characters):
                marked = pattern.sub(replacement, marked)
        marked = clean_entities(marked)
    text = " ".join(marked.split())
    return _placed(text, said) if said else (text, ())


def clean_entities(text: str) -> str:
    """HTML's named and numbered characters as themselves; a name nobody knows stays as it is written."""
    return _ENTITY.sub(lambda found: clean(html.unescape(found[0])), text) if "&" in text else text


def _placed(text: str, said: list[str]) -> tuple[str, tuple[Note, ...]]:
    pieces: list[str] = []
    found_notes: list[Note] = []
    at = end = 0
    lost = set(range(len(said)))  # referred to within a mark that fell out, such as a link's address
    for found in _MARKER.finditer(text):
        pieces.append(text[end : found.start()])
        at += len(pieces[-1])
        end = found.end()
        found_notes.append(Note(at, plain(said[int(found[1])])))
        lost.discard(int(found[1]))
    whole = "".join((*pieces, text[end:]))
    return whole, (*found_notes, *(Note(len(whole), plain(said[number])) for number in sorted(lost)))
