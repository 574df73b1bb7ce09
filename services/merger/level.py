"""Level: by how much a book is raised or lowered, from some of its speech and what the limiter makes of it."""

import asyncio
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.audio.loudness import gain_for, levelled
from darkchannel.jobs.plan import Plan
from darkchannel.storage.port import ObjectStore

MOST_GAIN_DB: Final = 18.0
"""A book that is all x-soft lacks some 13."""
CHUNKS: Final = 8
"""Listened to, from all over the book."""
HEARD_SECONDS: Final = 120
"""Of all of them together: a few megabytes."""


async def level(store: ObjectStore, job: str, plan: Plan, loudness: float, rate: int) -> float:
    """Decibels, to 0.01, that a book of this loudness lacks: some more where the limiter holds it down."""
    heard = min(CHUNKS, plan.segments)
    pieces = [
        piece
        for number in range(heard)
        if (piece := await _piece(store, job, (2 * number + 1) * plan.segments // (2 * heard), rate, heard)) is not None
    ]
    return round(await asyncio.to_thread(gain_for, loudness, pieces, rate, MOST_GAIN_DB), 2)


async def _piece(store: ObjectStore, job: str, index: int, rate: int, of: int) -> NDArray[np.float32] | None:
    """The middle of a chunk with the gains of its voices; None where there is none, or none that can be read."""
    found = await store.get(keys.JOBS, keys.chunk(job, index))
    if found is None:
        return None
    try:
        record, pcm = wav.unpack(found.body)
    except ValueError:
        return None
    if record.rate != rate:
        return None
    samples = np.frombuffer(pcm, np.dtype("<i2"))
    length = HEARD_SECONDS * rate // of
    start = max(0, len(samples) - length) // 2
    return levelled(samples[start : start + length], _from(start, record.gains))


def _from(start: int, gains: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    return [(sample - start, gain) for sample, gain in gains]
