"""What ``say-as`` makes of a text, and that nothing inside it is ever lost."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.characters import clean
from darkchannel.speech.rendering import rendered
from darkchannel.speech.say_as import say_as
from darkchannel.speech.ssml import Element, serialise, spoken

DOCUMENT = Path(__file__).parents[2] / "docs" / "speech.md"


def said(kind: str, text: str, language: str, form: str = "") -> str:
    element = Element("say-as", {"interpret-as": kind, "format": form}, (text,))
    return spoken(rendered(serialise(Element("speak", {"xml:lang": language}, (element,)))))


@pytest.mark.parametrize(
    ("kind", "text", "portuguese", "english"),
    [
        ("cardinal", "21", "vinte e um", "twenty-one"),
        ("number", "-3", "menos três", "minus three"),
        ("cardinal", "+3", "três", "three"),
        ("cardinal", "1.234", "mil duzentos e trinta e quatro", "one point two three four"),
        ("cardinal", "1,234", "um vírgula duzentos e trinta e quatro", "one thousand two hundred thirty-four"),
        ("cardinal", "1.234.567", "um milhão duzentos e trinta e quatro mil quinhentos e sessenta e sete",
         "one million two hundred thirty-four thousand five hundred sixty-seven"),
        ("cardinal", "10.5", "dez vírgula cinco", "ten point five"),
        ("cardinal", "12 000", "doze mil", "twelve thousand"),
        ("cardinal", "XIV", "catorze", "fourteen"),
        ("cardinal", "①", "um", "one"),
        ("ordinal", "3", "terceiro", "third"),
        ("ordinal", "3ª", "terceira", "third"),
        ("ordinal", "21st", "vigésimo primeiro", "twenty-first"),
        ("ordinal", "VI", "sexto", "sixth"),
        ("characters", "Bra-2", "B, R, A, hífen, dois", "B, R, A, hyphen, two"),
        ("spell-out", "a@b.c", "A, arroba, B, ponto, C", "A, at, B, dot, C"),
        ("verbatim", "e\u0301 ß", "É, ß", "É, ß"),
        ("digits", "0800", "zero oito zero zero", "zero eight zero zero"),
        ("telephone", "+55 (11) 9876", "mais cinco cinco, um um, nove oito sete seis",
         "plus five five, one one, nine eight seven six"),
        ("telephone", "800-AB", "oito zero zero, A, B", "eight zero zero, A, B"),
        ("fraction", "3/4", "três quartos", "three quarters"),
        ("fraction", "3+1/2", "três e meio", "three and a half"),
        ("fraction", "½", "um meio", "one half"),
        ("fraction", "7/12", "sete doze avos", "seven twelfths"),
        ("time", "14:30", "catorze horas e trinta minutos", "fourteen thirty"),
        ("time", "2:30pm", "catorze horas e trinta minutos", "two thirty p.m."),
        ("time", "12:05 a.m.", "zero hora e cinco minutos", "twelve oh five a.m."),
        ("currency", "BRL 10.50", "dez reais e cinquenta centavos", "ten reais and fifty centavos"),
        ("currency", "R$ 10", "dez reais", "ten reais"),
        ("currency", "USD1,234.5", "mil duzentos e trinta e quatro dólares e cinquenta centavos",
         "one thousand two hundred thirty-four dollars and fifty cents"),
        ("currency", "-5 EUR", "menos cinco euros", "minus five euros"),
        ("unit", "5 km", "cinco quilômetros", "five kilometers"),
    ],
)  # fmt: skip
def test_a_text_is_said_as_the_kind_that_it_is(kind: str, text: str, portuguese: str, english: str) -> None:
    assert said(kind, text, "pt-BR") == portuguese
    assert said(kind, text, "en-US") == english
    assert said(f" {kind.upper()} ", text, "en-US") == english


@pytest.mark.parametrize(
    ("text", "form", "portuguese", "english"),
    [
        ("3/5/2024", "", "três de maio de dois mil e vinte e quatro", "March fifth, twenty twenty-four"),
        ("3/5/2024", "dmy", "três de maio de dois mil e vinte e quatro", "the third of May, twenty twenty-four"),
        ("3.5.2024", "mdy", "cinco de março de dois mil e vinte e quatro", "March fifth, twenty twenty-four"),
        ("2024-05-03", "", "três de maio de dois mil e vinte e quatro", "May third, twenty twenty-four"),
        ("20240503", "yyyymmdd", "três de maio de dois mil e vinte e quatro", "May third, twenty twenty-four"),
        ("05/2024", "my", "maio de dois mil e vinte e quatro", "May twenty twenty-four"),
        ("2024-05", "ym", "maio de dois mil e vinte e quatro", "May twenty twenty-four"),
        ("1/5", "dm", "primeiro de maio", "the first of May"),
        ("5/1", "md", "primeiro de maio", "May first"),
        ("1905", "y", "mil novecentos e cinco", "nineteen oh five"),
        ("5", "m", "maio", "May"),
        ("3", "d", "três", "the third"),
    ],
)
def test_a_date_is_said_in_the_order_of_its_format(text: str, form: str, portuguese: str, english: str) -> None:
    assert said("date", text, "pt-BR", form) == portuguese
    assert said("date", text, "en-US", form) == english


def test_a_date_in_a_format_that_is_none_is_ordinary_text() -> None:
    assert said("date", "1/2/3", "pt-BR", "dmd") == said("no such kind", "1/2/3", "pt-BR")


def test_a_date_without_a_format_is_read_as_its_country_writes_it() -> None:
    assert said("date", "3/5/2024", "en-GB") == "the third of May, twenty twenty-four"
    assert said("date", "3/5", "en-GB") == "the third of May"
    assert said("date", "2024-05-03", "en-GB") == "the third of May, twenty twenty-four"
    assert said("date", "3/5", "en") == "March fifth"


@pytest.mark.parametrize("language", ["fr", "de-DE", "zh"])
def test_in_other_languages_signs_stand_apart_and_the_rest_stays(language: str) -> None:
    assert said("characters", "AB-1", language) == "A B - 1"
    assert said("telephone", "01 23", language) == "0 1 2 3"
    assert said("date", "3/5/2024", language) == "3/5/2024"


@pytest.mark.parametrize(
    "kind",
    ["cardinal", "ordinal", "fraction", "date", "time", "currency", "unit", "address", "expletive", "no such kind", ""],
)
@pytest.mark.parametrize(
    "text", ["uma coisa qualquer", "Rua das Flores", "...", "aos 2 dias", "/", "R$", "1/0", "99:99", "R$ 1.5."]
)
def test_nonsense_inside_is_read_as_ordinary_text(kind: str, text: str) -> None:
    assert said(kind, text, "pt-BR") == said("no such kind", text, "pt-BR")


KINDS = [
    "cardinal",
    "ordinal",
    "characters",
    "digits",
    "telephone",
    "date",
    "time",
    "currency",
    "fraction",
    "unit",
    "x",
]


@given(
    st.text(max_size=40).map(clean) | st.from_regex(r"[0-9IVX/.,:+ -]{1,12}", fullmatch=True),
    st.sampled_from(KINDS),
    st.sampled_from(["pt-BR", "en", "fr"]),
    st.sampled_from(["", "dmy", "mdy", "ymd", "y", "hms12", "USD", "dd", "?"]),
)
def test_nothing_inside_makes_it_fail_nor_vanish(text: str, kind: str, language: str, form: str) -> None:
    words = say_as(text, language, kind, form)
    assert words is None or words.strip()


@given(st.from_regex(r"[a-zA-Z0-9]{1,20}", fullmatch=True), st.sampled_from(["pt", "en"]))
def test_each_sign_of_characters_is_said_apart(text: str, language: str) -> None:
    assert len(said("characters", text, language).split(", ")) == len(text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unit", ["1", "1.", "1,", "+", "I", " ", "1 ", "a", ":", "1/", "\u0301"])
def test_a_hostile_text_of_100_000_characters_comes_out(kind: str, unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    assert say_as(text, "pt-BR", kind) is None
    say_as(text[:2_000], "pt-BR", kind)


def test_the_currency_may_be_named_by_the_format() -> None:
    assert said("currency", "5", "pt-BR", "EUR") == "cinco euros"


def test_the_table_of_kinds_in_the_documents_is_what_is_said() -> None:
    table = DOCUMENT.read_text("utf-8").partition("<!-- say-as -->")[2].partition("<!-- /say-as -->")[0]
    rows = [[cell.strip("` ") for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]
    assert len(rows) > 10
    assert [[kind, form, text, said(kind, text, "pt-BR", form), said(kind, text, "en-US", form)]
            for kind, form, text, _, _ in rows] == rows  # fmt: skip
