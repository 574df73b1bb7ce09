"""One suite for every writer of books: what is heard, where it is heard, and what players read of it."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from darkchannel.audio import ffmpeg
from darkchannel.jobs.records import Mark
from services.merger.containers import Tags, Writer
from services.merger.containers.flac import FlacWriter
from services.merger.containers.m4b import M4bWriter
from services.merger.containers.mp3 import Mp3Writer
from services.merger.containers.opus import OpusWriter
from services.merger.encodings import ENCODINGS
from tests.contract.containers import (
    RATE,
    Kind,
    Section,
    chapters,
    cover,
    decoded,
    encoded,
    heard,
    joined,
    kept,
    mixed,
    picture,
    tags,
)


def _kind(name: str, writer: Callable[..., Writer], chapters: int = 3_000) -> Kind:
    """A writer for what sections are really encoded as."""
    encoding = ENCODINGS[name]
    rate = encoding.rate or RATE
    arguments = (*encoding.options(RATE), *ffmpeg.REPEATABLE)
    frame, delay = encoding.frame(rate), encoding.delay
    return Kind(name, writer, encoding.extension, arguments, rate, frame, delay, encoding.count, chapters)


KINDS = [
    _kind("mp3", Mp3Writer),
    _kind("mp3-vbr", Mp3Writer),
    _kind("acx", Mp3Writer),
    _kind("aac", M4bWriter),
    _kind("opus", OpusWriter, chapters=999),
    _kind("flac", FlacWriter, chapters=999),
]

NAMED = (
    'O "farol"; mar = céu # 1',
    "Ação \\ reação",
    "Noite 😀 de vento",
    "Duas\nlinhas",
    "Nu\0lo",
    "ã" * 500,
)
FULL = Tags(
    title="O «farol»; 100% = # 😀",
    language="pt-BR",
    author="José Anaquil",
    narrator="Célia Tormes",
    series="Marés; baixas",
    series_index="2.5",
    year="1907",
    genre="Contos",
    description="Um faroleiro = uma luz.\nE o mar # em volta.",
    cover=cover(),
)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture(scope="module")
def sections(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> tuple[Section, ...]:
    return encoded(kind, tmp_path_factory.mktemp(kind.name))


def marks(sections: list[Section], titles: list[str]) -> list[Mark]:
    found, at = [], 0
    for section, title in zip(sections, titles, strict=True):
        found.append(Mark(title=title, start=at / RATE, end=(at + section.samples) / RATE))
        at += section.samples
    return found


def shown(title: str) -> str:
    """A title on one line, without what no player can show."""
    return " ".join(title.replace("\0", "").split())


def test_each_click_is_heard_at_its_place_however_many_sections_came_before(
    kind: Kind, sections: tuple[Section, ...], tmp_path: Path
) -> None:
    book = joined(kind, mixed(sections, 200), tmp_path / f"book.{kind.extension}")
    sound = decoded(book.path)
    off = [heard(sound, click) - click for click in book.clicks]
    assert max(map(abs, off)) <= 0.03
    assert abs(np.mean(off)) <= 0.002, "a delay is not declared as it is"
    assert abs(sound.length - book.starts[-1]) <= kind.frame * RATE / kind.rate


def test_a_section_alone_is_as_long_as_it_was(kind: Kind, sections: tuple[Section, ...], tmp_path: Path) -> None:
    for section in sections[:3]:
        book = joined(kind, [section], tmp_path / f"book.{kind.extension}")
        sound = decoded(book.path)
        assert abs(sound.length - section.samples) <= 2
        assert heard(sound, book.clicks[0]) == pytest.approx(book.clicks[0], abs=0.002)


def test_chapters_stand_at_their_times_whatever_their_titles(
    kind: Kind, sections: tuple[Section, ...], tmp_path: Path
) -> None:
    parts = mixed(sections, len(NAMED) + 1)
    asked = marks(parts, [*NAMED, ""])
    book = joined(kind, parts, tmp_path / f"book.{kind.extension}", chapters=asked)
    read = chapters(book.path)
    assert [title for _, title in read][: len(NAMED)] == [shown(title) for title in NAMED]
    assert [start for start, _ in read] == pytest.approx([mark.start for mark in asked], abs=0.002)


def test_three_thousand_chapters_are_read_back(kind: Kind, sections: tuple[Section, ...], tmp_path: Path) -> None:
    parts = mixed(sections, 30)
    each = sum(section.samples for section in parts) / RATE / 3_000
    asked = [Mark(title=f"Capítulo {n + 1}", start=n * each, end=(n + 1) * each) for n in range(3_000)]
    read = chapters(joined(kind, parts, tmp_path / f"book.{kind.extension}", chapters=asked).path)
    assert [title for _, title in read] == [mark.title for mark in asked[: kind.chapters]]
    assert [start for start, _ in read] == pytest.approx([mark.start for mark in asked[: kind.chapters]], abs=0.002)


def test_a_book_without_chapters_has_none(kind: Kind, sections: tuple[Section, ...], tmp_path: Path) -> None:
    assert chapters(joined(kind, sections[:2], tmp_path / f"book.{kind.extension}").path) == []


def test_tags_and_cover_are_read_back(kind: Kind, sections: tuple[Section, ...], tmp_path: Path) -> None:
    book = joined(kind, sections[:3], tmp_path / f"book.{kind.extension}", FULL)
    read = tags(book.path)
    assert read["title"] == read["album"] == FULL.title
    assert read["artist"] == read["album_artist" if "album_artist" in read else "albumartist"] == FULL.author
    assert read["composer"] == FULL.narrator
    assert (read["series"], read["series-part"]) == (FULL.series, FULL.series_index)
    assert read["date"] == FULL.year
    assert read["genre"] == FULL.genre
    assert FULL.description
    assert any(shown(FULL.description) == shown(read.get(name, "")) for name in ("description", "comment", "synopsis"))
    assert FULL.cover
    assert picture(book.path) == FULL.cover


def test_a_book_without_cover_has_no_picture(kind: Kind, sections: tuple[Section, ...], tmp_path: Path) -> None:
    book = joined(kind, sections[:2], tmp_path / f"book.{kind.extension}")
    assert not {"artist", "composer", "series", "date"} & tags(book.path).keys()
    with pytest.raises(subprocess.CalledProcessError):
        picture(book.path)


def test_the_same_sections_give_the_same_bytes(kind: Kind, sections: tuple[Section, ...], tmp_path: Path) -> None:
    asked = marks(list(sections), [str(number) for number, _ in enumerate(sections)])
    one, two = (joined(kind, sections, tmp_path / name, FULL, asked).path.read_bytes() for name in ("one", "two"))
    assert one == two


def test_a_section_with_too_few_frames_is_refused(kind: Kind, sections: tuple[Section, ...], tmp_path: Path) -> None:
    body = sections[0].body
    stream, _ = kept(kind, [sections[0].samples])
    with (tmp_path / "book").open("w+b") as out, pytest.raises(ValueError, match=r"frame|packet|block"):
        kind.writer(out, stream, FULL, ()).add(body, kind.count(body) + 1)


def test_a_section_of_two_channels_is_refused_though_it_is_the_first(kind: Kind, tmp_path: Path) -> None:
    stereo = replace(kind, arguments=(*kind.arguments, "-ac", "2"))
    [section] = encoded(stereo, tmp_path, [RATE])
    stream, [keep] = kept(kind, [section.samples])
    with (tmp_path / "book").open("w+b") as out, pytest.raises(ValueError, match=r"mono|otherwise"):
        kind.writer(out, stream, FULL, ()).add(section.body, keep)


def test_a_book_that_lacks_a_section_is_refused(kind: Kind, sections: tuple[Section, ...], tmp_path: Path) -> None:
    stream, keeps = kept(kind, [section.samples for section in sections[:3]])
    with (tmp_path / "book").open("w+b") as out:
        writer = kind.writer(out, stream, FULL, ())
        for section, keep in zip(sections[:2], keeps, strict=False):
            writer.add(section.body, keep)
        with pytest.raises(ValueError, match=r"frame|packet|block"):
            writer.finish()


@pytest.mark.parametrize("noise", [b"no sound at all" * 500, bytes(5_000), b"\xff"])
def test_noise_is_no_section(kind: Kind, noise: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        kind.count(noise)
    stream, _ = kept(kind, [RATE])
    with (tmp_path / "book").open("w+b") as out, pytest.raises(ValueError, match=r"\w"):
        kind.writer(out, stream, FULL, ()).add(noise, stream.frames)


def test_a_section_cut_anywhere_holds_fewer_frames_or_is_refused(kind: Kind, sections: tuple[Section, ...]) -> None:
    body = sections[0].body
    whole = kind.count(body)
    for cut in range(1, len(body), len(body) // 23):
        try:
            assert kind.count(body[:cut]) < whole
        except ValueError:
            continue


@pytest.mark.soak
def test_at_hour_twenty_the_click_stands_where_it_should(
    kind: Kind, sections: tuple[Section, ...], tmp_path: Path
) -> None:
    count = 20 * 3_600 * RATE * len(sections) // sum(section.samples for section in sections)
    book = joined(kind, mixed(sections, count), tmp_path / f"book.{kind.extension}")
    assert book.starts[-1] > 19 * 3_600 * RATE
    sound = decoded(book.path)
    off = [heard(sound, click) - click for click in book.clicks[-50:]]
    assert max(map(abs, off)) <= 0.03
    assert abs(sound.length - book.starts[-1]) <= kind.frame * RATE / kind.rate
