"""A segment as any engine is given it."""

import re
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import Refused
from darkchannel.speech.characters import clean
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import Element, Node, serialise, spoken


def ssml(content: str, *, language: str = "pt-BR") -> str:
    return f'<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="{language}">{content}</speak>'


def inside(content: str, *, language: str = "pt-BR") -> str:
    """What a segment's content is written out as."""
    whole = serialise(rendered(ssml(content, language=language)))
    return whole.partition(">")[2].removesuffix("</speak>")


@pytest.mark.parametrize(
    ("attributes", "milliseconds"),
    [
        ("", 500), ('strength="none"', 0), ('strength="x-weak"', 0), ('strength="weak"', 250),
        ('strength="medium"', 500), ('strength="strong"', 1_000), ('strength="x-strong"', 1_500),
        ('strength="long"', 500), ('time="0"', None), ('time="1.5s"', 1_500), ('time=".25s"', 250),
        ('time="250.4ms"', 250), ('time=" +3 s "', 3_000), ('time="61s"', 60_000), ('strength="weak" time="2s"', 2_000),
        (f'time="{"9" * 400}s"', 60_000), ('time="abc"', None), ('time="-1s"', None), ('time=""', None),
        ('time="١s"', None),
    ],
)  # fmt: skip
def test_a_break_is_whole_milliseconds_and_one_without_a_time_is_refused(
    attributes: str, milliseconds: int | None
) -> None:
    if milliseconds is None:
        with pytest.raises(Refused, match="is no time: write it like"):
            inside(f"<break {attributes}/>")
    else:
        assert inside(f"<break {attributes}/>") == f'<break time="{milliseconds}ms"/>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('A <sub alias="3ª via">3v</sub> chegou.', "A terceira via chegou."),
        ('<say-as interpret-as="cardinal">3</say-as>D', "três D"),
        ('D<say-as interpret-as="cardinal">3</say-as>', "D três"),
        ('R<say-as interpret-as="digits">12</say-as><say-as interpret-as="digits">3</say-as>', "R um dois três"),
        ("in<token>cons</token>tante", "inconstante"),
        ("<w>R$</w> 10", "dez reais"),
        ('in<say-as interpret-as="nonsense">cons</say-as>tante', "inconstante"),
        ('custa <say-as interpret-as="date">muito</say-as>', "custa muito"),
        ('<token xml:lang="en">$5</token>', '<lang xml:lang="en">five dollars</lang>'),
        ('<phoneme alphabet="ipa" ph="a">3</phoneme>', '<phoneme alphabet="ipa" ph="a">três</phoneme>'),
        ("3<emphasis>D</emphasis>", "três <emphasis>D</emphasis>"),
        ("<emphasis>D</emphasis>3", "<emphasis>D</emphasis> três"),
        ("in<emphasis>cons</emphasis>tante", "in<emphasis>cons</emphasis>tante"),
        ('<prosody rate="+20%">2 horas</prosody>', '<prosody rate="+20%">duas horas</prosody>'),
        ("<p> 2 </p>", "<p> dois </p>"),
    ],
)
def test_what_tells_how_to_read_gives_way_to_words(content: str, words: str) -> None:
    assert inside(content) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Sr. <mark name='a'/>Lima", 'Senhor <mark name="a"/>Lima'),
        ('Sr. <phoneme ph="a">Lima</phoneme> saiu', 'Senhor <phoneme ph="a">Lima</phoneme> saiu'),
        ("2 <emphasis>casas</emphasis>", "duas <emphasis>casas</emphasis>"),
        ("<emphasis>Henrique</emphasis> VIII", "<emphasis>Henrique</emphasis> oitavo"),
        ('<say-as interpret-as="ordinal">2</say-as> e 2 <emphasis>casas</emphasis>',
         "segundo e duas <emphasis>casas</emphasis>"),
        ("No século <mark name='a'/>XXI", 'No século <mark name="a"/>vinte e um'),
        ("2 <break/>casas", 'dois <break time="500ms"/>casas'),
        ("A <emphasis>5</emphasis> km", "A <emphasis>cinco</emphasis> km"),
    ],
)  # fmt: skip
def test_text_is_written_out_as_it_reads_beside_its_neighbours(content: str, words: str) -> None:
    assert inside(content) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('<lang xml:lang="en">2</lang> 2', '<lang xml:lang="en">two</lang> dois'),
        ('<p xml:lang="en-GB"><s>2</s></p>', '<p xml:lang="en-GB"><s>two</s></p>'),
        ('<voice name="en-us">2</voice>', '<voice name="en-us">two</voice>'),
        ('<voice name="en+f3">2</voice>', '<voice name="en+f3">two</voice>'),
        ('<voice name="en_GB-alba-medium">2/3/2020</voice>',
         '<voice name="en_GB-alba-medium">the second of March, twenty twenty</voice>'),
        ('<voice name="en">2</voice>', '<voice name="en">two</voice>'),
        ('<voice name="fr-fr">2</voice>', '<voice name="fr-fr">2</voice>'),
        ('<voice name="Ana">2</voice>', '<voice name="Ana">dois</voice>'),
        ('<voice name="pf_dora">2</voice>', '<voice name="pf_dora">dois</voice>'),
        ('<voice name="bf_emma">2</voice>', '<voice name="bf_emma">dois</voice>'),
        ('<voice name="en-us" xml:lang="pt">2</voice>', '<voice name="en-us" xml:lang="pt">dois</voice>'),
        ('<voice name="en"><lang xml:lang="pt">2</lang></voice>',
         '<voice name="en"><lang xml:lang="pt">dois</lang></voice>'),
        ('<mark name="en"/>2', '<mark name="en"/>dois'),
    ],
)  # fmt: skip
def test_text_is_written_out_in_the_nearest_language(content: str, words: str) -> None:
    assert inside(content) == words


