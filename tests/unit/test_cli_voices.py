"""``darkchannel voices``: what it lists, why an engine cannot speak, and samples."""

import asyncio
import json
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from darkchannel.audio.wav import Speech
from darkchannel.cli import voices
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from darkchannel.errors import Unavailable
from darkchannel.runtime.engines import Busy, Unread, Voice
from darkchannel.speech.ssml import Element, spoken
from darkchannel.storage.port import GOES_ON, ObjectStore
from services.synthesizer.engines.bark import LANGUAGES


class Choir:
    """Voices of several languages, of which some are told."""

    name = "choir"
    slots = 1
    rate = None
    is_costly = False
    most_segments = None
    closed = 0
    said: list[str] = []  # noqa: RUF012  # of the test under way

    def __init__(self, _: ObjectStore) -> None: ...

    async def voices(self) -> Sequence[Voice]:
        return (
            Voice("bia", ("en-GB", "pt-PT"), "from Porto"),
            Voice("caio", ("pt-BR",)),
            Voice("dora", ("pt",)),
            Voice("v2/ed", ("xx-ab",)),
            Voice("every"),
            Voice("many", (*(letter * 2 for letter in "abcdefgh"), "pt-BR")),
        )

    async def has(self, voice: str) -> bool:
        return voice == "Bia+rouca"

    async def revision(self, _: Element) -> str:
        return "1"

    async def speak(self, script: Element) -> Speech:
        voice = script.children[0]
        assert isinstance(voice, Element)
        self.said.append(f"{script.attributes['xml:lang']} {voice.attributes['name']}: {spoken(script).strip()}")
        return Speech(b"\1\2" * 24_000, 16_000)

    async def close(self) -> None:
        type(self).closed += 1


class Broken(Choir):
    async def voices(self) -> Sequence[Voice]:
        raise RuntimeError("a wire\nis loose")

    async def close(self) -> None:
        await super().close()
        raise RuntimeError("and another one")


class Away(Choir):
    async def voices(self) -> Sequence[Voice]:
        raise Unavailable(f"coro.exemplo.br takes no connection: start it{GOES_ON}")


class Hanging(Choir):
    async def voices(self) -> Sequence[Voice]:
        return await asyncio.Future[Sequence[Voice]]()


class Deaf(Choir):
    async def has(self, voice: str) -> bool:
        return voice == "many" or await asyncio.Future[bool]()


class Guessing(Choir):
    """Of a server that is busy: one voice is supposed, and whether it is there is not said."""

    async def voices(self) -> Sequence[Voice]:
        return [Voice("guessing"), Voice("suposta")]

    async def has(self, voice: str) -> bool:
        if voice == "guessing":
            return True
        raise Busy("coro.exemplo.br does not say which voices it has; it may be busy")


class Reserved(Guessing):
    """As Guessing, with a voice that its settings name."""

    async def voices(self) -> Sequence[Voice]:
        return [Voice("guessing")]


class Unreadable(Choir):
    """Of a store that is away."""

    async def voices(self) -> Sequence[Voice]:
        raise Unread("the voices of the choir cannot be read: the store is away")


class Mute(Choir):
    async def voices(self) -> Sequence[Voice]:
        return [Voice("mudo", ("pt-BR",))]

    async def has(self, voice: str) -> bool:
        return False

    async def speak(self, script: Element) -> Speech:
        return Speech(bytes(3_200), 16_000)


class Meeting(Choir):
    """Answers once another of its kind was asked, too."""

    asked = 0
    all_asked: asyncio.Event

    async def voices(self) -> Sequence[Voice]:
        type(self).asked += 1
        if self.asked == 2:
            self.all_asked.set()
        await self.all_asked.wait()
        return [Voice("eco", ("it",))]


KINDS = {kind.__name__.lower(): kind for kind in (Choir, Broken, Away, Mute)}


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MINIO_ENDPOINT", "MINIO_PUBLIC_URL", "OPENAI_SPEECH_URL", "OPENVOICE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy"):  # gTTS asks nobody
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("DARKCHANNEL_FOLDER", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    for kind in KINDS.values():
        kind.closed = 0
    Choir.said.clear()
    points = {name: f"{__name__}:{kind.__name__}" for name, kind in KINDS.items()}
    bring(tmp_path, monkeypatch, points | {"wordless": "library_that_nobody_has:engine"})


def bring(folder: Path, monkeypatch: pytest.MonkeyPatch, points: dict[str, str]) -> None:
    """A package that brings engines, installed as any other would be."""
    packages = folder / f"packages of {', '.join(points)}"
    told = packages / "choir-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: choir\nVersion: 1.0\n")
    lines = (f"{name} = {at}\n" for name, at in points.items())
    (told / "entry_points.txt").write_text("[darkchannel.engines]\n" + "".join(lines))
    monkeypatch.syspath_prepend(packages)


def listed(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split("\t") for line in capsys.readouterr().out.splitlines()]


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return {one["engine"]: one for one in json.loads(capsys.readouterr().out)["engines"]}


