"""Mastering: where sounds stand in a section, how loud they are, and what is told of them."""

from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from darkchannel.audio.wav import ChunkRecord
from darkchannel.jobs.options import Pauses
from services.merger.mastering import Brief, Mastered, Take, master
from services.merger.pauses import CLAUSE_SECONDS

RATE = 22_050
PAUSES = Pauses(sentence=0.5, paragraph=0.9)
ENDING = 0.7


def sound(seconds: float) -> NDArray[np.int16]:
    at = np.arange(round(seconds * RATE)) / RATE
    return (8_000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)


def quiet(seconds: float) -> NDArray[np.int16]:
    return np.zeros(round(seconds * RATE), np.int16)


def take(
    ssml: str,
    *pieces: NDArray[np.int16],
    sentences: Sequence[float] = (),
    words: Sequence[tuple[float, str]] = (),
    gain: float = 0.0,
) -> Take:
    """``sentences`` and ``words``: seconds at which they start."""
    pcm = np.concatenate(pieces)
    record = ChunkRecord(
        source="", engine="tone", samples=len(pcm), rate=RATE,
        sentences=tuple(round(at * RATE) for at in sentences), gains=((0, gain),),
        words=tuple((round(at * RATE), word) for at, word in words),
    )  # fmt: skip
    return Take(record, memoryview(pcm.tobytes()), ssml, PAUSES.paragraph)


async def mastered(*takes: Take, gain: float = 0.0, rate: int = RATE) -> Mastered:
    async def each() -> AsyncIterator[Take]:
        for one in takes:
            yield one

    return await master(each(), Brief(rate=rate, encodings=("flac",), pauses=PAUSES, gain=gain, ending=ENDING))


def spans(made: Mastered) -> list[tuple[float, float]]:
    """When each cue is heard, in seconds."""
    return [(cue.start / RATE, cue.end / RATE) for cue in made.cues.cues]


SENTENCE = "<speak><p><s>Um dois.</s></p></speak>"


async def test_between_two_segments_stands_the_pause_of_the_rule_whatever_the_engine_left() -> None:
    made = await mastered(
        take(SENTENCE, quiet(0.4), sound(1), quiet(0.2), sentences=[0.4]),
        take(SENTENCE, quiet(0.05), sound(1), quiet(0.3), sentences=[0.05]),
    )
    [(_, end), (start, _)] = spans(made)
    assert start - end == pytest.approx(PAUSES.paragraph, abs=0.002)


async def test_after_the_last_sound_of_a_section_comes_its_ending() -> None:
    made = await mastered(take(SENTENCE, sound(1), quiet(0.4), sentences=[0.0]))
    assert made.samples / RATE - spans(made)[-1][1] == pytest.approx(ENDING, abs=0.002)


@pytest.mark.parametrize("seconds", [0.0, 0.05])
async def test_a_section_ends_in_silence_however_short_the_break_of_its_author_is(seconds: float) -> None:
    ssml = f'<speak><p><s>Um dois.</s></p><break time="{round(1_000 * seconds)}ms"/></speak>'
    made = await mastered(take(ssml, sound(1), quiet(seconds), sentences=[0.0]))
    assert made.samples / RATE - spans(made)[-1][1] == pytest.approx(CLAUSE_SECONDS, abs=0.002)


async def test_a_long_break_at_the_end_stays_as_long_as_it_is() -> None:
    ssml = '<speak><p><s>Um dois.</s></p><break time="3s"/></speak>'
    made = await mastered(take(ssml, sound(1), quiet(3), sentences=[0.0]))
    assert made.samples / RATE == pytest.approx(4, abs=0.002)


@pytest.mark.parametrize(
    ("ssml", "sentences"),
    [('<speak><break time="3s"/>Um dois</speak>', ()), ('<speak><break time="3s"/><s>Um dois.</s></speak>', (3.0,))],
    ids=["plain words", "a sentence"],
)
async def test_a_break_that_opens_a_segment_is_all_that_parts_it_from_the_last(
    ssml: str, sentences: tuple[float, ...]
) -> None:
    made = await mastered(
        take(SENTENCE, sound(1), sentences=[0.0]), take(ssml, quiet(3), sound(1), sentences=sentences)
    )
    assert made.samples / RATE == pytest.approx(1 + 0.03 + 3 + 1 + ENDING, abs=0.04)


