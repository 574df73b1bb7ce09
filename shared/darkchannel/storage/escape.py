"""Object keys as paths below a folder, and back: a bijection between keys and the paths it calls canonical.

A component of a key keeps its name where a file system can hold it. Written otherwise are: a control character and
a leading dot (``%0A``, ``%2Ehidden``: what starts with a dot in a folder is nobody's object), a ``%`` that would read
as one of these escapes (``%25``), an empty component (``%-``), and one of more than 240 bytes, which goes on in a
folder of the first part's name (``first.../%+second...``).
"""

import os
import re

BESIDE = "%="
"""Ends the name of a file whose own name a folder has: ``a`` beside ``a/b``."""

MORE = "%+"
"""Begins a name that goes on with the name of its folder."""

_EMPTY = "%-"
_PIECE_BYTES = 240
_TOKEN_BYTES = 4
_UNSAFE = re.compile(r"%(?=25|2E|0[1-9A-F]|1[0-9A-F]|7F|[-+=])|[\x01-\x1f\x7f]")
_CODE = re.compile(r"%(25|2E|0[1-9A-F]|1[0-9A-F]|7F)")


def path_of(key: str) -> str:
    """The relative path of a key; its components are never empty, ``.`` or ``..``."""
    return "/".join(_names(component) for component in key.split("/"))


def text_of(name: str) -> str:
    """What one file or folder name contributes to the key."""
    name = name.removeprefix(MORE)
    return "" if name == _EMPTY else _CODE.sub(lambda code: chr(int(code[1], 16)), name)


def joined(stem: str | None, name: str) -> str:
    """The key, or its beginning, of a name in the folder of ``stem``; ``None`` is the bucket's own folder."""
    if stem is None:
        return text_of(name)
    return stem + text_of(name) if name.startswith(MORE) else f"{stem}/{text_of(name)}"


def may_go_on(folder: str) -> bool:
    """Whether a folder's name is long enough to be the first part of a longer one."""
    return len(os.fsencode(folder)) > _PIECE_BYTES - _TOKEN_BYTES


def _names(component: str) -> str:
    if not component:
        return _EMPTY
    escaped = _UNSAFE.sub(_code, component)
    if escaped.startswith("."):
        escaped = f"%2E{escaped[1:]}"
    if len(escaped.encode()) <= _PIECE_BYTES:
        return escaped
    return f"/{MORE}".join(_pieces(escaped))


def _code(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"


def _pieces(escaped: str) -> list[str]:
    """Cut at 240 bytes, but never inside a character or an escape."""
    pieces = [""]
    size = 0
    for token in re.findall(r"%[0-9A-F]{2}|.", escaped):
        size += len(token.encode())
        if size > _PIECE_BYTES:
            pieces.append("")
            size = len(token.encode())
        pieces[-1] += token
    return pieces
