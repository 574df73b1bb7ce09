"""SSML documents: their author decided how they are spoken, so their markup is kept."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from darkchannel.speech.parse import parse_all
from darkchannel.speech.ssml import BLOCKS, Element, Node, spoken
from services.splitter.formats.draft import Draft, DraftChapter


def read(body: bytes) -> Draft:
    """Read one ``speak`` document, or several one after another, as one chapter.

    The language of the first is that of the whole; what another is in stands in a ``lang`` of its own. Raises Refused
    as ``parse_all`` does.
    """
    found = parse_all(body)
    language = found[0].attributes.get("xml:lang")
    content = found[0].children if len(found) == 1 else tuple(_joined(found, language))
    return Draft((DraftChapter(None, content),), language=language)


def _joined(documents: Sequence[Element], language: str | None) -> Iterator[Node]:
    for document in documents:
        content = _paragraphs(document.children)
        own = document.attributes.get("xml:lang")
        if own and own != language:
            yield Element("lang", {"xml:lang": own}, tuple(content))
        else:
            yield from content


def _paragraphs(nodes: Sequence[Node]) -> Iterator[Node]:
    """What stands in no paragraph in one of its own, so that it does not run into the next document."""
    for is_apart, run in groupby(nodes, _has_blocks):
        inside = tuple(run)
        if is_apart or not any(spoken(node).strip() for node in inside):
            yield from inside
        else:
            yield Element("p", {}, inside)


def _has_blocks(node: Node) -> bool:
    return isinstance(node, Element) and (node.name in BLOCKS or any(map(_has_blocks, node.children)))
