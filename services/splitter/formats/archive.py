"""The ZIP file that a book or a document is, read without trusting it."""

import io
import posixpath
import struct
import unicodedata
import zipfile
import zlib
from itertools import pairwise
from urllib.parse import unquote, urlsplit

from darkchannel.errors import Refused

MAX_ENTRIES = 10_000
MAX_UNPACKED = 200 * 1024 * 1024
"""Bytes of all entries together."""
MAX_READ = 64 * 1024 * 1024
"""Bytes of one entry that is read: a page, not a picture."""
MAX_RATIO = 100
RATIO_FROM = 1024 * 1024
"""Bytes; below, a high ratio is only a short file that repeats itself."""

_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, ValueError, RuntimeError, EOFError, OSError)
"""All that zipfile raises for what it cannot read."""
_LOCAL_HEADER = 30
"""Bytes before an entry's name, the least that stands between two entries."""


class Archive:
    """Entries by name. Every method raises Refused for what a sound ``kind`` ("EPUB", "DOCX") would not hold."""

    def __init__(self, body: bytes, kind: str) -> None:
        self.kind = kind
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
        except _DAMAGED as error:
            raise Refused(f"the {kind} is damaged: it is no ZIP file, or a part of it is missing") from error
        entries = self._zip.infolist()
        if len(entries) > MAX_ENTRIES:
            raise Refused(f"the {kind} has {len(entries)} entries, more than the {MAX_ENTRIES} that are read")
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            raise Refused(f"the {kind} unpacks to more than {MAX_UNPACKED // 1024**2} MiB: it is not read")
        for entry in entries:
            self._check(entry)
        self._check_overlaps(entries)
        self._entries = {entry.filename: entry for entry in entries}
        self._alike: dict[str, list[str]] = {}
        for name in self._entries:
            self._alike.setdefault(_folded(name), []).append(name)

    def __contains__(self, name: str) -> bool:
        return self._entry(name) is not None

    def place(self, name: str) -> str:
        """What to call an entry in a message."""
        return f"{name} in the {self.kind}"

    def size(self, name: str) -> int:
        """Bytes when unpacked; 0 where there is no such entry."""
        entry = self._entry(name)
        return entry.file_size if entry else 0

    def read(self, name: str) -> bytes:
        entry = self._entry(name)
        if entry is None:
            raise Refused(f"the {self.kind} is incomplete: {name} is missing in it")
        if entry.file_size > MAX_READ:
            raise Refused(f"{self.place(name)} has {entry.file_size} bytes, more than the {MAX_READ} that are read")
        try:
            # Never more than the declared size is unpacked; more than that is a damaged entry.
            return self._zip.read(entry)
        except _DAMAGED as error:
            raise Refused(f"the {self.kind} is damaged: {name} cannot be unpacked") from error

    def _entry(self, name: str) -> zipfile.ZipInfo | None:
        """The entry of that name, or the only one that differs in case or in how its accents are composed."""
        if name in self._entries:
            return self._entries[name]
        alike = self._alike.get(_folded(name), [])
        return self._entries[alike[0]] if len(alike) == 1 else None

    def _check(self, entry: zipfile.ZipInfo) -> None:
        name = entry.filename
        if name.startswith("/") or "\\" in name or ".." in name.split("/") or name[1:2] == ":":
            raise Refused(f"the {self.kind} names a file outside itself ({name[:100]!r}): it is not read")
        if entry.flag_bits & 1:
            raise Refused(f"the {self.kind} is locked with a password: remove it and drop the file again")
        if entry.compress_type not in _METHODS:
            raise Refused(f"{self.place(name)} is compressed in a way {self.kind} does not allow: save it again")
        if entry.file_size > RATIO_FROM and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise Refused(f"{self.place(name)} is blown up {MAX_RATIO} times or more when unpacked: it is not read")

    def _check_overlaps(self, entries: list[zipfile.ZipInfo]) -> None:
        for first, second in pairwise(sorted(entries, key=lambda entry: entry.header_offset)):
            if second.header_offset < first.header_offset + _LOCAL_HEADER + first.compress_size:
                raise Refused(f"two entries of the {self.kind} share their bytes ({first.filename[:100]!r}): not read")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def resolve(base: str, href: str, kind: str = "EPUB") -> tuple[str, str]:
    """The entry and the fragment that a link in the entry ``base`` points to; both empty for one to elsewhere.

    Raises Refused for a file outside the archive.
    """
    try:
        parts = urlsplit(href.strip())
    except ValueError:  # "http://[", say
        return "", ""
    if parts.scheme or parts.netloc:
        return "", ""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(parts.path))) if parts.path else base
    if path.startswith(("../", "/")) or path == "..":
        raise Refused(f"the {kind} points to a file outside itself ({href[:100]!r}): it is not read")
    return path, unquote(parts.fragment)
