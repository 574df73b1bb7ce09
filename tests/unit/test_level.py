"""How much a book is raised is judged by what its own speech becomes of it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from darkchannel import keys
from darkchannel.audio.limiting import limited
from darkchannel.audio.loudness import TARGET_LUFS, levelled
from darkchannel.audio.metering import FULL_SCALE, Meter
from darkchannel.audio.wav import ChunkRecord, Speech, pack
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Plan, Section
from darkchannel.storage.memory import MemoryStore
from darkchannel.storage.port import ObjectStore
from services.merger.level import MOST_GAIN_DB, level

RATE = 22_050
JOB = "b3c5bb1e-9a38-5d0e-8a4f-0e3d7c8a9b10"
PLAN = Plan(
    title="Livro",
    options=Options(),
    sections=(Section(index=0, chapter=0, title="Livro", first=0, count=3, digest=""),),
)


def buzz() -> NDArray[np.int16]:
    """Twelve seconds of pulses that stand out."""
    time = np.arange(12 * RATE) / RATE
    pulses = np.exp(-10 * (time * 110 % 1)) * np.sin(2 * np.pi * 700 * time)
    return np.asarray(pulses * (FULL_SCALE - 1), np.int16)


def heard(gain: float) -> float:
    """Loudness of such pulses with this gain, behind the limiter."""
    meter = Meter(RATE)
    meter.feed((limited(levelled(buzz(), [(0, gain)]), RATE) * (FULL_SCALE - 1)).astype(np.int16))
    assert meter.loudness is not None
    return meter.loudness


async def stored(*chunks: bytes) -> ObjectStore:
    store = MemoryStore()
    for index, body in enumerate(chunks):
        await store.put(keys.JOBS, keys.chunk(JOB, index), body)
    return store


def chunk(gains: tuple[tuple[int, float], ...] = (), rate: int = RATE) -> bytes:
    samples = buzz()
    record = ChunkRecord(source="e", engine="plain", samples=len(samples), rate=rate, gains=gains)
    return pack(Speech(samples.tobytes(), rate), record)


@pytest.mark.parametrize("gain", [-4.0, 12.0])
async def test_speech_that_the_limiter_holds_down_gets_what_it_lacks_behind_it(gain: float) -> None:
    body = chunk(gains=((0, gain),))
    found = await level(await stored(body, body, body), JOB, PLAN, heard(gain), RATE)
    assert heard(gain + found) == pytest.approx(TARGET_LUFS, abs=0.05)
    assert abs(found) > abs(TARGET_LUFS - heard(gain)) + 0.3


async def test_of_a_long_chunk_the_middle_counts_with_the_gain_that_its_voice_has_there() -> None:
    speech = np.tile(buzz(), 4)
    gains = ((0, -30.0), (10 * RATE, 12.0))
    record = ChunkRecord(source="e", engine="plain", samples=len(speech), rate=RATE, gains=gains)
    body = pack(Speech(speech.tobytes(), RATE), record)
    eight = PLAN.model_copy(update={"sections": (PLAN.sections[0].model_copy(update={"count": 8}),)})
    found = await level(await stored(*[body] * 8), JOB, eight, heard(12.0), RATE)
    assert heard(12.0 + found) == pytest.approx(TARGET_LUFS, abs=0.05)


@pytest.mark.parametrize("body", [b"", b"RIFF", chunk(rate=8_000)])
async def test_chunks_of_no_use_are_passed_over(body: bytes) -> None:
    sound = chunk(gains=((0, 12.0),))
    found = await level(await stored(body, sound, body), JOB, PLAN, heard(12.0), RATE)
    assert heard(12.0 + found) == pytest.approx(TARGET_LUFS, abs=0.05)
    assert await level(await stored(body), JOB, PLAN, -21.0, RATE) == 2.0
    assert await level(await stored(), JOB, PLAN, 5.0, RATE) == -MOST_GAIN_DB
