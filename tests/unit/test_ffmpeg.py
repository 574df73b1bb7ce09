"""Real encoding, joining and decoding by ffmpeg."""

import asyncio
import math
import os
import struct
import subprocess
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from darkchannel.audio import ffmpeg, mp3
from darkchannel.errors import Transient, Unavailable
from darkchannel.jobs.records import Mark

RATE = 22_050
TITLES = ['O "farol"; mar = céu # 1', "Ação \\ reação", "Noite 😀 de vento", "Duas\nlinhas"]


def tone(samples: int) -> bytes:
    return struct.pack(f"<{samples}h", *(int(8_000 * math.sin(n / 9)) for n in range(samples)))


async def pieces(items: Iterable[bytes]) -> AsyncIterator[bytes]:
    for item in items:
        yield item


async def section(samples: int) -> bytes:
    return await ffmpeg.encode_mp3(pieces([tone(samples)]), rate=RATE)


def chapters(sections: list[bytes], titles: list[str]) -> list[Mark]:
    marks, at = [], 0
    for frames, title in zip(sections, titles, strict=True):
        end = at + mp3.samples(frames)
        marks.append(Mark(title=title, start=at / RATE, end=end / RATE))
        at = end
    return marks


async def join(sections: list[bytes], out: Path, marks: list[Mark], *, title: str = "Livro") -> None:
    total = mp3.samples(b"".join(sections))
    tags = {"title": title, "author": "José", "language": "pt-BR", "chapters": marks}
    await ffmpeg.join_mp3(pieces(sections), out, samples=total, **tags)


def decoded_seconds(path: Path) -> float:
    """How long a sound file is, by decoding all of it."""
    command = [ffmpeg.binary(), "-v", "error", "-i", str(path), "-f", "s16le", "-ar", str(RATE), "-ac", "1", "pipe:1"]
    return len(subprocess.run(command, capture_output=True, check=True).stdout) / 2 / RATE


