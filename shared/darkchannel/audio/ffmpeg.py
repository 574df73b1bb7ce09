"""ffmpeg as a subprocess: it is fed and drained at once, in flat memory, and killed where its caller gives up."""

import asyncio
import errno
import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from darkchannel.audio import mp3
from darkchannel.errors import Transient, Unavailable
from darkchannel.jobs.records import Mark

MP3_BITRATE: Final = "64k"
STALL_SECONDS: Final = 60.0
"""Longest time in which ffmpeg takes no input and does not end: a bound that grows with the input."""
PIPE_BYTES: Final = 1 << 18
"""Four times the usual: each time a pipe runs full or empty costs both sides a turn. Linux alone minds it."""
LAST_WORDS: Final = 500
TASTE_BYTES: Final = 1 << 14
"""Enough frames for ffmpeg to see what it tags."""

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_QUIET: Final = ("-hide_banner", "-nostdin", "-loglevel", "error", "-y")
_REPEATABLE: Final = ("-fflags", "+bitexact", "-flags:a", "+bitexact")
_LANGUAGES: Final = {"pt": "por", "en": "eng", "es": "spa", "fr": "fra", "de": "deu", "it": "ita"}
"""ID3 knows ISO 639-2 codes of three letters: https://id3.org/id3v2.3.0#TLAN"""


def binary() -> str:
    """The path of ffmpeg: ``DARKCHANNEL_FFMPEG`` or the one of the imageio-ffmpeg wheel.

    Raises Unavailable where there is none.
    """
    if named := os.environ.get("DARKCHANNEL_FFMPEG"):
        return named
    try:
        import imageio_ffmpeg  # noqa: PLC0415 - slow to import, and needed only here

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise Unavailable(
            "there is no ffmpeg: pip install 'darkchannel[merger]', or name one in DARKCHANNEL_FFMPEG"
        ) from error


def mp3_arguments(rate: int) -> tuple[str, ...]:
    """What turns 16-bit mono samples on standard input into bare, repeatable MP3 frames on standard output."""
    return (
        *_QUIET, "-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0",
        "-c:a", "libmp3lame", "-b:a", MP3_BITRATE, *_REPEATABLE,
        "-write_xing", "0", "-id3v2_version", "0", "-flush_packets", "0", "-f", "mp3", "pipe:1",
    )  # fmt: skip


async def encode_mp3(pcm: AsyncIterator[bytes | memoryview], *, rate: int) -> bytes:
    """Encode 16-bit little-endian mono samples as 64 kbit/s frames without tags, the same for the same input.

    Raises Transient where ffmpeg fails, and whatever ``pcm`` raises.
    """
    return await _run(mp3_arguments(rate), pcm)


async def filtered(pcm: bytes, *, rate: int, filters: str, rate_out: int) -> bytes:
    """16-bit little-endian mono samples through filters, at another rate.

    ``filters``: as in https://ffmpeg.org/ffmpeg-filters.html, at least one. Raises Transient where ffmpeg fails.
    """
    arguments = (
        *_QUIET, "-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0",
        "-af", filters, "-ar", str(rate_out), "-ac", "1", *_REPEATABLE, "-f", "s16le", "pipe:1",
    )  # fmt: skip
    return await _run(arguments, _only(pcm))


async def join_mp3(
    frames: AsyncIterator[bytes],
    out: Path,
    *,
    samples: int,
    title: str,
    author: str | None,
    language: str,
    chapters: Sequence[Mark],
) -> None:
    """Write encoded frames as one MP3 file with ID3v2.3 tags, chapter marks and a header for seeking.

    ``samples``: of all frames together; ``language``: a BCP 47 tag. ffmpeg writes the tags alone: the frames are
    only appended, which takes a tenth of the time. Raises Transient where ffmpeg fails, Unavailable where the disk
    is full, ValueError where the frames are none, and whatever ``frames`` raises.
    """
    first = b""
    while len(first) < TASTE_BYTES and (piece := await anext(frames, b"")):
        first += piece
    tags = await _id3(first[:TASTE_BYTES], ffmetadata(title, author, language, chapters))
    try:
        with out.open("wb") as book:
            book.write(tags + mp3.info_frame(first, samples, 0))
            size = await asyncio.to_thread(book.write, first)
            async for piece in frames:
                size += await asyncio.to_thread(book.write, piece)
            book.seek(len(tags))
            book.write(mp3.info_frame(first, samples, size))
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise Unavailable(f"{out.parent} cannot take the book: {error.strerror}; TMPDIR names another place") from error


