"""Formats that a job may ask for, and how sections are encoded for each."""

from collections.abc import Collection, Mapping

WHOLE = ("mp3", "mp3-vbr", "m4b", "opus", "flac")
"""Those that are the whole book in one file."""
EXTENSIONS = {".mp3": "mp3", ".m4b": "m4b", ".m4a": "m4b", ".opus": "opus", ".ogg": "opus", ".flac": "flac"}
"""What is meant by the extension of a file that somebody names."""
FORMATS_OF: Mapping[str, tuple[str, ...]] = {"epub": ("mp3", "m4b")}
"""What is made of a document by its extension, where nobody says."""

ENCODINGS_OF: Mapping[str, str | None] = {
    "mp3": "mp3",
    "mp3-vbr": "mp3-vbr",
    "m4b": "aac",
    "opus": "opus",
    "flac": "flac",
    "chapters": "mp3",
    "acx": "acx",
    "zip": None,
}
"""By format; ``None`` for what is made of other files. Chapters are ``mp3-vbr`` where the whole book is."""
FORMATS = tuple(ENCODINGS_OF)


def encoding_of(fmt: str, formats: Collection[str]) -> str | None:
    """How sections are encoded for a format, where these formats are made."""
    return "mp3-vbr" if fmt == "chapters" and "mp3-vbr" in formats else ENCODINGS_OF[fmt]


def encodings(formats: Collection[str]) -> tuple[str, ...]:
    """How sections are encoded for these formats, each encoding once and in their order."""
    return tuple(dict.fromkeys(encoding for fmt in formats if (encoding := encoding_of(fmt, formats))))
