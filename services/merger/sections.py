"""Encode: when all chunks of a section are there, spoken from the segments that are there, they become one section."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.audio.faults import fault
from darkchannel.audio.wav import ChunkRecord
from darkchannel.events import ObjectCreated
from darkchannel.jobs.formats import encodings
from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.records import Pair, SectionAudio, SectionRecord, Stored, section_digest
from darkchannel.runtime.service import Context
from darkchannel.runtime.together import together
from darkchannel.storage.ledger import JSON
from darkchannel.storage.lru import Lru
from darkchannel.storage.port import Object
from services.merger.encodings import ENCODINGS
from services.merger.mastering import Brief, EncodedFile, Master, Take, master
from services.merger.once import Turns
from services.merger.pauses import pause
from services.merger.rejecting import Rejecter, odd_rate, too_long
from services.merger.section_files import CUES, key_of
from services.merger.speakers import Speakers

UPLOADS = 4
"""Files of a section that are stored at once."""
AT_ONCE_BYTES = 1 << 24
"""Of a chunk, before it is known whether it can be of its text: three minutes at the highest rate. Of a text, too: a
person may make one larger than any that is spoken."""


class Moved(Exception):
    """A chunk, or its text, is no longer the one that was listed."""


class Outdated(Exception):
    """A chunk was spoken from another text than the listed segment: its successor will raise its own event."""


class TwoRates(Exception):
    """The chunks of a section differ in their rate."""


class Faulty(Exception):
    """A chunk must not reach a book."""

    def __init__(self, index: int, pair: Pair, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.pair = pair


class SectionEncoder:
    def __init__(self, context: Context, master: Master = master) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._master = master
        self._rejecter = Rejecter(context)
        self._turns = Turns()
        # One more than there are cores: while one is fed or stored, none of them idles.
        self._encoders = asyncio.Semaphore((os.cpu_count() or 1) + 1)
        self._leading: Lru[tuple[str, int], int] = Lru(4096)
        """Chunks from a section's first on that were there once: keeps the question «all there?» flat."""

    async def encode(self, event: ObjectCreated) -> None:
        """Bring the section of a chunk up to date, if it is complete."""
        chunk = keys.parse_chunk(event.key)
        plan = await self._jobs.plan(chunk.job) if chunk else None
        if chunk is None or plan is None or chunk.index >= plan.segments:
            return
        section = plan.section_of(chunk.index)
        async with self._turns.of((chunk.job, section.index)):
            try:
                while not await self._settle(chunk.job, plan, section):
                    pass
            except Outdated:
                return

    async def _settle(self, job: str, plan: Plan, section: Section) -> bool:
        """One look and what it calls for; True when there is nothing more to do."""
        runs = await self._jobs.runs(job)
        if not runs.is_open or not await self._is_complete(job, section):
            return True
        pairs = await self._pairs(job, section)
        if pairs is None:
            return True
        # The record is read before the gain: so none of an older gain can replace that of a newer one.
        there, etag = await self._jobs.section(job, section.index)
        gain = await self._jobs.gain(job)
        is_current = there is not None and there.pairs == pairs and there.gain == gain
        if is_current or await self._has_rejected(job, section, pairs):
            return True
        try:
            record = await self._encoded(job, plan, section, pairs, gain)
        except Moved:
            return False
        except (Faulty, TwoRates) as refusal:
            await self._refuse(refusal, job, section, pairs, runs.newest)
            return True
        body = record.model_dump_json().encode()
        await self._store.put(keys.JOBS, keys.section_record(job, section.index), body, over=etag, content_type=JSON)
        return False

    async def _refuse(
        self, refusal: Faulty | TwoRates, job: str, section: Section, pairs: Sequence[Pair], run: int
    ) -> None:
        """Have the faulty chunk spoken again, or those whose rate is not that of most of the section."""
        if isinstance(refusal, Faulty):
            await self._rejecter.reject(job, refusal.index, refusal.pair, str(refusal), run)
            return
        rates: dict[int, int] = {}
        for index, (_, chunk) in zip(section.segments, pairs, strict=True):
            head = await self._store.get(keys.JOBS, keys.chunk(job, index), if_match=chunk, first=wav.HEAD_BYTES)
            record = wav.read_record(head.body) if head else None
            if record is None:
                return
            rates[index] = record.rate
        [(usual, _)] = Counter(rates.values()).most_common(1)
        for index, pair in zip(section.segments, pairs, strict=True):
            if rates[index] != usual:
                await self._rejecter.reject(job, index, pair, odd_rate(rates[index], usual), run)

    async def _has_rejected(self, job: str, section: Section, pairs: Sequence[Pair]) -> bool:
        """Whether a listed chunk waits to be spoken again."""
        rejected = await self._jobs.rejected(job)
        return any(rejected.get(index) == chunk for index, (_, chunk) in zip(section.segments, pairs, strict=True))

    async def _is_complete(self, job: str, section: Section) -> bool:
        """Whether every chunk is there: one request for each chunk that was not there the last time, at most."""
        known = self._leading.get((job, section.index)) or 0
        while known < section.count:
            if await self._store.head(keys.JOBS, keys.chunk(job, section.first + known)) is None:
                return False
            known += 1
            self._leading.put((job, section.index), known)
        return True

    async def _pairs(self, job: str, section: Section) -> tuple[Pair, ...] | None:
        chunks = await asyncio.gather(*(self._store.head(keys.JOBS, keys.chunk(job, i)) for i in section.segments))
        segments = await asyncio.gather(*(self._store.head(keys.JOBS, keys.segment(job, i)) for i in section.segments))
        if any(info is None for info in (*chunks, *segments)):
            return None
        return tuple((s.etag, c.etag) for s, c in zip(segments, chunks, strict=True) if s and c)

    async def _encoded(
        self, job: str, plan: Plan, section: Section, pairs: tuple[Pair, ...], gain: float
    ) -> SectionRecord:
        """Encode a section and store its files under names that hold its digest."""
        async with self._encoders:
            first = await self._take(job, plan, section.first, pairs[0])
            brief = Brief(
                rate=first.record.rate,
                encodings=encodings(plan.options.formats),
                pauses=plan.options.pauses,
                gain=gain,
                ending=pause(plan, section.first + section.count),
            )
            speakers = Speakers()
            takes = self._takes(job, plan, section, pairs, first, speakers=speakers)
            del first  # its speech is not held until the last
            made = await self._master(takes, brief)
            digest = section_digest(pairs, gain)
            to = key_of(job, section.index, digest, CUES)
            names = list(made.files)
            files = (self._store_audio(job, section, digest, name, made.files[name]) for name in names)
            audio, cues = await asyncio.gather(
                together(files, at_once=UPLOADS),
                self._stored(to, made.cues.model_dump_json().encode(), JSON),
            )
            return SectionRecord(
                index=section.index,
                pairs=pairs,
                gain=gain,
                rate=brief.rate,
                samples=made.samples,
                lead=made.lead,
                loudness=made.loudness,
                engines=speakers.engines,
                passed_over=speakers.passed_over,
                unable=speakers.unable,
                files=dict(zip(names, audio, strict=True)),
                cues=cues,
            )

    async def _store_audio(self, job: str, section: Section, digest: str, name: str, file: EncodedFile) -> SectionAudio:
        key = key_of(job, section.index, digest, name)
        stored = await self._stored(key, file.body, ENCODINGS[name].content_type)
        return SectionAudio(key=key, etag=stored.etag, coding=file.coding)

    async def _stored(self, key: str, body: bytes, content_type: str) -> Stored:
        etag = await self._store.put(keys.JOBS, key, body, content_type=content_type)
        return Stored(key=key, etag=etag or "")

    async def _takes(
        self, job: str, plan: Plan, section: Section, pairs: Sequence[Pair], first: Take, *, speakers: Speakers
    ) -> AsyncIterator[Take]:
        """The chunks of a section; ``speakers`` counts who spoke them."""
        rate = first.record.rate
        _count(speakers, first.record)
        yield first
        del first
        for index, pair in zip(section.segments[1:], pairs[1:], strict=True):
            take = await self._take(job, plan, index, pair)
            if take.record.rate != rate:
                raise TwoRates
            _count(speakers, take.record)
            yield take
            del take

    async def _take(self, job: str, plan: Plan, index: int, pair: Pair) -> Take:
        """The speech of a chunk and its text, both read on condition that they are the listed ones."""
        wanted = (keys.segment(job, index), pair[0]), (keys.chunk(job, index), pair[1])
        text, found = await together(
            (self._store.get(keys.JOBS, key, if_match=etag, first=AT_ONCE_BYTES) for key, etag in wanted), at_once=2
        )
        if text is None or found is None:
            raise Moved
        ssml = text.body.decode("utf-8", "replace")
        if found.info.size > len(found.body):
            found = await self._rest(found, index, pair, ssml)
        try:
            record, pcm = wav.unpack(found.body)
        except ValueError as error:
            raise Faulty(index, pair, f"is damaged ({error})") from error
        if record.source != pair[0]:
            raise Outdated
        if reason := fault(pcm, record.rate, record.places, expected=record.expected, longest=record.longest):
            raise Faulty(index, pair, reason)
        return Take(record, pcm, ssml, pause(plan, index))

    async def _rest(self, head: Object, index: int, pair: Pair, ssml: str) -> Object:
        """A large chunk, of which this was read: whole, if it can be speech of this text."""
        record = wav.read_record(head.body)
        if record and record.source != pair[0]:
            raise Outdated
        refusal = too_long(head.info.size, record.rate, ssml) if record else "is damaged (it has no record)"
        if refusal:
            raise Faulty(index, pair, refusal)
        found = await self._store.get(keys.JOBS, head.info.key, if_match=pair[1])
        if found is None:
            raise Moved
        return found


def _count(speakers: Speakers, record: ChunkRecord) -> None:
    passed_over = {record.engine: dict.fromkeys(record.passed_over, 1)}
    speakers.add({record.engine: 1}, passed_over, {engine: {reason: 1} for engine, reason in record.unable})
