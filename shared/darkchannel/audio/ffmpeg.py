"""ffmpeg as a subprocess: it is fed and drained at once, in flat memory, and killed where its caller gives up."""

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import BinaryIO, Final

from darkchannel.errors import DISK_FULL, Transient, Unavailable

STALL_SECONDS: Final = 60.0
"""Longest time in which ffmpeg neither takes nor gives anything: a bound that grows with the work."""
PIPE_BYTES: Final = 1 << 18
"""Four times the usual: each time a pipe runs full or empty costs both sides a turn. Linux alone minds it."""
LAST_WORDS: Final = 500

_STATUSES: Final = 256
"""An exit status is an error's number below it."""
QUIET: Final = ("-hide_banner", "-nostdin", "-loglevel", "error", "-y")
REPEATABLE: Final = ("-fflags", "+bitexact", "-flags:a", "+bitexact")


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


async def filtered(pcm: bytes, *, rate: int, filters: str, rate_out: int) -> bytes:
    """16-bit little-endian mono samples through filters, at another rate.

    ``filters``: as in https://ffmpeg.org/ffmpeg-filters.html, at least one. Raises Transient where ffmpeg fails.
    """
    arguments = (
        *QUIET, "-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0",
        "-af", filters, "-ar", str(rate_out), "-ac", "1", *REPEATABLE, "-f", "s16le", "pipe:1",
    )  # fmt: skip
    return await _output(arguments, _only(pcm))


async def decoded(mp3: bytes, *, rate: int) -> bytes:
    """An MP3 file as 16-bit little-endian mono samples at ``rate`` hertz. Raises Transient where ffmpeg fails."""
    arguments = (
        *QUIET, "-f", "mp3", "-i", "pipe:0", "-ar", str(rate), "-ac", "1", *REPEATABLE, "-f", "s16le", "pipe:1",
    )  # fmt: skip
    return await _output(arguments, _only(mp3))


async def _only(piece: bytes) -> AsyncIterator[bytes]:
    yield piece


async def _output(arguments: Sequence[str], source: AsyncIterable[bytes | memoryview]) -> bytes:
    written = bytearray()
    await run(arguments, source, written.extend)
    return bytes(written)


async def run(
    arguments: Sequence[str],
    source: AsyncIterable[bytes | memoryview] | None = None,
    sink: Callable[[bytes], object] = lambda _: None,
) -> None:
    """Feed ``source``, if any, to ffmpeg, and what it writes to standard output to ``sink``, piece by piece.

    Whatever ends this, an error of the source or a cancellation too, ends the process. Raises Transient where ffmpeg
    fails or stands still, Unavailable where there is none or the disk is full, and whatever the two raise.
    """
    process = await start(arguments)
    assert process.stdin
    assert process.stdout
    assert process.stderr
    limit = asyncio.timeout(None)
    drained = asyncio.create_task(_drain(process, sink, limit))
    last_words = asyncio.create_task(_last_words(process.stderr))
    try:
        async with limit:
            await _feed(process.stdin, source or _only(b""), limit)
            await drained
            complaint = await last_words
            code = await process.wait()
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise Transient(f"ffmpeg stood still for {STALL_SECONDS:g} s") from error
    finally:
        drained.cancel()
        last_words.cancel()
        await asyncio.gather(drained, last_words, return_exceptions=True)
        await end(process)
    # Of several files that fail it complains at greater length than is kept: its status tells the last error, too.
    if code != 0 and (_STATUSES - code in DISK_FULL or any(os.strerror(number) in complaint for number in DISK_FULL)):
        raise Unavailable(f"{tempfile.gettempdir()} cannot take the audio: {complaint}; TMPDIR names another place")
    if code != 0:
        raise Transient(f"ffmpeg failed with status {code}: {complaint}")


async def start(
    arguments: Sequence[str], *, stdin: int | BinaryIO = PIPE, stderr: int = PIPE
) -> asyncio.subprocess.Process:
    """Start ffmpeg, whose standard output is a pipe; the caller sees to its ``end``.

    Raises Unavailable where there is none.
    """
    program = await asyncio.to_thread(binary)
    try:
        # A session of its own: Ctrl-C in a terminal ends the pipeline, which drains, not its ffmpeg first.
        process = await asyncio.create_subprocess_exec(
            program, *arguments,
            stdin=stdin,
            stdout=PIPE,
            stderr=stderr,
            pipesize=PIPE_BYTES,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise Unavailable(f"ffmpeg does not start: {error}; see DARKCHANNEL_FFMPEG") from error
    _as_batch(process.pid)
    return process


def _as_batch(pid: int) -> None:
    """Let none of its threads, which are yet to come, interrupt another.

    ffmpeg hands each frame, 26 ms of sound, from thread to thread; where the one that is woken runs at once, a quarter
    of its processor time goes into taking turns. https://man7.org/linux/man-pages/man7/sched.7.html
    """
    if sys.platform == "linux":
        with suppress(OSError):  # it has ended, or a sandbox forbids it: then it works as ever
            os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill a process that still runs, and wait until it is gone and its pipes are closed."""
    if process.returncode is None:
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.communicate()


async def _feed(stdin: asyncio.StreamWriter, source: AsyncIterable[bytes | memoryview], limit: asyncio.Timeout) -> None:
    try:
        async for piece in source:
            for at in range(0, len(piece), PIPE_BYTES):
                _renew(limit)
                stdin.write(piece[at : at + PIPE_BYTES])
                await stdin.drain()
            limit.reschedule(None)  # whatever the source waits for, it is not ffmpeg
        _renew(limit)
        stdin.close()
        await stdin.wait_closed()
    except ConnectionError:
        # ffmpeg ended before its input did: its status and last words say why.
        return


def _renew(limit: asyncio.Timeout) -> None:
    limit.reschedule(asyncio.get_running_loop().time() + STALL_SECONDS)


async def _drain(process: asyncio.subprocess.Process, sink: Callable[[bytes], object], limit: asyncio.Timeout) -> None:
    assert process.stdout
    try:
        while piece := await process.stdout.read(PIPE_BYTES):
            if limit.when() is not None and not limit.expired():
                _renew(limit)
            sink(piece)
    except Exception:
        process.kill()  # or it would wait for a reader, and its feeder for it
        raise


async def _last_words(stderr: asyncio.StreamReader) -> str:
    words = b""
    while piece := await stderr.read(1 << 16):
        words = (words + piece)[-LAST_WORDS:]
    return "; ".join(words.decode(errors="replace").splitlines())
