"""Opus books: the packets of their sections, each once and in order, at the positions that a player counts in."""

import subprocess
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkchannel.audio import ffmpeg
from services.merger.containers import Stream, Tags, ogg
from services.merger.containers.opus import OpusWriter, frames_in

TAGS = Tags(title="O cais", language="pt-BR")
DELAY = 312


def encoded(folder: Path, seconds: float, *arguments: str, channels: int = 1) -> bytes:
    out = folder / "section.opus"
    source = f"aevalsrc=exprs={'|'.join(['0.3*sin(2600*t)'] * channels)}:s=48000:d={seconds}"
    coder = ("-c:a", "libopus", "-b:a", "32k", *arguments, "-fflags", "+bitexact")
    command = [ffmpeg.binary(), "-v", "error", "-y", "-f", "lavfi", "-i", source, *coder, str(out)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return out.read_bytes()


@pytest.fixture(scope="module")
def section(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """3.3 s: pages of 50, 50, 50 and 16 packets."""
    return encoded(tmp_path_factory.mktemp("opus"), 3.3)


def packets(pages: Sequence[ogg.Page]) -> list[bytes]:
    found, rest = [], b""
    for page in pages:
        at = 0
        for length in page.lacing:
            rest += page.payload[at : at + length]
            at += length
            if length < 255:
                found.append(rest)
                rest = b""
    assert not rest
    return found


def book(section: bytes, keeps: Sequence[int], samples: int, *, frames: int | None = None) -> list[ogg.Page]:
    out = BytesIO()
    stream = Stream(rate=48_000, frame=960, frames=frames or sum(keeps), delay=DELAY, samples=samples)
    writer = OpusWriter(out, stream, TAGS, ())
    for keep in keeps:
        writer.add(section, keep)
    writer.finish()
    return list(ogg.pages(out.getvalue()))


@given(st.binary(max_size=300))
def test_the_checksum_is_that_of_the_plain_rule(data: bytes) -> None:
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    assert ogg.checksum(data) == value.to_bytes(4, "little")


def test_pages_are_packed_as_ffmpeg_packs_them(section: bytes) -> None:
    assert b"".join(page.pack() for page in ogg.pages(section)) == section


@pytest.mark.parametrize("size", [0, 1, 254, 255, 256, 65_024, 65_025, 65_026, 65_280, 200_000])
def test_a_header_may_be_longer_than_a_page(size: int) -> None:
    payload = bytes(number % 251 for number in range(size))
    pages = list(ogg.pages(b"".join(page.pack() for page in ogg.packet(payload, serial=7, sequence=1))))
    assert packets(pages) == [payload]
    assert [page.sequence for page in pages] == list(range(1, len(pages) + 1))
    assert [page.flags for page in pages] == [0] + [ogg.CONTINUED] * (len(pages) - 1)
    assert [page.granule for page in pages] == [ogg.NOWHERE] * (len(pages) - 1) + [0]


def test_every_packet_of_a_section_is_counted(section: bytes) -> None:
    assert frames_in(section) == 166 == len(packets(list(ogg.pages(section)))) - 2


@settings(max_examples=40)
@given(st.lists(st.integers(0, 166), min_size=1, max_size=5).filter(any))
def test_a_book_has_the_first_packets_of_each_section_at_continuous_positions(section: bytes, keeps: list[int]) -> None:
    source = packets(list(ogg.pages(section)))[2:]
    samples = sum(keeps) * 960 - DELAY - 1
    pages = book(section, keeps, samples)
    assert packets(pages)[2:] == [packet for keep in keeps for packet in source[:keep]]
    assert [page.sequence for page in pages] == list(range(len(pages)))
    assert [page.flags for page in pages] == [ogg.FIRST] + [0] * (len(pages) - 2) + [ogg.LAST]
    ends = [960 * len(packets(pages[2 : at + 1])) for at in range(2, len(pages))]
    assert [page.granule for page in pages[2:]] == [*ends[:-1], DELAY + samples]


@pytest.mark.parametrize("samples", [1, 960 - DELAY, 961 - DELAY, 50 * 960 - DELAY, 50 * 960 - DELAY + 1])
def test_packets_after_the_end_of_the_book_fall_out(section: bytes, samples: int) -> None:
    pages = book(section, [100, 166, 40], samples)
    assert len(packets(pages)) - 2 == -(-(samples + DELAY) // 960)
    assert (pages[-1].granule, pages[-1].flags) == (DELAY + samples, ogg.LAST)


@given(st.data())
def test_a_damaged_byte_is_noticed_wherever_it_is(section: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(section) - 1))
    damaged = bytearray(section)
    damaged[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="Ogg"):
        frames_in(bytes(damaged))


@given(st.data())
def test_a_section_cut_anywhere_is_refused(section: bytes, data: st.DataObject) -> None:
    with pytest.raises(ValueError, match=r"Ogg|cut"):
        frames_in(section[: data.draw(st.integers(0, len(section) - 1))])


def test_a_section_cut_between_two_pages_is_refused(section: bytes) -> None:
    with pytest.raises(ValueError, match="cut"):
        frames_in(section[: section.rindex(b"OggS")])


def test_a_section_that_lacks_a_page_is_refused(section: bytes) -> None:
    pages = [page.pack() for page in ogg.pages(section)]
    with pytest.raises(ValueError, match="missing"):
        frames_in(b"".join(pages[:3] + pages[4:]))


def test_something_after_a_section_is_refused(section: bytes) -> None:
    with pytest.raises(ValueError, match=r"missing|another"):
        frames_in(section + section)


def test_packets_of_another_length_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="20 ms"):
        frames_in(encoded(tmp_path, 2, "-frame_duration", "40"))


def test_a_last_page_that_ends_before_it_begins_is_refused(section: bytes) -> None:
    *pages, last = ogg.pages(section)
    early = last._replace(granule=pages[-1].granule)
    with pytest.raises(ValueError, match="20 ms"):
        frames_in(b"".join(page.pack() for page in (*pages, early)))


def test_a_packet_that_runs_over_two_pages_is_refused(tmp_path: Path) -> None:
    *pages, last = ogg.pages(encoded(tmp_path, 0.1, "-b:a", "256k", "-vbr", "off"))
    assert last.lacing[0] == 255
    head = last._replace(flags=0, granule=0, lacing=last.lacing[:1], payload=last.payload[:255])
    rest = last._replace(sequence=3, lacing=last.lacing[1:], payload=last.payload[255:])
    with pytest.raises(ValueError, match="20 ms"):
        frames_in(b"".join(page.pack() for page in (*pages, head, rest)))


def test_more_frames_than_a_section_holds_are_refused(section: bytes) -> None:
    with pytest.raises(ValueError, match="holds 166 frames, not the 167 asked for"):
        book(section, [167], 9_000)


@pytest.mark.parametrize(("channels", "delay"), [(2, DELAY), (1, 0)])
def test_a_section_encoded_otherwise_than_the_book_is_refused(channels: int, delay: int, tmp_path: Path) -> None:
    writer = OpusWriter(BytesIO(), Stream(48_000, 960, 10, delay, 9_000), TAGS, ())
    with pytest.raises(ValueError, match="otherwise"):
        writer.add(encoded(tmp_path, 1, channels=channels), 10)


@pytest.mark.parametrize("stream", [Stream(24_000, 480, 9, 0, 1), Stream(48_000, 1_920, 9, 0, 1)])
def test_a_stream_of_other_frames_is_refused(stream: Stream) -> None:
    with pytest.raises(ValueError, match="960 samples"):
        OpusWriter(BytesIO(), stream, TAGS, ())


@pytest.mark.parametrize(("frames", "samples"), [(10, 10 * 960 - DELAY + 1), (10, 0), (0, 1), (0, -5)])
def test_a_stream_that_its_frames_do_not_hold_is_refused(frames: int, samples: int) -> None:
    with pytest.raises(ValueError, match="do not hold"):
        OpusWriter(BytesIO(), Stream(48_000, 960, frames, DELAY, samples), TAGS, ())


@pytest.mark.parametrize("keeps", [[99], [101], [50, 49], [50, 51]])
def test_a_book_is_not_finished_with_more_or_fewer_frames_than_it_has(section: bytes, keeps: list[int]) -> None:
    with pytest.raises(ValueError, match="frames"):
        book(section, keeps, 9_000, frames=100)
