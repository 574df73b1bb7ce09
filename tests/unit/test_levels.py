"""Each voice is measured once, on an ordinary text, and a voice that cannot be measured stays as it is."""

import asyncio
import gc
import re
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.audio.wav import ChunkRecord, Speech, Turn
from darkchannel.errors import Permanent, Transient, Unavailable
from darkchannel.runtime.engines import Repeated, Silent, Unread
from darkchannel.speech.parse import parse
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import Element, serialise
from services.synthesizer.attempts import Reading
from services.synthesizer.engines.espeak import Espeak
from services.synthesizer.levels import FIGURES, REFERENCES, Levels, reference
from tests.pipeline.bench import Bench
from tests.pipeline.engine import Simulated
from tests.pipeline.process import synthesizer

RATE = 8_000


class Organ:
    """An engine whose voices are notes, each as loud as its name says; remembers what it was asked for."""

    name = "organ"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails: list[Exception] = []

    async def speak(self, engine: str, ssml: str) -> Speech:
        self.asked.append(ssml)
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails.pop(0)
        level = int(re.findall(r"\d+", (re.findall('name="(.*?)"', ssml) or ["4000"])[0])[0])
        return Speech(array("h", [level, level, -level, -level] * RATE).tobytes(), RATE)

    async def say(self, script: Element) -> Speech:
        return await self.speak(self.name, serialise(script))


async def test_a_voice_is_measured_once_whoever_asks() -> None:
    organ = Organ()
    levels = Levels(organ.speak)
    found = await asyncio.gather(*(levels.gain("organ", "note-2000", "pt-BR") for _ in range(5)))
    found.append(await levels.gain("organ", "note-2000", "pt-BR"))
    assert len(organ.asked) == 1
    assert len(set(found)) == 1
    assert found[0] == round(found[0], 2)


async def test_a_voice_half_as_loud_has_6_db_more() -> None:
    levels = Levels(Organ().speak)
    soft, loud = [await levels.gain("organ", voice, "pt-BR") for voice in ("note-500", "note-1000")]
    assert soft - loud == pytest.approx(6.02, abs=0.05)


async def test_voices_and_engines_are_told_apart() -> None:
    organ = Organ()
    levels = Levels(organ.speak)
    for engine, voice in (("organ", "note-1"), ("organ", "note-2"), ("other", "note-1")):
        await levels.gain(engine, voice, "pt-BR")
    assert len(organ.asked) == 3


async def test_a_silent_voice_has_no_gain() -> None:
    assert await Levels(Organ().speak).gain("organ", "note-0", "pt-BR") == 0


@pytest.mark.parametrize(
    "error",
    [Unread("no store"), Unavailable("away"), OSError("broken")],
    ids=lambda value: type(value).__name__,
)
async def test_a_failure_is_told_to_all_who_wait_and_the_next_segment_tries_anew(error: Exception) -> None:
    organ = Organ()
    organ.fails.append(error)
    levels = Levels(organ.speak)
    told = await asyncio.gather(*(levels.gain("organ", "note-900", "pt-BR") for _ in range(3)), return_exceptions=True)
    assert told == [error] * 3
    assert await levels.gain("organ", "note-900", "pt-BR") > 1
    assert len(organ.asked) == 2


async def test_a_voice_that_refuses_is_left_as_loud_as_it_is() -> None:
    organ = Organ()
    organ.fails.append(Permanent("no"))
    levels = Levels(organ.speak)
    assert [await levels.gain("organ", "note-900", "pt-BR") for _ in range(2)] == [0, 0]
    assert len(organ.asked) == 1


@pytest.mark.parametrize("error", [Transient("HTTP 500"), Silent("nothing in time")], ids=lambda e: type(e).__name__)
async def test_a_voice_that_fails_at_its_prose_is_measured_on_figures(error: Exception) -> None:
    organ = Organ()
    organ.fails.append(error)
    levels = Levels(organ.speak)
    assert [await levels.gain("organ", "note-900", "pt-BR") for _ in range(2)] == [
        await Levels(Organ().speak).gain("organ", "note-900", "pt-BR")
    ] * 2
    assert [FIGURES in asked for asked in organ.asked] == [False, True]


