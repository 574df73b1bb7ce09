"""Speech servers that answer as OpenAI's does: their voices and captions, and what goes wrong between us and them."""

import asyncio
import base64
import io
import json
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from structlog.processors import JSONRenderer
from structlog.stdlib import ProcessorFormatter
from structlog.testing import capture_logs

from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Transient, Unavailable
from darkchannel.runtime.engines import Busy, NotSetUp, Repeated, Silent, open_engine
from darkchannel.runtime.logs import Redactor
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import utc_now
from darkchannel.runtime.settings import read
from darkchannel.speech.rendering import rendered
from darkchannel.storage.memory import MemoryStore
from services.synthesizer.attempts import Attempts, Order
from services.synthesizer.cache import Cache, CacheSettings
from services.synthesizer.engines import look, speech_server
from services.synthesizer.engines.openai import OpenAI
from services.synthesizer.engines.openai_answers import captioned_speech_of, speech_of
from services.synthesizer.engines.openai_settings import OpenAISettings
from services.synthesizer.engines.openai_voices import KOKORO, OPENAI_VOICES, voice
from services.synthesizer.engines.plain import PlainText
from tests.contract.engines.openai import KEY, RATE, VOICES, Manner, Server, server, settings
from tests.contract.hearing import pitch, seconds
from tests.network import listening, saying
from tests.pipeline.engine import engines_of, measured

PROSE = "Hoje o mar amanheceu calmo e azul na praia."
GREETING = "Bom dia, bom dia."
REPEATS = 3


@asynccontextmanager
async def served(
    *manners: Manner | int, repeats: int = REPEATS, has_captions: bool = False, **changed: Any
) -> AsyncIterator[tuple[OpenAI, Server]]:
    """An engine that waits for nothing; its server answers in the last of the manners from there on."""
    left = chain(manners, repeat(manners[-1] if manners else "speech"))
    async with server(lambda: next(left), has_captions=has_captions) as peer:
        engine = OpenAI(settings(peer, **changed), pauses=lambda: repeat(0.0, repeats))
        try:
            yield engine, peer
        finally:
            await engine.close()


def names(voices: Iterable[Any]) -> list[str]:
    return [voice.name for voice in voices]


async def has(engine: OpenAI, *several: str) -> bool:
    """Whether it has a voice of one of these names."""
    return not {*several}.isdisjoint(await engine.known([several]))


async def test_words_are_asked_for_as_samples_in_the_voice_that_is_set() -> None:
    async with served() as (engine, peer):
        text = 'Água & "sal": 50% \\ #1; ção “é” 你好'
        speech = await engine.say(text, "pt-BR", None)
        wanted = {"model": "tts-1", "voice": "pm_alex", "input": text, "response_format": "pcm"}
        assert (peer.wrong, peer.asked) == ([], [wanted])
        assert (speech.rate, speech.words) == (RATE, ())
        assert seconds(speech) > 1


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
async def test_an_address_is_known_with_its_version_and_without(ending: str) -> None:
    async with server() as peer:
        engine = OpenAI(settings(peer, openai_speech_url=f"{peer.url.rstrip('/')}{ending}"))
        assert seconds(await engine.say(PROSE, "pt-BR", None)) > 2
        await engine.close()


@pytest.mark.parametrize("has_captions", [False, True])
async def test_a_server_is_asked_for_its_voices_and_captions_once(has_captions: bool) -> None:
    async with served(has_captions=has_captions) as (engine, peer):
        said = [await engine.say(PROSE, "pt-BR", None) for _ in range(3)]
        assert [len(speech.words) for speech in said] == ([9, 9, 9] if has_captions else [0, 0, 0])
        assert (len(peer.captioned), len(peer.asked), peer.lists) == ((3, 0, 1) if has_captions else (0, 3, 0))
        looks = 1 + len(peer.captioned)
        assert [peer.paths.count(path) for path in ("/dev/captioned_speech", "/v1/audio/voices")] == [looks, 1]
        assert peer.wrong == []


async def test_the_voices_are_those_that_the_server_lists_with_their_languages() -> None:
    async with served(has_captions=True) as (engine, _):
        usual, *listed = await engine.voices()
        assert (usual.name, usual.languages) == ("openai", ("en-US", "pt-BR"))
        assert [(one.name, one.languages, one.about) for one in listed] == [
            ("am_adam", ("en-US",), "American English, man"),
            ("pf_dora", ("pt-BR",), "Brazilian Portuguese, woman"),
            ("pm_alex", ("pt-BR",), "Brazilian Portuguese, man"),
        ]
        assert [await has(engine, name) for name in ("openai", "pf_dora", "pf", "")] == [True, True, False, False]


