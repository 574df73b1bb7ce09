"""Exit codes, and the errors that lead to them."""

import re
from enum import IntEnum

from darkchannel.errors import DarkChannelError, Unavailable
from darkchannel.storage.port import GOES_ON

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class Code(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    AWAY = 4
    INTERRUPTED = 130


MEANINGS = {
    Code.OK: "done",
    Code.FAILED: "the run failed",
    Code.USAGE: "wrong usage",
    Code.NOT_FOUND: "not found",
    Code.AWAY: "a server is away",
    Code.INTERRUPTED: "interrupted",
}


class Failed(DarkChannelError):
    """The run ended without an audiobook, or what was asked for could not be done."""


class Usage(DarkChannelError):
    """What was asked for cannot be meant; the message says how to ask."""


class NotFound(DarkChannelError):
    """No such file or job."""


_CODES: tuple[tuple[type[DarkChannelError], Code], ...] = (
    (Unavailable, Code.AWAY),
    (NotFound, Code.NOT_FOUND),
    (Usage, Code.USAGE),
)


def code_of(error: DarkChannelError) -> Code:
    return next((code for kind, code in _CODES if isinstance(error, kind)), Code.FAILED)


def reason_of(error: Exception) -> str:
    """What a command that ends says of an error: nothing goes on by itself."""
    return one_line(str(error).replace(GOES_ON, ""))


def one_line(message: str) -> str:
    """A message as one line, also where a library wrote several."""
    return shown(" ".join(message.split()))


def shown(text: str) -> str:
    """Text with names of files in it, which may hold line ends, what steers a terminal, and bytes that are no UTF-8."""
    return _CONTROLS.sub("\ufffd", text).encode(errors="replace").decode()
