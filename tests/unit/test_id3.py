"""ID3 tags, taken apart again by their own description."""

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.audio import mp3
from darkchannel.jobs.records import Mark
from services.merger.containers import Tags, id3

Frames = list[tuple[str, bytes]]


def frames(body: bytes) -> Frames:
    found, at = [], 0
    while at < len(body):
        name, size, flags = struct.unpack_from(">4sIH", body, at)
        assert flags == 0
        found.append((name.decode("ascii"), body[at + 10 : at + 10 + size]))
        at += 10 + size
    assert at == len(body)
    return found


def written(tags: Tags, chapters: Sequence[Mark] = ()) -> Frames:
    tag = id3.tag(tags, chapters)
    assert tag[:6] == b"ID3\3\0\0"
    assert mp3.id3_size(tag) == len(tag)
    return frames(tag[10:])


def text(body: bytes) -> str:
    return body[1:].decode("utf-16") if body[0] else body[1:].decode("latin-1")


def marks(count: int) -> list[Mark]:
    return [Mark(title=f"Capítulo {n}", start=n * 1.5, end=n * 1.5 + 1.5) for n in range(count)]


def listed(tables: dict[bytes, tuple[int, list[bytes]]], name: bytes) -> list[bytes]:
    """The chapters that a table of contents leads to, in its order."""
    if name not in tables:
        return [name]
    return [chapter for entry in tables[name][1] for chapter in listed(tables, entry)]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_title_reads_back_on_one_line(title: str) -> None:
    found = dict(written(Tags(title=f"A {title}", language="pt")))
    assert text(found["TIT2"]) == text(found["TALB"]) == " ".join(f"A {title}".split())


def test_letters_of_western_europe_stay_single_bytes_and_others_have_a_byte_order_mark() -> None:
    assert dict(written(Tags(title="Ação", language="pt")))["TIT2"] == b"\0A\xe7\xe3o"
    assert dict(written(Tags(title="Ω", language="pt")))["TIT2"] == b"\1\xff\xfe\xa9\x03"


def test_half_a_surrogate_costs_one_letter_and_not_the_book() -> None:
    assert text(dict(written(Tags(title="mar \ud83d!", language="pt")))["TIT2"]) == "mar ?!"


def test_what_a_book_does_not_have_is_not_written() -> None:
    names = [name for name, _ in written(Tags(title="Livro", language="pt"))]
    assert names == ["TIT2", "TALB", "TLAN"]


def test_a_file_of_a_chapter_names_its_book_and_its_number() -> None:
    found = dict(written(Tags(title="O vento", language="pt", album="Marés", track=(3, 12))))
    assert [text(found[name]) for name in ("TIT2", "TALB", "TRCK")] == ["O vento", "Marés", "3/12"]


def test_a_description_keeps_its_lines_and_its_language() -> None:
    found = dict(written(Tags(title="Livro", language="pt-BR", description="Um\nDois 😀")))
    encoding, language, rest = found["COMM"][0], found["COMM"][1:4], found["COMM"][4:]
    assert (encoding, language) == (1, b"por")
    assert rest == "\ufeff\0\ufeffUm\nDois 😀".encode("utf-16-le")


def test_the_cover_is_the_front_one() -> None:
    assert dict(written(Tags(title="Livro", language="pt", cover=b"JPEG")))["APIC"] == b"\0image/jpeg\0\x03\0JPEG"


@pytest.mark.parametrize(
    ("language", "letters"),
    [("pt-BR", "por"), ("EN", "eng"), ("yrl", "yrl"), ("qq", None), ("", None), ("français", None)],
)
def test_a_language_has_three_letters(language: str, letters: str | None) -> None:
    assert id3.three_letters(language) == letters


def test_a_chapter_has_its_times_in_milliseconds_and_its_title() -> None:
    mark = Mark(title="Noite; 1", start=1.2346, end=72_000.5)
    ((_, body),) = [frame for frame in written(Tags(title="Livro", language="pt"), [mark]) if frame[0] == "CHAP"]
    name, _, rest = body.partition(b"\0")
    assert struct.unpack(">4I", rest[:16]) == (1_235, 72_000_500, 0xFFFF_FFFF, 0xFFFF_FFFF)
    assert frames(rest[16:]) == [("TIT2", b"\0Noite; 1")]
    assert name


@pytest.mark.parametrize(("count", "tables"), [(0, 0), (1, 1), (255, 1), (256, 3), (3_000, 13), (65_026, 259)])
def test_tables_of_contents_lead_to_every_chapter_in_order(count: int, tables: int) -> None:
    found: dict[bytes, tuple[int, list[bytes]]] = {}
    chapters = []
    for kind, body in written(Tags(title="Livro", language="pt"), marks(count)):
        name, _, rest = body.partition(b"\0")
        if kind == "CTOC":
            found[name] = (rest[0], rest[2:].split(b"\0")[:-1])
            assert rest[1] == len(found[name][1])
        elif kind == "CHAP":
            chapters.append(name)
    assert len(found) == tables
    assert len(set(chapters)) == count
    tops = [name for name, (flags, _) in found.items() if flags == 0b11]
    assert len(tops) == min(1, tables)
    assert all(flags == 0b01 for name, (flags, _) in found.items() if name not in tops)
    assert [chapter for top in tops for chapter in listed(found, top)] == chapters
