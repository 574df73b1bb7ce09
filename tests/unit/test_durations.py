"""Recordings made by a real ffmpeg have the length they were made with; what is not audio has none."""

import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.audio import ffmpeg
from darkchannel.errors import Transient, Unavailable
from services.handoff_notifier import durations
from services.handoff_notifier.durations import measured, seconds_of

SECONDS = 3.7
QUICK = {
    "wav of a telephone": "-ar 8000 -c:a pcm_s16le -f wav",
    "wav in mu-law": "-ar 8000 -c:a pcm_mulaw -f wav",
    "wav in ADPCM": "-c:a adpcm_ms -f wav",
    "wav of six channels of 24 bits": "-ac 6 -c:a pcm_s24le -f wav",
    "wav with large sizes": "-rf64 always -f wav",
    "mp3 of one bitrate": "-c:a libmp3lame -b:a 64k -f mp3",
    "mp3 of many bitrates": "-c:a libmp3lame -q:a 5 -f mp3",
    "mp3 with nothing around it": "-ar 8000 -c:a libmp3lame -write_xing 0 -id3v2_version 0 -f mp3",
    "mp3 with a tag at either end": "-c:a libmp3lame -write_id3v1 1 -metadata title=Ligação -f mp3",
    "ogg with Opus": "-c:a libopus -f ogg",
    "ogg with Vorbis": "-c:a libvorbis -f ogg",
}
BY_FFMPEG = {
    "webm with Opus": "-c:a libopus -f webm",
    "webm of a live stream": "-c:a libopus -live 1 -f webm",
    "webm with Vorbis": "-c:a libvorbis -f webm",
    "ogg with FLAC": "-c:a flac -f ogg",
    "aac": "-c:a aac -f adts",
}


def ran(arguments: str) -> bytes:
    command = [ffmpeg.binary(), *ffmpeg.QUIET, *arguments.split(), "pipe:1"]
    return subprocess.run(command, check=True, capture_output=True).stdout


@cache
def sound(arguments: str, seconds: float = SECONDS) -> bytes:
    return ran(f"-f lavfi -i sine=440:duration={seconds} {arguments}")


async def of(body: bytes) -> float | None:
    with tempfile.TemporaryFile() as file:
        file.write(body)
        file.flush()
        return await measured(file)


def wav(data: bytes, size: int, *, rate: int = 8_000, before: bytes = b"") -> bytes:
    """16-bit mono; ``size``: what the chunk of samples says it has."""
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return b"RIFF\xff\xff\xff\xffWAVE" + before + fmt + struct.pack("<4sI", b"data", size) + data


@pytest.mark.parametrize("arguments", [pytest.param(it, id=name) for name, it in QUICK.items()])
def test_the_usual_containers_are_read_without_a_program(arguments: str) -> None:
    seconds = seconds_of(sound(arguments))
    assert seconds is not None
    assert SECONDS <= seconds <= SECONDS + 0.2


@pytest.mark.parametrize("codec", ["libopus", "libvorbis"])
def test_what_an_ogg_begins_with_before_its_sound_does_not_count(codec: str) -> None:
    assert seconds_of(sound(f"-c:a {codec} -f ogg")) == pytest.approx(SECONDS, abs=0.001)


@pytest.mark.parametrize("arguments", [pytest.param(it, id=name) for name, it in BY_FFMPEG.items()])
async def test_what_is_not_read_here_is_measured_by_ffmpeg(arguments: str) -> None:
    assert seconds_of(sound(arguments)) is None
    assert await of(sound(arguments)) == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 32_000, 1 << 30])
def test_a_wav_that_was_streamed_or_cut_is_as_long_as_what_is_there(size: int) -> None:
    assert seconds_of(wav(bytes(32_000), size)) == 2.0


def test_what_stands_before_and_after_the_samples_of_a_wav_is_no_sound() -> None:
    odd = b"LIST" + struct.pack("<I", 5) + b"INFO!\0"
    assert seconds_of(wav(bytes(16_000) + odd * 100, 16_000, before=odd)) == 1.0


