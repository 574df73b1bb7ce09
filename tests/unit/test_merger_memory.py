"""A merger's threads share what memory they freed."""

import ctypes
import subprocess
import sys

import pytest

from services.merger import memory

COUNT = """
import ctypes, runpy, sys, threading

for file in sys.argv[1:]:
    runpy.run_path(file)["reuse"]()
meeting = threading.Barrier(4)

def hold():
    meeting.wait()
    held.append(libc.malloc(1 << 12))
    meeting.wait()

libc, held = ctypes.CDLL(None), []
libc.malloc.restype = ctypes.c_void_p
threads = [threading.Thread(target=hold) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.fopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


def heaps(*files: str) -> int:
    """Of a process with four threads that first runs these."""
    told = subprocess.run([sys.executable, "-c", COUNT, *files], capture_output=True, text=True, check=True).stdout
    return told.count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the C library is not glibc")
def test_threads_share_one_heap() -> None:
    assert heaps() > 1, "the count notices"
    assert heaps(memory.__file__) == 1
