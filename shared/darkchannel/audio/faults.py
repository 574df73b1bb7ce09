"""What is wrong with the speech of a segment, if anything: such a chunk never reaches a book.

It runs for every chunk of a long book, so it looks at one sample a millisecond or fewer, and only at its high byte.
"""

from collections.abc import Iterable
from operator import mul
from typing import Final

from darkchannel.audio.wav import BYTES_PER_SAMPLE

LEAST: Final = 0.5
"""Of the expected seconds. Prose has 0.75 and more, 0.63 in the fastest voice; half of a Portuguese one, 0.47."""
ALLOWANCE: Final = 0.15
"""Seconds: single words vary more than sentences do."""
MORE: Final = 2.0
"""Seconds beyond the longest that a text may take: a breath is heard, too."""
RATES: Final = (8_000, 48_000)
"""In hertz, the lowest and the highest: of what speaks otherwise the header is wrong."""

LEAST_ALIKE: Final = 0.15
"""Correlation of a sample with one of its next, either way. Speech has 0.32 and more, hisses on the telephone 0.22;
noise 0.08 and less, 0.13 at -36 dB of full scale; prose read one byte late or in the other order of bytes 0.04 mostly.
"""
NEXT: Final = (1, 2, 3, 4)
"""How many samples on those lie: a hiss may be unlike the very next."""
PLACES: Final = 3_000
"""At which that is looked at, in the longest phrase without a pause."""

MOST_FULL: Final = 0.01
"""Of what is heard, as loud as can be. espeak, told to speak 40 dB louder than usual, has a thousandth there; of speech
with more than this the coders of m4b and mp3 make peaks above -3 dBTP, whatever limits it before."""

_LOUDER = bytes(high not in (0, 255) for high in range(256))
"""1 for the high byte of a sample outside -256 ... 255, that is above -42 dB of full scale."""
_FULL: Final = (b"\x7f", b"\x80")
"""The high bytes of samples within 0.1 dB of full scale."""
_PAUSE: Final = bytes(100)
"""The milliseconds that are no pause between words any more."""


def fault(pcm: memoryview | bytes, rate: int, places: Iterable[int], *, expected: float, longest: float) -> str | None:
    """Why this speech of a segment cannot stand in a book, in words that follow «the speech»; None where it can.

    ``pcm`` are 16-bit little-endian mono samples at ``rate`` hertz, ``places`` the samples at which sentences start and
    marks stand; ``expected`` and ``longest`` are the seconds that the text takes at an ordinary pace and at most. One
    that is expected to take none, of breaks only, say, may be of any length and silent; 0 for ``longest``: any.
    """
    if not RATES[0] <= rate <= RATES[1]:
        return f"has {rate} Hz, which no voice has"
    samples, rest = divmod(len(pcm), BYTES_PER_SAMPLE)
    if rest:
        return "ends amid a sample"
    last = max(places, default=0)
    if last > samples:
        return f"ends at {_seconds(samples / rate)}, before its mark at {_seconds(last / rate)}"
    return _unheard(pcm, rate, expected, longest) if expected > 0 else None


def _unheard(pcm: memoryview | bytes, rate: int, expected: float, longest: float) -> str | None:
    """Why a text that takes so many seconds, at most ``longest``, is not heard in these samples; None where it is."""
    step = max(1, rate // 1_000)
    high = memoryview(pcm)[1 :: BYTES_PER_SAMPLE * step].tobytes()
    loud = high.translate(_LOUDER)
    # Pauses left out: silence appended, or long breaks, do not make up for missing words.
    stretches = [stretch.strip(b"\0") for stretch in loud.split(_PAUSE)]
    heard = sum(map(len, stretches)) * step / rate
    if not heard:
        return "is silent"
    phrase = max(stretches, key=len)
    start, size = (BYTES_PER_SAMPLE * step * count for count in (loud.find(phrase), len(phrase)))
    if _is_noise(memoryview(pcm)[start : start + size]):
        return "is noise"
    if sum(map(high.count, _FULL)) > MOST_FULL * loud.count(1):
        return "is clipped"
    if heard + ALLOWANCE < LEAST * expected:
        return f"has {_seconds(heard)} of speech where about {_seconds(expected)} were expected"
    if longest and heard > longest + MORE:
        return f"has {_seconds(heard)} of speech where at most {_seconds(longest)} were expected"
    return None


def _is_noise(pcm: memoryview) -> bool:
    """Whether no sample tells anything of the next ones: random bytes, or samples whose bytes are mixed up."""
    high = pcm.cast("b")[1::BYTES_PER_SAMPLE]
    step = max(1, len(high) // PLACES)
    here = high[::step].tolist()
    power = sum(map(mul, here, here))
    return all(abs(sum(map(mul, here, high[by::step].tolist()))) < LEAST_ALIKE * power for by in NEXT)


def _seconds(seconds: float) -> str:
    return f"{seconds:.{0 if seconds >= 10 else 1}f} s"
