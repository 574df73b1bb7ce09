"""Characters that may stand in a spoken text, and the decoding of XML bytes into them."""

import codecs
import re

from darkchannel.errors import Refused

# What https://www.w3.org/TR/xml/#charsets allows, without C1 controls, soft hyphens and byte order marks.
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\xac\xae-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MARKLESS = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-8",  # a program wrote the declaration that could be read: in UTF-16 it could not
    "us-ascii": "utf-8",
    "iso-8859-1": "cp1252",  # as browsers read it, since that is what people save
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "iso-8859-15": "iso-8859-15",
}


def clean(text: str) -> str:
    """The text without what XML forbids or nobody hears: control characters, soft hyphens, byte order marks."""
    return _UNSPEAKABLE.sub("", text)


def by_order_mark(body: bytes) -> str | None:
    """The codec that a byte order mark at the start announces."""
    return next((codec for mark, codec in _BOMS if body.startswith(mark)), None)


def decode_xml(body: bytes) -> str:
    """Decode XML by its byte order mark, else its declaration, else as UTF-8, and clean it.

    What declares one byte a character and is UTF-8 all the same is read as UTF-8: it was saved again by a program that
    left the declaration alone, and no words in the one look like the other.

    Raises Refused where the bytes are no text, or an encoding is declared that we do not read.
    """
    codec = by_order_mark(body) or _markless(body) or _declared(body)
    try:
        text = body.decode(codec)
    except UnicodeDecodeError as error:
        raise Refused(
            f"byte {error.start} of the document is not {codec.upper()}: save it as UTF-8 and drop it again"
        ) from error
    if "\0" in text:
        raise Refused("the document holds binary data, not XML: save it as UTF-8 and drop it again")
    return clean(text)


def _markless(body: bytes) -> str | None:
    """UTF-16 told by its first character, which in XML is "<": https://www.w3.org/TR/xml/#sec-guessing"""
    return next((codec for start, codec in _MARKLESS if body.startswith(start)), None)


def _declared(body: bytes) -> str:
    found = _DECLARED.match(body)
    if not found:
        return "utf-8"
    name = found[1].decode()
    codec = _CODECS.get(name.lower())
    if codec is None:
        raise Refused(f"the document declares the encoding {name}, which is not read: save it as UTF-8")
    return "utf-8" if _is_utf8(body) else codec


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