@pytest.mark.parametrize(
    "then",
    [Repeated("HTTP 500"), Transient("out of memory"), Permanent("no")],
    ids=lambda value: type(value).__name__,
)
async def test_a_voice_that_fails_at_figures_too_is_left_as_loud_as_it_is_and_named_once(then: Exception) -> None:
    organ = Organ()
    organ.fails += [Transient("half an answer"), then]
    levels = Levels(organ.speak)
    with capture_logs() as logs:
        assert [await levels.gain("organ", "note-900", "pt-BR") for _ in range(3)] == [0, 0, 0]
    assert len(organ.asked) == 2
    [line] = logs
    assert (line["log_level"], line["engine"], line["voice"], line["error"]) == (
        "warning", "organ", "note-900", str(then),
    )  # fmt: skip


async def test_a_voice_that_fails_at_figures_is_not_asked_for_the_same_figures_again() -> None:
    organ = Organ()
    organ.fails += [Repeated("HTTP 500"), Repeated("HTTP 500")]
    assert await Levels(organ.speak).gain("organ", "note-900", "it") == 0
    assert len(organ.asked) == 1


@pytest.mark.parametrize(
    "then",
    [Unread("no store"), Silent("nothing in time"), Unavailable("away")],
    ids=lambda value: type(value).__name__,
)
async def test_an_engine_that_goes_away_before_the_figures_is_asked_anew_by_the_next_segment(then: Exception) -> None:
    organ = Organ()
    organ.fails += [Transient("HTTP 500"), then]
    levels = Levels(organ.speak)
    with pytest.raises(type(then)):
        await levels.gain("organ", "note-900", "pt-BR")
    assert await levels.gain("organ", "note-900", "pt-BR") > 1


async def test_figures_that_get_no_answer_where_there_is_no_prose_are_asked_for_anew_by_the_next_segment() -> None:
    organ = Organ()
    organ.fails.append(Silent("nothing in time"))
    levels = Levels(organ.speak)
    with pytest.raises(Silent):
        await levels.gain("organ", "note-900", "it")
    assert await levels.gain("organ", "note-900", "it") > 1
    assert len(organ.asked) == 2


async def test_a_voice_that_fails_before_anybody_heard_it_is_measured_when_it_has_spoken() -> None:
    organ = Organ()
    organ.fails += [Transient("later"), Transient("later")]
    levels = Levels(organ.speak)
    await asyncio.wait([levels.measure("organ", "note-900", "pt-BR")])
    assert await levels.gain("organ", "note-900", "pt-BR") > 1


async def test_a_failure_that_nobody_waits_for_is_no_ones_error(caplog: pytest.LogCaptureFixture) -> None:
    organ = Organ()
    organ.fails.append(Unavailable("away"))
    levels = Levels(organ.speak)
    measuring = levels.measure("organ", "note-900", "pt-BR")
    await asyncio.wait([measuring])
    del measuring, levels
    gc.collect()
    assert not caplog.records


async def test_a_measurement_that_is_cut_off_leaves_the_next_segment_its_own() -> None:
    levels = Levels(Organ().speak)
    waiting = asyncio.create_task(levels.gain("organ", "note-900", "pt-BR"))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await levels.gain("organ", "note-900", "pt-BR") > 1


async def test_closing_gives_up_what_is_measured() -> None:
    levels = Levels(Organ().speak)
    measuring = levels.measure("organ", "note-900", "pt-BR")
    await levels.close()
    assert measuring.cancelled()


@pytest.mark.parametrize(
    ("voice", "language", "read"),
    [
        ("pt-br+f3", "en-US", "pt"), ("en-us", "pt-BR", "en"), ("pt_BR-faber-medium", "en", "pt"), ("PT", "en", "pt"),
        ("Camila", "pt-BR", "pt"), ("Camila", "en-GB", "en"), ("vox", "en-GB", "en"), ("it", "pt-BR", ""),
        ("it-IT-Elsa", "pt-BR", ""), ("Camila", "it", ""), ("fable", "en", "en"),
    ],
)  # fmt: skip
async def test_a_voice_reads_its_own_language(voice: str, language: str, read: str) -> None:
    asked: list[str] = []

    async def speak(_: str, ssml: str) -> Speech:
        asked.append(ssml)
        return Speech(b"", RATE)

    await Levels(speak).gain("vox", voice, language)
    tree = parse(asked[0].encode())
    assert REFERENCES.get(read, FIGURES)[:20] in asked[0]
    assert tree.attributes["xml:lang"].partition("-")[0] == (read or "it")
    assert ("<voice" in asked[0]) == (voice != "vox")


