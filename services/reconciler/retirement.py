"""Retirement: some days after a job ended, what only its making needed goes.

Its segments, section files and newest build stay: an edit then speaks one section anew, not the book. Whatever is
removed here in the very moment in which a new run counts on it is made again: chunks are spoken, section files and
builds that are found missing are rebuilt.
"""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from darkchannel import keys
from darkchannel.jobs.runs import Runs
from darkchannel.runtime.service import Context
from darkchannel.storage.port import ObjectInfo

REMOVED = 200
"""Objects removed in a round, so that a long book does not hold up the others."""


class Retirement:
    def __init__(self, context: Context, keep: timedelta) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._clock = context.clock
        self._keep = keep

    async def of(self, job: str) -> bool:
        """Remove some of what an ended job no longer needs; True once nothing of it is left to remove."""
        runs = await self._jobs.runs(job, fresh=True)
        if runs.newest not in runs.closed or not self._is_over(runs.outcomes[runs.newest].at):
            return True
        removed = 0
        async for info in self._unneeded(job, runs):
            await self._store.delete(keys.JOBS, info.key)
            removed += 1
            if removed == REMOVED:
                return False
        return True

    async def _unneeded(self, job: str, runs: Runs) -> AsyncIterator[ObjectInfo]:
        """What nothing names any longer, of those objects that are old enough themselves."""
        for folder in ("chunks", "rejections"):
            async for info in self._old(f"{job}/{folder}/"):
                yield info
        files = [info async for info in self._old(f"{job}/sections/") if not keys.parse_section(info.key)]
        of_section = Counter(_section(info) for info in files)
        named = await self._named(job) if any(count > 1 for count in of_section.values()) else None
        for info in files:
            if named is not None and info.key not in named:
                yield info
        kept = f"{job}/builds/{runs.completed[1]}/"
        async for info in self._old(f"{job}/builds/"):
            if not info.key.startswith(kept):
                yield info

    async def _named(self, job: str) -> set[str]:
        """The section files that records name."""
        chain = await self._jobs.chain(job)
        return {file.key for record in chain.sections.values() for file in (*record.files.values(), record.cues)}

    async def _old(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        async for info in self._store.list(keys.JOBS, prefix):
            if self._is_over(info.modified):
                yield info

    def _is_over(self, at: datetime) -> bool:
        return self._clock() - at >= self._keep


def _section(info: ObjectInfo) -> str:
    """What the names of a file's takes have in common: all but the digest."""
    head, _, tail = info.key.rpartition("-")
    return head + tail.partition(".")[1] + tail.partition(".")[2]
