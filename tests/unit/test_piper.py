"""Piper on tiny voices in a store: which one speaks, and what is said of those that cannot."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from darkchannel import keys
from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Transient, Unavailable
from darkchannel.runtime.engines import NotSetUp, Unread, open_engine
from darkchannel.speech.rendering import rendered
from darkchannel.storage.memory import MemoryStore
from darkchannel.storage.port import Object, ObjectInfo
from services.synthesizer.engines import piper, piper_voices
from services.synthesizer.engines.piper import Checked, Piper, PiperSettings, processes
from tests import tiny_voice
from tests.contract.hearing import pitch, seconds
from tests.tiny_voice import ENGLISH, PORTUGUESE, RATE, config, model, put

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROSE = "O barco voltou devagar para o porto."
ANA, BIA = "pt_BR-ana-tiny", "pt_BR-bia-tiny"


class Voices:
    """A store of voices, and Piper beside it."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.engine = self.with_settings(folder)

    def with_settings(self, folder: Path, **settings: object) -> Checked:
        given = PiperSettings.model_validate({"piper_processes": 1, "piper_voice": None} | settings)
        return Checked(Piper(self.store, given, folder=folder))

    async def hear(self, content: str, language: str = "pt-BR") -> Speech:
        return await self.engine.speak(rendered(f'<speak xml:lang="{language}">{content}</speak>'))

    async def say(self, voice: str, words: str = PROSE, language: str = "pt-BR") -> Speech:
        return await self.hear(f'<voice name="{voice}" xml:lang="{language}">{words}</voice>', language)

    async def revision(self, content: str = PROSE, **settings: object) -> str:
        engine = self.with_settings(Path("unused"), **settings) if settings else self.engine
        return await engine.revision(rendered(f'<speak xml:lang="pt-BR">{content}</speak>'))

    async def remove_all(self) -> None:
        for info in [info async for info in self.store.list(keys.REFS)]:
            await self.store.delete(keys.REFS, info.key)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def speaking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Voices]:
    """One process for all tests."""
    voices = Voices(tmp_path_factory.mktemp("copies"))
    yield voices
    await voices.engine.close()


@pytest_asyncio.fixture(loop_scope="module")
async def voices(speaking: Voices) -> Voices:
    """Two Portuguese voices and an English one."""
    await speaking.remove_all()
    await put(speaking.store, BIA, model(200), PORTUGUESE)
    await put(speaking.store, ANA, model(110), PORTUGUESE)
    await put(speaking.store, "en_US-amy-tiny", model(150), ENGLISH)
    return speaking


def near(hertz: float) -> object:
    return pytest.approx(hertz, rel=0.05)


async def test_the_first_voice_of_the_language_speaks_where_none_is_named(voices: Voices) -> None:
    assert pitch(await voices.hear(PROSE)) == near(110)
    assert pitch(await voices.hear("The boat came slowly back to the harbour.", "en-US")) == near(150)
    assert pitch(await voices.say(BIA)) == near(200)


async def test_the_operator_chooses_the_voice_of_its_language_alone(voices: Voices, tmp_path: Path) -> None:
    chosen = voices.with_settings(tmp_path, piper_voice=BIA)
    try:
        portuguese = await chosen.speak(rendered(f'<speak xml:lang="pt-PT">{PROSE}</speak>'))
        english = await chosen.speak(rendered('<speak xml:lang="en-GB">The boat came slowly back.</speak>'))
    finally:
        await chosen.close()
    assert (pitch(portuguese), pitch(english)) == (near(200), near(150))


async def test_a_voice_of_the_very_country_comes_before_others(voices: Voices) -> None:
    await put(voices.store, "pt_PT-zita-tiny", model(250), config("pt_PT", "pt"))
    assert pitch(await voices.hear(PROSE, "pt-PT")) == near(250)
    assert pitch(await voices.hear(PROSE, "pt-MZ")) == near(110)


async def test_an_operators_voice_that_is_not_there_is_told_before_a_book_is_spoken(voices: Voices) -> None:
    lost = voices.with_settings(Path("unused"), piper_voice="pt_BR-eva-tiny")
    with pytest.raises(
        NotSetUp, match=r"PIPER_VOICE: Piper has no voice 'pt_BR-eva-tiny' .*darkchannel voices install"
    ):
        await lost.voices()


