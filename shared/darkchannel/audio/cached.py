"""Speech as the cache keeps it: a WAV file that players open, with all of ``Speech`` and what was said.

The layout is that of ``wav``, with ``dcsp`` (``CachedRecord``) and ``dcpl`` (the places in the speech) as JSON before
the samples: whoever compares texts reads the first bytes alone, however many words a segment has.
"""

import zlib
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from darkchannel.audio.wav import (
    BYTES_PER_SAMPLE,
    Mark,
    Speech,
    Turn,
    Word,
    riff_chunk,
    riff_head,
    riff_samples,
)

HEAD_BYTES: Final = 1 << 14
"""The first bytes of a file that always hold what was said in it."""
MAX_TEXT: Final = 2_000
"""Characters of a text that are told; a comparison needs no more."""
MAX_VOICES: Final = 300

_RECORD, _PLACES = b"dcsp", b"dcpl"


class CachedRecord(BaseModel):
    """What was spoken, and what it must be like."""

    model_config = ConfigDict(frozen=True)

    digest: str
    """Names the file: one that lies under another name is nobody's."""
    engine: str
    voices: str
    """Names, in the order in which the text asks for them; empty where it leaves them to the engine."""
    text: str
    """Its first ``MAX_TEXT`` characters."""
    samples: int = Field(ge=0)
    rate: int = Field(gt=0)
    """In hertz."""
    crc: int
    """CRC-32 of the places, as they are written, and the samples."""


class _Places(BaseModel):
    marks: tuple[tuple[str, int], ...]
    sentences: tuple[int, ...]
    words: tuple[tuple[int, str], ...]
    turns: tuple[tuple[int, str], ...]


def pack(speech: Speech, *, digest: str, engine: str, voices: str, text: str) -> bytes:
    found = _Places(
        marks=tuple((mark.name, mark.sample) for mark in speech.marks),
        sentences=speech.sentences,
        words=tuple((word.sample, word.text) for word in speech.words),
        turns=tuple((turn.sample, turn.voice) for turn in speech.turns),
    )
    places = found.model_dump_json().encode()
    record = CachedRecord(
        digest=digest,
        engine=engine,
        voices=voices[:MAX_VOICES],
        text=text[:MAX_TEXT],
        samples=len(speech.pcm) // BYTES_PER_SAMPLE,
        rate=speech.rate,
        crc=_crc(places, speech.pcm),
    )
    chunks = ((_RECORD, record.model_dump_json().encode()), (_PLACES, places))
    return riff_head(chunks, record.samples, speech.rate) + speech.pcm


def read_record(head: bytes) -> CachedRecord | None:
    """What was said, from the first ``HEAD_BYTES`` or more; None where these bytes hold nothing of ours."""
    body = riff_chunk(head, _RECORD)
    try:
        return CachedRecord.model_validate_json(body) if body is not None else None
    except ValueError:
        return None


def unpack(body: bytes, digest: str) -> Speech:
    """The very speech that was packed under this digest.

    Raises ValueError where this is no such file, or is not as it was written.
    """
    record, places = read_record(body), riff_chunk(body, _PLACES)
    if record is None or places is None or record.digest != digest:
        raise ValueError("this file does not hold the speech that its name promises")
    pcm = bytes(riff_samples(body, record.samples, record.rate))
    if _crc(places, pcm) != record.crc:
        raise ValueError("this file is not as it was written")
    found = _Places.model_validate_json(places)
    return Speech(
        pcm,
        record.rate,
        marks=tuple(Mark(name, sample) for name, sample in found.marks),
        sentences=found.sentences,
        words=tuple(Word(sample, text) for sample, text in found.words),
        turns=tuple(Turn(sample, voice) for sample, voice in found.turns),
    )


def _crc(places: bytes, pcm: bytes) -> int:
    return zlib.crc32(pcm, zlib.crc32(places.rstrip()))
