"""What must hold when all is done: each document one audiobook, whole, once, and nothing left over."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from darkchannel import keys
from darkchannel.audio import mp3, wav
from darkchannel.jobs.chain import Chain
from darkchannel.jobs.deliveries import Announced
from darkchannel.jobs.plan import Plan
from darkchannel.jobs.records import Manifest, SectionRecord
from darkchannel.jobs.runs import Runs, State
from darkchannel.speech.transcript import Passage, transcript
from darkchannel.storage.jobs import Jobs
from services.merger import timeline
from services.merger.cues import Cues
from tests.reliability.witness import Write

LEAST_OF_SPOKEN = 0.6
"""Of a chunk's samples: the rest is the silence that its engine left."""
MOST_SILENCE = 4.0
"""Seconds that the pauses of a segment may add."""


@dataclass(slots=True)
class Verdict:
    """What was found. ``faults`` is empty where all holds."""

    jobs: int
    segments: int = 0
    syntheses: int = 0
    """How often an engine was asked for the speech of a segment."""
    chunks: int = 0
    """How often a chunk was brought to the store, also too late."""
    publications: int = 0
    """Audiobooks copied into the output bucket, also those that repeat the same build."""
    faults: list[str] = field(default_factory=list)

    @property
    def duplicates(self) -> int:
        """Syntheses beyond one a segment."""
        return self.syntheses - self.segments


async def judge(jobs: Jobs, ids: Sequence[str], writes: Sequence[Write]) -> Verdict:
    """Hold everything in the store against the invariants; ``ids``: every job there is."""
    verdict = Verdict(len(ids))
    expected: dict[str, str] = {}
    for job in ids:
        try:
            await _Case(jobs, job, verdict, expected).judge()
        except Exception as error:  # what cannot be read is a fault like others
            verdict.faults.append(f"{job}: {type(error).__name__}: {error}")
    await _leftovers(jobs, ids, expected, verdict)
    _writes(writes, expected, verdict)
    return verdict


