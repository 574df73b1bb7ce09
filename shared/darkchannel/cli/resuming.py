"""What ``darkchannel narrate`` leaves when it is interrupted, and finds again when it is repeated."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from shlex import quote

from darkchannel.cli import finding
from darkchannel.cli.submitting import as_metadata
from darkchannel.errors import Permanent
from darkchannel.jobs.options import from_metadata, without_secrets
from darkchannel.jobs.runs import State
from darkchannel.runtime import settings
from darkchannel.storage.etags import hashed
from darkchannel.storage.jobs import Jobs


async def unfinished(jobs: Jobs, file: Path, options: Mapping[str, str]) -> str | None:
    """The newest job under way that came from this very file with these options of the command, if there is one.

    A book that was completed before, and is made anew because somebody edited it, is none.
    """
    digest = await asyncio.to_thread(_digest, file)
    said = without_secrets(from_metadata(as_metadata(options)))
    for job in await finding.active(jobs):
        with suppress(Permanent):  # a person made one of its records unreadable
            accepted, kept, runs = await jobs.opened(job, 1), await jobs.input(job), await jobs.runs(job, fresh=True)
            is_under_way = runs.state in (State.OPEN, State.COMPLETED) and runs.newest not in runs.closed
            is_first = runs.completed[0] in (0, runs.newest)
            if not (accepted and accepted.source and kept and is_under_way and is_first):
                continue
            if (accepted.source.key, accepted.layers[-1:], kept.etag) == (file.name, (said,), digest):
                return job
    return None


def advice(job: str, root: Path) -> str:
    """How to go on with a job that was interrupted, or to drop it; ``root`` is the folder of its objects."""
    return (
        f"job {job} is kept: the same command goes on with it, and so does `darkchannel watch {quote(str(root))}`; "
        f"{_dropping(job, root)} drops it"
    )


def resumption(job: str, root: Path) -> str:
    """What the same command does; the options of the environment and of ``_options.yaml`` may have changed since."""
    return (
        f"goes on with job {job} of this file, which is not finished, under all the options it began with; "
        f"{_dropping(job, root)} drops it, and then the same command begins anew"
    )


def _dropping(job: str, root: Path) -> str:
    chosen = settings.load()
    there = {"DARKCHANNEL_FOLDER": str(root)} if chosen.darkchannel_folder.expanduser().resolve() != root else {}
    if chosen.minio_endpoint or chosen.minio_public_url:  # cancel would look there
        there |= {"MINIO_ENDPOINT": "", "MINIO_PUBLIC_URL": ""}
    before = "".join(f"{name}={quote(value) if value else ''} " for name, value in there.items())
    return f"`{before}darkchannel cancel {job}`"


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashed(opened)
