"""One engine of a process: opened once, asked now and then, left alone for a while where it only fails."""

import asyncio
import errno
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from traceback import walk_tb

import pytest

from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Transient, Unavailable
from darkchannel.runtime import engines
from darkchannel.runtime.circuit import FAILURES, REST
from darkchannel.runtime.engines import Engine, NotSetUp, Silent, Unread, Voice
from darkchannel.runtime.metrics import Metrics
from darkchannel.speech.ssml import Element
from services.synthesizer.member import EVERY, OLD, Member
from services.synthesizer.selection import Standing
from tests.pipeline.engine import Simulated, engines_of

SCRIPT = Element("speak", {}, ("um",))
SPEECH = Speech(b"\x00\x10" * 8, 8_000)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


async def say(_: Element) -> Speech:
    return SPEECH


def member(engine: Engine, clock: Clock) -> Member:
    return engines_of(engine, clock=clock).member(engine.name)


async def rest() -> None:
    """Until whatever is asked in the background has been answered."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("slots", "places"), [(1, 2), (4, 5), (8, 10), (9, 12)])
async def test_an_engine_has_a_place_for_each_slot_and_a_quarter_more(slots: int, places: int) -> None:
    free = await member(Simulated(say, slots=slots), Clock()).places()
    for _ in range(places):
        assert not free.locked()
        await free.acquire()
    assert free.locked()


async def test_an_engine_is_asked_once_in_a_while_however_many_segments_come() -> None:
    engine, clock = Simulated(say), Clock()
    known = member(engine, clock)
    await asyncio.gather(*(known.standing() for _ in range(9)))
    assert engine.asked == 1
    clock.now += EVERY - timedelta(seconds=1)
    await known.standing()
    assert engine.asked == 1
    clock.now += timedelta(seconds=1)
    await asyncio.gather(*(known.standing() for _ in range(9)))
    await rest()
    assert engine.asked == 2


async def test_nobody_waits_for_an_answer_but_the_first() -> None:
    asked = asyncio.Event()

    class Slow(Simulated):
        async def voices(self) -> Sequence[Voice]:
            if self.asked:
                asked.set()
                await asyncio.Event().wait()
            return await super().voices()

    clock = Clock()
    known = member(Slow(say), clock)
    first = await known.standing()
    clock.now += EVERY
    assert await known.standing() == first
    await asked.wait()
    assert await known.standing() == first
    await known.close()


async def test_after_a_quiet_time_an_engine_is_known_as_it_is_now() -> None:
    engine, clock = Simulated(say, away=Unavailable("it does not answer")), Clock()
    known = member(engine, clock)
    assert (await known.standing()).away
    engine.away = None
    clock.now += OLD
    assert (await known.standing()).away is None


@pytest.mark.parametrize(
    ("error", "standing"),
    [
        (Unavailable("it does not answer"), Standing(away="it does not answer")),
        (NotSetUp("set VOX_URL"), Standing(away="set VOX_URL", is_set_up=False)),
        (Permanent("lacks vox"), Standing(away="lacks vox", is_set_up=False)),
        (TimeoutError(), Standing(away="it did not say within 10 s whether it can speak")),
        (ValueError("odd"), Standing(away="unexpected ValueError: odd")),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_whatever_an_engine_raises_is_the_reason_why_it_is_away(error: Exception, standing: Standing) -> None:
    engine, clock = Simulated(say, away=error), Clock()
    known = member(engine, clock)
    assert await known.standing(["ana"]) == standing
    engine.away = None
    clock.now += EVERY
    await known.standing()
    await rest()
    assert (await known.standing()).away is None


async def test_an_engine_that_does_not_open_is_away_and_opened_again_at_the_next_look() -> None:
    tries = iter([Permanent("lacks vox: pip install it"), None])

    async def open_(name: str) -> Engine:
        if error := next(tries):
            raise error
        return Simulated(say, name)

    clock = Clock()
    known = Member("vox", open_, clock, Metrics())
    assert await known.standing() == Standing(away="lacks vox: pip install it", is_set_up=False)
    clock.now += EVERY
    await known.standing()
    await rest()
    assert (await known.standing()).away is None


async def test_voices_that_it_does_not_list_are_asked_for_once() -> None:
    engine, clock = Simulated(say, told=(Voice("ana"),), known={"bento"}), Clock()
    known = member(engine, clock)
    assert (await known.standing(["ana", "bento", "clara"])).lacks == {"clara"}
    engine.known = None
    assert (await known.standing(["clara"])).lacks == {"clara"}
    clock.now += EVERY
    await known.standing()
    await rest()
    assert (await known.standing(["clara"])).lacks == frozenset()


async def test_an_engine_that_only_fails_is_left_alone_until_it_speaks_again() -> None:
    clock = Clock()
    known = member(Simulated(say), clock)
    for _ in range(FAILURES):
        assert (await known.standing()).away is None
        known.tell(Transient("half an answer"))
    assert (await known.standing()).away == f"it failed {FAILURES} times in a row"
    clock.now += REST
    assert (await known.standing()).away is None
    known.tell(Transient("half an answer"))
    assert (await known.standing()).away == f"it failed {FAILURES + 1} times in a row"
    clock.now += REST
    known.tell(None)
    known.tell(Transient("half an answer"))
    assert (await known.standing()).away is None


async def test_an_engine_that_only_fails_rests_whatever_its_last_look_said() -> None:
    engine, clock = Simulated(say, away=Unavailable("it does not answer")), Clock()
    known = member(engine, clock)
    for _ in range(FAILURES):
        known.tell(Transient("half an answer"))
    assert await known.standing() == Standing(away=f"it failed {FAILURES} times in a row", is_resting=True)


async def test_a_voice_of_several_names_is_lacking_only_where_the_engine_has_none_of_them() -> None:
    asked: list[str] = []

    class Asked(Simulated):
        async def has(self, voice: str) -> bool:
            asked.append(voice)
            return await super().has(voice)

    engine = Asked(say)
    engine.known = {"ana", "bento"}
    known = member(engine, Clock())
    lists = ["clara ana", "bento eva", "clara dora"]
    for _ in range(2):
        assert (await known.standing(lists)).lacks == {"clara dora"}
    assert asked == lists


async def test_an_engine_that_is_away_may_have_a_name_that_it_was_not_asked_for() -> None:
    engine, clock = Simulated(say), Clock()
    engine.known = {"ana"}
    known = member(engine, clock)
    await known.standing(["bento clara"])
    engine.away = Unavailable("it does not answer")
    clock.now += OLD
    lacks = (await known.standing(["bento clara", "clara ana", "clara dora"])).lacks
    assert lacks == {"bento clara"}


async def test_an_engine_that_is_away_still_lacks_the_voices_that_it_lacked() -> None:
    engine, clock = Simulated(say, known={"ana"}), Clock()
    known = member(engine, clock)
    await known.standing(["ana", "bento"])
    engine.away = Unavailable("it does not answer")
    clock.now += EVERY
    await known.standing()
    await rest()
    assert await known.standing(["ana", "bento"]) == Standing(away="it does not answer", lacks=frozenset({"bento"}))


async def test_a_store_that_is_away_for_a_moment_changes_nothing_about_an_engine() -> None:
    engine, clock = Simulated(say), Clock()
    known = member(engine, clock)
    before = await known.standing()
    engine.away = Unread("the voices cannot be read: the store is away")
    clock.now += EVERY
    await known.standing()
    await rest()
    assert await known.standing() == before
    assert engine.asked == 2


async def test_a_store_that_is_away_at_the_first_look_says_nothing_of_an_engine_and_the_next_looks_again() -> None:
    engine, clock = Simulated(say, away=Unread("the voices cannot be read: the store is away")), Clock()
    known = member(engine, clock)
    told = await asyncio.gather(*(known.standing() for _ in range(3)), return_exceptions=True)
    assert told == [engine.away] * 3
    assert engine.asked == 1
    engine.away = None
    assert (await known.standing()).away is None


async def test_a_store_that_is_away_does_not_say_whether_an_engine_has_a_voice() -> None:
    engine = Simulated(say, known={"ana"})
    known = member(engine, Clock())
    await known.standing()
    engine.away = Unread("the voices cannot be read: the store is away")
    with pytest.raises(Unread):
        await known.standing(["ana"])
    engine.away = None
    assert (await known.standing(["ana"])).lacks == frozenset()


class Stumbling(Simulated):
    async def revision(self, _: Element) -> str:
        raise KeyError("voice")


async def test_an_error_that_nobody_foresaw_is_a_try_that_failed() -> None:
    async def stumble(_: Element) -> Speech:
        raise KeyError("voice")

    async def lose(_: Element) -> Speech:
        raise ConnectionResetError("the line is dead")

    with pytest.raises(Transient, match="unexpected ConnectionResetError: the line is dead"):
        await member(Simulated(lose), Clock()).speak(SCRIPT)
    known = member(Stumbling(stumble), Clock())
    for failing in (known.speak(SCRIPT), known.revision(SCRIPT)):
        with pytest.raises(Transient, match="simulated stopped at an unexpected KeyError: 'voice'"):
            await failing


async def test_a_disk_that_is_full_is_no_fault_of_the_engine() -> None:
    async def fill(_: Element) -> Speech:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        await member(Simulated(fill), Clock()).speak(SCRIPT)


async def test_an_engine_that_never_tells_its_revision_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mute(Simulated):
        async def revision(self, _: Element) -> str:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(engines, "REVISION_SECONDS", 0.01)
    with pytest.raises(Transient, match=r"simulated did not tell its revision within 0.01 s"):
        await member(Mute(say), Clock()).revision(SCRIPT)


async def test_no_more_segments_are_spoken_at_once_than_an_engine_has_slots() -> None:
    begun, gate = list[Element](), asyncio.Event()

    async def wait(script: Element) -> Speech:
        begun.append(script)
        await gate.wait()
        return SPEECH

    known = member(Simulated(wait, slots=2), Clock())
    segments = [asyncio.create_task(known.speak(SCRIPT)) for _ in range(5)]
    await rest()
    assert len(begun) == 2
    gate.set()
    await asyncio.gather(*segments)
    assert len(begun) == 5


@pytest.mark.parametrize("error", [Unavailable("nobody answers"), NotSetUp("set VOX_URL")])
async def test_who_waits_for_a_slot_of_an_engine_that_goes_away_does_not_find_out_anew(error: Unavailable) -> None:
    waiting, tries = asyncio.Event(), 0

    async def away(_: Element) -> Speech:
        nonlocal tries
        tries += 1
        await waiting.wait()
        raise error

    known = member(Simulated(away, slots=1), Clock())
    asked = [asyncio.create_task(known.speak(SCRIPT)) for _ in range(FAILURES)]
    await rest()
    waiting.set()
    assert await asyncio.gather(*asked, return_exceptions=True) == [error] * FAILURES
    assert tries == 1
    assert len([*walk_tb(error.__traceback__)]) < FAILURES  # nothing is kept of all who waited
    with pytest.raises(type(error)):
        await known.speak(SCRIPT)
    assert tries == 2


async def test_who_waits_for_a_slot_is_let_go_when_the_engine_is_left_alone() -> None:
    gate, tries = asyncio.Event(), 0

    async def silent(_: Element) -> Speech:
        nonlocal tries
        tries += 1
        await gate.wait()
        raise Silent("gave no answer within 60 s")

    known = member(Simulated(silent, slots=1), Clock())

    async def told() -> None:
        try:
            await known.speak(SCRIPT)
        except Silent as error:
            known.tell(error)
            raise

    asked = [asyncio.create_task(told()) for _ in range(FAILURES + 3)]
    await rest()
    gate.set()
    failures = await asyncio.gather(*asked, return_exceptions=True)
    assert tries == FAILURES
    assert [type(error) for error in failures] == [Silent] * FAILURES + [Unavailable] * 3


async def test_after_a_rest_all_may_come_at_once_until_one_of_them_fails() -> None:
    clock, gate = Clock(), asyncio.Event()

    async def last(_: Element) -> Speech:
        await gate.wait()
        raise Unavailable("it does not answer")

    known = member(Simulated(last, slots=2), clock)
    for _ in range(FAILURES):
        known.tell(Transient("half an answer"))
    assert (await known.standing()).is_resting
    clock.now += REST
    trying = asyncio.create_task(known.speak(SCRIPT))
    await rest()
    assert not (await known.standing()).is_resting
    gate.set()
    with pytest.raises(Unavailable):
        await trying
    assert (await known.standing()).is_resting


async def test_an_engine_that_never_tells_what_its_speech_depends_on_is_left_alone() -> None:
    class Away(Simulated):
        async def revision(self, _: Element) -> str:
            raise Unavailable("it does not answer")

    known = member(Away(say), Clock())
    for _ in range(FAILURES):
        assert not (await known.standing()).is_resting
        with pytest.raises(Unavailable):
            await known.revision(SCRIPT)
    assert (await known.standing()).is_resting


@pytest.mark.parametrize("error", [Unavailable("it does not answer"), NotSetUp("the key is refused")])
async def test_one_question_that_fails_is_one_failure_however_many_segments_wait_for_it(error: Unavailable) -> None:
    class Away(Simulated):
        async def revision(self, _: Element) -> str:
            raise error

    known = member(Away(say), Clock())
    await asyncio.gather(*(known.revision(SCRIPT) for _ in range(2 * FAILURES)), return_exceptions=True)
    assert not (await known.standing()).is_resting


def up(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("darkchannel_engine_up", {"engine": "simulated"})


async def test_metrics_tell_whether_an_engine_can_speak() -> None:
    metrics, engine, clock = Metrics(), Simulated(say), Clock()
    known = engines_of(engine, clock=clock, metrics=metrics).member(engine.name)
    assert up(metrics) is None
    away = (Permanent("the key is refused"), Unavailable("it does not answer"))
    for error, told in ((None, 1), (away[0], 0), (None, 1), (away[1], 0), (None, 1)):
        engine.away = error
        clock.now += EVERY
        await known.standing()
        await rest()
        assert up(metrics) == told


async def test_metrics_tell_of_an_engine_that_only_fails_until_it_speaks_again() -> None:
    metrics, engine, clock = Metrics(), Simulated(say), Clock()
    known = engines_of(engine, clock=clock, metrics=metrics).member(engine.name)
    await known.standing()
    for told in (*[1] * (FAILURES - 1), 0):
        known.tell(Transient("half an answer"))
        assert up(metrics) == told
    clock.now += REST
    await known.standing()
    await rest()
    assert up(metrics) == 0
    known.tell(None)
    assert up(metrics) == 1


@pytest.mark.parametrize("error", [NotSetUp("set VOX_URL"), Permanent("lacks vox")])
async def test_metrics_tell_nothing_of_an_engine_that_was_never_set_up(error: Exception) -> None:
    metrics, engine = Metrics(), Simulated(say, away=error)
    known = engines_of(engine, clock=Clock(), metrics=metrics).member(engine.name)
    known.tell(Transient("half an answer"))
    await known.standing()
    assert up(metrics) is None


async def test_metrics_tell_of_an_engine_that_spoke_before_anybody_looked() -> None:
    metrics, engine = Metrics(), Simulated(say)
    engines_of(engine, clock=Clock(), metrics=metrics).member(engine.name).tell(None)
    assert up(metrics) == 1
