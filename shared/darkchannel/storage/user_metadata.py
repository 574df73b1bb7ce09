"""User metadata as S3 sends it: headers of ASCII, in which RFC 2047 words stand for anything else."""

import base64
from collections.abc import Iterable, Mapping
from email.errors import HeaderParseError
from email.header import decode_header, make_header

PREFIX = "x-amz-meta-"

_OTHER_ATTRIBUTES = frozenset(
    {"Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Cache-Control", "Storage-Class"}
)


def encoded(metadata: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): _word(value) for name, value in metadata.items()}


def of_attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    """From obstore's attributes, where the standard ones alone are capitalised."""
    return {name.lower(): _text(value) for name, value in attributes.items() if name not in _OTHER_ATTRIBUTES}


def of_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {
        name.lower().removeprefix(PREFIX): _text(value) for name, value in headers if name.lower().startswith(PREFIX)
    }


def _word(value: str) -> str:
    return value if value.isascii() else f"=?UTF-8?B?{base64.b64encode(value.encode()).decode()}?="


def _text(value: str) -> str:
    """MinIO turns what is not ASCII into encoded words, whoever sent it raw."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError):
        return value