async def test_of_a_server_that_lists_none_the_voices_are_those_that_are_set() -> None:
    async with served(openai_speech_voices="ana, rui") as (engine, _):
        assert names(await engine.voices()) == ["openai", "pm_alex", "ana", "rui"]
        assert [await has(engine, name) for name in ("rui", "pf_dora")] == [True, False]


async def test_what_is_no_list_of_voices_counts_as_none() -> None:
    for answer in ("html", 404, 405):
        async with served(has_captions=True) as (engine, peer):
            peer.of_voices = lambda answer=answer: answer
            assert names(await engine.voices()) == ["openai", "pm_alex"]


async def test_what_is_no_list_of_voices_takes_none_of_those_that_are_known() -> None:
    for answer in ("html", 404):
        async with served(has_captions=True) as (engine, peer):
            known = names(await engine.voices())
            peer.of_voices = lambda answer=answer: answer
            assert names(await engine.voices()) == known
            assert await has(engine, "pf_dora")


async def test_what_can_be_no_name_of_a_voice_is_passed_over() -> None:
    async with served(has_captions=True) as (engine, peer):
        peer.listed = lambda: [
            "",
            7,
            None,
            "a\x1b[31mb",
            "a\nb",
            "\ud800",
            "\u202eana",
            "x" * 201,
            "é" * 200,
            "pm_alex",
            "ana b",
            " ana",
            "ana  b",
        ]
        assert names(await engine.voices()) == ["openai", "é" * 200, "pm_alex", "ana b"]


async def test_of_a_list_of_voices_without_end_the_first_thousand_count() -> None:
    async with served(has_captions=True) as (engine, peer):
        peer.listed = lambda: ["pm_alex", "pm_alex", *(f"v{number}" for number in range(2_000))]
        assert names(await engine.voices()) == ["openai", "pm_alex", *(f"v{number}" for number in range(999))]


def test_openais_own_voices_are_known() -> None:
    told = OpenAISettings(_env_file=None, openai_speech_url="https://api.openai.com/v1")
    assert names(OpenAI(told)._unlisted()) == list(OPENAI_VOICES)


@pytest.mark.parametrize("letter", KOKORO)
def test_the_first_letter_of_a_voice_of_kokoro_is_its_language(letter: str) -> None:
    assert voice(f"{letter}f_nome").languages == (KOKORO[letter][0],)


@pytest.mark.parametrize("name", ["alloy", "xf_ana", "px_ana", "pf_", "pf", "apf_ana"])
def test_a_voice_of_another_name_may_speak_any_language(name: str) -> None:
    assert voice(name).languages == ()


@pytest.mark.parametrize(
    ("language", "own", "chosen"),
    [
        ("pt-BR", None, "pf_dora"),
        ("pt-PT", "pm_alex", "pm_alex"),
        ("en-GB", "pm_alex", "am_adam"),
        ("en-us", "pf_dora", "am_adam"),
        ("pt-BR", "neutra", "neutra"),
    ],
)
async def test_a_language_is_spoken_by_the_voice_that_is_set_else_by_the_first_that_speaks_it(
    language: str, own: str | None, chosen: str
) -> None:
    async with served(400, openai_speech_voice=own, has_captions=True) as (engine, peer):
        peer.of_captions = lambda: 400
        with pytest.raises(Permanent):
            await engine.say("um", language, None)
        told = peer.captioned + peer.asked
        assert chosen == "neutra" or {one["voice"] for one in told} == {chosen}
        assert chosen != "neutra" or "'neutra'" in peer.wrong[0]


async def test_a_voice_pronounces_words_of_another_language_as_they_are_there() -> None:
    async with served() as (engine, peer):
        for language in ("en-GB", "pt-PT", "gn"):
            await engine.say("um", language, "pf_dora")
        assert [asked.get("lang_code") for asked in peer.asked] == ["b", None, None]


async def test_words_of_a_language_without_a_voice_are_said_by_the_voice_of_the_document() -> None:
    async with served() as (engine, peer):
        await PlainText(engine).speak(rendered('<speak xml:lang="en">one <lang xml:lang="gn">mokõi</lang></speak>'))
        assert [(asked["input"], asked["voice"]) for asked in peer.asked] == [("one", "am_adam"), ("mokõi", "am_adam")]


