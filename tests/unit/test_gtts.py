"""gTTS, and what goes wrong between it and Google."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import Permanent, Transient, Unavailable
from darkchannel.runtime.engines import Repeated, Silent, open_engine
from darkchannel.runtime.settings import read
from darkchannel.speech.rendering import rendered
from darkchannel.storage.memory import MemoryStore
from services.synthesizer.engines import speech_server
from services.synthesizer.engines.gtts import Gtts, GttsSettings, Pace
from services.synthesizer.engines.plain import PlainText
from tests.contract.engines.gtts import Google, Manner, google, settings
from tests.contract.hearing import seconds
from tests.network import Speaking, listening, saying

PROSE = "Hoje o mar amanheceu calmo e azul na praia."
REPEATS = 3


@asynccontextmanager
async def spoken_to(
    *manners: Manner | int, repeats: int = REPEATS, **changed: Any
) -> AsyncIterator[tuple[Gtts, Google]]:
    """gTTS that waits for nothing; Google answers in the last of the manners from there on."""
    left = chain(manners, repeat(manners[-1] if manners else "speech"))
    async with google(lambda: next(left)) as peer:
        engine = Gtts(settings(**changed), pauses=lambda: repeat(0.0, repeats))
        try:
            yield engine, peer
        finally:
            await engine.close()


async def test_a_request_of_its_library_is_answered_with_speech() -> None:
    async with spoken_to() as (engine, peer):
        speech = await engine.say(PROSE, "pt-BR", None)
        assert (peer.wrong, peer.asked) == ([], [("translate.google.com.br", "pt", PROSE)])
        assert 2 < seconds(speech) < 4
        assert speech.rate == 24_000


@pytest.mark.parametrize(
    ("language", "voice", "host", "code"),
    [
        ("pt-BR", None, "com.br", "pt"),
        ("pt-PT", None, "pt", "pt"),
        ("PT", None, "com", "pt"),
        ("en-GB", None, "co.uk", "en"),
        ("en-US", "gtts-en-au", "com.au", "en"),
        ("en", "gtts-pt-pt", "pt", "en"),
        ("fr-CA", None, "ca", "fr"),
        ("fr-CA", "gtts", "ca", "fr"),
        ("es-AR", None, "com", "es"),
        ("zh-TW", None, "com", "zh-TW"),
        ("he-IL", None, "com", "iw"),
    ],
)
async def test_a_language_and_a_voice_decide_whom_google_is_asked_for(
    language: str, voice: str | None, host: str, code: str
) -> None:
    async with spoken_to("no audio") as (engine, peer):
        with suppress(Permanent):
            await engine.say("um", language, voice)
        assert peer.asked == [(f"translate.google.{host}", code, "um")]


async def test_words_are_sent_as_they_are() -> None:
    text = "O Sr. Dr. Sá? Não! É a Esq. — e R$ 1,50; “sim” & 'não' #1 +2 %41\\n."
    async with spoken_to() as (engine, peer):
        await engine.say(text, "pt-BR", None)
        assert (peer.wrong, peer.asked[0][2]) == ([], text)


async def test_a_certificate_that_nobody_vouches_for_ends_it_before_a_word_is_sent() -> None:
    # A context of its own: what ``spoken_to`` has set must not come back after it.
    async with spoken_to() as (engine, peer):
        with pytest.MonkeyPatch.context() as environment:
            environment.delenv("SSL_CERT_FILE")
            with pytest.raises(Unavailable, match=r"com.br has no valid certificate"):
                await engine.say(PROSE, "pt-BR", None)
        assert peer.asked == []


@pytest.mark.parametrize(
    ("manner", "error", "told"),
    [
        ("html", Transient, "is no speech but 41 bytes of HTML"),
        ("garbage", Transient, "is no speech but"),
        ("empty", Transient, "is an MP3 file of no length"),
        ("half", Transient, "the last MP3 frame lacks"),
        ("cut", Transient, "broke off"),
        ("no audio", Permanent, "no speech for these words in 'pt'"),
        ("sorry", Unavailable, "asks whether this is a person"),
        (403, Unavailable, "refuses the request .HTTP 403.; see whether there is a newer gtts"),
        (501, Unavailable, "com.br fails .HTTP 501.; choose another engine meanwhile$"),
        (520, Unavailable, "com.br fails .HTTP 520.; choose another engine meanwhile$"),
    ],
)
async def test_an_answer_without_sound_speech_is_told_after_one_request(
    manner: Manner | int, error: type[Exception], told: str
) -> None:
    async with spoken_to(manner) as (engine, peer):
        with pytest.raises(error, match=told):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) == 1


async def test_a_google_that_fails_at_one_text_is_not_told_to_refuse_it_and_may_speak_the_next() -> None:
    async with spoken_to(*repeat(500, 1 + REPEATS), "speech") as (engine, peer):
        with pytest.raises(Repeated, match=r"gTTS: translate.google.com.br fails .HTTP 500., perhaps at this text"):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) == 1 + REPEATS
        assert seconds(await engine.say(PROSE, "pt-BR", None)) > 2


@pytest.mark.parametrize("manner", ["reset", 429, 503])
async def test_a_google_out_of_reach_is_tried_a_few_times_more(manner: Manner | int) -> None:
    async with spoken_to(manner) as (engine, peer):
        with pytest.raises(Unavailable, match=r"gTTS: translate.google.com.br .*; see that the network"):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) == 1 + REPEATS


async def test_a_google_that_does_not_answer_is_not_waited_for_longer_than_is_set() -> None:
    async with spoken_to("slow", gtts_timeout_seconds=0.5) as (engine, peer):
        with pytest.raises(Silent, match=r"gave no answer within 0.5 s"):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) == 1


async def test_a_google_that_comes_back_is_not_given_up() -> None:
    async with spoken_to("reset", 500, 429, "speech") as (engine, peer):
        assert seconds(await engine.say(PROSE, "pt-BR", None)) > 2
        assert len(peer.asked) == 4


async def test_who_is_told_to_come_back_in_an_hour_asks_once_and_then_not_at_all() -> None:
    async with spoken_to(429) as (engine, peer):
        peer.headers = {"Retry-After": "3600"}
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"wants no requests until \d\d:\d\d UTC; .*GTTS_REQUESTS_PER_MINUTE"):
                await engine.say(PROSE, "pt-BR", None)
        with pytest.raises(Unavailable, match="wants no requests"):
            await engine.voices()
        assert (len(peer.asked), peer.looks) == (1, 0)


async def test_without_a_network_there_are_no_voices_and_no_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    engine = Gtts(settings(), pauses=lambda: repeat(0.0, REPEATS))
    proxy = "behind the proxy of HTTPS_PROXY, 127.0.0.1:1, which takes no connection; see"
    with pytest.raises(Unavailable, match=f"gTTS: translate.google.com is {proxy}"):
        await engine.voices()
    with pytest.raises(Unavailable, match=f"gTTS: translate.google.com.br is {proxy}"):
        await engine.say(PROSE, "pt-BR", None)
    await engine.close()


async def waits(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        (saying(b"HTTP/1.1 407 Who\r\n\r\n"), "not let through by {} .HTTP 407, it wants other credentials.; see"),
        (saying(b"HTTP/1.1 403 No\r\n\r\n"), "not let through by {} .HTTP 403.; see"),
        (waits, "behind {}, which leads to no connection; see"),
    ],
    ids=["unknown", "forbidden", "waits"],
)
async def test_a_proxy_that_is_at_fault_is_named_without_its_credentials(
    proxy: Speaking, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_server, "CONNECT_SECONDS", 0.3)
    async with listening(proxy) as listener:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ana:segredo@127.0.0.1:{listener.port}")
        monkeypatch.setenv("NO_PROXY", "")
        engine = Gtts(settings(), pauses=lambda: ())
        with pytest.raises(
            Unavailable, match=told.format(f"the proxy of HTTPS_PROXY, 127.0.0.1:{listener.port}")
        ) as it:
            await engine.say(PROSE, "pt-BR", None)
        await engine.close()
    assert "segredo" not in str(it.value)


async def test_whoever_lists_the_voices_sends_no_text() -> None:
    async with spoken_to() as (engine, peer):
        voices = await engine.voices()
        assert (peer.looks, peer.asked) == (1, [])
        assert {"gtts-pt-br", "gtts-pt-pt", "gtts-en-gb", "gtts"} <= {voice.name for voice in voices}
        assert {voice.name for voice in voices} == {*await engine.known([])}


@pytest.mark.parametrize(
    ("language", "voice", "told"),
    [
        ("gn", None, "Google Translate speaks no 'gn': change the option language, or choose"),
        ("pt-BR", "eva", "no voice 'eva': choose from gtts, gtts-pt-br"),
    ],
)
async def test_an_unknown_language_or_voice_is_refused_before_google_hears_of_it(
    language: str, voice: str | None, told: str
) -> None:
    async with spoken_to() as (engine, peer):
        with pytest.raises(Permanent, match=told):
            await engine.say(PROSE, language, voice)
        assert peer.asked == []


async def test_words_of_a_language_that_google_does_not_speak_are_said_in_that_of_the_document() -> None:
    async with spoken_to() as (engine, peer):
        await PlainText(engine).speak(rendered('<speak xml:lang="pt-BR">um <lang xml:lang="gn">mokõi</lang></speak>'))
        assert [asked[1:] for asked in peer.asked] == [("pt", "um"), ("pt", "mokõi")]


async def test_segments_that_come_at_once_are_asked_for_one_after_the_other() -> None:
    async with spoken_to() as (engine, peer):
        await asyncio.gather(*(engine.say(f"{word} casa", "pt-BR", None) for word in ("uma", "outra", "cada")))
        assert (len(peer.asked), peer.most_at_once) == (3, 1)


@given(st.floats(0.01, 60), st.lists(st.floats(0, 100), max_size=30))
def test_no_two_requests_start_closer_together_than_they_may(interval: float, gaps: Iterable[float]) -> None:
    pace, now, before = Pace(interval), 1000.0, -1e9
    for gap in gaps:
        now += gap
        start = now + pace.wait(now)
        assert start == pytest.approx(max(now, before + interval))
        before = start


async def test_it_is_opened_by_its_name_without_asking_anybody() -> None:
    engine = await open_engine("gtts", MemoryStore())
    told = await engine.revision(rendered("<speak>Um.</speak>"))
    assert (engine.name, engine.slots, engine.is_costly, told) == ("gtts", 1, True, "2.5.4")
    await engine.close()


def test_a_wrong_rate_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GTTS_REQUESTS_PER_MINUTE", "0")
    with pytest.raises(Permanent, match="GTTS_REQUESTS_PER_MINUTE"):
        read(GttsSettings)
