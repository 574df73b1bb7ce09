from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import Refused
from darkchannel.speech.ssml import Element, Node, serialise
from services.splitter.lexicon import MAX_BYTES, MAX_GRAPHEME, NAMESPACE, Lexicon, apply, parse
from tests.unit.documents import words


def lexicon(lexemes: str, *, language: str = "pt-BR", alphabet: str = "ipa") -> Lexicon:
    body = f'<lexicon version="1.0" xmlns="{NAMESPACE}" xml:lang="{language}" alphabet="{alphabet}">{lexemes}</lexicon>'
    return parse(body.encode(), "termos.pls")


def alias(word: str, said: str) -> str:
    return f"<lexeme><grapheme>{word}</grapheme><alias>{said}</alias></lexeme>"


def said(text: str, *lexicons: Lexicon, language: str = "pt-BR") -> str:
    return "".join(map(serialise, apply([text], language, lexicons)))


def test_a_word_is_said_by_its_alias_and_stays_as_it_is_written() -> None:
    assert said("O Wi-Fi caiu.", lexicon(alias("Wi-Fi", "uai fai"))) == 'O <sub alias="uai fai">Wi-Fi</sub> caiu.'


def test_a_phoneme_names_its_alphabet() -> None:
    own = '<lexeme><grapheme>Lua</grapheme><phoneme alphabet="x-sampa">"lua</phoneme></lexeme>'
    ours = "<lexeme><grapheme>Sol</grapheme><phoneme>sɔw</phoneme></lexeme>"
    assert said("Sol e Lua", lexicon(own + ours)) == (
        '<phoneme alphabet="ipa" ph="sɔw">Sol</phoneme> e <phoneme alphabet="x-sampa" ph=\'"lua\'>Lua</phoneme>'
    )


@pytest.mark.parametrize("text", ["Wi-Finder", "o wi-fi", "SubWi-Fi", "Wi Fi"])
def test_a_word_with_capitals_is_found_only_whole_and_as_it_is_written(text: str) -> None:
    assert said(text, lexicon(alias("Wi-Fi", "x"))) == text


@pytest.mark.parametrize("text", ["tchê", "Tchê", "TCHÊ"])
def test_a_word_in_small_letters_is_found_in_any(text: str) -> None:
    assert said(text, lexicon(alias("tchê", "x"))) == f'<sub alias="x">{text}</sub>'


def test_the_way_it_is_written_counts_before_small_letters() -> None:
    both = lexicon(alias("sol", "a nota") + alias("SOL", "o sistema"))
    assert said("SOL sol", both) == '<sub alias="o sistema">SOL</sub> <sub alias="a nota">sol</sub>'


def test_the_longest_of_several_words_counts() -> None:
    both = lexicon(alias("São", "x") + alias("São Brás do Suaçuí", "y"))
    assert said("São  Brás do\nSuaçuí", both) == '<sub alias="y">São  Brás do\nSuaçuí</sub>'


def test_signs_have_pronunciations_too() -> None:
    assert said("a→b, C++.", lexicon(alias("→", " vai para ") + alias("C++", "cê mais mais"))) == (
        'a<sub alias="vai para">→</sub>b, <sub alias="cê mais mais">C++</sub>.'
    )


def test_a_letter_and_its_accent_are_one_letter() -> None:
    assert said("Sa\u0303o", lexicon(alias("S\u00e3o", "x"))) == '<sub alias="x">São</sub>'


def test_the_preferred_pronunciation_counts_else_the_first() -> None:
    several = (
        "<lexeme><grapheme>a</grapheme><grapheme>b</grapheme><alias>1</alias><phoneme>2</phoneme>"
        '<alias prefer="true">3</alias><example>a</example></lexeme>'
    )
    assert said("a b", lexicon(several)) == '<sub alias="3">a</sub> <sub alias="3">b</sub>'
    assert said("a", lexicon(several.replace("true", "false"))) == '<sub alias="1">a</sub>'


