"""Which characters the bytes of a plain text are."""

import re

from darkchannel.errors import Refused
from darkchannel.speech.characters import by_order_mark, clean

MIN_LETTERS = 0.6
"""Share of letters among the visible characters of a text whose encoding is guessed."""
MAX_ACCENTED = 0.5
"""Share of letters outside ASCII above which a guessed text is likely another alphabet's."""

# A soft hyphen is heard nowhere, but at the end of a line it says that the word goes on.
_SOFT_BREAK = re.compile("\u00ad[ \t]*(?:\r\n?|\n)[ \t]*")
_SAVE_AS = "save it as UTF-8 and drop it again"
_BINARY = f"the document holds binary data, not text: {_SAVE_AS}, or give it the right extension"


def decode(body: bytes) -> str:
    """Decode UTF-8, UTF-16 with a byte order mark, or Windows-1252 (and so Latin-1) where it reads as text.

    Page breaks stay as form feeds; every other character that nobody hears falls out.

    Raises Refused where the bytes are no text, or their encoding cannot be told.
    """
    codec = by_order_mark(body)
    if not codec and b"\0" in body:
        raise Refused(_BINARY)
    try:
        text = body.decode(codec or "utf-8")
    except UnicodeDecodeError as error:
        if codec:
            raise Refused(f"the document starts as {codec} but byte {error.start} is not: {_SAVE_AS}") from error
        text = _decode_western(body, error.start)
    if "\0" in text:
        raise Refused(_BINARY)
    text = _SOFT_BREAK.sub("", text).replace("\v", "\n")
    return "\f".join(map(clean, text.split("\f")))


def _decode_western(body: bytes, start: int) -> str:
    # A damaged UTF-8 file still holds more whole characters than broken ones; in Windows-1252 they are all broken.
    repaired = body.decode("utf-8", "replace")
    broken = repaired.count("\ufffd")
    whole = sum(1 for char in repaired if char > "\x7f") - broken
    if whole > broken:
        raise Refused(f"byte {start} of the document is damaged UTF-8: {_SAVE_AS}")
    try:
        text = body.decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    if not _is_plausible(text):
        raise Refused(f"the document is no text in UTF-8, UTF-16 or Windows-1252 (byte {start}): {_SAVE_AS}")
    return text


def _is_plausible(text: str) -> bool:
    if any(char < " " and char not in "\t\n\r\f\v" for char in text):
        return False
    visible = sum(1 for char in text if not char.isspace())
    letters = sum(1 for char in text if char.isalpha())
    accented = sum(1 for char in text if char.isalpha() and char > "\x7f")
    return letters > MIN_LETTERS * visible and accented <= MAX_ACCENTED * letters
