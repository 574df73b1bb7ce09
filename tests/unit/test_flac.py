"""FLAC books: the samples of their sections to the last bit, in frames that are numbered through."""

import struct
import subprocess
from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkchannel.audio import ffmpeg
from darkchannel.jobs.records import Mark
from services.merger.containers import Stream, Tags
from services.merger.containers.flac import FlacWriter, frames_in
from services.merger.containers.flac_frames import Layout, checksum, headers, moved

RATE = 22_050
FRAME = 16
"""The fewest samples that FLAC allows: numbers of 1, 2 and 3 bytes are reached in a second of sound."""
TAGS = Tags(title="O cais", language="pt-BR")
LAYOUT = Layout(b"\xff\xf8\x66\x08", b"\x0f")


def sound(samples: int, silent_end: int = 0) -> NDArray[np.int16]:
    noise = np.random.default_rng(samples).integers(-3_000, 3_000, samples, dtype=np.int16)
    noise[samples - silent_end :] = 0
    return noise


def encoded(
    pcm: NDArray[np.int16], folder: Path, *arguments: str, rate: int = RATE, channels: int = 1, frame: int = FRAME
) -> bytes:
    out = folder / "section.flac"
    source = ("-f", "s16le", "-ar", str(rate), "-ac", str(channels), "-i", "pipe:0")
    coder = ("-c:a", "flac", "-frame_size", str(frame), *arguments, "-fflags", "+bitexact", str(out))
    subprocess.run([ffmpeg.binary(), "-v", "error", "-y", *source, *coder], input=pcm.tobytes(), check=True)
    return out.read_bytes()


def decoded(flac: bytes) -> NDArray[np.int16]:
    """What ffmpeg makes of it; it minds every checksum."""
    strict = ("-err_detect", "crccheck+bitstream+buffer+explode", "-xerror")
    command = [ffmpeg.binary(), "-v", "error", *strict, "-f", "flac", "-i", "pipe:0", "-f", "s16le", "pipe:1"]
    done = subprocess.run(command, input=flac, capture_output=True, check=True)
    assert not done.stderr
    return np.frombuffer(done.stdout, np.int16)


@pytest.fixture(scope="module")
def pcm() -> NDArray[np.int16]:
    """2,203 whole frames and 7 samples."""
    return sound(2_203 * FRAME + 7, silent_end=FRAME * 4)