@pytest.mark.parametrize(
    ("language", "voice", "told"),
    [
        ("gn", None, "has no voice for 'gn': name one, or choose another engine"),
        ("pt-BR", "ana", "has no voice 'ana': choose one that `darkchannel voices` lists"),
    ],
)
async def test_an_unknown_language_or_voice_is_refused_before_a_word_is_sent(
    language: str, voice: str | None, told: str
) -> None:
    async with served(has_captions=True) as (engine, peer):
        with pytest.raises(Permanent, match=told):
            await engine.say(PROSE, language, voice)
        assert peer.asked == peer.captioned == []


async def test_a_voice_that_the_server_has_got_meanwhile_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(has_captions=True) as (engine, _):
        assert not await has(engine, "pf_eva")
        monkeypatch.setitem(VOICES, "pf_eva", "pt-br+f3")
        assert await has(engine, "pf_eva")
        assert pitch(await engine.say(GREETING, "pt-BR", "pf_eva")) > 150


@pytest.mark.parametrize(
    ("manner", "error", "told"),
    [
        ("html", Transient, r"the answer of 127.0.0.1:\d+ is \d+ bytes of HTML where samples were asked for"),
        ("json", Transient, r"is \d+ bytes of JSON where samples were asked for"),
        ("mp3", Transient, "is an MP3 file where samples were asked for"),
        ("empty", Transient, "is nothing at all where samples were asked for"),
        ("odd", Transient, r"breaks off within a sample, after \d+ bytes"),
        ("half a wav", Transient, r"breaks off after \d+ of \d+ bytes"),
        ("cut", Transient, "broke off"),
        (400, Permanent, r"answers HTTP 400 \(as it was told to\): it cannot speak this text, or not with this voice"),
        (422, Permanent, "HTTP 422"),
        (401, Unavailable, "HTTP 401: it does not take OPENAI_SPEECH_API_KEY, or there is none"),
        (403, Unavailable, "HTTP 403: it does not take"),
        (404, Unavailable, r"HTTP 404 \(as it was told to\); see OPENAI_SPEECH_URL and OPENAI_SPEECH_MODEL"),
        (302, Unavailable, "HTTP 302"),
    ],
)
async def test_an_answer_without_sound_speech_is_told_after_one_request(
    manner: Manner | int, error: type[Exception], told: str
) -> None:
    async with served(manner) as (engine, peer):
        with pytest.raises(error, match=f"OpenAI: .*{told}"):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) == 1


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"\xef\xbb\xbf<html><body>Oi!", "18 bytes"),
        (b"OggS\0\x02" + bytes(99), "an Ogg file"),
        (b"fLaC\0\0\0\x22" + bytes(99), "a FLAC file"),
        (b"ID3\x04\0" + bytes(99), "an MP3 file"),
    ],
)
def test_another_kind_of_file_is_never_taken_for_samples(body: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=f"is {what}.* where samples were asked for"):
        speech_of(body)


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/json", "application/problem+json"])
async def test_what_calls_itself_text_is_never_taken_for_samples(content_type: str) -> None:
    async with served("speech", "wav") as (engine, peer):
        peer.content_type = content_type
        with pytest.raises(Transient, match=r"the answer of 127.* is text by its Content-Type where samples were"):
            await engine.say(PROSE, "pt-BR", None)
        assert seconds(await engine.say(PROSE, "pt-BR", None)) > 2  # a WAV file tells of itself


@pytest.mark.parametrize("content_type", ["application/octet-stream", "audio/pcm", "audio/mpeg"])
async def test_samples_are_taken_by_whatever_name_of_sound_they_come(content_type: str) -> None:
    async with served() as (engine, peer):
        peer.content_type = content_type
        assert seconds(await engine.say(PROSE, "pt-BR", None)) > 2


@settings_of_hypothesis(max_examples=60)
@given(st.lists(st.integers(-8_000, 8_000), min_size=1))
def test_samples_as_speech_begins_are_taken_as_they_are(samples: list[int]) -> None:
    pcm = bytes(16) + b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
    assert speech_of(pcm) == Speech(pcm, RATE)


async def test_a_wav_is_taken_at_its_own_rate_and_where_it_is_a_stream_of_no_known_length() -> None:
    async with served("wav", "streamed wav", "speech") as (engine, _):
        whole, stream, samples = [await engine.say(PROSE, "pt-BR", None) for _ in range(3)]
        assert (whole.rate, stream.rate) == (22_050, RATE)
        assert seconds(stream) == pytest.approx(seconds(samples), abs=0.05)


async def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_server, "MOST_BYTES", 3 << 20)
    async with served("endless") as (engine, peer):
        with pytest.raises(Transient, match="has more than 3 MiB"):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) == 1


