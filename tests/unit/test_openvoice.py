"""OpenVoice, the recordings it imitates, and what goes wrong between us and its server."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain, repeat
from typing import Any

import pytest

from darkchannel import keys
from darkchannel.audio.wav import Speech
from darkchannel.errors import Denied, Permanent, Transient, Unavailable
from darkchannel.runtime.engines import NotSetUp, Silent, Unread, open_engine
from darkchannel.runtime.settings import read
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import Element
from darkchannel.storage.memory import MemoryStore
from darkchannel.storage.port import GOES_ON, ObjectInfo
from services.synthesizer.engines import speech_server
from services.synthesizer.engines.openvoice import OpenVoice
from services.synthesizer.engines.openvoice_settings import OpenVoiceSettings
from services.synthesizer.engines.plain import PlainText
from tests.contract.engines.gtts import encoded
from tests.contract.engines.openvoice import Manner, Server, put_recordings, server, settings, wav
from tests.contract.hearing import pitch, seconds

PROSE = "Hoje o mar amanheceu calmo e azul na praia."
GREETING = "Bom dia, bom dia."
REPEATS = 3
EVA = f"{keys.VOICES}eva.wav"


@asynccontextmanager
async def served(
    *manners: Manner | int, repeats: int = REPEATS, **changed: Any
) -> AsyncIterator[tuple[OpenVoice, Server, MemoryStore]]:
    """OpenVoice that waits for nothing; its server answers in the last of the manners from there on."""
    left = chain(manners, repeat(manners[-1] if manners else "speech"))
    async with server(lambda: next(left)) as peer:
        store = MemoryStore()
        await put_recordings(store, peer.espeak)
        engine = OpenVoice(store, settings(peer, **changed), pauses=lambda: repeat(0.0, repeats))
        try:
            yield engine, peer, store
        finally:
            await engine.close()


async def say(engine: OpenVoice, voice: str, text: str = GREETING) -> Speech:
    """One voice, looked for as before each segment."""
    await engine.known([(voice,)])
    return await engine.say(text, "pt-BR", voice)


async def test_words_without_a_voice_are_those_of_its_own_speaker() -> None:
    async with served() as (engine, peer, _):
        text = "Água & sal: 50% + #1; ção “é” /?x=y"
        speech = await engine.say(text, "pt-BR", None)
        assert (peer.wrong, peer.uploads) == ([], [])
        assert peer.asked == [{"text": text, "accent": "pt-br", "speed": "1.0"}]
        assert seconds(speech) > 1


async def test_a_voice_is_imitated_from_its_recording_which_is_brought_once() -> None:
    async with served(openvoice_concurrency=3) as (engine, peer, _):
        said = await asyncio.gather(*(say(engine, voice) for voice in ("eva", "rui", "eva", "rui")))
        assert (peer.wrong, len(peer.uploads)) == ([], 2)
        eva, rui = map(pitch, said[:2])
        assert eva > 1.5 * rui


async def test_another_recording_of_a_voice_is_brought_again() -> None:
    async with served() as (engine, peer, store):
        before = pitch(await say(engine, "eva"))
        man = await store.get(keys.REFS, f"{keys.VOICES}rui.wav")
        assert man
        await store.put(keys.REFS, EVA, man.body)
        assert pitch(await say(engine, "eva")) < before / 1.5
        first, second = peer.uploads
        assert first != second


async def test_a_server_that_was_started_anew_gets_the_recording_again() -> None:
    async with served() as (engine, peer, _):
        for _ in range(2):
            peer.resources.clear()
            assert pitch(await say(engine, "eva")) > 150
        assert (len(peer.uploads), len(peer.asked)) == (2, 3)


async def test_an_mp3_is_a_recording_too() -> None:
    async with served() as (engine, peer, store):
        rui = await say(engine, "rui")
        await store.put(keys.REFS, f"{keys.VOICES}tio.mp3", await encoded(rui))
        await say(engine, "tio")
        assert peer.uploads[1].endswith(".mp3")
        assert peer.wrong == []


async def test_recordings_whose_names_begin_alike_are_told_apart() -> None:
    async with served() as (engine, _, store):
        man = await store.get(keys.REFS, f"{keys.VOICES}rui.wav")
        assert man
        await store.put(keys.REFS, f"{keys.VOICES}eva.b.wav", man.body)
        high, low = [pitch(await say(engine, voice)) for voice in ("eva", "eva.b")]
        assert high > 1.5 * low


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (bytes(5 * 1024 * 1024 + 1), "no recording of more than 5 MiB: shorten darkchannel-refs/voices/eva.wav"),
        (b"<html>", "does not take darkchannel-refs/voices/eva.wav: This is no audio"),
    ],
)
async def test_a_recording_that_is_none_is_named(body: bytes, told: str) -> None:
    async with served() as (engine, _, store):
        await store.put(keys.REFS, EVA, body)
        with pytest.raises(Permanent, match=told):
            await say(engine, "eva", PROSE)


async def test_the_voices_are_its_own_speaker_and_the_recordings() -> None:
    async with served() as (engine, _, store):
        for key in ("eva.mp3", "notas.txt", ".wav", ".tio.wav", "piper/tia.wav", "wav"):
            await store.put(keys.REFS, f"{keys.VOICES}{key}", b"")
        voices = await engine.voices()
        assert [voice.name for voice in voices] == ["openvoice", "eva", "rui"]
        assert voices[1].about == "as in darkchannel-refs/voices/eva.mp3"
        assert all({"pt", "en-US", "fr"} <= {*voice.languages} for voice in voices)
        known = PlainText(engine)
        assert [await known.has(name) for name in ("openvoice", "rui", "ru", "ruin", "tio", "")] == [
            True,
            True,
            *4 * [False],
        ]


@pytest.mark.parametrize(
    ("language", "voice", "told"),
    [
        ("gn", None, "no accent for 'gn': where its server has one, name it in OPENVOICE_ACCENTS, as in gn=ACCENT"),
        ("pt-BR", "ev", "no voice 'ev': put a recording of it into darkchannel-refs/voices/, as NAME.wav"),
    ],
)
async def test_an_unknown_language_or_voice_is_refused_before_the_server_hears_of_it(
    language: str, voice: str | None, told: str
) -> None:
    async with served() as (engine, peer, _):
        with pytest.raises(Permanent, match=told):
            await engine.say(PROSE, language, voice)
        assert peer.asked == []


async def test_words_of_a_language_without_an_accent_are_said_in_that_of_the_document() -> None:
    async with served() as (engine, peer, _):
        await PlainText(engine).speak(rendered('<speak xml:lang="pt-BR">um <lang xml:lang="gn">mokõi</lang></speak>'))
        assert [(asked["text"], asked["accent"]) for asked in peer.asked] == [("um", "pt-br"), ("mokõi", "pt-br")]


@pytest.mark.parametrize(
    ("language", "accent"),
    [("en-US", "en-us"), ("en-gb", "en-br"), ("en-ZA", "en-newest"), ("fr-CA", "fr"), ("pt", "pt-br")],
)
async def test_a_language_has_the_accent_of_its_place_else_the_one_for_all(language: str, accent: str) -> None:
    async with served(404) as (engine, peer, _):
        with pytest.raises(Unavailable):
            await engine.say("um", language, None)
        assert peer.asked[0]["accent"] == accent


@pytest.mark.parametrize(
    ("manner", "error", "told"),
    [
        ("html", Transient, r"is no WAV file of PCM samples but \d+ bytes of HTML"),
        ("half", Transient, r"breaks off after \d+ of \d+ bytes"),
        ("stereo", Transient, "has 2 channels of 16 bits where one of 16 is meant"),
        ("empty", Transient, "is a WAV file without samples"),
        ("cut", Transient, "broke off"),
        (500, Transient, r"answers HTTP 500 to /base_tts/ \(as it was told to\); its log says more"),
        (422, Permanent, "answers HTTP 422 to /base_tts/ .*see OPENVOICE_ACCENTS"),
        (404, Unavailable, "answers HTTP 404 to /base_tts/ .*see OPENVOICE_URL"),
        (401, Unavailable, "HTTP 401"),
    ],
)
async def test_an_answer_without_sound_speech_is_told_after_one_request(
    manner: Manner | int, error: type[Exception], told: str
) -> None:
    async with served(manner) as (engine, peer, _):
        with pytest.raises(error, match=f"OpenVoice: .*{told}"):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) == 1


async def test_a_wav_whose_header_does_not_know_its_length_is_whole() -> None:
    async with served("speech", "endless") as (engine, _, _):
        known, unknown = [await engine.say(PROSE, "pt-BR", None) for _ in range(2)]
        assert seconds(unknown) == pytest.approx(seconds(known), abs=0.05)


@pytest.mark.parametrize("manner", ["reset", 429, 502])
async def test_a_server_out_of_reach_is_tried_a_few_times_more(manner: Manner | int) -> None:
    async with served(manner) as (engine, peer, _):
        with pytest.raises(Unavailable, match=r"OpenVoice: 127.0.0.1:.*; see that the server of OPENVOICE_URL runs"):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) >= 1 + REPEATS  # aiohttp, too, repeats a GET that is cut off


async def test_a_server_that_does_not_answer_is_not_waited_for_longer_than_is_set() -> None:
    async with served("slow", openvoice_timeout_seconds=0.5) as (engine, peer, _):
        with pytest.raises(Silent, match=r"gave no answer within 0.5 s"):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) == 1


async def test_a_server_that_takes_no_recording_in_time_is_away() -> None:
    async with served(repeats=0, openvoice_timeout_seconds=0.5) as (engine, peer, _):
        peer.of_uploads = lambda: "slow"
        with pytest.raises(Unavailable, match=r"gave no answer within 0.5 s"):
            await say(engine, "eva")


async def test_a_server_that_comes_back_is_not_given_up() -> None:
    async with served("reset", 503, 429, "speech") as (engine, peer, _):
        assert seconds(await engine.say(PROSE, "pt-BR", None)) > 2
        assert len(peer.asked) == 4


async def test_who_is_told_to_come_back_in_an_hour_asks_once_and_then_not_at_all() -> None:
    async with served(429) as (engine, peer, _):
        peer.headers = {"Retry-After": "3600"}
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"wants no requests until \d\d:\d\d UTC"):
                await engine.say(PROSE, "pt-BR", None)
        with pytest.raises(Unavailable, match="wants no requests"):
            await engine.voices()
        assert len(peer.asked) == 1


async def test_a_server_that_is_down_has_no_voices_and_no_speech_and_no_password_is_shown() -> None:
    told = OpenVoiceSettings(
        _env_file=None, openvoice_url="http://rui:segredo@127.0.0.1:1/voz", openvoice_accents={"pt": "pt"}
    )
    engine = OpenVoice(MemoryStore(), told, pauses=lambda: repeat(0.0, REPEATS))
    for failing in (engine.voices, lambda: engine.say(PROSE, "pt-BR", None)):
        with pytest.raises(Unavailable, match=r"OpenVoice: 127.0.0.1:1 takes no connection; see that") as caught:
            await failing()
        assert "segredo" not in str(caught.value)
    assert "segredo" not in await engine.revision("pt-BR", None)
    await engine.close()


async def test_a_server_that_is_busy_speaking_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.5)
    async with served("slow") as (engine, _, _):
        assert [voice.name for voice in await engine.voices()] == ["openvoice", "eva", "rui"]


async def test_a_server_that_says_it_is_overloaded_has_no_voices() -> None:
    async with served(503) as (engine, _, _):
        with pytest.raises(Unavailable, match="answers HTTP 503; see that the server"):
            await engine.voices()


async def test_a_server_that_takes_no_connection_is_not_taken_for_a_busy_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.5)
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # nobody accepts: Linux keeps one or two waiting, and lets further ones try for ever
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        told = OpenVoiceSettings(_env_file=None, openvoice_url=f"http://127.0.0.1:{full.getsockname()[1]}")
        engine = OpenVoice(MemoryStore(), told)
        with pytest.raises(Unavailable, match="takes no connection"):
            await engine.voices()
        await engine.close()


def eva() -> Element:
    return rendered(f'<speak xml:lang="pt-BR"><voice name="eva">{PROSE}</voice></speak>')


async def test_recordings_that_cannot_be_read_are_no_fault_of_the_engine() -> None:
    async with served() as (_, peer, _):
        engine = PlainText(OpenVoice(FailingStore(Unavailable("the disk is away")), settings(peer)))
        for failing in (
            lambda: engine.revision(eva()),
            engine.voices,
            lambda: engine.has("eva"),
            lambda: engine.speak(eva()),
        ):
            with pytest.raises(Unread, match="recordings of OpenVoice's voices cannot be read: the disk is away"):
                await failing()
        await engine.close()


async def test_recordings_that_are_denied_to_us_are_a_setting_to_be_mended_and_nobody_waits() -> None:
    async with served() as (_, peer, _):
        denied = Denied(f"the store denies them: check the policy{GOES_ON}")
        engine = PlainText(OpenVoice(FailingStore(denied), settings(peer)))
        for failing in (engine.voices, lambda: engine.has("eva"), lambda: engine.speak(eva())):
            with pytest.raises(NotSetUp, match=r"voices may not be read: the store denies them: check the policy$"):
                await failing()
        await engine.close()


class CountingStore(MemoryStore):
    lists = 0

    def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        self.lists += 1
        return super().list(bucket, prefix, after=after)


async def test_however_many_voices_a_segment_names_the_store_is_listed_once_for_all() -> None:
    async with server() as peer:
        store = CountingStore()
        await put_recordings(store, peer.espeak)
        engine = PlainText(OpenVoice(store, settings(peer)))
        voices = "".join(f'<voice name="{name}">Oi.</voice> Bom dia. ' for name in ("nova eva", "rui", "pf_dora rui"))
        for words, listed in ((voices, 1), ("Bom dia.", 0), ('<voice name="eva">Oi.</voice>', 1)):
            script = rendered(f'<speak xml:lang="pt-BR">{words}</speak>')
            for asking in (engine.revision, engine.speak):
                store.lists = 0
                await asking(script)
                assert store.lists == listed, words
        await engine.close()


async def test_a_recording_that_is_put_there_speaks_in_the_next_segment_under_a_name_with_spaces_too() -> None:
    async with served() as (engine, _, store):
        spoken = PlainText(engine)
        script = rendered('<speak xml:lang="pt-BR"><voice name="Ana  Maria">Bom dia, bom dia.</voice></speak>')
        with pytest.raises(Permanent, match="OpenVoice has no voice 'Ana Maria'"):
            await spoken.speak(script)
        for name, recording in (("Ana", "rui"), ("Ana  Maria", "eva")):
            there = await store.get(keys.REFS, f"{keys.VOICES}{recording}.wav")
            assert there
            await store.put(keys.REFS, f"{keys.VOICES}{name}.wav", there.body)
        assert pitch(await spoken.speak(script)) > 150
        assert "Ana Maria" in [voice.name for voice in await engine.voices()]


class FailingStore(MemoryStore):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        raise self.error


async def test_an_address_of_something_else_is_told() -> None:
    async with served() as (_, peer, store):
        engine = OpenVoice(store, settings(peer, openvoice_url=f"{peer.url}/elsewhere"))
        with pytest.raises(Unavailable, match="has no /elsewhere/base_tts/; see OPENVOICE_URL"):
            await engine.voices()
        await engine.close()


@pytest.mark.parametrize("slots", [1, 3])
async def test_as_many_segments_are_spoken_at_once_as_are_set(slots: int) -> None:
    async with served(openvoice_concurrency=slots) as (engine, _, _):
        assert PlainText(engine).slots == slots


async def test_the_revision_follows_the_server_the_accents_and_the_recordings() -> None:
    async with served() as (engine, peer, store):
        await engine.known([("eva",)])
        first = await engine.revision("pt-BR", "eva")
        assert await engine.revision("pt-PT", "eva") == first
        for changed, is_other in (
            ({"openvoice_accents": "pt=pt-pt"}, True),
            ({"openvoice_accents": "pt=pt-br, gn=gn-py"}, False),
            ({"openvoice_url": "http://127.0.0.1:1"}, True),
        ):
            other = OpenVoice(store, settings(peer, **changed))
            await other.known([("eva",)])
            assert (await other.revision("pt-BR", "eva") != first) is is_other, changed
        await store.put(keys.REFS, EVA, wav(Speech(bytes(100), 22_050)))
        await engine.known([("eva",)])
        assert await engine.revision("pt-BR", "eva") != first


async def test_without_an_address_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENVOICE_URL", "")
    engine = await open_engine("openvoice", MemoryStore())
    for failing in (engine.voices, lambda: engine.has("eva"), lambda: engine.revision(rendered("<speak>Um.</speak>"))):
        with pytest.raises(NotSetUp, match="not set up: have OPENVOICE_URL name its server"):
            await failing()
    await engine.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENVOICE_URL", "openvoice:8000"),
        ("OPENVOICE_URL", "http://"),
        ("OPENVOICE_URL", "http://segredo:x@host:port"),
        ("OPENVOICE_ACCENTS", "segredo"),
        ("OPENVOICE_ACCENTS", "pt=,en=en-us"),
        ("OPENVOICE_CONCURRENCY", "0"),
        ("OPENVOICE_TIMEOUT_SECONDS", "inf"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Permanent, match=name) as caught:
        read(OpenVoiceSettings)
    assert "segredo" not in str(caught.value)


def test_accents_are_read_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENVOICE_ACCENTS", " pt-BR = pt-br, en=en-us ,")
    assert read(OpenVoiceSettings).openvoice_accents == {"pt-BR": "pt-br", "en": "en-us"}
