"""What players of M4B read of a book, as iTunes has it; which names mean what is known from its readers alone:
https://mutagen.readthedocs.io/en/latest/api/mp4.html and https://wiki.multimedia.cx/index.php/FFmpeg_Metadata.
"""

import struct
from collections.abc import Sequence
from typing import Final

from darkchannel.jobs.records import Mark
from services.merger.containers import Tags
from services.merger.containers.boxes import Pieces, box, full_box, handler

NERO_CHAPTERS: Final = 255
"""At most: the count is one byte, and so is the length of a title."""
_NERO_TITLE_BYTES: Final = 255
_NERO_TICKS: Final = 10_000_000
"""In a second."""
_TEXT, _JPEG, _INTEGER = 1, 13, 21
_AUDIOBOOK: Final = b"\2"


def user_data(tags: Tags, chapters: Sequence[Mark]) -> Pieces:
    """The chapters stand in it for old players, where they are not too many."""
    return box(b"udta", _nero(chapters) if 0 < len(chapters) <= NERO_CHAPTERS else (), _meta(tags))


def utf_8(text: str, most: int | None = None) -> bytes:
    """At most so many bytes, of whole characters; without NUL, at which players would stop."""
    return text.replace("\0", "").encode(errors="replace")[:most].decode(errors="ignore").encode()


def _nero(chapters: Sequence[Mark]) -> Pieces:
    entries = []
    for mark in chapters:
        title = utf_8(mark.title, _NERO_TITLE_BYTES)
        entries.append(struct.pack(">QB", round(mark.start * _NERO_TICKS), len(title)) + title)
    return full_box(b"chpl", 1, 0, struct.pack(">4xB", len(chapters)), *entries)


def _meta(tags: Tags) -> Pieces:
    texts = (
        (b"\xa9nam", tags.title),
        (b"\xa9alb", tags.title),
        (b"\xa9ART", tags.author),
        (b"aART", tags.author),
        (b"\xa9wrt", tags.narrator),
        (b"\xa9day", tags.year),
        (b"\xa9gen", tags.genre),
        (b"desc", tags.description),
        (b"ldes", tags.description),
    )
    named = (("SERIES", tags.series), ("SERIES-PART", tags.series_index), ("LANGUAGE", tags.language))
    items = [box(kind, _data(_TEXT, utf_8(value))) for kind, value in texts if value]
    items += [_named(name, value) for name, value in named if value]
    items.append(box(b"stik", _data(_INTEGER, _AUDIOBOOK)))
    if tags.cover:
        items.append(box(b"covr", _data(_JPEG, tags.cover)))
    return full_box(b"meta", 0, 0, handler(b"mdir", b"appl"), box(b"ilst", *items))


def _named(name: str, value: str) -> Pieces:
    owner = full_box(b"mean", 0, 0, b"com.apple.iTunes")
    return box(b"----", owner, full_box(b"name", 0, 0, name.encode()), _data(_TEXT, utf_8(value)))


def _data(kind: int, value: bytes) -> Pieces:
    return box(b"data", struct.pack(">I4x", kind), value)
