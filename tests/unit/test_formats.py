import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import Refused
from darkchannel.jobs.formats import ENCODINGS_OF, FORMATS, WHOLE, encodings
from darkchannel.jobs.options import resolve

LISTS = st.lists(st.sampled_from(FORMATS), min_size=1, max_size=10).filter(
    lambda some: not {"mp3", "mp3-vbr"} <= {*some}
)


@given(LISTS)
def test_what_is_asked_for_is_made_once_with_the_whole_book_among_it(asked: list[str]) -> None:
    made = resolve({"formats": ",".join(asked)}).formats
    assert {*made} - {"mp3"} == {*asked} - {"mp3"}
    assert len({*made}) == len(made)
    assert {*WHOLE} & {*made}
    assert resolve({"formats": made}).formats == made


@given(LISTS)
def test_a_section_is_encoded_once_for_all_formats_that_share_an_encoding(asked: list[str]) -> None:
    found = encodings(asked)
    assert len({*found}) == len(found)
    assert {*found} - {"mp3", "mp3-vbr"} == {ENCODINGS_OF[fmt] for fmt in asked} - {"mp3", "mp3-vbr", None}


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ("m4b", ("m4b",)),
        ("m4b,mp3,M4B", ("m4b", "mp3")),
        ("chapters, zip", ("mp3", "chapters", "zip")),
        ("acx", ("mp3", "acx")),
        ("zip,flac", ("zip", "flac")),
        ("mp3-vbr,chapters", ("mp3-vbr", "chapters")),
    ],
)
def test_an_mp3_comes_first_where_nothing_asked_for_is_the_whole_book(asked: str, made: tuple[str, ...]) -> None:
    assert resolve({"formats": asked}).formats == made


@pytest.mark.parametrize(
    ("formats", "found"),
    [
        (("mp3", "chapters"), ("mp3",)),
        (("chapters", "mp3-vbr"), ("mp3-vbr",)),
        (("m4b", "chapters"), ("aac", "mp3")),
        (("opus", "acx", "zip", "flac"), ("opus", "acx", "flac")),
        (("zip",), ()),
    ],
)
def test_chapters_are_encoded_as_the_whole_book_is(formats: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert encodings(formats) == found


def test_two_formats_of_one_file_exclude_one_another() -> None:
    with pytest.raises(Refused, match=r"formats: mp3 and mp3-vbr would be one file, audiobook\.mp3"):
        resolve({"formats": "mp3,m4b,mp3-vbr"})