def test_mp3_of_two_rates_and_damage_between_is_measured_whole() -> None:
    one, two = sound("-c:a libmp3lame -f mp3"), sound("-ar 16000 -c:a libmp3lame -f mp3")
    seconds = seconds_of(one + bytes(3_000) + two)
    assert seconds == pytest.approx(2 * SECONDS, abs=0.3)


def test_mp3_that_begins_or_ends_within_a_frame_is_measured_by_its_whole_frames() -> None:
    body = sound("-c:a libmp3lame -b:a 64k -write_xing 0 -id3v2_version 0 -f mp3")
    assert seconds_of(body[100:-100]) == pytest.approx(SECONDS, abs=0.1)


def test_a_frame_that_is_not_whole_is_no_sound() -> None:
    body = sound("-c:a libmp3lame -b:a 64k -write_xing 0 -id3v2_version 0 -f mp3")
    whole, cut = seconds_of(body), seconds_of(body[:-1])
    assert whole is not None
    assert cut == pytest.approx(whole - 1152 / 44_100)


def test_a_large_picture_in_the_tag_of_an_mp3_is_passed_over() -> None:
    tag = b"ID3\x03\0\0" + bytes((0, 12, 0, 0)) + os.urandom(12 << 14)
    assert seconds_of(tag + sound("-c:a libmp3lame -f mp3")) == pytest.approx(SECONDS, abs=0.1)


