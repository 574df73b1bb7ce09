"""Assemble: when every section is current, their encoded packets become one book, its manifest last."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

import structlog

from darkchannel import keys, pipeline
from darkchannel.audio import ffmpeg
from darkchannel.events import ObjectCreated
from darkchannel.jobs.chain import Chain
from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.records import Manifest, Mark, SectionAudio
from darkchannel.runtime.service import Context
from darkchannel.storage.ledger import JSON
from darkchannel.storage.lru import Lru
from darkchannel.storage.port import NEW
from services.merger import scratch
from services.merger.once import Turns
from services.merger.rejecting import Rejecter, odd_rate

log = structlog.get_logger(__name__)

AUDIOBOOK = "audiobook.mp3"


class Damaged(Exception):
    """An encoded section is gone, or is not what its record tells of."""

    def __init__(self, section: Section, reason: str) -> None:
        super().__init__(reason)
        self.section = section


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
        self._rejecter = Rejecter(context)
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
        if await self._store.head(keys.JOBS, keys.manifest(job, digest)):
            # A build that was there before raises no event again.
            await self._hint("decide", keys.manifest(job, digest))
            return None
        if await self._has_two_rates(job, plan, chain, runs.newest):
            return None
        try:
            await self._build(job, plan, chain, digest)
        except Damaged as damaged:
            await self._encode_again(job, damaged)
            return None
        return digest

    async def _has_two_rates(self, job: str, plan: Plan, chain: Chain, run: int) -> bool:
        """Have the sections spoken again whose rate is not that of most of the book."""
        rates: Counter[int] = Counter()
        for record in chain.sections.values():
            rates[record.files["mp3"].rate] += record.files["mp3"].samples
        usual = rates.most_common(1)[0][0]
        for section in plan.sections:
            record = chain.sections[section.index]
            rate = record.files["mp3"].rate
            for index, pair in zip(section.segments, record.pairs, strict=True) if rate != usual else ():
                await self._rejecter.reject(job, index, pair, odd_rate(rate, usual), run)
        return len(rates) > 1

    async def _encode_again(self, job: str, damaged: Damaged) -> None:
        """Without its record a section is due again, from its chunks, or spoken anew where they were retired."""
        log.warning("a section is encoded again", job=job, section=damaged.section.index, reason=str(damaged))
        await self._store.delete(keys.JOBS, keys.section_record(job, damaged.section.index))
        await self._hint("encode", keys.chunk(job, damaged.section.first))

    async def _hint(self, stage: str, key: str) -> None:
        await self._bus.publish(pipeline.BY_NAME[stage].queue, ObjectCreated(keys.JOBS, key).encode())

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
        with scratch.folder() as folder:
            book = Path(folder) / AUDIOBOOK
            await self._join(
                self._frames(plan, audio),
                book,
                samples=sum(part.samples for part in audio),
                title=plan.title,
                author=plan.author,
                language=plan.options.language,
                chapters=chapters,
            )
            size = book.stat().st_size
            key = keys.build_file(job, digest, AUDIOBOOK)
            etag = await self._store.put_file(keys.JOBS, key, book, content_type="audio/mpeg")
        manifest = Manifest(
            digest=digest,
            segments=tuple(segment for s in plan.sections for segment, _ in chain.sections[s.index].pairs),
            files={AUDIOBOOK: size},
            etags={AUDIOBOOK: etag},
            seconds=chapters[-1].end,
            chapters=chapters,
        )
        body = manifest.model_dump_json().encode()
        await self._store.put(keys.JOBS, keys.manifest(job, digest), body, over=NEW, content_type=JSON)

    async def _frames(self, plan: Plan, audio: Sequence[SectionAudio]) -> AsyncIterator[bytes]:
        for section, part in zip(plan.sections, audio, strict=True):
            try:
                async for piece in self._store.stream(keys.JOBS, part.key, if_match=part.etag):
                    yield piece
            except LookupError:
                raise Damaged(section, f"{keys.JOBS}/{part.key} is gone, or is not what was encoded") from None


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
