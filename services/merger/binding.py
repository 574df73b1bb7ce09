"""Binding: encoded sections and their cues become the files of a finished book; nothing is encoded again."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

import structlog

from darkchannel.jobs.formats import encoding_of
from darkchannel.jobs.plan import Plan
from darkchannel.jobs.records import Mark, SectionRecord
from darkchannel.runtime.together import together
from services.merger import timeline
from services.merger.archive import archive
from services.merger.chapter_files import acx_set, chapters
from services.merger.containers import Tags, Writer
from services.merger.containers.flac import FlacWriter
from services.merger.containers.m4b import M4bWriter
from services.merger.containers.mp3 import Mp3Writer
from services.merger.containers.opus import OpusWriter
from services.merger.covers import cover
from services.merger.cues import Cues, Line, lines, peaks
from services.merger.joining import Joiner, Read
from services.merger.player import page
from services.merger.subtitles import with_lrc, with_subtitles
from services.merger.waveform import waveform

log = structlog.get_logger(__name__)

WHOLES: Final[Mapping[str, tuple[str, type[Writer]]]] = {
    "mp3": ("audiobook.mp3", Mp3Writer),
    "mp3-vbr": ("audiobook.mp3", Mp3Writer),
    "m4b": ("audiobook.m4b", M4bWriter),
    "opus": ("audiobook.opus", OpusWriter),
    "flac": ("audiobook.flac", FlacWriter),
}
"""Formats that are one file: its name, and what writes it."""
ARCHIVE: Final = "audiobook.zip"
GENRE: Final = "Audiobook"
"""Where a document tells of none."""
JOINS: Final = 2
"""Files written at once: while one waits for the store, the other goes on. More would take turns at Python's lock and
all be late, where one that is finished is stored beside them."""
READS: Final = 8
"""Objects read at once."""
UPLOADS: Final = 8
"""Files of a kind that are kept at once."""

Keep = Callable[[str], Coroutine[Any, Any, None]]
"""Takes a finished file of the folder, by its name."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A finished book in a folder."""

    files: tuple[str, ...]
    """The main one first."""
    seconds: float
    chapters: tuple[Mark, ...]


class Bind(Protocol):
    async def __call__(
        self,
        plan: Plan,
        records: Sequence[SectionRecord],
        picture: bytes | None,
        read: Read,
        folder: Path,
        /,
        *,
        keep: Keep,
    ) -> Bound: ...


async def bind(
    plan: Plan, records: Sequence[SectionRecord], picture: bytes | None, read: Read, folder: Path, *, keep: Keep
) -> Bound:
    """Write a book's files into a folder; ``picture``: the cover that came with it.

    Each is kept as soon as it is finished, while others are still written. Raises Unfit where a section cannot be what
    its record says, ValueError where all together cannot be joined, Transient where ffmpeg fails, OSError where the
    disk cannot take the book, and what ``read`` and ``keep`` raise.
    """
    jpeg, why = await asyncio.to_thread(cover, picture, plan.title, plan.author)
    if why:
        log.warning("the cover cannot be used: one with the title is drawn", reason=why)
    tags, formats = _tags(plan, jpeg), plan.options.formats
    marks, seconds = timeline.chapters(plan, records), [record.samples / record.rate for record in records]
    joiner = Joiner(plan, records, read, folder)
    wholes = [fmt for fmt in formats if fmt in WHOLES]
    companions = _Companions(joiner, timeline.starts(records), marks)
    await companions.gather()  # before anything is joined by the lengths that records tell
    writing = asyncio.Semaphore(JOINS)

    async def kept(files: list[str]) -> list[str]:
        await together(map(keep, files), at_once=UPLOADS)
        return files

    async def finished(make: Callable[[], Coroutine[Any, Any, list[str]]]) -> list[str]:
        async with writing:
            files = await make()
        return await kept(files)

    making = [partial(_whole, joiner, fmt, tags, marks) for fmt in wholes]
    beside = partial(companions.write, WHOLES[wholes[0]][0], jpeg)
    made = await together(map(finished, [*making, beside]), at_once=len(making) + 1)
    files = [file for files in made for file in files]
    if "chapters" in formats:
        files += await kept(await chapters(joiner, seconds, tags))
    if "acx" in formats:
        files += await kept(await acx_set(joiner, seconds, tags))
    if "zip" in formats:
        await asyncio.to_thread(archive, folder / ARCHIVE, [(file, folder / file) for file in files])
        files += await kept([ARCHIVE])
    return Bound(tuple(files), marks[-1].end, marks)


def _tags(plan: Plan, jpeg: bytes) -> Tags:
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


async def _whole(joiner: Joiner, fmt: str, tags: Tags, marks: Sequence[Mark]) -> list[str]:
    name, writer = WHOLES[fmt]
    encoding = encoding_of(fmt, joiner.plan.options.formats)
    assert encoding
    await joiner.join(name, writer, joiner.parts(range(len(joiner.plan.sections)), encoding), tags, marks)
    return [name]


class _Companions:
    """What stands beside the audio: subtitles, the cover, the waveform and the player."""

    def __init__(self, joiner: Joiner, starts: Sequence[float], marks: Sequence[Mark]) -> None:
        self._joiner = joiner
        self._plan = joiner.plan
        self._folder = joiner.folder
        self._starts = starts
        self._marks = marks

    async def gather(self) -> None:
        """Keep the cues of all sections. Raises Unfit where some are not as long as their section's record says."""
        await asyncio.to_thread((self._folder / "cues").mkdir)
        await together((self._keep(section.index) for section in self._plan.sections), at_once=READS)

    async def write(self, audio: str, jpeg: bytes) -> list[str]:
        """After ``gather``; ``audio``: what the player plays."""
        await asyncio.to_thread((self._folder / "cover.jpg").write_bytes, jpeg)
        return ["cover.jpg", *await asyncio.to_thread(self._texts, audio)]

    async def _keep(self, section: int) -> None:
        """On the disk, since they are read several times and grow with the book."""
        await asyncio.to_thread(self._cues_of(section).write_bytes, await self._joiner.cues(section))

    def _cues_of(self, section: int) -> Path:
        return self._folder / "cues" / str(section)

    def _texts(self, audio: str) -> list[str]:
        plan, seconds = self._plan, self._starts[-1]
        names = ("audiobook.vtt", "audiobook.srt", "audiobook.lrc", "index.html")
        loudest = bytearray()
        with ExitStack() as files:
            vtt, srt, lrc, html = (files.enter_context(_opened(self._folder / name)) for name in names)
            player = page(
                title=plan.title,
                author=plan.author,
                language=plan.options.language,
                seconds=seconds,
                chapters=self._marks,
                # One pass for all: the cues of a long book take their time to be read.
                lines=with_lrc(with_subtitles(self._lines(loudest), vtt, srt), lrc, plan.title, plan.author),
                audio=audio,
                cover="cover.jpg",
                waveform="waveform.png",
            )
            html.writelines(player)
        (self._folder / "waveform.png").write_bytes(waveform(loudest, seconds, self._marks))
        return [*names, "waveform.png"]

    def _lines(self, loudest: bytearray) -> Iterator[Line]:
        """``loudest`` grows by the waveform of each section."""
        for section, at in zip(self._plan.sections, self._starts, strict=False):
            cues = Cues.model_validate_json(self._cues_of(section.index).read_bytes())
            loudest += peaks(cues)
            yield from lines(cues, at, section.chapter)


def _opened(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="")