def test_a_name_is_no_markup() -> None:
    tree = parse(reference("organ", '"><break time="9s"/>', "pt-BR").encode())
    assert [child.name for child in tree.children if not isinstance(child, str)] == ["voice"]


async def chunk_of(ssml: str, say: Callable[[Element], Awaitable[Speech]], rate: int = RATE) -> ChunkRecord:
    """The record that the synthesizer writes."""
    bench = Bench((ssml,))
    engine = Simulated(say, "organ", rate=rate)
    bench.first.handlers["speak"] = synthesizer(bench.context(), engine, read=unmeasured).speak
    bench.events.append(await bench.drop())
    await bench.deliver(until="encode")
    found = await bench.raw.get(keys.JOBS, keys.chunk(bench.job, 0))
    assert found
    return wav.unpack(found.body)[0]


def unmeasured(ssml: str) -> Reading:
    return Reading(rendered(ssml), 0.0, 0.0)


async def test_a_dialogue_has_a_gain_for_each_turn_and_its_words() -> None:
    espeak = Espeak(slots=1)

    said: list[Speech] = []

    async def say(script: Element) -> Speech:
        said.append(await espeak.speak(script))
        return said[-1]

    ssml = '<speak xml:lang="pt-BR">Oi, <voice name="pt-br+f3">bom dia,</voice> senhora <break time="1s"/>Ana.</speak>'
    record = await chunk_of(ssml, say, espeak.rate)
    await espeak.close()
    assert len(said) == 3  # it and the references of two voices
    assert [sample for sample, _ in record.gains] == [turn.sample for turn in said[0].turns]
    (_, narrator), (_, woman), (_, again) = record.gains
    assert narrator == again > woman + 1
    assert [word for _, word in record.words] == ["Oi", "bom", "dia", "senhora", "Ana"]
    assert [sample for sample, _ in record.words] == [word.sample for word in said[0].words]


async def test_turns_of_the_same_gain_come_together() -> None:
    organ = Organ()

    async def say(script: Element) -> Speech:
        speech = await organ.say(script)
        voices = ("note-800", "tone-800", "note-400", "tone-400", "note-800")
        turns = tuple(Turn(1_000 * number, voice) for number, voice in enumerate(voices))
        return replace(speech, turns=turns)

    record = await chunk_of("<speak>um</speak>", say)
    assert [sample for sample, _ in record.gains] == [0, 2_000, 4_000]
    assert 'xml:lang="pt-BR"' in organ.asked[-1]
    assert record.gains[0][1] == record.gains[2][1] == round(record.gains[0][1], 2)


async def test_a_segment_is_spoken_though_its_server_fails_at_all_that_its_voice_is_measured_on() -> None:
    organ = Organ()

    async def say(script: Element) -> Speech:
        speech = await organ.say(script)
        if len(organ.asked) > 1:
            raise Repeated("HTTP 500")
        return replace(speech, turns=(Turn(0, "organ"),))

    record = await chunk_of("<speak>um</speak>", say)
    assert record.gains == ((0, 0.0),)
    assert len(organ.asked) == 3


async def test_an_engine_that_tells_no_voice_has_no_gains() -> None:
    organ = Organ()
    assert (await chunk_of("<speak>um</speak>", organ.say)).gains == ()
    assert len(organ.asked) == 1


async def test_every_reference_lasts_long_enough_to_be_measured() -> None:
    espeak = Espeak(slots=1)
    for language in (*REFERENCES, "it"):
        speech = await espeak.speak(rendered(reference("espeak", language, language)))
        assert 13 < len(speech.pcm) / 2 / speech.rate < 32, language
        assert speech.turns == (Turn(0, language),)
    await espeak.close()
