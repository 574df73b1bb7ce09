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

from pydantic_settings import BaseSettings

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
from darkchannel.jobs.formats import EXTENSIONS, FORMATS, FORMATS_OF, WHOLE
from darkchannel.jobs.options import resolve
from darkchannel.jobs.runs import State
from darkchannel.runtime.embedded import embedded
from darkchannel.runtime.settings import FROM_ENVIRONMENT
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import ObjectStore

PLAYER = "index.html"
_MEANT = EXTENSIONS | {".zip": "zip"}


class _Defaults(BaseSettings):
    """What the splitter makes of a document that does not say, from the environment or .env."""

    model_config = FROM_ENVIRONMENT

    darkchannel_formats: str | None = None


async def narrate(file: Path, options: Mapping[str, str], *, folder: Path | None, out: Path | None, json: bool) -> Code:
    started = time.monotonic()
    check(file, options)
    check_out(out, file)
    options = with_format(options, out, file)
    root = prepare(folder)
    async with embedded(root, drops=False) as pipeline:
        waits = Waits(pipeline)
        job = await _begun(pipeline.jobs, file, options, root)
        try:
            report = await follow(pipeline.jobs, job, waits.news)
        except asyncio.CancelledError:
            output.note(advice(job, root))
            raise
        audiobook = await delivered(pipeline.store, report, out) if report.files else None
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
    """Raises Usage where the copy could not be written, or would take the place of the document or of no audiobook."""
    try:
        if out:
            _check_place(out, file)
    except OSError as error:
        raise Usage(f"{out} cannot be written: {error.strerror}; name another with --out") from error


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
    if out.is_file() and out.suffix.lower() not in _MEANT:
        raise Usage(f"{out} is there already, and no audiobook by its name: name another with --out")


def with_format(options: Mapping[str, str], out: Path | None, file: Path) -> Mapping[str, str]:
    """The options, with the format that the name of the copy means where neither they nor the environment name any.

    Raises Usage where that cannot be made, or is none of those that they name.
    """
    if out is None or (meant := _meant(out)) is None:
        return options
    default = _Defaults().darkchannel_formats
    made = resolve({"formats": FORMATS_OF.get(keys.extension(file.name))}, {"formats": default}, options).formats
    if meant in {fmt.removesuffix("-vbr") for fmt in made}:
        return options
    if default is None and "formats" not in options:
        return {**options, "formats": meant}
    raise Usage(
        f"{out.name} means {meant}, and formats are {', '.join(made)}: "
        f"give -o formats={meant}, or end its name in another way"
    )


def _meant(out: Path) -> str | None:
    """The format that a name means. An extension of no sound, as in ``livro.novo``, says nothing of one.

    Raises Usage for an extension of other sound.
    """
    if out.is_dir():
        return None
    meant = _MEANT.get(out.suffix.lower())
    if meant is None and (guess_type(out.name)[0] or "").startswith("audio/"):
        raise Usage(f"{out.name} is of no format that can be made: end its name in {', '.join(_MEANT)}")
    return meant


def _targets(out: Path, file: Path) -> Iterable[Path]:
    """Where the copy may take the place of something; in a folder, what is there under a name that it may have."""
    if not out.is_dir():
        return [out]
    return (path for path in out.glob(f"{escape(names.stem(file.name))}*") if path.suffix[1:] in WHOLE)


async def delivered(store: ObjectStore, report: Report, out: Path | None) -> Path:
    """Where the audiobook lies: in the output bucket's folder, or at ``out``, into which it is copied.

    Raises Failed where that cannot be, or where no file of the format was made that the name of ``out`` means.
    """
    main = next(iter(report.files.values()))
    if out is None:
        return await _path(store, main)
    made = {fmt: key for fmt in FORMATS if (key := report.files.get(f"audiobook.{fmt}"))}
    meant = _meant(out)
    if meant and meant not in made:
        there = await _path(store, main)
        raise Failed(f"{out} means {meant}, and what was made is {', '.join(made)}; {_advice(there)}")
    key = made[meant] if meant else main
    return await copied(await _path(store, key), _target(out, key), store.stream(keys.OUTPUT, key))


async def copied(there: Path, target: Path, pieces: AsyncIterator[bytes]) -> Path:
    """The target, into which the audiobook is written that lies ``there``.

    Raises Failed where it cannot be. Who interrupts this is told where the audiobook lies too.
    """
    try:
        await write(target, pieces)
    except OSError as error:
        raise Failed(f"{target} cannot be written: {error.strerror}; {_advice(there)}") from error
    except asyncio.CancelledError:
        output.note(_advice(there))
        raise
    return target


def _advice(there: Path) -> str:
    """Its job has ended, and the same command would begin another."""
    return f"the audiobook is done and lies in {there}: copy it from there; the same command would narrate it anew"


async def _path(store: ObjectStore, key: str) -> Path:
    return Path(url2pathname(urlsplit(await store.link(keys.OUTPUT, key)).path))


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
