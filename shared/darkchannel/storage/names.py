"""Which names a store may hold at all, and the ETag of a content."""

import hashlib
import re

MAX_KEY_BYTES = 1024

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")


def check(bucket: str, key: str) -> None:
    """Raise ValueError for a name that no store holds: S3 allows keys of 1 to 1,024 bytes of UTF-8."""
    check_bucket(bucket)
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise ValueError(f"{key!r} is not UTF-8 and cannot be the name of an object") from error
    if not 1 <= size <= MAX_KEY_BYTES:
        raise ValueError(f"{key[:60]!r}... has {size} bytes; the name of an object has 1 to {MAX_KEY_BYTES}")
    if "\0" in key:
        raise ValueError(f"{key!r} holds a NUL and cannot be the name of an object")


def check_bucket(bucket: str) -> None:
    """Raise ValueError for what cannot be the name of a bucket."""
    if not _BUCKET.fullmatch(bucket) or ".." in bucket:
        raise ValueError(f"{bucket!r} cannot be the name of a bucket")


def etag(body: bytes) -> str:
    """The MD5 of a content in hexadecimal digits, as S3 servers compute it for a single upload."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
