"""Sets of files: which sections each holds, and what it is called."""

import re
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.jobs.plan import Section
from services.merger.sets import NAME_CHARACTERS, files


def sections(*chapters: tuple[str, int]) -> list[Section]:
    """(title, how many sections) of each chapter."""
    named = [(number, title) for number, (title, count) in enumerate(chapters) for _ in range(count)]
    return [
        Section(index=index, chapter=number, title=title, first=index, count=1, digest="0")
        for index, (number, title) in enumerate(named)
    ]


def names(*titles: str) -> list[str]:
    return [file.name for file in files("chapters", sections(*((title, 1) for title in titles)), [1.0] * len(titles))]


def test_each_chapter_is_a_file_with_its_title_and_number() -> None:
    found = files("chapters", sections(("A luz do farol", 2), ("O vento", 1)), [600.0, 300.0, 20.0])
    assert [(file.name, file.title, file.sections, file.track) for file in found] == [
        ("chapters/001-a-luz-do-farol.mp3", "A luz do farol", (0, 1), (1, 2)),
        ("chapters/002-o-vento.mp3", "O vento", (2,), (2, 2)),
    ]


def test_chapters_of_one_title_stay_apart() -> None:
    assert names("Carta", "Carta") == ["chapters/001-carta.mp3", "chapters/002-carta.mp3"]


def test_a_long_chapter_is_cut_between_two_sections() -> None:
    found = files("acx", sections(("Mar", 5), ("Fim", 1)), [40.0, 40.0, 40.0, 90.0, 30.0, 1.0], longest=100.0)
    assert [file.sections for file in found] == [(0, 1), (2,), (3,), (4,), (5,)]
    assert [file.title for file in found] == ["Mar (1/4)", "Mar (2/4)", "Mar (3/4)", "Mar (4/4)", "Fim"]
    assert [file.track[0] for file in found] == [1, 2, 3, 4, 5]


def test_a_file_may_be_as_long_as_is_allowed() -> None:
    (found,) = files("acx", sections(("Mar", 2)), [60.0, 40.0], longest=100.0)
    assert found.sections == (0, 1)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("São João: a volta!", "001-sao-joao-a-volta.mp3"),
        ("../../etc/passwd", "001-etc-passwd.mp3"),
        ("a\0b\nc", "001-a-b-c.mp3"),
        ("😀🌊", "001.mp3"),
        ("", "001.mp3"),
        ("Глава первая", "001-глава-первая.mp3"),
        ("__", "001.mp3"),
        ("m" * 500, f"001-{'m' * 52}.mp3"),
        (f"{'a' * 25} {'b' * 26} fim", f"001-{'a' * 25}-{'b' * 26}.mp3"),
        ("maré " * 50, "001-mare-mare-mare-mare-mare-mare-mare-mare-mare-mare.mp3"),
    ],
)
def test_a_name_tells_what_can_be_told_of_a_title(title: str, name: str) -> None:
    assert names(title) == [f"chapters/{name}"]


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_names_are_safe_short_and_in_order_whatever_the_titles(titles: list[str]) -> None:
    found = names(*titles)
    assert found == sorted(found)
    assert len(set(found)) == len(titles)
    for name in found:
        assert re.fullmatch(r"chapters/[\w-]+\.mp3", name)
        assert len(name) <= len("chapters/") + NAME_CHARACTERS


def test_a_thousand_files_still_sort_as_they_are_heard() -> None:
    found = names(*["Dia"] * 1_000)
    assert (found[0], found[-1]) == ("chapters/0001-dia.mp3", "chapters/1000-dia.mp3")


@given(
    st.lists(st.tuples(st.text(max_size=3), st.integers(1, 6)), min_size=1, max_size=6),
    st.data(),
)
def test_every_section_is_in_one_file_and_none_is_too_long_but_a_single_section(
    chapters: list[tuple[str, int]], data: st.DataObject
) -> None:
    parts = sections(*chapters)
    seconds = data.draw(st.lists(st.floats(0.1, 150), min_size=len(parts), max_size=len(parts)))
    found = files("acx", parts, seconds, longest=100.0)
    assert list(chain.from_iterable(file.sections for file in found)) == list(range(len(parts)))
    for file in found:
        assert len(file.sections) == 1 or sum(seconds[index] for index in file.sections) <= 100.0
        assert len({parts[index].chapter for index in file.sections}) == 1