def test_the_first_of_two_lexicons_decides() -> None:
    assert said("oi", lexicon(alias("oi", "1")), lexicon(alias("oi", "2"))) == '<sub alias="1">oi</sub>'


@pytest.mark.parametrize(
    ("written", "text", "found"),
    [
        ("pt", "pt-BR", True),
        ("PT-br", "pt-BR", True),
        ("pt-BR", "pt-PT", False),
        ("pt-BR", "pt", False),
        ("p", "pt", False),
    ],
)
def test_a_lexicon_is_for_its_language(written: str, text: str, found: bool) -> None:
    assert ("sub" in said("oi", lexicon(alias("oi", "x"), language=written), language=text)) is found


def test_the_language_of_an_element_counts_inside_it() -> None:
    nodes: list[Node] = [Element("lang", {"xml:lang": "en"}, ("oi",)), Element("s", {}, ("oi",))]
    found = "".join(map(serialise, apply(nodes, "pt-BR", [lexicon(alias("oi", "x"))])))
    assert found == '<lang xml:lang="en">oi</lang><s><sub alias="x">oi</sub></s>'


def test_what_its_author_has_told_how_to_say_stays() -> None:
    told = Element("say-as", {"interpret-as": "characters"}, ("oi",))
    assert list(apply([told], "pt-BR", [lexicon(alias("oi", "x"))])) == [told]


@given(st.text(max_size=200))
def test_no_word_is_lost(text: str) -> None:
    found = apply([text], "pt", [lexicon(alias("a", "x") + alias("o b", "x") + alias("ção", "x"), language="pt")])
    inner = "".join(node if isinstance(node, str) else "".join(map(str, node.children)) for node in found)
    assert words(inner) == words(normalize("NFC", text))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<lexicon", "termos.pls is broken at line 1, column"),
        ('<speak xml:lang="pt"/>', "termos.pls is no lexicon"),
        ("<lexicon/>", "termos.pls is no lexicon"),
        ('<!DOCTYPE lexicon><lexicon xml:lang="pt"/>', "has a DOCTYPE"),
        ('<lexicon xml:lang="pt">\n<lexeme><grapheme>a</grapheme></lexeme></lexicon>', "line 2 of termos.pls lacks"),
        ('<lexicon xml:lang="pt"><lexeme><grapheme> </grapheme><alias>a</alias></lexeme></lexicon>', "line 1 .* lacks"),
        (f'<lexicon xml:lang="pt">{alias("a" * (MAX_GRAPHEME + 1), "b")}</lexicon>', "shorten it to 200"),
        (f'<lexicon xml:lang="pt">{"<a>" * 10_000}', "termos.pls is broken"),
        (" " * (MAX_BYTES + 1), "more than the"),
    ],
)
def test_what_is_no_lexicon_is_refused_with_its_name_and_line(body: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        parse(body.encode(), "termos.pls")


def test_a_long_text_and_a_large_lexicon_cost_their_length() -> None:
    large = lexicon("".join(alias(f"palavra{n}", "x") for n in range(2_000)))
    assert said("palavra1999 " * 20_000, large).count("<sub") == 20_000


def test_words_that_begin_alike_cost_no_more_than_others() -> None:
    alike = lexicon("".join(alias(f"rio {n}", "x") for n in range(20_000)))
    assert said("rio largo, rio 19999, " * 20_000, alike).count("<sub") == 20_000


def test_a_sign_at_the_end_of_a_word_needs_no_space_behind_it() -> None:
    assert said("C++x e C+ +", lexicon(alias("C++", "x"))) == '<sub alias="x">C++</sub>x e C+ +'


def test_what_is_no_text_is_refused_with_its_name() -> None:
    with pytest.raises(Refused, match=r"termos\.pls cannot be read: byte 0 .* is not UTF-8"):
        parse(b"\xff" * 100, "termos.pls")
