"""``darkchannel submit``: puts a document into the inbox and says which job it became."""

import mimetypes
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from darkchannel import keys
from darkchannel.cli import finding, output
from darkchannel.cli.exits import Code, Failed, NotFound, Usage
from darkchannel.cli.progress import follow, tell_end
from darkchannel.cli.stores import opened
from darkchannel.errors import Refused
from darkchannel.jobs.options import resolve
from darkchannel.storage.jobs import Jobs


async def submit(file: Path, options: Mapping[str, str], *, following: bool, json: bool) -> Code:
    check(file, options)
    async with opened() as jobs:
        job = await upload(jobs, file, options)
        if not following:
            _accepted(job, file, json=json)
            return Code.OK
        output.note(f"job {job}")
        report = await follow(jobs, job)
    return tell_end(report, json=json)


def check(file: Path, options: Mapping[str, str]) -> None:
    """Refuse, before anything is written, what the splitter would refuse or leave alone.

    Raises NotFound where there is no such file, Usage for a wrong option or a name that is no document's.
    """
    try:
        is_there, is_file = file.exists(), file.is_file()
    except OSError as error:
        raise Usage(f"{file} cannot be read: {error.strerror}") from error
    if not is_there:
        raise NotFound(f"there is no file {file}")
    if not is_file:
        raise Usage(f"{file} is no file: name a text, SSML or EPUB file")
    if not keys.is_document(file.name):
        raise Usage(f"{file.name} is a name that the inbox leaves alone: rename the file")
    if os.fsencode(file.name).decode(errors="replace") != file.name:
        raise Usage(f"{file.name} is a name that is not UTF-8: rename the file")
    try:
        resolve(options)
    except Refused as error:
        raise Usage(str(error)) from error


async def upload(jobs: Jobs, file: Path, options: Mapping[str, str]) -> str:
    """Put a document and its options into the inbox; returns its job's id."""
    await jobs.store.put_file(
        keys.INBOX,
        file.name,
        file,
        content_type=mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        metadata=as_metadata(options),
    )
    placed = await jobs.store.head(keys.INBOX, file.name)
    if placed is None:  # The splitter was faster: the version is gone because it is a job already.
        return (await finding.find(jobs, file.name))[0].job
    if not placed.version or placed.version == "null":
        raise Failed(f"the bucket {keys.INBOX} has no versioning: run `darkchannel setup`")
    return keys.job_id(keys.INBOX, file.name, placed.version)


def as_metadata(options: Mapping[str, str]) -> dict[str, str]:
    """Options as S3 user metadata: percent-encoded UTF-8, since headers and clients refuse accents."""
    return {name.replace("_", "-"): quote(value, safe=" ,:/") for name, value in options.items()}


def _accepted(job: str, file: Path, *, json: bool) -> None:
    if json:
        output.json({"job": job, "bucket": keys.INBOX, "key": file.name})
        return
    output.line(job)
    output.note(f"{file.name} lies in {keys.INBOX}; `darkchannel status {job}` says how far it is")
