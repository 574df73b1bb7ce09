"""Joining: the encoded sections of a book, or some of them, become one file."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from darkchannel import keys
from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.records import Coding, Mark, SectionRecord, Stored
from services.merger import timeline
from services.merger.containers import Stream, Tags, Writer
from services.merger.cues import Cues

BUFFER_BYTES: Final = 1 << 20
"""Thousands of frames: some formats are written frame by frame."""

Read = Callable[[Section, Stored], Coroutine[Any, Any, bytes]]
"""A file of a section, whole and as it was made."""


class Damaged(Exception):
    """An encoded section is gone, or is not what its record tells of."""

    def __init__(self, section: Section, reason: str) -> None:
        super().__init__(reason)
        self.section = section


class Unfit(Damaged):
    """It is there, and cannot be joined as its record has it."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a file is joined of: encoded sound, and how much of it is to be heard."""

    coding: Coding
    samples: int
    """At the rate of the speech."""
    read: Callable[[], Coroutine[Any, Any, bytes]]
    unfit: Callable[[str], Exception] = ValueError
    """What is raised where it cannot be joined, by the reason."""


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
        return Part(file.coding, record.samples, partial(self._read, section, file), partial(_unfit, section, file))

    async def cues(self, section: int) -> bytes:
        """The cues of a section as JSON. Raises Unfit where they are not as long as its record says."""
        record = self._records[section]
        body = await self._read(self.plan.sections[section], record.cues)
        if reason := await asyncio.to_thread(_other_length, body, record):
            raise _unfit(self.plan.sections[section], record.cues, reason)
        return body

    async def join(
        self, name: str, writer: type[Writer], parts: Sequence[Part], tags: Tags, chapters: Sequence[Mark] = ()
    ) -> None:
        """Write the file ``name``; ``chapters`` in seconds from its start.

        Raises what ``Part.unfit`` makes where a part cannot be joined, ValueError where all together cannot, OSError
        where the disk cannot take the file, and what reading raises.
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
                try:
                    await asyncio.to_thread(book.add, body, frames)
                except ValueError as error:
                    raise part.unfit(str(error)) from error
            await asyncio.to_thread(book.finish)


def _unfit(section: Section, file: Stored, reason: str) -> Unfit:
    return Unfit(section, f"{keys.JOBS}/{file.key}: {reason}")


def _other_length(body: bytes, record: SectionRecord) -> str | None:
    """Why these are not the cues of a section with this record."""
    try:
        cues = Cues.model_validate_json(body)
    except ValueError:
        return "it holds no cues"
    if (cues.samples, cues.rate) != (record.samples, record.rate):
        return (
            f"it has {cues.samples} samples at {cues.rate} Hz, its section's record {record.samples} at {record.rate}"
        )
    return None
