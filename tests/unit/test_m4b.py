"""The boxes of an audiobook say where each frame and each chapter stands, whatever the book is like."""

import io
import struct
import subprocess
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.audio import ffmpeg
from darkchannel.jobs.records import Mark
from services.merger.containers import Stream, Tags
from services.merger.containers.m4a import Coding, frames_in
from services.merger.containers.m4b import Head, M4bWriter
from tests.m4a import m4a

RATE = 22_050
TAGS = Tags(title="As marés", language="pt-BR")
HOLDING = ("moov", "trak", "edts", "mdia", "minf", "stbl", "udta")
HOUR = 3_600


def stream(frames: int, *, samples: int | None = None, rate: int = RATE) -> Stream:
    return Stream(rate, 1_024, frames, 1_024, (frames - 1) * 1_024 if samples is None else samples)


def marks(*starts: float, titles: Sequence[str] = ()) -> list[Mark]:
    names = titles or [f"Capítulo {number}" for number, _ in enumerate(starts)]
    return [Mark(title=name, start=start, end=start) for name, start in zip(names, starts, strict=True)]


def book(sections: Sequence[Sequence[bytes]], chapters: Sequence[Mark] = (), *, samples: int | None = None) -> bytes:
    out = io.BytesIO()
    writer = M4bWriter(out, stream(sum(map(len, sections)), samples=samples), TAGS, chapters)
    for section in sections:
        writer.add(m4a(section), len(section))
    writer.finish()
    return out.getvalue()


def boxes(data: bytes, at: int = 0, end: int | None = None) -> Iterator[tuple[str, bytes]]:
    """(path, contents) of each box that holds no others, in the order of the file."""
    end = len(data) if end is None else end
    while at < end:
        size, name = struct.unpack_from(">I4s", data, at)
        kind, start = name.decode("latin-1"), at + 8
        if size == 1:
            (size,), start = struct.unpack_from(">Q", data, start), start + 8
        if kind in HOLDING:
            yield from ((f"{kind}.{path}", contents) for path, contents in boxes(data, start, at + size))
        else:
            yield kind, data[start : at + size]
        at += size
    assert at == end, "a box ends beyond the one around it"


def track(data: bytes, handler: bytes) -> dict[str, bytes]:
    """The boxes of the track that has this handler, by their names alone."""
    found: dict[str, bytes] = {}
    tracks = {}
    for path, contents in boxes(data):
        if path.endswith("tkhd"):
            found = {}
        found[path.rpartition(".")[2]] = contents
        if path == "moov.udta.meta":
            break
        tracks[found.get("hdlr", b"")[8:12]] = found
    if handler in tracks:
        return tracks[handler]
    raise AssertionError(f"no track of {handler!r}")


def numbers(table: bytes, width: str = "I") -> tuple[int, ...]:
    """What follows the count of a table."""
    return struct.unpack_from(f">{(len(table) - 8) // struct.calcsize(width)}{width}", table, 8)


def samples_of(data: bytes, handler: bytes) -> list[bytes]:
    """What the tables of a track lead to."""
    tables = track(data, handler)
    sizes, offsets = list(numbers(tables["stsz"])[1:]), numbers(tables["stco"])
    rows = [numbers(tables["stsc"])[at : at + 2] for at in range(0, len(numbers(tables["stsc"])), 3)]
    firsts = [first for first, _ in rows] + [len(offsets) + 1]
    counts = [count for (_, count), (one, next_one) in zip(rows, pairwise(firsts), strict=True)
              for _ in range(one, next_one)]  # fmt: skip
    found = []
    for at, count in zip(offsets, counts, strict=True):
        edges = list(accumulate(sizes[:count], initial=at))
        del sizes[:count]
        found += [data[start:end] for start, end in pairwise(edges)]
    assert not sizes
    return found


def texts(data: bytes) -> list[str]:
    return [sample[2 : 2 + int.from_bytes(sample[:2], "big")].decode() for sample in samples_of(data, b"text")]


