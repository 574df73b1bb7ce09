"""The runs of jobs: who opened them, how they ended, and how JSON objects become models and back."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from darkchannel import keys
from darkchannel.errors import Permanent
from darkchannel.jobs.runs import Closed, Opened, Outcome, Runs, State
from darkchannel.storage.lru import Lru
from darkchannel.storage.port import NEW, Object, ObjectStore

M = TypeVar("M", bound=BaseModel)

FRESH = timedelta(seconds=1)
"""How long an open run and ``window.json`` may be remembered where a caller does not ask for a fresh look."""

JSON = "application/json"


class Ledger:
    """Opens, ends and closes runs.

    An open run is remembered for a second. An ended one is looked at anew each time: whoever drops an event because
    of it would drop what the next run waits for.
    """

    def __init__(self, store: ObjectStore, clock: Callable[[], datetime]) -> None:
        self.store = store
        self._clock = clock
        self._runs: Lru[str, tuple[datetime, Runs]] = Lru(1024)
        self._outcomes: Lru[tuple[str, int], Outcome] = Lru(4096)

    async def runs(self, job: str, *, fresh: bool = False) -> Runs:
        remembered = self._runs.get(job)
        if remembered and not fresh and remembered[1].is_open and self._clock() - remembered[0] < FRESH:
            return remembered[1]
        at = self._clock()
        events: dict[str, set[int]] = {"opened": set(), "outcome": set(), "closed": set()}
        async for info in self.store.list(keys.JOBS, f"{job}/runs/"):
            if key := keys.parse_run(info.key):
                events[key.event].add(key.run)
        outcomes = {n: await self._outcome(job, n) for n in sorted(events["outcome"])}
        runs = Runs(frozenset(events["opened"]), {n: o for n, o in outcomes.items() if o}, frozenset(events["closed"]))
        self._runs.put(job, (at, runs))
        return runs

    async def _outcome(self, job: str, run: int) -> Outcome | None:
        if known := self._outcomes.get((job, run)):
            return known
        found = await self.store.get(keys.JOBS, keys.run_event(job, run, "outcome"))
        if found is None:
            return None
        try:
            outcome = decoded(found, Outcome)
        except Permanent as error:  # a person's hand: that the run ended is all that can still be told
            return Outcome(status=State.FAILED, at=found.info.modified, reason=str(error))
        self._outcomes.put((job, run), outcome)
        return outcome

    async def opened(self, job: str, run: int) -> Opened | None:
        """Why a run was opened; where a person made that unreadable, what its marker still tells."""
        opened, etag = await self._replaceable(keys.run_event(job, run, "opened"), Opened)
        return opened or (await self.marked(job, run) if etag else None)

    async def marked(self, job: str, run: int) -> Opened | None:
        """The ``opened`` to come, from the marker; None also for what is no marker of ours."""
        return (await self._replaceable(keys.marker(job, run), Opened))[0]

    async def open_run(self, job: str, run: int, opened: Opened) -> None:
        """Marker first, its body the ``opened`` to come, so that the reconciler can finish what dies in between."""
        await self.mark(job, run, opened)
        await self.finish_opening(job, run, await self.marked(job, run) or opened)

    async def mark(self, job: str, run: int, opened: Opened) -> bool:
        """Put a run on the reconciler's short list; False where it was there."""
        return await self._create(keys.marker(job, run), opened)

    async def finish_opening(self, job: str, run: int, opened: Opened) -> None:
        await self._create(keys.run_event(job, run, "opened"), opened)
        self._runs.forget(job)

    async def decide(self, job: str, run: int, outcome: Outcome) -> bool:
        """End a run; False where somebody else ended it first."""
        self._runs.forget(job)
        return await self._create(keys.run_event(job, run, "outcome"), outcome)

    async def fail(self, job: str, reason: str, *, what: str, run: int | None = None) -> bool:
        """End an open run as failed, the newest where none is named, and write down what failed and why."""
        runs = await self.runs(job, fresh=True)
        if not runs.is_open or run not in (None, runs.newest):
            return False
        outcome = Outcome(status=State.FAILED, at=self._clock(), reason=reason)
        await self._create(keys.error(job, runs.newest, what), outcome)
        return await self.decide(job, runs.newest, outcome)

    async def close(self, job: str, run: int, status: State) -> None:
        await self._create(keys.run_event(job, run, "closed"), Closed(status=status, at=self._clock()))
        self._runs.forget(job)

    async def ask(self, job: str) -> None:
        """Have the reconciler look at a job at once, whatever events were lost."""
        await self.store.put(keys.JOBS, keys.ask(job, uuid.uuid4().hex), job.encode(), over=NEW)

    async def _read(self, key: str, model: type[M]) -> M | None:
        found = await self.store.get(keys.JOBS, key)
        return decoded(found, model) if found else None

    async def _replaceable(self, key: str, model: type[M]) -> tuple[M | None, str]:
        """What is there, and what to name when it is replaced; what a person made unreadable counts as missing."""
        found = await self.store.get(keys.JOBS, key)
        if found is None:
            return None, NEW
        try:
            return decoded(found, model), found.info.etag
        except Permanent:
            return None, found.info.etag

    async def _create(self, key: str, model: BaseModel) -> bool:
        body = model.model_dump_json(exclude_none=True).encode()
        return await self.store.put(keys.JOBS, key, body, over=NEW, content_type=JSON) is not None


def decoded(found: Object, model: type[M]) -> M:
    """The model in an object. Raises Permanent where a person made it unreadable."""
    try:
        return model.model_validate_json(found.body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
        raise Permanent(f"{keys.JOBS}/{found.info.key} was changed into something unreadable: {what}") from error