async def test_the_voices_are_listed_with_their_languages_and_speakers(voices: Voices) -> None:
    several = config("pt_BR", "pt-br", speakers=("eva", "rui"))
    await put(voices.store, "pt_BR-coro-tiny", model(110, 200), several)
    assert [(voice.name, *voice.languages) for voice in await voices.engine.voices()] == [
        ("en_US-amy-tiny", "en-US"),
        (ANA, "pt-BR"),
        (BIA, "pt-BR"),
        ("pt_BR-coro-tiny", "pt-BR"),
        ("pt_BR-coro-tiny#eva", "pt-BR"),
        ("pt_BR-coro-tiny#rui", "pt-BR"),
    ]


async def test_each_speaker_of_a_voice_is_a_voice(voices: Voices) -> None:
    await put(voices.store, "pt_BR-coro-tiny", model(110, 200), config("pt_BR", "pt-br", speakers=("eva", "rui")))
    high, first = [await voices.say(name) for name in ("pt_BR-coro-tiny#rui", "pt_BR-coro-tiny")]
    assert (pitch(high), pitch(first)) == (near(200), near(110))
    assert await voices.engine.has("pt_BR-coro-tiny#rui")
    assert not await voices.engine.has("pt_BR-coro-tiny#leo")
    with pytest.raises(Permanent, match="'pt_BR-coro-tiny' has no speaker 'leo': eva, rui"):
        await voices.say("pt_BR-coro-tiny#leo")


async def test_a_speaker_may_have_a_name_of_several_words(voices: Voices) -> None:
    several = config("pt_BR", "pt-br", speakers=("Ana Luz", "Rui Sol"))
    await put(voices.store, "pt_BR-coro-tiny", model(110, 200), several)
    assert pitch(await voices.say("pt_BR-coro-tiny#Rui Sol")) == near(200)
    assert pitch(await voices.say(f"nova {BIA}")) == near(200)


async def test_speakers_without_names_go_by_their_numbers(voices: Voices) -> None:
    several = config("pt_BR", "pt-br", speakers=("", ""), speaker_id_map={})
    await put(voices.store, "pt_BR-coro-tiny", model(110, 200), several)
    assert pitch(await voices.say("pt_BR-coro-tiny#1")) == near(200)


@pytest.mark.parametrize(
    ("told", "tag"),
    [
        ({"language": {"code": "pt_BR"}}, "pt-BR"),
        ({"language": None, "espeak": {"voice": "pt-br"}}, "pt-BR"),
        ({"language": {"code": "nl"}}, "nl"),
        ({"language": {"code": "es_419"}}, "es-419"),
    ],
)
async def test_a_voice_tells_its_language_in_its_json(voices: Voices, told: dict[str, object], tag: str) -> None:
    await voices.remove_all()
    await put(voices.store, "minha", model(110), config("xx", "pt-br", **told))
    assert [voice.languages for voice in await voices.engine.voices()] == [(tag,)]


async def test_without_any_voice_it_says_how_to_get_one(voices: Voices) -> None:
    await voices.remove_all()
    with pytest.raises(
        NotSetUp, match=r"no Piper voice in darkchannel-refs/models/piper/: `darkchannel voices install"
    ):
        await voices.engine.voices()
    with pytest.raises(Permanent, match="no voice for 'pt-BR' in darkchannel-refs/models/piper/"):
        await voices.hear(PROSE)


async def test_an_unknown_voice_is_refused_with_those_that_are_there(voices: Voices) -> None:
    assert not await voices.engine.has("pt_BR-eva-tiny")
    with pytest.raises(Permanent, match=f"no voice 'pt_BR-eva-tiny' .*there: en_US-amy-tiny, {ANA}, {BIA}"):
        await voices.say("pt_BR-eva-tiny")


@pytest.mark.parametrize("lost", [".onnx", ".onnx.json"])
async def test_half_a_voice_is_told_by_the_object_that_is_missing(voices: Voices, lost: str) -> None:
    await voices.store.delete(keys.REFS, f"models/piper/{BIA}{lost}")
    assert BIA not in {voice.name for voice in await voices.engine.voices()}
    assert await voices.engine.has(BIA)
    with pytest.raises(Permanent, match=rf"darkchannel-refs/models/piper/{BIA}{lost} is missing"):
        await voices.say(BIA)


