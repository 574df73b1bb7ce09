import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.normalisation import numbers
from darkchannel.speech.normalisation.numbers import Gender, Language, cardinal, decimal, ordinal, roman, spelled

LANGUAGES: list[Language] = ["pt", "en"]


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "zero"),
        ("14", "catorze"),
        ("16", "dezesseis"),
        ("21", "vinte e um"),
        ("100", "cem"),
        ("101", "cento e um"),
        ("200", "duzentos"),
        ("999", "novecentos e noventa e nove"),
        ("1000", "mil"),
        ("1001", "mil e um"),
        ("1100", "mil e cem"),
        ("1101", "mil cento e um"),
        ("1234", "mil duzentos e trinta e quatro"),
        ("3500", "três mil e quinhentos"),
        ("100000", "cem mil"),
        ("1000000", "um milhão"),
        ("1001000", "um milhão e mil"),
        ("2000001", "dois milhões e um"),
        ("1200000", "um milhão e duzentos mil"),
        ("12345678", "doze milhões trezentos e quarenta e cinco mil seiscentos e setenta e oito"),
        ("2001000000", "dois bilhões e um milhão"),
        ("007", "sete"),
        ("000", "zero"),
    ],
)
def test_a_number_is_written_out_in_portuguese(digits: str, words: str) -> None:
    assert cardinal(digits, "pt") == words


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("1", "uma"),
        ("2", "duas"),
        ("12", "doze"),
        ("21", "vinte e uma"),
        ("200", "duzentas"),
        ("500", "quinhentas"),
        ("1000", "mil"),
        ("1002", "mil e duas"),
        ("2001", "duas mil e uma"),
        ("342222", "trezentas e quarenta e duas mil duzentas e vinte e duas"),
        ("2000200", "dois milhões e duzentas"),
    ],
)
def test_a_feminine_number_is_so_up_to_the_thousands(digits: str, words: str) -> None:
    assert cardinal(digits, "pt", "f") == words


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "zero"),
        ("13", "thirteen"),
        ("20", "twenty"),
        ("21", "twenty-one"),
        ("100", "one hundred"),
        ("101", "one hundred one"),
        ("1000", "one thousand"),
        ("2001", "two thousand one"),
        ("12345678", "twelve million three hundred forty-five thousand six hundred seventy-eight"),
        ("1000000000", "one billion"),
    ],
)
def test_a_number_is_written_out_in_english(digits: str, words: str) -> None:
    assert cardinal(digits, "en") == words


@pytest.mark.parametrize(
    ("digits", "gender", "words"),
    [
        ("1", "m", "primeiro"),
        ("3", "f", "terceira"),
        ("10", "m", "décimo"),
        ("11", "f", "décima primeira"),
        ("20", "m", "vigésimo"),
        ("23", "f", "vigésima terceira"),
        ("100", "m", "centésimo"),
        ("999", "m", "nongentésimo nonagésimo nono"),
        ("1000", "f", "milésima"),
        ("1500", "m", "milésimo quingentésimo"),
        ("2001", "f", "segunda milésima primeira"),
        ("1000000", "m", "milionésimo"),
        ("0", "m", "zero"),
    ],
)
def test_a_place_in_a_row_is_written_out_in_portuguese(digits: str, gender: Gender, words: str) -> None:
    assert ordinal(digits, "pt", gender) == words


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "zeroth"),
        ("1", "first"),
        ("2", "second"),
        ("3", "third"),
        ("5", "fifth"),
        ("12", "twelfth"),
        ("20", "twentieth"),
        ("21", "twenty-first"),
        ("38", "thirty-eighth"),
        ("100", "one hundredth"),
        ("1009", "one thousand ninth"),
        ("1000000", "one millionth"),
    ],
)
def test_a_place_in_a_row_is_written_out_in_english(digits: str, words: str) -> None:
    assert ordinal(digits, "en") == words


