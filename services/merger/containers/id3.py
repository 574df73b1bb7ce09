"""ID3v2.3 tags with chapters: https://id3.org/id3v2.3.0 and https://id3.org/id3v2-chapters-1.0."""

import struct
from collections.abc import Iterator, Sequence
from typing import Final

from darkchannel.jobs.records import Mark
from services.merger.containers import Tags

MOST_ENTRIES: Final = 255
"""A table of contents counts its entries in one byte."""

_LATIN_1: Final = b"\0"
_UTF_16: Final = b"\1"
_JPEG_FRONT_COVER: Final = b"\0image/jpeg\0\x03\0"
_TOP_LEVEL: Final = 2
_ORDERED: Final = 1
_NOWHERE: Final = 0xFFFF_FFFF
"""Chapters are found by their times, not by a position in bytes."""
_UNKNOWN_LANGUAGE: Final = "XXX"
_LANGUAGES: Final = {
    "ca": "cat", "cs": "ces", "da": "dan", "de": "deu", "el": "ell", "en": "eng", "es": "spa", "eu": "eus",
    "fi": "fin", "fr": "fra", "gl": "glg", "hu": "hun", "it": "ita", "ja": "jpn", "ko": "kor", "la": "lat",
    "nb": "nob", "nl": "nld", "no": "nor", "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus", "sv": "swe",
    "tr": "tur", "uk": "ukr", "zh": "zho",
}  # fmt: skip


def tag(tags: Tags, chapters: Sequence[Mark]) -> bytes:
    """The whole tag, as it stands before the first frame. Raises ValueError where it exceeds 256 MiB."""
    body = b"".join((*_about(tags), *_contents(chapters), *(_chapter(n, mark) for n, mark in enumerate(chapters))))
    return b"ID3\3\0\0" + _synchsafe(len(body)) + body


def three_letters(language: str) -> str | None:
    """The ISO 639-2 code of a BCP 47 tag; None where it is not known."""
    primary = language.partition("-")[0].lower()
    known = _LANGUAGES.get(primary, primary)
    return known if len(known) == 3 and known.isascii() and known.isalpha() else None


def _about(tags: Tags) -> Iterator[bytes]:
    language = three_letters(tags.language) or _UNKNOWN_LANGUAGE
    texts = {
        "TIT2": tags.title,
        "TALB": tags.album or tags.title,
        "TPE1": tags.author,
        "TPE2": tags.author,
        "TCOM": tags.narrator,
        "TYER": tags.year,
        "TCON": tags.genre,
        "TLAN": language,
        "TRCK": tags.track and "{}/{}".format(*tags.track),
    }
    for name, text in texts.items():
        if text:
            yield _frame(name, _text(_one_line(text)))
    for name, text in {"SERIES": tags.series, "SERIES-PART": tags.series_index}.items():
        if text:
            yield _frame("TXXX", _described(name, _one_line(text)))
    if tags.description:
        yield _frame("COMM", _described("", tags.description, language.encode("ascii")))
    if tags.cover:
        yield _frame("APIC", _JPEG_FRONT_COVER + tags.cover)


def _contents(chapters: Sequence[Mark]) -> Iterator[bytes]:
    """Tables of contents: one, or where there are too many chapters for it, one of others."""
    entries = [_name(number) for number, _ in enumerate(chapters)]
    depth = 0
    while len(entries) > MOST_ENTRIES:
        depth += 1
        groups = [entries[at : at + MOST_ENTRIES] for at in range(0, len(entries), MOST_ENTRIES)]
        entries = [b"toc-%d-%d\0" % (depth, number) for number, _ in enumerate(groups)]
        for name, group in zip(entries, groups, strict=True):
            yield _frame("CTOC", name + bytes((_ORDERED, len(group))) + b"".join(group))
    if entries:
        yield _frame("CTOC", b"toc\0" + bytes((_TOP_LEVEL | _ORDERED, len(entries))) + b"".join(entries))


def _chapter(number: int, mark: Mark) -> bytes:
    times = struct.pack(">IIII", round(1_000 * mark.start), round(1_000 * mark.end), _NOWHERE, _NOWHERE)
    return _frame("CHAP", _name(number) + times + _frame("TIT2", _text(_one_line(mark.title))))


def _name(number: int) -> bytes:
    return b"chapter-%d\0" % number


def _frame(name: str, body: bytes) -> bytes:
    return struct.pack(">4sIH", name.encode("ascii"), len(body), 0) + body


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _text(text: str) -> bytes:
    encoding, body, _ = _encoded(text)
    return encoding + body


def _described(name: str, text: str, language: bytes = b"") -> bytes:
    """A text under a name, both in one encoding, as TXXX and COMM hold it."""
    encoding, body, end = _encoded(text)
    described = name.encode("latin-1") if encoding == _LATIN_1 else _utf_16(name)
    return encoding + language + described + end + body


def _encoded(text: str) -> tuple[bytes, bytes, bytes]:
    """(which encoding, the text in it, what ends a text in it)."""
    text = text.replace("\0", "")
    try:
        return _LATIN_1, text.encode("latin-1"), b"\0"
    except UnicodeEncodeError:
        return _UTF_16, _utf_16(text), b"\0\0"


def _utf_16(text: str) -> bytes:
    return f"\ufeff{text}".encode("utf-16-le", "replace")


def _synchsafe(size: int) -> bytes:
    if size >> 28:
        raise ValueError(f"a tag of {size} bytes is larger than ID3 allows: give a smaller cover")
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
