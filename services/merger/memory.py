"""Freed memory is used again: a merger handles sound by the megabyte, in several threads."""

import ctypes
from typing import Final

ARENAS: Final = 1
"""Each of several keeps what its threads held at most; Python's threads seldom wait for one another here."""
MAPPED_BYTES: Final = 5 << 18
"""What is this large goes back to the system at once. It clears the pages of what it gives: nothing smaller is asked of
it again and again, and a piece of sound as floats is a megabyte."""

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""Of mallopt: https://man7.org/linux/man-pages/man3/mallopt.3.html"""


def reuse() -> None:
    """Have glibc serve all threads from one place, and map what is large by itself. Linux alone."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_M_ARENA_MAX, ARENAS)
    mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
