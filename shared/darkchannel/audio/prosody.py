"""Speed, pitch and volume of speech that is there already, for engines that have none of their own."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from darkchannel.audio.ffmpeg import filtered
from darkchannel.audio.wav import BYTES_PER_SAMPLE, Speech, Word
from darkchannel.speech.prosody import Manner

MARGIN_SECONDS = 0.03
"""Left of the silence at both ends: a consonant may begin and end softly."""

_LOUD = bytes(high not in (0, 255) for high in range(256))
"""1 for the high byte of a sample above -42 dB of full scale."""


def trimmed(speech: Speech) -> Speech:
    """The speech without the silence around it, which engines add as they please; none where nothing is heard.

    Of its places the words alone are left; one that is told in the silence stands at its edge.
    """
    loud = speech.pcm[1::BYTES_PER_SAMPLE].translate(_LOUD)
    start, end = loud.find(1), loud.rfind(1) + 1
    if not end:
        return Speech(b"", speech.rate)
    margin = int(MARGIN_SECONDS * speech.rate)
    first, last = max(0, start - margin), min(len(loud), end + margin)
    pcm = speech.pcm[first * BYTES_PER_SAMPLE : last * BYTES_PER_SAMPLE]
    return Speech(pcm, speech.rate, words=_moved(speech.words, lambda sample: sample - first, last - first))


async def spoken_in(manner: Manner, speech: Speech, rate: int) -> Speech:
    """The speech in this manner, at ``rate`` hertz. Raises Transient where ffmpeg fails.

    Of its places the words alone are left, each after the same share of the speech as before.
    """
    filters = list(_filters(manner))
    pcm = speech.pcm
    if pcm and (filters or speech.rate != rate):
        pcm = await filtered(pcm, rate=speech.rate, filters=",".join(filters or ["anull"]), rate_out=rate)
    before, after = len(speech.pcm), len(pcm)
    words = _moved(speech.words, lambda sample: sample * after // before, after // BYTES_PER_SAMPLE) if before else ()
    return Speech(bytes(after) if manner.volume == -math.inf else pcm, rate, words=words)


def _moved(words: Iterable[Word], place: Callable[[int], int], samples: int) -> tuple[Word, ...]:
    """The words at their new places in speech of so many samples."""
    return tuple(replace(word, sample=min(max(place(word.sample), 0), max(samples - 1, 0))) for word in words)


def _filters(manner: Manner) -> list[str]:
    found = []
    if manner.pitch != 1:
        found.append(f"rubberband=pitch={manner.pitch:.4f}")
    if manner.rate != 1:
        found.append(f"atempo={manner.rate:.4f}")
    if manner.volume not in (0, -math.inf):
        found.append(f"volume={manner.volume:.2f}dB")
    return found
