"""Speech at another rate: the chunks of a book have one, whichever engine spoke them."""

from dataclasses import replace

from darkchannel.audio.ffmpeg import filtered
from darkchannel.audio.wav import BYTES_PER_SAMPLE, Speech


async def resampled(speech: Speech, rate: int) -> Speech:
    """The same speech at ``rate`` hertz, all its places with it.

    Raises Transient where ffmpeg fails, Unavailable where there is none.
    """
    if speech.rate == rate:
        return speech
    pcm = await filtered(speech.pcm, rate=speech.rate, filters="anull", rate_out=rate) if speech.pcm else b""
    samples = len(pcm) // BYTES_PER_SAMPLE

    def moved(sample: int) -> int:
        return min(samples, round(sample * rate / speech.rate))

    return Speech(
        pcm,
        rate,
        marks=tuple(replace(mark, sample=moved(mark.sample)) for mark in speech.marks),
        sentences=tuple(map(moved, speech.sentences)),
        words=tuple(replace(word, sample=moved(word.sample)) for word in speech.words),
        turns=tuple(replace(turn, sample=moved(turn.sample)) for turn in speech.turns),
    )
