"""A section of AAC is read from the file that ffmpeg writes, and nothing else is taken for one."""

import struct
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.audio import ffmpeg
from services.merger.containers.m4a import Coding, frames_in, section
from services.merger.encodings import ENCODINGS
from tests.m4a import FILE_TYPE, m4a

FRAMES = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=8)


@given(FRAMES)
def test_the_frames_are_read_as_they_were(frames: list[bytes]) -> None:
    found = section(m4a(frames))
    assert found.sizes.tolist() == list(map(len, frames))
    assert found.frames == b"".join(frames)
    assert found.coding == Coding(7, 1)


@pytest.mark.parametrize("sound", ["0.4*sin(2000*t*t)", "0"], ids=["a sweep", "silence, of frames that are all alike"])
def test_what_ffmpeg_writes_holds_all_the_sound_that_it_was_given(sound: str, tmp_path: Path) -> None:
    seconds, rate = 3, 22_050
    path, encoding = tmp_path / "section.m4a", ENCODINGS["aac"]
    source = ("-f", "lavfi", "-i", f"aevalsrc={sound}:s={rate}:d={seconds}")
    command = [ffmpeg.binary(), "-v", "error", *source, *encoding.options(rate), *ffmpeg.REPEATABLE, str(path)]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
    found = section(path.read_bytes())
    assert (found.coding.rate, found.coding.channels) == (rate, 1)
    heard = seconds * rate + encoding.delay
    assert heard <= frames_in(path.read_bytes()) * 1_024 < heard + 2 * 1_024


@given(FRAMES, st.data())
def test_one_that_is_cut_anywhere_is_refused(frames: list[bytes], data: st.DataObject) -> None:
    whole = m4a(frames)
    with pytest.raises(ValueError, match="the section"):
        section(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(FRAMES, st.data())
def test_one_that_is_damaged_is_refused_or_can_be_decoded(frames: list[bytes], data: st.DataObject) -> None:
    damaged = bytearray(m4a(frames))
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        found = section(bytes(damaged))
        assert found.coding.rate
        assert found.sizes.min() > 0


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(ValueError, match="the section"):
        section(noise)
    with pytest.raises(ValueError, match="the section"):
        section(FILE_TYPE + noise)


@pytest.mark.parametrize(("kind", "rate", "channels"), [(5, 7, 1), (2, 13, 1), (2, 7, 0)])
def test_sound_of_another_kind_is_refused(kind: int, rate: int, channels: int) -> None:
    with pytest.raises(ValueError, match="another kind"):
        section(m4a([b"sound"], kind=kind, rate=rate, channels=channels))


@given(st.integers(769, 70_000))
def test_a_frame_that_is_larger_than_the_standard_has_it_is_read_as_it_is(size: int) -> None:
    frames = [b"sound", bytes(size), b"end"]
    found = section(m4a(frames))
    assert found.sizes.tolist() == [5, size, 3]
    assert found.frames == b"".join(frames)


def test_a_frame_of_no_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="AAC frames of no bytes"):
        section(m4a([b"sound", b"", b"end"]))


def test_a_table_that_leads_beyond_the_frames_is_refused() -> None:
    whole = m4a([b"sound", b"sound"])
    one_more = whole.replace(struct.pack(">II", 5, 5), struct.pack(">II", 5, 6))
    with pytest.raises(ValueError, match="10 bytes of AAC frames instead of 11"):
        section(one_more)
