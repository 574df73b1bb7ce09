"""Whatever Hypothesis makes happen to jobs, in whatever order: once it quiesces, they have ended whole.

Nothing happens here by chance but which task makes the next request. A failure is shrunk to the shortest story
that still fails, and prints it: the rules in their order, and every write between them.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from structlog.testing import capture_logs

from darkchannel import keys
from tests.pipeline.engine import FLAKY, UNSPEAKABLE
from tests.pipeline.mixes import (
    ASK,
    BOOK,
    CANCEL,
    REPLAY,
    RETRY,
    TAKE_AWAY,
    WITHDRAW,
    Act,
    Mix,
    damage,
    edit,
    remove_build,
)
from tests.pipeline.rest import rest, run_down
from tests.pipeline.scheduler import NoThreads
from tests.pipeline.verdict import findings, verdict
from tests.pipeline.world import Document, World

T = TypeVar("T")

EXAMPLES = 400
SOAK_EXAMPLES = 20_000
RULES = 40
"""In one story, at most."""

BY_HAND = Mix(
    documents=(BOOK, f"caixa/{BOOK}", BOOK),
    loss=0, double=0, crash=0, straggle=0, rounds=0, shuffled=False,
    # Anything may go wrong here for good: a person may cancel, and write what cannot be spoken.
    acts=(CANCEL,), fails=3, hiccups=3, mumbles=3,
)  # fmt: skip
"""Mishaps come from the rules alone."""

any_one = st.integers(0, 7)
"""Which one of those there are, counted round."""
texts = st.sampled_from(("B", "C", "undo", UNSPEAKABLE, FLAKY))


class Story(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(NoThreads())
        self.world: World | None = None
        self.patched = ExitStack()
        self.logs = self.patched.enter_context(capture_logs())

    @initialize(seed=st.integers(0, 2**32 - 1), fails=st.booleans(), mumbles=st.booleans())
    def put(self, seed: int, fails: bool, mumbles: bool) -> None:
        """``seed``: of the order of requests; what an engine that ``fails`` or ``mumbles`` does badly."""
        self.world = World(seed, BY_HAND)
        self.world.acts, self.world.coming = [], []
        engine = self.world.engine
        engine.fails = engine.hiccups = int(fails)
        engine.mumbles = int(mumbles)
        self.put_another()

    # -- what people do ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.not_yet)
    @rule()
    def put_another(self) -> None:
        self._run(self.there.drop(self.not_yet[0]))

    @rule(which=any_one, index=any_one, text=texts)
    def edit(self, which: int, index: int, text: str) -> None:
        # That a segment is not asked for twice at once is told by its text: a new one has to be its own, too.
        own = f"{text} of {index} of {self._document(which).job}" if text in {"B", "C"} else text
        self._do(edit(index, own), which)

    @rule(which=any_one)
    def cancel(self, which: int) -> None:
        self._do(CANCEL, which)

    @rule(which=any_one)
    def retry(self, which: int) -> None:
        self._do(RETRY, which)

    @rule(which=any_one)
    def ask(self, which: int) -> None:
        self._do(ASK, which)

    @rule(which=any_one)
    def withdraw(self, which: int) -> None:
        """Of a document that was found already: nothing much becomes of another."""
        if self.there.writes[keys.run_event(self._document(which).job, 1, "opened")]:
            self._do(WITHDRAW, which)

    @rule(which=any_one)
    def take_away(self, which: int) -> None:
        self._do(TAKE_AWAY, which)

    @rule(which=any_one)
    def replay(self, which: int) -> None:
        self._do(REPLAY, which)

    # -- what happens to messages ---------------------------------------------------------------------------------

    @precondition(lambda self: self.there.broker.waiting)
    @rule(which=any_one)
    def lose(self, which: int) -> None:
        waiting = self.there.broker.waiting
        waiting.pop(which % len(waiting))

    @precondition(lambda self: self.there.broker.waiting)
    @rule(which=any_one)
    def double(self, which: int) -> None:
        waiting = self.there.broker.waiting
        waiting.append(waiting[which % len(waiting)])

    @precondition(lambda self: len(self.there.broker.waiting) > 1)
    @rule(which=any_one)
    def overtake(self, which: int) -> None:
        waiting = self.there.broker.waiting
        waiting.insert(0, waiting.pop(which % len(waiting)))

    @precondition(lambda self: self.there.broker.waiting)
    @rule(which=any_one, seconds=st.sampled_from((5, 60)))
    def delay(self, which: int, seconds: int) -> None:
        broker = self.there.broker
        broker.delay(broker.waiting.pop(which % len(broker.waiting)), timedelta(seconds=seconds))

    @rule()
    def wipe_the_broker(self) -> None:
        self.there.wipe()

    # -- what happens to workers and chunks -------------------------------------------------------------------------

    @precondition(lambda self: self.there.scheduler.runners)
    @rule(which=any_one, whole=st.booleans())
    def crash(self, which: int, whole: bool) -> None:
        """Of one task, or of the ``whole`` process."""
        runners = self.there.scheduler.runners
        self._run(self.there.crash(runners[which % len(runners)], whole=whole))

    @precondition(lambda self: self.there.scheduler.runners)
    @rule(which=any_one)
    def stall(self, which: int) -> None:
        """A task sleeps while a hundred other requests are made."""
        runners = self.there.scheduler.runners
        runners[which % len(runners)].wakes = self.there.scheduler.step + 100

    @rule(requests=st.integers(0, 9))
    def lose_an_answer(self, requests: int) -> None:
        """Of the store, so many requests and answers from now; or a request, on its way there."""
        self.there.fails_in = requests

    @rule(which=any_one, file=st.sampled_from(["audiobook.mp3", "manifest.json"]))
    def remove_build(self, which: int, file: str) -> None:
        self._do(remove_build(file), which)

    @rule(which=any_one, index=any_one)
    def damage(self, which: int, index: int) -> None:
        self._do(damage(index), which)

    # -- time ----------------------------------------------------------------------------------------------------

    @rule(steps=st.integers(1, 9))
    def advance_a_little(self, steps: int) -> None:
        self._advance(steps)

    @rule(steps=st.sampled_from((20, 50, 100, 200)))
    def advance(self, steps: int) -> None:
        self._advance(steps)

    @rule()
    def come_to_rest(self) -> None:
        """Until even the reconciler finds nothing to do."""
        assert self._run(rest(self.there)) is None

    @rule()
    def reconcile(self) -> None:
        async def look() -> None:
            self.there.start_round()

        self._run(look())

    @rule(span=st.sampled_from((timedelta(seconds=2), timedelta(seconds=40), timedelta(days=8))))
    def pass_time(self, span: timedelta) -> None:
        self.there.pass_time(span)

    def teardown(self) -> None:
        try:
            if self.world:
                wrong = self._run(self._quiesce(self.world))
                note("\n".join(self.world.trace))
                assert not wrong, wrong
        finally:
            if self.world:
                self._run(self.world.end())
            self.patched.close()
            self.loop.close()

    # -- machinery ------------------------------------------------------------------------------------------------

    @property
    def there(self) -> World:
        assert self.world
        return self.world

    @property
    def not_yet(self) -> list[Document]:
        return [document for document in self.there.documents if not document.job]

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def _advance(self, steps: int) -> None:
        async def go() -> None:
            for _ in range(steps):
                await self.there.step()

        self._run(go())

    def _do(self, act: Act, which: int) -> None:
        self._run(self._if_ready(act, self._document(which)))

    def _document(self, which: int) -> Document:
        dropped = [document for document in self.there.documents if document.job]
        return dropped[which % len(dropped)]

    async def _if_ready(self, act: Act, document: Document) -> None:
        if await self.there.people.is_ready(act, document):
            await self.there.people.do(act, document)

    async def _quiesce(self, world: World) -> list[str]:
        world.quiet = True
        stuck = await run_down(world) or await rest(world)
        wrong = [stuck] if stuck else await verdict(world)
        wrong += findings(self.logs)
        return wrong


def tell(stories: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Story,
        settings=settings(
            max_examples=stories,
            stateful_step_count=RULES,
            phases=(Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(900)  # to shrink a failure takes minutes
def test_no_story_of_mishaps_and_people_loses_a_job() -> None:
    tell(EXAMPLES)


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_no_story_of_a_long_night_loses_a_job() -> None:
    tell(SOAK_EXAMPLES)
