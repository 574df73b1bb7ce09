"""How English text is written out; the labelled set has many more cases of the same kinds."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.normalisation import normalise as normalise_in


def normalise(text: str) -> str:
    return normalise_in(text, "en-US")


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        (
            "in 1776, 1900, 1905 and 2001",
            "in seventeen seventy-six, nineteen hundred, nineteen oh five and two thousand one",
        ),
        ("1945 was hot", "nineteen forty-five was hot"),
        ("1600 men and 1,600 horses", "one thousand six hundred men and one thousand six hundred horses"),
        ("the mid-1960s, the '90s and the 1800s", "the mid-nineteen sixties, the nineties and the eighteen hundreds"),
        ("1939–45", "nineteen thirty-nine to forty-five"),
        ("44 BC and AD 79", "forty-four B.C. and A.D. seventy-nine"),
    ],
)
def test_years_are_said_in_pairs_unless_they_count_something(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("7/4/1776", "July fourth, seventeen seventy-six"),
        ("31/12/1999", "December thirty-first, nineteen ninety-nine"),
        ("13/13/2000", "thirteen slash thirteen slash two thousand"),
        ("the 4th of July", "the fourth of July"),
        ("4 July 1776", "the fourth of July, seventeen seventy-six"),
        ("Jan. 5-7, 2020", "January fifth to seventh, twenty twenty"),
        ("from 10:30-11:45", "from ten thirty to eleven forty-five"),
        ("9-5 pm", "nine to five p.m."),
        ("at 3:05 pm.", "at three oh five p.m."),
        ("at 14:00", "at fourteen hundred hours"),
        ("John 3:16 by 3:1", "John three sixteen by three to one"),
    ],
)
def test_dates_and_times_are_said_as_such(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en", "July fourth, twenty twenty-four"),
        ("en-US", "July fourth, twenty twenty-four"),
        ("en_US", "July fourth, twenty twenty-four"),
        ("en-GB", "the seventh of April, twenty twenty-four"),
        ("EN-au", "the seventh of April, twenty twenty-four"),
        ("de", "7/4/2024"),
    ],
)
def test_the_month_comes_first_in_the_united_states(language: str, spoken: str) -> None:
    assert normalise_in("7/4/2024", language) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("$5-10", "five to ten dollars"),
        ("a $20 bill costs $20", "a twenty dollar bill costs twenty dollars"),
        ("$3.50/kg", "three dollars and fifty cents per kilogram"),
        ("$1.01 and £1.01", "one dollar and one cent and one pound and one penny"),
        ("-$5 or $3.5bn", "minus five dollars or three point five billion dollars"),
        ("20 USD, 50¢, -5 EUR", "twenty dollars, fifty cents, minus five euros"),
        ("-5 °C", "minus five degrees Celsius"),
        ("10-15 kg at 5 m/s", "ten to fifteen kilograms at five meters per second"),
        ("a 5-km run of 1 km", "a five kilometer run of one kilometer"),
        ("3/4 mi or 2½ mi", "three quarters of a mile or two and a half miles"),
        ("5'7\" or 12 in. wide", "five feet seven inches or twelve inches wide"),
        ("20%-30%", "twenty to thirty percent"),
        ("10 x 20 cm", "ten by twenty centimeters"),
        ("open 24/7, 5/8 of it", "open twenty-four seven, five eighths of it"),
    ],
)
def test_amounts_are_said_with_their_units(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    "written",
    ['She said "it was in the year ten" and left.', "It was 'the end'", "$ and cents", "mm, he said", "a lb too far"],
)
def test_quotation_marks_and_words_are_no_units(written: str) -> None:
    assert "inch" not in normalise(written)
    assert "feet" not in normalise(written)
    assert "pound" not in normalise(written)


def test_the_end_of_a_quotation_is_no_inch() -> None:
    assert normalise('He wrote "in 12" there.') == 'He wrote "in twelve" there.'
    assert normalise("He wrote 'in 12' there.") == "He wrote 'in twelve' there."


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Henry VIII's wives", "Henry the eighth's wives"),
        ("King Charles I and Charles I.", "King Charles the first and Charles the first."),
        ("John Smith III", "John Smith the third"),
        ("World War I began", "World War one began"),
        ("Chapters I and II", "Chapters one and two"),
        ("pages iv-ix, scene iii", "pages four to nine, scene three"),
        ("the XXI century", "the twenty-first century"),
        ("XII", "twelve"),
    ],
)
def test_a_roman_number_is_read_where_something_tells_that_it_is_one(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    "text",
    [
        "I met Charles I think.", "The part I liked.", "Chapter I read.", "Malcolm X spoke.", "vitamin C", "the MIX",
        "a CD", "DIVX", "I'm, I'll, I", "Plan C. I agree.", "Then Mary, I said.",
        "We saw Henry. VI was next.", "V.I.P.", "D-Day",
    ],
)  # fmt: skip
def test_letters_that_only_look_like_roman_numbers_stay(text: str) -> None:
    assert normalise(text) == text


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("St. Mary's on Elm St. near the sea", "Saint Mary's on Elm Street near the sea"),
        ("at 221 King St. Mary waited", "at two hundred twenty-one King Street. Mary waited"),
        ("12 Oak Dr. is Dr. Oak's", "twelve Oak Drive is Doctor Oak's"),
        ("ropes, etc. He left, etc.", "ropes, et cetera. He left, et cetera."),
        ("ropes, etc., and Mr Low", "ropes, et cetera, and Mister Low"),
        ("Acme Inc. sold it to Acme Inc.", "Acme Incorporated sold it to Acme Incorporated."),
        ("MR. LOW", "MISTER LOW"),
        ("e.g. this, i.e. that", "for example this, that is that"),
        ("No. 5, Nos. 3-4, pp. 3-5, § 2", "Number five, Numbers three to four, pages three to five, section two"),
        ("The answer is no. He left.", "The answer is no. He left."),
    ],
)
def test_an_abbreviation_is_said_in_full_and_ends_a_sentence_only_where_it_did(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Call 911", "Call nine one one"),
        ("(212) 555-0123", "two one two, five five five, zero one two three"),
        ("+44 20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"),
        ("A4, H2O, F-16, 4x4", "A-four, H two O, F sixteen, four by four"),
        ("agent 007", "agent zero zero seven"),
        ("1.2.3", "one point two point three"),
        ("R&D, C++, 2+2=4", "R and D, C plus plus, two plus two equals four"),
        ("https://www.a.org/b-c_d?x=1", "w w w dot a dot org slash b dash c underscore d question mark x equals one"),
        ("See example.com. Or notes.pdf!", "See example dot com. Or notes dot p d f!"),
        ("**bold**, _it_, snake_case", "bold, it, snake case"),
        ("and/or", "and or"),
        ("5 > 3, x < y, <3", "five greater than three, x less than y, less than three"),
        ("<<so>> he wrote <it>", "so he wrote it"),
    ],
)  # fmt: skip
def test_codes_signs_and_addresses_are_said(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("2*3, 2^3, 10⁶ and 10⁻³", "two times three, two to the power of three, ten to the power of six"
         " and ten to the power of minus three"),
        ("5 – 3 = 2, 6/2=3", "five minus three equals two, six divided by two equals three"),
        ("15 thousand km, 2 million km²", "fifteen thousand kilometers, two million square kilometers"),
        ("$4.50/L, $80/barrel", "four dollars and fifty cents per liter, eighty dollars per barrel"),
        ("9.8 m/s2", "nine point eight meters per second squared"),
        ("110/220 V, 50/50, 3/16", "one hundred ten slash two hundred twenty volts, fifty fifty, three sixteenths"),
        ("1kg-2kg, 4 m x 5 m", "one kilogram to two kilograms, four meters by five meters"),
        ("1h30, 3min45s", "one hour thirty minutes, three minutes forty-five seconds"),
        ("2020/01/05", "January fifth, twenty twenty"),
        ("No. I won't, on 5th Ave.", "No. I won't, on fifth Avenue."),
        ("+/- 5, 1...2", "plus or minus five, one...two"),
        ("Mary’s vs Anne's, aa’vs", "Mary’s versus Anne's, aa’vs"),
    ],
)  # fmt: skip
def test_sums_units_and_signs_are_said_wherever_they_stand(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize("sign", ["*", "^", "|", "→", "`", "{}", "\\", "•", "<>", "™"])
def test_digits_beside_a_sign_that_is_not_read_are_not_joined(sign: str) -> None:
    assert not re.search("twenty|two(?=three)", normalise(f"2{sign}3"))


PROSE = st.lists(st.from_regex(r"(?!vs\b)[a-z]{2,12}(?:['’-][a-z]{2,5})?[,;]?", fullmatch=True), min_size=1).map(
    " ".join
)
MIXED = st.lists(
    st.sampled_from(
        ["Mary", "on", "May", "4", "1984", "$", "3.50", "kg", "%", "St.", "No.", "XII", "the", "7/4/1776", "½", "10:30",
         "Chapter", "-", "etc.", "2nd", "I", "e.g.", "#", "(", ")", "%",
         "https://a.org/%C2%B2", "'", '"', "A4", "1,000", "pm", "&", "x", "…", "①"]
    )
).map(" ".join)  # fmt: skip


@given(PROSE)
def test_plain_prose_stays_as_it_is(text: str) -> None:
    assert normalise(text) == text


@given(st.text() | MIXED)
def test_no_digit_is_left(text: str) -> None:
    assert not re.search(r"\d", normalise(text))


@given(MIXED)
def test_what_is_written_out_stays_as_it_is(text: str) -> None:
    written_out = normalise(text)
    assert normalise(written_out) == written_out


@given(st.sampled_from(["", " ", "\n", "  \u00a0"]), MIXED, st.sampled_from(["", " ", "\n\n"]))
def test_white_space_at_both_ends_stays(start: str, text: str, end: str) -> None:
    whole = normalise(f"{start}The {text} end{end}")
    assert whole.startswith(f"{start}The")
    assert whole.endswith(f"end{end}")


@pytest.mark.parametrize(
    "unit",
    ["1", "1.", "1,", "$", "$1-", "1/", "VI ", "I", "a@", "a.", "www.", "1:", "-", "- ", "*_", "St. ", "Dr", "1x",
     "No. ",     " ", "May 1 ", "1'", '1"', "1' ", '1" ', "1’ ", "1′ ", "1″ ", "‘1’ ", "1 in. a ",
     "½", "a/", "+1 ", "(212) ", "Chapter ", "Mary ", "1st", "1 1/", "10:30-", "http://a"],
)  # fmt: skip
def test_a_hostile_text_of_100_000_characters_comes_out_without_digits(unit: str) -> None:
    """Were a pattern to take the square of its text, this would not end."""
    assert not re.search(r"\d", normalise((unit * 100_000)[:100_000]))


def test_a_quotation_is_looked_for_a_bounded_way_back() -> None:
    """Else a text of feet or inches takes the square of its length."""
    far = " and so on" * 50
    assert normalise(f"'So{far} 6'") == f"'So{far} six feet"
    assert normalise(f'"So{far} 6"') == f'"So{far} six inches'


def test_a_denominator_of_more_zeros_than_a_machine_counts_is_read() -> None:
    assert not re.search(r"\d", normalise("1/" + "0" * 5_000 + "1"))


def test_a_heading_of_a_roman_number_may_stand_between_spaces_but_in_no_list() -> None:
    assert normalise(" XII. ") == " twelve. "
    assert normalise(" " * 50_000 + "II, " * 12_000).endswith("II, ")


def test_the_documents_show_what_is_said() -> None:
    document = (Path(__file__).parents[2] / "docs" / "speech.md").read_text("utf-8")
    table = document.partition("<!-- english -->")[2].partition("<!-- /english -->")[0]
    rows = [tuple(line.strip("| ").split(" | ")) for line in table.strip().splitlines()[2:]]
    assert len(rows) > 15
    assert [(written, normalise(written)) for written, _ in rows] == rows
