"""From a document's bytes to a book: chapters of SSML segments under the options they are spoken with."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from darkchannel import keys
from darkchannel.errors import Refused
from darkchannel.jobs import names, options
from darkchannel.jobs.formats import FORMATS_OF
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Chapter, Within
from darkchannel.speech import sentences
from darkchannel.speech.ssml import Element, Node, document, serialise, spoken
from services.splitter import footnotes, lexicon, segments
from services.splitter.cast import Cast
from services.splitter.formats import docx, epub, html, pdf, ssml, text
from services.splitter.formats.draft import Block, Draft, DraftChapter
from services.splitter.lexicon import Lexicon
from services.splitter.sizes import size_of

READERS: Mapping[str, Callable[[bytes], Draft]] = {
    "txt": text.read,
    "md": text.read,
    "text": text.read,
    "ssml": ssml.read,
    "xml": ssml.read,
    "epub": epub.read,
    "html": html.read,
    "htm": html.read,
    "xhtml": html.read,
    "docx": docx.read,
    "doc": docx.read,  # whose refusal says what to do with one
    "pdf": pdf.read,
}
MAX_TITLE = 200
MAX_LINE = 500
MAX_DESCRIPTION = 4_000
HEADING_PAUSE = "1000ms"

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A document as its reader found it, and how it is to be narrated."""

    name: str
    draft: Draft
    options: Options


def read(
    body: bytes, name: str, layers: Sequence[Mapping[str, Any]], lexicons: Sequence[tuple[str, bytes]] = ()
) -> Book:
    """What ``manuscript`` and ``book`` make of a document."""
    return book(manuscript(body, name, layers), lexicons)


def manuscript(body: bytes, name: str, layers: Sequence[Mapping[str, Any]]) -> Manuscript:
    """Read a document, its format told by the extension of ``name``.

    What the document says of itself (EPUB's language, say) yields to ``layers``, and those to its front matter.

    Raises Refused where it cannot be read, or an option is wrong.
    """
    reader = READERS.get(keys.extension(name))
    if reader is None:
        raise Refused(f"a document of this kind cannot be read: give it one of the extensions {', '.join(READERS)}")
    if not body:
        raise Refused("the document is empty: it has no bytes")
    draft = reader(body)
    return Manuscript(name, draft, options.resolve(_own(draft, name), *layers, options.ours(draft.options)))


def book(manuscript: Manuscript, lexicons: Sequence[tuple[str, bytes]] = ()) -> Book:
    """Cut a manuscript into the segments of a book.

    ``lexicons``: names, for errors, and bodies; the first that knows a word decides.

    Raises Refused where there is nothing to speak, or a lexicon is broken.
    """
    draft, chosen = manuscript.draft, manuscript.options
    if not any(map(_has_words, draft.chapters)):
        raise Refused("the document holds no words: there is nothing to speak")
    title = _shortened(chosen.title or draft.title or names.stem(manuscript.name), MAX_TITLE)
    narration = _Narration(chosen, tuple(lexicon.parse(body, name) for name, body in lexicons))
    chapters = tuple(
        narration.chapter(_shortened(chapter.title or title, MAX_TITLE), chapter) for chapter in draft.chapters
    )
    series = _line(chosen.series, draft.series)
    return Book(
        title=title,
        author=chosen.author or draft.author,
        options=chosen,
        chapters=chapters,
        narrator=_line(chosen.narrator, draft.narrator),
        series=series,
        series_index=(chosen.series_index or draft.series_index) if series else None,
        year=chosen.year or draft.year,
        genre=_line(chosen.genre, draft.genre),
        description=chosen.description or _cut(draft.description or "", MAX_DESCRIPTION) or None,
        cover=draft.cover,
    )


def _own(draft: Draft, name: str) -> dict[str, Any]:
    """The first layer of options: what the document itself tells."""
    tag = (draft.language or "").replace("_", "-")
    language = {"language": tag} if _LANGUAGE.fullmatch(tag) else {}
    formats = FORMATS_OF.get(keys.extension(name))
    return {**language, "formats": formats}


def _line(option: str | None, own: str | None) -> str | None:
    """What the option says, else the document, on one line."""
    return _shortened(option or own or "", MAX_LINE) or None


def _shortened(text: str, most: int) -> str:
    return _cut(" ".join(text.split()), most)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


class _Narration:
    """Chapters as SSML, in the voices and pronunciations that were asked for."""

    def __init__(self, chosen: Options, lexicons: Sequence[Lexicon]) -> None:
        self._options = chosen
        self._language = chosen.language
        self._cast = Cast(chosen.voices)
        self._lexicons = lexicons

    def chapter(self, title: str, chapter: DraftChapter) -> Chapter:
        content = footnotes.placed(chapter.content, self._options.footnotes, self._language)
        nodes: Iterator[Node] = (node for item in content for node in self._nodes(item))
        if self._lexicons:
            nodes = lexicon.apply(nodes, self._language, self._lexicons)
        texts: list[str] = []
        continued: dict[int, Within] = {}
        for segment in segments.cut(nodes, self._language, size_of(self._options.engine)):
            if segment.continues:
                continued[len(texts)] = segment.continues
            texts.append(serialise(document(segment.nodes, language=self._language, voice=self._options.voice)))
        return Chapter(title, tuple(texts), continued)

    def _nodes(self, item: Block | Node) -> Iterator[Node]:
        if not isinstance(item, Block):
            yield from self._cast.given([item])
            return
        voice, words = self._cast.line(item.text)
        parts = sentences.split(words, item.language or self._language)
        attributes = {"xml:lang": item.language} if item.language else {}
        paragraph = Element("p", attributes, tuple(Element("s", {}, (part.strip(),)) for part in parts))
        yield Element("voice", {"name": voice}, (paragraph,)) if voice else paragraph
        if item.heading:
            yield Element("break", {"time": HEADING_PAUSE})
        elif item.pause:
            yield Element("break", {"time": f"{self._options.pauses.scene * 1000:.0f}ms"})


def _has_words(chapter: DraftChapter) -> bool:
    return any(
        char.isalnum() for item in chapter.content for char in (item.text if isinstance(item, Block) else spoken(item))
    )
