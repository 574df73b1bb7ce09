"""MP3 books: the header frame tells the truth, and the frames are those of the sections."""

import struct
import subprocess
import tempfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkchannel.audio import ffmpeg, mp3
from services.merger.containers import Stream, Tags
from services.merger.containers.mp3 import Mp3Writer, checksum, frames_in

TAGS = Tags(title="Livro", language="pt-BR")
DELAY = 1_105
CONSTANT, VARIABLE = ("-b:a", "64k"), ("-q:a", "6")


def encoded(seconds: float, rate: int, *settings: str, loudness: float = 3_000) -> bytes:
    sound = np.random.default_rng(7).normal(0, loudness, round(seconds * rate)).astype(np.int16)
    command = [
        ffmpeg.binary(), "-v", "error", "-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0",
        "-c:a", "libmp3lame", *settings, "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3", "pipe:1",
    ]  # fmt: skip
    return subprocess.run(command, input=sound.tobytes(), capture_output=True, check=True).stdout


def stream_of(bodies: list[bytes], missing: int = 0) -> Stream:
    """As long as the frames allow, or shorter by some samples."""
    form, frames = mp3.format_of(bodies[0]), sum(map(frames_in, bodies))
    return Stream(form.rate, form.samples, frames, DELAY, frames * form.samples - DELAY - missing)


def book(bodies: list[bytes], missing: int = 0) -> bytes:
    out = BytesIO()
    writer = Mp3Writer(out, stream_of(bodies, missing), TAGS, ())
    for body in bodies:
        writer.add(body, frames_in(body))
    writer.finish()
    assert out.tell() == len(out.getvalue())
    return out.getvalue()


def decoded(sound: bytes) -> int:
    """How many samples ffmpeg yields; what is left out at the end it knows of a file alone, not of a pipe."""
    with tempfile.NamedTemporaryFile(suffix=".mp3") as file:
        file.write(sound)
        file.flush()
        command = [ffmpeg.binary(), "-nostdin", "-v", "error", "-i", file.name, "-f", "s16le", "pipe:1"]
        done = subprocess.run(command, capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return len(done.stdout) // 2


def header(sound: bytes) -> bytes:
    return sound[mp3.id3_size(sound) :]


@pytest.fixture(scope="module")
def constant() -> bytes:
    return encoded(3, 22_050, *CONSTANT)


@pytest.fixture(scope="module")
def variable() -> tuple[bytes, bytes]:
    """A loud section and a silent one: their frames differ in size."""
    return encoded(3, 22_050, *VARIABLE), encoded(6, 22_050, *VARIABLE, loudness=0)


def test_the_frames_of_a_book_are_those_of_its_sections(constant: bytes) -> None:
    assert book([constant, constant]).endswith(constant + constant)


def test_only_the_frames_to_be_kept_are_kept(constant: bytes) -> None:
    out = BytesIO()
    Mp3Writer(out, Stream(22_050, 576, 60, DELAY, 60 * 576 - DELAY), TAGS, ()).add(constant, 60)
    assert out.getvalue().endswith(constant[: mp3.edges(constant)[60]])


def test_a_section_too_short_for_a_frame_of_its_own_adds_nothing(constant: bytes) -> None:
    out = BytesIO()
    writer = Mp3Writer(out, stream_of([constant]), TAGS, ())
    for body, keep in ((constant, 0), (constant, frames_in(constant)), (b"", 0)):
        writer.add(body, keep)
    writer.finish()
    assert out.getvalue() == book([constant])


@pytest.mark.parametrize(("name", "settings"), [(b"Info", CONSTANT), (b"Xing", VARIABLE)])
def test_the_header_counts_every_frame_and_byte(name: bytes, settings: tuple[str, ...]) -> None:
    bodies = [encoded(2, 22_050, *settings), encoded(1, 22_050, *settings, loudness=0)]
    sound = header(book(bodies))
    at = sound.index(name)
    _, frames, size = struct.unpack(">3I", sound[at + 4 : at + 16])
    assert (frames, size) == (sum(map(frames_in, bodies)), len(sound))


@settings(max_examples=12)
@given(missing=st.integers(0, 600))
def test_a_decoder_yields_exactly_the_samples_of_the_book(constant: bytes, missing: int) -> None:
    assert decoded(book([constant], missing)) == stream_of([constant], missing).samples


@pytest.mark.parametrize(
    ("rate", "bitrate"), [(8_000, "8k"), (16_000, "16k"), (24_000, "64k"), (44_100, "192k"), (48_000, "320k")]
)
def test_the_header_frame_has_room_at_every_rate(rate: int, bitrate: str) -> None:
    body = encoded(1, rate, "-b:a", bitrate)
    assert decoded(book([body], 300)) == stream_of([body], 300).samples


def test_places_of_a_variable_bitrate_are_real_ones(variable: tuple[bytes, bytes]) -> None:
    bodies = [*variable, variable[0]]
    sound = header(book(bodies))
    toc = sound[sound.index(b"Xing") + 16 :][:100]
    edges = mp3.edges(sound)
    for percent in range(100):
        frame = 1 + (len(edges) - 2) * percent // 100  # the first one is the header's own
        assert toc[percent] == 256 * edges[frame] // len(sound)
    assert max(abs(toc[percent] - 256 * percent // 100) for percent in range(100)) > 20


def test_the_header_bears_its_own_checksum(constant: bytes) -> None:
    assert checksum(b"123456789") == 0xBB3D
    sound = header(book([constant]))
    told = sound.index(b"Info") + 120 + 34
    assert struct.unpack(">H", sound[told : told + 2]) == (checksum(sound[:told]),)


def test_a_section_at_another_rate_is_refused(constant: bytes) -> None:
    writer = Mp3Writer(BytesIO(), stream_of([constant]), TAGS, ())
    with pytest.raises(ValueError, match="24000 Hz is in a book of 576 at 22050 Hz"):
        writer.add(encoded(1, 24_000, *CONSTANT), 3)


@pytest.mark.parametrize("samples", [-4_096, 1])
def test_samples_that_the_frames_cannot_hold_are_refused(constant: bytes, samples: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Mp3Writer(BytesIO(), stream_of([constant], -samples), TAGS, ())


def test_a_section_of_no_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="no bytes"):
        frames_in(b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_told(constant: bytes) -> None:
    with pytest.raises(OSError, match="No space left"), Path("/dev/full").open("r+b", buffering=0) as out:
        Mp3Writer(out, stream_of([constant]), TAGS, ())
