"""``darkchannel narrate``: one file through the whole pipeline, in this process, on a folder."""

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from glob import escape
from mimetypes import guess_type
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
from darkchannel.jobs.formats import EXTENSIONS, WHOLE
from darkchannel.jobs.options import resolve
from darkchannel.jobs.runs import State
from darkchannel.runtime.embedded import embedded
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import ObjectStore

PLAYER = "index.html"


async def narrate(file: Path, options: Mapping[str, str], *, folder: Path | None, out: Path | None, json: bool) -> Code:
    started = time.monotonic()
    check(file, options)
    check_out(out, file, options)
    root = prepare(folder)
    async with embedded(root, drops=False) as pipeline:
        waits = Waits(pipeline)
        job = await _begun(pipeline.jobs, file, options, root)
        try:
            report = await follow(pipeline.jobs, job, waits.news)
        except asyncio.CancelledError:
            output.note(advice(job, root))
            raise
        audiobook = await _audiobook(pipeline.store, report.output, out) if report.output else None
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


def check_out(out: Path | None, file: Path, options: Mapping[str, str]) -> None:
    """Raises Usage where the copy of the audiobook could not be written, or would be written over the document.

    So it does where the name of the copy ends as that of no format does, or of another than these options ask for.
    Where they name none, settings and the document have their say, and ``copied`` goes by what was made.
    """
    if out is None:
        return
    try:
        _check_place(out, file)
    except OSError as error:
        raise Usage(f"{out} cannot be written: {error.strerror}; name another with --out") from error
    if not out.is_dir():
        _check_extension(out, options)


def _check_place(out: Path, file: Path) -> None:
    if out.exists() and not (out.is_dir() or out.is_file()):
        raise Usage(f"{out} is neither a file nor a folder: name one with --out")
    if not out.is_dir() and not out.parent.is_dir():
        raise Usage(f"there is no folder {out.parent} to write {out.name} into")
    folder = out if out.is_dir() else out.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Usage(f"{folder} may not be written by this user: name another with --out")
    if there := next((path for path in _targets(out, file) if path.exists() and path.samefile(file)), None):
        raise Usage(f"{there} is the document itself, and the audiobook would take its place: name another with --out")


def _check_extension(out: Path, options: Mapping[str, str]) -> None:
    """An extension of no sound, as in ``livro.novo``, says nothing of a format."""
    meant = EXTENSIONS.get(out.suffix.lower())
    if meant is None and (guess_type(out.name)[0] or "").startswith("audio/"):
        raise Usage(f"{out.name} is of no format that can be made: end its name in {', '.join(EXTENSIONS)}")
    asked = resolve(options)
    made = next(fmt for fmt in asked.formats if fmt in WHOLE)
    if "formats" in asked.model_fields_set and meant and meant != made.removesuffix("-vbr"):
        raise Usage(f"{out.name} would hold {made}: give -o formats={meant} instead, or end its name in another way")


def _targets(out: Path, file: Path) -> Iterable[Path]:
    """Where the copy may take the place of something; in a folder, what is there under a name that it may have."""
    if not out.is_dir():
        return [out]
    return (path for path in out.glob(f"{escape(names.stem(file.name))}*") if path.suffix[1:] in WHOLE)


async def _audiobook(store: ObjectStore, key: str, out: Path | None) -> Path:
    """Where the audiobook lies: in the output bucket's folder, or at ``out``, into which it is copied."""
    there = Path(url2pathname(urlsplit(await store.link(keys.OUTPUT, key)).path))
    return there if out is None else await copied(there, _target(out, key), store.stream(keys.OUTPUT, key))


async def copied(there: Path, target: Path, pieces: AsyncIterator[bytes]) -> Path:
    """The target, into which the audiobook is written that lies ``there``.

    Raises Failed where it cannot be, or where the name of the target ends as that of another format does.
    Its job has ended, and the same command would begin another: who interrupts this is told so too.
    """
    advice = f"the audiobook is done and lies in {there}: copy it from there; the same command would narrate it anew"
    meant = EXTENSIONS.get(target.suffix.lower())
    if meant and meant != EXTENSIONS.get(there.suffix):
        raise Failed(f"{target} would hold {there.suffix.removeprefix('.')}, which its name does not say; {advice}")
    try:
        await write(target, pieces)
    except OSError as error:
        raise Failed(f"{target} cannot be written: {error.strerror}; {advice}") from error
    except asyncio.CancelledError:
        output.note(advice)
        raise
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
