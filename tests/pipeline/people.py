"""What people do to jobs, at any moment and to objects directly, as the console lets them."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from darkchannel import keys
from darkchannel.errors import Unavailable
from darkchannel.jobs.plan import Part, Plan
from darkchannel.jobs.runs import Opened, Outcome, State
from darkchannel.messaging.port import Dead
from darkchannel.pipeline import SERVICES
from tests.pipeline.mixes import Act

if TYPE_CHECKING:
    from tests.pipeline.world import Document, World


class People:
    def __init__(self, world: "World", random: Random) -> None:
        self._world = world
        self._random = random
        self._patience = random.randrange(12)
        """Requests of a publisher that somebody lets pass."""
        self.written: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        """What they put over each segment, by job and index."""
        self.taken: dict[str, int] = {}
        """Jobs whose output they took away and did not ask for since, and the newest run completed then."""
        self.removed: set[str] = set()
        """Jobs of which they removed a file of a build."""
        self.withdrawn: set[str] = set()
        """Keys they deleted from the inbox."""

    async def find(self, act: Act) -> "Document | None":
        """A document whose moment for an act it is; any, where the act concerns none."""
        documents = [document for document in self._world.documents if document.job]
        ready = [document for document in documents if await self.is_ready(act, document)]
        return self._random.choice(ready) if ready else None

    async def is_ready(self, act: Act, document: "Document") -> bool:
        runs = await self._world.truth.runs(document.job, fresh=True)
        index = act[1] % document.count if act[0] in ("edit", "damage") else 0
        match act[0]:
            case "edit" if not await self._is_there(keys.segment(document.job, index)):
                return False
            case "remove build" if not runs.completed[0]:
                return False
            case "damage" if not await self._is_there(keys.chunk(document.job, index)):
                return False
        when = {"edit": act[-1], "cancel": "open", "retry": "ended", "days": "closed", "take away": "closed"}
        return {
            "any": True,
            "open": runs.is_open,
            "deciding": self._is_deciding(),
            "completed": runs.state is State.COMPLETED,
            "ended": runs.state in (State.FAILED, State.CANCELLED),
            "closed": runs.newest in runs.closed,
        }[when.get(act[0], "any")]

    def _is_deciding(self) -> bool:
        """Whether a publisher is at work, and as far on as somebody waits for."""
        publishers = [r for r in self._world.scheduler.runners if r.label.startswith(("decide", "act"))]
        return any(publisher.made >= self._patience for publisher in publishers)

    async def _is_there(self, key: str) -> bool:
        return await self._world.raw.head(keys.JOBS, key) is not None

    async def do(self, act: Act, document: "Document") -> None:
        world = self._world
        world.tell(f"--- {' '.join(str(word) for word in act)}, of document {document.number}")
        match act:
            case ("edit", index, text, _):
                await self.edit(document, index, text)
            case ("damage", index):
                await self._damage(keys.chunk(document.job, index % document.count))
            case ("cancel" | "retry" | "ask" as how,):
                work: Callable[[str], Awaitable[None]] = getattr(self, f"_{how}")
                world.scheduler.start(how, self._try(work, document.job))
            case ("replay",):
                await self._replay()
            case ("take away",):
                await self._take_away(document.job)
            case ("remove build", file):
                await self._remove_build(document.job, file)
            case ("withdraw",):
                self.withdrawn.add(document.key)
                await world.raw.delete(keys.INBOX, document.key)
            case ("upgrade",):
                world.version += 1
            case ("wipe",):
                world.wipe()
            case ("days",):
                world.pass_time(timedelta(days=8))

    async def edit(self, document: "Document", index: int, text: str) -> None:
        index %= document.count
        plan = await self._world.truth.plan(document.job)
        assert plan
        if text == "undo":
            text = await self.planned(document.job, plan, index)
        self._patience = self._random.randrange(12)
        self.written[document.job, index].append(text)
        await self._world.raw.put(keys.JOBS, keys.segment(document.job, index), text.encode())

    async def planned(self, job: str, plan: Plan, index: int) -> str:
        """What the plan says a segment is."""
        section = plan.section_of(index)
        found = await self._world.raw.get(keys.JOBS, keys.plan_part(job, section.index, section.digest))
        assert found
        return Part.model_validate_json(found.body).segments[index - section.first]

    async def _damage(self, key: str) -> None:
        chunk = await self._world.raw.get(keys.JOBS, key)
        assert chunk
        await self._world.raw.put(keys.JOBS, key, chunk.body[: self._random.randrange(len(chunk.body) or 1)])

    async def _try(self, work: Callable[[str], Awaitable[None]], job: str) -> None:
        """As a command does: told that the store is away, a person may or may not try again."""
        with suppress(Unavailable):
            await work(job)

    async def _cancel(self, job: str) -> None:
        runs = await self._world.outside.runs(job, fresh=True)
        if runs.is_open:
            outcome = Outcome(status=State.CANCELLED, at=self._world.now)
            await self._world.outside.decide(job, runs.newest, outcome)

    async def _retry(self, job: str) -> None:
        runs = await self._world.outside.runs(job, fresh=True)
        if runs.state in (State.FAILED, State.CANCELLED):
            opened = Opened(reason="retry", at=self._world.now)
            await self._world.outside.open_run(job, runs.newest + 1, opened)

    async def _ask(self, job: str) -> None:
        await self._world.outside.ask(job)
        self.taken.pop(job, None)

    async def _replay(self) -> None:
        """Put everything that was kept aside to work again."""

        async def take(letter: Dead) -> bool:
            self._world.broker.replay(letter)
            return True

        for service in SERVICES:
            await self._world.broker.dead_letters(service, take)

    async def _remove_build(self, job: str, file: str) -> None:
        self.removed.add(job)
        for info in [info async for info in self._world.raw.list(keys.JOBS, f"{job}/builds/")]:
            if info.key.endswith(file):
                await self._world.raw.delete(keys.JOBS, info.key)

    async def _take_away(self, job: str) -> None:
        name = await self._world.truth.output_name(job)
        if name:
            runs = await self._world.truth.runs(job, fresh=True)
            self.taken[job] = runs.completed[0]
            await self._world.raw.delete(keys.OUTPUT, keys.output(*name, "mp3"))
