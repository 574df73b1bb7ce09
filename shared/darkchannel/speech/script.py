"""A segment as a list of things to do one after another, in place of a tree.

``flat`` keeps where paragraphs and sentences start and end, for an engine that knows its own pauses there; ``steps``
is for an engine that reads nothing but words.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from darkchannel.speech.prosody import ORDINARY, Manner
from darkchannel.speech.rendering import DEFAULT_LANGUAGE, language_of
from darkchannel.speech.ssml import BLOCKS, Element, spoken

SENTENCE_MS = 350
"""Between sentences, where no break says otherwise."""
PARAGRAPH_MS = 700


@dataclass(frozen=True, slots=True)
class Say:
    """Words in one voice and manner."""

    text: str
    language: str
    voice: str | None = None
    """By its name, or several as ``names`` takes them apart; None: the engine's own for the language."""
    manner: Manner = ORDINARY
    is_foreign: bool = False
    """Whether ``language`` was changed inside ``voice``, which perhaps does not speak it."""
    ipa: str | None = None
    """How an author wants it pronounced; an engine that cannot do it says the text."""


@dataclass(frozen=True, slots=True)
class Pause:
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Place:
    """A mark; None where a sentence starts."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a ``p`` or an ``s`` starts or ends."""

    block: str
    starts: bool


Step = Say | Pause | Place


def names(voice: str | None) -> tuple[str, ...]:
    """The names that ``<voice name>`` or the option ``voice`` gives, the preferred first; none where it gives none.

    The first is the whole, for a voice whose own name has spaces, then comes each word as in a list of names:
    https://www.w3.org/TR/speech-synthesis11/#S3.2.1
    """
    words = (voice or "").split()
    return tuple(dict.fromkeys((" ".join(words), *words))) if words else ()


def steps(rendered: Element) -> Iterator[Step]:
    """What an element that ``rendering.rendered`` made comes down to, for an engine without markup.

    Words that belong together come together. There is a pause between blocks and after the last, not before the
    first; a ``break`` beside it takes its place.
    """
    said: Say | None = None
    held: list[Place] = []
    owed = 0
    is_silent = True  # nothing was said since the start or the last break: there is no pause to make
    for event in flat(rendered):
        if isinstance(event, Edge):
            if said or not is_silent:
                owed = max(owed, SENTENCE_MS if event.block == "s" else PARAGRAPH_MS)
        elif isinstance(event, Place):
            held.append(event)
            if not owed:
                yield from _words(said)
                yield from held
                said, held = None, []
        elif isinstance(event, Pause):
            yield from _words(said)
            yield from held
            yield event
            said, held, owed, is_silent = None, [], 0, True
        elif said and not owed and (not event.text.strip() or _is_alike(said, event)):
            said = replace(said, text=said.text + event.text)
        elif event.text.strip():
            yield from _words(said)
            yield from _pause(owed)
            yield from held
            said, held, owed, is_silent = replace(event, ipa=None), [], 0, False
    yield from _words(said)
    yield from _pause(owed)
    yield from held


def _words(said: Say | None) -> Iterator[Step]:
    if said:
        yield replace(said, text=" ".join(said.text.split()))


def _pause(milliseconds: int) -> Iterator[Step]:
    if milliseconds:
        yield Pause(milliseconds)


def _is_alike(one: Say, other: Say) -> bool:
    return replace(one, text="", ipa=None) == replace(other, text="", ipa=None)


def flat(rendered: Element) -> Iterator[Step | Edge]:
    """The elements in the order in which they are heard; a sentence's place comes right after its start."""
    yield from _flat(rendered, Say("", DEFAULT_LANGUAGE), DEFAULT_LANGUAGE)


def _flat(element: Element, around: Say, voice_language: str) -> Iterator[Step | Edge]:
    inside, voice_language = _inside(element, around, voice_language)
    if element.name in BLOCKS:
        yield Edge(element.name, starts=True)
    if element.name == "s":
        yield Place(None)
    if element.name == "phoneme" and inside.ipa:
        yield replace(inside, text=spoken(element))
        yield from (event for event in _content(element, inside, voice_language) if not isinstance(event, Say))
    else:
        yield from _content(element, inside, voice_language)
    if element.name in BLOCKS:
        yield Edge(element.name, starts=False)


def _content(element: Element, inside: Say, voice_language: str) -> Iterator[Step | Edge]:
    for child in element.children:
        if isinstance(child, str):
            yield replace(inside, text=child)
        elif child.name == "break":
            yield Pause(int(child.attributes["time"].removesuffix("ms")))
        elif child.name == "mark":
            yield Place(child.attributes.get("name", ""))
        else:
            yield from _flat(child, inside, voice_language)


def _inside(element: Element, around: Say, voice_language: str) -> tuple[Say, str]:
    language = language_of(element, around.language)
    voice = around.voice
    if element.name == "voice" and {"name", "xml:lang"} & element.attributes.keys():
        voice = element.attributes.get("name", "").strip() or None
        voice_language = language
    ipa = around.ipa
    if element.name == "phoneme" and element.attributes.get("alphabet", "ipa") == "ipa":
        ipa = element.attributes.get("ph", "").strip() or None
    inside = Say(
        text="",
        language=language,
        voice=voice,
        manner=around.manner.of(element),
        is_foreign=voice is not None and language.lower() != voice_language.lower(),
        ipa=ipa,
    )
    return inside, voice_language
