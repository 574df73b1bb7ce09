"""Assemble: when every section is current, their encoded packets become one book, its manifest last."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

from darkchannel import keys, pipeline
from darkchannel.audio import ffmpeg
from darkchannel.errors import Transient
from darkchannel.events import ObjectCreated
from darkchannel.jobs.chain import Chain
from darkchannel.jobs.plan import Plan
from darkchannel.jobs.records import Manifest, Mark, SectionAudio
from darkchannel.runtime.service import Context
from darkchannel.storage.jobs import JSON
from darkchannel.storage.lru import Lru
from darkchannel.storage.port import NEW
from services.merger.once import Turns

AUDIOBOOK = "audiobook.mp3"


class Join(Protocol):
    async def __call__(
        self,
        frames: AsyncIterator[bytes],
        out: Path,
        /,
        *,
        samples: int,
        title: str,
        author: str | None,
        language: str,
        chapters: Sequence[Mark],
    ) -> None: ...


class BookBinder:
    def __init__(self, context: Context, join: Join = ffmpeg.join_mp3) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._join = join
        self._bus = context.bus
        self._turns = Turns()
        self._leading: Lru[str, int] = Lru(4096)
        """Sections from the first on that had a record once: keeps the question «all there?» flat."""

    async def assemble(self, event: ObjectCreated) -> None:
        """Build the book of a section's job, if every section is current."""
        key = keys.parse_section(event.key)
        plan = await self._jobs.plan(key.job) if key else None
        if key is None or plan is None:
            return
        async with self._turns.of(key.job):
            built: str | None = None
            while (digest := await self._due(key.job, plan, built)) is not None:
                built = digest

    async def _due(self, job: str, plan: Plan, built: str | None) -> str | None:
        """Build what one look calls for and return its digest; None where it calls for nothing new."""
        runs = await self._jobs.runs(job)
        if not runs.is_open or not await self._is_complete(job, plan):
            return None
        chain = await self._jobs.chain(job)
        digest = chain.digest(plan)
        if digest is None or digest == built:
            return None
        if await self._jobs.manifest(job, digest):
            # A build that was there before raises no event again.
            hint = ObjectCreated(keys.JOBS, keys.manifest(job, digest))
            await self._bus.publish(pipeline.BY_NAME["decide"].queue, hint.encode())
            return None
        await self._build(job, plan, chain, digest)
        return digest

    async def _is_complete(self, job: str, plan: Plan) -> bool:
        """Whether every section has a record: one request for each that had none the last time, at most."""
        known = self._leading.get(job) or 0
        while known < len(plan.sections):
            if await self._store.head(keys.JOBS, keys.section_record(job, known)) is None:
                return False
            known += 1
            self._leading.put(job, known)
        return True

    async def _build(self, job: str, plan: Plan, chain: Chain, digest: str) -> None:
        audio = [chain.sections[section.index].files["mp3"] for section in plan.sections]
        chapters = marks(plan, audio)
        with tempfile.TemporaryDirectory(prefix="darkchannel-") as folder:
            book = Path(folder) / AUDIOBOOK
            await self._join(
                self._frames(audio),
                book,
                samples=sum(part.samples for part in audio),
                title=plan.title,
                author=plan.author,
                language=plan.options.language,
                chapters=chapters,
            )
            size = book.stat().st_size
            key = keys.build_file(job, digest, AUDIOBOOK)
            await self._store.put_file(keys.JOBS, key, book, content_type="audio/mpeg")
        manifest = Manifest(
            digest=digest,
            segments=tuple(segment for s in plan.sections for segment, _ in chain.sections[s.index].pairs),
            files={AUDIOBOOK: size},
            seconds=chapters[-1].end,
            chapters=chapters,
        )
        body = manifest.model_dump_json().encode()
        await self._store.put(keys.JOBS, keys.manifest(job, digest), body, over=NEW, content_type=JSON)

    async def _frames(self, audio: Sequence[SectionAudio]) -> AsyncIterator[bytes]:
        for part in audio:
            size = 0
            async for piece in self._store.stream(keys.JOBS, part.key):
                size += len(piece)
                yield piece
            if size != part.size:
                raise Transient(f"{keys.JOBS}/{part.key} has {size} bytes, its record says {part.size}")


def marks(plan: Plan, audio: Sequence[SectionAudio]) -> tuple[Mark, ...]:
    """Where each chapter stands, counted in decoded samples: a chapter's sections follow one another."""
    chapters: list[Mark] = []
    at = 0.0
    for _, sections in groupby(plan.sections, key=lambda section: section.chapter):
        group = list(sections)
        end = at + sum(audio[section.index].samples / audio[section.index].rate for section in group)
        chapters.append(Mark(title=group[0].title, start=at, end=end))
        at = end
    return tuple(chapters)
