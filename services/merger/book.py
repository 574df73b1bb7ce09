"""Assemble: when every section is current, their encoded packets become one book, its manifest last."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from darkchannel import keys, pipeline
from darkchannel.audio.loudness import TARGET_LUFS
from darkchannel.errors import Permanent
from darkchannel.events import ObjectCreated
from darkchannel.jobs.chain import Chain
from darkchannel.jobs.formats import encodings
from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.records import Level, Manifest, SectionRecord, Stored
from darkchannel.jobs.runs import Runs
from darkchannel.runtime import scratch
from darkchannel.runtime.service import Context
from darkchannel.storage.ledger import JSON
from darkchannel.storage.lru import Lru
from darkchannel.storage.port import NEW
from services.merger import timeline
from services.merger.binding import Bind, bind
from services.merger.joining import Damaged, Unfit
from services.merger.level import level
from services.merger.once import Turns
from services.merger.rejecting import Rejecter, odd_rate
from services.merger.section_files import fault
from services.merger.speakers import Speakers

log = structlog.get_logger(__name__)

OFF_LU: Final = 0.25
"""How far from its loudness a book may be; half a decibel is promised, and opus takes some of it."""
SHORTEST_SECONDS: Final = 30.0
"""What is shorter has no loudness of its own: the gain of its voices has to do."""
_TYPES: Final = {
    "mp3": "audio/mpeg",
    "m4b": "audio/mp4",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "vtt": "text/vtt; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "lrc": "text/plain; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "jpg": "image/jpeg",
    "png": "image/png",
    "html": "text/html; charset=utf-8",
    "zip": "application/zip",
}


class BookBinder:
    def __init__(self, context: Context, bind: Bind = bind) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._bind = bind
        self._bus = context.bus
        self._rejecter = Rejecter(context)
        self._turns = Turns()
        self._leading: Lru[str, int] = Lru(4096)
        """Sections from the first on that had a record once: keeps the question «all there?» flat."""
        self._unfit: Lru[tuple[str, int, int], bool] = Lru(4096)
        """(job, run, section) of what was encoded again since it could not be joined: that helps once, or never."""

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
        try:
            _check(job, plan, chain)
            if await self._has_two_rates(job, plan, chain, runs.newest) or await self._is_off(job, plan, chain, runs):
                return None
            await self._build(job, plan, chain, digest)
        except Damaged as damaged:
            await self._encode_again(job, damaged, runs.newest)
            return None
        return digest

    async def _has_two_rates(self, job: str, plan: Plan, chain: Chain, run: int) -> bool:
        """Have the sections spoken again whose rate is not that of most of the book."""
        rates: Counter[int] = Counter()
        for record in chain.sections.values():
            rates[record.rate] += record.samples
        usual = rates.most_common(1)[0][0]
        for section in plan.sections:
            record = chain.sections[section.index]
            for index, pair in zip(section.segments, record.pairs, strict=True) if record.rate != usual else ():
                await self._rejecter.reject(job, index, pair, odd_rate(record.rate, usual), run)
        return len(rates) > 1

    async def _is_off(self, job: str, plan: Plan, chain: Chain, runs: Runs) -> bool:
        """Have all sections encoded once more where the book is too loud or too soft; decided before its first build.

        Its voices are brought to a book's loudness by what they measure in a few sentences: a text that is shouted
        or whispered throughout is not. That nothing is lacking is written down, too: a merger that listed other
        sections and comes late would decide anew, of a book that was completed meanwhile.
        """
        if runs.completed[1] or chain.gain:
            return False
        lacking = await self._lacking(job, plan, [chain.sections[section.index] for section in plan.sections])
        decided = await self._jobs.save_level(job, Level(gain=lacking))
        if not decided.gain:
            return False
        log.info("the book is encoded again, at its loudness", job=job, gain=decided.gain)
        for section in plan.sections:
            await self._hint("encode", keys.chunk(job, section.first))
        return True

    async def _lacking(self, job: str, plan: Plan, records: Sequence[SectionRecord]) -> float:
        """Decibels that a book of these sections lacks; 0 where it is near enough, or too short to tell."""
        loudness = timeline.loudness(records)
        if loudness is None or timeline.starts(records)[-1] < SHORTEST_SECONDS or abs(TARGET_LUFS - loudness) <= OFF_LU:
            return 0.0
        return await level(self._store, job, plan, loudness, records[0].rate)

    async def _encode_again(self, job: str, damaged: Damaged, run: int) -> None:
        """Without its record a section is due again, from its chunks, or spoken anew where they were retired.

        Raises Permanent where one that is unfit was encoded again in this run.
        """
        again = (job, run, damaged.section.index)
        is_unfit = isinstance(damaged, Unfit)
        if is_unfit and self._unfit.get(again):
            raise Permanent(
                f"section {damaged.section.index} cannot be joined, also when encoded again: {damaged};"
                " retry the job, or drop its document again with other formats"
            )
        log.warning("a section is encoded again", job=job, section=damaged.section.index, reason=str(damaged))
        await self._store.delete(keys.JOBS, keys.section_record(job, damaged.section.index))
        if is_unfit:
            self._unfit.put(again, True)  # not before: while the store is away nothing is tried
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
        records = [chain.sections[section.index] for section in plan.sections]
        sizes: dict[str, int] = {}
        etags: dict[str, str] = {}
        is_read_again = "zip" in plan.options.formats  # which is made of the files that are kept
        with scratch.folder() as folder:

            async def keep(file: str) -> None:
                path = folder / file
                sizes[file] = path.stat().st_size
                etags[file] = await self._store.put_file(
                    keys.JOBS,
                    keys.build_file(job, digest, file),
                    path,
                    content_type=_TYPES[path.suffix[1:]],
                    move=not is_read_again,
                )

            try:
                picture = await self._cover(job, plan)
                book = await self._bind(plan, records, picture, self._read, folder, keep=keep)
            except ValueError as error:
                raise Permanent(f"the sections cannot be joined: {error}") from error
        speakers = Speakers()
        for record in records:
            speakers.add(record.engines, record.passed_over, record.unable)
        manifest = Manifest(
            digest=digest,
            segments=tuple(segment for record in records for segment, _ in record.pairs),
            files={file: sizes[file] for file in book.files},
            etags={file: etags[file] for file in book.files},
            seconds=book.seconds,
            chapters=book.chapters,
            engines=speakers.engines,
            passed_over=speakers.passed_over,
            unable=speakers.unable,
            loudness=timeline.loudness(records),
        )
        body = manifest.model_dump_json().encode()
        await self._store.put(keys.JOBS, keys.manifest(job, digest), body, over=NEW, content_type=JSON)

    async def _cover(self, job: str, plan: Plan) -> bytes | None:
        found = await self._store.get(keys.JOBS, keys.cover(job, plan.cover)) if plan.cover else None
        return found.body if found else None

    async def _read(self, section: Section, file: Stored) -> bytes:
        found = await self._store.get(keys.JOBS, file.key, if_match=file.etag)
        if found is None:
            raise Damaged(section, f"{keys.JOBS}/{file.key} is gone, or is not what was encoded")
        return found.body


def _check(job: str, plan: Plan, chain: Chain) -> None:
    """Raises Unfit where a record cannot be that of its section."""
    wanted = encodings(plan.options.formats)
    for section in plan.sections:
        if reason := fault(job, section.index, chain.sections[section.index], wanted):
            raise Unfit(section, reason)
