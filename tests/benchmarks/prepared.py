"""Jobs that lie ready to be merged: one section of real speech, as often as a book of any length has it."""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.jobs import plan
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Chapter, Plan
from darkchannel.jobs.runs import Opened, Source
from darkchannel.jobs.window import Window
from darkchannel.runtime.embedded import embedded
from darkchannel.runtime.registry import load
from darkchannel.runtime.service import utc_now
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.jobs import Jobs
from services.splitter import document
from tests.benchmarks import book

LIMIT_SECONDS = 120.0
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Spoken:
    """A section of about ten minutes: its texts and chunks, as they lie in a store."""

    texts: tuple[str, ...]
    chunks: tuple[bytes, ...]
    seconds: float
    """Of its chunks, before the merger lays pauses."""

    def sections(self, seconds: float) -> int:
        """How many of these are a book of that length."""
        return max(1, round(seconds / self.seconds))


def speak() -> Spoken:
    """The first section of the narrated book in the voice that nobody has to choose."""
    _, parts = plan.make(document.read(book.write(2 * plan.SECTION_CHARACTERS).encode(), "livro.md", ()))
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as folder:
        return asyncio.run(_spoken(Path(folder), parts[0].segments))


async def _spoken(root: Path, texts: tuple[str, ...]) -> Spoken:
    chunks: list[bytes] = []
    async with embedded(root, services=load(("synthesizer",)), drops=False) as pipeline:
        job, _ = await place(pipeline.jobs, (texts,), ("mp3",))
        async with asyncio.timeout(LIMIT_SECONDS):
            for index in range(len(texts)):
                # Polled, as any client outside the pipeline has to.
                while (found := await pipeline.store.get(keys.JOBS, keys.chunk(job, index))) is None:  # noqa: ASYNC110
                    await asyncio.sleep(POLL_SECONDS)
                chunks.append(found.body)
    records = [wav.unpack(chunk)[0] for chunk in chunks]
    return Spoken(texts, tuple(chunks), sum(record.samples / record.rate for record in records))


def lay_out(root: Path, spoken: Spoken, sections: int, formats: tuple[str, ...], *, is_last_there: bool = True) -> str:
    """A job of so many sections, each a chapter and nothing encoded; its last chunk is there, or not yet.

    The chunks of all sections are links to those of one: 25 hours of them would be 4 GB, all alike.
    """

    async def laid_out() -> str:
        store = FolderStore(root)
        job, index = await place(Jobs(store, utc_now), (spoken.texts,) * sections, formats)
        assert len(index.sections) == sections, "a chapter is a section"
        for index, chunk in enumerate(spoken.chunks):
            await store.put(keys.JOBS, keys.chunk(job, index), chunk)
        return job

    job = asyncio.run(laid_out())
    count = len(spoken.chunks)
    for index in range(count, count * sections):
        os.link(_chunk(root, job, index % count), _chunk(root, job, index))
    if not is_last_there:
        _chunk(root, job, count * sections - 1).unlink()
    return job


def _chunk(root: Path, job: str, index: int) -> Path:
    return root / keys.JOBS / keys.chunk(job, index)


async def place(
    jobs: Jobs, chapters: Sequence[tuple[str, ...]], formats: tuple[str, ...], *, width: int | None = None
) -> tuple[str, Plan]:
    """A job with an open run, its plan, and all its segments or those of a window so wide."""
    at = utc_now()
    job = keys.job_id(keys.INBOX, "livro.md", at.isoformat())
    titled = tuple(Chapter(f"Capítulo {number}", texts) for number, texts in enumerate(chapters, 1))
    index, parts = plan.make(Book("O farol e a vila", "Ninguém", Options(formats=formats), titled))
    source = Source(bucket=keys.INBOX, key="livro.md", version=at.isoformat(), size=1)
    await jobs.open_run(job, 1, Opened(reason="accepted", at=at, source=source))
    await jobs.save_plan(job, index, parts)
    if width is not None:
        await jobs.save_window(job, Window(width=width))
    for number in range(index.segments if width is None else min(width, index.segments)):
        await jobs.release(job, index, number)
    return job, index
