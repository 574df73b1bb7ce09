"""Tags, chapters and covers as Opus and FLAC books carry them, whatever a title holds."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkchannel.jobs.records import Mark
from services.merger.containers import Tags, vorbis_comment

FULL = Tags(
    title="A enseada",
    language="pt-BR",
    author="Inês Quarela",
    narrator="Davi Montelar",
    series="Marés",
    series_index="2",
    year="1911",
    genre="Contos",
    description="Um barco.\nUma enseada.",
)


def read(block: bytes) -> list[tuple[str, str]]:
    """A plain reader of the format, to check the writer against."""

    def sized(at: int) -> tuple[bytes, int]:
        (length,) = struct.unpack_from("<I", block, at)
        assert at + 4 + length <= len(block)
        return block[at + 4 : at + 4 + length], at + 4 + length

    _, at = sized(0)
    (count,) = struct.unpack_from("<I", block, at)
    at += 4
    pairs = []
    for _ in range(count):
        comment, at = sized(at)
        name, _, value = comment.decode().partition("=")
        pairs.append((name, value))
    assert at == len(block)
    return pairs


def written(tags: Tags, *chapters: Mark) -> list[tuple[str, str]]:
    return read(vorbis_comment.block(vorbis_comment.comments(tags, chapters)))


def test_every_tag_has_the_name_that_players_know() -> None:
    assert dict(written(FULL)) == {
        "TITLE": "A enseada",
        "ALBUM": "A enseada",
        "ARTIST": "Inês Quarela",
        "ALBUMARTIST": "Inês Quarela",
        "COMPOSER": "Davi Montelar",
        "DATE": "1911",
        "GENRE": "Contos",
        "DESCRIPTION": "Um barco.\nUma enseada.",
        "LANGUAGE": "pt-BR",
        "SERIES": "Marés",
        "SERIES-PART": "2",
    }


def test_what_nobody_knows_of_a_book_is_left_out() -> None:
    assert [name for name, _ in written(Tags(title="Só", language="pt"))] == ["TITLE", "ALBUM", "LANGUAGE"]


@example("\0")
@given(st.text(st.characters(codec=None), min_size=1))
def test_any_title_is_read_back_without_what_no_file_can_hold(title: str) -> None:
    kept = title.replace("\0", "").encode(errors="replace").decode()
    pairs = dict(written(Tags(title=title, language="pt"), Mark(title=title, start=0, end=1)))
    assert pairs.get("TITLE", "") == kept
    assert pairs["CHAPTER001NAME"] == (kept or "1")


@pytest.mark.parametrize(
    ("seconds", "time"),
    [(0, "00:00:00.000"), (59.9996, "00:01:00.000"), (3_599.9994, "00:59:59.999"), (90_061.5, "25:01:01.500")],
)
def test_a_chapter_stands_at_hours_minutes_and_milliseconds(seconds: float, time: str) -> None:
    assert ("CHAPTER001", time) in written(FULL, Mark(title="Um", start=seconds, end=seconds + 1))


def test_chapters_past_999_come_before_those_that_a_reader_of_three_digits_takes_them_for() -> None:
    marks = [Mark(title=f"Parte {number}", start=number, end=number + 1) for number in range(1, 1_502)]
    pairs = written(FULL, *marks)
    names = [name for name, _ in pairs]
    assert {name: value for name, value in pairs if name.endswith("NAME")} == {
        f"CHAPTER{number:03}NAME": f"Parte {number}" for number in range(1, 1_502)
    }
    assert names.index("CHAPTER1501NAME") < names.index("CHAPTER001")
    assert names.index("CHAPTER1000NAME") < names.index("CHAPTER100")


def test_a_cover_is_a_front_cover_of_its_very_bytes() -> None:
    jpeg = b"\xff\xd8 a picture \xff\xd9"
    picture = vorbis_comment.picture(jpeg)
    kind, length = struct.unpack_from(">II", picture)
    assert (kind, picture[8 : 8 + length]) == (3, b"image/jpeg")
    assert struct.unpack_from(">6I", picture, 8 + length) == (0, 0, 0, 0, 0, len(jpeg))
    assert picture.endswith(jpeg)
    assert len(picture) == 8 + length + 24 + len(jpeg)
