"""What both languages are handed: letters composed, and signs for numbers as digits."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.normalisation import english, normalise, portuguese, written_out
from darkchannel.speech.sentences import abbreviations


@pytest.mark.parametrize(
    ("written", "portuguese", "english"),
    [
        ("①", "um", "one"), ("①②", "um dois", "one two"), ("a ⑳ b", "a vinte b", "a twenty b"),
        ("㉑ ㊿", "vinte e um cinquenta", "twenty-one fifty"), ("⑴ ⒈ ⓿ ❶", "um um zero um", "one one zero one"),
        ("٣ १ 𝟏𝟗 ５", "três um dezenove cinco", "three one nineteen five"), ("H₂O", "H dois O", "H two O"),
        ("texto¹", "texto um", "texto one"), ("x²", "x ao quadrado", "x squared"), ("¹²", "doze", "twelve"),
        ("Volume Ⅻ", "Volume doze", "Volume twelve"), ("½", "meio", "one half"),
        ("e\u0301 2", "é dois", "é two"),
    ],
)  # fmt: skip
def test_a_number_in_another_sign_is_read_as_one(written: str, portuguese: str, english: str) -> None:
    assert normalise(written, "pt-BR") == portuguese
    assert normalise(written, "en") == english


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("pt", "pt"),
        ("pt-PT", "pt"),
        ("PT_br", "pt"),
        ("en-GB", "en"),
        ("EN", "en"),
        ("ptx", None),
        ("", None),
        ("es-419", None),
    ],
)
def test_portuguese_and_english_of_every_country_are_written_out(tag: str, language: str | None) -> None:
    assert written_out(tag) == language


@given(st.text(), st.sampled_from(["fr", "de-DE", "zh-Hant", ""]))
def test_text_in_another_language_stays_as_it_is(text: str, language: str) -> None:
    assert normalise(text, language) == text


ANY = st.lists(
    st.sampled_from(
        """
        1 0 00 2,5 1.000 10:30 7/4/1776 31/12 1/0 1/2 0/0 ½ ² ⁻² ₂ ⅓ Ⅻ ① ٣ 5' 5'10" " ' ″ ′ $ R$ £ % ‰ ° º ª kg km² /h
        m in. ft x × - – + = ^ < > / | # § №  . , : ; ( ) @ a@b.com www.a.org https://a.org/%C2%B2 %00 a.pdf Dr. Sr. St.
        D. No. n.º cap. chap. pág. séc. min. mın. max. mai. maı. i.e. ı.e. ſr. SEC. etc. S.A. a.C. BC pm I VI XII vi
        Henry João Chapter século Jo John May maio de a e to of the ISBN call tel 98765-4321 mi bi mil k
        """.split()
    )
    | st.characters(),
    max_size=10,
)


@pytest.mark.parametrize("language", ["pt", "en-US", "en-GB"])
@given(ANY, st.sampled_from(["", " ", "\n"]))
def test_no_text_whatever_is_refused_or_keeps_a_digit(language: str, pieces: list[str], space: str) -> None:
    assert not any(map(str.isdecimal, normalise(space.join(pieces), language)))


@pytest.mark.parametrize(
    ("written", "language", "spoken"),
    [
        ("ſr. Silva em mın. 2", "pt", "ſr. Silva em mın. dois"),
        ("1 ou maı. a junho", "pt", "um ou maı. a junho"),
        ("ſéc. 5, ıncs. 6", "pt", "ſéc. cinco, ıncs. seis"),
        ("ı.e. so", "en", "ı.e. so"),
    ],
)
def test_letters_that_ignoring_case_takes_for_others_make_no_abbreviation(
    written: str, language: str, spoken: str
) -> None:
    assert normalise(written, language) == spoken


@pytest.mark.parametrize(
    ("language", "tables"),
    [
        ("pt", [getattr(portuguese.abbreviations, name) for name in ("TITLES", "NUMBERED", "PLAIN", "SMALL")]),
        ("en", [getattr(english.abbreviations, name) for name in ("TITLES", "NUMBERED", "PLAIN", "AFTER_NAMES")]),
    ],
)
def test_what_is_an_abbreviation_when_read_is_one_where_sentences_end(
    language: str, tables: list[dict[str, str]]
) -> None:
    words = abbreviations.OF[language]
    known = words.leading | words.numbered | words.named | words.closing | words.months
    assert {key.lower() for table in tables for key in table} - known == set()


LETTERS = st.characters(
    categories=["L", "M", "Zs"], exclude_characters="ªºIVXLCDMivxlcdmrt"
)  # nor Roman, nor Dr and St


@given(st.text(LETTERS), st.sampled_from(["pt", "en"]))
def test_no_letter_is_lost(text: str, language: str) -> None:
    assert normalise(text, language) == unicodedata.normalize("NFC", text)