class _Case:
    """One job, and what is wrong with it."""

    def __init__(self, jobs: Jobs, job: str, verdict: Verdict, expected: dict[str, str]) -> None:
        self._jobs = jobs
        self._store = jobs.store
        self._job = job
        self._verdict = verdict
        self._expected = expected

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self._verdict.faults.append(f"{self._job}: {otherwise}")

    async def judge(self) -> None:
        runs = await self._jobs.runs(self._job, fresh=True)
        plan = await self._jobs.plan(self._job)
        self._check(runs.state is State.COMPLETED, f"its newest run is {runs.state}: {runs.last_outcome}")
        ended = sorted(runs.opened) == sorted(runs.outcomes) == sorted(runs.closed) == [*range(1, runs.newest + 1)]
        self._check(ended, f"opened {sorted(runs.opened)}, ended {sorted(runs.outcomes)}, closed {sorted(runs.closed)}")
        manifest = await self._jobs.manifest(self._job, runs.completed[1] or "") if plan else None
        if plan is None or manifest is None:
            self._check(False, "it has no plan or no manifest")
            return
        chain = await self._jobs.chain(self._job)
        self._check(chain.digest(plan) == manifest.digest, "its newest build is not of the chunks that are there")
        self._check(
            {i: item.etag for i, item in chain.segments.items()} == dict(enumerate(manifest.segments)),
            "its newest build was not spoken from the segments that are there",
        )
        self._check(
            len(manifest.segments) == plan.segments, f"{plan.segments} segments, {len(manifest.segments)} spoken"
        )
        self._verdict.segments += plan.segments
        await self._announced(runs)
        book = await self._published(manifest)
        await self._whole(plan, chain, manifest, book)

    async def _announced(self, runs: Runs) -> None:
        for run in runs.outcomes:
            found = await self._store.get(keys.JOBS, keys.announced(self._job, run))
            done = found is not None and Announced.model_validate_json(found.body).due is None
            self._check(done, f"not all who are to hear of run {run} have heard")

    async def _published(self, manifest: Manifest) -> bytes:
        """Where listeners and people look lies the newest build, whole."""
        name = await self._jobs.output_name(self._job)
        assert name
        for file, size in manifest.files.items():
            for bucket, key in (
                (keys.OUTPUT, keys.published(*name, file, manifest.audiobook)),
                (keys.JOBS, keys.final(self._job, file)),
            ):
                if bucket == keys.OUTPUT:
                    self._check(key not in self._expected, f"{key} is another job's too")
                    self._expected[key] = self._job
                there = await self._store.head(bucket, key)
                build, found = (there.metadata.get("build"), there.size) if there else (None, 0)
                self._check(build == manifest.digest, f"{bucket}/{key} is of build {build}, not {manifest.digest}")
                self._check(found == size, f"{bucket}/{key} has {found} of {size} bytes")
        book = await self._store.get(keys.OUTPUT, keys.published(*name, manifest.audiobook, manifest.audiobook))
        return book.body if book else b""

    async def _whole(self, plan: Plan, chain: Chain, manifest: Manifest, book: bytes) -> None:
        """The book says every sentence of its segments, and lasts as long as its sections."""
        records = [chain.sections[section.index] for section in plan.sections]
        for section, record in zip(plan.sections, records, strict=True):
            spoken = sum([await self._samples(index, chain) for index in section.segments])
            self._check(
                LEAST_OF_SPOKEN * spoken <= record.samples <= spoken + section.count * MOST_SILENCE * record.rate,
                f"section {section.index} has {record.samples} samples of the {spoken} that were spoken",
            )
            said = [cue.text for cue in (await self._cues(record)).cues]
            written = [passage.text for index in section.segments for passage in await self._passages(index)]
            self._check(said == [text for text in written if text], f"section {section.index} says {said}")
        coding, rate = records[0].files["mp3"].coding, records[0].rate
        samples = [record.samples for record in records]
        total = sum(timeline.kept(coding, samples, rate)) * coding.frame
        heard = mp3.samples(book[mp3.id3_size(book) :]) - coding.frame  # the first frame tells of the others
        self._check(heard == total, f"the audiobook has {heard} samples, its sections {total}")
        seconds = sum(samples) / rate
        self._check(abs(manifest.seconds - seconds) < 0.001, f"its manifest says {manifest.seconds} s of {seconds} s")

    async def _cues(self, record: SectionRecord) -> Cues:
        found = await self._store.get(keys.JOBS, record.cues.key, if_match=record.cues.etag)
        assert found, f"{record.cues.key} is gone"
        return Cues.model_validate_json(found.body)

    async def _passages(self, index: int) -> tuple[Passage, ...]:
        segment = await self._store.get(keys.JOBS, keys.segment(self._job, index))
        assert segment, f"there is no segment {index}"
        return transcript(segment.body.decode()).passages

    async def _samples(self, index: int, chain: Chain) -> int:
        """Of a chunk that is whole and was spoken from the segment as it is."""
        chunk = await self._store.get(keys.JOBS, keys.chunk(self._job, index))
        assert chunk, f"there is no chunk {index}"
        record, pcm = wav.unpack(chunk.body)
        self._check(record.source == chain.segments[index].etag, f"chunk {index} was spoken from another text")
        self._check(any(pcm), f"chunk {index} is silent")
        return record.samples


async def _leftovers(jobs: Jobs, ids: Sequence[str], expected: dict[str, str], verdict: Verdict) -> None:
    store = jobs.store
    folders = {info.key.partition("/")[0] async for info in store.list(keys.JOBS)}
    found = [f"{keys.JOBS}/{info.key}" async for info in store.list(keys.JOBS, keys.ACTIVE_PREFIX)]
    found += [f"{keys.JOBS}/{folder}/" for folder in sorted(folders) if "-" in folder and folder not in ids]
    found += [f"{keys.INBOX}/{info.key} {info.version}" async for info in store.versions(keys.INBOX)]
    found += [f"{keys.OUTPUT}/{info.key}" async for info in store.list(keys.OUTPUT) if info.key not in expected]
    found += [
        f"{keys.JOBS}/{info.key}"
        for job in ids
        for folder in ("errors", "rejections")
        async for info in store.list(keys.JOBS, f"{job}/{folder}/")
    ]
    verdict.faults += [f"{key} is left" for key in found]


def _writes(writes: Sequence[Write], expected: dict[str, str], verdict: Verdict) -> None:
    """No audiobook was ever another one, not even for a moment."""
    verdict.chunks = sum(keys.parse_chunk(write.key) is not None for write in writes if write.bucket == keys.JOBS)
    published = [write for write in writes if write.bucket == keys.OUTPUT and write.status == 200]
    verdict.publications = sum(write.key.count("/") == 1 for write in published)
    builds = Counter(key for key, _ in {(write.key, write.build) for write in published})
    for key, count in builds.items():
        if count > 1 or key not in expected:
            verdict.faults.append(f"{count} builds were published as {keys.OUTPUT}/{key}")
