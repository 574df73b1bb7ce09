"""What an operating system's refusals mean for the person whose folder it is."""

import errno
from pathlib import Path

from darkchannel.errors import Denied, Unavailable
from darkchannel.storage.port import GOES_ON

_OUT_OF_ORDER = {
    errno.ENOSPC: "the disk of {root} is full: free some space",
    errno.EDQUOT: "the disk quota for {root} is used up: free some space or have the quota raised",
    errno.EROFS: "the disk of {root} is read-only: mount it writable",
    errno.EACCES: "{where} may not be read or written by this user: change its permissions",
    errno.EPERM: "{where} may not be read or written by this user: change its permissions",
    errno.EIO: "the disk of {root} failed at {where}: see the system's log, and repair or replace the disk",
    errno.ENOTDIR: "{where} is needed as a folder, or below one, and a file has that name: move the file away",
    errno.ESTALE: "the disk of {root} is out of reach: mount it again",
    errno.ENOTCONN: "the disk of {root} is out of reach: mount it again",
    errno.EMFILE: "this process may open no more files: raise its limit (ulimit -n)",
    errno.ENFILE: "this machine may open no more files: raise its limit (fs.file-max)",
}


def problem(error: OSError, root: Path) -> Exception:
    """What an operating system's error means for the person: Denied, Unavailable, or ValueError for too long a name."""
    where = error.filename or root
    if error.errno == errno.ENAMETOOLONG:
        return ValueError(f"{where} is a longer name than the disk can hold")
    known = _OUT_OF_ORDER.get(error.errno or 0)
    said = known or "{where} cannot be read or written ({reason}): mend that"
    kind = Denied if error.errno in (errno.EACCES, errno.EPERM) else Unavailable
    return kind(said.format(root=root, where=where, reason=error.strerror or error) + GOES_ON)
