"""Names of buckets and objects: built and parsed here, anchored, and nowhere else."""

import re
import uuid
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

INBOX = "darkchannel-inbox"
JOBS = "darkchannel-jobs"
OUTPUT = "darkchannel-output"
REFS = "darkchannel-refs"
TEMP = "darkchannel-temp"
CACHE = "darkchannel-cache"
LEXICONS = "lexicons/"
"""In ``REFS``."""
COVERS = "covers/"
"""In ``REFS``."""
VOICES = "voices/"
"""In ``REFS``: recordings of voices that are to be imitated."""
MODELS = "models/"
"""In ``REFS``: a folder of voices for each engine that loads its own."""
PIPER_VOICES = f"{MODELS}piper/"
"""In ``REFS``."""
RECORDINGS = "voice-recordings"
"""Calls; on a server of its own it may have another name there (``RECORDINGS_BUCKET``)."""
BUCKETS = (INBOX, JOBS, OUTPUT, REFS, TEMP, CACHE)

MAX_SEGMENTS = 1_000_000
"""Segment indices have six digits, so that keys sort as numbers do."""

OPTIONS_FILE = "_options.yaml"
PARTIAL_SUFFIXES = (".part", ".tmp", ".crdownload")

RunEvent = Literal["opened", "outcome", "closed"]

ACTIVE_PREFIX = "_active/"
NAMES_PREFIX = "_names/"
ASKED_PREFIX = "_asked/"
SPEECH_PREFIX = "speech/"
"""In ``CACHE``."""
RECEIPTS_PREFIX = "_recordings/"
DESTINATIONS_PREFIX = "_destinations/"


def job_id(bucket: str, key: str, version: str) -> str:
    """The job of one version of one inbox object: ``uuid5(NAMESPACE_URL, "s3://{bucket}/{key}?versionId={version}")``."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"s3://{bucket}/{key}?versionId={version}"))


def is_document(key: str) -> bool:
    """Whether an inbox key is somebody's document: no dotfile, no partial upload, no folder, no options file."""
    parts = key.split("/")
    name = parts[-1]
    return not (
        not name
        or name == OPTIONS_FILE
        or any(part.startswith(".") and part.strip(".") for part in parts)
        or name.lower().endswith(PARTIAL_SUFFIXES)
    )


def options_key(document: str) -> str:
    """The options file of the folder that holds a document."""
    folder, slash, _ = document.rpartition("/")
    return f"{folder}{slash}{OPTIONS_FILE}"


def extension(key: str) -> str:
    """The lower-case extension of a document without its dot; empty where it has none that is plain ASCII."""
    suffix = PurePosixPath(key).suffix[1:].lower()
    return suffix if re.fullmatch(r"[a-z0-9]{1,10}", suffix) else ""


def marker(job: str, run: int) -> str:
    return f"{ACTIVE_PREFIX}{job}.{run:04d}"


def name_claim(date: str, stem: str) -> str:
    return f"{NAMES_PREFIX}{date}/{stem}.json"


def ask(job: str, nonce: str) -> str:
    """Somebody wants the reconciler to look at a job at once; each ask is an object of its own."""
    return f"{ASKED_PREFIX}{job}.{nonce}"


def metadata(job: str) -> str:
    return f"{job}/metadata.json"


def source(job: str, ext: str) -> str:
    return f"{job}/input/source.{ext}" if ext else f"{job}/input/source"


def cover(job: str, ext: str) -> str:
    return f"{job}/input/cover.{ext}"


def lexicon(name: str) -> str:
    """In ``REFS``: a language's, or the one a job asks for, ``name`` being with or without its extension."""
    return f"{LEXICONS}{name if name.lower().endswith('.pls') else f'{name}.pls'}"


def cover_reference(name: str) -> str:
    """In ``REFS``: the picture that a job asks for as its cover."""
    return f"{COVERS}{name}"


