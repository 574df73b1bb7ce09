"""From a document's bytes to a book: chapters of SSML segments under the options they are spoken with."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from darkchannel import keys
from darkchannel.errors import Refused
from darkchannel.jobs import names, options
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Chapter
from darkchannel.speech.ssml import Element, Node, document, serialise, spoken
from services.splitter import segments, sentences
from services.splitter.formats import epub, ssml, text
from services.splitter.formats.draft import Block, Draft, DraftChapter

READERS: Mapping[str, Callable[[bytes], Draft]] = {
    "txt": text.read,
    "md": text.read,
    "text": text.read,
    "ssml": ssml.read,
    "xml": ssml.read,
    "epub": epub.read,
}
MAX_TITLE = 200
HEADING_PAUSE = "1000ms"

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def read(body: bytes, name: str, layers: Sequence[Mapping[str, Any]]) -> Book:
    """Read a document, its format told by the extension of ``name``.

    What the document says of itself (EPUB's language, say) yields to ``layers``, and those to its front matter.

    Raises Refused where it cannot be read or spoken, or an option is wrong.
    """
    reader = READERS.get(keys.extension(name))
    if reader is None:
        raise Refused(f"a document of this kind cannot be read: give it one of the extensions {', '.join(READERS)}")
    if not body:
        raise Refused("the document is empty: it has no bytes")
    draft = reader(body)
    chosen = options.resolve(_own(draft), *layers, options.ours(draft.options))
    title = _shortened(chosen.title or draft.title or names.stem(name))
    chapters = tuple(
        Chapter(_shortened(chapter.title or title), tuple(_segments(chapter, chosen))) for chapter in draft.chapters
    )
    if not any(map(_has_words, draft.chapters)):
        raise Refused("the document holds no words: there is nothing to speak")
    return Book(title=title, author=chosen.author or draft.author, options=chosen, chapters=chapters)


def _own(draft: Draft) -> dict[str, str]:
    tag = (draft.language or "").replace("_", "-")
    return {"language": tag} if _LANGUAGE.fullmatch(tag) else {}


def _shortened(title: str) -> str:
    title = " ".join(title.split())
    return title if len(title) <= MAX_TITLE else f"{title[: MAX_TITLE - 1].rstrip()}…"


def _segments(chapter: DraftChapter, chosen: Options) -> Iterator[str]:
    nodes = [node for item in chapter.content for node in _nodes(item, chosen.language)]
    for piece in segments.cut(nodes, chosen.language):
        yield serialise(document(piece, language=chosen.language, voice=chosen.voice))


def _nodes(item: Block | Node, language: str) -> Iterator[Node]:
    if not isinstance(item, Block):
        yield item
        return
    parts = sentences.split(item.text, language)
    yield Element("p", {}, tuple(Element("s", {}, (part.strip(),)) for part in parts))
    if item.heading or item.pause:
        yield Element("break", {"time": HEADING_PAUSE})


def _has_words(chapter: DraftChapter) -> bool:
    return any(
        char.isalnum() for item in chapter.content for char in (item.text if isinstance(item, Block) else spoken(item))
    )