def the_error(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    return err


# The list


def test_voices_of_brazil_come_first_whatever_their_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices"]) == Code.OK
    names = [(engine, voice) for engine, voice, *_ in listed(capsys)]
    first = [("choir", "caio"), ("choir", "many"), ("espeak", "pt-br"), ("mute", "mudo")]
    assert names[:4] == first
    assert names[4:8] == [("choir", "bia"), ("choir", "dora"), ("choir", "every"), ("espeak", "pt")]
    assert names[8] == ("choir", "v2/ed")


def test_a_voice_is_listed_with_its_first_languages_and_what_there_is_to_say(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["voices", "--engine", "choir"]) == Code.OK
    assert listed(capsys) == [
        ["choir", "caio", "pt-BR", ""],
        ["choir", "many", "pt-BR aa bb cc and 5 more", ""],
        ["choir", "bia", "pt-PT en-GB", "from Porto"],
        ["choir", "dora", "pt", ""],
        ["choir", "every", "any", ""],
        ["choir", "v2/ed", "xx-ab", ""],
    ]


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("pt", ["caio", "many", "bia", "dora", "every"]),
        ("pt-BR", ["caio", "many", "dora", "every"]),
        ("PT-pt", ["bia", "dora", "every"]),
        ("xx", ["every", "v2/ed"]),
    ],
)
def test_a_language_is_asked_for_with_its_country_or_without(
    language: str, names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["voices", "--engine", "choir", "--language", language]) == Code.OK
    assert [voice for _, voice, *_ in listed(capsys)] == names


def test_where_no_voice_is_of_the_language_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", "--engine", "mute", "--language", "it"]) == Code.OK
    assert the_error(capsys) == "no engine that can speak now has a voice for 'it'\n"


def test_of_an_engine_that_cannot_speak_the_reason_is_told_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices"]) == Code.OK
    reasons = dict(line.split(" cannot speak now: ") for line in capsys.readouterr().err.splitlines())
    assert reasons["away"] == "coro.exemplo.br takes no connection: start it"
    assert reasons["broken"] == "unexpected RuntimeError: a wire is loose"
    assert reasons["wordless"].startswith("the engine 'wordless' lacks library_that_nobody_has: pip install ")
    assert reasons["openai"].startswith("OpenAI is not set up: have OPENAI_SPEECH_URL name a server")
    assert not {"choir", "espeak", "mute"} & set(reasons)


def test_json_has_every_engine_and_all_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", "--json"]) == Code.OK
    engines = told(capsys)
    assert {"away", "bark", "choir", "espeak", "gtts", "openai", "openvoice", "piper", "wordless"} <= set(engines)
    assert engines["choir"]["usable"]
    assert engines["choir"]["voices"][0] == {"name": "bia", "languages": ["en-GB", "pt-PT"], "about": "from Porto"}
    assert len(engines["choir"]["voices"][-1]["languages"]) == 9
    assert engines["away"] == {
        "engine": "away", "usable": False, "reason": "coro.exemplo.br takes no connection: start it", "voices": [],
    }  # fmt: skip


def test_engines_are_asked_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Meeting.asked, Meeting.all_asked = 0, asyncio.Event()
    bring(tmp_path, monkeypatch, dict.fromkeys(("one", "other"), f"{__name__}:Meeting"))
    assert run(["voices", "--language", "it", "--json"]) == Code.OK
    engines = told(capsys)
    assert engines["one"]["usable"]
    assert engines["other"]["usable"]


