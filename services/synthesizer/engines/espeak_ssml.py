"""SSML as espeak-ng reads it rightly: what it would misread is rewritten, what crashes it is left out.

Measured on espeak-ng 1.52: ``<audio>`` ends the process (the parser leaves it out); break times are read as
integers only; strengths mean other pauses than listeners know; ``<lang>`` is unknown; a variant (``pt-br+f3``)
of a nested ``<voice>`` is passed over; a ``<mark>`` before ``<s>`` lengthens the pause there, one inside does not.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from unicodedata import category

from darkchannel.errors import Permanent
from darkchannel.speech.parse import parse
from darkchannel.speech.ssml import Element, Node, serialise, spoken

MAX_CHARACTERS = 20_000
"""Of a segment's SSML; the splitter stays far below, a person's edit may not."""
MAX_BREAK_MS = 60_000
MAX_WORD_BYTES = 120
"""espeak-ng drops what follows the first 160 bytes of a word, such as a sentence of Thai or Japanese is."""
DEFAULT_LANGUAGE = "pt-BR"

STRENGTHS_MS = {"none": 0, "x-weak": 0, "weak": 250, "medium": 500, "strong": 1_000, "x-strong": 1_500}
KEPT = {name: name for name in ("voice", "prosody", "say-as", "emphasis", "p")} | {"lang": "voice"}
"""What reaches the engine, and as what; of other elements only the content does."""

_LONG_WORD = re.compile(rf"\S{{{MAX_WORD_BYTES // 4},}}")
_WITHIN_LETTERS = frozenset({"Mn", "Mc", "Me", "Cf"})
_TIME = re.compile(r"\+?(\d+(?:\.\d*)?|\.\d+)\s*(ms|s)")
_VOICE = re.compile(r"[A-Za-z0-9_+-]{1,100}")


@dataclass(frozen=True, slots=True)
class Piece:
    """What one voice speaks."""

    voices: tuple[str, ...]
    """The first that exists is meant."""
    ssml: str
    others: tuple[str, ...]
    """Voices that its SSML names."""


def prepare(ssml: str) -> list[Piece]:
    """Cut a segment where its voice changes, and rewrite it for espeak-ng.

    The sentences are marked ``s0``, ``s1``, ... in the order of their ``<s>``. Raises Permanent where the
    segment is no SSML, is too long or has nothing to speak.
    """
    if len(ssml) > MAX_CHARACTERS:
        raise Permanent(f"it has {len(ssml)} characters, more than the {MAX_CHARACTERS} of a segment: shorten it")
    numbers = count()
    pieces: list[Piece] = []
    for voices, nodes in _by_voice(parse(ssml.encode(errors="replace"))):
        children = tuple(_rewritten(nodes, numbers))
        if any(map(_is_heard, children)):
            named = tuple(_checked(name) for child in children for name in _voices_within(child))
            pieces.append(Piece(voices, serialise(Element("speak", {}, children)), named))
    if not pieces:
        raise Permanent("it has nothing to speak: give it some text or a break")
    return pieces


def unknown_voice(voice: str) -> str:
    """The message for a voice that is not there."""
    return (
        f"espeak has no voice '{voice}': name a language such as pt-br, or a language and a variant such as"
        " pt-br+f3; https://github.com/espeak-ng/espeak-ng/blob/master/docs/languages.md lists them all"
    )


def _by_voice(root: Element) -> Iterator[tuple[tuple[str, ...], Iterable[Node]]]:
    """The children of the root in runs of one voice."""
    default = _of_language(root.attributes.get("xml:lang", DEFAULT_LANGUAGE))
    run: list[Node] = []
    for child in root.children:
        if isinstance(child, str) or child.name != "voice":
            run.append(child)
            continue
        yield default, run
        run = []
        yield _of_element(child) or default, child.children
    yield default, run


def _of_element(voice: Element) -> tuple[str, ...]:
    if name := voice.attributes.get("name"):
        return (_checked(name),)
    language = voice.attributes.get("xml:lang")
    return _of_language(language) if language else ()


def _of_language(tag: str) -> tuple[str, ...]:
    """``pt-BR`` is a voice itself; ``en-AU`` is not, and ``en`` speaks for it."""
    return tuple(dict.fromkeys((_checked(tag), tag.partition("-")[0])))


def _checked(voice: str) -> str:
    if not _VOICE.fullmatch(voice):
        raise Permanent(unknown_voice(voice))
    return voice


def _rewritten(nodes: Iterable[Node], numbers: Iterator[int]) -> Iterator[Node]:
    for node in nodes:
        if isinstance(node, str):
            yield _LONG_WORD.sub(lambda word: " ".join(_slices(word[0])), node)
        elif node.name == "break":
            yield from (" ", Element("break", {"time": f"{_milliseconds(node)}ms"}), " ")
        elif node.name == "sub":
            yield spoken(node)
        elif node.name == "s":
            mark = Element("mark", {"name": f"s{next(numbers)}"})
            yield Element("s", node.attributes, (mark, *_rewritten(node.children, numbers)))
        elif node.name in KEPT:
            yield Element(KEPT[node.name], node.attributes, tuple(_rewritten(node.children, numbers)))
        else:
            yield from _rewritten(node.children, numbers)


def _slices(word: str) -> Iterator[str]:
    """A long word in pieces that are spoken whole; no letter loses its marks."""
    piece, size = "", 0
    for character in word:
        length = len(character.encode(errors="replace"))
        if size + length > MAX_WORD_BYTES and category(character) not in _WITHIN_LETTERS:
            yield piece
            piece, size = "", 0
        piece += character
        size += length
    yield piece


def _milliseconds(pause: Element) -> int:
    time = pause.attributes.get("time")
    if time is None:
        return STRENGTHS_MS.get(pause.attributes.get("strength", "medium"), STRENGTHS_MS["medium"])
    found = _TIME.fullmatch(time.strip())
    if not found:
        raise Permanent(f"a break of '{time}' is no time: write it like 500ms or 1.5s")
    return min(round(float(found[1]) * (1 if found[2] == "ms" else 1_000)), MAX_BREAK_MS)


def _is_heard(node: Node) -> bool:
    if isinstance(node, str):
        return bool(node.strip())
    return node.name == "break" or any(map(_is_heard, node.children))


def _voices_within(node: Node) -> Iterator[str]:
    if isinstance(node, Element):
        if node.name == "voice" and "name" in node.attributes:
            yield node.attributes["name"]
        for child in node.children:
            yield from _voices_within(child)
