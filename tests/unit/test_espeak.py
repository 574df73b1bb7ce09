"""Real speech of espeak-ng, in its own processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from darkchannel.errors import Permanent, Transient
from darkchannel.speech.ssml import NAMESPACE
from services.synthesizer.engines import espeak_worker
from services.synthesizer.engines.espeak import Espeak
from services.synthesizer.engines.espeak_ssml import prepare
from services.synthesizer.selection import Engines, open_engine


@pytest.fixture
async def espeak() -> AsyncIterator[Espeak]:
    engine = Espeak(slots=1)
    yield engine
    await engine.close()


def ssml(content: str, *, language: str = "pt-BR") -> str:
    return f'<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="{language}">{content}</speak>'


async def seconds(espeak: Espeak, content: str, *, language: str = "pt-BR") -> float:
    speech = await espeak.speak(ssml(content, language=language))
    return len(speech.pcm) / 2 / speech.rate


async def test_a_segment_is_spoken_with_a_mark_where_each_sentence_begins(espeak: Espeak) -> None:
    speech = await espeak.speak(ssml("<p><s>Um dois três.</s><s>Quatro cinco seis.</s></p><p><s>Sete.</s></p>"))
    assert speech.rate == 22_050
    assert [mark.name for mark in speech.marks] == ["s0", "s1", "s2"]
    assert 0 == speech.marks[0].sample < speech.marks[1].sample < speech.marks[2].sample < len(speech.pcm) // 2
    assert any(speech.pcm)


async def test_the_same_text_lasts_equally_long_whatever_was_spoken_before(espeak: Espeak) -> None:
    lengths = [await seconds(espeak, f"<p><s>Olá, mundo.</s></p>{tail}") for tail in ("", "sem ponto", "")]
    assert lengths[2] == pytest.approx(lengths[0], abs=0.01)


async def test_more_segments_than_processes_are_all_spoken(espeak: Espeak) -> None:
    spoken = await asyncio.gather(*(espeak.speak(ssml(f"Segmento número {n}.")) for n in range(20)))
    assert len(spoken) == 20
    assert all(speech.pcm for speech in spoken)


@pytest.mark.parametrize(
    ("markup", "pause"),
    [
        ('<break time="1.5s"/>', 1.5),
        ('<break time="700ms"/>', 0.7),
        ('<break strength="strong"/>', 1.0),
        ('<break strength="x-strong"/>', 1.5),
        ('<break time="3600s"/>', 60.0),
    ],
)
async def test_a_break_lasts_as_long_as_it_says(espeak: Espeak, markup: str, pause: float) -> None:
    without = await seconds(espeak, "um dois")
    assert await seconds(espeak, f"um{markup}dois") - without == pytest.approx(pause, abs=0.2)


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("ประภาคารส่องแสงในยามค่ำคืน", "th"),
        ("灯台は夜の海を静かに照らしています", "ja"),
        ("маяк", "ru"),
        ("farol", "pt-BR"),
    ],
)
async def test_a_text_without_spaces_is_spoken_to_its_end(espeak: Espeak, sentence: str, language: str) -> None:
    once, often = [await seconds(espeak, sentence * times, language=language) for times in (1, 60)]
    assert often > 15 * once


async def test_another_language_sounds_otherwise(espeak: Espeak) -> None:
    portuguese = await espeak.speak(ssml("<s>The lighthouse keeper</s>"))
    english = await espeak.speak(ssml('<s><lang xml:lang="en-US">The lighthouse keeper</lang></s>'))
    assert abs(len(portuguese.pcm) - len(english.pcm)) > 1_000


async def test_each_voice_of_a_dialogue_speaks_its_own_part(espeak: Espeak) -> None:
    text = "<s>Bom dia, minha gente.</s>"
    one = f'<voice name="pt-br">{text}</voice>'
    other = f'<voice name="pt-br+f3">{text}</voice>'
    same = await espeak.speak(ssml(one + one))
    mixed = await espeak.speak(ssml(one + other))
    assert [mark.name for mark in mixed.marks] == ["s0", "s1"]
    assert pitch(mixed.pcm[len(mixed.pcm) // 2 :]) > 1.2 * pitch(same.pcm[len(same.pcm) // 2 :])


def pitch(pcm: bytes) -> int:
    """How often the samples cross zero: enough to tell a high voice from a low one."""
    samples = memoryview(pcm[: len(pcm) // 2 * 2]).cast("h")
    return sum(a < 0 <= b for a, b in pairwise(samples))


async def test_audio_elements_never_reach_the_engine(espeak: Espeak) -> None:
    assert await seconds(espeak, '<p>Antes <audio src="x.wav">um sino</audio> depois.</p>') > 1


@pytest.mark.parametrize("voice", ["Camila", "pt-br+nobody", "../../etc", "português"])
@pytest.mark.parametrize("where", ['<voice name="{}">oi</voice>', '<p><voice name="{}">oi</voice></p>'])
async def test_a_voice_that_does_not_exist_is_named(espeak: Espeak, voice: str, where: str) -> None:
    with pytest.raises(Permanent, match=f"no voice '{voice.replace('+', '[+]')}'.*lists them all"):
        await espeak.speak(ssml(where.format(voice)))
    assert await seconds(espeak, "Depois disso ele ainda fala.") > 1


async def test_a_language_without_its_region_speaks_for_it(espeak: Espeak) -> None:
    assert await seconds(espeak, "Hello there.", language="en-AU") > 0.3
    with pytest.raises(Permanent, match="no voice 'xx-YY'"):
        await espeak.speak(ssml("oi", language="xx-YY"))


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ("", "nothing but white space"),
        ("Era uma vez", "broken at line 1"),
        ("<speak>sem fim", "broken at line 1"),
        ("<html>oi</html>", "starts with <speak>"),
        ("<!DOCTYPE speak [<!ENTITY a 'oi'>]><speak>&a;</speak>", "DOCTYPE"),
        ("<speak/>", "nothing to speak"),
        ("<speak> \n <p><s> </s></p><!-- nada --></speak>", "nothing to speak"),
        ('<speak>a<break time="one minute"/></speak>', "a break of 'one minute' is no time"),
        ("<speak>" + "a " * 10_001 + "</speak>", "shorten it"),
    ],
)
def test_a_segment_that_cannot_be_spoken_is_refused_with_its_reason(segment: str, reason: str) -> None:
    with pytest.raises(Permanent, match=reason):
        prepare(segment)


def test_a_segment_may_say_in_which_encoding_it_was_written() -> None:
    (piece,) = prepare('<?xml version="1.0" encoding="UTF-8"?><speak>ação &amp; reação</speak>')
    assert piece.ssml.endswith(">ação &amp; reação</speak>")


def test_only_what_the_engine_reads_rightly_is_left() -> None:
    (piece,) = prepare(
        ssml(
            '<p><s>A <sub alias="Organização">ONU</sub><mark name="meu"/> <say-as interpret-as="characters">x</say-as>'
            ' <phoneme alphabet="ipa" ph="a">á</phoneme> <w role="x">b</w></s></p><metadata>não</metadata>'
        )
    )
    assert piece.ssml == (
        f'<speak xmlns="{NAMESPACE}"><p><s><mark name="s0"/>A Organização '
        '<say-as interpret-as="characters">x</say-as> á b</s></p></speak>'
    )


async def test_a_text_without_an_end_in_the_engine_is_refused(espeak: Espeak) -> None:
    slow = '<prosody rate="10%">' + "extraordinariamente " * 900 + "</prosody>"
    with pytest.raises(Permanent, match="more than 30 minutes"):
        await espeak.speak(ssml(slow))


async def test_a_process_that_dies_is_replaced(espeak: Espeak) -> None:
    await espeak.speak(ssml("Antes."))
    os.kill(worker_pids()[0], signal.SIGSTOP)
    speaking = asyncio.create_task(espeak.speak(ssml("Durante.")))
    await asyncio.sleep(0)
    os.kill(worker_pids()[0], signal.SIGKILL)
    with pytest.raises(Transient, match="stopped while it spoke"):
        await speaking
    assert await seconds(espeak, "Depois.") > 0.2


async def test_a_process_that_hangs_is_given_up_and_replaced() -> None:
    espeak = Espeak(slots=1, timeout=5)
    await espeak.speak(ssml("Antes."))
    hung = worker_pids()[0]
    os.kill(hung, signal.SIGSTOP)
    espeak.timeout = 0.2
    with pytest.raises(Transient, match="did not finish"):
        await espeak.speak(ssml("Durante."))
    espeak.timeout = 5
    assert await seconds(espeak, "Depois.") > 0.2
    assert hung not in worker_pids()
    await espeak.close()


async def test_a_cancelled_segment_leaves_the_next_one_its_own_answer(espeak: Espeak) -> None:
    long = asyncio.create_task(espeak.speak(ssml("<s>Uma frase comprida, que não acaba.</s>" * 200)))
    await asyncio.sleep(0)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    speech = await espeak.speak(ssml("<s>Curta.</s>"))
    assert [mark.name for mark in speech.marks] == ["s0"]
    assert len(speech.pcm) < 2 * 22_050 * 3


async def test_closing_ends_every_process() -> None:
    espeak = Espeak(slots=2)
    await asyncio.gather(*(espeak.speak(ssml("Oi.")) for _ in range(2)))
    pids = worker_pids()
    await espeak.close()
    assert len(pids) == 2
    assert worker_pids() == []


def worker_pids() -> list[int]:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in map(int, children) if b"espeak_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_process_starts_with_the_standard_library_alone() -> None:
    code = (
        "import sys, runpy; runpy.run_path(sys.argv[1]);"
        "print([name for name in sys.modules if name.split('.')[0] in ('pydantic', 'lxml', 'darkchannel', 'services')])"
    )
    command = [sys.executable, "-I", "-S", "-c", code, espeak_worker.__file__]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"


async def test_an_engine_is_found_by_its_name_and_auto_finds_one() -> None:
    for name in ("espeak", "auto"):
        engine = await open_engine(name)
        assert engine.name == "espeak"
        await engine.close()


async def test_an_engine_that_does_not_exist_names_those_there_are() -> None:
    with pytest.raises(Permanent, match=r"no engine 'vox': choose from auto, .*espeak"):
        await open_engine("vox")


async def test_the_engines_of_a_process_are_opened_once_and_tell_who_spoke() -> None:
    engines = Engines()
    spoken = await asyncio.gather(*(engines.speak(name, ssml("Oi.")) for name in ("auto", "espeak")))
    assert [name for name, _ in spoken] == ["espeak", "espeak"]
    with pytest.raises(Permanent, match="no engine"):
        await engines.speak("vox", ssml("Oi."))
    await engines.close()


async def test_an_engine_that_could_not_be_opened_is_tried_again_for_the_next_segment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engines = Engines()
    with monkeypatch.context() as broken:
        broken.setattr(os, "cpu_count", _out_of_order)
        with pytest.raises(OSError, match="out of order"):
            await engines.speak("espeak", ssml("Oi."))
    _, speech = await engines.speak("espeak", ssml("Oi."))
    assert speech.pcm
    await engines.close()


def _out_of_order() -> int:
    raise OSError("out of order")
