"""``darkchannel narrate``: one file through the whole pipeline, in this process, on a folder."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from glob import escape
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from darkchannel import keys
from darkchannel.cli import output
from darkchannel.cli.exits import Code, Failed, Usage
from darkchannel.cli.local import prepare
from darkchannel.cli.progress import follow
from darkchannel.cli.report import Report
from darkchannel.cli.resuming import advice, resumption, unfinished
from darkchannel.cli.submitting import check, upload
from darkchannel.cli.waits import Waits
from darkchannel.jobs import names
from darkchannel.jobs.formats import WHOLE
from darkchannel.jobs.runs import State
from darkchannel.runtime.embedded import embedded
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import ObjectStore

PLAYER = "index.html"


async def narrate(file: Path, options: Mapping[str, str], *, folder: Path | None, out: Path | None, json: bool) -> Code:
    started = time.monotonic()
    check(file, options)
    check_out(out, file)
    root = prepare(folder)
    async with embedded(root, drops=False) as pipeline:
        waits = Waits(pipeline)
        job = await _begun(pipeline.jobs, file, options, root)
        try:
            report = await follow(pipeline.jobs, job, waits.news)
        except asyncio.CancelledError:
            output.note(advice(job, root))
            raise
        audiobook = await _audiobook(pipeline.store, report, out)
    took = time.monotonic() - started
    if json:
        output.json(
            report.model_dump(mode="json", exclude_none=True)
            | {"audiobook": audiobook and str(audiobook), "folder": str(_folder(root, report)), "took": took}
        )
    if report.state is not State.COMPLETED or audiobook is None:
        raise Failed(f"{file.name} was not narrated: {report.error or report.state.value}")
    if not json:
        output.line(f"audiobook   {audiobook}")
        output.line(f"player      {_folder(root, report) / 'final' / PLAYER}")
        output.line(f"job folder  {_folder(root, report)}")
        for name, text in output.speakers(report).items():
            output.line(f"{name:<12}{text}")
        output.line(f"{output.duration(report.seconds or 0)} of speech in {output.duration(took)}")
    return Code.OK


async def _begun(jobs: Jobs, file: Path, options: Mapping[str, str], root: Path) -> str:
    """The job of this file: the one that was interrupted, where there is one, else a new one."""
    job = await unfinished(jobs, file, options)
    if job is None:
        return await upload(jobs, file, options)
    output.note(resumption(job, root))
    await jobs.ask(job)
    return job


def check_out(out: Path | None, file: Path) -> None:
    """Raises Usage where the copy of the audiobook could not be written, or would be written over the document."""
    if out and out.exists() and not (out.is_dir() or out.is_file()):
        raise Usage(f"{out} is neither a file nor a folder: name one with --out")
    if out and not out.is_dir() and not out.parent.is_dir():
        raise Usage(f"there is no folder {out.parent} to write {out.name} into")
    if out and (there := next((path for path in _targets(out, file) if path.exists() and path.samefile(file)), None)):
        raise Usage(f"{there} is the document itself, and the audiobook would take its place: name another with --out")


def _targets(out: Path, file: Path) -> Iterable[Path]:
    """Where the copy may take the place of something; in a folder, what is there under a name that it may have."""
    if not out.is_dir():
        return [out]
    return (path for path in out.glob(f"{escape(names.stem(file.name))}*") if path.suffix[1:] in WHOLE)


async def _audiobook(store: ObjectStore, report: Report, out: Path | None) -> Path | None:
    """Where the audiobook lies: in the output bucket's folder, or at ``out``, into which it is copied."""
    if report.output is None:
        return None
    if out is None:
        return Path(url2pathname(urlsplit(await store.link(keys.OUTPUT, report.output)).path))
    target = _target(out, report.output)
    try:
        await write(target, store.stream(keys.OUTPUT, report.output))
    except OSError as error:
        there = f"{keys.OUTPUT}/{report.output}"
        raise Failed(f"{target} cannot be written: {error.strerror}; the audiobook lies in {there}") from error
    return target


async def write(target: Path, pieces: AsyncIterator[bytes]) -> None:
    """Write a file whole, over what is there. Raises OSError where it cannot be; all is then as it was before."""
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            async for piece in pieces:
                file.write(piece)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _target(out: Path, key: str) -> Path:
    return (out / Path(key).name if out.is_dir() else out).resolve()


def _folder(root: Path, report: Report) -> Path:
    return root / keys.JOBS / report.job
