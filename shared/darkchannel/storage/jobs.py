"""A job's objects, typed: the only place that turns objects into models and back."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from pydantic import BaseModel

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.errors import Permanent
from darkchannel.jobs import names
from darkchannel.jobs.chain import Chain, Item
from darkchannel.jobs.metadata import Metadata
from darkchannel.jobs.plan import Part, Plan, Section
from darkchannel.jobs.records import Level, Manifest, SectionRecord
from darkchannel.jobs.rejections import Rejection
from darkchannel.jobs.window import Window
from darkchannel.storage.ledger import FRESH, JSON, Ledger
from darkchannel.storage.lru import Lru
from darkchannel.storage.port import NEW, ObjectInfo, ObjectStore

SSML = "application/ssml+xml"


class Claim(BaseModel):
    """``_names/{date}/{stem}.json``: which job owns an output name."""

    job: str


class Jobs(Ledger):
    """Reads and writes jobs in an object store. What is created once is remembered; the window for a second."""

    def __init__(self, store: ObjectStore, clock: Callable[[], datetime]) -> None:
        super().__init__(store, clock)
        self._windows: Lru[str, tuple[datetime, Window]] = Lru(1024)
        self._plans: Lru[str, Plan] = Lru(256)
        self._parts: Lru[tuple[str, int], Part] = Lru(128)
        self._sections: Lru[tuple[str, int, str], SectionRecord] = Lru(4096)
        self._manifests: Lru[tuple[str, str], Manifest] = Lru(64)
        self._chunks: Lru[tuple[str, int, str], str] = Lru(65536)
        self._rejected: Lru[tuple[str, int, str], str] = Lru(4096)
        self._owners: Lru[str, str] = Lru(65536)

    # -- plan and segments -------------------------------------------------------------------------------------

    async def plan(self, job: str) -> Plan | None:
        if known := self._plans.get(job):
            return known
        plan = await self._read(keys.plan(job), Plan)
        if plan:
            self._plans.put(job, plan)
        return plan

    async def save_plan(self, job: str, plan: Plan, parts: tuple[Part, ...]) -> None:
        """Write the parts, then the index; where another plan is already there, that one stands."""
        for section, part in zip(plan.sections, parts, strict=True):
            await self._create(keys.plan_part(job, section.index, section.digest), part)
        await self._create(keys.plan(job), plan)

    async def release(self, job: str, plan: Plan, index: int) -> None:
        """Put one segment of the stored plan to work, unless it was already."""
        section = plan.section_of(index)
        text = (await self._part(job, section)).segments[index - section.first]
        await self.store.put(keys.JOBS, keys.segment(job, index), text.encode(), over=NEW, content_type=SSML)

    async def _part(self, job: str, section: Section) -> Part:
        if known := self._parts.get((job, section.index)):
            return known
        part = await self._read(keys.plan_part(job, section.index, section.digest), Part)
        if part is None:
            raise LookupError(f"job {job}: plan.json names a part of section {section.index} that is not there")
        self._parts.put((job, section.index), part)
        return part

    async def save_window(self, job: str, window: Window) -> None:
        await self._create(keys.window(job), window)

    async def window(self, job: str) -> Window:
        remembered = self._windows.get(job)
        if remembered and self._clock() - remembered[0] < FRESH:
            return remembered[1]
        try:
            window = await self._read(keys.window(job), Window) or Window(width=1)
        except Permanent:  # a person's hand: the reconciler writes it anew
            window = Window(width=1)
        self._windows.put(job, (self._clock(), window))
        return window

    async def change_window(self, job: str, window: Window) -> None:
        """Replace the window, which only the reconciler does; where another was quicker, that one stands."""
        found = await self.store.get(keys.JOBS, keys.window(job))
        body = window.model_dump_json().encode()
        over = found.info.etag if found else NEW
        await self.store.put(keys.JOBS, keys.window(job), body, over=over, content_type=JSON)
        self._windows.forget(job)

    # -- what was made -----------------------------------------------------------------------------------------

    async def chunk_source(self, job: str, index: int, etag: str) -> str | None:
        """The ETag of the segment that the chunk of this ETag was spoken from; None where it tells of none."""
        if known := self._chunks.get((job, index, etag)):
            return known
        head = await self.store.get(keys.JOBS, keys.chunk(job, index), if_match=etag, first=wav.HEAD_BYTES)
        record = wav.read_record(head.body) if head else None
        if record is None:
            return None
        self._chunks.put((job, index, etag), record.source)
        return record.source

    async def gain(self, job: str) -> float:
        """Decibels by which the whole book is raised; 0 while nobody decided otherwise. Permanent if unreadable."""
        level = await self._read(keys.level(job), Level)
        return level.gain if level else 0.0

    async def save_level(self, job: str, level: Level) -> Level:
        """Decide how much the book is raised, and return what stands: this, or what was decided before.

        Raises Permanent where that is unreadable.
        """
        if await self._create(keys.level(job), level):
            return level
        return await self._read(keys.level(job), Level) or level

    async def section(self, job: str, index: int) -> tuple[SectionRecord | None, str]:
        """A section's record, and the ETag over which the next is written."""
        return await self._replaceable(keys.section_record(job, index), SectionRecord)

    async def rejection(self, job: str, index: int) -> tuple[Rejection | None, str]:
        """The last rejection of a segment's chunk, and the ETag over which the next is written."""
        return await self._replaceable(keys.rejection(job, index), Rejection)

    async def save_rejection(self, job: str, index: int, rejection: Rejection, over: str) -> bool:
        """Write a rejection over the ETag of the one before; False where another writer came first."""
        body = rejection.model_dump_json().encode()
        return (
            await self.store.put(keys.JOBS, keys.rejection(job, index), body, over=over, content_type=JSON) is not None
        )

    async def manifest(self, job: str, digest: str) -> Manifest | None:
        """The manifest of a build, which may have been retired since it was read; None where it is unreadable, too."""
        if known := self._manifests.get((job, digest)):
            return known
        try:
            manifest = await self._read(keys.manifest(job, digest), Manifest)
        except Permanent:  # a person's hand: the build is made again
            return None
        if manifest:
            self._manifests.put((job, digest), manifest)
        return manifest

    async def chain(self, job: str, since: Section | None = None) -> Chain:
        """Chunks, section records and segments, in this order: what is made is listed before what it is made from.

        Of the sections from ``since`` on, where one is given.
        """
        first = since.first if since else 0
        chunks = await self._items(job, "chunks", keys.parse_chunk, after=keys.chunk(job, first - 1) if first else "")
        rejected = await self.rejected(job)
        # Beyond 9,999 sections numbers have five digits and no longer sort: only a start below 1,000 skips none.
        records = keys.section_record(job, since.index - 1) if since and 0 < since.index < 1_000 else ""
        listed = await self._items(job, "sections", keys.parse_section, after=records)
        sections = {i: await self._section(job, i, item) for i, item in listed.items()}
        segments = await self.segments(job, first)
        gain = await self.gain(job)
        faulty = frozenset(i for i, etag in rejected.items() if i in chunks and chunks[i].etag == etag)
        return Chain(segments, chunks, {i: record for i, record in sections.items() if record}, faulty, gain)

    async def segments(self, job: str, first: int = 0) -> dict[int, Item]:
        after = keys.segment(job, first - 1) if first else ""
        return await self._items(job, "segments", keys.parse_segment, after=after)

    async def rejected(self, job: str) -> dict[int, str]:
        """The ETag of the chunk that was rejected last, of each segment of which one was."""
        chunks: dict[int, str] = {}
        for index, item in (await self._items(job, "rejections", keys.parse_rejection)).items():
            known = self._rejected.get((job, index, item.etag))
            if known is None:
                rejection, etag = await self.rejection(job, index)
                if rejection:
                    known = rejection.chunk
                    self._rejected.put((job, index, etag), known)
            if known:
                chunks[index] = known
        return chunks

    async def listed_chunks(self, job: str) -> AsyncIterator[tuple[int, ObjectInfo]]:
        async for info in self.store.list(keys.JOBS, f"{job}/chunks/"):
            if key := keys.parse_chunk(info.key):
                yield key.index, info

    async def _section(self, job: str, index: int, item: Item) -> SectionRecord | None:
        if known := self._sections.get((job, index, item.etag)):
            return known
        record, etag = await self.section(job, index)
        if record:
            self._sections.put((job, index, etag), record)
        return record

    async def _items(
        self, job: str, folder: str, parse: Callable[[str], keys.Numbered | None], *, after: str = ""
    ) -> dict[int, Item]:
        items: dict[int, Item] = {}
        async for info in self.store.list(keys.JOBS, f"{job}/{folder}/", after=after):
            if key := parse(info.key):
                items[key.index] = Item(info.etag, info.modified)
        return items

    # -- names and metadata ------------------------------------------------------------------------------------

    async def output_name(self, job: str, *, claim: bool = False) -> tuple[str, str] | None:
        """The date and stem under which a job is published; claimed once, with the acceptance's date."""
        accepted = await self.opened(job, 1)
        if accepted is None or accepted.source is None:
            return None
        date = accepted.at.date().isoformat()
        body = Claim(job=job).model_dump_json().encode()
        for stem in names.candidates(names.stem(accepted.source.key)):
            key = keys.name_claim(date, stem)
            if claim:
                await self.store.put(keys.JOBS, key, body, over=NEW, content_type=JSON)
            try:
                owner = await self.owner(key)
            except Permanent:  # a person's hand: whosever it was, the name is taken
                continue
            if owner is None:
                return None
            if owner == job:
                return date, stem
        return None

    async def owner(self, claim: str) -> str | None:
        """The job that claimed an output name; ``claim`` is the key of the claim."""
        if known := self._owners.get(claim):
            return known
        found = await self._read(claim, Claim)
        if found:
            self._owners.put(claim, found.job)
        return found.job if found else None

    async def input(self, job: str) -> ObjectInfo | None:
        """The document as received."""
        return await anext(aiter(self.store.list(keys.JOBS, f"{job}/input/source")), None)

    async def metadata(self, job: str) -> Metadata | None:
        return await self._read(keys.metadata(job), Metadata)
