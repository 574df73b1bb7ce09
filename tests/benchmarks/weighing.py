"""What a program weighs: it runs in a process of its own, whose peak nothing else has raised."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

LOOK_SECONDS = 0.05


def peak_bytes() -> int:
    """The most bytes this process has held.

    Linux hands ``ru_maxrss`` on from the process that started this one, so its own figure is asked first.
    """
    if own := _held("self"):
        return own[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def weighed(module: str, *words: str) -> tuple[Any, int]:
    """What a module of ours prints last, as JSON, and the most bytes that one ffmpeg held which it started.

    That is looked up while they run, on Linux alone: 0 elsewhere.
    """
    with subprocess.Popen([sys.executable, "-m", module, *words], stdout=subprocess.PIPE, text=True) as process:
        peaks, over = [0], Event()

        def look() -> None:
            while not over.wait(LOOK_SECONDS):
                peaks[0] = max(peaks[0], *_ffmpegs(process.pid), 0)

        looking = Thread(target=look)
        looking.start()
        try:
            out, _ = process.communicate()
        finally:
            over.set()
            looking.join()
    if process.returncode != 0:
        raise RuntimeError(f"{module} ended with status {process.returncode}")
    return json.loads(out.splitlines()[-1]), peaks[0]


def _ffmpegs(parent: int) -> Iterator[int]:
    """What each ffmpeg that a process started has held at most: one that is only just forked bears another name."""
    for children in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            numbers = children.read_text().split()
        except OSError:
            continue  # a thread that ended meanwhile
        for number in numbers:
            held = _held(number)
            if held and held[0].startswith("ffmpeg"):
                yield held[1]


def _held(process: str) -> tuple[str, int] | None:
    """The name of a process and the most bytes it has held; None where it is gone, or the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return None
    status = dict(line.split(":", 1) for line in lines)
    return (status["Name"].strip(), int(status["VmHWM"].split()[0]) * 1024) if "VmHWM" in status else None
