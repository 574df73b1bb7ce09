"""Silence is cut and laid; sound is neither."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkchannel.jobs.options import Pauses
from darkchannel.speech.transcript import Boundary
from services.merger.laying import LEAST_SECONDS, MARGIN_SECONDS, Laid, laid

RATE = 22_050
MARGIN = round(MARGIN_SECONDS * RATE)
PAUSES = Pauses(sentence=0.5, paragraph=0.9)
LENGTHS = {"sentence": round(0.5 * RATE), "paragraph": round(0.9 * RATE)}
Samples = NDArray[np.int16]


def sound(seconds: float, level: int = 9_000) -> Samples:
    """No sample of it is soft."""
    samples = round(seconds * RATE)
    return np.asarray(np.where(np.arange(samples) % 20 < 10, level, -level), np.int16)


def quiet(seconds: float, noise: float = 0, seed: int = 1) -> Samples:
    samples = round(seconds * RATE)
    return np.asarray(np.random.default_rng(seed).normal(0, noise, samples), np.int16)


def spoken(*parts: Samples) -> tuple[Samples, list[int]]:
    """Parts in turn, silence and sound, silence first; and where each sound starts."""
    samples = np.concatenate(parts)
    starts = np.cumsum([0, *map(len, parts)]).tolist()
    return samples, starts[1 : len(parts) : 2]


def lay(samples: Samples, starts: Sequence[int], before: Sequence[Boundary], *, keeps_end: bool = False) -> Laid:
    keeps_start = list(before[:1]) == ["break"]
    return laid(samples, RATE, starts, before, PAUSES, keeps_start=keeps_start, keeps_end=keeps_end)


def loud(samples: Samples) -> Samples:
    return samples[np.abs(samples.astype(np.int32)) > 3_000]


def pauses_of(result: Laid) -> list[int]:
    """From each sentence's last sound to the next sound, measured in the samples themselves."""
    heard = np.flatnonzero(np.abs(result.samples.astype(np.int32)) > 3_000)
    return [int(gap) - 1 for gap in np.diff(heard) if gap > MARGIN]


@pytest.mark.parametrize("between", [0.13, 0.5, 0.527, 3.0])
@pytest.mark.parametrize("boundary", ["sentence", "paragraph"])
def test_a_pause_is_as_long_as_the_rule_says(between: float, boundary: Boundary) -> None:
    samples, starts = spoken(quiet(0.1), sound(1), quiet(between), sound(1))
    result = lay(samples, starts, ["paragraph", boundary])
    assert pauses_of(result) == [LENGTHS[boundary]]
    assert result.starts[1] - result.ends[0] == LENGTHS[boundary]


@pytest.mark.parametrize("off", [-0.2, -0.05, -0.005, 0.005, 0.05, 0.2])
def test_a_place_that_is_somewhat_off_means_the_silence_near_it(off: float) -> None:
    samples, starts = spoken(quiet(0), sound(2), quiet(0.3), sound(2), quiet(0), sound(1))
    result = lay(samples, [0, starts[1] + round(off * RATE)], ["paragraph", "sentence"])
    assert pauses_of(result) == [LENGTHS["sentence"]]
    assert result.ends[0] == len(sound(2))


def test_the_silence_within_a_sentence_stays_as_it_was_spoken() -> None:
    samples, starts = spoken(quiet(0), sound(1), quiet(0.3), sound(1), quiet(0.6), sound(1))
    result = lay(samples, [0, starts[2]], ["paragraph", "sentence"])
    assert pauses_of(result) == [len(quiet(0.3)), LENGTHS["sentence"]]


def test_the_closure_of_a_consonant_is_no_pause() -> None:
    samples, _ = spoken(quiet(0), sound(1), quiet(LEAST_SECONDS - 0.04), sound(1))
    result = lay(samples, [0, round(1.15 * RATE)], ["paragraph", "sentence"])
    assert np.array_equal(result.samples, samples)


def test_sentences_that_an_engine_ran_together_stay_together() -> None:
    samples = sound(3)
    result = lay(samples, [0, RATE], ["paragraph", "paragraph"])
    assert np.array_equal(result.samples, samples)
    assert (result.starts, result.ends) == ((0, RATE), (RATE, 3 * RATE))


