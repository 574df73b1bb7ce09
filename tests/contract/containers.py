"""Books made of sections that hold a click at a known place, and where the clicks are heard in the finished file."""

import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from darkchannel.audio import ffmpeg
from darkchannel.jobs.records import Mark
from services.merger.containers import Stream, Tags, Writer

RATE = 22_050
"""Of the timeline, in hertz."""
SPARE = RATE // 5
"""Samples of silence that each section is encoded with beyond its own."""
SILENT_END = RATE // 5
"""Each section ends in silence, as speech does: what a join leaves out is never heard."""
LENGTHS = tuple(15_435 + 4_409 * n for n in range(12))
"""Samples of the sections that books are made of, 0.7 to 2.9 s; none is a whole number of anybody's frames."""
SEARCH = RATE // 4
"""How far from its place a click is looked for."""

_QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error", "-y")
_SAMPLES = ("-f", "s16le", "-ar", str(RATE), "-ac", "1")


@dataclass(frozen=True)
class Kind:
    """A writer under test. ``arguments``: of ffmpeg, from the coder to the muxer, without the path."""

    name: str
    writer: Callable[..., Writer]
    extension: str
    arguments: tuple[str, ...]
    rate: int
    """In hertz; that of the encoded samples."""
    frame: int
    """Samples in a frame."""
    delay: int
    """Samples that a decoder yields before the first that was encoded."""
    count: Callable[[bytes], int]
    """How many frames an encoded section holds."""
    chapters: int = 3_000
    """How many ffmpeg reads, where its reader of the container has a limit."""


@dataclass(frozen=True)
class Section:
    body: bytes
    samples: int
    """Of the timeline."""
    click: int
    """Where its click is loudest, in samples from its start."""


@dataclass(frozen=True)
class Book:
    path: Path
    stream: Stream
    starts: tuple[int, ...]
    """Samples of the timeline before each section, and of all of them."""
    clicks: tuple[float, ...]
    """Seconds at which they should be heard."""


def burst() -> NDArray[np.float64]:
    """10 ms of 1 kHz: short enough to tell where it is, long enough for every coder to keep it."""
    width = RATE // 100
    return np.sin(2 * np.pi * 1_000 * np.arange(width) / RATE) * np.hanning(width)


def speech(length: int, click: int, pitch: float) -> NDArray[np.int16]:
    """A faint, swelling tone with one click, and silence at the end."""
    at = np.arange(length)
    sound = 0.06 * np.sin(2 * np.pi * pitch * at / RATE) * (1 + np.sin(2 * np.pi * 3 * at / RATE)) / 2
    sound[length - SILENT_END :] = 0
    shape = burst()
    start = click - len(shape) // 2
    sound[start : start + len(shape)] += 0.6 * shape
    return np.round(32_767 * sound).astype(np.int16)


