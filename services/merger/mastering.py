"""Mastering: the speech of a section becomes its encoded files, as loud and with the pauses that a book has."""

import asyncio
import base64
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from darkchannel.audio.limiting import Limiter
from darkchannel.audio.loudness import levelled
from darkchannel.audio.metering import FULL_SCALE, PEAK_SECONDS, Meter
from darkchannel.audio.wav import ChunkRecord
from darkchannel.errors import Refused, Transient
from darkchannel.jobs.options import Pauses
from darkchannel.jobs.records import Coding
from darkchannel.runtime import scratch
from darkchannel.speech.transcript import Transcript, transcript
from services.merger.cueing import Heard, cues_of, heard, moved
from services.merger.cues import Cue, Cues
from services.merger.encodings import ENCODINGS, encode
from services.merger.laying import FAINT, Laid, laid
from services.merger.pauses import CLAUSE_SECONDS

SPARE_SECONDS = 0.25
"""Silence after a section beyond its own: frames enough for the book to choose where the next begins."""

PIECE_SAMPLES = 1 << 17
"""Of a take that are raised and fed at a time: as floats they are twice as large as they were."""


@dataclass(frozen=True, slots=True)
class Take:
    """The speech of one segment, and the text it was spoken from."""

    record: ChunkRecord
    pcm: memoryview
    """16-bit little-endian mono samples."""
    ssml: str
    pause: float
    """Seconds of silence between what is before it and its first sound, where no break says otherwise."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What is wanted of a section."""

    rate: int
    """In hertz, of all its takes."""
    encodings: Collection[str]
    pauses: Pauses
    gain: float
    """Decibels besides those of the voices."""
    ending: float
    """Seconds of silence after its last sound, where no break says otherwise."""


@dataclass(frozen=True, slots=True)
class EncodedFile:
    body: bytes
    coding: Coding


@dataclass(frozen=True, slots=True)
class Mastered:
    """A section as it goes into books."""

    samples: int
    lead: int
    """Samples before its first sound."""
    loudness: float | None
    files: Mapping[str, EncodedFile]
    """By encoding."""
    cues: Cues


class Master(Protocol):
    async def __call__(self, takes: AsyncIterator[Take], brief: Brief, /) -> Mastered: ...


async def master(takes: AsyncIterator[Take], brief: Brief) -> Mastered:
    """Raises Transient where ffmpeg fails or writes less than it was given, Unavailable where the disk is full."""
    track = _Track(brief)
    meter = Meter(brief.rate)
    with scratch.folder() as folder:
        finished = _finished(track.pieces(takes), Limiter(brief.rate), meter)
        paths = await encode(finished, folder, rate=brief.rate, encodings=brief.encodings)
        files = {name: await asyncio.to_thread(_read, name, path, brief, track.samples) for name, path in paths.items()}
    peaks = meter.peaks[: ceil(track.samples / brief.rate / PEAK_SECONDS)]
    cues = Cues(
        rate=brief.rate, samples=track.samples, cues=tuple(track.cues), peaks=base64.b64encode(peaks).decode("ascii")
    )
    return Mastered(track.samples, track.lead, meter.loudness, files, cues)


async def _finished(
    pieces: AsyncIterator[NDArray[np.float32]], limiter: Limiter, meter: Meter
) -> AsyncIterator[NDArray[np.int16]]:
    """The pieces limited and measured."""
    async for piece in pieces:
        for samples in await asyncio.to_thread(_metered, limiter.feed(piece), meter):
            yield samples
    for samples in await asyncio.to_thread(_metered, _ending(limiter), meter):
        yield samples


def _ending(limiter: Limiter) -> Iterator[NDArray[np.float32]]:
    """As a generator it works where it is read: in a thread, not on the loop."""
    yield limiter.end()