@pytest.fixture(scope="module")
def section(pcm: NDArray[np.int16], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return encoded(pcm, tmp_path_factory.mktemp("flac"))


def book(
    section: bytes, keeps: Sequence[int], samples: int, *, frames: int | None = None, chapters: Sequence[Mark] = ()
) -> bytes:
    out = BytesIO()
    stream = Stream(rate=RATE, frame=FRAME, frames=frames or sum(keeps), delay=0, samples=samples)
    writer = FlacWriter(out, stream, TAGS, chapters)
    for keep in keeps:
        writer.add(section, keep)
    writer.finish()
    assert out.tell() == len(out.getvalue())
    return out.getvalue()


def blocks(flac: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """The metadata, and where the first frame begins."""
    found, at, is_last = [], 4, False
    while not is_last:
        is_last, size = bool(flac[at] & 0x80), int.from_bytes(flac[at + 1 : at + 4], "big")
        found.append((flac[at] & 0x7F, flac[at + 4 : at + 4 + size]))
        at += 4 + size
    return found, at


def plain(polynomial: int, bits: int, data: bytes) -> int:
    """A checksum bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value >> (bits - 1) else 0)) & ((1 << bits) - 1)
    return value


def coded(number: int) -> bytes:
    """As UTF-8 was defined before it was limited to 21 bits, and one byte more."""
    if number < 0x80:
        return bytes((number,))
    rest = []
    room = 0x3F
    while number > room:
        rest.append(0x80 | number & 0x3F)
        number >>= 6
        room >>= 1
    return bytes((~(room << 1 | 1) & 0xFF | number, *reversed(rest)))


@given(st.binary(max_size=200))
def test_the_checksum_of_a_frame_is_that_of_the_plain_rule(data: bytes) -> None:
    assert checksum(data) == plain(0x8005, 16, data)


@given(
    st.one_of(st.integers(0, (1 << 36) - 9), st.sampled_from([7, 11, 16, 21, 26, 31]).map(lambda bits: (1 << bits) - 4))
)
def test_headers_hold_their_number_and_both_checksums(first: int) -> None:
    made = headers(LAYOUT, first, 8)
    for number, header, length, whole in zip(
        range(first, first + 8), made.each, made.lengths, made.checksums, strict=True
    ):
        covered = LAYOUT.prefix + coded(number) + LAYOUT.suffix
        assert header == covered + bytes((plain(0x07, 8, covered),))
        assert (length, whole) == (len(header), plain(0x8005, 16, header))


@pytest.mark.parametrize("number", [0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF])
def test_small_numbers_are_coded_as_utf_8(number: int) -> None:
    assert coded(number) == chr(number).encode("utf-8", "surrogatepass")


@given(st.binary(max_size=12), st.binary(max_size=12), st.binary(max_size=300))
def test_a_frame_with_another_header_has_its_checksum_moved_by_the_length_of_the_rest(
    old: bytes, new: bytes, rest: bytes
) -> None:
    difference = np.array([plain(0x8005, 16, old) ^ plain(0x8005, 16, new)], np.uint16)
    change = int(moved(difference, np.array([len(rest)]))[0])
    assert plain(0x8005, 16, new + rest) == plain(0x8005, 16, old + rest) ^ change


@settings(max_examples=30)
@given(st.lists(st.integers(0, 2_203), min_size=1, max_size=3).filter(any))
def test_a_book_is_a_flac_file_of_frames_numbered_through(section: bytes, keeps: list[int]) -> None:
    joined = book(section, keeps, sum(keeps) * FRAME)
    assert frames_in(joined) == sum(keeps)


def test_the_samples_of_each_section_are_there_to_the_last_bit(section: bytes, pcm: NDArray[np.int16]) -> None:
    keeps = [2_203, 100, 0, 2_190]
    expected = np.concatenate([pcm[: keep * FRAME] for keep in keeps])
    assert np.array_equal(decoded(book(section, keeps, len(expected))), expected)


@pytest.mark.parametrize("short", [1, FRAME // 2, FRAME - 1])
def test_a_book_that_ends_in_silence_has_its_samples_and_not_one_more(
    section: bytes, pcm: NDArray[np.int16], short: int
) -> None:
    samples = 2_203 * FRAME - short
    joined = book(section, [2_203], samples)
    assert np.array_equal(decoded(joined), pcm[:samples])
    assert frames_in(joined) == 2_202


def test_the_shortened_frame_at_the_end_may_be_the_smallest_of_all_or_the_largest(tmp_path: Path) -> None:
    section = encoded(np.zeros(3 * 1_024, np.int16), tmp_path, frame=1_024)
    out = BytesIO()
    writer = FlacWriter(out, Stream(RATE, 1_024, 1, 0, 1_000), TAGS, ())
    writer.add(section, 1)
    writer.finish()
    ((_, info), *_), at = blocks(out.getvalue())
    size = len(out.getvalue()) - at
    assert (info[4:7], info[7:10]) == (size.to_bytes(3, "big"), size.to_bytes(3, "big"))
    assert len(decoded(out.getvalue())) == 1_000


def test_more_frames_than_a_section_holds_are_refused(section: bytes) -> None:
    with pytest.raises(ValueError, match="holds 2203 frames, not the 2204 asked for"):
        book(section, [2_204], 9_000)


def test_a_book_that_ends_in_sound_loses_none_of_it(section: bytes, pcm: NDArray[np.int16]) -> None:
    samples = 1_000 * FRAME - 5
    joined = book(section, [1_000], samples)
    assert np.array_equal(decoded(joined), pcm[: 1_000 * FRAME])
    (_, info), *_ = blocks(joined)[0]
    assert int.from_bytes(info[10:18], "big") & (1 << 36) - 1 == samples


@pytest.mark.parametrize("samples", [1, FRAME, 3_000 * FRAME + 1])
def test_frames_after_the_end_of_the_book_fall_out(section: bytes, samples: int) -> None:
    joined = book(section, [2_203, 2_203, 500], samples)
    assert len(decoded(joined)) == -(-samples // FRAME) * FRAME


def test_the_head_tells_what_the_frames_are(section: bytes) -> None:
    joined = book(section, [2_000, 2_000], 4_000 * FRAME)
    found, at = blocks(joined)
    assert [kind for kind, _ in found] == [0, 4]
    least, most, *_ = struct.unpack(">HH", found[0][1][:4])
    assert (least, most) == (FRAME, FRAME)
    smallest, largest = (int.from_bytes(found[0][1][begin : begin + 3], "big") for begin in (4, 7))
    edges = [at]
    for header in headers(Layout(joined[at : at + 4], joined[at + 5 : at + 6]), 1, 3_999).each:
        edges.append(joined.index(header, edges[-1] + 1))
    edges.append(len(joined))
    sizes = [end - begin for begin, end in pairwise(edges)]
    assert (smallest, largest) == (min(sizes), max(sizes))
    assert all(checksum(joined[begin:end]) == 0 for begin, end in pairwise(edges))


def test_each_chapter_can_be_sought_at_the_frame_that_holds_its_start(section: bytes) -> None:
    frames = [0, 150, 1_999, 2_000, 3_456]
    chapters = [Mark(title="", start=(frame + 0.5) * FRAME / RATE, end=0) for frame in (*frames, 3_456, 9_999)]
    joined = book(section, [2_000, 2_000], 4_000 * FRAME, chapters=chapters)
    found, at = blocks(joined)
    points = list(struct.iter_unpack(">QQH", found[1][1]))
    assert [point[0] for point in points] == [frame * FRAME for frame in frames]
    for frame, (_, offset, samples) in zip(frames, points, strict=True):
        layout = Layout(joined[at : at + 4], joined[at + 5 : at + 6])
        assert joined.startswith(headers(layout, frame, 1).each[0], at + offset)
        assert samples == FRAME


@pytest.mark.parametrize(
    ("rate", "frame"), [(8_000, 1_024), (11_025, 4_096), (12_345, 1_102), (24_000, 200), (44_100, 576)]
)
def test_any_rate_and_length_of_frames_is_read(rate: int, frame: int, tmp_path: Path) -> None:
    for rest in (0, 1, 100, 192, frame - 1):
        pcm = sound(3 * frame + rest)
        assert frames_in(encoded(pcm, tmp_path, rate=rate, frame=frame)) == 3 + rest // frame


def test_a_section_shorter_than_a_frame_has_none(tmp_path: Path) -> None:
    assert frames_in(encoded(sound(700), tmp_path, frame=1_024)) == 0


@given(st.data())
def test_a_section_cut_anywhere_is_refused(section: bytes, data: st.DataObject) -> None:
    with pytest.raises(ValueError, match="FLAC"):
        frames_in(section[: data.draw(st.integers(0, len(section) - 1))])


@given(st.integers(0, 2_202))
def test_a_section_that_lacks_a_frame_is_refused(section: bytes, number: int) -> None:
    _, at = blocks(section)
    layout = Layout(section[at : at + 4], section[at + 5 : at + 6])
    before, after = (
        section.index(headers(layout, each, 1).each[0], at) for each in (min(number, 2_201), min(number, 2_201) + 1)
    )
    with pytest.raises(ValueError, match="FLAC"):
        frames_in(section[:before] + section[after:])


def test_what_is_damaged_in_a_section_a_decoder_of_the_book_still_notices(section: bytes) -> None:
    _, at = blocks(section)
    header = headers(Layout(section[at : at + 4], section[at + 5 : at + 6]), 1_000, 1).each[0]
    damaged = bytearray(section)
    damaged[section.index(header) + len(header) + 9] ^= 4
    joined = book(bytes(damaged), [100, 2_203], 2_303 * FRAME)
    with pytest.raises(subprocess.CalledProcessError):
        decoded(joined)


def test_stereo_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mono"):
        frames_in(encoded(sound(4_000), tmp_path, channels=2))


def test_a_section_that_does_not_tell_its_length_is_refused(section: bytes) -> None:
    untold = section[:21] + bytes((section[21] & 0xF0,)) + bytes(4) + section[26:]
    with pytest.raises(ValueError, match="length that it tells"):
        frames_in(untold)


@pytest.mark.parametrize("changed", [{"rate": 24_000}, {"frame": 1_024}])
def test_a_section_of_another_format_is_refused(section: bytes, tmp_path: Path, changed: dict[str, int]) -> None:
    other = encoded(sound(9_000), tmp_path, **changed)
    writer = FlacWriter(BytesIO(), Stream(RATE, FRAME, 20, 0, 300), TAGS, ())
    with pytest.raises(ValueError, match="the section is of"):
        writer.add(other, 1)
    writer.add(section, 10)
    with pytest.raises(ValueError, match="the section is of"):
        writer.add(other, 1)


def test_a_cover_that_flac_has_no_room_for_is_refused() -> None:
    tags = Tags(title="O cais", language="pt-BR", cover=bytes(1 << 24))
    with pytest.raises(ValueError, match="too many"):
        FlacWriter(BytesIO(), Stream(RATE, FRAME, 20, 0, 300), tags, ())
