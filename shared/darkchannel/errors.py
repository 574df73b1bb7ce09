"""Errors say what the runtime does next."""

import errno
from typing import Final

DISK_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Of an OSError where a disk of this machine takes nothing more: work waits for it, and nothing else is at fault."""


class DarkChannelError(Exception):
    """An error whose message is written for the person who meets it."""


class Unavailable(DarkChannelError):
    """A server or a disk is away: pause, hold on, burn no attempt."""


class Denied(Unavailable):
    """These credentials, or the user of this process, may not do it: somebody is to allow it."""


class Crowded(DarkChannelError):
    """Others are at what this needs, as many as may be: give the message back, burn no attempt."""


class Transient(DarkChannelError):
    """This attempt failed: again in 30 s, then in 5 min, then the run fails."""


class Permanent(DarkChannelError):
    """Trying again cannot help: the run fails now, with this message as its reason."""


class Refused(Permanent):
    """The document or one of its options cannot be accepted; the message says what to change."""
