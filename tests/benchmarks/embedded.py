"""The book through the embedded pipeline: a folder, an in-process bus, every service in one process."""

import asyncio
import tempfile
from pathlib import Path

from darkchannel.runtime.embedded import embedded
from tests.benchmarks.measure import Result, processor_time
from tests.benchmarks.narration import through


def narrate(document: Path, *, limit: float) -> Result:
    result = Result("embedded")
    with processor_time(result, own="services and store", children="speech and mp3"):
        asyncio.run(_narrate(document, result, limit))
    return result


async def _narrate(document: Path, result: Result, limit: float) -> None:
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as root:
        async with embedded(Path(root)) as pipeline:
            result.seconds, result.phases = await through(pipeline.jobs, document, limit=limit)
