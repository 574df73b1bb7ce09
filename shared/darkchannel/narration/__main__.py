"""What runs in the process of the pipeline; see ``process``."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.cli.exits import Failed, reason_of
from darkchannel.cli.local import quieten
from darkchannel.cli.progress import reports
from darkchannel.cli.report import Report
from darkchannel.cli.submitting import upload
from darkchannel.errors import DarkChannelError
from darkchannel.jobs.runs import State
from darkchannel.narration.process import Answer, Request
from darkchannel.runtime import scratch, settings
from darkchannel.runtime.embedded import Embedded, embedded
from darkchannel.storage.disk_errors import problem
from darkchannel.storage.download import download
from darkchannel.storage.jobs import Jobs

SHARED: Final = (keys.REFS, keys.CACHE)
"""Buckets that outlast the process."""
PRIVATE: Final = ".narration-"
ANSWERS: Final = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # whatever a library prints is no answer


async def serve() -> None:
    """Narrate what standard input asks for, until it ends."""
    try:
        async with _pipeline() as pipeline, asyncio.TaskGroup() as narrating:
            tasks = set()
            while line := await asyncio.to_thread(sys.stdin.readline):
                task = narrating.create_task(_answer(pipeline, Request.model_validate_json(line)))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            for task in tasks:  # nobody hears of them any more
                task.cancel()
    except* (DarkChannelError, OSError, ValueError) as errors:
        _tell(Answer(error="; ".join(map(reason_of, errors.exceptions))))
        sys.exit(1)


async def _answer(pipeline: Embedded, request: Request) -> None:
    try:
        answer = await _narrated(pipeline, request)
    except (DarkChannelError, OSError) as error:
        answer = Answer(number=request.number, error=reason_of(error))
    except Exception as error:  # of one text: the others go on
        answer = Answer(number=request.number, error=f"an unexpected {type(error).__name__}: {error}")
    _tell(answer)


def _tell(answer: Answer) -> None:
    print(answer.model_dump_json(), file=ANSWERS, flush=True)


async def _narrated(pipeline: Embedded, request: Request) -> Answer:
    said = request.text.removeprefix("\ufeff")  # the byte order mark of a file that was read as it is
    kind = "ssml" if said.lstrip().startswith(("<speak", "<?xml")) else "txt"
    with scratch.folder() as folder:
        file = folder / f"{request.number}.{kind}"
        # After a first line a text has no front matter, which would have the last word about options.
        text = said if kind == "ssml" else f"\n{said}"
        await asyncio.to_thread(file.write_text, text, encoding="utf-8")
        job = await upload(pipeline.jobs, file, request.options)
    last: Report | None = None
    async for report in reports(pipeline.jobs, job):
        last = report
    if last is None or last.state is not State.COMPLETED or last.output is None:
        why = (last and last.error) or "the job ended without an audiobook"
        return Answer(number=request.number, error=why)
    cached = await _was_cached(pipeline.jobs, job)
    try:
        await download(pipeline.store, keys.OUTPUT, last.output, Path(request.path))
    except OSError as error:
        raise Failed(f"{request.path} cannot be written: {error.strerror}") from error
    return Answer(number=request.number, duration=last.seconds, cached=cached)


async def _was_cached(jobs: Jobs, job: str) -> bool:
    indices = [index async for index, _ in jobs.listed_chunks(job)]
    for index in indices:
        found = await jobs.store.get(keys.JOBS, keys.chunk(job, index), first=wav.HEAD_BYTES)
        record = wav.read_record(found.body) if found else None
        if record is None or not record.cached:
            return False
    return bool(indices)


@asynccontextmanager
async def _pipeline() -> AsyncIterator[Embedded]:
    """On a private folder, in which what outlasts it is a link to the folder of the settings."""
    chosen = settings.load()
    quieten(chosen)
    folder = await asyncio.to_thread(lambda: chosen.darkchannel_folder.expanduser().resolve())
    await asyncio.to_thread(_prepare, folder)
    with scratch.folder(folder, PRIVATE) as private:
        for bucket in SHARED:
            (private / bucket).symlink_to(folder / bucket)
        async with embedded(private, drops=False) as pipeline:
            yield pipeline


def _prepare(folder: Path) -> None:
    """Make what outlasts the process, and remove what processes left that were killed.

    Raises Unavailable, Denied or ValueError, with what to do, where the folder cannot be had.
    """
    try:
        for bucket in SHARED:
            (folder / bucket).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise problem(error, folder) from error
    scratch.clear(folder, PRIVATE)


if __name__ == "__main__":
    asyncio.run(serve())
