"""The waveform: one small picture of any length of sound."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from darkchannel.jobs.records import Mark
from services.merger.waveform import HEIGHT, WIDTH, waveform

CLEAR, PEAK, BODY, TICK = range(4)


def seen(png: bytes) -> NDArray[np.uint8]:
    """Which of the four colours each pixel has."""
    image = Image.open(BytesIO(png))
    assert image.format == "PNG"
    assert image.size == (WIDTH, HEIGHT)
    return np.asarray(image)


def marks(*starts: float) -> list[Mark]:
    return [Mark(title="Cais", start=start, end=start + 1) for start in starts]


def test_loud_parts_stand_higher_than_quiet_ones() -> None:
    picture = seen(waveform([40] * 500 + [160] * 500, 100, []))
    heights = (picture == BODY).sum(axis=0)
    assert heights[100] == pytest.approx(heights[WIDTH - 100] / 4, abs=2)


def test_the_peak_of_a_column_stands_out_from_its_mean() -> None:
    picture = seen(waveform([20, 20, 20, 200] * 9_000, 3_600, []))
    column = picture[:, WIDTH // 2]
    assert (column != CLEAR).sum() > 2.5 * (column == BODY).sum() > 0


def test_the_picture_is_the_same_above_and_below_its_middle() -> None:
    picture = seen(waveform(range(256), 25.6, marks(0, 9)))
    assert (picture == picture[::-1]).all()


def test_each_peak_stands_where_its_time_is() -> None:
    picture = seen(waveform([200 if at == 7_500 else 0 for at in range(10_000)], 1_000, []))
    columns = np.flatnonzero((picture != CLEAR).sum(axis=0) > 2)
    assert list(columns) == [WIDTH * 3 // 4]


def test_a_chapter_has_a_tick_at_its_start() -> None:
    picture = seen(waveform([100] * 1_000, 100, marks(0, 25, 50)))
    columns = np.flatnonzero((picture == TICK).any(axis=0))
    assert list(columns) == [0, 1, 450, 451, 900, 901]


def test_three_thousand_chapters_leave_the_sound_to_be_seen() -> None:
    picture = seen(waveform([100] * 30_000, 3_000, marks(*range(3_000))))
    assert 100 < (picture == TICK).any(axis=0).sum() <= WIDTH / 3 + 2
    assert (picture == BODY).any(axis=0).all()


@pytest.mark.parametrize("peaks", [[], [0], [0] * 40, [255], [1, 2]])
def test_next_to_nothing_and_silence_give_a_picture_too(peaks: list[int]) -> None:
    picture = seen(waveform(iter(peaks), len(peaks) / 10, marks(0, 1)))
    assert (picture == BODY).any(axis=0).all()


def test_25_hours_are_drawn_in_a_small_file() -> None:
    peaks = ((at * 7919) % 143 for at in range(900_000))
    assert len(waveform(peaks, 90_000, marks(*range(0, 90_000, 900)))) < 30_000


@settings(max_examples=30)
@given(st.lists(st.integers(0, 255), max_size=4_000), st.lists(st.floats(0, 400), max_size=20).map(sorted))
def test_any_peaks_and_chapters_give_the_same_picture_twice(peaks: list[int], starts: list[float]) -> None:
    first = waveform(peaks, len(peaks) / 10, marks(*starts))
    assert first == waveform(iter(peaks), len(peaks) / 10, marks(*starts))
    seen(first)


def test_the_ground_is_transparent_and_the_peaks_are_paler_than_the_body() -> None:
    png = waveform([20, 20, 20, 200] * 9_000, 3_600, [])
    opacity = np.asarray(Image.open(BytesIO(png)).convert("RGBA"))[..., 3]
    kinds = seen(png)
    assert (opacity[kinds == CLEAR] == 0).all()
    assert (opacity[kinds == BODY] == 255).all()
    assert 0 < opacity[kinds == PEAK].max() < 200


def _luminance(colour: NDArray[np.float64]) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("ground", [255, 0x12])
def test_body_and_ticks_can_be_told_from_white_and_from_black(ground: int) -> None:
    image = Image.open(BytesIO(waveform([100] * 100, 10, marks(5)))).convert("RGBA")
    page = Image.new("RGBA", image.size, (ground, ground, ground))
    page.alpha_composite(image)
    on = _luminance(np.full(3, ground / 255)) + 0.05
    for at in ((100, HEIGHT // 2), (WIDTH // 2, 3)):
        colour = _luminance(np.asarray(page)[at[1], at[0], :3] / 255) + 0.05
        assert max(on, colour) / min(on, colour) >= 3
