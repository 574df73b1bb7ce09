"""Bark as the synthesizer has it: requests that come together, and a process that may end or hang."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

pytest.importorskip("torch", reason="Bark's tests run in an environment of their own: make test-bark")

from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent, Transient, Unavailable
from services.synthesizer.engines.bark import Bark, BarkSettings
from tests.bark import cramped, paced
from tests.bark.paced import LETTERS_A_SECOND

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACED, CRAMPED = Path(paced.__file__), Path(cramped.__file__)
STALL = 3.0
PROSE = "Hoje o mar amanheceu calmo e azul na praia."
TEXTS = [PROSE[: 4 * count] for count in range(1, 9)]
"""Each half a second longer than the one before, or some less."""


def settings(folder: Path, **others: object) -> BarkSettings:
    return BarkSettings.model_validate(
        {"bark_model": str(folder), "bark_device": "cpu", "bark_batch": 4, "bark_gather_ms": 200, **others}
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bark(folder: Path, notes: Path) -> AsyncIterator[Bark]:
    engine = Bark(settings(folder), program=PACED, stall=STALL)
    await engine.say("Um.", "pt-BR", None)
    notes.unlink()
    yield engine
    await engine.close()


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """Where the model writes down what it is handed."""
    path = tmp_path_factory.mktemp("notes") / "batches"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BARK_NOTES", str(path))
        yield path


def batches(notes: Path) -> list[tuple[int, int]]:
    """How many texts each batch since the last look had, and of which voice."""
    found = [json.loads(line) for line in notes.read_text().splitlines()]
    notes.unlink()
    return [(len(texts), voice) for texts, voice in found]


def seconds(speech: Speech) -> float:
    return len(speech.pcm) / 2 / speech.rate


def expected(text: str) -> float:
    return len("".join(text.split())) / LETTERS_A_SECOND


async def test_texts_of_one_moment_are_spoken_together_and_each_comes_back_to_who_asked(
    bark: Bark, notes: Path
) -> None:
    spoken = await asyncio.gather(*(bark.say(text, "pt-BR", None) for text in TEXTS))
    assert [size for size, _ in batches(notes)] == [4, 4]
    assert [seconds(speech) for speech in spoken] == pytest.approx(list(map(expected, TEXTS)), abs=0.7)


async def test_a_text_that_comes_a_moment_later_is_spoken_with_the_first(bark: Bark, notes: Path) -> None:
    first = asyncio.create_task(bark.say("Um.", "pt-BR", None))
    await turns()
    await asyncio.gather(first, bark.say("Dois.", "pt-BR", None))
    assert [size for size, _ in batches(notes)] == [2]


async def turns() -> None:
    """Of the loop: time enough for what waits for nobody else."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_batch_has_one_voice_and_begins_with_who_waits_the_longest(bark: Bark, notes: Path) -> None:
    voices = ["v2/pt_speaker_0", "v2/pt_speaker_1", "v2/en_speaker_0", "v2/pt_speaker_1"] * 2
    spoken = await asyncio.gather(*(bark.say(text, "pt-BR", voice) for text, voice in zip(TEXTS, voices, strict=True)))
    found = batches(notes)
    assert [size for size, _ in found] == [2, 4, 2]
    assert len({voice for _, voice in found}) == 3
    assert [seconds(speech) for speech in spoken] == pytest.approx(list(map(expected, TEXTS)), abs=0.7)


async def test_the_language_has_its_own_voice_unless_one_is_named(bark: Bark, notes: Path) -> None:
    await bark.say("Um.", "pt-BR", None)
    await bark.say("Um.", "pt", "v2/pt_speaker_0")
    await bark.say("One.", "en-US", None)
    await bark.say("Um.", "pt-BR", "v2/en_speaker_0")
    portuguese, named, english, foreign = [voice for _, voice in batches(notes)]
    assert portuguese == named != english == foreign


@pytest.mark.parametrize("voice", ["v2/pt_speaker_9", "speaker_embeddings/v2/pt_speaker_0", "../x", "repo_or_path"])
async def test_a_voice_that_it_does_not_have_is_refused_by_its_name(bark: Bark, voice: str) -> None:
    with pytest.raises(Permanent, match=rf"no voice '{voice}': `darkchannel voices` lists them"):
        await bark.say("Um.", "pt-BR", voice)
    assert voice not in await bark.known([(voice,)])


async def test_a_language_without_a_voice_is_refused(bark: Bark) -> None:
    assert not await bark.speaks("gn")
    with pytest.raises(Permanent, match="no voice for 'ja-JP'"):
        await bark.say("Um.", "ja-JP", None)