@pytest.mark.parametrize("manner", ["reset", 408, 429, 502, 503, 504])
async def test_a_server_out_of_reach_is_tried_a_few_times_more(manner: Manner | int) -> None:
    async with served(manner) as (engine, peer):
        with pytest.raises(Unavailable, match=r"OpenAI: 127.0.0.1:.*; see that the server of OPENAI_SPEECH_URL runs"):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) == 1 + REPEATS


async def test_a_server_that_fails_at_one_text_may_speak_the_next() -> None:
    async with served(*repeat(500, 1 + REPEATS), "speech") as (engine, peer):
        with pytest.raises(Repeated, match=r"OpenAI: 127.*HTTP 500 \(as it was told to\), perhaps to this text alone"):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) == 1 + REPEATS
        assert seconds(await engine.say(GREETING, "pt-BR", None)) > 0.5


async def test_a_server_that_failed_and_then_went_away_is_away() -> None:
    async with served(500, 503) as (engine, _):
        with pytest.raises(Unavailable, match="answers HTTP 503; see that the server"):
            await engine.say(PROSE, "pt-BR", None)


async def test_a_server_that_comes_back_is_not_given_up() -> None:
    async with served("reset", 503, 429, 500, "speech", repeats=4) as (engine, peer):
        assert seconds(await engine.say(PROSE, "pt-BR", None)) > 2
        assert len(peer.asked) == 5


async def test_a_server_that_does_not_answer_is_not_waited_for_longer_than_is_set() -> None:
    async with served("slow", openai_speech_timeout_seconds=0.5) as (engine, peer):
        with pytest.raises(Silent, match=r"gave no answer within 0.5 s"):
            await engine.say(PROSE, "pt-BR", None)
        assert len(peer.asked) == 1


async def test_captions_that_never_come_are_waited_for_once_and_their_text_is_spoken_without_words() -> None:
    async with served() as (engine, _):
        await engine.say(PROSE, "pt-BR", None)  # from here on its server has it at hand
    async with served(has_captions=True, openai_speech_timeout_seconds=0.5) as (engine, peer):
        peer.of_captions = lambda: "slow"
        with capture_logs() as logs:
            said = await asyncio.gather(*(engine.say(PROSE, "pt-BR", None) for _ in range(2)))
            assert len(peer.captioned) == 2
            said.append(await engine.say(PROSE, "pt-BR", None))
        assert all(seconds(speech) > 2 and not speech.words for speech in said)
        assert (len(peer.captioned), len(peer.asked)) == (2, 3)
        [line] = logs
        assert (line["log_level"], "gave no answer within 0.5 s" in line["reason"]) == ("warning", True)


async def test_a_server_that_was_silent_altogether_is_asked_for_words_again() -> None:
    async with served("slow", "speech", has_captions=True, openai_speech_timeout_seconds=0.5) as (engine, peer):
        peer.of_captions = lambda: "slow"
        with pytest.raises(Silent):
            await engine.say(PROSE, "pt-BR", None)
        peer.of_captions = lambda: "speech"
        assert (await engine.say(PROSE, "pt-BR", None)).words


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "3600"},
        {"Retry-After": "Sun, 09 Mar 2025 13:00:00 GMT", "Date": "Sun, 09 Mar 2025 12:00:00 GMT"},
    ],
)
async def test_who_is_told_to_come_back_in_an_hour_asks_once_and_then_not_at_all(headers: dict[str, str]) -> None:
    async with served(429) as (engine, peer):
        peer.headers = headers
        told = set()
        for asked in (engine.say(PROSE, "pt-BR", None), engine.say(PROSE, "pt-BR", None), engine.voices()):
            with pytest.raises(Unavailable, match=r"wants no requests until \d\d:\d\d UTC") as refusal:
                await asked
            told.add(str(refusal.value))
        assert len(told) == 1
        assert len(peer.asked) == 1


async def test_what_is_no_http_is_told() -> None:
    async with listening(saying(b"220 correio pronto\r\n")) as listener:
        told = OpenAISettings(_env_file=None, openai_speech_url=f"http://127.0.0.1:{listener.port}")
        engine = OpenAI(told)
        with pytest.raises(Unavailable, match="does not answer in HTTP"):
            await engine.voices()
        await engine.close()


async def test_a_proxy_of_the_environment_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with served() as (engine, _):
        assert seconds(await engine.say(PROSE, "pt-BR", None)) > 2


