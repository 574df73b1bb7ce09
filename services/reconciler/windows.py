"""Windows: how much of each active job may be in flight, shared out anew each round."""

from collections.abc import Sequence
from itertools import islice

from darkchannel import pipeline
from darkchannel.jobs import window
from darkchannel.jobs.chain import Chain
from darkchannel.jobs.options import Priority
from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.window import Window
from darkchannel.runtime.service import Context

SPEAK = pipeline.BY_NAME["speak"].queue


class Windows:
    """The jobs seen in one round share the slots in the next."""

    def __init__(self, context: Context) -> None:
        self._jobs = context.jobs
        self._bus = context.bus
        self._widths: dict[str, int] = {}
        self._seen: dict[str, Priority] = {}

    async def new_round(self) -> None:
        """Share the slots that the broker tells of; with none in sight every window stays as it is."""
        slots = await self._bus.slots(SPEAK) if self._seen else 0
        self._widths = window.widths(slots, self._seen) if slots else {}
        self._seen = {}

    async def fill(self, job: str, plan: Plan, chain: Chain, sections: Sequence[Section]) -> None:
        """Bring the job's width up to date and release the lowest missing segments, as far as there is room.

        ``sections``: those that ``chain`` was read of.
        """
        behind = [section for section in sections if not chain.is_current(section)]
        unspoken = sum(i in chain.segments and i not in chain.chunks for section in behind for i in section.segments)
        holes = (i for section in behind for i in section.segments if i not in chain.segments)
        first = next(holes, None)
        if first is None and not unspoken:
            return
        self._seen[job] = plan.options.priority
        width = await self._width(job)
        if first is None or unspoken >= width:
            return
        for index in (first, *islice(holes, width - unspoken - 1)):
            await self._jobs.release(job, plan, index)

    async def _width(self, job: str) -> int:
        there = (await self._jobs.window(job)).width
        wanted = self._widths.get(job, there)
        if wanted != there:
            await self._jobs.change_window(job, Window(width=wanted))
        return wanted