@pytest.mark.parametrize(
    ("whole", "fraction", "portuguese", "english"),
    [
        ("3", "14", "três vírgula catorze", "three point one four"),
        ("0", "5", "zero vírgula cinco", "zero point five"),
        ("", "5", "zero vírgula cinco", "zero point five"),
        ("1", "05", "um vírgula zero cinco", "one point zero five"),
        ("2", "125", "dois vírgula cento e vinte e cinco", "two point one two five"),
        ("3", "1415", "três vírgula um quatro um cinco", "three point one four one five"),
        ("1", "0", "um vírgula zero", "one point zero"),
        ("1", "00", "um vírgula zero zero", "one point zero zero"),
    ],
)
def test_decimals_are_read_after_their_sign(whole: str, fraction: str, portuguese: str, english: str) -> None:
    assert decimal(whole, fraction, "pt") == portuguese
    assert decimal(whole, fraction, "en") == english


def test_a_decimal_agrees_in_gender_before_the_comma() -> None:
    assert decimal("2", "1", "pt", "f") == "duas vírgula um"


@pytest.mark.parametrize(("language", "words"), [("pt", "nove zero cinco"), ("en", "nine zero five")])
def test_digits_are_spelled_one_by_one(language: Language, words: str) -> None:
    assert spelled("905", language) == words


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_beyond_the_scales_is_spelled(language: Language) -> None:
    longest = "1" * numbers.MAX_DIGITS
    assert cardinal(longest, language) != spelled(longest, language)
    assert cardinal(longest + "1", language) == spelled(longest + "1", language)
    assert ordinal(longest + "1", language).startswith(spelled(longest, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_below_ten_thousand_has_its_own_words(language: Language) -> None:
    assert len({cardinal(str(number), language) for number in range(10_000)}) == 10_000
    assert len({ordinal(str(number), language) for number in range(10_000)}) == 10_000


PORTUGUESE_SCALES = [
    (10**power, "um " + name, name.replace("ão", "ões"))
    for power, name in [(12, "trilhão"), (9, "bilhão"), (6, "milhão"), (3, "mil")]
]


def composed(number: int) -> str:
    """The slow way: what is above a scale, the scale's name, then the rest."""
    for scale, one, many in PORTUGUESE_SCALES:
        count, rest = divmod(number, scale)
        if not count:
            continue
        head = one.removeprefix("um " if scale == 1000 else "") if count == 1 else f"{composed(count)} {many}"
        if not rest:
            return head
        low = next((size for size, _, _ in reversed(PORTUGUESE_SCALES) if rest // size % 1000), 1)
        low = 1 if rest % 1000 else low
        lone = rest // low
        return f"{head} {'e ' if lone < 100 or (lone < 1000 and lone % 100 == 0) else ''}{composed(rest)}"
    return cardinal(str(number), "pt")


@given(st.integers(1, 10**15 - 1))
def test_a_number_is_composed_of_its_scales(number: int) -> None:
    assert cardinal(str(number), "pt") == composed(number)


@given(st.integers(1, 10**36 - 1), st.integers(1, 999))
def test_english_names_the_groups_one_after_the_other(high: int, low: int) -> None:
    number = (high // 10**3) * 10**3
    head = cardinal(str(number), "en")
    expected = f"{head} {cardinal(str(low), 'en')}" if number else cardinal(str(low), "en")
    assert cardinal(str(number + low), "en") == expected


def as_roman(number: int) -> str:
    parts = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")]
    letters = ""
    for value, sign in [*parts, (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]:
        letters += sign * (number // value)
        number %= value
    return letters


def test_every_roman_number_has_its_value() -> None:
    assert [roman(as_roman(number)) for number in range(1, 4000)] == list(range(1, 4000))


@pytest.mark.parametrize("letters", ["", "IIX", "IIII", "VX", "MMMM", "IC", "xiv", "CIVIL", "X1"])
def test_what_is_no_roman_number_has_no_value(letters: str) -> None:
    assert roman(letters) is None