@pytest.mark.parametrize("engine", ["openai", "openvoice"])
async def test_the_password_of_an_address_is_struck_out_of_every_line_of_the_log(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv({"openai": "OPENAI_SPEECH_URL", "openvoice": "OPENVOICE_URL"}[engine], "http://rui:se%2Fg@voz:1")
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ProcessorFormatter(processors=[Redactor(JSONRenderer(), ())]))
    monkeypatch.setattr(root, "handlers", [handler])
    await (await open_engine(engine, MemoryStore())).close()
    logging.getLogger("a.library").error("http://rui:se%2Fg@voz:1 refused se/g")
    assert "http://rui:***@voz:1 refused ***" in stream.getvalue()


async def test_the_key_is_shown_by_no_message() -> None:
    told: list[str] = []
    for status in (400, 401, 403, 404, 418):
        async with served(status) as (engine, peer):
            peer.refusal = {"message": f"a chave {KEY} não vale"}
            with pytest.raises((Permanent, Unavailable)) as caught:
                await engine.say(PROSE, "pt-BR", None)
            told.append(str(caught.value))
    assert KEY not in "".join(told)
    assert [message.count("a chave *** não vale") for message in told] == [1, 0, 0, 1, 1]
    async with served(has_captions=True, openai_speech_api_key=f"{KEY}x") as (engine, _):
        with pytest.raises(Unavailable, match="HTTP 401: it does not take OPENAI_SPEECH_API_KEY") as caught:
            await engine.voices()
        assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"[[[",
        b"[" * 100_000,
        b"null",
        b'{"error": null}',
        b'{"error": {}}',
        b'{"error": 7}',
        b'{"detail": [{}]}',
        b"\xff",
    ],
)
async def test_a_refusal_in_odd_words_is_still_a_refusal(body: bytes) -> None:
    head = f"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    async with listening(saying(head, body)) as listener:
        told = OpenAISettings(_env_file=None, openai_speech_url=f"http://127.0.0.1:{listener.port}")
        engine = OpenAI(told, pauses=lambda: ())
        with pytest.raises(Permanent, match="answers HTTP 400: it cannot speak this text"):
            await engine.say(PROSE, "pt-BR", None)
        await engine.close()


async def test_of_a_refused_password_the_setting_is_named_that_holds_it() -> None:
    head = b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    async with listening(saying(head, b"")) as listener:
        told = OpenAISettings(_env_file=None, openai_speech_url=f"http://rui:segredo@127.0.0.1:{listener.port}")
        engine = OpenAI(told, pauses=lambda: ())
        with pytest.raises(Unavailable, match="HTTP 401: it does not take the password in OPENAI_SPEECH_URL"):
            await engine.say(PROSE, "pt-BR", None)
        await engine.close()


async def test_a_server_that_is_down_has_no_voices_and_no_speech_and_no_password_is_shown() -> None:
    told = OpenAISettings(_env_file=None, openai_speech_url="http://rui:segredo@127.0.0.1:1/voz")
    engine = OpenAI(told, pauses=lambda: repeat(0.0, REPEATS))
    for failing in (
        engine.voices,
        lambda: engine.speaks("pt-BR"),
        lambda: engine.revision("pt-BR", None),
        lambda: engine.say(PROSE, "pt-BR", None),
    ):
        with pytest.raises(Unavailable, match=r"OpenAI: 127.0.0.1:1 takes no connection; see that") as caught:
            await failing()
        assert "segredo" not in str(caught.value)
    await engine.close()


async def test_a_server_that_is_busy_speaking_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "QUIET_SECONDS", 0)
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.5)
    async with served(has_captions=True) as (engine, peer):
        peer.of_voices = lambda: "slow"
        assert names(await engine.voices()) == ["openai", "pm_alex"]
        peer.of_voices = lambda: "speech"
        assert await has(engine, "pf_dora")
        peer.of_voices = lambda: "slow"
        assert names(await engine.voices()) == ["openai", *VOICES]


async def test_a_list_of_voices_that_was_just_held_back_is_not_waited_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.2)
    voices = [f"pm_{number}" for number in range(9)]
    script = rendered(
        "<speak>" + "".join(f'<voice name="{one}" xml:lang="en-US">Hi.</voice>' for one in voices) + "</speak>"
    )
    async with served(has_captions=True, openai_speech_voices=",".join(voices)) as (engine, peer):
        peer.of_voices = lambda: "slow"
        told = await PlainText(engine).revision(script)
        assert await PlainText(engine).revision(script) == told
        with pytest.raises(Busy, match="does not say in time"):
            await has(engine, "ana")
        assert peer.lists == 1


async def test_a_list_of_voices_that_does_not_come_keeps_the_voice_that_is_set_from_no_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.2)
    async with served(has_captions=True) as (engine, peer):
        peer.of_voices = lambda: "slow"
        async with asyncio.timeout(20):
            assert len(await engine.revision("pt-BR", None)) == 16
            await engine.say(GREETING, "pt-BR", None)
        assert [asked["voice"] for asked in peer.captioned] == ["pm_alex"]