def starts(data: bytes) -> list[int]:
    lengths = numbers(track(data, b"text")["stts"])[1::2]
    edits = numbers(track(data, b"text")["elst"])
    return list(accumulate(lengths[:-1], initial=edits[0] if edits[1] == 0xFFFF_FFFF else 0))


payloads = st.lists(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=60), min_size=1, max_size=4)


@given(payloads)
def test_the_tables_lead_to_each_frame_as_it_was(sections: list[list[bytes]]) -> None:
    data = book(sections, marks(0, 0.01))
    assert samples_of(data, b"soun") == [payload for section in sections for payload in section]


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=2, max_size=9), st.data())
def test_frames_to_spare_stay_out(frames: list[bytes], data: st.DataObject) -> None:
    keep = data.draw(st.integers(1, len(frames)))
    out = io.BytesIO()
    writer = M4bWriter(out, stream(keep), TAGS, ())
    writer.add(m4a(frames), keep)
    writer.add(m4a(frames), 0)
    writer.finish()
    assert samples_of(out.getvalue(), b"soun") == frames[:keep]


def test_players_find_all_they_need_before_the_sound() -> None:
    data = book([[b"sound"] * 50], marks(0, 1))
    kinds = [path.partition(".")[0] for path, _ in boxes(data)]
    assert list(dict.fromkeys(kinds)) == ["ftyp", "moov", "free", "mdat"]
    assert data[4:12] == b"ftypM4A "


def test_the_delay_is_left_out_and_the_book_is_as_long_as_it_is() -> None:
    sound = track(book([[b"sound"] * 50], samples=40_001), b"soun")
    assert numbers(sound["elst"]) == (40_001, 1_024, 1 << 16)
    assert struct.unpack_from(">I", sound["tkhd"], 20) == (40_001,)


def test_a_decoder_is_told_what_it_gets_and_to_warm_up_before_each_frame() -> None:
    sound = track(book([[b"sound"] * 50], marks(0)), b"soun")
    lc_at_22_050_hz_in_mono, not_doubled = b"\x13\x88", b"\x56\xe5\x00"
    assert b"\x05\x05" + lc_at_22_050_hz_in_mono + not_doubled in sound["stsd"]
    assert sound["sgpd"][4:8] + sound["sgpd"][-2:] == b"roll" + struct.pack(">h", -1)
    assert struct.unpack(">4sIII", sound["sbgp"][4:]) == (b"roll", 1, 50, 1)
    assert sound["tref"] == struct.pack(">I4sI", 12, b"chap", 2)


def test_the_titles_are_no_text_to_be_shown_while_the_book_plays() -> None:
    played, in_movie = 1, 2
    data = book([[b"sound"] * 50], marks(0))
    flags = [struct.unpack(">I", track(data, handler)["tkhd"][:4])[0] for handler in (b"soun", b"text")]
    assert flags == [played | in_movie, in_movie]


