"""Speech at another rate is the same speech, and its places stay where they are heard."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkchannel.audio.faults import RATES
from darkchannel.audio.resampling import resampled
from darkchannel.audio.wav import Mark, Speech, Turn, Word

rates = st.sampled_from([RATES[0], 16_000, 22_050, 24_000, 44_100, RATES[1]])


def tone(seconds: float, rate: int, hertz: float = 440.0) -> bytes:
    count = round(seconds * rate)
    return struct.pack(f"<{count}h", *(round(9_000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(count)))


@settings(max_examples=12, deadline=None)
@given(rates, rates, st.floats(0.05, 1.5))
async def test_it_lasts_as_long_and_every_place_keeps_its_time(before: int, after: int, seconds: float) -> None:
    pcm = tone(seconds, before)
    end = len(pcm) // 2
    places = (0, end // 3, end // 2, end)
    speech = Speech(
        pcm,
        before,
        marks=tuple(Mark(str(place), place) for place in places),
        sentences=places,
        words=tuple(Word(place, "mar") for place in places),
        turns=tuple(Turn(place, "ana") for place in places),
    )
    moved = await resampled(speech, after)
    samples = len(moved.pcm) // 2
    assert samples / after == pytest.approx(end / before, abs=0.002)
    for found in (
        [mark.sample for mark in moved.marks],
        list(moved.sentences),
        [word.sample for word in moved.words],
        [turn.sample for turn in moved.turns],
    ):
        assert [place / after for place in found] == pytest.approx([place / before for place in places], abs=0.002)
        assert found == sorted(found)
        assert found[-1] <= samples
    assert [mark.name for mark in moved.marks] == [str(place) for place in places]
    assert {word.text for word in moved.words} | {turn.voice for turn in moved.turns} == {"mar", "ana"}


async def test_it_sounds_as_high_and_as_loud() -> None:
    moved = await resampled(Speech(tone(1, 24_000), 24_000), 16_000)
    heard = np.frombuffer(moved.pcm, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(heard))
    assert spectrum.argmax() * 16_000 / len(heard) == pytest.approx(440, abs=2)
    assert np.sqrt((heard**2).mean()) == pytest.approx(9_000 / math.sqrt(2), rel=0.02)


async def test_at_its_own_rate_it_is_left_alone() -> None:
    speech = Speech(tone(0.1, 16_000), 16_000)
    assert await resampled(speech, 16_000) is speech


async def test_nothing_stays_nothing() -> None:
    assert await resampled(Speech(b"", 16_000, sentences=(0,)), 24_000) == Speech(b"", 24_000, sentences=(0,))
