"""Laying: speech without the silence an engine happened to leave, and with the pauses that the job asks for."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkchannel.jobs.options import Pauses
from darkchannel.speech.transcript import Boundary

Samples = NDArray[np.int16]
Silence = tuple[int, int]
"""(its first sample, the first sound after it)."""

MARGIN_SECONDS: Final = 0.03
"""Of a silence, beside each sound: kept, and faded, so that nothing clicks and no soft consonant is cut."""
NEAR_SECONDS: Final = 0.25
"""How far from its mark the silence before a sentence is looked for: engines tell places some ms off."""
AT_SECONDS: Final = 0.02
"""A silence this near to a mark is the one that is meant."""
LEAST_SECONDS: Final = 0.12
"""Shortest silence that parts two sentences where it is not at the mark: the one before a «p» is shorter."""

_BLOCKS_A_SECOND: Final = 200
_LEAST_BLOCKS: Final = 4
FAINT: Final = 33
"""-60 dB of full scale: what is softer says nothing of how loud the speech is."""
_BELOW_SPEECH: Final = 10 ** (-40 / 20)
_LEAST_BELOW_SPEECH: Final = 10 ** (-30 / 20)
_ABOVE_NOISE: Final = 3.0
"""Times the peaks of its softest parts: in a second some samples stand out that far."""


@dataclass(frozen=True, slots=True)
class Laid:
    samples: Samples
    head: int
    """Samples left before the first sound, ``MARGIN_SECONDS`` at most; 0 where the silence there is the author's."""
    tail: int
    """Likewise after the last sound. Who lays a pause between two segments takes both from it."""
    starts: tuple[int, ...]
    """Where each sentence begins now: its first sound."""
    ends: tuple[int, ...]
    """Where the sound of each sentence ends now."""
    knots: tuple[tuple[int, int], ...]
    """(where a place was, where it is now), in order; in between all moves in proportion."""

    def moved(self, sample: int) -> int:
        """Where a sample of the speech as it was stands now; one that fell out, at the place where it was."""
        return _moved(self.knots, sample)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A silence of the speech, from ``start`` to ``end``, that becomes another."""

    start: int
    end: int
    tail: int
    """Samples kept at its start."""
    zeros: int
    lead: int
    """Samples kept at its end."""


def laid(
    samples: Samples,
    rate: int,
    starts: Sequence[int],
    before: Sequence[Boundary],
    pauses: Pauses,
    *,
    keeps_start: bool,
    keeps_end: bool,
) -> Laid:
    """Speech of a segment with its edges trimmed and the pauses between its sentences as long as asked for.

    ``starts``: the sample at which each sentence starts; ``before``: what each begins. The silence before the first
    sound falls out unless it ``keeps_start``, that after the last unless it ``keeps_end``; a silence of the author's
    stays as it is, and so does one before a clause. A pause is the rule's from the last sound to the next; where an
    engine left no silence between two sentences, none is laid.
    """
    marks = [min(max(start, 0), len(samples)) for start in accumulate(starts, max)]
    silences = silences_of(samples, rate)
    if len(silences) == 1:
        return _unheard(samples, marks, keeps=keeps_end or keeps_start)
    head, *_, end = silences
    found = list(_found(silences[:-1], marks, rate))
    margin = round(MARGIN_SECONDS * rate)
    first = 0 if keeps_start else min(margin, head[1])
    last = 0 if keeps_end else min(margin, end[1] - end[0])
    cuts = [] if keeps_start else [_Cut(*head, tail=0, zeros=0, lead=first)]
    for silence, boundary in zip(found, before, strict=False):
        if silence and silence != head and boundary not in ("break", "clause"):
            cuts.append(_cut(*silence, round(getattr(pauses, boundary) * rate), margin))
    if not keeps_end:
        cuts.append(_Cut(*end, tail=last, zeros=0, lead=0))
    knots = tuple(_knots(cuts, len(samples)))
    between = [silence or (mark, mark) for mark, silence in zip(marks, found, strict=True)]
    begins = tuple(accumulate((_moved(knots, sound) for _, sound in between), max))
    ceases = (_moved(knots, silence) for silence, _ in [*between[1:], end])
    return Laid(_applied(samples, cuts), first, last, begins, tuple(map(max, begins, ceases)), knots)


def _unheard(samples: Samples, marks: Sequence[int], *, keeps: bool) -> Laid:
    """A silence of the author's stays, an engine's falls out."""
    left = samples if keeps else samples[:0]
    places = tuple(min(mark, len(left)) for mark in marks)
    return Laid(left, 0, 0, places, places, ((0, 0), (len(samples), len(left))))


def silences_of(samples: Samples, rate: int) -> list[Silence]:
    """The silences of 20 ms and more, to the sample, and those at both edges, be they empty; one, if nothing is heard.

    Silent is what stays 40 dB below the loud parts of the speech, or near to the noise that an engine leaves between
    words, if that is more, but at least 30 dB below.
    """
    block = max(1, rate // _BLOCKS_A_SECOND)
    blocks = np.pad(samples, (0, -len(samples) % block)).reshape(-1, block)
    peaks = np.maximum(blocks.max(axis=1).astype(np.int32), -blocks.min(axis=1).astype(np.int32))
    limit = _limit(peaks)
    loud = np.flatnonzero(peaks > limit)
    if not len(loud):
        return [(0, len(samples))]
    gaps = np.flatnonzero(np.diff(loud) > _LEAST_BLOCKS)
    last, first = np.append(loud[gaps], loud[-1]), np.insert(loud[gaps + 1], 0, loud[0])
    starts = (last + 1) * block - np.argmax(_exceeds(blocks[last, ::-1], limit), axis=1)
    ends = first * block + np.argmax(_exceeds(blocks[first], limit), axis=1)
    return list(zip([0, *starts.tolist()], [*ends.tolist(), len(samples)], strict=True))


def _limit(peaks: NDArray[np.int32]) -> int:
    heard = peaks[peaks > FAINT]
    if not len(heard):
        return FAINT
    speech, noise = np.percentile(heard, 90), np.percentile(peaks, 5)
    return int(np.clip(_ABOVE_NOISE * noise, _BELOW_SPEECH * speech, _LEAST_BELOW_SPEECH * speech))


def _exceeds(blocks: Samples, limit: int) -> NDArray[np.bool_]:
    return (blocks > limit) | (blocks < -limit)


def _found(silences: Sequence[Silence], marks: Sequence[int], rate: int) -> Iterator[Silence | None]:
    """The silence before each sentence; none is that of two."""
    near, at, least = (round(seconds * rate) for seconds in (NEAR_SECONDS, AT_SECONDS, LEAST_SECONDS))
    free = -near
    for mark in marks:
        first = bisect_left(silences, max(mark - near, free), key=itemgetter(1))
        around = silences[first : bisect_right(silences, mark + near, key=itemgetter(0))] if mark > free else []
        meant = [silence for silence in around if silence[0] - at <= mark <= silence[1] + at]
        long = [(start, end) for start, end in around if start == 0 or end - start >= least]
        both = [silence for silence in meant if silence in long]
        chosen = max(both or long or meant, key=lambda silence: silence[1] - silence[0], default=None)
        if chosen:
            free = chosen[1] + at
        yield chosen


def _cut(start: int, end: int, pause: int, margin: int) -> _Cut:
    tail = min(margin, pause // 2, (end - start) // 2)
    lead = min(margin, pause - pause // 2, (end - start) // 2)
    return _Cut(start, end, tail, pause - tail - lead, lead)


def _knots(cuts: Sequence[_Cut], samples: int) -> Iterator[tuple[int, int]]:
    shift = 0
    yield 0, 0
    for cut in cuts:
        yield cut.start, cut.start + shift
        yield cut.start + cut.tail, cut.start + cut.tail + shift
        shift += cut.start + cut.tail + cut.zeros + cut.lead - cut.end
        yield cut.end - cut.lead, cut.end - cut.lead + shift
        yield cut.end, cut.end + shift
    yield samples, samples + shift


def _moved(knots: Sequence[tuple[int, int]], sample: int) -> int:
    at = bisect_right(knots, sample, key=itemgetter(0))
    if not 0 < at < len(knots):
        return knots[0 if at == 0 else -1][1]
    (old, new), (old_end, new_end) = knots[at - 1 : at + 1]
    return new + (sample - old) * (new_end - new) // (old_end - old)


def _applied(samples: Samples, cuts: Sequence[_Cut]) -> Samples:
    pieces, at = [], 0
    for cut in cuts:
        tail = samples[cut.start : cut.start + cut.tail] * np.linspace(1, 0, cut.tail)
        lead = samples[cut.end - cut.lead : cut.end] * np.linspace(0, 1, cut.lead)
        pieces += [samples[at : cut.start], tail.astype(np.int16), np.zeros(cut.zeros, np.int16), lead.astype(np.int16)]
        at = cut.end
    return np.concatenate([*pieces, samples[at:]])
