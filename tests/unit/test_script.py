"""A tree comes down to steps: no word is lost, none is spoken twice, all in their order."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.parse import parse
from darkchannel.speech.script import PARAGRAPH_MS, SENTENCE_MS, Pause, Place, Say, Step, names, steps
from darkchannel.speech.ssml import Element, Node, spoken


def script(content: str) -> list[Step]:
    return list(steps(parse(f'<speak xml:lang="pt-BR">{content}</speak>'.encode())))


def says(content: str) -> list[Say]:
    return [step for step in script(content) if isinstance(step, Say)]


def test_a_sentence_in_one_manner_is_one_request() -> None:
    assert script("<p><s>Um <lang xml:lang='pt-BR'>dois</lang> três.</s></p>") == [
        Place(None),
        Say("Um dois três.", "pt-BR"),
        Pause(PARAGRAPH_MS),
    ]


def test_sentences_and_paragraphs_are_set_apart_by_pauses_but_not_before_the_first() -> None:
    assert script("<p><s>Um.</s><s>Dois.</s></p><p>Três.</p>") == [
        Place(None),
        Say("Um.", "pt-BR"),
        Pause(SENTENCE_MS),
        Place(None),
        Say("Dois.", "pt-BR"),
        Pause(PARAGRAPH_MS),
        Say("Três.", "pt-BR"),
        Pause(PARAGRAPH_MS),
    ]


@pytest.mark.parametrize("markup", ["<s>Um.</s>{}<s>Dois.</s>", "<s>Um.{}</s><s>Dois.</s>", "<s>Um.</s><s>{}Dois.</s>"])
def test_a_break_takes_the_place_of_the_pause_between_sentences(markup: str) -> None:
    found = script(markup.format('<break time="90ms"/>'))
    assert [step for step in found if isinstance(step, Pause)] == [Pause(90), Pause(SENTENCE_MS)]


def test_breaks_that_follow_one_another_are_all_made() -> None:
    found = script('Um<break time="90ms"/> <break time="80ms"/>dois')
    assert found == [Say("Um", "pt-BR"), Pause(90), Pause(80), Say("dois", "pt-BR")]


def test_a_mark_stands_between_the_words_it_stood_between() -> None:
    assert script('Um <mark name="a"/> dois <mark name="b"/>') == [
        Say("Um", "pt-BR"),
        Place("a"),
        Say("dois", "pt-BR"),
        Place("b"),
    ]


def test_a_mark_between_sentences_belongs_to_the_one_after_it() -> None:
    found = script('<s>Um.</s><mark name="a"/><s>Dois.</s>')
    assert found[1:5] == [Say("Um.", "pt-BR"), Pause(SENTENCE_MS), Place("a"), Place(None)]


def test_prosody_and_emphasis_multiply_and_end_with_their_elements() -> None:
    first, second, third = says(
        '<prosody rate="80%" volume="-6dB">a<prosody rate="50%">b</prosody></prosody>'
        '<emphasis level="none">c</emphasis>'
    )
    assert (first.manner.rate, second.manner.rate, third.manner.rate) == pytest.approx((0.8, 0.5, 1))
    assert (first.manner.volume, second.manner.volume, third.manner.volume) == (-6, -6, 0)


def test_a_silent_text_keeps_its_place() -> None:
    assert says('<prosody volume="silent">oi</prosody>')[0].manner.volume == -math.inf


def test_voices_and_languages_are_inherited_and_the_inner_one_wins() -> None:
    found = says(
        'a<voice name="pt-br+f3">b<lang xml:lang="en">c</lang><voice xml:lang="fr">d</voice></voice>'
        '<s xml:lang="es">e</s>'
    )
    assert [(say.text, say.voice, say.language.lower(), say.is_foreign) for say in found] == [
        ("a", None, "pt-br", False),
        ("b", "pt-br+f3", "pt-br", False),
        ("c", "pt-br+f3", "en", True),
        ("d", None, "fr", False),
        ("e", None, "es", False),
    ]


def test_an_engine_of_words_says_what_a_phoneme_stands_for() -> None:
    assert script('A <phoneme ph="ˈkazɐ">casa</phoneme> azul') == [Say("A casa azul", "pt-BR")]


def test_a_segment_of_breaks_alone_is_its_breaks() -> None:
    assert script('<p><s><break time="1500ms"/></s></p>') == [Place(None), Pause(1500)]


def test_white_space_is_no_request() -> None:
    assert says('<p>\n <s>Um</s> \n</p> <prosody rate="slow"> </prosody>\t') == [Say("Um", "pt-BR")]


@given(st.lists(st.text("ab#+", min_size=1, max_size=3)), st.text(" \t\n", min_size=1, max_size=3))
def test_a_voice_is_the_whole_of_its_names_then_each_of_them(words: list[str], space: str) -> None:
    found = names(space + space.join(words) + space)
    whole = " ".join(words)
    assert found[:1] == ((whole,) if words else ())
    assert list(found[1:]) == [name for name in dict.fromkeys(words) if name != whole]
    assert names(whole) == found


def test_no_voice_has_no_names() -> None:
    assert names(None) == names("") == names(" ") == ()


_WORDS = st.text("abc é.,\n", max_size=8)
_MOMENTS = st.builds(lambda ms: Element("break", {"time": f"{ms}ms"}), st.integers(PARAGRAPH_MS + 1, 900)) | st.builds(
    lambda name: Element("mark", {"name": name}), st.text(max_size=3)
)
_ELEMENTS = st.sampled_from(
    [("p", {}), ("s", {}), ("s", {"xml:lang": "en"}), ("prosody", {"rate": "slow"}), ("emphasis", {}),
     ("voice", {"name": "pt-br+f3"}), ("voice", {"xml:lang": "en"}), ("lang", {"xml:lang": "fr"}),
     ("phoneme", {"ph": "a"})]
)  # fmt: skip
_TREES = st.recursive(
    _WORDS | _MOMENTS,
    lambda inner: st.builds(
        lambda named, children: Element(named[0], named[1], tuple(children)), _ELEMENTS, st.lists(inner, max_size=4)
    ),
    max_leaves=15,
)


def _all(node: Node, name: str, attribute: str) -> list[str]:
    if isinstance(node, str):
        return []
    own = [node.attributes[attribute]] if node.name == name else []
    return own + [value for child in node.children for value in _all(child, name, attribute)]


@given(st.lists(_TREES, max_size=6))
def test_the_steps_say_every_word_once_and_keep_every_mark_and_break(nodes: list[Node]) -> None:
    tree = Element("speak", {"xml:lang": "pt-BR"}, tuple(nodes))
    found = list(steps(tree))
    words = "".join("".join(step.text.split()) for step in found if isinstance(step, Say))
    assert words == "".join(spoken(tree).split())
    assert [step.name for step in found if isinstance(step, Place) and step.name is not None] == _all(
        tree, "mark", "name"
    )
    pauses = [f"{step.milliseconds}ms" for step in found if isinstance(step, Pause)]
    ours = {f"{SENTENCE_MS}ms", f"{PARAGRAPH_MS}ms"}
    assert [pause for pause in pauses if pause not in ours] == _all(tree, "break", "time")
    assert found.count(Place(None)) == _count(tree, "s")
    assert all(step.text.strip() for step in found if isinstance(step, Say))


def _count(node: Node, name: str) -> int:
    return 0 if isinstance(node, str) else (node.name == name) + sum(_count(child, name) for child in node.children)