def test_a_document_that_names_no_language_is_brazilian() -> None:
    assert spoken(rendered("<speak>2 casas</speak>")) == "duas casas"


def test_a_language_whose_rules_we_do_not_have_stays_as_it_is() -> None:
    assert inside('Le 2 <say-as interpret-as="date">3/4</say-as> ①', language="fr") == "Le 2 3/4 ①"
    assert inside('<say-as interpret-as="characters">AB</say-as>', language="fr") == "A B"


@pytest.mark.parametrize("content", ["* * *", "<p>***</p>", "<p><s>•</s></p>"])
def test_decoration_alone_is_a_pause(content: str) -> None:
    assert '<break time="1000ms"/>' in inside(content)
    assert spoken(rendered(ssml(content))).strip() == ""


def test_a_pause_is_put_only_where_nothing_else_is_heard() -> None:
    assert inside("<p>***</p><p>Oi</p>") == '<p><break time="1000ms"/></p><p>Oi</p>'
    assert inside("<p> </p><mark name='a'/>") == '<p> </p><mark name="a"/>'


def test_what_is_no_ssml_is_refused() -> None:
    with pytest.raises(Refused, match="broken at line 1"):
        rendered("Era uma vez")


WORDS = st.from_regex(r"[a-zà-öø-ú]{2,9}", fullmatch=True)
TEXTS = st.lists(
    WORDS | st.sampled_from(["3", "12,5", "R$ 10", "Dra.", "XXI", "7/9", "2ª", "—", "%", "A4", "etc."]), max_size=5
).map(" ".join)


def _tree(name: str, attributes: dict[str, str]) -> st.SearchStrategy[Element]:
    return st.lists(TEXTS, max_size=2).map(lambda texts: Element(name, attributes, tuple(texts)))


LEAVES = TEXTS | st.one_of(
    _tree("sub", {"alias": "4 casas"}),
    _tree("token", {}),
    _tree("say-as", {"interpret-as": "cardinal"}),
    _tree("say-as", {"interpret-as": "date", "format": "dmy"}),
    _tree("phoneme", {"ph": "a"}),
    st.just(Element("break", {"strength": "weak"})),
    st.just(Element("mark", {"name": "aqui"})),
)
CONTENT: st.SearchStrategy[Node] = st.recursive(
    LEAVES,
    lambda children: st.builds(
        lambda name, nodes: Element(name, {}, tuple(nodes)),
        st.sampled_from(["emphasis", "prosody", "p", "s"]),
        st.lists(children, max_size=4),
    ),
    max_leaves=8,
)
TREES = st.builds(
    lambda nodes, language: Element("speak", {"xml:lang": language}, tuple(nodes)),
    st.lists(CONTENT, max_size=5),
    st.sampled_from(["pt-BR", "en-US", "fr"]),
)


def _elements(node: Node) -> list[str]:
    if isinstance(node, str):
        return []
    return [node.name, *(name for child in node.children for name in _elements(child))]


@given(TREES)
def test_only_markup_with_one_meaning_is_left(tree: Element) -> None:
    names = _elements(rendered(serialise(tree)))
    assert not {"say-as", "sub", "token", "w"} & set(names)
    for moment in ("mark", "prosody", "p", "s", "emphasis"):
        assert names.count(moment) == _elements(tree).count(moment)


@given(TREES)
def test_rendering_what_is_rendered_changes_nothing(tree: Element) -> None:
    once = rendered(serialise(tree))
    assert rendered(serialise(once)) == once


@given(st.lists(WORDS, min_size=1), st.sampled_from(["emphasis", "token", "s", "say-as"]))
def test_every_word_is_said_as_it_was_written(words: list[str], name: str) -> None:
    content = " ".join(f"<{name}>{word}</{name}>" for word in words)
    assert spoken(rendered(ssml(content))).split() == words


@given(st.text().map(clean), st.sampled_from(["pt-BR", "en", "fr"]))
def test_no_text_makes_it_fail(text: str, language: str) -> None:
    found = spoken(rendered(ssml(escape(text), language=language)))
    assert language == "fr" or not re.search(r"\d", found)
