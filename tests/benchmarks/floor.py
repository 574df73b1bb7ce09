"""The floor: the same segments spoken in process and encoded by ffmpeg on all cores, with no store and no broker."""

import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import espeakng_loader

from darkchannel.audio import ffmpeg, mp3
from darkchannel.jobs.plan import Part
from darkchannel.speech.rendering import rendered
from services.merger.encodings import ENCODINGS
from services.synthesizer.engines.espeak_ssml import prepare
from services.synthesizer.engines.espeak_worker import Library, answer
from tests.benchmarks.measure import CORES, Result, processor_time


def narrate(parts: tuple[Part, ...]) -> tuple[Result, float]:
    """What it took, and how many seconds of speech came of it."""
    result = Result("floor")
    with (
        processor_time(result, own="handing out", children="speech and mp3"),
        ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool,
    ):
        list(pool.map(_section, [("<speak>Um.</speak>",)] * CORES))  # starts the processes
        start = time.perf_counter()
        audio = sum(pool.map(_section, [part.segments for part in parts]))
        result.seconds = time.perf_counter() - start
    return result, audio


def _section(segments: tuple[str, ...]) -> float:
    """Seconds of speech."""
    library = _library()
    pcm = b"".join(answer(library, [asdict(piece) for piece in prepare(rendered(ssml))])[1] for ssml in segments)
    source = ("-f", "s16le", "-ar", str(library.rate), "-ac", "1", "-i", "pipe:0")
    command = [ffmpeg.binary(), *ffmpeg.QUIET, *source, *ENCODINGS["mp3"].arguments, *ffmpeg.REPEATABLE, "pipe:1"]
    frames = subprocess.run(command, input=pcm, capture_output=True, check=True).stdout
    return mp3.samples(frames) / library.rate


@cache
def _library() -> Library:
    """Changes the working directory: for the processes of the pool only."""
    path = Path(espeakng_loader.get_library_path())
    return Library(str(path), str(path.parent))
