"""Joining: the encoded sections of a book, or some of them, become one file."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.records import Coding, Mark, SectionRecord, Stored
from services.merger import timeline
from services.merger.containers import Stream, Tags, Writer

BUFFER_BYTES: Final = 1 << 20
"""Thousands of frames: some formats are written frame by frame."""

Read = Callable[[Section, Stored], Coroutine[Any, Any, bytes]]
"""A file of a section, whole and as it was made."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a file is joined of: encoded sound, and how much of it is to be heard."""

    coding: Coding
    samples: int
    """At the rate of the speech."""
    read: Callable[[], Coroutine[Any, Any, bytes]]


class Joiner:
    """Writes files of one book into a folder."""

    def __init__(self, plan: Plan, records: Sequence[SectionRecord], read: Read, folder: Path) -> None:
        self.plan = plan
        self.rate = records[0].rate
        """Of the speech, in hertz."""
        self.folder = folder
        self._records = records
        self._read = read

    def parts(self, sections: Iterable[int], encoding: str) -> list[Part]:
        return [self._part(self.plan.sections[index], self._records[index], encoding) for index in sections]

    def _part(self, section: Section, record: SectionRecord, encoding: str) -> Part:
        file = record.files[encoding]
        return Part(file.coding, record.samples, partial(self._read, section, file))

    async def cues(self, section: int) -> bytes:
        return await self._read(self.plan.sections[section], self._records[section].cues)

    async def join(
        self, name: str, writer: type[Writer], parts: Sequence[Part], tags: Tags, chapters: Sequence[Mark] = ()
    ) -> None:
        """Write the file ``name``; ``chapters`` in seconds from its start.

        Raises ValueError where a part is not what it is said to be, OSError where the disk cannot take the file, and
        what reading raises.
        """
        coding = parts[0].coding
        samples = [part.samples for part in parts]
        keep = timeline.kept(coding, samples, self.rate)
        heard = sum(samples) * coding.rate // self.rate
        stream = Stream(coding.rate, coding.frame, sum(keep), coding.delay, heard)
        path = self.folder / name
        await asyncio.to_thread(path.parent.mkdir, exist_ok=True)
        with path.open("w+b", buffering=BUFFER_BYTES) as out:
            book = await asyncio.to_thread(writer, out, stream, tags, chapters)
            for part, frames in zip(parts, keep, strict=True):
                body = await part.read()
                await asyncio.to_thread(book.add, body, frames)
            await asyncio.to_thread(book.finish)
