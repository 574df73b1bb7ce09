"""The picture of a whole book's sound: where it is loud and quiet, and where its chapters begin."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from darkchannel.jobs.records import Mark

WIDTH: Final = 1_800
HEIGHT: Final = 280
APART: Final = 6
"""Between the ticks of two chapters, in pixels, at least: those of a book with more would be one bar."""

_CLEAR, _PEAK, _BODY, _TICK = range(4)
_COLOURS: Final = bytes((0, 0, 0, 78, 123, 176, 78, 123, 176, 201, 94, 22))
"""Red, green and blue of each: as far from white as from black, so that the picture stands on either."""
_OPACITIES: Final = bytes((0, 110, 255, 255))
_TICK_HEIGHT: Final = 26
_REACH: Final = 0.86
"""Of half the height: the loudest leaves the ticks something to stand on."""


def waveform(peaks: Iterable[int], seconds: float, chapters: Sequence[Mark]) -> bytes:
    """A PNG with a transparent ground: the peaks of each column pale, their mean solid, a tick for each chapter.

    ``peaks``: 0 to 255, at even steps over ``seconds``; drawn as loud as the loudest allows. ``chapters`` in seconds.
    """
    tall, body = _columns(np.fromiter(peaks, np.uint8))
    middle = (HEIGHT - 1) / 2
    distance = np.abs(np.arange(HEIGHT) - middle)[:, None]
    picture = np.full((HEIGHT, WIDTH), _CLEAR, np.uint8)
    picture[distance <= np.maximum(tall * middle, 1)] = _PEAK
    picture[distance <= np.maximum(body * middle, 1)] = _BODY
    for column in _ticks(seconds, chapters):
        picture[:_TICK_HEIGHT, column : column + 2] = _TICK
        picture[-_TICK_HEIGHT:, column : column + 2] = _TICK
    return _png(picture)


def _columns(peaks: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The loudest peak and the mean of the peaks of each column, 1 being half the height."""
    loudest = int(peaks.max(initial=0))
    if loudest == 0:
        return np.zeros(WIDTH), np.zeros(WIDTH)
    starts = np.arange(WIDTH) * len(peaks) // WIDTH
    counts = np.maximum(np.diff(starts, append=len(peaks)), 1)  # of few peaks, each stands in several columns
    tall = np.maximum.reduceat(peaks, starts)
    body = np.add.reduceat(peaks, starts, dtype=np.int64) / counts
    return tall / loudest * _REACH, body / loudest * _REACH


def _ticks(seconds: float, chapters: Sequence[Mark]) -> Iterable[int]:
    last = -APART
    for mark in chapters:
        column = int(mark.start / seconds * WIDTH) if seconds > 0 else 0
        if last + APART <= column < WIDTH:
            yield column
            last = column


def _png(picture: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(picture, "P")
    image.putpalette(_COLOURS)
    out = BytesIO()
    image.save(out, "PNG", optimize=True, transparency=_OPACITIES, bits=2)
    return out.getvalue()
