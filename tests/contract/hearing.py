"""What is heard of speech, measured on its samples."""

from __future__ import annotations  # array is generic for type checkers alone

import math
from array import array
from itertools import groupby

from darkchannel.audio.wav import Speech

SILENT = 60
"""Of 32,767: below this a sample is silence."""


def samples(speech: Speech) -> array[int]:
    return array("h", speech.pcm)


def seconds(speech: Speech) -> float:
    return len(speech.pcm) / 2 / speech.rate


def heard(speech: Speech) -> array[int]:
    """The samples from the first that is heard to the last."""
    found = samples(speech)
    first = next((at for at, value in enumerate(found) if abs(value) > SILENT), len(found))
    last = next((at for at in range(len(found) - 1, first, -1) if abs(found[at]) > SILENT), first)
    return found[first:last]


def sounding(speech: Speech) -> float:
    """Seconds from the first sound to the last."""
    return len(heard(speech)) / speech.rate


def longest_silence(speech: Speech) -> float:
    """Seconds, between sounds."""
    runs = (len(list(run)) for quiet, run in groupby(heard(speech), lambda value: abs(value) <= SILENT) if quiet)
    return max(runs, default=0) / speech.rate


def level(speech: Speech) -> float:
    """Root mean square in decibels of full scale, pauses left out."""
    found = [value for value in samples(speech) if abs(value) > SILENT]
    return (
        20 * math.log10(math.sqrt(sum(value * value for value in found) / len(found)) / 32_768) if found else -math.inf
    )


def pitch(speech: Speech) -> float:
    """The median fundamental in hertz, by autocorrelation of voiced stretches of 50 ms."""
    step = max(1, speech.rate // 8_000)
    rate = speech.rate / step
    found = heard(speech)[::step]
    width = int(rate * 0.05)
    lags = range(int(rate / 400), int(rate / 60))
    pitches = []
    for start in range(0, len(found) - width - lags[-1], width):
        stretch = found[start : start + width + lags[-1]]
        if sum(value * value for value in stretch) / len(stretch) < 600**2:
            continue
        likeness = [sum(stretch[at] * stretch[at + lag] for at in range(0, width, 3)) for lag in lags]
        pitches.append(rate / lags[likeness.index(max(likeness))])
    return sorted(pitches)[len(pitches) // 2]