async def test_a_voice_is_not_said_to_be_missing_by_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "QUIET_SECONDS", 0)
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.2)
    async with served(has_captions=True) as (engine, peer):
        peer.of_voices = lambda: "slow"
        script = rendered('<speak xml:lang="pt-BR"><voice name="pf_dora">Bom dia.</voice></speak>')
        spoken = PlainText(engine)
        for failing in (spoken.has("pf_dora"), spoken.revision(script), spoken.speak(script)):
            with pytest.raises(Busy, match="does not say in time which voices it has"):
                await failing
        assert peer.asked == peer.captioned == []
        peer.of_voices = lambda: "speech"
        assert await has(engine, "pf_dora")


async def test_what_a_server_told_holds_while_it_is_busy_speaking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.2)
    script = rendered('<speak xml:lang="pt-BR"><voice name="pt_BR-faber-medium pf_dora">Bom dia.</voice></speak>')
    async with served(has_captions=True) as (engine, peer):
        await engine.voices()
        peer.of_voices = lambda: "slow"
        assert [await has(engine, *several) for several in (("ana",), ("pt_BR-faber-medium",))] == [False, False]
        await PlainText(engine).speak(script)
        assert [asked["voice"] for asked in peer.captioned] == ["pf_dora"]


async def test_a_name_that_the_settings_tell_needs_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.2)
    async with served(has_captions=True, openai_speech_voices="pf_dora") as (engine, peer):
        peer.of_voices = lambda: "slow"
        assert await has(engine, "nova pf_dora", "nova", "pf_dora")
        with pytest.raises(Busy, match="does not say in time"):
            await engine.known([("nova", "pf_dora"), ("ana",)])


@pytest.mark.parametrize("manner", ["speech", "slow"])
async def test_several_names_of_which_the_engine_knows_one_cost_no_question(
    manner: Manner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "QUIET_SECONDS", 0)
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.2)
    async with served(has_captions=True, openai_speech_voices="pf_dora") as (engine, peer):
        peer.of_voices = lambda: manner
        member = engines_of(PlainText(engine), clock=utc_now).member("openai")
        standing = await member.standing()
        assert await member.standing(["nova pf_dora", "pt_BR-faber-medium pf_dora ana", "pf_dora"]) == standing
        assert standing.away is None
        assert peer.paths == ["/v1/audio/voices"]


async def test_one_list_of_voices_that_is_held_back_is_one_failure_of_its_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.2)
    async with served(has_captions=True, openai_speech_voice=None) as (engine, peer):
        peer.of_voices = lambda: "slow"
        engines = engines_of(PlainText(engine), clock=utc_now)
        attempts = Attempts(engines, Cache(MemoryStore(), utc_now, Metrics(), CacheSettings()))
        orders = [Order(measured(f"Frase {n}."), "pt-BR", None, source="etag", take=0) for n in range(6)]
        said = (attempts.said("openai", order, frozenset()) for order in orders)
        failures = await asyncio.gather(*said, return_exceptions=True)
        assert all(isinstance(error, Busy) for error in failures)
        assert peer.paths == ["/v1/audio/voices"]
        assert not (await engines.member("openai").standing()).is_resting


async def test_names_of_other_engines_cost_no_question_and_voices_that_nobody_knows_one_a_segment() -> None:
    async with served(has_captions=True) as (engine, peer):
        spoken = PlainText(engine)
        await engine.voices()

        async def questions(*voices: str) -> int:
            before = peer.lists
            words = "".join(f'<voice name="{voice}">Oi.</voice>' for voice in voices)
            with suppress(Permanent):
                await spoken.revision(rendered(f'<speak xml:lang="pt-BR">{words}</speak>'))
            return peer.lists - before

        assert await questions("pt_BR-faber-medium pf_dora", "v2/pt_speaker_0 pm_alex", "Ana Maria pf_dora") == 0
        peer.listed = lambda: [*VOICES, "pf_eva", "pm_leo", "Ana Maria"]
        assert await questions("pf_eva", "nova pm_leo", "Ana Maria") == 1
        assert await questions("ninguém") == 1


async def test_a_voice_whose_name_has_spaces_is_chosen_as_it_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VOICES, "pf Ana Maria", "pt-br+f3")
    async with served(has_captions=True) as (engine, peer):
        for listed in (await engine.voices())[1:]:
            words = rendered(f'<speak xml:lang="pt-BR"><voice name=" {listed.name} ">Oi.</voice></speak>')
            await PlainText(engine).speak(words)
        assert [asked["voice"] for asked in peer.captioned] == ["am_adam", "pf_dora", "pm_alex", "pf Ana Maria"]


