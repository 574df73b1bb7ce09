"""Covers told by their first bytes: what a picture is called says little of what it is."""

from itertools import chain

from darkchannel.errors import Refused
from darkchannel.jobs.plan import Cover

MAX_BYTES = 30 * 1024 * 1024
"""Of a cover that a job asks for."""

_STARTS = {
    b"GIF8": "a GIF",
    b"BM": "a BMP",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"%PDF": "a PDF",
    b"<": "an SVG, or another text",
}
_MARKS = {b"WEBP": "a WebP", b"ftypavif": "an AVIF", b"ftyphei": "a HEIC", b"ftypmif1": "a HEIC"}
"""What stands after a length, within ``_MARKED`` bytes."""
_MARKED = 16


def cover(body: bytes) -> Cover | None:
    """A picture as a cover; ``None`` where it is neither JPEG nor PNG."""
    if body.startswith(b"\xff\xd8\xff"):
        return Cover(body, "jpg")
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return Cover(body, "png")
    return None


def asked_for(body: bytes, place: str) -> Cover:
    """The cover that a job asks for. Raises Refused with what lies at ``place`` instead of one."""
    if len(body) > MAX_BYTES:
        raise Refused(f"the cover {place} has more than {MAX_BYTES // 1024**2} MB: make the picture smaller")
    if found := cover(body):
        return found
    raise Refused(f"the cover {place} is {_kind(body)}, neither JPEG nor PNG: save the picture as one of them")


def _kind(body: bytes) -> str:
    if not body:
        return "empty"
    by_start = (kind for start, kind in _STARTS.items() if body.startswith(start))
    by_mark = (kind for mark, kind in _MARKS.items() if mark in body[:_MARKED])
    return next(chain(by_start, by_mark), "no picture that is known")