async def _id3(frames: bytes, metadata: str) -> bytes:
    """The ID3v2.3 tag that ffmpeg would write before these frames."""
    with tempfile.TemporaryDirectory(prefix="darkchannel-") as folder:
        tags, tagged = Path(folder) / "tags.txt", Path(folder) / "tagged.mp3"
        await asyncio.to_thread(tags.write_text, metadata, "utf-8")
        await _run(
            (
                *_QUIET, "-f", "mp3", "-i", "pipe:0", "-f", "ffmetadata", "-i", str(tags),
                "-map", "0:a", "-map_metadata", "1", "-map_chapters", "1", "-c", "copy", *_REPEATABLE,
                "-write_xing", "0", "-id3v2_version", "3", "-f", "mp3", str(tagged),
            ),
            _only(frames),
        )  # fmt: skip
        written = await asyncio.to_thread(tagged.read_bytes)
    return written[: mp3.id3_size(written)]


def ffmetadata(title: str, author: str | None, language: str, chapters: Sequence[Mark]) -> str:
    """Tags and chapters in https://ffmpeg.org/ffmpeg-formats.html#Metadata-2; positions in microseconds."""
    tags = {"title": title, "album": title, "genre": "Audiobook", "language": _three_letters(language)}
    if author:
        tags |= {"artist": author, "album_artist": author}
    lines = [";FFMETADATA1", *(f"{name}={_escape(value)}" for name, value in tags.items())]
    for mark in chapters:
        start, end = round(mark.start * 1e6), round(mark.end * 1e6)
        lines += ["[CHAPTER]", "TIMEBASE=1/1000000", f"START={start}", f"END={end}", f"title={_escape(mark.title)}"]
    return "\n".join(lines) + "\n"


def _escape(value: str) -> str:
    return "".join(f"\\{char}" if char in "=;#\\\n" else char for char in value.replace("\0", ""))


def _three_letters(language: str) -> str:
    primary = language.partition("-")[0].lower()
    return _LANGUAGES.get(primary, primary)


async def _only(piece: bytes) -> AsyncIterator[bytes]:
    yield piece


async def _run(arguments: Sequence[str], source: AsyncIterable[bytes | memoryview]) -> bytes:
    """Feed ``source`` to ffmpeg and return what it wrote to standard output.

    Whatever ends this, an error of the source or a cancellation too, ends the process.
    """
    process = await _start(await asyncio.to_thread(binary), arguments)
    assert process.stdin
    assert process.stdout
    assert process.stderr
    outputs = asyncio.gather(process.stdout.read(), _last_words(process.stderr))
    try:
        async with asyncio.timeout(STALL_SECONDS) as limit:
            await _feed(process.stdin, source, limit)
            written, complaint = await outputs
            code = await process.wait()
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise Transient(f"ffmpeg stood still for {STALL_SECONDS:g} s") from error
    finally:
        outputs.cancel()
        await asyncio.gather(outputs, return_exceptions=True)
        await end(process)
    if code != 0:
        raise Transient(f"ffmpeg failed with status {code}: {complaint}")
    return written


async def _start(program: str, arguments: Sequence[str]) -> asyncio.subprocess.Process:
    try:
        # A session of its own: Ctrl-C in a terminal ends the pipeline, which drains, not its ffmpeg first.
        return await asyncio.create_subprocess_exec(
            program, *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pipesize=PIPE_BYTES,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise Unavailable(f"ffmpeg does not start: {error}; see DARKCHANNEL_FFMPEG") from error


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill a process that still runs, and wait until it is gone and its pipes are closed."""
    if process.returncode is None:
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.communicate()


async def _feed(stdin: asyncio.StreamWriter, source: AsyncIterable[bytes | memoryview], limit: asyncio.Timeout) -> None:
    loop = asyncio.get_running_loop()
    try:
        async for piece in source:
            for at in range(0, len(piece), PIPE_BYTES):
                stdin.write(piece[at : at + PIPE_BYTES])
                await stdin.drain()
                limit.reschedule(loop.time() + STALL_SECONDS)
        stdin.close()
        await stdin.wait_closed()
    except ConnectionError:
        # ffmpeg ended before its input did: its status and last words say why.
        return


async def _last_words(stderr: asyncio.StreamReader) -> str:
    words = b""
    while piece := await stderr.read(1 << 16):
        words = (words + piece)[-LAST_WORDS:]
    return "; ".join(words.decode(errors="replace").splitlines())
