"""Chunks joined in the usual way, with pydub: each is added to the audio before it, and the whole is exported.

``python -m tests.benchmarks.usual FOLDER`` prints a line of JSON: [seconds, bytes held at most].
"""

import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

from darkchannel.audio import ffmpeg
from tests.benchmarks.weighing import peak_bytes

BITRATE = "64k"


def joined(chunks: Path, out: Path) -> float:
    """Write the chunks of a folder as one MP3; the seconds it took."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for ffmpeg on the path before it can be told of another
        from pydub import AudioSegment
    AudioSegment.converter = ffmpeg.binary()
    start = time.perf_counter()
    book = AudioSegment.empty()
    for chunk in sorted(chunks.glob("*.wav")):
        book += AudioSegment.from_wav(chunk)
    book.export(out, "mp3", bitrate=BITRATE)
    return time.perf_counter() - start


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as name:
        seconds = joined(Path(sys.argv[1]), Path(name) / "book.mp3")
        print(json.dumps([seconds, peak_bytes()]))
