"""Rejecting: a faulty chunk is spoken again; when that does not help, the run fails with the segment and its text.

Nobody is hinted: the reconciler puts what is rejected to work, as much of it at a time as there is room for.
"""

from typing import Final

import structlog

from darkchannel import keys
from darkchannel.audio.faults import MORE, RATES
from darkchannel.audio.wav import BYTES_PER_SAMPLE
from darkchannel.errors import Refused
from darkchannel.jobs.records import Pair
from darkchannel.jobs.rejections import TAKES, reject
from darkchannel.runtime.service import Context
from darkchannel.speech.expected import excerpt
from darkchannel.speech.longest import longest_seconds
from darkchannel.speech.rendering import MAX_BREAK_MS

log = structlog.get_logger(__name__)

PAUSED: Final = 2.0
"""Times as long as its sound at most is speech with the pauses that engines make."""


class Rejecter:
    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._jobs = context.jobs

    async def reject(self, job: str, index: int, pair: Pair, reason: str, run: int) -> None:
        """Have the segment of a chunk, listed as ``pair``, spoken again within a run, or fail that run."""
        log.warning("a chunk is rejected", job=job, segment=index, reason=reason)
        while True:
            before, over = await self._jobs.rejection(job, index)
            rejection = reject(before, source=pair[0], chunk=pair[1], run=run, reason=reason)
            if rejection.of_run >= TAKES:
                await self._fail(job, index, reason, run)
                return
            if rejection is before or await self._jobs.save_rejection(job, index, rejection, over):
                return

    async def _fail(self, job: str, index: int, reason: str, run: int) -> None:
        segment = await self._store.get(keys.JOBS, keys.segment(job, index))
        text = excerpt(segment.body.decode("utf-8", "replace")) if segment else "its text is gone"
        why = f"the speech of segment {index} {reason}, also when spoken again: «{text}»"
        await self._jobs.fail(job, why, what=f"segment-{index:06d}", run=run)


def odd_rate(rate: int, usual: int) -> str:
    """Why speech of another rate than that around it is faulty; in hertz."""
    return f"has {rate} Hz, that around it {usual} Hz"


def too_long(size: int, rate: int, ssml: str) -> str | None:
    """Why a chunk of ``size`` bytes, at ``rate`` hertz, cannot be speech of this text, however long its breaks are.

    None where it can, or where the text is no SSML.
    """
    try:
        longest = longest_seconds(ssml)
    except Refused:
        return None
    seconds = size / BYTES_PER_SAMPLE / min(rate, RATES[1])
    most = PAUSED * (longest + MORE) + ssml.count("break") * MAX_BREAK_MS / 1_000
    return f"has {seconds:.0f} s where its text takes {most:.0f} s at most" if seconds > most else None
