"""One book keeps one engine and one rate; who cannot go on is named, and the next speaks the rest."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.audio.wav import ChunkRecord, Speech
from darkchannel.cli.report import Reporter
from darkchannel.errors import Crowded, Permanent, Transient, Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.jobs.choice import Choice
from darkchannel.jobs.options import Options
from darkchannel.jobs.runs import State
from darkchannel.runtime.circuit import FAILURES
from darkchannel.runtime.engines import Busy, Engine, NotSetUp, Repeated, Silent, Unread, Voice
from darkchannel.runtime.service import RETURNED
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import Element, serialise
from darkchannel.speech.ssml import spoken as words
from services.synthesizer import speaking
from services.synthesizer.attempts import TRIES, Reading
from services.synthesizer.choice import PASSED
from services.synthesizer.engines import look, speech_server
from services.synthesizer.engines.openai import OpenAI
from services.synthesizer.engines.plain import PlainText
from tests.contract.engines.openai import server, settings
from tests.pipeline.bench import Bench
from tests.pipeline.counted import Counted
from tests.pipeline.engine import RATE, Simulated, as_it_stands, measured, speech
from tests.pipeline.process import synthesizer

AWAY = Unavailable("it does not answer")
BUSY = Busy("it does not say which voices it has")
TEXTS = ("um", "dois", "três", "quatro")


class Voiced(Simulated):
    """Says every text, remembers what it was asked for, and stumbles over the texts in ``over``."""

    def __init__(self, name: str, rate: int = RATE, *, is_fixed: bool = True, is_costly: bool = False) -> None:
        super().__init__(self._say, name, rate=rate if is_fixed else None, is_costly=is_costly)
        self.heard: list[Element] = []
        self.over: dict[str, Exception | None] = {}
        """What it raises, or None for silence."""
        self.at = rate
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.unlisted: Exception | None = None
        """What a look at its voices raises, though it speaks."""

    @property
    def texts(self) -> list[str]:
        return [words(script) for script in self.heard]

    async def voices(self) -> Sequence[Voice]:
        if self.unlisted:
            raise self.unlisted
        return await super().voices()

    async def _say(self, script: Element) -> Speech:
        text = words(script)
        self.heard.append(script)
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        if error := self.over.get(text):
            raise copy(error)
        said = speech(text, rate=self.at)
        return Speech(bytes(len(said.pcm)), self.at) if text in self.over else said


class Desk:
    """A job and the engines ada and bia, which it may choose from."""

    def __init__(self, *texts: str, engine: str = "auto", read: Callable[[str], Reading] = measured) -> None:
        self.bench = Bench(texts or TEXTS)
        self.bench.options = Options(engine=engine, priority="low")
        self.read = read
        self.ada, self.bia = Voiced("ada"), Voiced("bia", 2 * RATE)

    def process(self, *engines: Engine) -> Callable[[ObjectCreated], Awaitable[None]]:
        """What one more process does with a segment, of which these engines are known."""
        return synthesizer(self.bench.context(), *(engines or (self.ada, self.bia)), read=self.read).speak

    async def spoken(self, count: int, *engines: Engine) -> None:
        """So many segments from the first on, one after another, their chunks not looked at yet."""
        if engines or not self.bench.job:
            await self.begin(*engines)
        for index in range(len(await self.records()), count):
            await self.bench.first.handlers["speak"](self.segment(index))

    async def begin(self, *engines: Engine) -> None:
        """Have a process of its own memory speak from now on; the segments of a new job wait for it."""
        self.bench.first.handlers["speak"] = self.process(*engines)
        if not self.bench.job:
            self.bench.events.append(await self.bench.drop())
            await self.bench.deliver(until="speak")

    async def narrated(self, *engines: Engine) -> None:
        await self.begin(*engines)
        await self.bench.deliver()

    def segment(self, index: int = 0) -> ObjectCreated:
        return ObjectCreated(keys.JOBS, keys.segment(self.bench.job, index))

    async def records(self) -> list[ChunkRecord]:
        found = [info.key async for info in self.bench.raw.list(keys.JOBS, f"{self.bench.job}/chunks/")]
        chunks = [await self.bench.raw.get(keys.JOBS, key) for key in found]
        return [wav.unpack(chunk.body)[0] for chunk in chunks if chunk]

    async def speakers(self) -> list[str]:
        records = await self.records()
        assert len({record.rate for record in records}) <= 1, "a book has one rate"
        return [record.engine for record in records]

    async def encoded(self, index: int) -> None:
        """What the merger makes of the section of a chunk, and the reconciler of that."""
        await self.bench.first.handlers["encode"](ObjectCreated(keys.JOBS, keys.chunk(self.bench.job, index)))
        self.bench.later(seconds=31)
        await self.bench.reconcile()

    async def choice(self) -> Choice | None:
        found = await self.bench.raw.get(keys.JOBS, keys.engine(self.bench.job))
        return Choice.model_validate_json(found.body) if found else None

    async def before(self) -> list[tuple[str, str]]:
        choice = await self.choice()
        return [(left.engine, left.reason) for left in choice.before] if choice else []

    async def reason(self) -> str:
        runs = await self.bench.jobs.runs(self.bench.job, fresh=True)
        assert runs.state is State.FAILED
        return runs.outcomes[1].reason or ""


# -- one engine ------------------------------------------------------------------------------------------------------


async def test_a_segment_of_the_only_engine_costs_what_it_always_cost() -> None:
    desk = Desk(*TEXTS[:1])
    desk.bia.away = NotSetUp("set BIA_URL")
    await desk.begin()
    desk.bench.store._store = counted = Counted(desk.bench.raw)  # type: ignore[assignment]
    await desk.bench.first.handlers["speak"](desk.segment())
    job = desk.bench.job
    assert counted.requests == [
        ("get", keys.plan(job)),
        ("list", f"{job}/runs/"),
        ("get", keys.chunk(job, 0)),
        ("get", keys.segment(job, 0)),
        ("put", keys.chunk(job, 0)),
        ("get", keys.window(job)),
        ("head", keys.segment(job, 0)),
        ("head", keys.chunk(job, 0)),
        ("list", f"{job}/runs/"),
    ]
    assert await desk.speakers() == ["ada"]


async def test_an_engine_whose_rate_depends_on_the_voice_gives_its_first_to_the_book() -> None:
    desk = Desk(engine="ada")
    desk.ada = Voiced("ada", is_fixed=False)
    await desk.spoken(2)
    desk.ada.at = 3 * RATE
    await desk.spoken(4)
    assert {record.rate for record in await desk.records()} == {RATE}
    assert await desk.choice() == Choice(engine="ada", rate=RATE)


async def test_an_engine_that_is_away_and_alone_is_waited_for_by_this_job_alone() -> None:
    desk = Desk(engine="ada")
    await desk.begin()
    desk.ada.away = AWAY
    with pytest.raises(Transient, match="segment 0 cannot be spoken now: it does not answer: «um»"):
        await desk.bench.first.handlers["speak"](desk.segment())
    desk.ada.away = None
    await desk.narrated()
    assert await desk.bench.published() == list(TEXTS)


async def test_an_engine_that_was_never_set_up_and_is_alone_fails_the_run_at_once_with_what_to_do() -> None:
    desk = Desk("um", engine="ada")
    desk.ada.away = NotSetUp("set ADA_URL to her server")
    await desk.narrated()
    assert await desk.reason() == "segment 0 cannot be spoken: set ADA_URL to her server: «um»"


async def test_an_engine_that_nobody_knows_fails_the_run_with_its_name() -> None:
    desk = Desk("um", engine="eva")
    await desk.narrated()
    assert "there is no engine 'eva'" in await desk.reason()


# -- a book and its engine -------------------------------------------------------------------------------------------


async def test_the_first_speech_says_who_speaks_the_book() -> None:
    desk = Desk()
    await desk.narrated()
    assert await desk.speakers() == ["ada"] * 4
    assert await desk.choice() == Choice(engine="ada", rate=RATE)
    assert desk.bia.heard == []


async def test_an_engine_that_goes_away_is_followed_by_the_next_for_the_rest_of_the_book() -> None:
    desk = Desk()
    await desk.spoken(2)
    desk.ada.away = AWAY
    with capture_logs() as logs:
        await desk.spoken(3)
    desk.ada.away = None
    desk.bench.later(minutes=5)
    await desk.spoken(4)
    assert await desk.speakers() == ["ada", "ada", "bia", "bia"]
    assert await desk.before() == [("ada", "it does not answer")]
    [passed] = [line for line in logs if line["event"] == PASSED]
    assert (passed["engine"], passed["before"], passed["reason"]) == ("bia", "ada", "it does not answer")


async def test_a_text_to_which_an_engine_gives_no_answer_goes_to_the_next_alone() -> None:
    desk = Desk()
    await desk.spoken(1)
    desk.ada.over = {TEXTS[1]: Silent("gave no answer within 60 s")}
    await desk.spoken(4)
    assert await desk.speakers() == ["ada", "bia", "ada", "ada"]
    assert await desk.before() == []


async def test_a_first_text_to_which_an_engine_gives_no_answer_leaves_it_the_book() -> None:
    desk = Desk()
    desk.ada.over = {TEXTS[0]: Silent("gave no answer within 60 s")}
    await desk.spoken(4)
    assert await desk.speakers() == ["bia", "ada", "ada", "ada"]
    assert await desk.before() == []


async def test_an_engine_that_is_busy_for_a_moment_keeps_the_book_that_it_speaks() -> None:
    desk = Desk()
    await desk.spoken(1)
    desk.ada.over = {TEXTS[1]: BUSY}
    await desk.spoken(4)
    assert await desk.speakers() == ["ada", "bia", "ada", "ada"]
    assert await desk.before() == []


async def test_an_engine_that_is_busy_when_a_book_begins_does_not_get_it() -> None:
    desk = Desk()
    desk.ada.over = {TEXTS[0]: BUSY}
    await desk.spoken(4)
    assert await desk.speakers() == ["bia"] * 4
    assert await desk.before() == [("ada", str(BUSY))]


async def test_an_engine_that_is_busy_when_another_leaves_a_book_does_not_get_it() -> None:
    desk = Desk()
    eva = Voiced("eva", 3 * RATE)
    await desk.spoken(1, eva)
    eva.away = AWAY
    desk.ada.over = {TEXTS[1]: BUSY}
    await desk.begin(desk.ada, desk.bia, eva)
    await desk.spoken(4)
    assert await desk.speakers() == ["eva", "bia", "bia", "bia"]


async def test_an_engine_that_stays_busy_loses_its_books() -> None:
    texts = [f"frase {number}" for number in range(FAILURES + 3)]
    desk = Desk(*texts)
    await desk.spoken(1)
    desk.ada.over = dict.fromkeys(texts, BUSY)
    await desk.spoken(FAILURES + 1)
    assert await desk.before() == []
    desk.ada.over = {}
    await desk.spoken(FAILURES + 3)
    assert await desk.speakers() == ["ada", *["bia"] * (FAILURES + 2)]
    assert await desk.before() == [("ada", str(BUSY))]


@pytest.mark.parametrize("voice", [None, "pf_dora"])
async def test_a_synthesizer_that_is_started_again_beside_a_busy_server_leaves_it_its_books(
    voice: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "QUIET_SECONDS", 0)
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.2)
    desk = Desk(*(in_voice(voice, text) if voice else f"<speak>{text}</speak>" for text in TEXTS), read=as_written)
    desk.bench.options = Options(voice=voice, priority="low")
    async with server(has_captions=True) as peer:
        first, second = (PlainText(OpenAI(settings(peer, openai_speech_voice=None))) for _ in range(2))
        await desk.spoken(2, first, desk.bia)
        peer.of_voices = lambda: "slow"
        await desk.spoken(3, second, desk.bia)
        peer.of_voices = lambda: "speech"
        await desk.spoken(4)
        assert await desk.speakers() == ["openai", "openai", "bia", "openai"]
        assert await desk.before() == []
        await asyncio.gather(first.close(), second.close())


async def test_a_look_that_fails_takes_no_book_from_the_engine_that_speaks_it() -> None:
    desk = Desk()
    await desk.spoken(2)
    desk.ada.unlisted = AWAY
    await desk.begin()
    await desk.spoken(4)
    assert await desk.speakers() == ["ada"] * 4
    assert await desk.before() == []


@pytest.mark.parametrize("is_costly", [False, True])
async def test_a_store_that_is_away_for_a_moment_takes_neither_a_book_nor_a_segment_from_its_engine(
    is_costly: bool,
) -> None:
    desk = Desk()
    desk.ada = Voiced("ada", is_costly=is_costly)
    await desk.spoken(1)
    desk.ada.over = dict.fromkeys(TEXTS, Unread("the voices of ada cannot be read: the store is away"))
    for _ in range(FAILURES):
        with pytest.raises(Transient, match="segment 1 cannot be spoken now: the voices of ada cannot be read"):
            await desk.bench.first.handlers["speak"](desk.segment(1))
    desk.ada.over = {}
    await desk.spoken(4)
    assert await desk.speakers() == ["ada"] * 4
    assert await desk.before() == []


async def test_a_store_that_is_away_at_the_first_look_has_nobody_else_begin_a_book() -> None:
    desk = Desk()
    desk.ada.unlisted = Unread("the voices of ada cannot be read: the store is away")
    await desk.begin()
    with pytest.raises(Transient, match="segment 0 cannot be spoken now: the voices of ada cannot be read"):
        await desk.bench.first.handlers["speak"](desk.segment())
    assert (desk.bia.heard, await desk.choice()) == ([], None)
    desk.ada.unlisted = None
    await desk.narrated()
    assert await desk.speakers() == ["ada"] * 4


async def test_another_process_speaks_with_the_engine_that_took_over() -> None:
    desk = Desk()
    await desk.spoken(2)
    desk.ada.away = AWAY
    await desk.spoken(3)
    desk.ada.away = None
    await desk.process()(desk.segment(3))
    assert (await desk.speakers())[3] == "bia"


class Together(Voiced):
    """Speaks when as many texts are with it as there are."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.begun = asyncio.Event()
        self.all = asyncio.Barrier(len(TEXTS))

    async def speak(self, script: Element) -> Speech:
        if not self.over:
            self.begun.set()
            async with asyncio.timeout(30):
                await self.all.wait()
        return await super().speak(script)


