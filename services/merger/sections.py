"""Encode: when all chunks of a section are there, spoken from the segments that are there, they become one file."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from darkchannel import keys
from darkchannel.audio import ffmpeg, mp3, wav
from darkchannel.audio.faults import fault
from darkchannel.events import ObjectCreated
from darkchannel.jobs.plan import Section
from darkchannel.jobs.records import Pair, SectionAudio, SectionRecord, pairs_digest
from darkchannel.runtime.service import Context
from darkchannel.storage.ledger import JSON
from darkchannel.storage.lru import Lru
from services.merger.once import Turns
from services.merger.rejecting import Rejecter, odd_rate


class Encode(Protocol):
    async def __call__(self, pcm: AsyncIterator[memoryview], /, *, rate: int) -> bytes: ...


class Moved(Exception):
    """A chunk is no longer the one that was listed."""


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
    def __init__(
        self, context: Context, encode: Encode = ffmpeg.encode_mp3, samples: Callable[[bytes], int] = mp3.samples
    ) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._encode = encode
        self._samples = samples
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
                while not await self._settle(chunk.job, section):
                    pass
            except Outdated:
                return

    async def _settle(self, job: str, section: Section) -> bool:
        """One look and what it calls for; True when there is nothing more to do."""
        runs = await self._jobs.runs(job)
        if not runs.is_open or not await self._is_complete(job, section):
            return True
        pairs = await self._pairs(job, section)
        if pairs is None:
            return True
        record, etag = await self._jobs.section(job, section.index)
        if (record and record.pairs == pairs) or await self._has_rejected(job, section, pairs):
            return True
        try:
            audio = await self._encoded(job, section, pairs)
        except Moved:
            return False
        except (Faulty, TwoRates) as refusal:
            await self._refuse(refusal, job, section, pairs, runs.newest)
            return True
        body = SectionRecord(index=section.index, pairs=pairs, files={"mp3": audio}).model_dump_json().encode()
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

    async def _encoded(self, job: str, section: Section, pairs: Sequence[Pair]) -> SectionAudio:
        """Encode a section and store it under a name that holds its digest."""
        async with self._encoders:
            first, rate = await self._speech(job, section.first, pairs[0])
            frames = await self._encode(self._pcm(job, section, pairs, first, rate), rate=rate)
        key = keys.section_audio(job, section.index, pairs_digest(pairs), "mp3")
        etag = await self._store.put(keys.JOBS, key, frames, content_type="audio/mpeg")
        return SectionAudio(key=key, etag=etag or "", samples=self._samples(frames), rate=rate)

    async def _pcm(
        self, job: str, section: Section, pairs: Sequence[Pair], first: memoryview, rate: int
    ) -> AsyncIterator[memoryview]:
        yield first
        for index, pair in zip(section.segments[1:], pairs[1:], strict=True):
            pcm, its_rate = await self._speech(job, index, pair)
            if its_rate != rate:
                raise TwoRates
            yield pcm

    async def _speech(self, job: str, index: int, pair: Pair) -> tuple[memoryview, int]:
        """The samples of a chunk, read on condition that it is the listed one."""
        segment, etag = pair
        found = await self._store.get(keys.JOBS, keys.chunk(job, index), if_match=etag)
        if found is None:
            raise Moved
        try:
            record, pcm = wav.unpack(found.body)
        except ValueError as error:
            raise Faulty(index, pair, f"is damaged ({error})") from error
        if record.source != segment:
            raise Outdated
        if reason := fault(record, pcm):
            raise Faulty(index, pair, reason)
        return pcm, record.rate