def test_ogg_that_lost_its_end_is_as_long_as_its_last_whole_page() -> None:
    body = sound("-c:a libopus -page_duration 200000 -f ogg")
    seconds = seconds_of(body[: len(body) // 2])
    assert seconds is not None
    assert SECONDS / 3 < seconds < SECONDS


def test_a_page_of_ogg_on_which_no_packet_ends_states_no_position() -> None:
    body = sound("-c:a libopus -f ogg")
    page = struct.pack("<4sBBqIIIB", b"OggS", 0, 0, -1, int.from_bytes(body[14:18], "little"), 9, 0, 0)
    assert seconds_of(body + page) == pytest.approx(SECONDS, abs=0.001)


async def test_two_oggs_in_a_row_are_not_taken_for_the_first() -> None:
    body = sound("-c:a libopus -serial_offset 1 -f ogg") + sound("-c:a libopus -serial_offset 9 -f ogg", 2.0)
    assert seconds_of(body) is None


def granule(body: bytes, position: int) -> bytes:
    """An Ogg whose last page states this position."""
    at = body.rfind(b"OggS") + 6
    return body[:at] + struct.pack("<q", position) + body[at + 8 :]


@pytest.mark.parametrize("position", [1 << 62, -(1 << 40), 1])
async def test_an_ogg_whose_last_position_cannot_be_is_measured_by_ffmpeg(position: int) -> None:
    body = granule(sound("-c:a libopus -page_duration 200000 -f ogg"), position)
    assert await of(body) == pytest.approx(SECONDS, abs=0.5)


async def test_a_wav_whose_stated_rate_cannot_be_is_measured_by_ffmpeg() -> None:
    body = wav(bytes(3_200_000), 3_200_000).replace(struct.pack("<I", 16_000), struct.pack("<I", 1), 1)
    assert await of(body) == pytest.approx(200)


async def test_a_film_is_as_long_as_its_sound() -> None:
    video = ran(
        f"-f lavfi -i color=d={SECONDS}:s=64x64 -f lavfi -i sine=440:d={SECONDS} -c:v libvpx -c:a libopus -f webm"
    )
    assert await of(video) == pytest.approx(SECONDS, abs=0.1)


PICTURE = "-f lavfi -i color=s=320x200:d=0.1,noise=alls=100 -frames:v 1 -c:v mjpeg -f image2pipe"
SILENT = {
    "nothing": lambda: b"",
    "one byte": lambda: b"R",
    "text": lambda: "Cliente: olá\n".encode() * 2_000,
    "a page": lambda: b"<!doctype html><title>404</title>" * 500,
    "a picture": lambda: ran(PICTURE),
    "a picture with the tag of an mp3": lambda: b"ID3\x03\0\0\0\0\0\x0a" + bytes(10) + ran(PICTURE),
    "a tag without its mp3": lambda: b"ID3\x03\0\0\0\0\x7f\x7f" + bytes(500),
    "a wav without samples": lambda: wav(b"", 0),
    "a wav without a format": lambda: b"RIFF\0\0\0\0WAVEdata\x10\0\0\0" + bytes(16),
    "a wav of no rate": lambda: wav(bytes(100), 100, rate=0),
    "a wav of a thousand years": lambda: wav(bytes(2_000_000), 2_000_000, rate=1),
    "an ogg without sound": lambda: sound("-c:a libopus -f ogg")[:47],
    "a film without sound": lambda: ran("-f lavfi -i color=d=0.2:s=64x64 -c:v libvpx -f webm"),
    "noise": lambda: os.urandom(300_000),
    "ones": lambda: b"\xff" * 300_000,
    "the beginnings of frames": lambda: b"\xff\xfb\x90\x00" * 2 + bytes(1_000),
}


@pytest.mark.parametrize("body", [pytest.param(it, id=name) for name, it in SILENT.items()])
async def test_what_is_not_audio_has_no_length(body: Callable[[], bytes]) -> None:
    assert await of(body()) is None


STARTS = [b"", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0", b"OggS\0", b"ID3", b"\xff\xfb"]


@given(st.binary(max_size=400), st.sampled_from(STARTS))
def test_no_bytes_raise(body: bytes, start: bytes) -> None:
    seconds = seconds_of(start + body)
    assert seconds is None or seconds == seconds


@given(st.lists(st.tuples(st.binary(min_size=4, max_size=4), st.integers(0, 40)), max_size=5), st.integers(1, 500))
def test_the_samples_of_a_wav_are_found_behind_any_chunks(chunks: list[tuple[bytes, int]], samples: int) -> None:
    before = b"".join(
        struct.pack("<4sI", name, size) + bytes(size + size % 2)
        for name, size in chunks
        if name not in (b"data", b"fmt ")
    )
    assert seconds_of(wav(bytes(2 * samples), 2 * samples, before=before)) == samples / 8_000


async def test_a_playlist_has_no_other_file_read(tmp_path: Path) -> None:
    (tmp_path / "one.webm").write_bytes(sound(BY_FFMPEG["webm with Opus"]))
    concat = f"ffconcat version 1.0\nfile '{tmp_path}/one.webm'\n"
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{tmp_path}/one.webm\n#EXT-X-ENDLIST\n"
    assert [await of(playlist.encode()) for playlist in (concat, hls)] == [None, None]


async def test_a_missing_ffmpeg_is_no_verdict_on_a_recording(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DARKCHANNEL_FFMPEG", str(tmp_path / "none"))
    with pytest.raises(Unavailable, match="does not start"):
        await of(sound(BY_FFMPEG["webm with Opus"]))


@pytest.mark.parametrize(("script", "reason"), [("kill -9 $$", "signal 9"), ("exec sleep 60", "within 0.05 s")])
async def test_an_ffmpeg_that_is_killed_or_hangs_is_no_verdict_on_a_recording(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, reason: str
) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("DARKCHANNEL_FFMPEG", str(program))
    monkeypatch.setattr(durations, "FFMPEG_SECONDS", 0.05 if "sleep" in script else 60)
    with pytest.raises(Transient, match=reason):
        await of(b"\x1aE\xdf\xa3")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has batches")
async def test_no_thread_of_an_ffmpeg_that_measures_interrupts_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program, policy = tmp_path / "ffmpeg", tmp_path / "policy"
    # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    program.write_text(f"#!/bin/sh\ncat > /dev/null\ncut -d ' ' -f 41 /proc/$$/stat > {policy}\n")
    program.chmod(0o755)
    monkeypatch.setenv("DARKCHANNEL_FFMPEG", str(program))
    assert await of(b"\x1aE\xdf\xa3") is None
    assert int(policy.read_text()) == os.SCHED_BATCH
