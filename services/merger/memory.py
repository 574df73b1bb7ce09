"""Freed memory goes back to the system: a merger handles sound by the megabyte, in several threads."""

import ctypes
from typing import Final

M_MMAP_THRESHOLD: Final = -3
"""Of mallopt: https://man7.org/linux/man-pages/man3/mallopt.3.html"""
LARGE_BYTES: Final = 1 << 18


def give_back() -> None:
    """Have glibc map what is large by itself: else each thread's arena keeps the largest it ever had. Linux alone."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
