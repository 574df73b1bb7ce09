"""An EPUB's ZIP file, read without trusting it."""

import io
import posixpath
import zipfile
import zlib
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


class Archive:
    """Entries by name. Every method raises Refused for what a sound EPUB would not hold."""

    def __init__(self, body: bytes) -> None:
        # NotImplementedError, here and below, is zipfile's word for a ZIP of a kind it cannot read.
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise Refused("the EPUB is damaged: it is no ZIP file, or a part of it is missing") from error
        entries = self._zip.infolist()
        if len(entries) > MAX_ENTRIES:
            raise Refused(f"the EPUB has {len(entries)} entries, more than the {MAX_ENTRIES} that are read")
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            raise Refused(f"the EPUB unpacks to more than {MAX_UNPACKED // 1024**2} MiB: it is not read")
        for entry in entries:
            _check(entry)
        self._entries = {entry.filename: entry for entry in entries}

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str) -> bytes:
        entry = self._entries.get(name)
        if entry is None:
            raise Refused(f"the EPUB is incomplete: {name} is missing in it")
        if entry.file_size > MAX_READ:
            raise Refused(f"{name} in the EPUB has {entry.file_size} bytes, more than the {MAX_READ} that are read")
        try:
            # Never more than the declared size is unpacked; more than that is a damaged entry.
            return self._zip.read(entry)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
            raise Refused(f"the EPUB is damaged: {name} cannot be unpacked") from error


def _check(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or name[1:2] == ":":
        raise Refused(f"the EPUB names a file outside itself ({name[:100]!r}): it is not read")
    if entry.flag_bits & 1:
        raise Refused("the EPUB is locked with a password: remove it and drop the file again")
    if entry.compress_type not in _METHODS:
        raise Refused(f"{name} in the EPUB is compressed in a way EPUB does not allow: save the book again")
    if entry.file_size > RATIO_FROM and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise Refused(f"{name} in the EPUB is blown up {MAX_RATIO} times or more when unpacked: it is not read")


def resolve(base: str, href: str) -> tuple[str, str]:
    """The entry and the fragment that a link in the entry ``base`` points to."""
    parts = urlsplit(href)
    if parts.scheme or parts.netloc:
        return "", ""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(parts.path))) if parts.path else base
    if path.startswith(("../", "/")) or path == "..":
        raise Refused(f"the EPUB points to a file outside itself ({href[:100]!r}): it is not read")
    return path, unquote(parts.fragment)
