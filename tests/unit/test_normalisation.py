"""What both languages are handed: letters composed, and signs for numbers as digits."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.normalisation import normalise, written_out


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


LETTERS = st.characters(
    categories=["L", "M", "Zs"], exclude_characters="ªºIVXLCDMivxlcdmrt"
)  # nor Roman, nor Dr and St


@given(st.text(LETTERS), st.sampled_from(["pt", "en"]))
def test_no_letter_is_lost(text: str, language: str) -> None:
    assert normalise(text, language) == unicodedata.normalize("NFC", text)
