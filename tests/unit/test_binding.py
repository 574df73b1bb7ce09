"""Binding: the files of a book are written side by side, and each is kept when it is finished."""

import asyncio
from pathlib import Path

import pytest

from darkchannel.audio import mp3
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.records import SectionAudio, SectionRecord, Stored
from services.merger.binding import Bound, bind
from services.merger.cues import Cues
from services.merger.encodings import ENCODINGS
from services.merger.joining import Unfit
from tests.m4a import m4a

RATE = 22_050
LONGEST = 5.0
FRAMES = 120
"""In either format more than a section of two seconds needs."""
MP3_HEAD = b"\xff\xf3\x80\xc0"


def cues(samples: int, rate: int) -> bytes:
    return Cues(rate=rate, samples=samples, cues=(), peaks="").model_dump_json().encode()


BODIES = {
    "mp3": MP3_HEAD.ljust(mp3.format_of(MP3_HEAD).sizes[MP3_HEAD[:3]], b"\0") * FRAMES,
    "aac": m4a([b"sound"] * FRAMES),
    "cues": cues(2 * RATE, RATE),
}
BESIDE = ("cover.jpg", "audiobook.vtt", "audiobook.srt", "audiobook.lrc", "index.html", "waveform.png")


def plan(*formats: str) -> Plan:
    section = Section(index=0, chapter=0, title="A maré", first=0, count=1, digest="")
    return Plan(title="As marés", options=Options(formats=formats), sections=(section,))


def record() -> SectionRecord:
    files = {name: SectionAudio(key=name, etag="", coding=ENCODINGS[name].coding(RATE)) for name in ("mp3", "aac")}
    return SectionRecord(index=0, pairs=(), rate=RATE, samples=2 * RATE, files=files, cues=Stored(key="cues", etag=""))


async def read(_: Section, file: Stored) -> bytes:
    return BODIES[file.key]


@pytest.mark.parametrize(("awaited", "read_late"), [("audiobook.mp3", "aac"), ("audiobook.m4b", "mp3")])
async def test_a_finished_file_is_kept_while_another_is_still_written(
    tmp_path: Path, awaited: str, read_late: str
) -> None:
    is_kept = asyncio.Event()

    async def waits(section: Section, file: Stored) -> bytes:
        if file.key == read_late:
            await is_kept.wait()
        return await read(section, file)

    async def keep(file: str) -> None:
        if file == awaited:
            is_kept.set()

    async with asyncio.timeout(LONGEST):
        await bind(plan("mp3", "m4b"), [record()], None, waits, tmp_path, keep=keep)


async def test_others_are_written_while_a_finished_file_is_kept(tmp_path: Path) -> None:
    is_beside = asyncio.Event()

    async def keep(file: str) -> None:
        if file == "waveform.png":
            is_beside.set()
        if file in {"audiobook.mp3", "audiobook.m4b"}:
            await is_beside.wait()

    async with asyncio.timeout(LONGEST):
        await bind(plan("mp3", "m4b"), [record()], None, read, tmp_path, keep=keep)


@pytest.mark.parametrize("formats", [("mp3",), ("m4b", "mp3"), ("mp3", "chapters", "zip")])
async def test_every_file_of_a_book_is_kept_once_and_whole(tmp_path: Path, formats: tuple[str, ...]) -> None:
    kept: dict[str, bytes] = {}

    async def keep(file: str) -> None:
        assert file not in kept
        kept[file] = (tmp_path / file).read_bytes()

    book: Bound = await bind(plan(*formats), [record()], None, read, tmp_path, keep=keep)
    assert set(book.files) == set(kept) >= set(BESIDE)
    assert all(body == (tmp_path / file).read_bytes() for file, body in kept.items())
    assert book.files[0] == f"audiobook.{formats[0]}"


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("mp3", BODIES["mp3"][: len(BODIES["mp3"]) // 2], "60 MP3 frames is too short"),
        ("aac", m4a([b"sound"]), "1 AAC frames"),
        ("aac", b"noise", ""),
        ("cues", cues(2 * RATE - 1, RATE), "44099 samples at 22050 Hz"),
        ("cues", cues(2 * RATE, 44_100), "44100 samples at 44100 Hz"),
        ("cues", b"[]", "no cues"),
    ],
)
async def test_a_section_that_is_not_what_its_record_says_is_named_with_its_file(
    tmp_path: Path, name: str, body: bytes, reason: str
) -> None:
    async def other(section: Section, file: Stored) -> bytes:
        return body if file.key == name else await read(section, file)

    async def keep(_: str) -> None: ...

    with pytest.raises(Unfit, match=f"^darkchannel-jobs/{name}: .*{reason}") as raised:
        await bind(plan("mp3", "m4b"), [record()], None, other, tmp_path, keep=keep)
    assert raised.value.section.index == 0


async def test_of_sections_that_differ_the_odd_one_is_named_though_it_is_the_first(tmp_path: Path) -> None:
    async def odd(section: Section, file: Stored) -> bytes:
        is_odd = file.key == "aac" and section.index == 0
        return m4a([b"sound"] * FRAMES, channels=2) if is_odd else await read(section, file)

    async def keep(_: str) -> None: ...

    book = plan("m4b")
    sections = tuple(book.sections[0].model_copy(update={"index": index}) for index in range(3))
    book = book.model_copy(update={"sections": sections})
    with pytest.raises(Unfit, match="2 channels") as raised:
        await bind(book, [record()] * 3, None, odd, tmp_path, keep=keep)
    assert raised.value.section.index == 0


async def test_nothing_is_joined_by_a_length_that_the_cues_do_not_have(tmp_path: Path) -> None:
    async def sound_is_not_read(section: Section, file: Stored) -> bytes:
        assert file.key == "cues"
        return await read(section, file)

    async def keep(_: str) -> None: ...

    longer = record().model_copy(update={"samples": 1})
    with pytest.raises(Unfit):
        await bind(plan("mp3"), [longer], None, sound_is_not_read, tmp_path, keep=keep)


async def test_what_cannot_be_kept_ends_the_binding(tmp_path: Path) -> None:
    async def keep(file: str) -> None:
        raise OSError(f"no room for {file}")

    with pytest.raises(OSError, match="no room for"):
        await bind(plan("mp3", "m4b"), [record()], None, read, tmp_path, keep=keep)
