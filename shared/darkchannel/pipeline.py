"""The architecture in one table: every stage, what calls it, what it reads and what it writes.

Bucket notifications, RabbitMQ topology, in-process routing, MinIO policies and the table in
docs/architecture.md are all derived from ``STAGES``; a change of the pipeline starts here.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from darkchannel import keys

EXCHANGE = "darkchannel"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one stage may do with the objects under ``bucket/pattern`` (S3 policy wildcards)."""

    bucket: str
    pattern: str
    actions: str
    """Any of: r(ead) w(rite) d(elete)."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: an object created under ``bucket`` with ``prefix`` and ``suffix`` calls ``service`` over ``queue``."""

    name: str
    service: str
    bucket: str
    prefix: str
    suffix: str
    does: str
    grants: tuple[Grant, ...]

    @property
    def queue(self) -> str:
        return f"{EXCHANGE}.{self.name}"

    @property
    def ends_runs(self) -> bool:
        """Whether work on it that cannot be done fails its run: who only tells of runs ends none."""
        return any(grant.pattern == "*/runs/*" and "w" in grant.actions for grant in self.grants)

    def wants(self, bucket: str, key: str) -> bool:
        """Whether MinIO's notification filter would let this object through."""
        return bucket == self.bucket and fnmatchcase(key, f"{_literal(self.prefix)}*{_literal(self.suffix)}")


def _literal(pattern: str) -> str:
    return pattern.replace("[", "[[]").replace("?", "[?]")


def _jobs(actions: str, *patterns: str) -> tuple[Grant, ...]:
    return tuple(Grant(keys.JOBS, pattern, actions) for pattern in patterns)


# Every service may read jobs, open and end runs, and bring metadata.json up to date.
_LEDGER = (
    *_jobs("r", "*"),
    *_jobs("w", "_active/*", "*/runs/*", "*/errors/*", "*/metadata.json"),
)

# The notifier reads what it tells of and writes receipts, nothing more: neither texts nor sound of a book.
_ANNOUNCES = (
    *_jobs("r", "_active/*", "*/runs/*", "*/plan.json", "*/metadata.json", "*/builds/*/manifest.json", "_names/*"),
    *_jobs("rw", "*/deliveries/*", f"{keys.DESTINATIONS_PREFIX}*"),
)

STAGES = (
    Stage(
        "accept", "splitter", keys.INBOX, "", "",
        "turns a document into a job: a plan and its first segments",
        (
            *_LEDGER,
            Grant(keys.INBOX, "*", "rd"),
            Grant(keys.REFS, f"{keys.LEXICONS}*", "r"),
            Grant(keys.REFS, f"{keys.COVERS}*", "r"),
            *_jobs("w", "_names/*", "*/input/*", "*/plan.json", "*/plan/*", "*/window.json", "*/segments/*"),
        ),
    ),
    Stage(
        "speak", "synthesizer", keys.JOBS, "*/segments/", ".ssml",
        "speaks one segment and releases the next",
        (
            *_LEDGER,
            Grant(keys.REFS, "*", "r"),
            Grant(keys.CACHE, "*", "rwd"),
            *_jobs("w", "*/chunks/*", "*/segments/*", "*/engine.json"),
        ),
    ),
    Stage(
        "encode", "merger", keys.JOBS, "*/chunks/", ".wav",
        "encodes a section when all its chunks are there",
        (*_LEDGER, *_jobs("w", "*/sections/*", "*/rejections/*")),
    ),
    Stage(
        "assemble", "merger", keys.JOBS, "*/sections/", ".json",
        "joins the sections into a book when all are current",
        (*_LEDGER, *_jobs("w", "*/builds/*", "*/rejections/*", "*/level.json"), *_jobs("d", "*/sections/*")),
    ),
    Stage(
        "decide", "publisher", keys.JOBS, "*/builds/", "/manifest.json",
        "completes the run when the build is still current",
        _LEDGER,
    ),
    Stage(
        "act", "publisher", keys.JOBS, "*/runs/", "-outcome.json",
        "makes the output equal the newest completed build, then closes the run",
        (
            *_LEDGER,
            *_jobs("w", "_names/*", "_asked/*", "*/final/*"),
            *_jobs("d", "*/builds/*", "*/final/*"),
            Grant(keys.OUTPUT, "*", "rwd"),
        ),
    ),
    Stage(
        "announce", "handoff-notifier", keys.JOBS, "*/runs/", "-closed.json",
        "tells OmniPlay and the job's webhook what became of a run, once",
        _ANNOUNCES,
    ),
    Stage(
        "progress", "handoff-notifier", keys.JOBS, "*/", "metadata.json",
        "tells the job's webhook how far a run is",
        _ANNOUNCES,
    ),
    Stage(
        "handoff", "handoff-notifier", keys.RECORDINGS, "company_", "",
        "tells OmniPlay of a recorded call, once",
        (*_jobs("rw", f"{keys.RECEIPTS_PREFIX}*", f"{keys.DESTINATIONS_PREFIX}*"), Grant(keys.RECORDINGS, "*", "r")),
    ),
)  # fmt: skip

RECONCILER = "reconciler"
RECONCILER_GRANTS = (
    *_LEDGER,
    Grant(keys.INBOX, "*", "r"),
    Grant(keys.OUTPUT, "*", "r"),
    Grant(keys.RECORDINGS, "*", "r"),
    *_jobs("d", "_active/*", "_asked/*", "*/chunks/*", "*/rejections/*", "*/sections/*", "*/builds/*"),
    *_jobs("w", "*/segments/*", "*/window.json", "_asked/*", keys.HANDED_OFF_SINCE),
)

BY_NAME = {stage.name: stage for stage in STAGES}
SERVICES = (*dict.fromkeys(stage.service for stage in STAGES), RECONCILER)


def stages_of(service: str) -> tuple[Stage, ...]:
    return tuple(stage for stage in STAGES if stage.service == service)


def grants_of(service: str) -> tuple[Grant, ...]:
    """What a service may do, each grant once."""
    if service == RECONCILER:
        return RECONCILER_GRANTS
    return tuple(dict.fromkeys(grant for stage in stages_of(service) for grant in stage.grants))


def stages_for(bucket: str, key: str) -> tuple[Stage, ...]:
    """The stages that a created object calls."""
    return tuple(stage for stage in STAGES if stage.wants(bucket, key))