@pytest.mark.parametrize(("engine", "words"), [("hanging", ["voices"]), ("deaf", ["voices", "--sample", "ninguém"])])
def test_an_engine_that_never_answers_holds_up_nobody(
    engine: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(tmp_path, monkeypatch, {engine: f"{__name__}:{engine.title()}"})
    monkeypatch.setattr(voices, "ASK_SECONDS", 0.5)
    told = {"hanging": (Code.OK, "whether it can"), "deaf": (Code.AWAY, "whether it has the voice 'ninguém'")}
    code, reason = told[engine]
    assert run([*words, "--engine", engine]) == code
    assert f"did not say within 0.5 s {reason}" in capsys.readouterr().err


def test_a_voice_that_is_only_supposed_is_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(tmp_path, monkeypatch, {"guessing": f"{__name__}:Guessing"})
    assert run(["voices", "--engine", "guessing"]) == Code.OK
    out, err = capsys.readouterr()
    assert not out
    assert err == (
        "no engine tells of a voice\n"
        "guessing cannot speak now: coro.exemplo.br does not say which voices it has; it may be busy\n"
    )


def test_an_engine_whose_voices_cannot_be_read_now_is_not_said_to_be_mute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(tmp_path, monkeypatch, {"unreadable": f"{__name__}:Unreadable"})
    assert run(["voices", "--engine", "unreadable"]) == Code.OK
    reason = "the voices of the choir cannot be read: the store is away"
    assert f"unreadable cannot tell its voices now: {reason}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "code", "reason"),
    [
        ("Guessing", Code.AWAY, "does not say which voices it has; it may be busy"),
        ("Reserved", Code.AWAY, "does not say which voices it has; it may be busy"),
        ("Unreadable", Code.FAILED, "cannot be read: the store is away"),
    ],
)
def test_a_voice_of_which_nothing_is_known_now_is_not_denied(
    kind: str,
    code: Code,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bring(tmp_path, monkeypatch, {"unknowing": f"{__name__}:{kind}"})
    assert run(["voices", "--engine", "unknowing", "--sample", "dora"]) == code
    assert reason in the_error(capsys)
    assert run(["voices", "--sample", "ninguém"]) == Code.NOT_FOUND
    having, could_not, _ = the_error(capsys).replace(" could not be asked", ";").split(";")
    assert having == "darkchannel: espeak has no voice 'ninguém'"
    assert "unknowing" in could_not


def test_every_engine_is_closed_also_one_that_cannot_speak() -> None:
    assert run(["voices"]) == Code.OK
    assert {name: kind.closed for name, kind in KINDS.items()} == dict.fromkeys(KINDS, 1)


@pytest.mark.parametrize("engine", ["trombeta", ""])
def test_an_engine_that_there_is_not_is_wrong_usage(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", "--engine", engine]) == Code.USAGE
    assert "choose from away, bark, broken, choir, espeak" in the_error(capsys)


@pytest.mark.parametrize(
    "words", [["--json", "install", "x"], ["--language", "pt", "install", "x"], ["--out", "ana.wav"]]
)
def test_options_that_would_be_passed_over_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", *words]) == Code.USAGE
    the_error(capsys)


@pytest.mark.parametrize("words", [[], ["--sample", "caio"]])
@pytest.mark.parametrize("language", ["x", "", "../..", '"><x'])
def test_a_language_that_no_job_could_have_is_refused(
    words: list[str], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["voices", *words, "--language", language]) == Code.USAGE
    assert "wrong option: language: must be a language tag such as pt-BR" in the_error(capsys)
    assert Choir.said == []


# Samples


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        (["caio"], "pt-BR caio: Esta é a voz"),
        (["bia"], "pt-PT bia: Esta é a voz"),
        (["bia", "--language", "en-GB"], "en-GB bia: This is the voice"),
        (["every"], "pt-BR every: Esta é a voz"),
        (["many"], "pt-BR many: Esta é a voz"),
        (["Bia+rouca"], "pt-PT Bia+rouca: Esta é a voz"),
        (["v2/ed"], "xx-ab v2/ed: 1"),
    ],
)
def test_a_voice_is_heard_in_its_own_language(words: list[str], heard: str) -> None:
    assert run(["voices", "--sample", *words]) == Code.OK
    [said] = Choir.said
    assert said.startswith(heard)


def test_a_sample_lies_where_it_says_and_plays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", "--sample", "v2/ed", "--engine", "choir"]) == Code.OK
    file = tmp_path / "v2-ed.wav"
    assert capsys.readouterr().out == f"{file}: choir speaks xx-ab with the voice 'v2/ed' (1.5 s)\n"
    with wave.open(str(file)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 16_000)
        assert sound.readframes(sound.getnframes()) == b"\1\2" * 24_000


def test_a_sample_is_told_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", "--sample", "caio", "--out", "ana.wav", "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out) == {
        "file": str(tmp_path / "ana.wav"), "engine": "choir", "voice": "caio", "language": "pt-BR", "seconds": 1.5,
    }  # fmt: skip


def test_out_may_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "vozes").mkdir()
    assert run(["voices", "--sample", "caio", "--out", "vozes"]) == Code.OK
    assert (tmp_path / "vozes" / "caio.wav").is_file()


@pytest.mark.parametrize(("out", "reason"), [("ana.wav", "is there already"), ("nada/ana.wav", "there is no folder")])
def test_a_sample_that_cannot_be_written_is_not_spoken(
    out: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("ana.wav").write_text("mine")
    assert run(["voices", "--sample", "caio", "--out", out]) == Code.USAGE
    assert reason in the_error(capsys)
    assert Choir.said == []
    assert Path("ana.wav").read_text() == "mine"


@pytest.mark.parametrize("voice", ["../../ana", "/etc/ana", ".", "..", "a b\n", "ana/"])
def test_the_name_of_a_voice_leads_to_no_other_folder(voice: str, tmp_path: Path) -> None:
    target = voices._target(voice, None)
    assert target.parent == tmp_path
    assert target.suffix == ".wav"
    assert not target.name.startswith(".")


def test_of_a_voice_that_nobody_has_it_is_said_who_could_not_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", "--sample", "ninguém"]) == Code.NOT_FOUND
    error = the_error(capsys)
    assert "choir, espeak and mute have no voice 'ninguém'" in error
    assert "away, bark, broken" in error


def test_the_engine_that_is_named_tells_why_it_cannot_speak(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", "--sample", "caio", "--engine", "away"]) == Code.AWAY
    assert "coro.exemplo.br takes no connection" in the_error(capsys)


def test_silence_is_no_sample(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", "--sample", "mudo"]) == Code.FAILED
    assert "mute says nothing with the voice 'mudo' in pt-BR" in the_error(capsys)
    assert list(Path().glob("*.wav")) == []


def test_every_language_of_bark_has_a_sentence() -> None:
    assert set(voices.SENTENCES) >= LANGUAGES
