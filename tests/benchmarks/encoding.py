"""How fast sections are mastered on all cores, and what that costs beside the bare encoders.

The merger's own command line and samples are recorded once and replayed from a file, so both do the same work.
"""

import asyncio
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from darkchannel.audio import ffmpeg, wav
from darkchannel.jobs.formats import encodings
from darkchannel.jobs.options import Pauses
from darkchannel.runtime.together import together
from services.merger.encodings import ENCODINGS
from services.merger.mastering import Brief, Take, master
from tests.benchmarks.measure import CORES, processor_seconds
from tests.benchmarks.prepared import Spoken

LEAST_SPEED = 0.90
"""Asked: the speed of mastering on all cores, as a share of that of as many bare encoders."""
MOST_COST = 1.30
"""Asked: processor time of mastering, times that of the bare encoders."""

SECTIONS = 3 * CORES + 2
"""Of which one more than there are cores is under way: the last ones, too, fill all cores."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """Speeds are in seconds of audio a second."""

    formats: tuple[str, ...]
    lone: float
    """One ffmpeg with the merger's filter and encoders on a core of its own: by its processor time, so that other
    programs on that core do not count for the merger."""
    bare: float
    """As many of these as there are cores, at once."""
    mastered: float
    """Sections mastered at once, as the merger does it."""
    encoder_cost: float
    """Processor seconds of an hour of audio: encoders alone, without a filter, on all cores at once."""
    ffmpeg_cost: float
    """With the merger's filter."""
    cost: float
    """Of mastering."""
    cores: float
    """How many of them mastering got, of ``CORES``."""

    @property
    def speed(self) -> float:
        """As a share of ``CORES`` times the lone ffmpeg's."""
        return self.mastered / (CORES * self.lone)

    @property
    def ratio(self) -> float:
        """Processor time of mastering, times that of the encoders alone."""
        return self.cost / self.encoder_cost


def measure(spoken: Spoken, formats: tuple[str, ...], tries: int) -> Encoding:
    """The best of so many tries, each figure its own."""
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as name:
        samples = Path(name) / "samples"
        arguments, seconds = _recorded(spoken, formats, samples)
        alone, at_once, plain, mastered = [], [], [], []
        for _ in range(tries):
            alone.append(_bare(arguments, 1))
            at_once.append(_bare(arguments, CORES))
            plain.append(_bare(_encoders(formats, arguments, samples, _rate(spoken)), CORES))
            mastered.append(_mastered(spoken, formats))
        wall, used = min(mastered)
        return Encoding(
            formats=formats,
            lone=seconds / min(used for _, used in alone),
            bare=CORES * seconds / min(wall for wall, _ in at_once),
            mastered=SECTIONS * seconds / wall,
            encoder_cost=3_600 * min(used for _, used in plain) / (CORES * seconds),
            ffmpeg_cost=3_600 * min(used for _, used in at_once) / (CORES * seconds),
            cost=3_600 * min(used for _, used in mastered) / (SECTIONS * seconds),
            cores=used / wall,
        )


def _recorded(spoken: Spoken, formats: tuple[str, ...], samples: Path) -> tuple[list[str], float]:
    """What the merger tells ffmpeg, with the samples read from a file and nothing kept, and the seconds it gives it."""
    words, script = samples.with_name("words"), samples.with_name("ffmpeg")
    program = shlex.quote(ffmpeg.binary())
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {words}\ntee {samples} | {program} "$@"\n')
    script.chmod(0o700)
    with patch.dict(os.environ, DARKCHANNEL_FFMPEG=str(script)):
        made = asyncio.run(_all(spoken, formats, 1))
    arguments = words.read_text().splitlines()
    replayed = [os.devnull if word.startswith("/") else word.replace("pipe:0", str(samples)) for word in arguments]
    return replayed, made / _rate(spoken)


def _encoders(formats: Sequence[str], recorded: Sequence[str], samples: Path, rate: int) -> list[str]:
    """The same encoders without the filter; ``recorded`` says what the samples are."""
    words = [*recorded[: recorded.index(str(samples)) + 1]]
    for name in encodings(formats):
        encoding = ENCODINGS[name]
        words += ["-map", "0:a", *encoding.arguments, "-ar", str(encoding.rate or rate), *ffmpeg.REPEATABLE, os.devnull]
    return words


def _bare(arguments: Sequence[str], at_once: int) -> tuple[float, float]:
    """Wall and processor seconds of so many ffmpegs, each on a core of its own where the system can hold it there."""
    used, start = processor_seconds(), time.perf_counter()
    processes = [_on_core(core, [ffmpeg.binary(), *arguments]) for core in range(at_once)]
    for process in processes:
        if process.wait() != 0:
            raise RuntimeError("an ffmpeg failed")
    return time.perf_counter() - start, sum(processor_seconds()) - sum(used)


def _on_core(number: int, command: Sequence[str]) -> subprocess.Popen[bytes]:
    if not hasattr(os, "sched_setaffinity"):
        return subprocess.Popen(command, stdin=subprocess.DEVNULL)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[number % len(cores)]})  # handed on to what is started
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL)
    finally:
        os.sched_setaffinity(0, cores)


def _mastered(spoken: Spoken, formats: tuple[str, ...]) -> tuple[float, float]:
    used, start = processor_seconds(), time.perf_counter()
    asyncio.run(_all(spoken, formats, SECTIONS))
    return time.perf_counter() - start, sum(processor_seconds()) - sum(used)


async def _all(spoken: Spoken, formats: tuple[str, ...], sections: int) -> int:
    """Master a section so many times; how many samples one has."""
    pauses = Pauses()
    brief = Brief(_rate(spoken), encodings(formats), pauses, gain=0.0, ending=pauses.chapter)

    async def takes() -> AsyncIterator[Take]:
        for text, chunk in zip(spoken.texts, spoken.chunks, strict=True):
            record, pcm = wav.unpack(chunk)
            yield Take(record, pcm, text, pauses.paragraph)

    made = await together((master(takes(), brief) for _ in range(sections)), at_once=CORES + 1)
    return made[0].samples


def _rate(spoken: Spoken) -> int:
    return wav.unpack(spoken.chunks[0])[0].rate
