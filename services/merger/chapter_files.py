"""A book as one file a chapter: plain, or as ACX takes them."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from darkchannel.jobs.formats import encoding_of
from darkchannel.runtime.together import together
from services.merger import acx, sets
from services.merger.containers import Tags
from services.merger.containers.mp3 import Mp3Writer
from services.merger.cues import Cues
from services.merger.encodings import ENCODINGS, encode
from services.merger.joining import Joiner, Part
from services.merger.sets import SetFile

log = structlog.get_logger(__name__)

CORES: Final = os.cpu_count() or 1
REPORT: Final = "acx/report.txt"
SILENCE_SECONDS: Final = 4.0
"""More than is ever laid at once."""


async def chapters(joiner: Joiner, seconds: Sequence[float], tags: Tags) -> list[str]:
    """Write an mp3 for each chapter; ``seconds``: how long each section is."""
    encoding = encoding_of("chapters", joiner.plan.options.formats)
    assert encoding
    files = sets.files("chapters", joiner.plan.sections, seconds)
    for file in files:
        await _write(joiner, file, joiner.parts(file.sections, encoding), tags)
    return [file.name for file in files]


async def acx_set(joiner: Joiner, seconds: Sequence[float], tags: Tags) -> list[str]:
    """Write an mp3 for each chapter with the silence that ACX asks for around it, and what they measure."""
    longest = acx.LONGEST_SECONDS - acx.HEAD_SECONDS - acx.TAIL_SECONDS
    files = sets.files("acx", joiner.plan.sections, seconds, longest)
    silence = await _silence(joiner)
    for file in files:
        cues = Cues.model_validate_json(await joiner.cues(file.sections[-1]))
        own = cues.samples - max((cue.end for cue in cues.cues), default=0)
        head = replace(silence, samples=round(acx.HEAD_SECONDS * joiner.rate))
        tail = replace(silence, samples=max(0, round(acx.TAIL_SECONDS * joiner.rate) - own))
        await _write(joiner, file, [head, *joiner.parts(file.sections, "acx"), tail], tags)
    found = await together((acx.measured(joiner.folder / file.name) for file in files), at_once=CORES)
    measured = dict(zip((file.name for file in files), found, strict=True))
    if wrong := [name for name, of in measured.items() if acx.faults(of)]:
        log.warning("files of the ACX set do not conform", files=wrong, report=REPORT)
    await asyncio.to_thread((joiner.folder / REPORT).write_text, acx.report(measured), "utf-8")
    return [*measured, REPORT]


async def _write(joiner: Joiner, file: SetFile, parts: Sequence[Part], tags: Tags) -> None:
    own = replace(tags, title=file.title, album=tags.title, track=file.track)
    await joiner.join(file.name, Mp3Writer, parts, own)


async def _silence(joiner: Joiner) -> Part:
    """Silence, encoded as the sound beside it is."""

    async def pieces() -> AsyncIterator[NDArray[np.int16]]:
        yield np.zeros(round(SILENCE_SECONDS * joiner.rate), np.int16)

    made = await encode(pieces(), joiner.folder, rate=joiner.rate, encodings=["acx"])
    body = await asyncio.to_thread(made["acx"].read_bytes)

    async def read() -> bytes:
        return body

    return Part(ENCODINGS["acx"].coding(joiner.rate), 0, read)
