import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkchannel.errors import Refused
from darkchannel.speech.parse import MAX_DEPTH, parse
from darkchannel.speech.ssml import ATOMIC, NAMESPACE, Element, Node, document, serialise, spoken
from services.splitter import segments as cutting
from services.splitter.document import read
from tests.unit.documents import segments, spoken_text, words


def said(body: str | bytes) -> list[str]:
    raw = body.encode() if isinstance(body, str) else body
    return words(spoken_text(segments(read(raw, "a.ssml", []))))


def test_a_document_is_one_chapter_titled_by_its_file_in_its_own_language() -> None:
    body = f'<speak version="1.1" xmlns="{NAMESPACE}" xml:lang="en-US"><p>Hello.</p></speak>'.encode()
    book = read(body, "in/Welcome home.ssml", [])
    assert [chapter.title for chapter in book.chapters] == ["Welcome home"]
    assert book.options.language == "en-US"
    assert segments(book) == [f'<speak xmlns="{NAMESPACE}" version="1.1" xml:lang="en-US"><p>Hello.</p></speak>']


def test_options_win_over_the_language_of_the_document_and_give_it_a_voice() -> None:
    book = read(b'<speak xml:lang="en">Oi.</speak>', "a.xml", [{"language": "pt-BR", "voice": 'a"<b'}])
    assert segments(book) == [
        f'<speak xmlns="{NAMESPACE}" version="1.1" xml:lang="pt-BR"><voice name=\'a"&lt;b\'>Oi.</voice></speak>'
    ]


def test_a_language_that_is_no_tag_is_left_alone() -> None:
    assert read(b'<speak xml:lang="portugu&#234;s do Brasil">Oi.</speak>', "a.ssml", []).options.language == "pt-BR"


def test_prose_and_markup_are_kept() -> None:
    inside = (
        '<p><s>Um <emphasis level="strong">dois</emphasis>.</s></p><prosody rate="slow"><lang xml:lang="en">three'
        '</lang></prosody><say-as interpret-as="date">1/2/2024</say-as><phoneme ph="a">b</phoneme><w role="x">c</w>'
    )
    [segment] = segments(read(f"<speak>{inside}</speak>".encode(), "a.ssml", []))
    assert inside in segment


def test_text_around_marks_and_breaks_keeps_its_spaces_and_each_stands_once() -> None:
    body = '<speak>\n <p>Um  <break time="1s"/>\ndois.\n <mark name="m1"/>Três.</p>\n <break/> <p>Fim.</p> </speak>'
    [segment] = segments(read(body.encode(), "a.ssml", []))
    inside = '<p>Um <break time="1s"/> dois. <mark name="m1"/>Três.</p><break/><p>Fim.</p>'
    assert segment.endswith(f">{inside}</speak>")


def test_an_audio_element_gives_way_to_its_text_and_headers_fall_out() -> None:
    headers = '<meta name="a" content="b"/><metadata><x y="1">não</x></metadata><lexicon uri="http://e.org/"/>'
    body = f'<speak>{headers}Um <audio src="x.wav"><desc>ruído</desc>dois</audio> três.</speak>'
    [segment] = segments(read(body.encode(), "a.ssml", []))
    assert segment.endswith(">Um dois três.</speak>")


def test_comments_instructions_and_cdata_are_read_as_xml_reads_them() -> None:
    assert said("<?xml version='1.0'?><!-- a --><speak>Um<!-- b --><?c d?> <![CDATA[dois & <três>]]></speak>") == [
        "Um",
        "dois",
        "três",
    ]


@pytest.mark.parametrize(
    ("body", "codec"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?>\n<speak>Ação.</speak>', "latin-1"),
        ('<?xml version="1.0" encoding="utf-16"?><speak>Ação.</speak>', "utf-16"),
        ('<?xml version="1.0" encoding="UTF-8"?><speak>Ação.</speak>', "utf-8-sig"),
        ("<speak>Ação.</speak>", "utf-8"),
    ],
)
def test_the_encodings_xml_may_come_in_are_read_rightly(body: str, codec: str) -> None:
    assert said(body.encode(codec)) == ["Ação"]


