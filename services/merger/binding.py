"""Binding: encoded sections and their cues become the files of a finished book; nothing is encoded again."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from darkchannel.jobs.formats import encodings
from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.records import Mark, SectionAudio, SectionRecord, Stored
from darkchannel.runtime.together import together
from services.merger import timeline
from services.merger.containers import Stream, Tags, Writer, acx, sets
from services.merger.containers.archive import archive
from services.merger.containers.flac import FlacWriter
from services.merger.containers.m4b import M4bWriter
from services.merger.containers.mp3 import Mp3Writer
from services.merger.containers.opus import OpusWriter
from services.merger.containers.sets import SetFile
from services.merger.covers import cover
from services.merger.cues import Cues, Line, lines, peaks
from services.merger.encodings import ENCODINGS, encode
from services.merger.pauses import pause
from services.merger.player import page
from services.merger.subtitles import lrc, srt, vtt
from services.merger.waveform import waveform

log = structlog.get_logger(__name__)

GENRE: Final = "Audiobook"
"""Where a document tells of none."""
READS: Final = 8
"""Objects read at once."""
CORES: Final = os.cpu_count() or 1
ARCHIVE: Final = "audiobook.zip"
SILENCE_SECONDS: Final = 4.0
"""More than is ever laid at once."""

Read = Callable[[Section, Stored], Coroutine[Any, Any, bytes]]
"""A file of a section, whole and as it was made."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one file is joined of: encoded sound, and how much of it is to be heard."""

    audio: SectionAudio
    samples: int
    """At the rate of the speech."""
    read: Callable[[], Awaitable[bytes]]


WHOLES: Final[Mapping[str, tuple[str, type[Writer]]]] = {
    "mp3": ("audiobook.mp3", Mp3Writer),
    "mp3-vbr": ("audiobook.mp3", Mp3Writer),
    "m4b": ("audiobook.m4b", M4bWriter),
    "opus": ("audiobook.opus", OpusWriter),
    "flac": ("audiobook.flac", FlacWriter),
}
"""Formats that are one file: its name, and what writes it."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A finished book in a folder."""

    files: tuple[str, ...]
    """The main one first."""
    seconds: float
    chapters: tuple[Mark, ...]


class Bind(Protocol):
    async def __call__(
        self, plan: Plan, records: Sequence[SectionRecord], picture: bytes | None, read: Read, folder: Path, /
    ) -> Bound: ...


async def bind(plan: Plan, records: Sequence[SectionRecord], picture: bytes | None, read: Read, folder: Path) -> Bound:
    """Write a book's files into a folder; ``picture``: the cover that came with it.

    Raises ValueError where a section is not what its record says, OSError where the disk cannot take the book, and
    what ``read`` raises.
    """
    return await _Binding(plan, records, read, folder).bound(picture)


