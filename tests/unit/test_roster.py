"""The engines of a process: those that a job may have, and how wide they are."""

import asyncio

import pytest

from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Unavailable
from darkchannel.runtime.engines import Engine, NotSetUp, Unread
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import utc_now
from darkchannel.speech.ssml import Element
from services.synthesizer import member
from services.synthesizer.roster import Engines
from services.synthesizer.selection import Standing
from services.synthesizer.settings import SynthesizerSettings
from tests.pipeline.engine import Simulated, engines_of

SCRIPT = Element("speak", {}, ("um",))


async def say(_: Element) -> Speech:
    return Speech(b"\x00\x10" * 8, 8_000)


async def test_the_widest_engine_that_can_be_chosen_says_how_many_segments_are_spoken_at_once() -> None:
    narrow, wide = Simulated(say, "narrow", slots=2), Simulated(say, "wide", slots=32)
    unknown = Simulated(say, "unknown", slots=64, away=NotSetUp("set UNKNOWN_URL"))
    asleep = Simulated(say, "asleep", slots=48, away=Unavailable("it does not answer"))
    assert await engines_of(narrow, wide, unknown, clock=utc_now).slots() == 32
    assert await engines_of(narrow, wide, unknown, asleep, clock=utc_now).slots() == 48
    assert await engines_of(narrow, wide, clock=utc_now, order=["narrow"]).slots() == 2
    assert await engines_of(unknown, clock=utc_now).slots() == 1


async def test_a_store_that_is_away_at_the_start_narrows_nobody() -> None:
    narrow, unread = Simulated(say, "narrow", slots=2), Simulated(say, "unread", slots=8, away=Unread("no store"))
    assert await engines_of(narrow, unread, clock=utc_now).slots() == 8


async def test_an_engine_whose_factory_stumbles_keeps_no_other_from_speaking() -> None:
    async def open_(name: str) -> Engine:
        if name == "odd":
            raise RuntimeError("no such model")
        return Simulated(say, name, slots=3)

    engines = Engines(open_, ("odd", "sound"), utc_now, Metrics())
    assert await engines.slots() == 3
    assert (await engines.standings(["odd"]))["odd"] == Standing(
        away="the engine 'odd' did not open: unexpected RuntimeError: no such model", is_set_up=False
    )
    with pytest.raises(Permanent, match="the engine 'odd' did not open"):
        await engines.member("odd").speak(SCRIPT)


async def test_an_engine_that_does_not_open_in_time_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def open_(name: str) -> Engine:
        if name == "slow":
            await asyncio.Event().wait()
        return Simulated(say, name, slots=3)

    monkeypatch.setattr(member, "ASK_SECONDS", 0.01)
    assert await Engines(open_, ("slow", "sound"), utc_now, Metrics()).slots() == 3


async def test_an_order_that_names_an_engine_that_is_not_there_is_refused_with_those_there_are() -> None:
    with pytest.raises(Permanent, match="ENGINES names pipper: choose from espeak, piper"):
        Engines(_none, ("espeak", "piper"), utc_now, Metrics(), ("pipper", "espeak"))


async def _none(name: str) -> Engine:
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("option", "named"), [("auto", ("piper", "espeak")), ("espeak", ("espeak",)), ("gtts,espeak", ("gtts", "espeak"))]
)
def test_a_job_names_its_engines_or_takes_the_order_of_the_operator(option: str, named: tuple[str, ...]) -> None:
    engines = Engines(_none, ("espeak", "gtts", "piper"), utc_now, Metrics(), ("piper", "espeak", "piper"))
    assert engines.named(option) == named


@pytest.mark.parametrize(
    ("value", "order"), [("", ()), ("piper, espeak", ("piper", "espeak")), ("Bark", ("bark",)), (" , ", ())]
)
def test_the_setting_is_names_with_commas(value: str, order: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINES", value)
    assert SynthesizerSettings().engines == order