@pytest.mark.parametrize(
    ("json", "reason"),
    [
        (b"<!doctype html>", "Invalid JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "Input should be an object"),
        (config("pt_BR", "pt-br", audio={"sample_rate": 96_000}), r"audio\.sample_rate: .*48000"),
        (config("zh_CN", "cmn", phoneme_type="pinyin"), "phoneme_type: .*'espeak' or 'text'"),
        (config("pt_BR", "pt-br", espeak={}), r"espeak\.voice: Field required"),
    ],
)  # fmt: skip
async def test_a_json_that_describes_no_voice_is_told_by_its_object(voices: Voices, json: bytes, reason: str) -> None:
    await put(voices.store, BIA, model(200), json)
    with pytest.raises(Permanent, match=rf"darkchannel-refs/models/piper/{BIA}\.onnx\.json does not .*{reason}"):
        await voices.say(BIA)
    assert ANA in {voice.name for voice in await voices.engine.voices()}


def graph(operator: str, *, shape: list[int] | None = None, inputs: tuple[str, ...] = ()) -> bytes:
    """A model of one operator on the scales."""
    named = inputs or ("input", "input_lengths", "scales")
    kinds = {"scales": TensorProto.FLOAT}
    puts = [helper.make_tensor_value_info(name, kinds.get(name, TensorProto.INT64), None) for name in named]
    constants = [numpy_helper.from_array(np.array(shape or [1], np.int64), "shape")]
    node = helper.make_node(operator, [named[-1], *(["shape"] if shape else [])], ["output"])
    kind = TensorProto.INT64 if operator == "Size" else kinds.get(named[-1], TensorProto.INT64)
    output = helper.make_tensor_value_info("output", kind, None)
    made = helper.make_graph([node], "one", puts, [output], constants)
    return bytes(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<!doctype html><p>Entre na rede do hotel.", "no model that can be loaded"),
        (b"", "no model that can be loaded"),
        (model(200)[:900], "no model that can be loaded"),
        (graph("Identity", inputs=("pixels",)), "a model, but none of Piper's"),
        (model(110, 200), "a model that does not speak .*sid"),
        (graph("Size"), "a model that yields no samples"),
        (graph("Log"), "a model that yields no samples"),
    ],
    ids=["html", "empty", "half", "another", "speakers", "ids", "no numbers"],
)
async def test_a_damaged_model_is_told_by_its_object(voices: Voices, body: bytes, reason: str) -> None:
    json = config("pt_BR", "pt-br", inference={"noise_scale": -1}) if body == graph("Log") else PORTUGUESE
    await put(voices.store, BIA, body, json)
    told = (
        rf"darkchannel-refs/models/piper/{BIA}\.onnx is {reason}.*; put a whole file there, or install the voice again"
    )
    with pytest.raises(Permanent, match=told):
        await voices.say(BIA)
    assert pitch(await voices.say(ANA)) == near(110)


async def test_a_model_that_memory_does_not_hold_is_tried_again_later(voices: Voices) -> None:
    await put(voices.store, BIA, graph("Expand", shape=[1 << 41, 3]), PORTUGUESE)
    with pytest.raises(Transient, match="more memory, or lower PIPER_PROCESSES"):
        await voices.say(BIA)


async def test_a_voice_that_is_replaced_speaks_anew_and_leaves_no_copy(voices: Voices, tmp_path: Path) -> None:
    fresh = voices.with_settings(tmp_path)
    script = rendered(f'<speak xml:lang="pt-BR"><voice name="{BIA}">{PROSE}</voice></speak>')
    try:
        before = await fresh.speak(script)
        await put(voices.store, BIA, model(260), PORTUGUESE)
        after = await fresh.speak(script)
    finally:
        await fresh.close()
    assert (pitch(before), pitch(after)) == (near(200), near(260))
    assert len([*tmp_path.iterdir()]) == 1


