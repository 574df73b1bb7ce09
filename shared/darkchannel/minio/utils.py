"""Names, addresses and sizes."""

import re
import uuid
from typing import Final
from urllib.parse import unquote

_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
"""What some file system refuses, or takes for a folder."""
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
"""https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file"""
_MOST_BYTES: Final = 200
_UNITS: Final = ("B", "KB", "MB", "GB", "TB")


def generate_job_id() -> str:
    """A new job id: a random UUID."""
    return str(uuid.uuid4())


def get_s3_url(bucket: str, key: str) -> str:
    """``s3://bucket/key``, the key as it is."""
    return f"s3://{bucket}/{key}"


def parse_s3_url(url: str) -> tuple[str, str]:
    """Bucket and key of an ``s3://`` address. Raises ValueError for anything else."""
    scheme, _, rest = url.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme.lower() != "s3" or not bucket:
        raise ValueError(f"{url!r} is no address of an object: write s3://bucket/key")
    return bucket, key


def format_size(size: float) -> str:
    """Bytes for people, in steps of 1,024: ``1536`` is ``1.5 KB``. Raises ValueError below zero."""
    if size < 0:
        raise ValueError(f"{size} bytes are less than none")
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"


def sanitize_filename(name: str) -> str:
    """A name that every file system takes, accents kept: at most 200 bytes, ``audio`` where nothing is left."""
    stem, dot, extension = _UNSAFE.sub("_", unquote(name)).strip(" .").rpartition(".")
    if not dot:
        stem, extension = extension, ""
    suffix = _cut(f".{extension}", 20) if extension else ""
    kept = _cut(stem.strip(), _MOST_BYTES - len(suffix.encode())).rstrip(" .") + suffix
    return f"_{kept}" if _RESERVED.match(kept) else kept or "audio"


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")
