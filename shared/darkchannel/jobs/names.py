"""How an audiobook is called in the output bucket."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

MAX_STEM_BYTES = 180
"""Leaves room for ``-2``, an extension and a date within the 255 bytes a file name may have."""


def stem(key: str) -> str:
    """A safe file name from the name of a document: letters and digits of any script, spaces, dots, dashes.

    >>> stem("caixa/Memórias Póstumas.epub")
    'Memórias Póstumas'
    """
    name = unicodedata.normalize("NFC", PurePosixPath(key.rsplit("/", 1)[-1]).stem)
    name = re.sub(r"[^\w .()-]+", "-", name)
    name = re.sub(r"-{2,}", "-", name).strip(" .-")
    while len(name.encode()) > MAX_STEM_BYTES:
        name = name[:-1]
    return name.strip(" .-") or "audiobook"


def candidates(first: str) -> Iterator[str]:
    """``stem``, ``stem-2``, ``stem-3`` ..."""
    yield first
    number = 2
    while True:
        yield f"{first}-{number}"
        number += 1