def test_edges_keep_a_margin_that_fades() -> None:
    samples = np.concatenate([quiet(1, 20), sound(1), quiet(1, 20)])
    result = lay(samples, [0], ["paragraph"])
    assert (result.head, result.tail) == (MARGIN, MARGIN)
    assert len(result.samples) == RATE + 2 * MARGIN
    assert (result.starts, result.ends) == ((MARGIN,), (MARGIN + RATE,))
    for edge in (result.samples[:MARGIN], result.samples[::-1][:MARGIN]):
        outer, inner = np.abs(edge[: MARGIN // 3]).mean(), np.abs(edge[-MARGIN // 3 :]).mean()
        assert outer < inner / 2


def test_edges_without_silence_are_left_as_they_are() -> None:
    result = lay(sound(1), [0], ["paragraph"])
    assert np.array_equal(result.samples, sound(1))
    assert (result.head, result.tail) == (0, 0)


def test_a_break_of_the_authors_stays_to_the_sample_wherever_it_stands() -> None:
    samples, starts = spoken(quiet(1.5, 9), sound(1), quiet(2.2, 9), sound(1), quiet(3.1, 9))
    result = lay(samples, starts, ["break", "break"], keeps_end=True)
    assert np.array_equal(result.samples, samples)
    assert (result.head, result.tail) == (0, 0)
    assert result.starts == tuple(starts)
    assert result.ends == (starts[0] + RATE, starts[1] + RATE)


def test_the_silence_before_a_clause_in_another_voice_stays_as_it_was_spoken() -> None:
    samples, starts = spoken(quiet(0), sound(1), quiet(0.3), sound(1), quiet(0.6), sound(1))
    result = lay(samples, starts, ["paragraph", "clause", "sentence"])
    assert pauses_of(result) == [len(quiet(0.3)), LENGTHS["sentence"]]
    assert result.starts == (0, starts[1], starts[1] + RATE + LENGTHS["sentence"])


def test_a_break_within_the_speech_keeps_no_silence_at_its_head() -> None:
    samples, starts = spoken(quiet(1), sound(1), quiet(2), sound(1))
    result = laid(samples, RATE, [starts[1]], ["break"], PAUSES, keeps_start=False, keeps_end=False)
    assert len(result.samples) == MARGIN + RATE + 2 * RATE + RATE


def test_a_silence_that_the_author_asked_for_is_all_there_is() -> None:
    pause = quiet(2, 5)
    assert np.array_equal(lay(pause, [], [], keeps_end=True).samples, pause)
    assert np.array_equal(lay(pause, [0], ["break"]).samples, pause)


@pytest.mark.parametrize("samples", [quiet(0), quiet(1), quiet(1, 5), np.array([3], np.int16)])
def test_silence_that_nobody_asked_for_falls_out(samples: Samples) -> None:
    result = lay(samples, [0, 100], ["paragraph", "sentence"])
    assert len(result.samples) == 0
    assert (result.starts, result.ends) == ((0, 0), (0, 0))
    assert result.moved(500) == 0


def test_a_single_sample_of_sound_is_kept() -> None:
    assert lay(np.array([-32_768], np.int16), [0], ["paragraph"]).samples.tolist() == [-32_768]


@pytest.mark.parametrize("noise", [0.0, 33.0, 150.0])
@pytest.mark.parametrize("level", [2_000, 9_000, 32_767])
def test_an_engine_may_be_soft_or_leave_noise(noise: float, level: int) -> None:
    noise *= level / 32_767
    parts = [quiet(0.5, noise), sound(1, level), quiet(0.7, noise, 2), sound(1, level), quiet(0.9, noise, 3)]
    samples, starts = spoken(*parts)
    result = lay(samples, starts, ["paragraph", "sentence"])
    assert result.starts[1] - result.ends[0] == LENGTHS["sentence"]
    assert len(result.samples) == 2 * RATE + LENGTHS["sentence"] + 2 * MARGIN


def test_a_consonant_a_sixtieth_as_loud_as_the_vowels_is_no_silence() -> None:
    consonant = sound(0.1, 300)
    samples = np.concatenate([quiet(0.3), consonant, sound(1, 18_000), consonant, quiet(0.3)])
    result = lay(samples, [0], ["paragraph"])
    assert (np.abs(result.samples) >= 300).sum() == len(consonant) * 2 + RATE


@pytest.mark.parametrize("between", [0.05, 0.4])
@pytest.mark.parametrize("pause", [0, 0.03, 0.05])
def test_pauses_may_be_shorter_than_the_margins_of_two_sounds(pause: float, between: float) -> None:
    samples, starts = spoken(quiet(0), sound(1), quiet(between), sound(1))
    result = laid(
        samples, RATE, starts, ["paragraph", "sentence"], Pauses(sentence=pause), keeps_start=False, keeps_end=False
    )
    assert len(result.samples) == 2 * RATE + round(pause * RATE)


def test_a_short_silence_is_a_pause_where_a_sentence_is_said_to_start() -> None:
    samples, starts = spoken(quiet(0), sound(1), quiet(LEAST_SECONDS / 2), sound(1))
    assert pauses_of(lay(samples, starts, ["paragraph", "sentence"])) == [LENGTHS["sentence"]]


def test_the_silence_at_a_mark_is_meant_though_a_longer_one_is_near() -> None:
    samples, starts = spoken(quiet(0), sound(1), quiet(0.2), sound(0.15), quiet(0.7), sound(1))
    result = lay(samples, starts[:2], ["paragraph", "sentence"])
    assert pauses_of(result) == [LENGTHS["sentence"], len(quiet(0.7))]


def test_a_silence_parts_two_sentences_and_not_three() -> None:
    samples, starts = spoken(quiet(0), sound(1), quiet(0.4), sound(1))
    result = lay(samples, [*starts, starts[1] + round(0.15 * RATE)], ["paragraph", "sentence", "sentence"])
    assert pauses_of(result) == [LENGTHS["sentence"]]
    assert result.starts[2] == result.starts[1] + round(0.15 * RATE)


def test_the_pause_after_a_short_first_word_stays_as_it_was_spoken() -> None:
    samples, starts = spoken(quiet(0.05), sound(0.15), quiet(0.3), sound(1))
    result = lay(samples, starts[:1], ["sentence"])
    assert pauses_of(result) == [len(quiet(0.3))]
    assert result.head == MARGIN


def test_sentences_without_a_word_share_the_place_of_the_next() -> None:
    samples, starts = spoken(quiet(0.2), sound(1), quiet(0.4), sound(0.15), quiet(0.3), sound(1), quiet(0.6))
    result = lay(samples, [starts[0], starts[1], starts[1], len(samples)], ["paragraph"] + ["sentence"] * 3)
    assert pauses_of(result) == [LENGTHS["sentence"], len(quiet(0.3))]
    assert result.starts[1] == result.starts[2]
    assert result.tail == MARGIN
    assert result.starts[3] == len(result.samples)


SPEECH = st.lists(
    st.tuples(st.floats(0, 1.2), st.floats(0.3, 0.8), st.sampled_from(["sentence", "paragraph", "break"])),
    min_size=1, max_size=4,
)  # fmt: skip


@given(speech=SPEECH, end=st.floats(0, 1), noise=st.sampled_from([0, 15]), keeps_end=st.booleans())
def test_sound_stays_and_pauses_are_the_rules(
    speech: list[tuple[float, float, Boundary]], end: float, noise: int, keeps_end: bool
) -> None:
    gaps = [quiet(gap if gap > LEAST_SECONDS else 0.5, noise) for gap, _, _ in speech]
    parts = [part for gap, (_, seconds, _) in zip(gaps, speech, strict=True) for part in (gap, sound(seconds))]
    samples, starts = spoken(*parts, quiet(end, noise))
    before = [boundary for _, _, boundary in speech]
    result = lay(samples, starts, before, keeps_end=keeps_end)
    assert np.array_equal(loud(result.samples), loud(samples))
    for number, (gap, boundary) in enumerate(zip(gaps[1:], before[1:], strict=True)):
        pause = result.samples[result.ends[number] : result.starts[number + 1]]
        if boundary == "break":
            assert np.array_equal(pause, gap)
        else:
            assert len(pause) == LENGTHS[boundary]
            assert abs(int(np.abs(pause).max(initial=0))) < 300
    for start, _, seconds in zip(result.starts, starts, (s for _, s, _ in speech), strict=True):
        assert np.array_equal(result.samples[start : start + round(seconds * RATE)], sound(seconds))


@given(
    samples=st.lists(st.sampled_from([0, 1, -30, 4_000, -32_768]), max_size=40),
    each=st.integers(1, 2_000),
    starts=st.lists(st.integers(-5, 90_000), max_size=8),
    before=st.lists(st.sampled_from(["sentence", "paragraph", "break"]), max_size=8),
    keeps_end=st.booleans(),
    rate=st.sampled_from([1, 8_000, 22_050, 48_000]),
)
def test_whatever_a_record_tells_no_sound_is_lost_and_places_keep_their_order(
    samples: list[int], each: int, starts: list[int], before: list[Boundary], keeps_end: bool, rate: int
) -> None:
    speech = np.repeat(np.array(samples, np.int16), each)
    result = laid(speech, rate, starts, before, PAUSES, keeps_start=keeps_end, keeps_end=keeps_end)
    assert np.array_equal(loud(result.samples), loud(speech))
    assert len(result.starts) == len(result.ends) == len(starts)
    assert list(result.starts) == sorted(result.starts)
    assert all(start <= end for start, end in zip(result.starts, result.ends, strict=True))
    moved = [result.moved(sample) for sample in range(-10, len(speech) + 10, 97)]
    assert all(earlier <= later for earlier, later in pairwise(moved))
    assert all(0 <= place <= len(result.samples) for place in (*moved, *result.starts, *result.ends))
    heard = np.flatnonzero(np.abs(speech.astype(np.int32)) > 3_000)
    assert all(result.samples[result.moved(int(place))] == speech[place] for place in heard[::53])