async def test_no_voice_is_guessed_for_a_server_that_has_told_of_none_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_server, "LOOK_SECONDS", 0.2)
    async with served(has_captions=True, openai_speech_voice=None) as (engine, peer):
        peer.of_voices = lambda: "slow"
        with pytest.raises(Busy, match="does not say in time which voices it has"):
            await engine.say(GREETING, "pt-BR", None)
        assert peer.captioned == peer.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        404,
        500,
        503,
        "reset",
        "cut",
        "html",
        "mp3",
        b"{}",
        b"[",
        b'{"audio": 3, "timestamps": []}',
        b'{"audio": "@"}',
        b'{"audio": "AAAA", "timestamps": [{"word": "a", "start_time": -1}]}',
        b'{"audio": "AAAA", "timestamps": [{"word": "a", "start_time": NaN}]}',
        b'{"audio": "AAAA", "timestamps": [{"word": "A", "start_time": 0}, {"word": "casa", "start_time": 0.6}]}',
    ],
)
async def test_a_server_that_fails_to_tell_its_words_speaks_without_them(answer: Manner | int | bytes) -> None:
    async with served(has_captions=True) as (engine, peer):
        peer.of_captions = lambda: answer
        speech = await engine.say(PROSE, "pt-BR", None)
        assert (seconds(speech) > 2, speech.words) == (True, ())
        assert (len(peer.captioned), len(peer.asked)) == (1, 1)


