"""How long a recording is, told from its content: WAV, MP3 and Ogg are read here, anything else by ffmpeg."""

import asyncio
import struct
from asyncio.subprocess import DEVNULL
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from typing import BinaryIO, Final

from darkchannel.audio import ffmpeg, mp3
from darkchannel.errors import Transient

LONGEST: Final = 7 * 86_400
"""Seconds; what claims to be longer is damaged."""
FFMPEG_SECONDS: Final = 60.0
"""For one file, of which nothing is decoded: many times what 200 MB take."""

_JUNK: Final = 1 << 16
"""Bytes between two MP3 frames that are passed over."""
_AT_LEAST: Final = 3
"""MP3 frames in a row that are no chance."""
_MOST_CHUNKS: Final = 1_000
"""Of a RIFF file, in front of its samples."""
_PAGE: Final = struct.Struct("<4sBBqII")
"""Of Ogg, as far as the page's number: https://www.rfc-editor.org/rfc/rfc3533#section-6."""
_LONGEST_PAGE: Final = 65_307
_NO_PACKET_ENDS: Final = -1
_OPUS_RATE: Final = 48_000

_CONTAINERS: Final = "matroska,webm,ogg,mov,mp4,flac,aac,amr,caf,wav,w64"
"""What ffmpeg may take a file for; a playlist, say, would have it read other files."""


async def measured(file: BinaryIO) -> float | None:
    """Seconds of audio in a file, at whose start it stands; None for what has none.

    Raises Transient where ffmpeg stands still or is killed, Unavailable where there is none.
    """
    seconds = _possible(await asyncio.to_thread(_quickly, file))
    return _possible(await _by_ffmpeg(file)) if seconds is None else seconds


def _possible(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 0 < seconds <= LONGEST else None


def _quickly(file: BinaryIO) -> float | None:
    if not file.seek(0, 2):
        return None
    with mmap(file.fileno(), 0, access=ACCESS_READ) as body:
        return seconds_of(body)


def seconds_of(body: bytes | mmap) -> float | None:
    """Seconds of a WAV, an MP3 or an Ogg with Opus or Vorbis; None for anything else."""
    match body[:4]:
        case b"RIFF" | b"RF64":
            return _wav(body)
        case b"OggS":
            return _ogg(body)
        case b"\x1aE\xdf\xa3":  # WebM: an MP3 frame in it would be chance
            return None
    return _mp3(body)


def _wav(body: bytes | mmap) -> float | None:
    """By the rate of bytes, which every codec states, and the bytes that are there.

    Who does not know their number when they begin states none, or the largest, as RF64 does:
    https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
    """
    bytes_a_second = 0
    for name, start, size in _chunks(body):
        if name == b"fmt ":
            bytes_a_second = int.from_bytes(body[start + 8 : start + 12], "little")
        if name == b"data" and bytes_a_second:
            there = len(body) - start
            return min(size or there, there) / bytes_a_second
    return None


def _chunks(body: bytes | mmap) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and stated size of each chunk."""
    at = 12
    for _ in range(_MOST_CHUNKS):
        if body[8:12] != b"WAVE" or at + 8 > len(body):
            return
        size = int.from_bytes(body[at + 4 : at + 8], "little")
        yield body[at : at + 4], at + 8, size
        at += 8 + size + size % 2


def _ogg(body: bytes | mmap) -> float | None:
    """By the position that the last page of the first stream states: https://www.rfc-editor.org/rfc/rfc7845#section-4."""
    first = _page(body, 0)
    if first is None:
        return None
    start, (_, serial) = 27 + body[26], first
    head = body[start : start + 30]
    if head[:8] == b"OpusHead":
        rate, skipped = _OPUS_RATE, int.from_bytes(head[10:12], "little")
    elif head[:7] == b"\x01vorbis":
        rate, skipped = int.from_bytes(head[12:16], "little"), 0
    else:
        return None
    end = _last_position(body, serial)
    return (end - skipped) / rate if end is not None and rate else None


def _last_position(body: bytes | mmap, serial: int) -> int | None:
    """In samples; None where a stream of another number ends the file: only ffmpeg adds the two."""
    at = len(body)
    while (at := body.rfind(b"OggS", max(0, len(body) - 4 * _LONGEST_PAGE), at)) >= 0:
        page = _page(body, at)
        if page is not None and page[0] != _NO_PACKET_ENDS:
            return page[0] if page[1] == serial else None
    return None


def _page(body: bytes | mmap, at: int) -> tuple[int, int] | None:
    """The position at which a page ends and the number of its stream."""
    if at + 27 > len(body):
        return None
    _, version, _, position, serial, _ = _PAGE.unpack(body[at : at + _PAGE.size])
    return (position, serial) if version == 0 else None


def _mp3(body: bytes | mmap) -> float | None:
    """By walking from frame to frame, over tags and damage of moderate size."""
    seconds = 0.0
    at = mp3.id3_size(body[:10])
    while (start := _first_frame(body, at)) is not None:
        form = mp3.format_of(body[start : start + 3])
        frames, at = _walk(body, start, form)
        seconds += frames * form.samples / form.rate
    return seconds or None


def _first_frame(body: bytes | mmap, at: int) -> int | None:
    """Where the next frames in a row start, within what may be junk."""
    end = at + _JUNK
    while (at := body.find(b"\xff", at, end)) >= 0:
        try:
            form = mp3.format_of(body[at : at + 3])
        except ValueError:
            pass
        else:
            if _walk(body, at, form, _AT_LEAST)[0] == _AT_LEAST:
                return at
        at += 1
    return None


def _walk(body: bytes | mmap, at: int, form: mp3.Format, most: int = 1 << 62) -> tuple[int, int]:
    """How many whole frames of one form follow one another from here on, and where they end."""
    frames, end, sizes = 0, len(body), form.sizes
    while frames < most and (size := sizes.get(body[at : at + 3])) and at + size <= end:
        at += size
        frames += 1
    return frames, at


async def _by_ffmpeg(file: BinaryIO) -> float | None:
    """The time at which the first stream of audio ends, none of it decoded; None where there is none."""
    arguments = (
        *ffmpeg.QUIET, "-nostats", "-progress", "pipe:1",
        "-protocol_whitelist", "pipe", "-format_whitelist", _CONTAINERS, "-i", "pipe:0",
        "-map", "0:a:0", "-c", "copy", "-f", "null", "-",
    )  # fmt: skip
    file.seek(0)
    process = await ffmpeg.start(arguments, stdin=file, stderr=DEVNULL)
    try:
        async with asyncio.timeout(FFMPEG_SECONDS):
            told, _ = await process.communicate()
    except TimeoutError as error:
        raise Transient(f"ffmpeg did not measure a recording within {FFMPEG_SECONDS:g} s") from error
    finally:
        await ffmpeg.end(process)
    if (process.returncode or 0) < 0:
        raise Transient(f"ffmpeg was ended by signal {-(process.returncode or 0)} while it measured a recording")
    return None if process.returncode else _progressed(told)


def _progressed(told: bytes) -> float | None:
    """The last time in a progress report: https://ffmpeg.org/ffmpeg.html#Main-options."""
    times = [line.partition(b"=")[2] for line in told.splitlines() if line.startswith(b"out_time_us=")]
    return int(times[-1]) / 1e6 if times and times[-1].isdigit() else None