def speech(engine: str, digest: str) -> str:
    """In ``CACHE``: what an engine once spoke; ``digest``, a SHA-256, is of all it depends on."""
    return f"{SPEECH_PREFIX}{engine}/{digest}.wav"


def piper_voice(name: str) -> tuple[str, str]:
    """In ``REFS``: a voice for Piper, its model and the JSON that describes it."""
    model = f"{PIPER_VOICES}{name}.onnx"
    return model, f"{model}.json"


def plan(job: str) -> str:
    return f"{job}/plan.json"


def plan_part(job: str, section: int, digest: str) -> str:
    return f"{job}/plan/section-{section:04d}-{digest}.json"


def level(job: str) -> str:
    return f"{job}/level.json"


def engine(job: str) -> str:
    return f"{job}/engine.json"


def window(job: str) -> str:
    return f"{job}/window.json"


def segment(job: str, index: int) -> str:
    return f"{job}/segments/segment-{index:06d}.ssml"


def chunk(job: str, index: int) -> str:
    return f"{job}/chunks/chunk-{index:06d}.wav"


def section_file(job: str, section: int, digest: str, ext: str) -> str:
    return f"{job}/sections/section-{section:04d}-{digest}.{ext}"


def section_record(job: str, section: int) -> str:
    return f"{job}/sections/section-{section:04d}.json"


def build_file(job: str, digest: str, name: str) -> str:
    return f"{job}/builds/{digest}/{name}"


def manifest(job: str, digest: str) -> str:
    return build_file(job, digest, "manifest.json")


def run_event(job: str, run: int, event: RunEvent) -> str:
    return f"{job}/runs/{run:04d}-{event}.json"


def final(job: str, name: str) -> str:
    return f"{job}/final/{name}"


def error(job: str, run: int, what: str) -> str:
    return f"{job}/errors/{run:04d}-{what}.json"


def rejection(job: str, index: int) -> str:
    return f"{job}/rejections/chunk-{index:06d}.json"


def delivery(job: str, run: int, event: str) -> str:
    return f"{job}/deliveries/{run:04d}-{event}.json"


def progress(job: str) -> str:
    """The delivery of progress, one through all runs: an older run's never follows a newer one's."""
    return f"{job}/deliveries/task.progress.json"


def announced(job: str, run: int) -> str:
    """Whether all that is to hear of a closed run has heard; see ``deliveries.Announced``."""
    return f"{job}/deliveries/{run:04d}-announced.json"


def receipt(recording: str) -> str:
    """The delivery of a recording's handoff, ``recording`` being its key: found in the console by date, as that is."""
    return f"{RECEIPTS_PREFIX}{recording}.json"


HANDED_OFF_SINCE = f"{RECEIPTS_PREFIX}since.json"
"""From when on recordings are handed off: those that were there before are left alone."""


def destination(digest: str) -> str:
    """What is kept of an address that answered 410; ``digest`` is of its URL."""
    return f"{DESTINATIONS_PREFIX}{digest}.json"


def output(date: str, stem: str, ext: str) -> str:
    return f"{date}/{stem}.{ext}"


def published(date: str, stem: str, file: str, main: str) -> str:
    """Where listeners find a file of a build: the ``main`` one under its name, the rest in a folder of that name."""
    return output(date, stem, file.rpartition(".")[2]) if file == main else f"{date}/{stem}/{file}"


def copies(job: str, date: str, stem: str, file: str, main: str) -> tuple[tuple[str, str], ...]:
    """(bucket, key) of each copy of a published file: the listeners', and that in the job's own folder."""
    return (OUTPUT, published(date, stem, file, main)), (JOBS, final(job, file))


def output_error(date: str, stem: str) -> str:
    return f"{date}/{stem}.error.txt"


