"""Tags, chapters and the cover as Vorbis comments, which Ogg Opus and FLAC share.

The layout is that of https://www.xiph.org/vorbis/doc/v-comment.html without its framing bit, the chapters those of
https://wiki.xiph.org/Chapter_Extension.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Final

from darkchannel.jobs.records import Mark
from services.merger.containers import Tags

VENDOR: Final = b"DarkChannel"

_NUMBERED: Final = 999
"""Chapters whose numbers have the three digits of the standard."""
_FRONT_COVER: Final = 3
_MIME: Final = b"image/jpeg"


def block(pairs: Sequence[tuple[str, str]]) -> bytes:
    """Comments as they stand in a file; those without a value are left out."""
    comments = [_with_length(f"{name}={_clean(value)}".encode(errors="replace")) for name, value in pairs if value]
    return _with_length(VENDOR) + struct.pack("<I", len(comments)) + b"".join(comments)


def comments(tags: Tags, chapters: Sequence[Mark]) -> list[tuple[str, str]]:
    """The name and value of each comment; without the cover."""
    named = {
        "TITLE": tags.title,
        "ALBUM": tags.title,
        "ARTIST": tags.author,
        "ALBUMARTIST": tags.author,
        "COMPOSER": tags.narrator,
        "DATE": tags.year,
        "GENRE": tags.genre,
        "DESCRIPTION": tags.description,
        "LANGUAGE": tags.language,
        "SERIES": tags.series,
        "SERIES-PART": tags.series_index,
    }
    return [*((name, value or "") for name, value in named.items()), *_chapters(chapters)]


def picture(jpeg: bytes) -> bytes:
    """A front cover: https://www.rfc-editor.org/rfc/rfc9639.html#section-8.8; its sizes are left to the JPEG."""
    width = height = depth = colours = 0
    described = struct.pack(">I", _FRONT_COVER) + struct.pack(">I", len(_MIME)) + _MIME + struct.pack(">I", 0)
    return described + struct.pack(">5I", width, height, depth, colours, len(jpeg)) + jpeg


def _chapters(chapters: Sequence[Mark]) -> Iterator[tuple[str, str]]:
    """Each chapter under its number, from 1.

    ffmpeg reads three digits and takes ``CHAPTER1000NAME`` for the name of chapter 100, unless it has yet to hear
    of that one: so the numbers of four digits come first.
    """
    numbered = list(enumerate(chapters, start=1))
    for number, mark in (*numbered[_NUMBERED:], *numbered[:_NUMBERED]):
        yield f"CHAPTER{number:03}", _time(mark.start)
        yield f"CHAPTER{number:03}NAME", _clean(mark.title) or str(number)


def _time(seconds: float) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"


def _clean(value: str) -> str:
    """Without NUL, at which readers written in C would end it."""
    return value.replace("\0", "")


def _with_length(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value
