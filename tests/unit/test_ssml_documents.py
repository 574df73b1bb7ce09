import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import Refused
from darkchannel.speech.characters import clean
from darkchannel.speech.parse import MAX_DEPTH, parse, parse_all
from darkchannel.speech.ssml import NAMESPACE, Element, Node, document, serialise, spoken
from services.splitter import segments as cutting
from services.splitter.document import read
from services.splitter.sizes import size_of
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


def test_what_audio_gives_way_to_keeps_its_order() -> None:
    body = b"<speak>1 <audio>2 <emphasis>3</emphasis> 4 <lookup ref='x'><s>5</s> 6</lookup></audio> 7</speak>"
    children = ("1 2 ", Element("emphasis", {}, ("3",)), " 4 ", Element("s", {}, ("5",)), " 6 7")
    assert parse(body).children == children


def test_characters_that_nobody_hears_fall_out_however_they_are_written() -> None:
    body = "<speak>fa&#xAD;rol&#x80;, f\xadim<mark name='a&#xAD;b'/></speak>"
    assert parse(body.encode()).children == ("farol, fim", Element("mark", {"name": "ab"}))


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
        ("<speak><p>Um</speak>", r"broken at line 1, column 15: mismatched tag at .*<p> of line 1 is open"),
        ("<speak>\n\n  <p>Um & dois</p></speak>", r"broken at line 3, column 10: .* at \" dois</p></speak>\""),
        ("<speak>\n<s>\nUm", r"broken at line 3, column 3: .*, where <s> of line 2 is open"),
        ("isto não é XML", r"broken at line 1, column 1"),
        ("<speak>Um</speak> e mais", r"broken at line 1, column 19"),
        ("<speak>Um</speak>\n<speak>Dois", r"broken at line 2, column 12: .*, where <speak> of line 2 is open"),
        ("<speak>ação &nbsp;</speak>", r"broken at line 1, column 13: undefined entity at \"&nbsp;</speak>\""),
        ("<speak>&#1;</speak>", r"broken at line 1, column 8"),
        ("<speak>&#xD800;</speak>", r"broken at line 1, column 8"),
        ("<speak>Um <amazon:effect>dois</amazon:effect></speak>", r"column 11: unbound prefix at \"<amazon:effect>"),
        ('\n<!DOCTYPE speak SYSTEM "http://e.org/ssml.dtd"><speak>Um</speak>', r"line 2, column 1 .* DOCTYPE"),
        ('<!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>', "DOCTYPE"),
        ('<!DOCTYPE speak [<!ENTITY a SYSTEM "file:///etc/passwd">]><speak>&a;</speak>', "DOCTYPE"),
        ("<speak>Um</speak>\n<!DOCTYPE speak [<!ENTITY a 'b'>]><speak>&a;</speak>", "line 2, column 1 .* DOCTYPE"),
        ("<html><body>Um</body></html>", "starts with <speak>, this one with <html>"),
        ('<speak xmlns="http://e.org/x">Um</speak>', "this one with <speak> of http://e.org/x"),
        ("<speak>Um <blink>dois</blink></speak>", "line 1, column 11 .* <blink> cannot stand"),
        ("<speak>Um</speak>\n<speak><blink/></speak>", "line 2, column 8 .* <blink> cannot stand"),
        ("<speak>Um\n  <speak>dois</speak></speak>", "line 2, column 3 .* <speak> cannot stand"),
        ('<speak>Um <x:express xmlns:x="http://e.org/x">dois</x:express></speak>', "<express> of http://e.org/x"),
        (
            '<speak>Um <break time="-1s"/></speak>',
            "line 1, column 11 of the SSML: a break of '-1s' is no time: write it",
        ),
        ("<speak>Um <break>dois</break></speak>", "line 1, column 22 .* <break> holds content"),
        ("<speak>Um <mark name='a'><p>dois</p></mark></speak>", "<p> stands in <mark>, where SSML allows no element"),
        ("<speak><say-as interpret-as='date'>1<mark name='a'/></say-as></speak>", "<mark> stands in <say-as>"),
        ("<speak>\n<break tiem='2s'/>Um</speak>", "line 2, column 1 .* <break> has no attribute tiem"),
        ("<speak><p xml:lang='língua'>Um</p></speak>", 'xml:lang="língua" of <p> is no language'),
        (f"<speak>{'<prosody>' * MAX_DEPTH}Um{'</prosody>' * MAX_DEPTH}</speak>", "column 575 .* deeper than 64"),
        (f"<speak>{'<s>' * 100_000}Um", "nested deeper than 64"),
        (f'<speak><prosody rate="{"x" * 5_000}">Um</prosody></speak>', "more than 4000 characters"),
        (f"<speak><mark name='{'x' * 10_000}'/>Um</speak>", "the attributes at <mark> have more than 4000"),
        (f"<speak><say-as interpret-as='characters'>{'a' * 3_000}</say-as></speak>", "<say-as> has .* cannot be cut"),
        ("<speak/>", "no words"),
        ("<speak><audio src='file:///etc/passwd'/></speak>", "no words"),
        ("<speak> <break/> </speak>", "no words"),
        ("  \n ", "white space"),
        ("", "empty"),
    ],
)
def test_what_cannot_be_spoken_is_refused_with_its_place_and_reason(body: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(body.encode(), "a.ssml", [])


def test_a_thousand_million_laughs_are_refused_unheard() -> None:
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    bomb = f'<!DOCTYPE speak [<!ENTITY e0 "ha">{entities}]><speak>&e9;</speak>'
    with pytest.raises(Refused, match="line 1, column 1 of the SSML: a DOCTYPE"):
        read(bomb.encode(), "a.ssml", [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<speak>Ação</speak>".encode("latin-1"), "byte 8 of the document is not UTF-8"),
        (b"<speak>a\0b</speak>", "binary"),
        (b'<?xml version="1.0" encoding="EBCDIC-CP-US"?><speak/>', "declares the encoding EBCDIC-CP-US"),
        (b"\xff\xfe<\0s\0\xd8", "not UTF-16"),
        (b"\xff\xfe<\0s\0\x00\xd8>\0", "not UTF-16"),
        (b"<speak>\xed\xa0\x80</speak>", "byte 7 of the document is not UTF-8"),
    ],
)
def test_bytes_that_are_no_xml_are_refused_with_their_reason(body: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(body, "a.ssml", [])


@pytest.mark.parametrize(
    ("body", "codec"),
    [
        ('<?xml version="1.0" encoding="UTF-16"?><speak>Ação.</speak>', "utf-8"),
        ('<?xml version="1.0" encoding="UTF-16"?><speak>Ação.</speak>', "utf-16-le"),
        ("<speak>Ação.</speak>", "utf-16-be"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><speak>Ação.</speak>', "utf-8"),
        ('<?xml version="1.0" encoding="US-ASCII"?><speak>Ação.</speak>', "utf-8"),
        ('\n <?xml version="1.0" encoding="ISO-8859-1"?><speak>Ação.</speak>', "latin-1"),
    ],
)
def test_a_document_that_declares_another_encoding_than_it_has_is_read_as_it_was_meant(body: str, codec: str) -> None:
    assert said(body.encode(codec)) == ["Ação"]


@pytest.mark.parametrize(
    "between",
    ["", "\n", '\n<?xml version="1.0" encoding="UTF-8"?>\n', "<!-- dois -->", "<?a b?>\n<?xml version='1.0'?>"],
)
def test_documents_one_after_another_are_one_chapter_each_in_its_language(between: str) -> None:
    body = between.join(
        [
            '<speak xml:lang="pt-BR">Um <break/>dois</speak>',
            f'<speak version="1.1" xmlns="{NAMESPACE}" xml:lang="en"><p>Three</p>four</speak>',
            "<speak>cinco</speak>",
        ]
    )
    book = read(body.encode(), "a.ssml", [])
    assert len(book.chapters) == 1
    [segment] = segments(book)
    inside = '<p>Um <break/>dois</p><lang xml:lang="en"><p>Three</p><p>four</p></lang><p>cinco</p>'
    assert segment == f'<speak xmlns="{NAMESPACE}" version="1.1" xml:lang="pt-BR">{inside}</speak>'


def test_marks_between_documents_need_no_paragraph() -> None:
    [segment] = segments(read(b"<speak>Um</speak><speak><mark name='m'/><p>Dois</p></speak>", "a.ssml", []))
    assert segment.endswith('><p>Um</p><mark name="m"/><p>Dois</p></speak>')


def test_two_documents_are_none_where_one_is_meant() -> None:
    with pytest.raises(Refused, match="line 2, column 1 of the SSML: a second document"):
        parse(b"<speak>Um</speak>\n<speak>Dois</speak>")


def test_prefixes_are_read_as_their_namespaces_say() -> None:
    body = f"<v:speak xmlns:v='{NAMESPACE}'>Um <v:emphasis>dois</v:emphasis></v:speak>"
    assert parse(body.encode()) == Element("speak", {}, ("Um ", Element("emphasis", {}, ("dois",))))


def test_attributes_of_ssml_are_kept_and_those_of_other_namespaces_fall_out() -> None:
    body = (
        '<speak xmlns:x="http://e.org/x" version="1.1" x:schemaLocation="a b">'
        '<p xml:lang="pt_BR" x:style="y" xml:id="p1">Um</p><prosody rate="slow" contour="(0%,+1st)">dois</prosody>'
        '<token role="x:y" xml:lang="en">three</token></speak>'
    )
    assert parse(body.encode()) == Element(
        "speak",
        {"version": "1.1"},
        (
            Element("p", {"xml:lang": "pt-BR"}, ("Um",)),
            Element("prosody", {"rate": "slow", "contour": "(0%,+1st)"}, ("dois",)),
            Element("token", {"role": "x:y", "xml:lang": "en"}, ("three",)),
        ),
    )


def test_a_mark_with_a_hostile_name_keeps_it() -> None:
    name = "\"'<>&\n\t ção 𝄞 ../../x"
    tree = document([Element("mark", {"name": name}), "Um"], language="pt")
    [segment] = segments(read(serialise(tree).encode(), "a.ssml", []))
    assert parse(segment.encode()).children == tree.children


def test_what_is_written_from_right_to_left_and_letters_with_a_thousand_accents_keep_their_characters() -> None:
    text = "שלום עולם \u202eabc\u202c. a" + "\u0301" * 1_000 + " fim"
    [segment] = segments(read(f"<speak>{text}</speak>".encode(), "a.ssml", []))
    assert spoken(parse(segment.encode())) == text


def test_five_million_characters_without_a_space_are_read_to_the_end() -> None:
    pieces = segments(read(b"<speak>" + b"a&amp;" * 833_000 + b"</speak>", "a.ssml", []))
    assert (
        sum(piece.count("a&amp;") for piece in pieces) + sum(piece.endswith("a</speak>") for piece in pieces) == 833_000
    )


@pytest.mark.parametrize(
    "body",
    [
        "<speak>" + "a<!-- -->" * 20_000 + "</speak>",
        "<speak>" + "<p>a" * 63 + "</p>" * 63 + "<s>a</s>" * 20_000 + "</speak>",
        "<speak>a</speak>" * 20_000,
        "<speak>" + "a<lang xml:lang='en'>b</lang>" * 20_000 + "</speak>",
        "<speak>a<metadata>" + "<x>" * 20_000 + "</x>" * 20_000 + "</metadata></speak>",
        "<speak>a<audio src='x'>" + "<lookup ref='x'>b</lookup>" * 20_000 + "</audio></speak>",
    ],
    ids=["comments", "paragraphs", "documents", "languages", "metadata", "fallbacks"],
)
def test_much_of_anything_is_read_in_time_that_grows_no_faster_than_it(body: str) -> None:
    assert parse_all(body.encode())
    assert segments(read(body.encode(), "a.ssml", []))


def test_a_tag_without_end_is_refused_in_time_that_grows_no_faster_than_it() -> None:
    with pytest.raises(Refused, match="broken at line 1, column 11: unclosed token"):
        parse_all(b"<speak>Um <p x='" + b"a" * 5_000_000)


def test_a_segment_may_be_nested_deeper_than_its_document() -> None:
    body = f"<speak>{'<prosody>' * (MAX_DEPTH - 1)}Um{'</prosody>' * (MAX_DEPTH - 1)}</speak>"
    [segment] = segments(read(body.encode(), "a.ssml", [{"voice": "v"}]))
    assert spoken(parse(segment.encode())) == "Um"


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
    nodes = ["Veja o ", Element("emphasis", {}, ("farol. E o ",)), "mar. Fim."]
    [segment] = cutting.cut(nodes, "pt", size_of("espeak"))
    assert [spoken(node) for node in segment.nodes] == ["Veja o ", "farol. E o ", "mar. ", "Fim."]


TEXTS = st.text(st.characters(codec="utf-8"))


@given(st.lists(TEXTS), TEXTS)
def test_whatever_is_written_down_is_read_as_it_was(texts: list[str], value: str) -> None:
    nodes: list[Node] = [Element("prosody", {"rate": clean(value)}, (clean(text),)) for text in texts if clean(text)]
    whole = document(nodes, language="pt", voice="v")
    assert parse(serialise(whole).encode()) == whole