_JOB = r"(?P<job>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_NUMBER = "[0-9]{4}|[1-9][0-9]{4,5}"  # exactly what {:04d} writes, so that a number has one key
_SEGMENT = re.compile(rf"{_JOB}/segments/segment-(?P<index>[0-9]{{6}})\.ssml")
_CHUNK = re.compile(rf"{_JOB}/chunks/chunk-(?P<index>[0-9]{{6}})\.wav")
_SECTION = re.compile(rf"{_JOB}/sections/section-(?P<index>{_NUMBER})\.json")
_MANIFEST = re.compile(rf"{_JOB}/builds/(?P<digest>[0-9a-f]{{16}})/manifest\.json")
_RUN = re.compile(rf"{_JOB}/runs/(?P<run>{_NUMBER})-(?P<event>opened|outcome|closed)\.json")
_DELIVERY = re.compile(rf"{_JOB}/deliveries/((?P<run>{_NUMBER})-)?(?P<event>handoff|task\.[a-z]+)\.json")
_REJECTION = re.compile(rf"{_JOB}/rejections/chunk-(?P<index>[0-9]{{6}})\.json")
_RECORDING_ASK = re.compile(rf"{ASKED_PREFIX}(?P<recording>company_.+)\.[0-9a-zA-Z-]+", re.DOTALL)
_ASK = re.compile(rf"{ASKED_PREFIX}{_JOB}\.[0-9a-zA-Z-]+")
_SPEECH = re.compile(rf"{SPEECH_PREFIX}(?P<engine>.+)/[0-9a-f]{{64}}\.wav")
_MARKER = re.compile(rf"{ACTIVE_PREFIX}{_JOB}\.(?P<run>{_NUMBER})")


@dataclass(frozen=True, slots=True)
class Numbered:
    """A segment, chunk or section of a job."""

    job: str
    index: int


@dataclass(frozen=True, slots=True)
class Manifest:
    job: str
    digest: str


@dataclass(frozen=True, slots=True)
class Run:
    job: str
    run: int
    event: str


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a job's delivery tells of; ``run`` is None where it is of all."""

    job: str
    run: int | None
    event: str


def _numbered(pattern: re.Pattern[str], key: str) -> Numbered | None:
    found = pattern.fullmatch(key)
    return Numbered(found["job"], int(found["index"])) if found else None


def parse_segment(key: str) -> Numbered | None:
    return _numbered(_SEGMENT, key)


def parse_chunk(key: str) -> Numbered | None:
    return _numbered(_CHUNK, key)


def parse_section(key: str) -> Numbered | None:
    return _numbered(_SECTION, key)


def parse_manifest(key: str) -> Manifest | None:
    found = _MANIFEST.fullmatch(key)
    return Manifest(found["job"], found["digest"]) if found else None


def parse_run(key: str) -> Run | None:
    found = _RUN.fullmatch(key)
    return Run(found["job"], int(found["run"]), found["event"]) if found else None


def parse_delivery(key: str) -> Announcement | None:
    """None for ``announced.json``."""
    found = _DELIVERY.fullmatch(key)
    return Announcement(found["job"], int(found["run"]) if found["run"] else None, found["event"]) if found else None


def parse_receipt(key: str) -> str | None:
    """The key of the recording whose handoff this is."""
    recording = key.removeprefix(RECEIPTS_PREFIX).removesuffix(".json")
    return recording if key == receipt(recording) else None


def parse_marker(key: str) -> tuple[str, int] | None:
    found = _MARKER.fullmatch(key)
    return (found["job"], int(found["run"])) if found else None


def parse_rejection(key: str) -> Numbered | None:
    return _numbered(_REJECTION, key)


def parse_speech(key: str) -> str | None:
    """The engine that spoke what lies under this key of ``CACHE``."""
    found = _SPEECH.fullmatch(key)
    return found["engine"] if found else None


def parse_ask(key: str) -> str | None:
    """The job that somebody asked about."""
    found = _ASK.fullmatch(key)
    return found["job"] if found else None


def parse_recording_ask(key: str) -> str | None:
    """The key of the recording that somebody asked about."""
    found = _RECORDING_ASK.fullmatch(key)
    return found["recording"] if found else None