def metadata(path: Path) -> list[str]:
    """Tags and chapters as ffmpeg reads them back, unescaped."""
    command = [ffmpeg.binary(), "-loglevel", "error", "-i", str(path), "-f", "ffmetadata", "pipe:1"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    for escaped in "=;#\n\\":
        text = text.replace(f"\\{escaped}", {"\n": "¶"}.get(escaped, escaped))
    return text.splitlines()


def values(lines: list[str], name: str) -> list[str]:
    return [line.removeprefix(f"{name}=").replace("¶", "\n") for line in lines if line.startswith(f"{name}=")]


async def test_the_same_samples_give_the_same_frames_however_they_are_cut() -> None:
    pcm = tone(50_000)
    whole = await ffmpeg.encode_mp3(pieces([pcm]), rate=RATE)
    cut = await ffmpeg.encode_mp3(pieces([pcm[:2_222], pcm[2_222:70_000], pcm[70_000:]]), rate=RATE)
    assert whole == cut
    assert mp3.samples(whole) >= 50_000


async def test_frames_carry_no_tag_and_no_header_frame() -> None:
    frames = await section(50_000)
    assert frames[0] == 0xFF
    assert not any(tag in frames for tag in (b"ID3", b"Xing", b"Info", b"TAG"))


async def test_more_samples_than_a_pipe_holds_are_encoded_whole() -> None:
    frames = await ffmpeg.encode_mp3(pieces([bytes(20 * 1024 * 1024)]), rate=RATE)
    assert 0 <= mp3.samples(frames) - 10 * 1024 * 1024 < 2_304


async def test_no_samples_give_no_frames() -> None:
    assert mp3.samples(await ffmpeg.encode_mp3(pieces([]), rate=RATE)) <= 2_304


async def test_an_error_of_the_source_reaches_the_caller() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield tone(1_000)
        raise LookupError("the chunk is gone")

    with pytest.raises(LookupError, match="the chunk is gone"):
        await ffmpeg.encode_mp3(broken(), rate=RATE)


async def test_cancelling_an_encoding_ends_its_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    wrapper = tmp_path / "ffmpeg"
    wrapper.write_text(f'#!/bin/sh\necho $$ > {pid_file}\nexec {ffmpeg.binary()} "$@"\n')
    wrapper.chmod(0o755)
    use(monkeypatch, wrapper)
    started = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(1 << 20)  # more than the pipe holds: ffmpeg runs once it is taken
        started.set()
        await asyncio.Event().wait()

    encoding = asyncio.create_task(ffmpeg.encode_mp3(endless(), rate=RATE))
    await started.wait()
    encoding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await encoding
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


async def test_an_ffmpeg_that_stands_still_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hanging = tmp_path / "ffmpeg"
    hanging.write_text("#!/bin/sh\nexec sleep 600\n")
    hanging.chmod(0o755)
    use(monkeypatch, hanging)
    monkeypatch.setattr(ffmpeg, "STALL_SECONDS", 0.2)
    with pytest.raises(Transient, match="stood still"):
        await ffmpeg.encode_mp3(pieces([bytes(1 << 20)]), rate=RATE)


async def test_a_failure_of_ffmpeg_is_told_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(Transient, match=r"failed with status.*Invalid data found"):
        await ffmpeg.join_mp3(
            pieces([b"no frames at all" * 500]), tmp_path / "book.mp3",
            samples=1, title="Livro", author=None, language="pt-BR", chapters=[],
        )  # fmt: skip


async def test_a_missing_ffmpeg_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(monkeypatch, tmp_path / "nowhere")
    with pytest.raises(Unavailable, match="DARKCHANNEL_FFMPEG"):
        await section(100)


async def test_a_book_lasts_as_long_as_its_sections_together(tmp_path: Path) -> None:
    sections = [await section(20_000 + 1_111 * n) for n in range(12)]
    out = tmp_path / "book.mp3"
    await join(sections, out, [])
    expected = sum(map(mp3.samples, sections)) / RATE
    # A decoder leaves out its own delay of 529 samples where the header frame is there.
    assert decoded_seconds(out) == pytest.approx(expected, abs=0.03)
    assert b"Info" in out.read_bytes()[:4_096]


async def test_the_header_counts_every_frame_and_byte(tmp_path: Path) -> None:
    sections = [await section(30_000), await section(40_000)]
    out = tmp_path / "book.mp3"
    await join(sections, out, [])
    body = out.read_bytes()
    audio = b"".join(sections)
    at = body.index(b"Info")
    flags, frames, size = struct.unpack(">III", body[at + 4 : at + 16])
    assert flags & 3 == 3
    assert frames == mp3.samples(audio) // 576
    assert size == len(body) - mp3.id3_size(body)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
async def test_a_full_disk_is_waited_for_and_fails_no_book() -> None:
    with pytest.raises(Unavailable, match="No space left"):
        await join([await section(30_000)], Path("/dev/full"), [])


async def test_joining_encodes_nothing_again(tmp_path: Path) -> None:
    sections = [await section(30_000), await section(40_000)]
    out = tmp_path / "book.mp3"
    await join(sections, out, [])
    assert out.read_bytes().endswith(b"".join(sections))


async def test_chapters_and_tags_survive_whatever_letters_they_have(tmp_path: Path) -> None:
    sections = [await section(30_000 + 5_000 * n) for n in range(4)]
    marks = chapters(sections, TITLES)
    out = tmp_path / "book.mp3"
    await join(sections, out, marks, title="O «farol»; 100% = # 😀")
    lines = metadata(out)
    assert values(lines, "title") == ["O «farol»; 100% = # 😀", *TITLES]
    assert values(lines, "album") == ["O «farol»; 100% = # 😀"]
    assert values(lines, "artist") == ["José"]
    assert values(lines, "language") == ["por"]
    assert values(lines, "genre") == ["Audiobook"]
    starts = [int(start) / 1_000 for start in values(lines, "START")]
    assert starts == pytest.approx([mark.start for mark in marks], abs=0.03)
    assert out.read_bytes()[:4] == b"ID3\x03"


async def test_a_book_of_many_chapters_keeps_them_all(tmp_path: Path) -> None:
    sections = [await section(3_000)] * 300
    marks = chapters(sections, [f"Capítulo {number}" for number in range(300)])
    out = tmp_path / "book.mp3"
    await join(sections, out, marks)
    assert values(metadata(out), "title")[1:] == [mark.title for mark in marks]


async def test_frames_may_come_in_pieces_of_any_size(tmp_path: Path) -> None:
    frames = await section(60_000)
    out = tmp_path / "book.mp3"
    await join([frames[at : at + 1_000] for at in range(0, len(frames), 1_000)], out, [])
    assert out.read_bytes().endswith(frames)


def use(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("DARKCHANNEL_FFMPEG", str(path))
