"""Real speech of espeak-ng, in its own processes."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from darkchannel.errors import Permanent, Transient
from darkchannel.runtime.engines import open_engine
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import utc_now
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import Element
from darkchannel.storage.memory import MemoryStore
from services.synthesizer.engines import espeak_worker
from services.synthesizer.engines.espeak import Espeak
from services.synthesizer.engines.espeak_phonemes import TABLES, mnemonics
from services.synthesizer.engines.espeak_ssml import prepare
from services.synthesizer.roster import Engines


@pytest.fixture
async def espeak() -> AsyncIterator[Espeak]:
    engine = Espeak(slots=1)
    yield engine
    await engine.close()


def ssml(content: str, *, language: str = "pt-BR") -> str:
    """A segment as it lies in the store."""
    return f'<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="{language}">{content}</speak>'


def script(content: str, *, language: str = "pt-BR") -> Element:
    """A segment as an engine gets it."""
    return rendered(ssml(content, language=language))


async def seconds(espeak: Espeak, content: str, *, language: str = "pt-BR") -> float:
    speech = await espeak.speak(script(content, language=language))
    return len(speech.pcm) / 2 / speech.rate


async def test_a_segment_is_spoken_and_tells_where_each_sentence_begins(espeak: Espeak) -> None:
    speech = await espeak.speak(script("<p><s>Um dois três.</s><s>Quatro cinco seis.</s></p><p><s>Sete.</s></p>"))
    assert speech.rate == 22_050
    first, second, third = speech.sentences
    assert 0 == first < second < third < len(speech.pcm) // 2
    assert speech.marks == ()
    assert any(speech.pcm)


async def test_the_same_text_lasts_equally_long_whatever_was_spoken_before(espeak: Espeak) -> None:
    lengths = [await seconds(espeak, f"<p><s>Olá, mundo.</s></p>{tail}") for tail in ("", "sem ponto", "")]
    assert lengths[2] == pytest.approx(lengths[0], abs=0.01)


async def test_more_segments_than_processes_are_all_spoken(espeak: Espeak) -> None:
    spoken = await asyncio.gather(*(espeak.speak(script(f"Segmento número {n}.")) for n in range(20)))
    assert len(spoken) == 20
    assert all(speech.pcm for speech in spoken)


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


async def test_each_voice_of_a_dialogue_speaks_its_own_part(espeak: Espeak) -> None:
    text = "<s>Bom dia, minha gente.</s>"
    one = f'<voice name="pt-br">{text}</voice>'
    other = f'<voice name="pt-br+f3">{text}</voice>'
    same = await espeak.speak(script(one + one))
    mixed = await espeak.speak(script(one + other))
    assert len(mixed.sentences) == 2
    assert pitch(mixed.pcm[len(mixed.pcm) // 2 :]) > 1.2 * pitch(same.pcm[len(same.pcm) // 2 :])


def pitch(pcm: bytes) -> int:
    """How often the samples cross zero: enough to tell a high voice from a low one."""
    samples = memoryview(pcm[: len(pcm) // 2 * 2]).cast("h")
    return sum(a < 0 <= b for a, b in pairwise(samples))


async def test_audio_elements_never_reach_the_engine(espeak: Espeak) -> None:
    assert await seconds(espeak, '<p>Antes <audio src="x.wav">um sino</audio> depois.</p>') > 1


@pytest.mark.parametrize(
    ("content", "voices"),
    [
        ("oi", ["pt-br"]),
        ('<lang xml:lang="en-AU">oh</lang>', ["en"]),
        ('<voice name="fr-FR+f3">oi</voice><voice name="fr+f3">oi</voice>', ["fr+f3"]),
        ('<voice name="PT-BR">oi</voice> <voice name="pt-br">oi</voice> oi', ["pt-br"]),
        ('<voice name="pt-br+Annie">oi</voice>', ["pt-br+Annie"]),
    ],
)
async def test_a_voice_has_one_name_however_it_was_found(espeak: Espeak, content: str, voices: list[str]) -> None:
    assert [turn.voice for turn in (await espeak.speak(script(content))).turns] == voices


@pytest.mark.parametrize("voice", ["Camila", "pt-br+nobody", "../../etc", "português", "fr-fr+nobody"])
@pytest.mark.parametrize("where", ['<voice name="{}">oi</voice>', '<p><voice name="{}">oi</voice></p>'])
async def test_a_voice_that_does_not_exist_is_named(espeak: Espeak, voice: str, where: str) -> None:
    with pytest.raises(Permanent, match=f"no voice '{voice.replace('+', '[+]')}'.*lists them all"):
        await espeak.speak(script(where.format(voice)))
    assert await seconds(espeak, "Depois disso ele ainda fala.") > 1


async def test_a_language_without_its_region_speaks_for_it(espeak: Espeak) -> None:
    assert await seconds(espeak, "Hello there.", language="en-AU") > 0.3


@pytest.mark.parametrize("language", ["xx-YY", "xx" + "-a" * 60])
@pytest.mark.parametrize("content", ["oi", '<lang xml:lang="qq">oi</lang>', '<break time="1s"/>'])
async def test_a_language_that_is_not_spoken_is_told_as_the_fault(espeak: Espeak, language: str, content: str) -> None:
    with pytest.raises(
        Permanent, match=r"^espeak speaks no '(xx-YY|qq|xx-a.*)': change the option language.*lists them all"
    ):
        await espeak.speak(script(content, language=language))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "nothing to speak"),
        (" \n <p><s> </s></p><!-- nada -->", "nothing to speak"),
        ("ã " * 20_001, "more than the 40000 of a segment: shorten it"),
        ("oi" + '<mark name="m"/>' * 4_001, "4001 marks and sentences, more than the 4000"),
        ("<voice name='&lt;b&gt;'>oi</voice>", "no voice '<b>'"),
    ],
)
def test_a_segment_that_cannot_be_spoken_is_refused_with_its_reason(content: str, reason: str) -> None:
    with pytest.raises(Permanent, match=reason):
        prepare(Element("speak", {}, rendered(f"<speak>{content}</speak>").children))


def test_a_segment_of_one_voice_without_breaks_is_one_request() -> None:
    (piece,) = prepare(
        script(
            '<p><s>A <lang xml:lang="pt-BR">lua</lang><mark name="meu"/> <emphasis>azul</emphasis></s></p>'
            '<p><s><w role="x">b</w> c</s></p>'
        )
    )
    words = re.sub(r"<prosody [^>]*>azul</prosody>", "azul", piece.ssml)
    assert words == ('<speak>A lua<mark name="1"/> azul</s></p><p><s><mark name="2"/>b c</s></p></speak>')
    assert piece.places == (None, "meu", None)
    assert piece.ends


def test_signs_of_markup_are_words_to_the_engine() -> None:
    (piece,) = prepare(Element("speak", {}, ("a & <break/> &amp;\x01",)))
    assert piece.ssml == "<speak>a &amp; &lt;break/&gt; &amp;amp;</speak>"


def test_a_segment_is_cut_where_its_voice_changes_and_where_it_breaks() -> None:
    pieces = prepare(script('Um <voice name="en-us">two</voice><break time="1s"/>três.'))
    assert [(piece.voices[0], piece.ssml, piece.silence) for piece in pieces] == [
        ("pt-BR", "<speak>Um ,</speak>", None),
        ("en-us", "<speak>two,</speak>", 1_000),
        ("pt-BR", "<speak>três.</speak>", None),
    ]


def test_a_pause_of_a_sentence_is_made_only_where_one_ends() -> None:
    pieces = prepare(script('<s>Um <voice name="en-us">two</voice> três</s><voice name="en-us">four</voice>'))
    assert [piece.ends for piece in pieces] == [False, False, True, True]


@pytest.mark.parametrize(
    ("name", "voices"),
    [("pt-br+f3", ["pt-br+f3", "pt+f3"]), ("fr-fr+f3", ["fr-fr+f3", "fr+f3"]), ("en-us", ["en-us"]),
     ("Camila pt-br en", ["pt-br"])],
)  # fmt: skip
def test_a_voice_is_asked_for_by_its_name_and_with_a_variant_also_without_its_region(
    name: str, voices: list[str]
) -> None:
    (piece,) = prepare(script(f'<voice name="{name}">oi</voice>'))
    assert list(piece.voices) == voices


def test_words_of_another_language_are_said_in_the_variant_of_the_first_voice_that_there_is() -> None:
    names = "Camila en+nobody pt-br+f3 pt-br+m3"
    (piece,) = prepare(script(f'<voice name="{names}"><lang xml:lang="en-US">oh</lang></voice>'))
    assert piece.voices[0] == "en-US+f3"


def test_of_a_list_without_any_voice_all_names_are_told_cut_short() -> None:
    with pytest.raises(Permanent, match="espeak has no voice 'Camila Bia': name"):
        prepare(script('<voice name="Camila Bia">oi</voice>'))
    with pytest.raises(Permanent, match=r"espeak has no voice 'x{79}…': name"):
        prepare(script(f'<voice name="{"x" * 500}">oi</voice>'))


@pytest.mark.parametrize(
    ("language", "first", "last"),
    [
        ("pt", "pt-br", "pt"),
        ("pt-PT", "pt-PT", "pt"),
        ("zh-CN", "zh-CN", "cmn"),
        ("no", "no", "nb"),
        ("en", "en", "en"),
    ],
)
async def test_a_language_has_its_voice(espeak: Espeak, language: str, first: str, last: str) -> None:
    (piece,) = prepare(script("oi", language=language))
    assert (piece.voices[0], piece.voices[-1]) == (first, last)
    assert await seconds(espeak, "oi", language=language) > 0.2


@pytest.mark.parametrize(
    ("ipa", "language", "words"),
    [
        ("ˈkazɐ", "pt-BR", ["k|'a|z|&"]),
        ("ˈkɐ\u0303w\u0303", "pt", ["k|'&~|w"]),
        ("koɾaˈsɐ̃w̃", "pt-BR", ["k|o|*|a|s|'&~|w"]),
        ("aw̃", "pt", ["a|w"]),
        ("ˈd͡ʒi.ɐ", "pt-BR", ["dZ|'i|&"]),
        ("ˈtʃɜːtʃ", "en-US", ["tS|'3:|tS"]),
        ("həˈləʊ  ˈɡəʊ", "en", ["h|@|l|'oU", "g|'oU"]),
        ("ka" * 30, "pt", ["|".join("ka" * 20), "|".join("ka" * 10)]),
        ("ka zʘ", "pt-BR", []),
        ("", "pt-BR", []),
        ("]]", "pt-BR", []),
        ("kaza", "fr", []),
    ],
)
def test_ipa_becomes_the_mnemonics_of_the_voice(ipa: str, language: str, words: list[str]) -> None:
    assert mnemonics(ipa, language) == words


async def test_a_pronunciation_of_thousands_of_sounds_is_spoken(espeak: Espeak) -> None:
    assert await seconds(espeak, f'<phoneme ph="{"ˈdʒiɐ̃" * 400}">x</phoneme>') > 50


@pytest.mark.parametrize("language", ["pt-BR", "en-US"])
async def test_every_mnemonic_is_one_that_the_voice_knows(espeak: Espeak, language: str) -> None:
    """At one it does not know, the voice ends the word."""
    tail = "tatatata"
    bare = await seconds(espeak, f'<phoneme ph="ta{tail}">x</phoneme> a', language=language)
    for sign in TABLES[language[:2]]:
        told = await seconds(espeak, f'<phoneme ph="ta{sign}{tail}">x</phoneme> a', language=language)
        assert told > bare - 0.1, sign


async def test_a_pace_ends_with_its_request(espeak: Espeak) -> None:
    before = await seconds(espeak, "Um dois três.")
    await espeak.speak(script('<prosody rate="300%">Um <break time="1s"/> dois</prosody>'))
    assert await seconds(espeak, "Um dois três.") == pytest.approx(before, abs=0.03)


async def test_a_text_without_an_end_in_the_engine_is_refused(espeak: Espeak) -> None:
    slow = '<prosody rate="10%">' + "extraordinariamente " * 900 + "</prosody>"
    with pytest.raises(Permanent, match="more than 30 minutes"):
        await espeak.speak(script(slow))


async def test_a_process_that_dies_is_replaced(espeak: Espeak) -> None:
    await espeak.speak(script("Antes."))
    os.kill(worker_pids()[0], signal.SIGSTOP)
    speaking = asyncio.create_task(espeak.speak(script("Durante.")))
    await asyncio.sleep(0)
    os.kill(worker_pids()[0], signal.SIGKILL)
    with pytest.raises(Transient, match="stopped while it spoke"):
        await speaking
    assert await seconds(espeak, "Depois.") > 0.2


async def test_a_process_that_hangs_is_given_up_and_replaced() -> None:
    espeak = Espeak(slots=1, timeout=5)
    await espeak.speak(script("Antes."))
    hung = worker_pids()[0]
    os.kill(hung, signal.SIGSTOP)
    espeak.timeout = 0.2
    with pytest.raises(Transient, match="did not finish"):
        await espeak.speak(script("Durante."))
    espeak.timeout = 5
    assert await seconds(espeak, "Depois.") > 0.2
    assert hung not in worker_pids()
    await espeak.close()


async def test_a_cancelled_segment_leaves_the_next_one_its_own_answer(espeak: Espeak) -> None:
    long = asyncio.create_task(espeak.speak(script("<s>Uma frase comprida, que não acaba.</s>" * 200)))
    await asyncio.sleep(0)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    speech = await espeak.speak(script("<s>Curta.</s>"))
    assert speech.sentences == (0,)
    assert len(speech.pcm) < 2 * 22_050 * 3


async def test_closing_ends_every_process() -> None:
    espeak = Espeak(slots=2)
    await asyncio.gather(*(espeak.speak(script("Oi.")) for _ in range(2)))
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


async def test_an_engine_is_found_by_its_name() -> None:
    for name in ("espeak",):
        engine = await open_engine(name, MemoryStore())
        assert engine.name == "espeak"
        await engine.close()


async def test_an_engine_that_does_not_exist_names_those_there_are() -> None:
    with pytest.raises(Permanent, match=r"no engine 'vox': choose from auto, .*espeak"):
        await open_engine("vox", MemoryStore())


async def test_an_engine_that_could_not_be_opened_is_tried_again_for_the_next_segment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engines = Engines(partial(open_engine, store=MemoryStore()), ("espeak",), utc_now, Metrics())
    with monkeypatch.context() as broken:
        broken.setattr(os, "cpu_count", _out_of_order)
        with pytest.raises(Transient, match="'espeak' did not open: unexpected OSError: out of order"):
            await engines.member("espeak").engine()
    opened = await asyncio.gather(*(engines.member("espeak").engine() for _ in range(3)))
    assert opened[0] is opened[1] is opened[2]
    await engines.close()


def _out_of_order() -> int:
    raise OSError("out of order")