def encoded(kind: Kind, folder: Path, lengths: Sequence[int] = LENGTHS) -> tuple[Section, ...]:
    """Sections of these lengths, all by one ffmpeg."""
    inputs: list[str] = []
    outputs: list[str] = []
    clicks = [length // 3 + 37 * number for number, length in enumerate(lengths)]
    for number, (length, click) in enumerate(zip(lengths, clicks, strict=True)):
        raw = folder / f"{number}.raw"
        raw.write_bytes(speech(length, click, 150 + 10 * number).tobytes() + bytes(2 * SPARE))
        inputs += [*_SAMPLES, "-i", str(raw)]
        outputs += ["-map", f"{number}:a", *kind.arguments, str(folder / f"{number}.{kind.extension}")]
    subprocess.run([ffmpeg.binary(), *_QUIET, *inputs, *outputs], check=True, stdin=subprocess.DEVNULL)
    return tuple(
        Section((folder / f"{number}.{kind.extension}").read_bytes(), length, click)
        for number, (length, click) in enumerate(zip(lengths, clicks, strict=True))
    )


def kept(kind: Kind, lengths: Sequence[int]) -> tuple[Stream, tuple[int, ...]]:
    """The stream of sections of these lengths, and how many frames of each it has room for.

    Each section starts at the frame nearest to its place, the last ends where all of its samples are decoded.
    """
    starts = (0, *accumulate(lengths))
    ours = [start * kind.rate / RATE for start in starts]
    total = round(ours[-1])
    edges = [round(at / kind.frame) for at in ours[:-1]] + [-(-(total + kind.delay) // kind.frame)]
    stream = Stream(rate=kind.rate, frame=kind.frame, frames=edges[-1], delay=kind.delay, samples=total)
    return stream, tuple(end - start for start, end in pairwise(edges))


def joined(
    kind: Kind, sections: Sequence[Section], path: Path, tags: Tags | None = None, chapters: Sequence[Mark] = ()
) -> Book:
    stream, keeps = kept(kind, [section.samples for section in sections])
    with path.open("w+b") as out:
        writer = kind.writer(out, stream, tags or Tags(title="Livro", language="pt-BR"), chapters)
        for section, keep in zip(sections, keeps, strict=True):
            writer.add(section.body, keep)
        writer.finish()
    starts = (0, *accumulate(section.samples for section in sections))
    clicks = tuple((start + section.click) / RATE for start, section in zip(starts, sections, strict=False))
    return Book(path, stream, starts, clicks)


def mixed(sections: Sequence[Section], count: int) -> list[Section]:
    """``count`` sections in an order without a period that somebody's frame might divide."""
    order = np.random.default_rng(20).integers(len(sections), size=count)
    return [sections[number] for number in order]


@dataclass(frozen=True)
class Sound:
    """What a decoder yields, at the timeline's rate: ``length`` samples, of which the last are kept."""

    last: NDArray[np.int16]
    length: int


def decoded(path: Path, most: int = 64) -> Sound:
    """A sound file, all of it decoded; the last ``most`` MiB are kept."""
    command = [ffmpeg.binary(), "-nostdin", "-v", "error", "-i", str(path), *_SAMPLES, "pipe:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        last: deque[bytes] = deque(maxlen=most)
        length = 0
        while piece := process.stdout.read(1 << 20):
            last.append(piece)
            length += len(piece)
        complaint = process.stderr.read().decode()
    assert not complaint
    assert process.returncode == 0
    return Sound(np.frombuffer(b"".join(last), np.int16), length // 2)


def heard(sound: Sound, expected: float) -> float:
    """The second at which the click is heard that should be at ``expected``."""
    skipped = sound.length - len(sound.last)
    middle = round(expected * RATE) - skipped
    start = max(0, middle - SEARCH)
    likeness = np.abs(np.correlate(sound.last[start : middle + SEARCH].astype(np.float64), burst(), mode="same"))
    assert likeness.size > len(burst()), f"the sound ends before {expected:.3f} s"
    assert likeness.max() > 0.2 * 32_767 * np.sum(burst() ** 2), f"no click is heard near {expected:.3f} s"
    return (skipped + start + int(likeness.argmax())) / RATE


def metadata(path: Path, place: str = "g") -> str:
    """Tags and chapters as ffmpeg reads them; ``-copyts``: no encoder's delay is taken off the chapters' times.

    ``place``: where the tags stand, as in https://ffmpeg.org/ffmpeg.html#Advanced-options; "g": in the file.
    """
    read = [ffmpeg.binary(), "-nostdin", "-v", "error", "-copyts", "-i", str(path), "-map_metadata", f"0:{place}"]
    done = subprocess.run([*read, "-f", "ffmetadata", "pipe:1"], capture_output=True, check=True)
    assert not done.stderr, done.stderr.decode()
    text = done.stdout.decode()
    for escaped in "=;#\n\\":
        text = text.replace(f"\\{escaped}", {"\n": " ", "\\": "\\"}.get(escaped, escaped))
    return text


def tags(path: Path) -> dict[str, str]:
    """The tags of the file as ffmpeg reads them, names in small letters; some containers keep them on the stream."""
    both = (metadata(path, place).split("[CHAPTER]")[0].splitlines() for place in ("g", "s:a:0"))
    found = (line.partition("=") for lines in both for line in lines)
    return {name.lower(): value for name, _, value in found if value}


def chapters(path: Path) -> list[tuple[float, str]]:
    """Where each begins, in seconds, and its title on one line."""
    marks = []
    for chapter in metadata(path).split("[CHAPTER]")[1:]:
        fields = dict(line.partition("=")[::2] for line in chapter.splitlines())
        over, _, under = fields["TIMEBASE"].partition("/")
        marks.append((int(fields["START"]) * int(over) / int(under), " ".join(fields.get("title", "").split())))
    return marks


def picture(path: Path) -> bytes:
    """The cover as it stands in the file, byte by byte."""
    copied = ("-map", "0:v", "-c", "copy", "-f", "mjpeg", "pipe:1")
    command = [ffmpeg.binary(), "-nostdin", "-v", "error", "-i", str(path), *copied]
    return subprocess.run(command, capture_output=True, check=True).stdout


def cover() -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 64), (30, 60, 120)).save(out, "JPEG")
    return out.getvalue()