def test_control_characters_fall_out_of_a_document() -> None:
    assert said("<speak>Um fa\x01rol\x0b.</speak>") == ["Um", "farol"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<speak><p>Um</speak>", r"broken at line 1, column \d+: .*p"),
        ("<speak>\n\n  <p>Um & dois</p></speak>", r"broken at line 3, column \d+"),
        ("<speak>Um", r"broken at line 1, column \d+"),
        ("isto não é XML", r"broken at line 1, column 1"),
        ("<speak>Um</speak><speak>Dois</speak>", r"broken at line 1, column \d+: Extra content"),
        ("<speak>&nbsp;</speak>", r"broken at line 1, column \d+: .*nbsp"),
        ("<speak>&#1;</speak>", r"broken at line 1"),
        ('<!DOCTYPE speak SYSTEM "http://e.org/ssml.dtd"><speak>Um</speak>', "DOCTYPE"),
        ('<!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>', "DOCTYPE"),
        ('<!DOCTYPE speak [<!ENTITY a SYSTEM "file:///etc/passwd">]><speak>&a;</speak>', "DOCTYPE"),
        ("<html><body>Um</body></html>", "starts with <speak>, this one with <html>"),
        ("<speak>Um <blink>dois</blink></speak>", "<blink> cannot stand"),
        ("<speak>Um <speak>dois</speak></speak>", "<speak> cannot stand"),
        ('<speak>Um <x:express xmlns:x="http://e.org/x">dois</x:express></speak>', "http://e.org/x"),
        ("<speak>Um <break>dois</break></speak>", "<break> holds content"),
        (f"<speak>{'<prosody>' * MAX_DEPTH}Um{'</prosody>' * MAX_DEPTH}</speak>", "nested deeper than 64"),
        (f"<speak>{'<s>' * 100_000}Um", "nested deeper than 64"),
        (f'<speak><prosody rate="{"x" * 5_000}">Um</prosody></speak>', "more than 4000 characters"),
        (f"<speak><say-as interpret-as='characters'>{'a' * 3_000}</say-as></speak>", "<say-as> has .* cannot be cut"),
        ("<speak/>", "no words"),
        ("<speak> <break/> </speak>", "no words"),
        ("  \n ", "white space"),
        ("", "empty"),
    ],
)
def test_what_cannot_be_spoken_is_refused_with_its_reason(body: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(body.encode(), "a.ssml", [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<speak>Ação</speak>".encode("latin-1"), "byte 8 of the document is not UTF-8"),
        (b"<speak>a\0b</speak>", "binary"),
        (b'<?xml version="1.0" encoding="EBCDIC-CP-US"?><speak/>', "declares the encoding EBCDIC-CP-US"),
        (b"\xff\xfe<\0s\0\xd8", "not UTF-16"),
    ],
)
def test_bytes_that_are_no_xml_are_refused_with_their_reason(body: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(body, "a.ssml", [])


def test_a_cut_closes_the_ancestors_and_opens_them_again_with_their_attributes() -> None:
    sentence = "Uma frase de tamanho bem razoável para este ensaio. "
    body = f'<speak><voice name="v"><prosody rate="slow"><p>{sentence * 80}</p></prosody></voice></speak>'
    pieces = segments(read(body.encode(), "a.ssml", []))
    assert len(pieces) == 3
    for piece in pieces:
        assert '<voice name="v"><prosody rate="slow"><p>Uma frase' in piece
        assert piece.rstrip().endswith("ensaio. </p></prosody></voice></speak>")


def test_an_atomic_element_is_never_cut() -> None:
    atom = '<sub alias="Associação. Brasileira. De Normas">A.B.N.T. É.</sub>'
    body = f"<speak><p>{('palavra ' * 9 + atom + '. ') * 60}</p></speak>"
    pieces = segments(read(body.encode(), "a.ssml", []))
    assert len(pieces) > 3
    assert sum(piece.count(atom) for piece in pieces) == 60


def test_a_sentence_that_runs_through_elements_is_kept_together() -> None:
    [pieces] = [list(cutting.cut(["Veja o ", Element("emphasis", {}, ("farol. E o ",)), "mar. Fim."], "pt"))]
    assert [spoken(node) for node in pieces[0]] == ["Veja o ", "farol. E o ", "mar. ", "Fim."]


NAMES = st.text(st.characters(codec="utf-8", categories=["Ll", "Nd"]), max_size=10)
TEXTS = st.one_of(
    st.text(
        st.one_of(st.sampled_from(" .?!<>&'\"\n"), st.characters(codec="utf-8", categories=["Ll", "Lu", "Sm"])),
        min_size=1,
    ),
    st.sampled_from(["Uma frase comum. " * 30, "palavra " * 400, "x" * 5_000, "um, dois, " * 300]),
)
ATOMS: st.SearchStrategy[Element] = st.one_of(
    st.builds(
        Element, st.sampled_from(sorted(ATOMIC - {"sub"})), st.just({"role": "r"}), st.tuples(NAMES.filter(bool))
    ),
    st.builds(lambda alias: Element("sub", {"alias": alias}, ("x",)), NAMES),
    st.builds(lambda name: Element("mark", {"name": name}), NAMES),
    st.just(Element("break", {"time": "100ms"})),
)
NODES: st.SearchStrategy[Node] = st.recursive(
    TEXTS | ATOMS,
    lambda inner: st.builds(
        lambda name, value, children: Element(name, {"xml:lang": value}, tuple(children)),
        st.sampled_from(["p", "s", "prosody", "voice", "emphasis", "lang"]),
        NAMES,
        st.lists(inner, max_size=6),
    ),
    max_leaves=20,
)


def flat(node: Node) -> str:
    return "".join(spoken(node).split())


def moments(node: Node) -> list[tuple[str, str]]:
    if isinstance(node, str):
        return []
    own = [(node.name, node.attributes.get("name", ""))] if node.name in {"break", "mark"} else []
    return own + [moment for child in node.children for moment in moments(child)]


@settings(max_examples=50)
@given(st.lists(NODES, max_size=6))
def test_no_word_break_or_mark_of_a_document_is_lost_or_doubled(nodes: list[Node]) -> None:
    whole = document(nodes, language="pt")
    pieces = [document(piece, language="pt") for piece in cutting.cut(nodes, "pt")]
    assert "".join(map(flat, pieces)) == flat(whole)
    assert sorted(moment for piece in pieces for moment in moments(piece)) == sorted(moments(whole))
    assert all(len(flat(piece)) <= cutting.HARD for piece in pieces)


@settings(max_examples=50)
@given(st.lists(NODES, max_size=6))
def test_a_document_written_down_is_read_as_it_was(nodes: list[Node]) -> None:
    whole = document(nodes, language="pt", voice="v")
    text = serialise(whole)
    assert serialise(parse(text.encode())) == text
    assert spoken(parse(text.encode())) == spoken(whole)


@given(st.text(), st.text())
def test_whatever_is_written_down_is_xml(text: str, value: str) -> None:
    assert parse(serialise(document([Element("prosody", {"rate": value}, (text,))], language="pt")).encode())
