"""Rejecting: a faulty chunk is spoken again; when that does not help, the run fails with the segment and its text."""

import structlog

from darkchannel import keys, pipeline
from darkchannel.events import ObjectCreated
from darkchannel.jobs.records import Pair
from darkchannel.jobs.rejections import TAKES, reject
from darkchannel.runtime.service import Context
from darkchannel.speech.expected import excerpt
from darkchannel.storage.port import NEW

log = structlog.get_logger(__name__)


class Rejecter:
    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._bus = context.bus

    async def reject(self, job: str, index: int, pair: Pair, reason: str, run: int) -> None:
        """Have the segment of a chunk, listed as ``pair``, spoken again within a run, or fail that run."""
        log.warning("a chunk is rejected", job=job, segment=index, reason=reason)
        while True:
            found = await self._jobs.rejection(job, index)
            before, over = found or (None, NEW)
            rejection = reject(before, source=pair[0], chunk=pair[1], run=run, reason=reason)
            if rejection.of_run >= TAKES:
                await self._fail(job, index, reason, run)
                return
            if rejection is before or await self._jobs.save_rejection(job, index, rejection, over):
                break
        hint = ObjectCreated(keys.JOBS, keys.segment(job, index))
        await self._bus.publish(pipeline.BY_NAME["speak"].queue, hint.encode())

    async def _fail(self, job: str, index: int, reason: str, run: int) -> None:
        segment = await self._store.get(keys.JOBS, keys.segment(job, index))
        text = excerpt(segment.body.decode("utf-8", "replace")) if segment else "its text is gone"
        why = f"the speech of segment {index} {reason}, also when spoken again: «{text}»"
        await self._jobs.fail(job, why, what=f"segment-{index:06d}", run=run)