def captioned(text: str, stamps: Sequence[tuple[str, float]] | None, length: float = 10.0) -> list[tuple[str, float]]:
    """The words of a text, with the seconds at which they are heard."""
    told = (
        None if stamps is None else [{"word": word, "start_time": start, "end_time": start} for word, start in stamps]
    )
    audio = base64.b64encode(bytes(int(2 * length * RATE))).decode()
    speech = captioned_speech_of(json.dumps({"audio": audio, "timestamps": told}).encode(), text)
    return [(word.text, word.sample * 1_000 // RATE / 1_000) for word in speech.words]


def test_signs_among_the_times_are_no_words_and_the_spelling_is_that_of_the_text() -> None:
    stamps = [
        ("“", 0.1),
        ("olá", 0.1),
        (",", 0.4),
        ("[", 0.4),
        ("você", 0.5),
        ("]", 0.9),
        ("”", 0.9),
        ("—", 1),
        ("Sim", 1.2),
    ]
    assert captioned("“Olá, [você]” — sim!", stamps) == [("Olá", 0.1), ("você", 0.5), ("sim", 1.2)]


def test_the_parts_of_a_word_are_one_word() -> None:
    stamps = [
        ("Do", 0.1),
        ("n't", 0.2),
        ("guarda", 0.5),
        ("-", 0.7),
        ("chuva", 0.8),
        ("it", 1.0),
        ("'s", 1.1),
        ("on", 1.3),
    ]
    assert captioned("Don’t guarda-chuva it's on", stamps) == [
        ("Don’t", 0.1),
        ("guarda-chuva", 0.5),
        ("it's", 1.0),
        ("on", 1.3),
    ]


def test_a_word_that_is_written_out_shares_the_time_before_the_next() -> None:
    stamps = [("The", 0.0), ("doctor", 0.3), ("Rui", 0.9), ("came", 1.2)]
    assert captioned("The Dr. Rui came", stamps) == [("The", 0.0), ("Dr", 0.21), ("Rui", 0.9), ("came", 1.2)]


def test_a_word_in_another_is_not_taken_for_it() -> None:
    stamps = [("as", 0.0), ("casas", 0.3), ("um", 0.6), ("a", 0.8), ("uma", 1.0)]
    assert captioned("As casas 1 a uma", stamps) == [
        ("As", 0.0), ("casas", 0.3), ("1", 0.65), ("a", 0.8), ("uma", 1.0),
    ]  # fmt: skip


def test_what_is_spoken_before_the_first_word_that_is_told_is_not_lost() -> None:
    assert captioned("1 um dois", [("um", 0.5), ("dois", 0.9)]) == [("1", 0.0), ("um", 0.5), ("dois", 0.9)]


def test_marks_of_markup_in_a_text_are_words_as_they_stand() -> None:
    stamps = [("a", 0.1), ("b", 0.3), ("c", 0.5), ("d", 0.7)]
    assert captioned("a <b> [[c]] &amp;d", stamps)[:3] == [("a", 0.1), ("b", 0.3), ("c", 0.5)]


@pytest.mark.parametrize("stamps", [None, [], [("!", 0.5)], [("outra", 0.1)]])
def test_without_times_there_are_no_words(stamps: list[tuple[str, float]] | None) -> None:
    assert captioned("Olá, sim.", stamps) == []


_WORD_LISTS = st.lists(
    st.sampled_from(["a", "as", "casa", "água", "d'água", "x-y", "<b>", "“é”", "[[", "10", "…", "—"])
)


@given(_WORD_LISTS, st.lists(st.tuples(st.sampled_from(["a", "as", "casa", "-", "x", "b", "10"]), st.floats(0, 0.6))))
def test_whatever_times_are_told_words_stand_in_their_order_within_the_speech(
    text: list[str], stamps: list[tuple[str, float]]
) -> None:
    found = captioned(" ".join(text), stamps, length=0.5)
    starts = [start for _, start in found]
    assert starts == sorted(starts)
    assert all(start < 0.5 for start in starts)
    words = [word for word in " ".join(text).replace("<b>", "b").replace("“é”", "é").split() if word not in "[[…—"]
    rest = iter(words)
    assert all(word in rest for word, _ in found)


def test_as_many_segments_are_spoken_at_once_as_are_set() -> None:
    told = OpenAISettings(_env_file=None, openai_speech_concurrency=3)
    assert PlainText(OpenAI(told)).slots == 3


async def test_the_revision_follows_the_server_the_model_and_the_voices() -> None:
    async with served() as (engine, peer):
        first = await engine.revision("pt-BR", None)
        assert await engine.revision("pt-PT", "pm_alex") == first
        for changed, is_other in (
            ({"openai_speech_api_key": "outra"}, False),
            ({"openai_speech_url": f"{peer.url}b"}, True),
            ({"openai_speech_model": "tts-1-hd"}, True),
            ({"openai_speech_voice": "pf_dora"}, True),
            ({"openai_speech_voice": None}, True),
            ({"openai_speech_voices": "pm_alex"}, False),
        ):
            other = OpenAI(settings(peer, **changed))
            assert (await other.revision("pt-BR", None) != first) is is_other, changed
            await other.close()


async def test_a_first_voice_of_a_language_is_heard_in_its_words_whoever_speaks_them() -> None:
    script = rendered('<speak><voice name="pm_alex">um <lang xml:lang="fr">deux</lang></voice></speak>')
    async with served(has_captions=True) as (engine, peer):
        before = await PlainText(engine).revision(script)
        peer.listed = lambda: [*VOICES, "ff_siwis"]
        await engine.voices()
        assert await PlainText(engine).revision(script) != before


async def test_the_first_words_of_all_are_said_in_a_language_that_the_server_has_a_voice_for() -> None:
    async with served(has_captions=True) as (engine, peer):
        await PlainText(engine).speak(rendered('<speak><lang xml:lang="fr">deux</lang> um</speak>'))
        assert [(asked["input"], asked.get("lang_code")) for asked in peer.captioned] == [("deux", None), ("um", None)]


async def test_without_an_address_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_SPEECH_URL", "")
    engine = await open_engine("openai", MemoryStore())
    for failing in (
        engine.voices,
        lambda: engine.has("ana"),
        lambda: engine.revision(rendered("<speak>Um.</speak>")),
        lambda: engine.speak(rendered("<speak>Um.</speak>")),
    ):
        with pytest.raises(NotSetUp, match="not set up: have OPENAI_SPEECH_URL name a server"):
            await failing()
    await engine.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_SPEECH_URL", "kokoro:8880"),
        ("OPENAI_SPEECH_URL", "https://"),
        ("OPENAI_SPEECH_URL", "http://segredo:x@host:port"),
        ("OPENAI_SPEECH_API_KEY", "segredo\u2028x"),
        ("OPENAI_SPEECH_API_KEY", "segredo\nsegredo"),
        ("OPENAI_SPEECH_CONCURRENCY", "0"),
        ("OPENAI_SPEECH_TIMEOUT_SECONDS", "inf"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Permanent, match=f"wrong setting: {name}: ") as caught:
        read(OpenAISettings)
    assert "segredo" not in str(caught.value)


def test_a_password_in_the_address_beside_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_SPEECH_URL", "http://rui:segredo@voz:8880")
    read(OpenAISettings)
    monkeypatch.setenv("OPENAI_SPEECH_API_KEY", KEY)
    with pytest.raises(Permanent, match="OPENAI_SPEECH_URL: a request takes one of both"):
        read(OpenAISettings)
