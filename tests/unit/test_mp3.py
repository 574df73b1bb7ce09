"""Samples are counted from frame headers alone, so that chapter marks stand where their chapter begins."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.audio import ffmpeg, mp3
from services.merger.encodings import ENCODINGS


def encoded(samples: int, *, rate: int, bitrate: str) -> bytes:
    """Frames from ffmpeg itself, at any rate and bitrate."""
    source = ("-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0")
    settings = [bitrate if item == "64k" else item for item in ENCODINGS["mp3"].arguments]
    command = [ffmpeg.binary(), *ffmpeg.QUIET, *source, *settings, "pipe:1"]
    done = subprocess.run(command, input=bytes(2 * samples), capture_output=True, check=True)
    return done.stdout


def decoded_samples(frames: bytes) -> int:
    command = [ffmpeg.binary(), "-loglevel", "error", "-f", "mp3", "-i", "pipe:0", "-f", "s16le", "pipe:1"]
    return len(subprocess.run(command, input=frames, capture_output=True, check=True).stdout) // 2


@pytest.fixture(scope="module")
def frames() -> bytes:
    return encoded(50_000, rate=22_050, bitrate="64k")


@pytest.mark.parametrize(
    ("rate", "bitrate"),
    [(8_000, "16k"), (16_000, "32k"), (22_050, "64k"), (24_000, "64k"), (44_100, "128k"), (44_100, "192k")],
)
def test_it_counts_the_samples_that_a_decoder_yields(rate: int, bitrate: str) -> None:
    frames = encoded(70_001, rate=rate, bitrate=bitrate)
    assert mp3.samples(frames) == decoded_samples(frames)


def test_sections_joined_have_the_sum_of_their_samples(frames: bytes) -> None:
    assert mp3.samples(frames * 3) == 3 * mp3.samples(frames)


def test_nothing_has_no_samples() -> None:
    assert mp3.samples(b"") == 0


def test_the_first_frame_that_is_none_is_named(frames: bytes) -> None:
    with pytest.raises(ValueError, match=f"no MP3 frame at byte {len(frames)}"):
        mp3.samples(frames + b"TAG")


@given(st.data())
def test_frames_cut_anywhere_but_between_two_are_refused(frames: bytes, data: st.DataObject) -> None:
    cut = frames[: data.draw(st.integers(1, len(frames) - 1))]
    try:
        count = mp3.samples(cut)
    except ValueError:
        return
    assert count < mp3.samples(frames)
    assert mp3.samples(frames[len(cut) :]) == mp3.samples(frames) - count


@given(st.binary(min_size=1, max_size=100))
def test_bytes_that_are_no_frames_are_refused_and_never_loop(noise: bytes) -> None:
    with pytest.raises(ValueError, match="MP3 frame"):
        mp3.samples(noise)