async def test_a_disk_that_takes_no_copy_is_told(voices: Voices, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    full = voices.with_settings(tmp_path / "file")
    with pytest.raises(
        Unavailable, match=rf"{tmp_path}/file does not take darkchannel-refs/models/piper/{ANA}.*TMPDIR"
    ):
        await full.speak(rendered(f'<speak xml:lang="pt-BR">{PROSE}</speak>'))


async def test_a_folder_that_somebody_else_made_is_not_trusted(voices: Voices, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "copies").symlink_to(tmp_path / "theirs")
    misled = voices.with_settings(tmp_path / "copies")
    with pytest.raises(Permanent, match=f"{tmp_path}/copies belongs to somebody else: .*TMPDIR"):
        await misled.speak(rendered(f'<speak xml:lang="pt-BR">{PROSE}</speak>'))


async def test_a_text_of_another_language_is_not_given_to_a_voice(voices: Voices) -> None:
    with pytest.raises(Permanent, match=f"'{BIA}' speaks pt-BR, and the text is in en-US: choose another voice"):
        await voices.say(BIA, "The boat came back.", "en-US")


async def test_a_foreign_passage_is_pronounced_by_the_voice_around_it(voices: Voices) -> None:
    english = "The lighthouse keeper though through thoroughly knew the weather."
    foreign = await voices.say(BIA, f'<lang xml:lang="en-US">{english}</lang>')
    assert pitch(foreign) == near(200)
    assert seconds(foreign) == pytest.approx(seconds(await voices.hear(english, "en-US")), rel=0.05)


async def test_a_voice_without_the_sounds_of_a_language_reads_it_as_its_own(voices: Voices) -> None:
    sounds = {sound: ids for sound, ids in tiny_voice.DEFAULT_PHONEME_ID_MAP.items() if sound not in "ðθɹɚʌ"}
    await put(voices.store, BIA, model(200), config("pt_BR", "pt-br", phoneme_id_map=sounds))
    english = "The lighthouse keeper though through thoroughly knew the weather."
    foreign = await voices.say(BIA, f'<lang xml:lang="en-US">{english}</lang>')
    assert seconds(foreign) == pytest.approx(seconds(await voices.say(BIA, english)), rel=0.05)


async def test_what_a_voice_says_softly_stays_soft(voices: Voices) -> None:
    await put(voices.store, BIA, model(200, loudness=0.02), PORTUGUESE)
    loudest = np.abs(np.frombuffer((await voices.say(BIA)).pcm, "<i2")).max()
    assert loudest < 0.03 * 32_767


async def test_speech_has_the_rate_of_its_voice(voices: Voices) -> None:
    await put(voices.store, BIA, model(200), config("pt_BR", "pt-br", audio={"sample_rate": 16_000}))
    assert (await voices.say(BIA)).rate == 16_000
    assert (await voices.say(ANA)).rate == RATE


async def test_letters_can_be_the_sounds_of_a_voice(voices: Voices) -> None:
    letters = {sign: [number] for number, sign in enumerate("_^$ .abcdefghijklmnopqrstuvwxyz")}
    json = config("pt_BR", "pt-br", phoneme_type="text", phoneme_id_map=letters)
    await put(voices.store, BIA, model(200), json)
    assert seconds(await voices.say(BIA, "barco")) < seconds(await voices.say(BIA, "barco devagar"))


async def test_a_json_is_read_again_only_where_it_changed(tmp_path: Path) -> None:
    read: list[str] = []

    class Store(MemoryStore):
        async def get(self, bucket: str, key: str, **others: Any) -> Object | None:
            read.append(key)
            return await super().get(bucket, key, **others)

    voices = Voices(tmp_path)
    voices.store = Store()
    engine = voices.with_settings(tmp_path)
    for described in (PORTUGUESE, PORTUGUESE, config("pt_PT", "pt")):
        await put(voices.store, ANA, model(110), described)
        await engine.voices()
    assert read == [f"models/piper/{ANA}.onnx.json"] * 2


async def test_however_many_voices_a_segment_names_the_store_is_listed_once(tmp_path: Path) -> None:
    class Store(MemoryStore):
        lists = 0

        def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
            self.lists += 1
            return super().list(bucket, prefix, after=after)

    voices = Voices(tmp_path)
    store = voices.store = Store()
    voices.engine = voices.with_settings(tmp_path)
    names = [f"pt_BR-{name}-tiny" for name in ("ana", "bia", "clara", "dora")]
    scene = "".join(f'<voice name="nova {name}">{PROSE}</voice> <break time="1s"/>' for name in names)
    for name in names:  # each one is there for the next segment
        with pytest.raises(Permanent, match=name):
            await voices.revision(scene)
        await put(store, name, model(110), PORTUGUESE)
    for asked in (scene, PROSE):
        store.lists = 0
        await voices.revision(asked)
        assert store.lists == 1
    for asking in (voices.engine.voices, lambda: voices.engine.has(f"nova {ANA}")):
        store.lists = 0
        await asking()
        assert store.lists == 1


@pytest.mark.parametrize("failing", ["list", "get", "stream"])
async def test_voices_that_cannot_be_read_are_no_fault_of_the_engine(tmp_path: Path, failing: str) -> None:
    class Store(MemoryStore):
        def __getattribute__(self, name: str) -> Any:
            if name == failing:
                raise Unavailable("the disk is away")
            return super().__getattribute__(name)

    voices = Voices(tmp_path)
    voices.store = Store()
    await put(voices.store, ANA, model(110), PORTUGUESE)
    voices.engine = voices.with_settings(tmp_path)
    with pytest.raises(Unread, match="cannot be read: the disk is away"):
        await voices.hear(PROSE)
    if failing != "stream":
        for asking in (voices.engine.voices, voices.revision, lambda: voices.engine.has(ANA)):
            with pytest.raises(Unread, match="Piper's voices cannot be read: the disk is away"):
                await asking()


async def test_a_store_that_never_says_which_voices_there_are_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Store(MemoryStore):
        async def get(self, bucket: str, key: str, **others: Any) -> Object | None:
            await asyncio.Event().wait()
            raise AssertionError

    voices = Voices(tmp_path)
    voices.store = Store()
    await put(voices.store, ANA, model(110), PORTUGUESE)
    monkeypatch.setattr(piper_voices, "LOOK_SECONDS", 0.01)
    with pytest.raises(Unread, match=r"did not say within 0.01 s what lies in darkchannel-refs/models/piper/"):
        await voices.with_settings(tmp_path).voices()


async def test_its_revision_changes_with_the_files_of_a_voice_and_with_its_choice(voices: Voices) -> None:
    bia = f'<voice name="{BIA}">{PROSE}</voice>'
    chosen, seen = await voices.revision(), {await voices.revision(bia)}
    await put(voices.store, BIA, model(201), PORTUGUESE)
    seen.add(await voices.revision(bia))
    await put(voices.store, BIA, model(201), config("pt_BR", "pt-br", inference={"length_scale": 1.2}))
    seen.add(await voices.revision(bia))
    assert len(seen) == 3
    assert await voices.revision() == chosen
    assert await voices.revision(piper_voice=BIA) in seen
    await put(voices.store, "pt_BR-coro-tiny", model(110, 200), config("pt_BR", "pt-br", speakers=("eva", "rui")))
    one, other = [await voices.revision(piper_voice=f"pt_BR-coro-tiny#{name}") for name in ("eva", "rui")]
    assert one != other


async def test_a_voice_that_tells_how_another_says_foreign_words_counts(voices: Voices) -> None:
    async def told() -> tuple[str, str]:
        english = await voices.revision(f'<voice name="{ANA}">um <lang xml:lang="en-US">two</lang></voice>')
        return await voices.revision(f'<voice name="{ANA}">um</voice>'), english

    plain, english = await told()
    await put(voices.store, "en_US-abe-tiny", model(150), config("en_GB", "en-gb"))
    assert await told() == (plain, english)
    await put(voices.store, "en_US-abe-tiny", model(150), config("en_US", "en-gb"))
    after, british = await told()
    assert (after == plain, british == english) == (True, False)


@given(st.integers(1, 64), st.integers(0, 1 << 36))
async def test_more_than_one_process_is_started_only_where_memory_holds_them(cores: int, memory: int) -> None:
    number = processes(cores, memory)
    assert 1 <= number <= min(cores, piper.MOST_PROCESSES)
    assert number == 1 or piper.OTHERS_BYTES + number * piper.PROCESS_BYTES <= memory
    assert number <= processes(cores, None)


async def test_a_container_of_half_a_gigabyte_has_one_process_and_one_of_two_gigabytes_four() -> None:
    assert [processes(16, megabytes << 20) for megabytes in (512, 1024, 2048)] == [1, 2, 4]


async def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPER_PROCESSES", "none")
    with pytest.raises(Permanent, match="wrong setting: PIPER_PROCESSES: "):
        await open_engine("piper", MemoryStore())


async def test_where_piper_is_not_installed_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piper, "PACKAGE", "piper-tts-of-another-machine")
    with pytest.raises(Permanent, match=r"lacks piper-tts.*: pip install 'darkchannel\[synthesizer-piper\]'"):
        await open_engine("piper", MemoryStore())


async def test_onnxruntime_gathers_nothing_to_tell_its_makers(tmp_path: Path) -> None:
    path = tiny_voice.lay(tmp_path, "pt_BR-bento-tiny", model(120), PORTUGUESE)
    code = (
        "import sys; from services.synthesizer.engines.piper_worker import spoken\n"
        "assert spoken(sys.argv[1], open(sys.argv[2]).read(), 'Bom dia.', None, None)"
    )
    home = tmp_path / "home"
    home.mkdir()
    command = [sys.executable, "-c", code, str(path), f"{path}.json"]
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home)}
    await asyncio.to_thread(subprocess.run, command, env=environment, check=True)
    assert [*home.rglob("*")] == []


async def test_only_its_processes_load_its_library() -> None:
    code = (
        "import sys; from darkchannel.storage.memory import MemoryStore\n"
        "from services.synthesizer.engines.piper import engine; engine(MemoryStore())\n"
        "print([name for name in ('onnxruntime', 'piper') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