async def test_words_outside_of_sentences_share_the_time_since_the_last_that_is_told() -> None:
    ssml = "<speak><s>Um dois.</s> Três quatro. <s>Cinco seis.</s></speak>"
    made = await mastered(take(ssml, sound(2), quiet(0.3), sound(1), sentences=[0.0, 2.3]))
    assert [cue.text for cue in made.cues.cues] == ["Um dois.", "Três quatro.", "Cinco seis."]
    assert all(before[1] <= after[0] + 1e-6 for before, after in pairwise(spans(made)))


async def test_a_paragraph_without_sentences_begins_with_its_first_word_after_the_pause_of_the_rule() -> None:
    """As people write SSML by hand; the second paragraph is short, so its letters tell nothing of its time."""
    ssml = "<speak><p>Um dois três quatro.</p><p>Sim.</p><p><s>Cinco seis.</s></p> Sete.</speak>"
    pieces = sound(1), quiet(0.3), sound(2), quiet(0.3), sound(1), quiet(0.3), sound(1)
    words = [(0, "um"), (0.2, "dois"), (0.5, "três"), (0.8, "quatro"), (1.3, "sim"), (3.6, "cinco"), (4.9, "sete")]
    made = await mastered(take(ssml, *pieces, sentences=[3.6], words=words))
    assert [cue.text for cue in made.cues.cues] == ["Um dois três quatro.", "Sim.", "Cinco seis.", "Sete."]
    assert np.array(spans(made)) == pytest.approx(np.array([(0, 1), (1.9, 3.9), (4.8, 5.8), (6.7, 7.7)]), abs=0.002)
    assert [len(cue.words) for cue in made.cues.cues] == [4, 1, 2, 1]


async def test_sentences_and_voices_of_a_paragraph_without_sentences_have_a_subtitle_each_of_their_own() -> None:
    ssml = "<speak><p>Um dois. <voice>Três: quatro!</voice> <voice>Cinco</voice> seis.</p></speak>"
    words = [(0, "um"), (0.5, "dois"), (1.3, "três"), (1.8, "quatro"), (2.6, "cinco"), (3.9, "seis")]
    made = await mastered(
        take(ssml, sound(1), quiet(0.3), sound(1), quiet(0.3), sound(1), quiet(0.3), sound(1), words=words)
    )
    assert [cue.text for cue in made.cues.cues] == ["Um dois.", "Três: quatro!", "Cinco", "seis."]
    assert np.array(spans(made)) == pytest.approx(np.array([(0, 1), (1.5, 2.5), (3, 4), (4.3, 5.3)]), abs=0.002)
    assert [cue.opens for cue in made.cues.cues] == [True, False, False, False]


async def test_passages_whose_words_start_together_are_shown_one_after_the_other() -> None:
    ssml = "<speak><p>Um.</p><p>Dois.</p></speak>"
    made = await mastered(take(ssml, sound(2), words=[(0, "umdois")]))
    assert [cue.text for cue in made.cues.cues] == ["Um.", "Dois."]


async def test_a_text_that_is_no_ssml_any_more_is_heard_and_not_shown() -> None:
    made = await mastered(take("<speak", sound(1)))
    assert made.cues.cues == ()
    assert made.samples / RATE == pytest.approx(1 + ENDING, abs=0.002)


async def test_a_record_that_tells_of_other_sentences_is_laid_as_one_piece() -> None:
    made = await mastered(take(SENTENCE, sound(1), quiet(0.5), sound(1), sentences=[0.0, 1.5]))
    assert made.samples / RATE == pytest.approx(2.5 + ENDING, abs=0.002)


async def test_gains_of_the_voice_and_of_the_book_add_up() -> None:
    plain = await mastered(take(SENTENCE, sound(2), sentences=[0.0]))
    raised = await mastered(take(SENTENCE, sound(2), sentences=[0.0], gain=-4.0), gain=-2.0)
    assert plain.loudness is not None
    assert raised.loudness is not None
    assert plain.loudness - raised.loudness == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize(("ssml", "lead"), [(SENTENCE, 0.03), ('<speak><break time="400ms"/>Um</speak>', 0.0)])
async def test_a_section_tells_how_long_it_is_until_its_first_sound(ssml: str, lead: float) -> None:
    made = await mastered(take(ssml, quiet(0.4), sound(1), sentences=[0.4] if lead else []))
    assert made.lead / RATE == pytest.approx(lead, abs=0.002)


async def test_silence_has_no_loudness_and_a_flat_waveform() -> None:
    made = await mastered(take('<speak><break time="2s"/></speak>', quiet(2)))
    assert made.loudness is None
    assert set(b64decode(made.cues.peaks)) <= {0}
