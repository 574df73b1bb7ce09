"""What is spoken is what was written: whatever a document holds, its segments hold, once and in order."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkchannel.speech.parse import parse
from darkchannel.speech.ssml import ATOMIC, ATTRIBUTES, BLOCKS, MOMENTS, TEXT_ONLY, Element, Node, document, serialise
from darkchannel.speech.ssml import spoken as spoken_by
from services.splitter import document as documents
from services.splitter import segments as cutting
from services.splitter.segments import MAX_MARKUP
from services.splitter.sizes import SIZES, Size
from tests.unit.documents import segments, words

ENGINES = sorted(SIZES)
SIZED = st.sampled_from([*SIZES.values(), Size(10, 20)])

SENTENCES = [
    "Uma frase comum.",
    "— Quem vem lá? — perguntou o barqueiro.",
    "O Dr. Lima chegou às 14h30 (com 3,5 kg de peixe).",
    "She asked for Mr. Hale. He had left.",
    "Sim, não, talvez; depois, quem sabe",
    "שלום עולם.",
    "مرحبا بالعالم.",
    "日本語の文です。次の文です。",
    "\u202eabc\u202c def.",
    "👩🏽\u200d🚀 🇧🇷🇵🇹 ❤\ufe0f",
    "e\u0301\u0323" * 9,
    "a" + "\u0301" * 1_000,
    "www.exemplo-muito-comprido.org/" + "caminho/" * 20,
    "***",
    "...",
    "A & B < C > D \"E\" 'F'",
    "palavra " * 400,
    "um, dois, " * 300,
    "x" * 5_000,
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4).map(" ".join),
    st.text(st.sampled_from("aé1 .,?!—\n\u0301\u00a0🇧👍\u200d"), min_size=1, max_size=60),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=40).map(
        lambda text: text.replace("\xad", "").replace("\ufeff", "")
    ),
).filter(bool)
SHORT = st.text(st.sampled_from("ab cé1.,"), min_size=1, max_size=30)
LANGUAGES = st.sampled_from(["pt-BR", "en", "he", "x-none"])
TIMES = st.sampled_from(["0s", "250ms", " +1.5s ", ".5 s", "99999s"])
VALUES = st.text(st.sampled_from("abç-1%\"'<&\n"), max_size=12)


def attributes_of(name: str) -> st.SearchStrategy[dict[str, str]]:
    if name == "break":
        return st.fixed_dictionaries({}, optional={"time": TIMES, "strength": VALUES})
    return st.dictionaries(st.sampled_from(sorted(ATTRIBUTES[name])), VALUES, max_size=3)


def with_language(attributes: dict[str, str], language: str | None) -> dict[str, str]:
    return attributes | ({"xml:lang": language} if language else {})


def element(name: str, children: st.SearchStrategy[tuple[Node, ...]]) -> st.SearchStrategy[Element]:
    attributes = st.builds(with_language, attributes_of(name), st.none() | LANGUAGES)
    return st.builds(Element, st.just(name), attributes, children)


def merged(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """As XML reads them: texts side by side are one."""
    found: list[Node] = []
    for node in nodes:
        if isinstance(node, str) and found and isinstance(found[-1], str):
            found[-1] += node
        else:
            found.append(node)
    return tuple(found)


NO_CHILDREN: st.SearchStrategy[tuple[Node, ...]] = st.just(())
LEAVES = st.one_of(
    TEXTS,
    *(element(name, SHORT.map(lambda text: (text,))) for name in sorted(ATOMIC)),
    *(element(name, NO_CHILDREN) for name in sorted(MOMENTS)),
)
CONTAINERS = sorted(set(ATTRIBUTES) - ATOMIC - MOMENTS - TEXT_ONLY - {"speak", "audio", "lookup"})
NODES: st.SearchStrategy[Node] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(*(element(name, st.lists(inner, max_size=5).map(merged)) for name in CONTAINERS)),
    max_leaves=14,
)
TREES = st.lists(NODES, max_size=8).map(merged)


Sound = tuple[str, tuple[str, ...]]
"""A text without white space, an atomic element, a break or a mark, and the elements it stands in, outermost first."""


def sounds(nodes: Iterable[Node]) -> list[Sound]:
    """All there is to hear."""
    found: list[Sound] = []
    for what, around in _sounds(nodes, ()):
        is_text = not what.startswith("<")
        if is_text and found and found[-1][1] == around and not found[-1][0].startswith("<"):
            found[-1] = (found[-1][0] + what, around)
        else:
            found.append((what, around))
    return found


def _sounds(nodes: Iterable[Node], around: tuple[str, ...]) -> Iterator[Sound]:
    for node in nodes:
        if isinstance(node, str):
            if text := escape("".join(node.split())):
                yield text, around
        elif node.name in ATOMIC | MOMENTS:
            yield serialise(node), around
        else:
            tag = serialise(Element(node.name, node.attributes))
            yield from _sounds(node.children, (*around, tag))


def characters(nodes: Iterable[Node]) -> int:
    """As the size of a segment counts them: blocks are set apart by nothing."""
    return sum(
        len(node)
        if isinstance(node, str)
        else len(spoken_by(node))
        if node.name in ATOMIC
        else characters(node.children)
        for node in nodes
    )


def leaves(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        if isinstance(node, str) or node.name in ATOMIC | MOMENTS:
            yield node
        else:
            yield from leaves(node.children)


def markup(nodes: Iterable[Node]) -> int:
    written = "".join(map(serialise, nodes))
    return sum(map(len, re.findall(r"<[^<>]*>", written)))


def has_words(nodes: Iterable[Node]) -> bool:
    return any(map(str.isalnum, "".join(map(spoken_by, nodes))))


def glued(nodes: Iterable[Node]) -> str:
    """What is spoken, with a letter for each character of what may not be cut."""
    return "".join(
        node
        if isinstance(node, str)
        else "x" * len(spoken_by(node))
        if node.name in ATOMIC
        else f" {inside} "
        if (inside := glued(node.children)) and node.name in BLOCKS
        else inside
        for node in nodes
    )


def cut(nodes: Sequence[Node], language: str, size: Size) -> Iterator[tuple[Node, ...]]:
    return (segment.nodes for segment in cutting.cut(nodes, language, size))


def longest_run(nodes: Sequence[Node]) -> int:
    """Characters of the longest stretch without a space, however many words it is."""
    return max(map(len, glued(nodes).split()), default=0)


@settings(max_examples=100)
@given(TREES, LANGUAGES, SIZED)
def test_all_there_is_to_hear_in_ssml_is_in_its_segments_once_in_order_and_in_the_same_elements(
    nodes: tuple[Node, ...], language: str, size: Size
) -> None:
    pieces = list(cut(nodes, language, size))
    assert sounds(chain.from_iterable(pieces)) == sounds(nodes)


@settings(max_examples=100)
@given(TREES, LANGUAGES, SIZED)
def test_the_words_of_all_segments_are_those_of_the_document(
    nodes: tuple[Node, ...], language: str, size: Size
) -> None:
    pieces = list(cut(nodes, language, size))
    whole = "".join(map(spoken_by, nodes))
    together = " ".join("".join(map(spoken_by, piece)) for piece in pieces)
    if longest_run(nodes) <= size.hard:
        assert words(together) == words(whole)
    assert "".join(together.split()) == "".join(whole.split())


@settings(max_examples=100)
@given(TREES, LANGUAGES, SIZED)
def test_no_segment_is_larger_than_its_size_or_has_none(nodes: tuple[Node, ...], language: str, size: Size) -> None:
    for piece in cut(nodes, language, size):
        found = list(leaves(piece))
        assert found
        is_one_atom = len([leaf for leaf in found if not isinstance(leaf, Element) or leaf.name in ATOMIC]) == 1
        assert characters(piece) <= size.hard or (is_one_atom and not any(isinstance(leaf, str) for leaf in found))
        assert markup(piece) <= MAX_MARKUP or len(found) == 1


@settings(max_examples=100)
@given(TREES, LANGUAGES, SIZED)
def test_a_segment_without_words_had_no_room_beside_it(nodes: tuple[Node, ...], language: str, size: Size) -> None:
    pieces = list(cut(nodes, language, size))
    for one, other in pairwise(pieces):
        if not (has_words(one) and has_words(other)):
            has_room = characters(one) + characters(other) <= size.hard
            assert not (has_room and markup(one) + markup(other) < MAX_MARKUP // 2)


@settings(max_examples=100)
@given(TREES, LANGUAGES, SIZED)
def test_each_segment_written_down_is_read_as_it_was(nodes: tuple[Node, ...], language: str, size: Size) -> None:
    for piece in cut(nodes, language, size):
        whole = document(piece, language=language, voice="v")
        again = parse(serialise(whole).encode())
        assert serialise(again) == serialise(whole)
        assert sounds(again.children) == sounds(whole.children)


@settings(max_examples=50)
@given(TREES, st.sampled_from(ENGINES))
def test_a_whole_ssml_file_loses_nothing_on_its_way_into_a_book(nodes: tuple[Node, ...], engine: str) -> None:
    nodes = (*nodes, Element("p", {}, ("Fim.",)))
    body = serialise(Element("speak", {"xml:lang": "pt-BR"}, nodes)).encode()
    book = documents.read(body, "a.ssml", [{"engine": engine}])
    found = sounds(node for segment in segments(book) for node in parse(segment.encode()).children)
    assert found == sounds(nodes)


@settings(max_examples=100)
@given(st.lists(TEXTS, max_size=8), st.sampled_from(ENGINES))
def test_a_text_loses_no_word_on_its_way_into_a_book(paragraphs: list[str], engine: str) -> None:
    body = "\n\n".join([*(f"Era {inline(text)}" for text in paragraphs), "Fim."])
    book = documents.read(body.encode(), "a.txt", [{"engine": engine}])
    together = " ".join(spoken_by(parse(segment.encode())) for segment in segments(book))
    assert "".join(words(together)) == "".join(words(body))


def inline(text: str) -> str:
    """On one line, and without what Markdown would read as its own."""
    return " ".join(re.sub(r"[*_#`~\[\]<>\\|=+()!-]", "", text).split())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text", ["um, dois, " * 2_000, "palavra " * 2_500, "x" * 20_000, "é\u0301" * 10_000])
def test_twenty_thousand_characters_without_a_full_stop_lose_none(text: str, engine: str) -> None:
    book = documents.read(text.encode(), "a.txt", [{"engine": engine}])
    said = [spoken_by(parse(segment.encode())).strip() for segment in segments(book)]
    assert "".join("".join(said).split()) == "".join(text.split())
    assert max(map(len, said)) <= SIZES[engine].hard


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("form", ["<s>{}</s>", "{} "])
def test_marks_and_breaks_of_many_sentences_stand_once_each_beside_their_own(engine: str, form: str) -> None:
    sentence = '<mark name="m{n}"/>Frase número {n}, com alguma coisa dentro. <break time="{n}ms"/>'
    body = "".join(form.format(sentence.format(n=n)) for n in range(400))
    book = documents.read(f"<speak><p>{body}</p></speak>".encode(), "a.ssml", [{"engine": engine}])
    pattern = r'<mark name="m(\d+)"/>Frase número (\d+), com alguma coisa dentro. <break time="(\d+)ms"/>'
    found = re.findall(pattern, "".join(segments(book)))
    assert found == [(str(n), str(n), str(n)) for n in range(400)]
