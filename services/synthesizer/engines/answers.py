"""What speech servers answer, read as speech: WAV and MP3 files that are whole, and nothing in their place.

Each function raises ValueError in words that follow «the answer».
"""

import io
import wave
from typing import Final

from darkchannel.audio import mp3
from darkchannel.audio.ffmpeg import decoded
from darkchannel.audio.wav import BYTES_PER_SAMPLE, Speech

RATES: Final = range(8_000, 48_001)
"""In hertz, of speech that can stand in a book."""
UNKNOWN_LENGTH: Final = 1 << 30
"""Bytes of samples from which on a header tells nothing: servers that stream write 0xFFFFFFFF, or nearly so."""


def of_wav(body: bytes) -> Speech:
    """A WAV file of 16-bit mono samples, https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html."""
    try:
        with wave.open(io.BytesIO(body)) as file:
            told = file.getparams()
            pcm = file.readframes(told.nframes)
    except (wave.Error, EOFError, RuntimeError):  # the last where a chunk claims to be longer than the file
        raise ValueError(f"is no WAV file of PCM samples but {kind(body)}") from None
    if (told.nchannels, told.sampwidth) != (1, BYTES_PER_SAMPLE):
        raise ValueError(f"has {told.nchannels} channels of {8 * told.sampwidth} bits where one of 16 is meant")
    _check_rate(told.framerate)
    size = told.nframes * BYTES_PER_SAMPLE
    if len(pcm) % BYTES_PER_SAMPLE or (len(pcm) != size and size < UNKNOWN_LENGTH):
        raise ValueError(f"breaks off after {len(pcm)} of {size} bytes")
    if not pcm:
        raise ValueError("is a WAV file without samples")
    return Speech(pcm, told.framerate)


async def of_mp3(body: bytes) -> Speech:
    """An MP3 file of whole frames, at their rate. Raises Transient where ffmpeg fails."""
    frames = body[mp3.id3_size(body) :]
    if not frames:
        raise ValueError("is an MP3 file of no length")
    try:
        mp3.edges(frames)
        rate = mp3.format_of(frames).rate
    except ValueError as error:
        raise ValueError(f"is no whole MP3 file but {kind(body)}: {error}") from None
    _check_rate(rate)
    return Speech(await decoded(frames, rate=rate), rate)


def kind(body: bytes) -> str:
    """What an answer seems to be, for messages."""
    start = body[:64].lstrip().lower()
    if not start:
        return "nothing at all"
    if start.startswith(b"<"):
        return f"{len(body)} bytes of HTML"
    return f"{len(body)} bytes of JSON" if start.startswith((b"{", b"[")) else f"{len(body)} bytes"


def _check_rate(rate: int) -> None:
    if rate not in RATES:
        raise ValueError(f"has {rate} samples a second, not {RATES.start} to {RATES.stop - 1}")