class _Binding:
    def __init__(self, plan: Plan, records: Sequence[SectionRecord], read: Read, folder: Path) -> None:
        self._plan = plan
        self._records = records
        self._read = read
        self._folder = folder
        self._chapters = timeline.chapters(plan, records)
        self._starts = timeline.starts(records)
        self._silent: bytes | None = None

    async def bound(self, picture: bytes | None) -> Bound:
        jpeg, why = await asyncio.to_thread(cover, picture, self._plan.title, self._plan.author)
        if why:
            log.warning("the cover cannot be used: one with the title is drawn", reason=why)
        tags = self._tags(jpeg)
        formats = self._plan.options.formats
        files = [await self._whole(name, tags) for name in formats if name in WHOLES]
        cues = await together((self._read(section, record.cues) for section, record in self._each()), at_once=READS)
        files += await asyncio.to_thread(self._texts, cues, files[0], jpeg)
        if "chapters" in formats:
            files += await self._by_chapter(tags)
        if "acx" in formats:
            files += await self._acx(tags)
        if "zip" in formats:
            files.append(await asyncio.to_thread(self._zip, tuple(files)))
        return Bound(tuple(files), self._starts[-1], self._chapters)

    def _each(self) -> Iterator[tuple[Section, SectionRecord]]:
        return zip(self._plan.sections, self._records, strict=True)

    def _tags(self, jpeg: bytes) -> Tags:
        plan = self._plan
        return Tags(
            title=plan.title,
            language=plan.options.language,
            author=plan.author,
            narrator=plan.narrator,
            series=plan.series,
            series_index=plan.series_index,
            year=plan.year,
            genre=plan.genre or GENRE,
            description=plan.description,
            cover=jpeg,
        )

    async def _whole(self, fmt: str, tags: Tags) -> str:
        name, writer = WHOLES[fmt]
        [encoding] = encodings([fmt])
        parts = self._parts(range(len(self._records)), encoding)
        await self._joined(name, writer, parts, tags, self._chapters)
        return name

    async def _by_chapter(self, tags: Tags) -> list[str]:
        encoding = "mp3-vbr" if "mp3-vbr" in self._plan.options.formats else "mp3"
        files = sets.files("chapters", self._plan.sections, self._seconds())
        for file in files:
            await self._set_file(file, self._parts(file.sections, encoding), tags)
        return [file.name for file in files]

    async def _acx(self, tags: Tags) -> list[str]:
        """One file a chapter as ACX takes them, and what they measure."""
        longest = acx.LONGEST_SECONDS - acx.HEAD_SECONDS - acx.TAIL_SECONDS
        files = sets.files("acx", self._plan.sections, self._seconds(), longest)
        for file in files:
            last = self._plan.sections[file.sections[-1]]
            own = pause(self._plan, last.first + last.count)
            head = await self._silence(acx.HEAD_SECONDS)
            tail = await self._silence(max(0.0, acx.TAIL_SECONDS - own))
            await self._set_file(file, [head, *self._parts(file.sections, "acx"), tail], tags)
        measuring = (asyncio.to_thread(acx.measured, self._folder / file.name) for file in files)
        found = dict(zip((file.name for file in files), await together(measuring, at_once=CORES), strict=True))
        if wrong := [name for name, measured in found.items() if acx.faults(measured)]:
            log.warning("files of the ACX set do not conform: acx/report.txt says why", files=wrong)
        await asyncio.to_thread(_write, self._folder / "acx" / "report.txt", [acx.report(found)])
        return [*found, "acx/report.txt"]

    async def _silence(self, seconds: float) -> Part:
        """Silence of up to some seconds, encoded as the sound beside it is."""
        rate, encoding = self._records[0].rate, ENCODINGS["acx"]
        if self._silent is None:

            async def pieces() -> AsyncIterator[NDArray[np.float32]]:
                yield np.zeros(round(SILENCE_SECONDS * rate), np.float32)

            made = await encode(pieces(), self._folder, rate=rate, encodings=["acx"], heard=lambda _: None)
            self._silent = await asyncio.to_thread(made["acx"].read_bytes)
            await asyncio.to_thread(made["acx"].unlink)
        body, stream_rate = self._silent, encoding.rate or rate
        audio = SectionAudio(
            key="", etag="", rate=stream_rate, frame=encoding.frame(stream_rate),
            frames=encoding.count(body), delay=encoding.delay,
        )  # fmt: skip

        async def read() -> bytes:
            return body

        return Part(audio, round(seconds * rate), read)

    def _seconds(self) -> list[float]:
        return [record.samples / record.rate for record in self._records]

    def _parts(self, sections: Iterable[int], encoding: str) -> list[Part]:
        return [
            Part(
                record.files[encoding],
                record.samples,
                partial(self._read, self._plan.sections[index], record.files[encoding]),
            )
            for index in sections
            for record in (self._records[index],)
        ]

    async def _set_file(self, file: SetFile, parts: Sequence[Part], tags: Tags) -> None:
        own = replace(tags, title=file.title, album=tags.title, track=file.track)
        await self._joined(file.name, Mp3Writer, parts, own, ())

    async def _joined(
        self, name: str, writer: type[Writer], parts: Sequence[Part], tags: Tags, chapters: Sequence[Mark]
    ) -> None:
        rate, first = self._records[0].rate, parts[0].audio
        keep = timeline.kept([part.audio for part in parts], [part.samples for part in parts], rate)
        heard = sum(part.samples for part in parts) * first.rate // rate
        stream = Stream(rate=first.rate, frame=first.frame, frames=sum(keep), delay=first.delay, samples=heard)
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("w+b") as out:
            book = writer(out, stream, tags, chapters)
            for part, frames in zip(parts, keep, strict=True):
                body = await part.read()
                await asyncio.to_thread(book.add, body, frames)
            await asyncio.to_thread(book.finish)

    def _zip(self, files: Sequence[str]) -> str:
        with (self._folder / ARCHIVE).open("wb") as out:
            archive(out, [(file, self._folder / file) for file in files])
        return ARCHIVE

    def _texts(self, cues: Sequence[bytes], audio: str, jpeg: bytes) -> list[str]:
        """What stands beside the audio: subtitles, the cover, the waveform and the player."""
        plan, folder, seconds = self._plan, self._folder, self._starts[-1]
        _write(folder / "audiobook.vtt", vtt(self._lines(cues)))
        _write(folder / "audiobook.srt", srt(self._lines(cues)))
        _write(folder / "audiobook.lrc", lrc(self._lines(cues), plan.title, plan.author))
        (folder / "cover.jpg").write_bytes(jpeg)
        picture = waveform(peaks(map(Cues.model_validate_json, cues)), seconds, self._chapters)
        (folder / "waveform.png").write_bytes(picture)
        player = page(
            title=plan.title,
            author=plan.author,
            language=plan.options.language,
            seconds=seconds,
            chapters=self._chapters,
            lines=self._lines(cues),
            audio=audio,
            cover="cover.jpg",
            waveform="waveform.png",
        )
        _write(folder / "index.html", player)
        return ["audiobook.vtt", "audiobook.srt", "audiobook.lrc", "cover.jpg", "waveform.png", "index.html"]

    def _lines(self, cues: Sequence[bytes]) -> Iterator[Line]:
        for section, at, body in zip(self._plan.sections, self._starts, cues, strict=False):
            yield from lines(Cues.model_validate_json(body), at, section.chapter)


def _write(path: Path, pieces: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        out.writelines(pieces)