def test_times_beyond_32_bits_are_written_as_such() -> None:
    endless = Head(stream(30 * HOUR * 48_000 // 1_024, rate=48_000), TAGS, ())
    data = b"".join(endless.of(np.ones(30 * HOUR * 48_000 // 1_024, np.uint32), Coding(3, 1)))
    movie = dict(boxes(data[: data.index(b"free") - 4]))["moov.mvhd"]
    assert movie[0] == 1
    assert struct.unpack_from(">IQ", movie, 20) == (48_000, (30 * HOUR * 48_000 // 1_024 - 1) * 1_024)


@pytest.mark.parametrize(("size", "width", "table"), [(300, "I", b"stco"), (8_000, "Q", b"co64")])
def test_offsets_beyond_4_gib_are_written_as_such(size: int, width: str, table: bytes) -> None:
    frames, chapters = 600_000, marks(0, 5)
    head = Head(stream(frames), TAGS, chapters)
    data = b"".join(head.of(np.full(frames, size, np.uint32), Coding(7, 1)))
    assert len(data) == head.size
    at = data.index(table)
    (count,) = struct.unpack_from(">I", data, at + 8)
    offsets = struct.unpack_from(f">{count}{width}", data, at + 12)
    assert offsets[0] == head.size + len(head.titles)
    assert {after - before for before, after in pairwise(offsets)} == {22 * size}
    everything = 600_000 * size + len(head.titles)
    narrow = struct.pack(">I4s", everything + 8 & 0xFFFF_FFFF, b"mdat")
    wide = struct.pack(">I4sQ", 1, b"mdat", everything + 16)
    assert data.endswith(narrow if width == "I" else wide)


def test_a_book_of_one_frame_is_one() -> None:
    data = book([[b"sound"]], samples=0)
    assert samples_of(data, b"soun") == [b"sound"]
    assert list(boxes(data))[-1] == ("mdat", b"sound")
    assert numbers(track(data, b"soun")["stsc"]) == (1, 1, 1)


@pytest.mark.parametrize(("count", "nero"), [(0, False), (1, True), (255, True), (256, False), (3_000, False)])
def test_a_list_of_chapters_that_can_count_to_255_is_left_out_of_longer_books(count: int, nero: bool) -> None:
    data = book([[b"sound"] * 200], marks(*(number / 1_000 for number in range(count))))
    assert ("moov.udta.chpl" in dict(boxes(data))) is nero
    assert (texts(data) if count else []) == [f"Capítulo {number}" for number in range(count)]


HOSTILE = ["", "a=b;c#d\\e", "duas\nlinhas", "nu\0lo", "😀" * 500, "fim \ud800"]


def test_titles_are_kept_whatever_is_in_them() -> None:
    data = book([[b"sound"] * 99], marks(*range(6), titles=HOSTILE))
    assert texts(data) == ["", "a=b;c#d\\e", "duas\nlinhas", "nulo", "😀" * 500, "fim ?"]
    utf_8 = struct.pack(">I4sI", 12, b"encd", 0x100)
    assert all(sample.endswith(utf_8) for sample in samples_of(data, b"text"))


def test_a_title_too_long_for_its_place_ends_with_a_whole_character() -> None:
    data = book([[b"sound"] * 9], marks(0, titles=["é" * 40_000]))
    assert texts(data) == ["é" * 32_767]
    nero = dict(boxes(data))["moov.udta.chpl"]
    assert nero[8:].endswith(bytes((254,)) + "é".encode() * 127)


def test_chapters_that_start_together_are_told_apart() -> None:
    assert starts(book([[b"sound"] * 99], marks(0, 1, 1, 1, 2))) == [0, 22_050, 22_051, 22_052, 44_100]


@given(st.lists(st.floats(0, 4), min_size=1, max_size=20).map(sorted))
def test_chapters_stand_where_they_start_and_the_last_ends_with_the_book(seconds: list[float]) -> None:
    data = book([[b"sound"] * 99], marks(*seconds))
    found = starts(data)
    assert all(abs(at - start * RATE) <= len(seconds) for at, start in zip(found, seconds, strict=True))
    assert all(one < next_one for one, next_one in pairwise(found))
    lengths = numbers(track(data, b"text")["stts"])[1::2]
    (end,) = struct.unpack_from(">I", track(data, b"text")["tkhd"], 20)
    assert end == found[0] + sum(lengths) == max(98 * 1_024, found[-1] + 1)


@pytest.mark.parametrize(("language", "code"), [("pt-BR", "por"), ("en", "eng"), ("qaa", "qaa"), ("x-none", "und")])
def test_the_language_is_named_by_three_letters(language: str, code: str) -> None:
    out = io.BytesIO()
    writer = M4bWriter(out, stream(1), Tags(title="t", language=language), ())
    writer.add(m4a([b"sound"]), 1)
    writer.finish()
    (packed,) = struct.unpack_from(">H", track(out.getvalue(), b"soun")["mdhd"], 20)
    assert "".join(chr((packed >> shift & 31) + 0x60) for shift in (10, 5, 0)) == code


def test_a_book_is_filed_as_an_audiobook_and_its_series_as_audiobookshelf_reads_it() -> None:
    out = io.BytesIO()
    tags = Tags(title="t", language="pt", series="Marés", series_index="2")
    writer = M4bWriter(out, stream(1), tags, ())
    writer.add(m4a([b"sound"]), 1)
    writer.finish()
    data = out.getvalue()
    assert b"stik\0\0\0\x11data\0\0\0\x15\0\0\0\0\x02" in data
    assert b"name\0\0\0\0SERIES-PART\0\0\0\x11data\0\0\0\1\0\0\0\x002" in data


def test_frames_that_cannot_hold_the_book_are_refused_before_anything_is_written() -> None:
    out = io.BytesIO()
    for wrong in (stream(10, samples=9 * 1_024 + 1), Stream(RATE, 960, 10, 960, 960), stream(0, samples=0)):
        with pytest.raises(ValueError, match="do not hold the book"):
            M4bWriter(out, wrong, TAGS, ())
    assert out.getvalue() == b""


def test_sections_of_another_kind_are_refused() -> None:
    writer = M4bWriter(io.BytesIO(), stream(3), TAGS, ())
    writer.add(m4a([b"sound"]), 1)
    with pytest.raises(ValueError, match="44100 Hz, and the book of 22050 Hz"):
        writer.add(m4a([b"sound"], rate=4), 1)
    with pytest.raises(ValueError, match="2 channels: a book is mono"):
        writer.add(m4a([b"sound"], channels=2), 1)
    with pytest.raises(ValueError, match="1 AAC frames instead of 3"):
        writer.finish()


def test_more_frames_than_the_book_has_are_refused() -> None:
    writer = M4bWriter(io.BytesIO(), stream(1), TAGS, ())
    with pytest.raises(ValueError, match="more than its 1 AAC frames"):
        writer.add(m4a([b"sound"] * 2), 2)


def decoded(path: Path) -> bytes:
    command = [ffmpeg.binary(), "-v", "error", "-i", str(path), "-f", "s16le", "pipe:1"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert not done.stderr
    return done.stdout


def test_it_sounds_as_the_one_that_ffmpeg_would_have_made(tmp_path: Path) -> None:
    encoded, theirs, ours = (tmp_path / name for name in ("section.m4a", "theirs.m4b", "ours.m4b"))
    seconds = 30_000 / RATE
    sweep = ("-f", "lavfi", "-i", f"aevalsrc=0.4*sin(2000*t*t):s={RATE}:d={seconds}")
    coder = ("-c:a", "aac", "-b:a", "64k", "-f", "mp4")
    encode = [ffmpeg.binary(), "-v", "error", *sweep, *coder, str(encoded)]
    copy = [ffmpeg.binary(), "-v", "error", "-i", str(encoded), "-c", "copy", "-f", "ipod", str(theirs)]
    subprocess.run(encode, stdin=subprocess.DEVNULL, check=True)
    subprocess.run(copy, stdin=subprocess.DEVNULL, check=True)
    body = encoded.read_bytes()
    with ours.open("w+b") as out:
        writer = M4bWriter(out, stream(frames_in(body), samples=30_000), TAGS, marks(0.5, 1))
        writer.add(body, frames_in(body))
        writer.finish()
    assert decoded(ours) == decoded(theirs)[: 2 * 30_000]
    read = [ffmpeg.binary(), "-v", "error", "-i", str(ours), "-f", "ffmetadata", "pipe:1"]
    told = subprocess.run(read, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
    assert b"START=11025\nEND=22050\n" in told, "the first chapter need not start with the book"
