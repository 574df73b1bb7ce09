"""Plain text and the Markdown people put in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from darkchannel.errors import Refused
from services.splitter import encoding, front_matter
from services.splitter.formats.draft import Block, Draft, DraftChapter, join_bare

CHAPTER_LEVELS = (1, 2)
MAX_HEADING = 120

_NUMBERS = (
    r"\d{1,4}|[ivxlcdm]{1,12}|(?:primeir|segund|terceir|quart|quint|sext|sétim|setim|oitav|non|décim|decim)[oa]"
    r"|uma?|dois|duas|três|tres|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|treze|cat?orze|quatorze|quinze"
    r"|dezesseis|dezessete|dezoito|dezenove|(?:vinte|trinta|quarenta|cinquenta)(?: e \w{2,8})?|únic[oa]|final"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twenty|thirty|forty|fifty)(?:-\w{3,5})?"
)
_CHAPTER = re.compile(
    rf"(?:(?:cap[íi]tulo|chapter)\s+(?:{_NUMBERS})|pr[óo]logo|ep[íi]logo|prologue|epilogue)"
    r"(?:\s*[.:–—-]\s*\S.*|[.:])?",
    re.IGNORECASE,
)
_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_RULE = re.compile(r"\s*(?:[-*_=~#•⁂]\s*){3,}|\s*[⁂•*#]\s*")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_REFERENCE = re.compile(r"\s*\[[^\[\]]+\]:\s*(?:https?://|<|/|#)\S*\s*(?:\"[^\"]*\")?\s*")
_STARTER = re.compile(r"(?:[-*+][ \t]+|\d{1,3}[.)][ \t]|[—–])")
_BULLET = re.compile(r"^[-*+][ \t]+")
_QUOTE = re.compile(r"^\s*(?:>[ \t]?)+")

# Each of these looks no further than its own brackets, so that a hostile text costs no more than its length.
_INLINE = (
    (re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"\[]*\")?\)"), r"\1"),
    (re.compile(r"\[\^[^\[\]\s]+\]:?"), ""),
    (re.compile(r"\[([^\[\]]+)\]\[[^\[\]]*\]"), r"\1"),
    (re.compile(r"`+|~~|(?<!\\)\*{2,3}"), ""),
    (re.compile(r"(?<![\w*\\])[*_]{1,3}(?=[^\W_]|[\"“‘'(¿¡—])"), ""),
    (re.compile(r"(?<=[^\W_]|[.,;:!?…\"”’')])[*_]{1,3}(?![\w*])"), ""),
    (re.compile(r"<br ?/?>", re.IGNORECASE), " "),
    (re.compile(r"\\([!-/:-@\[-`{-~])"), r"\1"),
)


def read(body: bytes) -> Draft:
    """Read a text: chapters at Markdown's first two heading levels and at lines such as "Capítulo XII".

    Raises Refused for bytes that are no text, broken front matter, and a text of white space.
    """
    text = "\n".join(encoding.decode(body).splitlines())
    options, text = front_matter.split(text)
    if not text.strip():
        raise Refused("the document holds nothing but white space: there is nothing to speak")
    paragraphs = list(_paragraphs(text))
    return Draft(join_bare(_chapters(paragraphs)), title=_title(paragraphs), options=options)


@dataclass(slots=True)
class _Paragraph:
    lines: list[str] = field(default_factory=list)
    level: int | None = None
    """Of a heading."""
    pause: bool = False

    @property
    def text(self) -> str:
        return plain(" ".join(self.lines))


def plain(marked: str) -> str:
    """A line without Markdown's marks.

    >>> plain("o *farol* de [Santa Marta](https://example.org)")
    'o farol de Santa Marta'
    """
    for pattern, replacement in _INLINE:
        marked = pattern.sub(replacement, marked)
    return " ".join(marked.split())


def _paragraphs(text: str) -> Iterator[_Paragraph]:
    current = _Paragraph()
    lines = text.split("\n")
    for number, raw in enumerate(lines):
        line = _QUOTE.sub("", raw, count=1)
        is_rule = bool(_RULE.fullmatch(line))
        if is_rule or not line.strip() or _FENCE.match(line) or _REFERENCE.fullmatch(line):
            current.pause = is_rule
            yield current
            current = _Paragraph()
        elif heading := _heading(lines, number, line):
            yield current
            yield heading
            current = _Paragraph()
        else:
            line = line.strip()
            if _STARTER.match(line):
                yield current
                current = _Paragraph()
            current.lines.append(_BULLET.sub("", line, count=1) if not current.lines else line)
    yield current


def _heading(lines: list[str], number: int, line: str) -> _Paragraph | None:
    if found := _ATX.fullmatch(line):
        return _Paragraph([found[2].rstrip("# \t")], len(found[1]))
    bare = plain(line)
    if len(bare) <= MAX_HEADING and _CHAPTER.fullmatch(bare) and _stands_alone(lines, number):
        return _Paragraph([line.strip()], CHAPTER_LEVELS[-1])
    return None


def _stands_alone(lines: list[str], number: int) -> bool:
    """Whether the lines around end before this one and begin after it."""
    before = lines[number - 1].strip() if number else ""
    after = lines[number + 1].strip() if number + 1 < len(lines) else ""
    return (not before or not before[-1].isalnum()) and (not after or not after[0].islower())


def _chapters(paragraphs: list[_Paragraph]) -> list[DraftChapter]:
    chapters: list[DraftChapter] = []
    title: str | None = None
    blocks: list[Block] = []
    for paragraph in paragraphs:
        text = paragraph.text
        if not text:
            if paragraph.pause and blocks:
                blocks[-1] = Block(blocks[-1].text, blocks[-1].heading, pause=True)
            continue
        if paragraph.level in CHAPTER_LEVELS:
            chapters.append(DraftChapter(title, tuple(blocks)))
            title, blocks = text, []
        blocks.append(Block(text, paragraph.level is not None, paragraph.pause))
    return [chapter for chapter in (*chapters, DraftChapter(title, tuple(blocks))) if chapter.content]


def _title(paragraphs: list[_Paragraph]) -> str | None:
    """A single first-level heading at the very start is the book's title."""
    spoken = [paragraph for paragraph in paragraphs if paragraph.lines]
    tops = [paragraph for paragraph in spoken if paragraph.level == 1]
    return tops[0].text if len(tops) == 1 and tops[0] is spoken[0] else None