async def test_a_book_that_begins_after_a_rest_is_spoken_by_the_engine_that_is_back() -> None:
    desk, ada = Desk(), Together("ada")
    await desk.begin(ada, desk.bia)
    speak = desk.bench.first.handlers["speak"]
    ada.over = dict.fromkeys(TEXTS, Transient("half an answer"))
    desk.bia.over = dict.fromkeys(TEXTS, Permanent("no voice for it"))
    for index in range(-(-FAILURES // TRIES)):
        with pytest.raises(Transient):
            await speak(desk.segment(index))
    ada.over, desk.bia.over = {}, {}
    desk.bench.later(seconds=30)
    first = asyncio.create_task(speak(desk.segment(0)))
    async with asyncio.timeout(30):
        await ada.begun.wait()
    await asyncio.gather(first, *(speak(desk.segment(index)) for index in (1, 2, 3)))
    assert await desk.speakers() == ["ada"] * 4
    assert await desk.before() == []


async def test_an_engine_that_only_fails_is_followed_by_the_next_unasked() -> None:
    desk = Desk(*TEXTS, "cinco")
    desk.bench.options = Options(priority="medium")
    await desk.spoken(1)
    desk.ada.over = dict.fromkeys(TEXTS, Transient("half an answer"))
    await desk.spoken(4)
    asked = len(desk.ada.heard)
    assert asked == 1 + 3 * TRIES > FAILURES
    desk.ada.over = {}
    await desk.spoken(5)
    assert await desk.speakers() == ["ada", "bia", "bia", "bia", "bia"]
    assert len(desk.ada.heard) == asked
    assert await desk.before() == [("ada", "half an answer")]
    assert [record.unable for record in await desk.records()] == [(), *[(("ada", "half an answer"),)] * 4]


async def test_a_book_that_its_first_engine_could_not_begin_tells_why() -> None:
    desk = Desk()
    await desk.begin()
    desk.ada.away = AWAY
    await desk.narrated()
    assert await desk.speakers() == ["bia"] * 4
    assert await desk.before() == [("ada", "it does not answer")]
    desk = Desk()
    await desk.begin()
    desk.ada.over = dict.fromkeys(TEXTS, AWAY)
    await desk.narrated()
    assert await desk.speakers() == ["bia"] * 4
    assert await desk.before() == [("ada", "it does not answer")]


async def test_a_segment_that_one_engine_refuses_is_the_next_ones_and_the_book_is_not() -> None:
    desk = Desk()
    desk.ada.over = {"um": Permanent("no sound for it"), "três": Permanent("no sound for it")}
    await desk.narrated()
    assert await desk.speakers() == ["bia", "ada", "bia", "ada"]
    assert await desk.choice() == Choice(engine="ada", rate=RATE)


async def test_an_engine_that_stumbles_over_its_own_revision_keeps_no_other_from_speaking() -> None:
    class Unsure(Voiced):
        async def revision(self, _: Element) -> str:
            raise KeyError("revision")

    desk = Desk("um")
    desk.ada = Unsure("ada", is_costly=True)
    await desk.narrated()
    assert await desk.speakers() == ["bia"]


async def test_a_segment_that_is_faulty_twice_is_the_next_ones() -> None:
    desk = Desk()
    desk.ada.over = {"dois": None}
    await desk.narrated()
    assert await desk.speakers() == ["ada", "bia", "ada", "ada"]
    assert desk.ada.texts.count("dois") == 2


@pytest.mark.parametrize(("error", "times"), [(Transient("half an answer"), TRIES), (Repeated("HTTP 500"), 1)])
async def test_what_a_server_has_repeated_itself_is_not_asked_for_a_second_time(error: Exception, times: int) -> None:
    desk = Desk()
    desk.ada.over = {"dois": error}
    await desk.narrated()
    assert await desk.speakers() == ["ada", "bia", "ada", "ada"]
    assert desk.ada.texts.count("dois") == times


@pytest.mark.parametrize("wrong", [replace(speech("um"), sentences=(100_000,)), speech("um" * 200)])
async def test_speech_that_ends_before_a_sentence_of_its_text_or_rambles_on_is_faulty(wrong: Speech) -> None:
    async def say(_: Element) -> Speech:
        return wrong

    desk = Desk("um")
    desk.ada.say = say
    await desk.narrated()
    assert await desk.speakers() == ["bia"]


async def test_a_text_that_nobody_can_speak_fails_the_run_with_everybodys_reason_and_the_text() -> None:
    desk = Desk("um")
    desk.ada.over, desk.bia.over = {"um": None}, {"um": Permanent("no sound for it")}
    await desk.narrated()
    assert await desk.reason() == (
        "segment 0 cannot be spoken: ada: the speech of ada is silent; bia: no sound for it: «um»"
    )


async def test_a_text_that_one_refuses_and_another_may_speak_later_is_tried_again() -> None:
    desk = Desk("um")
    await desk.begin()
    desk.ada.over, desk.bia.over = {"um": Permanent("no sound for it")}, {"um": Transient("half an answer")}
    with pytest.raises(Transient, match="segment 0 cannot be spoken now: ada: no sound for it; bia: half an answer"):
        await desk.bench.first.handlers["speak"](desk.segment())


@pytest.mark.parametrize("begun", [0, 1])
async def test_a_text_that_only_one_who_is_away_can_speak_is_tried_again(begun: int) -> None:
    desk = Desk(engine="ada,bia")
    desk.bia.over = dict.fromkeys(TEXTS, Permanent("no accent for 'pt-BR'"))
    await desk.begin()
    await desk.spoken(begun)
    desk.ada.away = AWAY
    desk.bench.later(seconds=61)
    told = f"segment {begun} cannot be spoken now: ada: it does not answer; bia: no accent for 'pt-BR'"
    for _ in range(FAILURES + 1):  # until it rests
        with pytest.raises(Transient, match=told):
            await desk.bench.first.handlers["speak"](desk.segment(begun))
    desk.ada.away = None
    desk.bench.later(seconds=61)
    await desk.narrated()
    assert await desk.speakers() == ["ada"] * 4


@pytest.mark.parametrize("engine", ["bia,ada", "ada,bia"])
async def test_a_job_may_name_its_engines_in_their_order(engine: str) -> None:
    desk = Desk(engine=engine)
    await desk.narrated()
    assert await desk.speakers() == [engine[:3]] * 4


async def test_a_book_begun_when_there_was_one_engine_keeps_it_when_a_better_one_comes() -> None:
    desk = Desk()
    await desk.spoken(2, desk.bia)
    assert await desk.choice() is None
    await desk.begin()
    await desk.spoken(4)
    assert await desk.speakers() == ["bia"] * 4
    assert await desk.choice() == Choice(engine="bia", rate=2 * RATE)


async def test_an_edit_of_a_book_whose_chunks_are_gone_is_spoken_at_its_rate() -> None:
    desk = Desk()
    await desk.narrated(desk.bia)
    for index in range(4):
        await desk.bench.raw.delete(keys.JOBS, keys.chunk(desk.bench.job, index))
    await desk.begin()
    await desk.bench.edit(1, "DOIS")
    await desk.bench.deliver()
    desk.bench.later(seconds=31)
    await desk.bench.reconcile()
    assert await desk.bench.published() == ["um", "DOIS", "três", "quatro"]
    assert {record.rate for record in await desk.records()} == {2 * RATE}


async def test_a_choice_that_a_person_made_unreadable_is_made_again_from_what_was_spoken() -> None:
    desk = Desk()
    await desk.spoken(2)
    await desk.bench.raw.put(keys.JOBS, keys.engine(desk.bench.job), b"{")
    desk.bench.later(seconds=2)
    await desk.spoken(4)
    assert await desk.choice() == Choice(engine="ada", rate=RATE)


async def test_an_engine_that_the_operator_took_away_is_followed_by_those_there_are() -> None:
    desk = Desk()
    eva = Voiced("eva", 3 * RATE)
    await desk.spoken(2, eva, desk.ada)
    await desk.spoken(4, desk.ada, desk.bia)
    assert await desk.speakers() == ["eva", "eva", "ada", "ada"]
    assert await desk.before() == [("eva", "there is no engine 'eva'")]


# -- why an engine did not speak -------------------------------------------------------------------------------------


async def test_what_an_engine_could_not_speak_is_told_with_the_book_and_why() -> None:
    desk = Desk()
    desk.ada.over = {"um": None, "dois": Permanent("no sound for it"), "três": Permanent("no sound for it")}
    await desk.narrated()
    silent, refused = (("ada", "the speech of ada is silent"),), (("ada", "no sound for it"),)
    assert [record.unable for record in await desk.records()] == [silent, refused, refused, ()]
    report = await Reporter(desk.bench.jobs, desk.bench.job).report()
    assert report
    assert list(report.unable["ada"].items()) == [("no sound for it", 2), ("the speech of ada is silent", 1)]


@pytest.mark.parametrize("spoken_before", [0, 1])
async def test_an_engine_that_was_away_is_told_of_also_once_it_is_back(spoken_before: int) -> None:
    desk = Desk()
    await desk.spoken(spoken_before)
    desk.ada.away = AWAY
    await desk.spoken(2)
    desk.ada.away = Unavailable("its host is unknown")
    await desk.begin()
    await desk.spoken(3)
    desk.ada.away = None
    await desk.begin()
    await desk.spoken(4)
    first, then = (("ada", "it does not answer"),), (("ada", "its host is unknown"),)
    told = [record.unable for record in await desk.records()]
    assert told[spoken_before:] == [*[first] * (2 - spoken_before), then, first]
    assert told[:spoken_before] == [()] * spoken_before


async def test_neither_who_was_never_set_up_nor_who_does_not_suit_nor_who_comes_later_is_told_of() -> None:
    desk = Desk("um", engine="auto")
    unknown, english, later = Voiced("eva"), Voiced("ann"), Voiced("zoe")
    unknown.away, later.away, english.told = NotSetUp("set EVA_URL"), AWAY, [Voice("ann", ("en",))]
    await desk.spoken(1, unknown, english, desk.ada, later)
    assert [(record.engine, record.unable) for record in await desk.records()] == [("ada", ())]


async def test_a_reason_is_cut_and_holds_nothing_that_cannot_be_written() -> None:
    desk = Desk("um")
    desk.ada.over = {"um": Permanent("\ud800" + "não " * 100)}
    await desk.spoken(1)
    [record] = await desk.records()
    assert record.unable == (("ada", ("?" + "não " * 100)[:200]),)


# -- several processes -----------------------------------------------------------------------------------------------


async def test_who_loses_the_first_choice_speaks_again_with_the_engine_that_was_chosen() -> None:
    desk = Desk()
    await desk.begin()
    quick, slow = desk.process(desk.bia, desk.ada), desk.process()
    desk.bench.store.before("put", keys.engine(desk.bench.job), lambda: quick(desk.segment(1)))
    await slow(desk.segment(0))
    assert await desk.speakers() == ["bia", "bia"]
    assert desk.ada.texts == ["um"]


async def test_who_loses_the_first_choice_to_the_same_engine_at_another_rate_keeps_its_speech() -> None:
    desk = Desk(engine="ada")
    desk.ada = Voiced("ada", is_fixed=False)
    await desk.begin()

    async def quicker() -> None:
        desk.ada.at = 2 * RATE
        await desk.process()(desk.segment(1))

    slow = desk.process()
    desk.bench.store.before("put", keys.engine(desk.bench.job), quicker)
    await slow(desk.segment(0))
    assert {record.rate for record in await desk.records()} == {2 * RATE}
    assert sorted(desk.ada.texts) == ["dois", "um"]


async def test_who_passes_a_book_on_too_late_goes_by_whom_it_was_passed_to() -> None:
    desk = Desk()
    eva = Voiced("eva", 3 * RATE)
    three = (desk.ada, eva, desk.bia)
    await desk.spoken(1, *three)
    desk.bench.later(seconds=2)
    quick, slow = desk.process(*three), desk.process(*three)
    desk.ada.away = AWAY

    async def passed_to_bia() -> None:
        eva.away = AWAY
        await quick(desk.segment(2))
        eva.away = None

    desk.bench.store.before("put", keys.engine(desk.bench.job), passed_to_bia)
    await slow(desk.segment(1))
    assert await desk.speakers() == ["ada", "bia", "bia"]
    assert await desk.before() == [("ada", "it does not answer")]


async def test_a_hint_for_a_segment_that_is_being_spoken_begins_nothing() -> None:
    desk = Desk("um")
    await desk.begin()
    handler = desk.bench.first.handlers["speak"]
    desk.ada.meanwhile = lambda: handler(desk.segment())
    await handler(desk.segment())
    assert desk.ada.texts == ["um"]
    assert await desk.speakers() == ["ada"]


class Held(Voiced):
    """Speaks one text after the other, none before ``gate`` is open."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.slots = 1
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()

    async def speak(self, script: Element) -> Speech:
        self.begun.set()
        await self.gate.wait()
        return await super().speak(script)


async def in_wait(task: "asyncio.Task[None]") -> None:
    """Until it has had every chance to go on, and does not."""
    for _ in range(100):
        await asyncio.sleep(0)
    assert not task.done()


@pytest.mark.parametrize("engine", ["ada", "ada,bia"])
async def test_a_segment_whose_engine_has_all_it_may_waits_unread(engine: str) -> None:
    desk, ada = Desk(engine=engine), Held("ada")
    await desk.begin(ada, desk.bia)
    speak = desk.bench.first.handlers["speak"]
    first = asyncio.create_task(speak(desk.segment(0)))
    await ada.begun.wait()
    second = asyncio.create_task(speak(desk.segment(1)))
    await in_wait(second)
    third = asyncio.create_task(speak(desk.segment(2)))
    await in_wait(third)
    await desk.bench.edit(2, "TRÊS")
    await speak(desk.segment(2))
    ada.gate.set()
    await asyncio.gather(first, second, third)
    assert ada.texts == ["um", "dois", "TRÊS"]
    assert await desk.speakers() == ["ada"] * 3


async def test_a_segment_that_waits_does_not_begin_once_the_process_is_to_stop() -> None:
    desk, ada = Desk(engine="ada"), Held("ada")
    await desk.begin(ada)
    context = desk.bench.context()
    speak = synthesizer(context, ada, read=measured).speak
    tasks = [asyncio.create_task(speak(desk.segment(index))) for index in range(4)]
    await ada.begun.wait()
    for task in tasks:
        await in_wait(task)
    context.stop.set()
    ada.gate.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in told] == [type(None), type(None), Crowded, Crowded]
    assert ada.texts == ["um", "dois"]


@pytest.mark.parametrize(("before", "voice"), [("bia", None), ("gone", None), ("gone", "clara")])
async def test_a_segment_of_a_book_that_was_passed_on_waits_for_who_speaks_it(before: str, voice: str | None) -> None:
    desk, ada, bia = Desk(), Held("ada"), Held("bia")
    desk.bench.options = Options(voice=voice, priority="low")
    if voice:
        ada.known = bia.known = ()
    await desk.spoken(1, desk.ada, Voiced(before))
    passed = Choice(engine=before, rate=RATE)
    await desk.bench.raw.put(keys.JOBS, keys.engine(desk.bench.job), passed.model_dump_json().encode())
    desk.bench.later(seconds=2)
    holder, idle = (bia, ada) if before == "bia" else (ada, bia)
    idle.slots = 8
    context = desk.bench.context()
    speak = synthesizer(context, ada, bia, read=measured).speak
    tasks = [asyncio.create_task(speak(desk.segment(index))) for index in (1, 2, 3)]
    await holder.begun.wait()
    for task in tasks:
        await in_wait(task)
    context.stop.set()
    holder.gate.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in told] == [type(None), type(None), Crowded]
    assert (holder.texts, idle.texts) == (["dois", "três"], [])


async def test_a_segment_that_came_back_begins_at_once_or_gives_way() -> None:
    desk, ada = Desk(engine="ada"), Held("ada")
    await desk.begin(ada)
    speak = desk.bench.first.handlers["speak"]
    RETURNED.set(True)
    two = [asyncio.create_task(speak(desk.segment(index))) for index in (0, 1)]
    for task in two:
        await in_wait(task)
    with pytest.raises(Crowded, match="had no place for 0 s"):
        await speak(desk.segment(2))
    ada.gate.set()
    await asyncio.gather(*two)
    assert await desk.speakers() == ["ada", "ada"]


async def test_a_segment_that_waits_for_hours_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking, "WAIT_SECONDS", 0)
    desk, ada = Desk(engine="ada"), Held("ada")
    await desk.begin(ada)
    speak = desk.bench.first.handlers["speak"]
    two = [asyncio.create_task(speak(desk.segment(index))) for index in (0, 1)]
    await ada.begun.wait()
    with pytest.raises(Crowded, match="had no place for 0 s"):
        await speak(desk.segment(2))
    ada.gate.set()
    await asyncio.gather(*two)
    await speak(desk.segment(2))
    assert await desk.speakers() == ["ada"] * 3


async def test_an_edit_at_the_very_end_of_a_look_is_followed_though_its_event_came_too_soon() -> None:
    desk = Desk("um")
    await desk.begin()
    handler = desk.bench.first.handlers["speak"]

    async def edited() -> None:
        await desk.bench.edit(0, "UM")
        await handler(desk.segment())

    desk.bench.store.before("head", keys.chunk(desk.bench.job, 0), edited)
    await handler(desk.segment())
    assert desk.ada.texts == ["um", "UM"]


async def test_a_segment_that_failed_is_spoken_at_its_next_event() -> None:
    desk = Desk("um", engine="ada")
    await desk.begin()
    desk.ada.over = {"um": Transient("half an answer")}
    with pytest.raises(Transient):
        await desk.bench.first.handlers["speak"](desk.segment())
    desk.ada.over = {}
    await desk.bench.first.handlers["speak"](desk.segment())
    assert await desk.speakers() == ["ada"]


async def test_a_rejected_chunk_is_spoken_at_the_rate_of_its_book_whoever_is_left_to_speak() -> None:
    desk = Desk()
    await desk.spoken(4, desk.bia, desk.ada)
    await desk.bench.raw.put(keys.JOBS, keys.chunk(desk.bench.job, 1), b"damaged")
    await desk.begin(desk.ada)
    await desk.encoded(1)
    assert await desk.bench.published() == list(TEXTS)
    assert await desk.speakers() == ["bia", "ada", "bia", "bia"]


# -- voices ----------------------------------------------------------------------------------------------------------


def as_written(ssml: str) -> Reading:
    return Reading(rendered(ssml), 0.0, 0.0)


def in_voice(name: str, text: str = "um") -> str:
    return f'<speak xml:lang="pt-BR"><voice name="{name}" xml:lang="en">{text}</voice></speak>'


async def test_an_engine_that_steps_in_speaks_with_its_own_voice_in_the_same_language() -> None:
    desk = Desk(in_voice("clara"), in_voice("clara", "dois"), read=as_written)
    desk.bench.options = Options(voice="clara", priority="low")
    desk.ada.known, desk.bia.known = {"clara"}, {"bento"}
    await desk.spoken(1)
    desk.ada.away = AWAY
    await desk.spoken(2)
    [first], [second] = desk.ada.heard, desk.bia.heard
    assert 'name="clara"' in serialise(first)
    assert "name=" not in serialise(second)
    assert 'xml:lang="en"' in serialise(second)
    assert [(record.engine, record.voice) for record in await desk.records()] == [("ada", "clara"), ("bia", None)]


async def test_voices_of_other_engines_are_told_with_the_book_and_who_spoke_in_their_place() -> None:
    desk = Desk(read=as_written)
    desk.bench.texts = ((in_voice("anton bento"), in_voice("clara")), (in_voice("bento"), in_voice("bento clara")))
    desk.ada.known, desk.bia.known = {"clara"}, {"anton", "bento"}
    await desk.narrated()
    assert [record.passed_over for record in await desk.records()] == [("anton bento",), (), ("bento",), ()]
    report = await Reporter(desk.bench.jobs, desk.bench.job).report()
    assert report
    assert (report.engines, list(report.passed_over)) == ({"ada": 4}, ["ada"])
    assert list(report.passed_over["ada"].items()) == [("anton bento", 1), ("bento", 1)]


async def test_the_engine_that_has_the_voice_of_the_job_speaks_it_though_another_is_better() -> None:
    desk = Desk(in_voice("bento"), read=as_written)
    desk.bench.options = Options(voices={"Rui": "bento"}, priority="low")
    desk.ada.known, desk.bia.known = {"clara"}, {"bento"}
    await desk.spoken(1)
    assert await desk.speakers() == ["bia"]


async def test_a_list_with_a_name_for_each_engine_is_passed_over_by_none() -> None:
    desk = Desk(in_voice("dora clara bento"), in_voice("dora clara bento", "dois"), read=as_written)
    desk.bench.options = Options(voices={"Rui": "dora clara bento"}, priority="low")
    desk.ada.known, desk.bia.known = {"clara"}, {"bento"}
    await desk.spoken(1)
    desk.ada.away = AWAY
    await desk.spoken(2)
    assert await desk.speakers() == ["ada", "bia"]
    assert all('name="dora clara bento"' in serialise(script) for script in (*desk.ada.heard, *desk.bia.heard))
    assert [record.passed_over for record in await desk.records()] == [(), ()]


async def test_a_list_is_another_engines_though_it_begins_with_a_name_that_nobody_has() -> None:
    desk = Desk(in_voice("dora bento"), read=as_written)
    desk.ada.known, desk.bia.known = {"clara"}, {"bento"}
    await desk.spoken(1)
    assert "name=" not in serialise(desk.ada.heard[0])
    assert [record.passed_over for record in await desk.records()] == [("dora bento",)]


async def test_a_voice_that_no_engine_has_fails_the_run_with_its_name_and_how_to_see_those_there_are() -> None:
    desk = Desk("um")
    desk.bench.options = Options(voice="clarra", priority="low")
    desk.ada.known, desk.bia.known = {"clara"}, {"bento"}
    await desk.narrated()
    assert "no engine at hand has the voice 'clarra': `darkchannel voices`" in await desk.reason()
    assert (desk.ada.heard, desk.bia.heard) == ([], [])


async def test_a_mistake_in_the_name_of_a_voice_is_not_spoken_over_by_another_engine() -> None:
    desk = Desk(in_voice("clarra"), read=as_written)
    desk.ada.known, desk.bia.known = {"clara"}, {"bento"}
    for engine in (desk.ada, desk.bia):
        engine.over = {"um": Permanent(f"{engine.name} has no voice 'clarra'")}
    await desk.narrated()
    assert "ada has no voice 'clarra'; bia: bia has no voice 'clarra'" in await desk.reason()
    assert ["clarra" in serialise(script) for script in (*desk.ada.heard, *desk.bia.heard)] == [True, True]


# -- the cache -------------------------------------------------------------------------------------------------------


async def test_what_a_costly_engine_spoke_once_is_not_spoken_again_and_the_record_says_so() -> None:
    desk = Desk("um", "dois", "um")
    desk.ada = Voiced("ada", is_costly=True)
    await desk.narrated()
    assert desk.ada.texts == ["um", "dois"]
    assert [record.cached for record in await desk.records()] == [False, False, True]
    assert await desk.bench.published() == ["um", "dois", "um"]


async def test_what_an_engine_keeps_does_not_depend_on_voices_that_it_lacks() -> None:
    class Particular(Voiced):
        async def revision(self, script: Element) -> str:
            if "bento" in serialise(script):
                raise Permanent("it has no voice 'bento'")
            return "1"

    desk = Desk(in_voice("clara"), in_voice("bento"), read=as_written)
    desk.ada = Particular("ada", is_costly=True)
    desk.ada.known, desk.bia.known = {"clara"}, {"bento"}
    await desk.narrated()
    assert await desk.speakers() == ["ada", "ada"]


async def test_what_is_faulty_is_not_kept() -> None:
    desk = Desk("um", "dois", "um")
    desk.ada = Voiced("ada", is_costly=True)
    desk.ada.over = {"um": None}
    await desk.spoken(1)
    desk.ada.over = {}
    await desk.spoken(3)
    assert await desk.speakers() == ["bia", "ada", "ada"]
    assert desk.ada.texts == ["um", "um", "dois", "um"]


async def test_what_is_found_faulty_in_the_cache_is_spoken_anew() -> None:
    desk = Desk("um", "um")
    desk.ada = Voiced("ada", is_costly=True)
    desk.read = as_it_stands
    desk.ada.over = {"um": None}
    await desk.spoken(1)
    desk.ada.over = {}
    desk.read = measured
    await desk.spoken(2, desk.ada, desk.bia)
    assert [record.cached for record in await desk.records()] == [False, False]
    assert desk.ada.texts == ["um", "um"]


async def test_speech_that_costs_nothing_is_not_kept() -> None:
    desk = Desk("um", "um")
    await desk.narrated()
    assert [info async for info in desk.bench.raw.list(keys.CACHE)] == []
    assert desk.ada.texts == ["um", "um"]


async def test_a_slow_engine_does_not_keep_the_others_from_their_segments() -> None:
    desk = Desk(read=as_it_stands)
    begun, gate = asyncio.Event(), asyncio.Event()

    async def takes_its_time() -> None:
        begun.set()
        await gate.wait()

    desk.ada.meanwhile = takes_its_time
    await desk.begin()
    handler = desk.bench.first.handlers["speak"]
    slow = asyncio.create_task(handler(desk.segment(0)))
    await begun.wait()
    await handler(desk.segment(1))
    assert (await desk.records())[0].engine == "ada"
    gate.set()
    await slow
    assert await desk.speakers() == ["ada", "ada"]
