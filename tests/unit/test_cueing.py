"""What is heard of a segment: passages without words take no time of those that have some."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.audio.wav import ChunkRecord
from darkchannel.jobs.options import Pauses
from darkchannel.speech.transcript import Boundary, Passage, Transcript, transcript
from services.merger.cueing import Heard, cues_of, heard
from services.merger.laying import laid

RATE = 1_000
SILENT = ("...", "***", "🌊", "— …", "_____", "~ ~ ~", "→", "®", "™")
WORDS = ("sol", "mar —", "3", "É noite.", "R$ 5")


def record(words: tuple[tuple[int, str], ...], samples: int, sentences: tuple[int, ...] = ()) -> ChunkRecord:
    return ChunkRecord(source="", engine="tone", samples=samples, rate=RATE, words=words, sentences=sentences)


def paragraphs(*texts: str) -> Transcript:
    return transcript("<speak>" + "".join(f"<p>{text}</p>" for text in texts) + "</speak>")


def starts(script: Transcript, *words: tuple[int, str], sentences: tuple[int, ...] = ()) -> dict[str, int | None]:
    found = heard(script, record(words, 10_000, sentences))
    return dict(zip((passage.text for passage in found.passages), found.starts, strict=True))


@pytest.mark.parametrize("silent", SILENT)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_paragraph_without_words_is_none_wherever_it_stands(silent: str, at: int) -> None:
    texts = ["A lua.", "O mar."]
    texts.insert(at, silent)
    words = (0, "a"), (100, "lua"), (900, "o"), (1_000, "mar")
    assert starts(paragraphs(*texts), *words) == {"A lua.": 0, "O mar.": 900}


@pytest.mark.parametrize("sign", ["©", "°", "≤", "≠", "≈", "¥", "₹", "‰", "∞", "±", "√", "§ 3"])
def test_a_sign_that_is_read_aloud_is_heard(sign: str) -> None:
    words = (0, "a"), (100, "lua"), (500, "dito"), (900, "o"), (1_000, "mar")
    assert starts(paragraphs("A lua.", sign, "O mar."), *words) == {"A lua.": 0, sign: 500, "O mar.": 900}


def test_a_sign_of_which_no_word_is_told_takes_no_other_words_start() -> None:
    words = (0, "a"), (100, "lua"), (900, "o"), (1_000, "mar")
    assert starts(paragraphs("A lua.", "№", "O mar."), *words) == {"A lua.": 0, "№": None, "O mar.": 900}


def test_a_sentence_without_words_is_none_where_the_engine_tells_words_and_no_sentences() -> None:
    script = transcript("<speak><p><s>A lua.</s></p><p><s>***</s></p></speak>")
    assert starts(script, (0, "a"), (100, "lua")) == {"A lua.": 0}


def test_a_sentence_without_words_is_where_its_engine_says() -> None:
    script = transcript("<speak><p><s>A lua.</s></p><p><s>🌊</s></p></speak>")
    assert starts(script, (0, "a"), (100, "lua"), sentences=(0, 700)) == {"A lua.": 0, "🌊": 700}


def test_words_at_the_end_that_were_not_spoken_take_no_other_words_start() -> None:
    assert starts(paragraphs("A lua.", "✓ Fim."), (0, "a"), (100, "lua")) == {"A lua.": 0, "✓ Fim.": None}


def test_a_word_that_was_spoken_starts_its_paragraph_whatever_was_left_out_before_it() -> None:
    assert starts(paragraphs("A lua cheia.", "Fim."), (0, "a"), (100, "lua"), (900, "fim")) == {
        "A lua cheia.": 0, "Fim.": 900
    }  # fmt: skip


BREAK = '<break time="3s"/>'


@pytest.mark.parametrize(
    ("ssml", "before", "edges"),
    [
        (f"<p>Sol.</p>{BREAK}<p>...</p><p>Mar.</p>", ["paragraph", "break"], (False, False)),
        (f"<p>Sol.</p><p>...</p>{BREAK}<p>Mar.</p>", ["paragraph", "break"], (False, False)),
        ("<p><s>Sol.</s></p><p><s>...</s><s>Mar.</s></p>", ["paragraph", "paragraph"], (False, False)),
        (f"<p>...</p>{BREAK}<p>Sol.</p>", ["break"], (True, False)),
        (f"<p>Sol.</p>{BREAK}<p>...</p>", ["paragraph"], (False, True)),
        (f"<p>Sol.</p><p>...</p>{BREAK}", ["paragraph"], (False, True)),
        (f"{BREAK}<p>...</p>", [], (True, True)),
        ("<p>...</p>", [], (False, False)),
    ],
)
def test_what_stands_beside_a_passage_without_words_stands_beside_those_that_have_some(
    ssml: str, before: list[Boundary], edges: tuple[bool, bool]
) -> None:
    found = heard(transcript(f"<speak>{ssml}</speak>"), record(((0, "sol"), (900, "mar")), 2_000))
    assert [passage.before for passage in found.passages] == before
    assert (found.starts_in_break, found.ends_in_break) == edges


_TEXTS = st.lists(st.sampled_from(SILENT + WORDS), min_size=1, max_size=9)


def spoken(texts: list[str]) -> tuple[Heard, ChunkRecord]:
    """Passages each of whose words takes 40 ms, with 300 ms of silence before the next passage."""
    at, words = 0, []
    for text in texts:
        for word in text.split() if text in WORDS else ():
            if word != "—":
                words.append((at, word.strip(".")))
                at += 40
        at += 300
    told = record(tuple(words), at)
    passages = tuple(Passage(text, "paragraph", is_sentence=False) for text in texts)
    return heard(Transcript(passages, ends_in_break=False), told), told


@given(_TEXTS)
def test_every_paragraph_with_words_starts_with_its_first_and_no_other_has_a_start(texts: list[str]) -> None:
    found, told = spoken(texts)
    firsts = [start for (before, _), (start, _) in pairwise([(-1_000, ""), *told.words]) if start - before > 40]
    assert [passage.text for passage in found.passages] == [text for text in texts if text in WORDS]
    assert list(found.starts) == firsts


@given(_TEXTS)
def test_pauses_lie_between_passages_and_every_word_within_the_cue_of_its_own(texts: list[str]) -> None:
    found, told = spoken(texts)
    samples = np.zeros(told.samples, np.int16)
    for start, _ in told.words:
        samples[start : start + 40] = 8_000
    begins = [start for start in found.starts if start is not None]
    before = [passage.before for passage in found.passages]
    speech = laid(samples, RATE, begins, before, Pauses(), keeps_start=False, keeps_end=False)
    cues = cues_of(found, told, speech)
    assert [cue.text for cue in cues] == [passage.text for passage in found.passages]
    assert all(one.end <= other.start for one, other in pairwise(cues))
    for cue in cues:
        assert [word for _, word in cue.words] == cue.text.split()
        assert all(cue.start <= start <= cue.end for start, _ in cue.words)
        assert abs(speech.samples[cue.start : cue.end]).min(initial=8_000) == 8_000  # no silence within
