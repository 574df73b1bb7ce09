"""How sections are encoded: one stream of samples in, one file for each wanted encoding out."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkchannel.audio import ffmpeg
from darkchannel.jobs.records import Coding
from services.merger.containers import flac, m4a, mp3, opus
from services.merger.settling import Gain, applied, heard, loudness_of


@dataclass(frozen=True, slots=True)
class Encoding:
    """``arguments`` for ffmpeg, and what the encoder makes of samples."""

    extension: str
    content_type: str
    arguments: tuple[str, ...]
    """After the input and its gain; without the path and what the rate decides."""
    rate: int | None
    """In hertz; None: that of the speech."""
    frame: Callable[[int], int]
    """Samples in a frame, by the rate of the stream."""
    delay: int
    """Samples that a decoder yields before the first that was encoded."""
    count: Callable[[bytes], int]
    """How many frames an encoded section holds. Raises ValueError where it is anything but whole frames."""
    bitrate: Callable[[int], int] | None = None
    """Bits a second, by the rate of the stream; None where ``arguments`` tell."""
    gain: float = 0.0
    """Decibels that make up for what the encoder takes away."""
    settles: bool = False
    """Whether it is heard, and given less or more, until it is as loud as what it was given and peaks no higher."""

    def coding(self, speech_rate: int) -> Coding:
        """How it counts, for speech of a rate in hertz."""
        rate = self.rate or speech_rate
        return Coding(rate=rate, frame=self.frame(rate), delay=self.delay)

    def options(self, speech_rate: int) -> tuple[str, ...]:
        """All ``arguments`` for speech of a rate in hertz."""
        rate = self.rate or speech_rate
        bitrate = ("-b:a", str(self.bitrate(rate))) if self.bitrate else ()
        return (*self.arguments, *bitrate, "-ar", str(rate))


def _mp3_frame(rate: int) -> int:
    return 1152 if rate >= 32_000 else 576


def _aac_bitrate(rate: int) -> int:
    """64 kbit/s, and at rates below 21,333 Hz three bits for each sample.

    A frame holds 1,024 samples at any rate, so that at a low one there are more bits for it; ffmpeg then makes some
    that are a few bytes larger than the standard has them (``m4a.section``). Of three a sample none was measured.
    """
    return min(64_000, 3 * rate)


# The coders' effort, on 200 s of espeak-ng in Portuguese; x real time per core, the noise in a Bark band against what
# the band masks (NMR, the mean of a male and a female voice, lower is better) and in the worst twentieth of frames:
#
#   libmp3lame 64k        x 224   -2.2 dB  5.7 dB    level 7: x 425  -2.4 dB  4.5 dB
#   libmp3lame -q:a 4     x 311   -4.4 dB  3.0 dB    level 7: x 430  -3.0 dB  4.4 dB, 54 kbit/s instead of 65
#   aac 64k, twoloop      x  76   -3.3 dB  7.8 dB    fast:    x 256  -5.3 dB  6.5 dB
#   libopus 32k, level 10 x  90    1.4 dB  6.2 dB    level 5: x 238   0.8 dB  7.5 dB, but 50 kbit/s instead of 33
#
# So LAME's level 7 and aac's ``fast`` cost nothing, and Opus, chosen for its size, keeps its effort.
_LAME: Final = ("-c:a", "libmp3lame", "-compression_level", "7", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3")
_LAME_DELAY: Final = 576 + 529
"""LAME's own, and that of every decoder's filter bank."""

ENCODINGS: Final[Mapping[str, Encoding]] = {
    "mp3": Encoding(
        "mp3", "audio/mpeg", (*_LAME, "-b:a", "64k"), None, _mp3_frame, _LAME_DELAY, mp3.frames_in, gain=0.44
    ),
    "mp3-vbr": Encoding("mp3", "audio/mpeg", (*_LAME, "-q:a", "4"), None, _mp3_frame, _LAME_DELAY, mp3.frames_in),
    "aac": Encoding(
        "m4a", "audio/mp4", ("-c:a", "aac", "-aac_coder", "fast", "-f", "mp4"),
        None, lambda _: 1024, 1024, m4a.frames_in, _aac_bitrate, gain=0.05,
    ),
    "opus": Encoding(
        "opus", "audio/ogg", ("-c:a", "libopus", "-b:a", "32k", "-frame_duration", "20", "-f", "opus"),
        48_000, lambda _: 960, 312, opus.frames_in, gain=0.4, settles=True,
    ),
    "flac": Encoding(
        "flac", "audio/flac", ("-c:a", "flac", "-sample_fmt", "s16", "-frame_size", "1024", "-f", "flac"),
        None, lambda _: 1024, 0, flac.frames_in,
    ),
    "acx": Encoding(
        "mp3", "audio/mpeg", (*_LAME, "-b:a", "192k"), 44_100, _mp3_frame, _LAME_DELAY, mp3.frames_in, gain=0.31
    ),
}  # fmt: skip
"""By name: mp3, mp3-vbr, aac, opus, flac, acx."""

ROUNDS: Final = 12
"""Most often that a section is encoded until it settles: ordinary speech takes one or two, loud noise five."""

_GATHERED: Final = ("-flush_packets", "0")
_LARGER: Final = ("-ignore_length", "1", "-max_size", "65536")
"""ffmpeg hands each packet from thread to thread. Only of a WAV file can it be told how large they are to be."""
_WAV: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_ENDLESS: Final = 0xFFFF_FFFF


async def encode(
    pieces: AsyncIterator[NDArray[np.int16]], folder: Path, *, rate: int, encodings: Collection[str]
) -> Mapping[str, Path]:
    """Encode mono samples; the files by the encoding's name, in ``folder``.

    Raises Transient where ffmpeg fails, Unavailable where the disk is full, and whatever ``pieces`` raises.
    """
    paths = {name: folder / f"{name}.{ENCODINGS[name].extension}" for name in encodings}
    settling = [name for name in paths if ENCODINGS[name].settles]
    given = folder / "given.pcm"
    keeping = ("-map", "0:a", "-c:a", "copy", "-f", "s16le", str(given)) if settling else ()
    await ffmpeg.run((*_arguments(paths, rate), *keeping), _wav(pieces, rate))
    for name in settling:
        await _settle(name, paths[name], given, rate)
    return paths


async def _settle(name: str, path: Path, given: Path, rate: int) -> None:
    gain = Gain(await asyncio.to_thread(loudness_of, given, rate))
    for _ in range(ROUNDS - 1):
        sound = await heard(path)
        if not await asyncio.to_thread(gain.settle, sound.peaks, sound.lufs):
            return
        await ffmpeg.run(_arguments({name: path}, rate), _wav(applied(gain, given, rate), rate))


async def _wav(pieces: AsyncIterator[NDArray[np.int16]], rate: int) -> AsyncIterator[bytes | memoryview]:
    """A WAV file that is as long as it is: http://soundfile.sapp.org/doc/WaveFormat/."""
    yield _WAV.pack(b"RIFF", _ENDLESS, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", _ENDLESS)
    async for piece in pieces:
        if len(piece):  # one of nothing has no bytes to view
            yield piece.data.cast("B")


def _arguments(paths: Mapping[str, Path], rate: int) -> tuple[str, ...]:
    """https://ffmpeg.org/ffmpeg-filters.html#Filtergraph-syntax-1."""
    filters = [f"[0:a]asplit={len(paths)}{''.join(f'[{n}]' for n in range(len(paths)))}"]
    outputs: list[str] = []
    for number, (name, path) in enumerate(paths.items()):
        encoding = ENCODINGS[name]
        filters.append(f"[{number}]volume={encoding.gain}dB[to{number}]")
        outputs += ["-map", f"[to{number}]", *encoding.options(rate)]
        outputs += [*ffmpeg.REPEATABLE, *_GATHERED, str(path)]
    source = ("-f", "wav", *_LARGER, "-i", "pipe:0")
    return (*ffmpeg.QUIET, *source, "-filter_complex", ";".join(filters), *outputs)