def _metered(frames: Iterable[NDArray[np.float32]], meter: Meter) -> list[NDArray[np.int16]]:
    metered = []
    for frame in frames:
        samples = np.rint(frame * np.float32(FULL_SCALE)).astype("<i2")
        meter.feed(samples)
        metered.append(samples)
    return metered


class _Track:
    """A section in the making."""

    def __init__(self, brief: Brief) -> None:
        self._brief = brief
        self._quiet = 0
        """Samples of silence at its end."""
        self.samples = 0
        self.lead = 0
        self.cues: list[Cue] = []

    async def pieces(self, takes: AsyncIterator[Take]) -> AsyncIterator[NDArray[np.float32]]:
        is_open = True  # whether the silence so far is the author's, or that of the section before
        async for take in takes:
            text = await asyncio.to_thread(_heard, take)
            speech = await asyncio.to_thread(_laid, take, text, self._brief.pauses)
            if not self.samples:
                self.lead = speech.head
            if not (is_open or text.starts_in_break):
                yield self._silence(take.pause, speech.head)
            gains = [(speech.moved(sample), gain) for sample, gain in take.record.gains]
            cues = await asyncio.to_thread(cues_of, text, take.record, speech)
            self.cues += (moved(cue, self.samples) for cue in cues)
            self.samples += len(speech.samples)
            self._quiet = _quiet_end(speech.samples) if text.ends_in_break else speech.tail
            is_open = text.ends_in_break
            del take  # the next one is not read beside it
            for at in range(0, len(speech.samples), PIECE_SAMPLES):
                piece = speech.samples[at : at + PIECE_SAMPLES]
                yield levelled(piece, [(sample - at, gain) for sample, gain in gains], self._brief.gain)
        # The frames of two sections meet in silence, however short the author's break is.
        yield self._silence(CLAUSE_SECONDS if is_open else self._brief.ending)
        yield np.zeros(int(SPARE_SECONDS * self._brief.rate), np.float32)

    def _silence(self, seconds: float, head: int = 0) -> NDArray[np.float32]:
        """What is lacking between the last sound and the next, of which ``head`` samples follow."""
        silence = np.zeros(max(0, round(seconds * self._brief.rate) - self._quiet - head), np.float32)
        self.samples += len(silence)
        return silence


def _laid(take: Take, text: Heard, pauses: Pauses) -> Laid:
    found = zip(text.starts, text.passages, strict=True)
    told = [(start, passage.before) for start, passage in found if start is not None]
    return laid(
        np.frombuffer(take.pcm, np.dtype("<i2")),
        take.record.rate,
        [start for start, _ in told],
        [before for _, before in told],
        pauses,
        keeps_start=text.starts_in_break,
        keeps_end=text.ends_in_break,
    )


def _quiet_end(samples: NDArray[np.int16]) -> int:
    heard = np.flatnonzero(np.abs(samples.astype(np.int32)) > FAINT)
    return len(samples) - 1 - int(heard[-1]) if len(heard) else len(samples)


def _heard(take: Take) -> Heard:
    """Nothing is to be read in what a release that spoke it understood otherwise."""
    try:
        script = transcript(take.ssml)
    except Refused:
        script = Transcript((), ends_in_break=False)
    return heard(script, take.record)


def _read(name: str, path: Path, brief: Brief, samples: int) -> EncodedFile:
    """An encoded file; raises Transient where it does not hold what was given to the encoder."""
    encoding = ENCODINGS[name]
    coding = encoding.coding(brief.rate)
    rate, frame = coding.rate, coding.frame
    body = path.read_bytes()
    try:
        frames = encoding.count(body)
    except ValueError as error:
        raise Transient(f"ffmpeg wrote a damaged {name} file: {error}") from error
    heard = samples * rate / brief.rate + coding.delay
    if not heard <= frames * frame <= heard + SPARE_SECONDS * rate + 4 * frame:
        raise Transient(f"ffmpeg wrote {frames * frame / rate:.2f} s of {name} where it was given {heard / rate:.2f} s")
    return EncodedFile(body, coding)
