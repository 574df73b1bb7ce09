"""Speak: one segment becomes a chunk, and the segment one window further on is released."""

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.errors import Permanent, Transient
from darkchannel.events import ObjectCreated
from darkchannel.jobs.plan import Plan
from darkchannel.jobs.runs import Opened, Runs, State
from darkchannel.runtime.service import Context
from darkchannel.speech.expected import excerpt
from darkchannel.storage.port import NEW, Object
from services.synthesizer.speaking import Speaking

MAX_SEGMENT_BYTES = 1_000_000
"""The splitter stays far below, a person's edit may not."""


class Synthesizer:
    def __init__(self, context: Context, speaking: Speaking) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._clock = context.clock
        self._speaking = speaking
        self._looks: dict[tuple[str, int], int] = {}
        """How often somebody asked for a look at each segment that is under way."""

    async def speak(self, event: ObjectCreated) -> None:
        """Make the chunk of a segment follow its text, whatever else writes meanwhile.

        Where that is under way, it looks once more when it is done: speech may take minutes, and hints repeat.
        """
        key = keys.parse_segment(event.key)
        if key is None:
            return
        at = (key.job, key.index)
        if at in self._looks:
            self._looks[at] += 1
            return
        self._looks[at] = 1
        try:
            await self._speak(*at)
        finally:
            del self._looks[at]

    async def _speak(self, job: str, index: int) -> None:
        plan = await self._jobs.plan(job)
        if plan is None:
            return
        # Read only then: much may happen while others are spoken.
        async with self._speaking.place(job, plan):
            fresh, looks = False, self._looks[job, index]
            while not await self._settle(job, index, plan, fresh) or looks < self._looks[job, index]:
                fresh, looks = True, self._looks[job, index]

    async def _settle(self, job: str, index: int, plan: Plan, fresh: bool) -> bool:
        """One look and what it calls for; True when a last, uncached look found nothing more to do."""
        runs = await self._jobs.runs(job, fresh=fresh)
        if runs.state in (None, State.FAILED, State.CANCELLED) or index >= plan.segments:
            return True
        # What is made is read before what it is made from: so no older text can replace the chunk of a newer one.
        there = await self._store.get(keys.JOBS, keys.chunk(job, index), first=wav.HEAD_BYTES)
        segment = await self._store.get(keys.JOBS, keys.segment(job, index), first=MAX_SEGMENT_BYTES + 1)
        if segment is None:
            return True
        if not runs.is_open:
            return await self._follow_edit(job, index, runs, segment)
        try:
            chunk_etag = await self._chunk(job, index, plan, segment, there)
        except Transient as error:
            raise Transient(f"segment {index} cannot be spoken now: {error}: «{_excerpt(segment)}»") from error
        except Permanent as error:
            reason = f"segment {index} cannot be spoken: {error}: «{_excerpt(segment)}»"
            await self._jobs.fail(job, reason, what=f"segment-{index:06d}", run=runs.newest)
            return False
        if chunk_etag is None:
            return False
        following = index + (await self._jobs.window(job)).width
        if following < plan.segments:
            await self._jobs.release(job, plan, following)
        return await self._is_last_word(job, index, runs, segment.info.etag, chunk_etag)

    async def _follow_edit(self, job: str, index: int, runs: Runs, segment: Object) -> bool:
        """After a completed run: a text that its build was not spoken from opens the next run.

        Where the build's manifest is gone nobody can tell: the next run makes it again.
        """
        manifest = await self._jobs.manifest(job, runs.completed[1] or "")
        if manifest and manifest.segments[index] == segment.info.etag:
            return True
        await self._jobs.open_run(job, runs.newest + 1, Opened(reason="edited", at=self._clock()))
        return False

    async def _chunk(self, job: str, index: int, plan: Plan, segment: Object, there: Object | None) -> str | None:
        """The ETag of a chunk spoken from this very segment; None where another writer came first.

        ``there``: the chunk as it was before the segment was read.
        """
        before = wav.read_record(there.body) if there else None
        is_current = before is not None and before.source == segment.info.etag
        take = 0
        if there and (is_current or before is None):
            rejection, _ = await self._jobs.rejection(job, index)
            if rejection and rejection.chunk == there.info.etag:
                take = rejection.take
            elif is_current:
                return there.info.etag
        body = await self._speaking.chunk(job, plan, _text(segment.body), source=segment.info.etag, take=take)
        over = there.info.etag if there else NEW
        return await self._store.put(keys.JOBS, keys.chunk(job, index), body, over=over, content_type="audio/wav")

    async def _is_last_word(self, job: str, index: int, runs: Runs, segment: str, chunk: str) -> bool:
        """Look again: the same segment, the same chunk and the same open run as were worked on."""
        segment_now = await self._store.head(keys.JOBS, keys.segment(job, index))
        chunk_now = await self._store.head(keys.JOBS, keys.chunk(job, index))
        runs_now = await self._jobs.runs(job, fresh=True)
        return (
            segment_now is not None
            and segment_now.etag == segment
            and chunk_now is not None
            and chunk_now.etag == chunk
            and runs_now.newest == runs.newest
            and runs_now.state is not State.COMPLETED
        )


def _excerpt(segment: Object) -> str:
    return excerpt(segment.body.decode("utf-8", "replace"))


def _text(body: bytes) -> str:
    """A segment as its writer meant it. Raises Permanent where it is none: a letter that is lost would go unheard."""
    if len(body) > MAX_SEGMENT_BYTES:
        raise Permanent(f"it has more than the {MAX_SEGMENT_BYTES:,} bytes of a segment: shorten it")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Permanent(f"byte {error.start} of it is not UTF-8: save it as UTF-8") from error