async def test_the_voices_are_those_of_the_model(bark: Bark) -> None:
    assert [(voice.name, voice.languages) for voice in await bark.voices()] == [
        ("v2/en_speaker_0", ("en",)),
        ("v2/pt_speaker_0", ("pt",)),
        ("v2/pt_speaker_1", ("pt",)),
    ]
    assert "v2/pt_speaker_1" in await bark.known([])


async def test_who_gives_up_while_a_batch_is_spoken_takes_nobody_along(bark: Bark) -> None:
    (pid,) = workers(PACED)
    os.kill(pid, signal.SIGSTOP)
    asked = [asyncio.create_task(bark.say(text, "pt-BR", None)) for text in TEXTS[:4]]
    await turns()
    asked[0].cancel()
    os.kill(pid, signal.SIGCONT)
    first, *others = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert all(isinstance(speech, Speech) for speech in others)


async def test_who_gave_up_is_not_spoken_for_and_the_others_are(bark: Bark, notes: Path) -> None:
    notes.unlink(missing_ok=True)
    asked = [asyncio.create_task(bark.say(text, "pt-BR", None)) for text in TEXTS[:3]]
    await turns()
    asked[0].cancel()
    first, *others = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert all(isinstance(speech, Speech) for speech in others)
    assert batches(notes)[0][0] == 2


async def test_a_process_that_is_killed_is_replaced_at_the_next_text(bark: Bark) -> None:
    (pid,) = workers(PACED)
    os.kill(pid, signal.SIGSTOP)
    asked = asyncio.gather(*(bark.say(text, "pt-BR", None) for text in TEXTS[:2]), return_exceptions=True)
    os.kill(pid, signal.SIGKILL)
    errors = await asked
    assert [str(error) for error in errors] == ["Bark's process was killed, perhaps for lack of memory"] * 2
    assert all(isinstance(error, Transient) for error in errors)
    assert seconds(await bark.say("Um.", "pt-BR", None)) > 0
    assert pid not in workers(PACED)


async def test_a_process_that_hangs_is_ended(bark: Bark) -> None:
    (pid,) = workers(PACED)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Transient, match="Bark hung: its process gave no sign for 3 seconds"):
        await bark.say("Um.", "pt-BR", None)
    assert workers(PACED) == []


async def test_closing_ends_the_process_as_it_is_shipped_and_tells_who_waits(folder: Path) -> None:
    bark = Bark(settings(folder))
    assert seconds(await bark.say("Um.", "pt-BR", None)) > 10
    (pid,) = workers(Path("bark_worker.py"))
    os.kill(pid, signal.SIGSTOP)
    asked = asyncio.gather(*(bark.say(text, "pt-BR", None) for text in TEXTS), return_exceptions=True)
    await asyncio.sleep(0)
    await bark.close()
    assert {str(error) for error in await asked} == {"Bark was stopped before it spoke this"}
    assert workers(Path("bark_worker.py")) == []


async def test_memory_that_runs_out_makes_it_unavailable_and_its_process_gives_back_what_it_had(folder: Path) -> None:
    bark = Bark(settings(folder), program=CRAMPED)
    with pytest.raises(Unavailable, match="Bark: there is not enough memory for one text: OutOfMemoryError: CUDA"):
        await bark.say("Um.", "pt-BR", None)
    assert workers(CRAMPED) == []
    await bark.close()


async def test_half_a_model_makes_it_unavailable_for_all_who_ask(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1_000_000])
    bark = Bark(settings(copy))
    errors = await asyncio.gather(*(bark.say(text, "pt-BR", None) for text in TEXTS), return_exceptions=True)
    assert all(isinstance(error, Unavailable) for error in errors)
    assert {f"{error}".partition(": ")[2].partition(":")[0] for error in errors} == {
        f"the model in {copy} cannot be read"
    }
    assert workers(Path("bark_worker.py")) == []
    await bark.close()


def workers(program: Path) -> list[int]:
    """The processes that run this program for us."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    named = program.name.encode()
    return [pid for pid in map(int, children) if named in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_torch_is_never_loaded_by_who_only_asks(folder: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from darkchannel.speech.rendering import rendered\n"
        "from services.synthesizer.engines.bark import engine\n"
        "bark = engine(None)\n"
        "asyncio.run(bark.voices()); asyncio.run(bark.revision(rendered('<speak>Um.</speak>')))\n"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    environment = {**os.environ, "BARK_MODEL": str(folder)}
    run = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout.strip() == "[]"
