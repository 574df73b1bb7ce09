"""The objects below a folder, lazily and in key order: one folder's names are in memory at a time. Blocking."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from darkchannel.storage import escape


@dataclass(frozen=True, slots=True)
class _Entry:
    order: str
    """The key of a file; what all keys below a folder begin with."""
    path: Path
    text: str
    """The key, or that beginning without its slash."""
    folder: bool


def keys_below(bucket: Path, prefix: str = "", after: str = "") -> Iterator[str]:
    """The keys of the files in a bucket's folder that begin with ``prefix`` and come after ``after``.

    What starts with a dot, what no key is written as, and what is no regular file is nobody's object.
    """
    base = prefix.rpartition("/")[0]
    stem = base or None
    last = None
    for entry in _walk(bucket / escape.path_of(base) if base else bucket, stem, prefix, after):
        if entry.text.startswith(prefix) and entry.text > after and entry.text != last and _canonical(bucket, entry):
            last = entry.text
            yield entry.text


def _walk(folder: Path, stem: str | None, prefix: str, after: str) -> Iterator[_Entry]:
    for entry in sorted(_entries(folder, stem), key=lambda entry: entry.order):
        if not entry.folder:
            yield entry
        elif _may_hold(entry.order, prefix, after):
            yield from _walk(entry.path, entry.text, prefix, after)


def _entries(folder: Path, stem: str | None, *, goes_on: bool = False) -> Iterator[_Entry]:
    """What lies in a folder, or, where ``goes_on``, only what goes on with the folder's own name.

    Keys of the latter kind begin with the folder's name but not with that and a slash, so they have their place
    among the folder's neighbours.
    """
    try:
        with os.scandir(folder) as found:
            names = [entry for entry in found if not entry.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        if name.name.startswith(escape.MORE) is not goes_on:
            continue
        if name.is_dir(follow_symlinks=False):
            text = escape.joined(stem, name.name)
            yield _Entry(f"{text}/", Path(name.path), text, True)
            if escape.may_go_on(name.name):
                yield from _entries(Path(name.path), text, goes_on=True)
        elif name.is_file(follow_symlinks=False):
            text = escape.joined(stem, name.name.removesuffix(escape.BESIDE))
            yield _Entry(text, Path(name.path), text, False)


def _may_hold(start: str, prefix: str, after: str) -> bool:
    """Whether keys that begin so can be asked for."""
    return (start.startswith(prefix) or prefix.startswith(start)) and (start >= after or after.startswith(start))


def _canonical(bucket: Path, entry: _Entry) -> bool:
    try:
        path = escape.path_of(entry.text)
    except UnicodeEncodeError:
        return False
    return entry.path in (bucket / path, bucket / f"{path}{escape.BESIDE}")
