"""The merger and the publisher over a prepared job, alone in a process that holds nothing else.

``python -m tests.benchmarks.merger FOLDER JOB`` prints a line of JSON.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from darkchannel import keys, pipeline
from darkchannel.events import ObjectCreated
from darkchannel.jobs.records import Manifest
from darkchannel.jobs.runs import Outcome, State
from darkchannel.runtime.embedded import Embedded, embedded
from darkchannel.runtime.registry import load
from tests.benchmarks.weighing import peak_bytes

FIRST_RUN = 1
LAST = "last.wav"
"""Lies beside the store: the chunk for whose section all others are encoded first."""
PATIENCE = 5
"""A book that takes so many times less than it is long, and a minute, is given up."""
POLL_SECONDS = 0.05


async def merged(folder: Path, job: str) -> dict[str, object]:
    """The figures of ``merging.Merged``, less the largest ffmpeg."""
    async with embedded(folder / "data", services=load(("merger", "publisher")), drops=False) as running:
        imports = peak_bytes()
        plan = await running.jobs.plan(job)
        assert plan
        is_last_there = not (folder / LAST).exists()
        async with asyncio.timeout(60 + len(plan.sections) * 600 / PATIENCE):
            start = time.perf_counter()
            for index in range(plan.segments if is_last_there else plan.segments - 1):
                event = ObjectCreated(keys.JOBS, keys.chunk(job, index))
                await running.bus.publish(pipeline.BY_NAME["encode"].queue, event.encode())
            spoken = datetime.now(UTC)
            if not is_last_there:
                for section in plan.sections[:-1]:
                    await _written(running, job, keys.section_record(job, section.index))
                await running.store.put(keys.JOBS, keys.chunk(job, plan.segments - 1), (folder / LAST).read_bytes())
                start, spoken = time.perf_counter(), datetime.now(UTC)
            body = await _written(running, job, keys.run_event(job, FIRST_RUN, "outcome"))
            took, peak = time.perf_counter() - start, peak_bytes()
            await _written(running, job, keys.run_event(job, FIRST_RUN, "closed"))
        outcome = Outcome.model_validate_json(body)
        if outcome.status is not State.COMPLETED:
            raise RuntimeError(f"the run {outcome.status}: {outcome.reason}")
        section = await running.store.head(keys.JOBS, keys.section_record(job, plan.sections[-1].index))
        built = await running.store.get(keys.JOBS, keys.manifest(job, outcome.build or ""))
        assert section
        assert built
        ends = {"encode": section.modified, "assemble": built.info.modified, "decide": outcome.at}
        starts = (spoken, section.modified, built.info.modified)
        phases = {name: (ends[name] - at).total_seconds() for name, at in zip(ends, starts, strict=True)}
        return {
            "seconds": Manifest.model_validate_json(built.body).seconds,
            "took": took,
            "phases": {} if is_last_there else phases,
            "imports": imports,
            "peak": peak,
        }


async def _written(running: Embedded, job: str, key: str) -> bytes:
    """An object, when it is there. Raises RuntimeError where the run ends first."""
    while True:
        if found := await running.store.get(keys.JOBS, key):
            return found.body
        ended = await running.store.get(keys.JOBS, keys.run_event(job, FIRST_RUN, "outcome"))
        if ended and keys.parse_run(key) is None:
            raise RuntimeError(f"the run ended without {key}: {ended.body.decode()}")
        await asyncio.sleep(POLL_SECONDS)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(merged(Path(sys.argv[1]), sys.argv[2]))))
