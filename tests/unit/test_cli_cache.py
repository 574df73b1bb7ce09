"""``darkchannel cache``: what it counts, removes, speaks and suggests, on a folder."""

import asyncio
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import ByteSize, SecretStr
from pydantic_settings import BaseSettings

from darkchannel import keys
from darkchannel.audio.wav import Speech
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from darkchannel.errors import Permanent, Unavailable
from darkchannel.runtime import engines, logs
from darkchannel.runtime.circuit import FAILURES
from darkchannel.runtime.engines import Repeated
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import utc_now
from darkchannel.runtime.speech_cache import SpeechCache, SpeechKey, speech_key
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import Element, spoken
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import GOES_ON, ObjectStore
from services.splitter import document
from services.synthesizer.cache import Cache, CacheSettings
from services.synthesizer.engines.espeak import Espeak
from tests.house import House

LINES = "Bem-vindo à Livraria Aurora.\n\n  Tecle 2 para falar com o estoque.\nAté logo.\n"


KEY = "sk-aurora-7781"
SLOTS = 2


class CostlySettings(BaseSettings):
    costly_key: SecretStr = SecretStr(KEY)


class Costly(Espeak):
    """espeak-ng, as if it were dear; words that no engine can speak, and a server that goes away."""

    name = "costly"
    is_costly = True
    said: list[str] = []  # noqa: RUF012  # of the test under way: `said` below empties it

    def __init__(self) -> None:
        super().__init__(slots=SLOTS)
        logs.hide(CostlySettings())

    async def revision(self, script: Element) -> str:
        if "calado" in spoken(script):
            await asyncio.Event().wait()
        return "model 7"

    async def speak(self, script: Element) -> Speech:
        text = " ".join(spoken(script).split())
        if "indizível" in text:
            raise Permanent("it holds a word that cannot be spoken")
        if "demora" in text:
            raise Repeated("the server costly.exemplo.br gave no answer within 3 s")
        if "longe" in text:
            raise Unavailable(f"the server costly.exemplo.br is away: start it{GOES_ON}")
        if "alto" in text:
            structlog.get_logger().error("the model is loaded", key=KEY)
        self.said.append(text)
        speech = await super().speak(script)
        return Speech(bytes(len(speech.pcm)), speech.rate) if "mudo" in text else speech


def costly(_: ObjectStore) -> Costly:
    return Costly()


