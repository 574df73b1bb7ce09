"""A segment is read as it is written: every word, sentence by sentence, with what stands between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import Refused
from darkchannel.speech.parse import parse
from darkchannel.speech.rendering import rendered
from darkchannel.speech.script import Place, flat
from darkchannel.speech.ssml import BLOCKS, Element, Node, serialise
from darkchannel.speech.transcript import Passage, Transcript, transcript


def read(content: str) -> Transcript:
    return transcript(f'<speak version="1.1" xml:lang="pt-BR">{content}</speak>')


def told(content: str) -> list[tuple[str, str]]:
    """The text of each passage and what it begins; of those that are no sentence in brackets."""
    return [
        (passage.text if passage.is_sentence else f"[{passage.text}]", passage.before)
        for passage in read(content).passages
    ]


def test_sentences_of_a_segment_begin_themselves_or_a_paragraph() -> None:
    found = read("<p><s>A porta rangeu.</s> <s>Ninguém veio.</s></p>\n<p><s>Era tarde.</s></p>")
    assert found == Transcript(
        (
            Passage("A porta rangeu.", "paragraph", is_sentence=True),
            Passage("Ninguém veio.", "sentence", is_sentence=True),
            Passage("Era tarde.", "paragraph", is_sentence=True),
        ),
        ends_in_break=False,
    )


@pytest.mark.parametrize(
    "between",
    [
        "<s>Um.</s>{}<s>Dois.</s>",
        "<s>Um.{}</s><s>Dois.</s>",
        "<s>Um.</s><s>{}Dois.</s>",
        "<p><s>Um.</s></p>{}<p><s>Dois.</s></p>",
        "<p><s>Um.</s>{}</p><p><s>Dois.</s></p>",
        "<p><s>Um.</s></p><p>{}<s>Dois.</s></p>",
        '<s>Um.</s><prosody rate="slow">{} <s>Dois.</s></prosody>',
    ],
)
def test_a_break_anywhere_between_the_words_of_two_sentences_counts_before_all_else(between: str) -> None:
    found = told(between.format('<break time="900ms"/><mark name="m"/>'))
    assert found == [("Um.", "paragraph"), ("Dois.", "break")]


def test_a_break_before_the_first_words_and_one_after_the_last_are_told() -> None:
    found = read('<break/><p><s>Um.<break time="2s"/></s></p>')
    assert (found.passages[0].before, found.ends_in_break) == ("break", True)


def test_a_break_between_words_of_a_sentence_begins_nothing() -> None:
    found = read('<p><s>Um<break time="1s"/>dois.</s><s>Três.</s></p>')
    assert [(passage.text, passage.before) for passage in found.passages] == [
        ("Um dois.", "paragraph"),
        ("Três.", "sentence"),
    ]
    assert not found.ends_in_break


def test_a_segment_without_words_has_its_sentences_and_ends_in_its_break() -> None:
    assert read('<p><s><break time="1s"/></s></p>') == Transcript(
        (Passage("", "break", is_sentence=True),), ends_in_break=True
    )
    assert read(" <p> </p> ") == Transcript((), ends_in_break=False)


def test_an_empty_sentence_takes_no_boundary_from_the_next() -> None:
    assert told('<s>Um.</s><p><s/><s>Dois.</s></p><s><break/></s><s><mark name="a"/></s><s>Três.</s>') == [
        ("Um.", "paragraph"),
        ("", "paragraph"),
        ("Dois.", "paragraph"),
        ("", "break"),
        ("", "break"),
        ("Três.", "break"),
    ]


def test_words_outside_of_sentences_are_passages_of_their_own() -> None:
    assert told('antes <emphasis>disso</emphasis>, <s>Um.</s> e<break time="1s"/> depois <p>à parte</p> fim') == [
        ("[antes disso,]", "paragraph"),
        ("Um.", "sentence"),
        ("[e depois]", "sentence"),
        ("[à parte]", "paragraph"),
        ("[fim]", "paragraph"),
    ]


def test_words_outside_of_sentences_are_cut_into_sentences_by_the_rules_of_their_language() -> None:
    assert told(
        "<p>O dr. Braga veio. — Quem é? — perguntou ela.</p> Era o vento. Era <emphasis>tarde. E</emphasis> só"
    ) == [
        ("[O dr. Braga veio.]", "paragraph"),
        ("[— Quem é? — perguntou ela.]", "sentence"),
        ("[Era o vento.]", "paragraph"),
        ("[Era tarde.]", "sentence"),
        ("[E só]", "sentence"),
    ]
    english = "Capt. Braga came. It left."
    assert told(f'<p xml:lang="en">{english}</p>') == [("[Capt. Braga came.]", "paragraph"), ("[It left.]", "sentence")]


def test_a_break_between_two_sentences_outside_of_any_is_told_and_one_within_is_not() -> None:
    assert told('Um.<break/>Dois. <break time="2s"/> <mark name="m"/>Três<break/> quatro. Cinco.') == [
        ("[Um.]", "paragraph"),
        ("[Dois.]", "break"),
        ("[Três quatro.]", "break"),
        ("[Cinco.]", "sentence"),
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<voice>Eu disse não! </voice><voice>E sim?</voice>", [("Eu disse não!", ""), ("E sim?", "sentence")]),
        ("<voice>Vem</voice><voice> já</voice>", [("Vem", ""), ("já", "clause")]),
        ("<voice>Oi!</voice><voice>Vem.</voice>", [("Oi!", ""), ("Vem.", "sentence")]),
        ("Disse: “<voice>vem</voice>”, e foi.", [("Disse:", ""), ("“vem”,", "clause"), ("e foi.", "clause")]),
        ('Disse: "<voice>vem</voice>", e foi.', [("Disse:", ""), ('"vem",', "clause"), ("e foi.", "clause")]),
        ('<voice>Oi!</voice><voice>"Vem."</voice>', [("Oi!", ""), ('"Vem."', "clause")]),
        ("<voice>Vem</voice> — <voice>vou</voice>!", [("Vem", ""), ("— vou!", "clause")]),
        ("<voice>Vem</voice><break/><voice>já</voice>", [("Vem", ""), ("já", "break")]),
        ("Guarda<voice>chuva</voice>", [("Guardachuva", "")]),
        ("<voice><p>Um.</p></voice>", [("Um.", "")]),
    ],
)
def test_no_two_voices_share_a_passage_outside_of_sentences(content: str, expected: list[tuple[str, str]]) -> None:
    assert told(content) == [(f"[{text}]", before or "paragraph") for text, before in expected]


def test_a_sentence_in_several_voices_is_one() -> None:
    assert told("<s><voice>Vem</voice> <voice>já. Vou.</voice></s>") == [("Vem já. Vou.", "paragraph")]


def test_a_sentence_in_a_sentence_leaves_the_words_in_the_order_in_which_they_are_heard() -> None:
    assert told("<s>Um <s>dois</s> três</s><s>quatro</s>") == [
        ("Um", "paragraph"),
        ("dois", "sentence"),
        ("[três]", "sentence"),
        ("quatro", "sentence"),
    ]


def test_a_paragraph_in_a_sentence_is_part_of_it() -> None:
    assert told("<s>Um<p>dois</p>três</s><s>quatro</s>") == [("Um dois três", "paragraph"), ("quatro", "sentence")]


def test_the_text_is_what_the_author_wrote() -> None:
    content = (
        '<p><s>O <sub alias="uai fai">Wi-Fi</sub> custa <say-as interpret-as="currency">R$ 3.500,00</say-as>\n\t'
        'a <voice name="pt-br+f3"><prosody rate="slow">D.<mark name="a"/> João</prosody></voice>,'
        ' <phoneme ph="ʃ">xis</phoneme>&amp;<emphasis>Y</emphasis>Z.</s></p>'
    )
    assert told(content) == [("O Wi-Fi custa R$ 3.500,00 a D. João, xis&YZ.", "paragraph")]


def test_what_is_no_ssml_is_refused() -> None:
    with pytest.raises(Refused, match="<speak>"):
        transcript("<p>Um.</p>")


_TEXTS = st.text("abc é.&\n", max_size=6)
_LEAVES = _TEXTS | st.sampled_from(
    [Element("break"), Element("mark", {"name": "m"}), Element("sub", {"alias": "x y"}, ("b c",)),
     Element("say-as", {"interpret-as": "date"}, ("1/2",)), Element("phoneme", {"ph": "a"}, ("c",))]
)  # fmt: skip
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.builds(
        lambda name, children: Element(name, {}, tuple(children)),
        st.sampled_from(["p", "s", "s", "prosody", "voice", "emphasis", "lang", "w"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=15,
)


def _written(node: Node) -> str:
    """What stands there, breaks and blocks set apart by spaces."""
    if isinstance(node, str):
        return node
    space = " " if node.name in BLOCKS | {"break"} else ""
    return space + "".join(map(_written, node.children)) + space


@given(st.lists(_TREES, max_size=6))
def test_every_word_stands_in_one_passage_and_every_sentence_is_one(nodes: list[Node]) -> None:
    ssml = serialise(Element("speak", {"version": "1.1", "xml:lang": "pt-BR"}, tuple(nodes)))
    found = transcript(ssml)
    words = [word for passage in found.passages for word in passage.text.split()]
    written = _written(parse(ssml.encode())).split()
    assert words == written or ("<voice" in ssml and "".join(words) == "".join(written))
    places = [event for event in flat(rendered(ssml)) if event == Place(None)]
    assert sum(passage.is_sentence for passage in found.passages) == len(places)
    assert all(passage.text for passage in found.passages if not passage.is_sentence)
    assert all(passage.text == " ".join(passage.text.split()) for passage in found.passages)
