"""A real ffmpeg is fed and drained, and ends whenever its caller does."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from darkchannel.audio import ffmpeg
from darkchannel.errors import Transient, Unavailable

COPY = (*ffmpeg.QUIET, "-f", "s16le", "-ar", "22050", "-ac", "1", "-i", "pipe:0", "-f", "s16le", "pipe:1")
"""What is written is what was fed."""


async def each(items: Iterable[bytes]) -> AsyncIterator[bytes]:
    for item in items:
        yield item


async def through(*items: bytes, arguments: tuple[str, ...] = COPY) -> bytes:
    written = bytearray()
    await ffmpeg.run(arguments, each(items), written.extend)
    return bytes(written)


def use(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("DARKCHANNEL_FFMPEG", str(path))


def stand_in(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


async def test_what_is_fed_in_pieces_comes_out_whole() -> None:
    samples = os.urandom(3_000_000)
    assert await through(samples[:1], samples[1:700_001], b"", samples[700_001:]) == samples


async def test_more_than_all_pipes_hold_goes_through_in_pieces() -> None:
    sizes: list[int] = []
    await ffmpeg.run(COPY, each([bytes(1 << 20)] * 20), lambda piece: sizes.append(len(piece)))
    assert sum(sizes) == 20 << 20
    assert max(sizes) <= ffmpeg.PIPE_BYTES


async def test_an_error_of_the_source_reaches_the_caller() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(1_000)
        raise LookupError("the chunk is gone")

    with pytest.raises(LookupError, match="the chunk is gone"):
        await ffmpeg.run(COPY, broken())


async def test_an_error_of_the_sink_reaches_the_caller_before_all_is_fed() -> None:
    def full(_: bytes) -> None:
        raise LookupError("nobody listens")

    fed = 0

    async def long() -> AsyncIterator[bytes]:
        nonlocal fed
        for _ in range(500):
            fed += 1
            yield bytes(1 << 20)

    with pytest.raises(LookupError, match="nobody listens"):
        await ffmpeg.run(COPY, long(), full)
    assert fed < 100


async def test_cancelling_ends_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    use(monkeypatch, stand_in(tmp_path / "ffmpeg", f'echo $$ > {pid_file}\nexec {ffmpeg.binary()} "$@"'))
    started = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(1 << 20)  # more than the pipe holds: ffmpeg runs once it is taken
        started.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(ffmpeg.run(COPY, endless()))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


async def test_an_ffmpeg_that_stands_still_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(monkeypatch, stand_in(tmp_path / "ffmpeg", "exec sleep 600"))
    monkeypatch.setattr(ffmpeg, "STALL_SECONDS", 0.2)
    with pytest.raises(Transient, match="stood still"):
        await through(bytes(1 << 20))


async def test_a_failure_is_told_in_the_words_of_ffmpeg() -> None:
    arguments = (*ffmpeg.QUIET, "-f", "flac", "-i", "pipe:0", "-f", "s16le", "pipe:1")
    with pytest.raises(Transient, match=r"failed with status.*Invalid data found"):
        await through(b"no sound at all" * 500, arguments=arguments)


async def test_an_ffmpeg_that_is_killed_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(monkeypatch, stand_in(tmp_path / "ffmpeg", "kill -9 $$"))
    with pytest.raises(Transient, match="status -9"):
        await through(bytes(1 << 20))


async def test_a_missing_ffmpeg_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(monkeypatch, tmp_path / "nowhere")
    with pytest.raises(Unavailable, match="DARKCHANNEL_FFMPEG"):
        await through(bytes(100))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
async def test_a_full_disk_is_waited_for_and_fails_no_book() -> None:
    with pytest.raises(Unavailable, match=r"No space left.*TMPDIR"):
        await through(bytes(1 << 20), arguments=(*COPY[:-1], "/dev/full"))


async def test_samples_are_filtered_and_brought_to_another_rate() -> None:
    doubled = await ffmpeg.filtered(bytes(22_050 * 2), rate=22_050, filters="anull", rate_out=44_100)
    assert len(doubled) == 44_100 * 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has batches")
async def test_no_thread_of_ffmpeg_interrupts_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    policy = "cut -d ' ' -f 41 /proc/$$/stat"  # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    use(monkeypatch, stand_in(tmp_path / "ffmpeg", f"cat > /dev/null; {policy}"))
    assert int(await through(bytes(100))) == os.SCHED_BATCH