@pytest.fixture
def said() -> list[str]:
    Costly.said.clear()
    return Costly.said


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A folder of objects, and one of a package that brings an engine, installed as any other would be."""
    for name in ("MINIO_ENDPOINT", "MINIO_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARKCHANNEL_FOLDER", str(tmp_path / "data"))
    installed = tmp_path / "packages" / "costly-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: costly\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[darkchannel.engines]\ncostly = {__name__}:costly\n")
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.chdir(tmp_path)
    return House(lambda: FolderStore(tmp_path / "data"))


def written(text: str | bytes = LINES, name: str = "frases.txt") -> str:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    return name


def keep(house: House, *texts: str, engine: str = "piper", voice: str = "ana") -> list[SpeechKey]:
    scripts = [rendered(f"<speak><voice name='{voice}'>{text}</voice></speak>") for text in texts]
    kept = [speech_key(script, engine, "1") for script in scripts]

    async def put(jobs: Jobs) -> None:
        cache = SpeechCache(jobs.store, utc_now)
        for key in kept:
            await cache.put(key, Speech(bytes(48_000), 24_000))

    house.do(put)
    return kept


def names(house: House) -> list[str]:
    async def listed(jobs: Jobs) -> list[str]:
        return [info.key async for info in jobs.store.list(keys.CACHE)]

    found: list[str] = house.do(listed)
    return found


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


# stats, clear


@pytest.mark.parametrize("command", [["stats"], ["clear"], ["clear", "--yes"], ["similar", "Olá"]])
def test_an_empty_cache_is_an_answer(house: House, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", *command]) == Code.OK
    assert capsys.readouterr().err.count("\n") == 1
    assert run(["cache", *command, "--json"]) == Code.OK
    assert told(capsys)


def test_stats_count_the_speech_of_each_engine(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    keep(house, "Um.", "Dois.", engine="piper")
    keep(house, "Um.", engine="openai")
    assert run(["cache", "stats", "--json"]) == Code.OK
    found = told(capsys)
    assert [(one["engine"], one["objects"]) for one in found["engines"]] == [("openai", 1), ("piper", 2)]
    assert found["objects"] == 3
    assert found["bytes"] == sum(one["bytes"] for one in found["engines"]) > 3 * 48_000
    assert run(["cache", "stats"]) == Code.OK
    out, err = capsys.readouterr()
    assert [line.split("\t")[:2] for line in out.splitlines()] == [["openai", "1"], ["piper", "2"]]
    assert err.startswith("3 objects, 14")


def test_clear_removes_nothing_without_yes(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    keep(house, "Um.", "Dois.")
    assert run(["cache", "clear"]) == Code.OK
    out, err = capsys.readouterr()
    assert out.startswith("2 objects")
    assert "--yes" in err
    assert len(names(house)) == 2
    assert run(["cache", "clear", "--json"]) == Code.OK
    assert told(capsys)["removed"] is False
    assert len(names(house)) == 2


def test_clear_removes_the_speech_of_one_engine_or_of_all(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (first,) = keep(house, "Um.", engine="piper")
    keep(house, "Um.", engine="openai")
    assert run(["cache", "clear", "--engine", "openai", "--yes"]) == Code.OK
    assert capsys.readouterr().out.startswith("removed 1 object,")
    assert names(house) == [first.name]
    assert run(["cache", "clear", "--yes", "--json"]) == Code.OK
    assert told(capsys)["objects"] == 1
    assert names(house) == []


@pytest.mark.parametrize("engine", ["pipper", ""])
def test_an_engine_that_there_never_was_is_refused(
    engine: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(house, "Um.", engine="piper")
    assert run(["cache", "clear", "--engine", engine, "--yes"]) == Code.USAGE
    assert f"there is no engine '{engine}': choose from bark, costly, espeak" in capsys.readouterr().err
    assert run(["cache", "clear", "--engine", "openai", "--yes"]) == Code.OK
    assert len(names(house)) == 1


def test_speech_of_an_engine_that_is_gone_can_be_removed(house: House) -> None:
    keep(house, "Um.", engine="coral")
    assert run(["cache", "clear", "--engine", "coral", "--yes"]) == Code.OK
    assert names(house) == []


# preload


@pytest.mark.parametrize("voice", ["pt-br+f3", "ninguém pt-br+f3"])
def test_preloaded_phrases_are_what_the_synthesizer_looks_for(
    house: House, said: list[str], capsys: pytest.CaptureFixture[str], voice: str
) -> None:
    options = {"engine": "costly", "voice": voice, "language": "pt-BR"}
    assert run(["cache", "preload", written(), "--engine", "costly", "--voice", voice, "--json"]) == Code.OK
    assert told(capsys) == {"engine": "costly", "spoken": 3, "kept": 0, "failed": []}
    assert sorted(said) == ["Até logo.", "Bem-vindo à Livraria Aurora.", "Tecle dois para falar com o estoque."]

    async def find(jobs: Jobs) -> list[Speech | None]:
        cache = Cache(jobs.store, utc_now, Metrics(), CacheSettings(speech_cache_bytes=ByteSize(10**9)))
        book = document.read(b"Tecle 2 para falar com o estoque.", "menu.txt", [options])
        scripts = [rendered(ssml) for chapter in book.chapters for ssml in chapter.segments]
        return [await cache.get(speech_key(script, "costly", "model 7")) for script in scripts]

    (found,) = house.do(find)
    assert found.pcm


def test_what_is_kept_is_not_spoken_again_but_what_is_damaged_is(
    house: House, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["cache", "preload", written(), "--engine", "costly", "--json"]
    run(command)
    damaged = names(house)[0]
    house.do(lambda jobs: jobs.store.put(keys.CACHE, damaged, b"RIFF"))
    capsys.readouterr()
    said.clear()
    assert run(command) == Code.OK
    assert told(capsys) == {"engine": "costly", "spoken": 1, "kept": 2, "failed": []}
    assert len(said) == 1


def test_a_lexicon_of_the_language_is_heard_as_in_a_job(house: House, said: list[str]) -> None:
    lexicon = (
        '<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" xml:lang="pt">'
        "<lexeme><grapheme>Aurora</grapheme><alias>Áurea</alias></lexeme></lexicon>"
    )
    house.do(lambda jobs: jobs.store.put(keys.REFS, keys.lexicon("PT"), lexicon.encode()))
    assert run(["cache", "preload", written("Livraria Aurora."), "--engine", "costly"]) == Code.OK
    assert said == ["Livraria Áurea."]


def test_one_phrase_that_fails_is_named_and_holds_up_no_other(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    name = written("Bom dia.\nÉ indizível.\n…\nBoa noite.\nFica mudo.\nEla demora.\n")
    assert run(["cache", "preload", name, "--engine", "costly"]) == Code.FAILED
    out, err = capsys.readouterr()
    assert out == "2 spoken by costly, 0 kept already\n"
    assert [line.partition(":")[0] for line in err.splitlines()] == [
        "line 2 «É indizível.»",
        "line 3 «…»",
        "line 5 «Fica mudo.»",
        "line 6 «Ela demora.»",
    ]
    assert len(names(house)) == 2


def test_a_phrase_whose_engine_does_not_tell_its_revision_is_named_and_not_waited_for(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "REVISION_SECONDS", 0.01)
    assert run(["cache", "preload", written("Fica calado.\nBom dia.\n"), "--engine", "costly"]) == Code.FAILED
    out, err = capsys.readouterr()
    assert out == "1 spoken by costly, 0 kept already\n"
    assert "line 1 «Fica calado.»: costly did not tell its revision within 0.01 s" in err


def test_an_engine_that_goes_away_ends_it_with_its_reason(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", "preload", written("Estou longe.\n"), "--engine", "costly"]) == Code.AWAY
    assert capsys.readouterr().err.endswith("costly.exemplo.br is away: start it\n")


def test_when_an_engine_goes_away_what_was_done_is_counted_and_the_rest_is_not_tried(
    house: House, said: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SLOTS", 1)
    command = ["cache", "preload", written("Bom dia.\nEstou longe.\nBoa tarde.\nBoa noite.\n"), "--engine", "costly"]
    assert run(command) == Code.AWAY
    out, err = capsys.readouterr()
    assert out == "1 spoken by costly, 0 kept already\n"
    away = "the server costly.exemplo.br is away: start it"
    assert err.splitlines() == [f"line 2 «Estou longe.»: {away}", "2 phrases not tried", f"darkchannel: {away}"]
    assert said == ["Bom dia."]
    assert run([*command, "--json"]) == Code.AWAY
    found = told(capsys)
    assert (found["spoken"], found["kept"]) == (0, 1)
    assert [(one["line"], one["reason"]) for one in found["failed"]] == [(2, away), (3, "not tried"), (4, "not tried")]


def test_an_engine_that_gives_no_answer_to_one_phrase_after_another_is_left_alone(
    house: House, said: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SLOTS", 1)
    slow = [f"Demora {number}, demora.\n" for number in range(FAILURES)]
    file = written("".join([*slow[1:], "Bom dia.\n", *slow, "Boa noite.\n"]))
    assert run(["cache", "preload", file, "--engine", "costly"]) == Code.AWAY
    assert said == ["Bom dia."]
    assert capsys.readouterr().err.endswith(
        "1 phrase not tried\ndarkchannel: the server costly.exemplo.br gave no answer within 3 s\n"
    )


@pytest.mark.parametrize(
    ("file", "options", "code", "reason"),
    [
        (LINES, ["--engine", "espeak"], Code.USAGE, "not kept"),
        (LINES, ["--engine", "trombeta"], Code.USAGE, "choose from"),
        (LINES, ["--engine", "costly", "--voice", "ninguém"], Code.FAILED, "no voice 'ninguém'"),
        (LINES, ["--engine", "costly", "--language", "português!"], Code.USAGE, "language"),
        (" \n\n", ["--engine", "costly"], Code.USAGE, "no phrase"),
        (b"\xff\xfe\xff", ["--engine", "costly"], Code.FAILED, "not UTF-8"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_spoken(
    house: House,
    said: list[str],
    file: str | bytes,
    options: list[str],
    code: Code,
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["cache", "preload", written(file), *options]) == code
    out, err = capsys.readouterr()
    assert not out
    assert reason in err
    assert err.count("\n") == 1
    assert said == []


def test_what_an_engine_logs_is_no_output_and_tells_no_secret(
    house: House, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.reset_defaults()  # to standard output, as in a process that has just begun
    assert run(["cache", "preload", written("Fale alto."), "--engine", "costly", "--json"]) == Code.OK
    out, err = capsys.readouterr()
    assert json.loads(out)["spoken"] == 1
    assert "the model is loaded" in err
    assert KEY not in out + err


def test_a_file_that_is_not_there_is_named(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", "preload", "nada.txt", "--engine", "costly"]) == Code.NOT_FOUND
    assert "nada.txt" in capsys.readouterr().err


def test_phrases_come_from_standard_input_too(house: House, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\ufeffOlá.\r\n".encode()), encoding="ascii"))
    assert run(["cache", "preload", "-", "--engine", "costly"]) == Code.OK
    assert said == ["Olá."]


# similar


def test_texts_like_one_are_suggested_the_most_alike_first(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    keep(house, "Bem-vindo à Livraria Aurora!", "Bem-vinda à livraria Aurora.", "Até logo.")
    assert run(["cache", "similar", "Bem-vindo  à livraria aurora!", "--json"]) == Code.OK
    found = told(capsys)["similar"]
    assert [one["text"] for one in found] == ["Bem-vindo à Livraria Aurora!", "Bem-vinda à livraria Aurora."]
    assert found[0]["likeness"] == 1 > found[1]["likeness"] > 0.8
    assert (found[0]["engine"], found[0]["voices"], found[0]["seconds"]) == ("piper", "ana", 1)
    assert found[0]["object"] in names(house)


def test_the_text_is_read_as_it_would_be_spoken(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    keep(house, "Tecle 2.")
    assert run(["cache", "similar", "Tecle 2.", "--threshold", "1"]) == Code.OK
    assert "Tecle dois." in capsys.readouterr().out


def test_the_threshold_and_the_limit_hold(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    keep(house, "Bom dia.", "Bom dia!", "Bom dia?")
    assert run(["cache", "similar", "Bom dia.", "--threshold", "0.99", "--json"]) == Code.OK
    assert len(told(capsys)["similar"]) == 1
    assert run(["cache", "similar", "Bom dia.", "--limit", "2", "--json"]) == Code.OK
    assert len(told(capsys)["similar"]) == 2
    assert run(["cache", "similar", "Zabumba", "--threshold", "0.7"]) == Code.OK
    assert "of 3 texts" in capsys.readouterr().err


def test_a_language_that_no_job_could_have_is_refused(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", "similar", "Olá", "--language", "../.."]) == Code.USAGE
    assert "wrong option: language: must be a language tag such as pt-BR" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["-0.1", "1.1", "muito"])
def test_a_threshold_is_from_nothing_to_one(house: House, value: str) -> None:
    assert run(["cache", "similar", "Olá", "--threshold", value]) == Code.USAGE


def test_damaged_and_foreign_objects_are_passed_over(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = keep(house, "Bom dia.", "Bom dia!")
    house.do(lambda jobs: jobs.store.put(keys.CACHE, first.name, b"RIFF"))
    house.do(lambda jobs: jobs.store.put(keys.CACHE, "notas.txt", b"Bom dia."))
    assert run(["cache", "similar", "Bom dia.", "--json"]) == Code.OK
    assert [one["object"] for one in told(capsys)["similar"]] == [second.name]


def test_the_same_letters_in_another_order_are_not_alike(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    keep(house, "Roma")
    assert run(["cache", "similar", "Amor", "--json"]) == Code.OK
    assert told(capsys)["similar"] == []
