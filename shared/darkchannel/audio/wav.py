"""A chunk: the speech of one segment as a WAV file that carries its own record in a RIFF chunk.

The layout is RIFF/WAVE with ``fmt ``, our ``dcrc`` (the record as JSON) and ``data``; players pass over chunks
they do not know: https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

HEAD_BYTES: Final = 1 << 16
"""The first bytes of a chunk that always hold its record: enough for some 3,000 marks."""

BYTES_PER_SAMPLE: Final = 2
_PCM: Final = 1
_RIFF = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")


@dataclass(frozen=True, slots=True)
class Mark:
    """A named place in speech, in samples from its start."""

    name: str
    sample: int


@dataclass(frozen=True, slots=True)
class Speech:
    """What an engine yields: 16-bit little-endian mono samples."""

    pcm: bytes
    rate: int
    marks: tuple[Mark, ...] = ()
    """The marks of the text, in its order, under their own names."""
    sentences: tuple[int, ...] = ()
    """Where each ``s`` of the text starts, in samples."""


class ChunkRecord(BaseModel):
    """What was spoken, and from which text: no pair of objects can disagree about it."""

    model_config = ConfigDict(frozen=True)

    source: str
    """ETag of the segment object that was spoken."""
    engine: str
    voice: str | None = None
    """The voice that was asked for; None where it was left to the engine."""
    samples: int = Field(ge=0)
    rate: int = Field(gt=0)
    """In hertz."""
    marks: tuple[tuple[str, int], ...] = ()
    sentences: tuple[int, ...] = ()
    """The sample at which each sentence starts."""
    expected: float = 0.0
    """Seconds that the text takes at an ordinary pace; 0 where nobody reckoned it."""
    take: int = Field(0, ge=0)
    """How many chunks of this segment were rejected before: a new take never has the bytes of a rejected one."""


def pack(speech: Speech, record: ChunkRecord) -> bytes:
    """The WAV file of a chunk.

    Raises ValueError where the record does not fit the speech, or is larger than ``HEAD_BYTES`` hold.
    """
    if record.samples * BYTES_PER_SAMPLE != len(speech.pcm) or record.rate != speech.rate:
        raise ValueError(
            f"a record of {record.samples} samples at {record.rate} Hz is not that of"
            f" {len(speech.pcm)} bytes at {speech.rate} Hz"
        )
    json = record.model_dump_json().encode()
    json += b" " * (len(json) % 2)
    fmt = _FORMAT.pack(_PCM, 1, speech.rate, speech.rate * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE, 16)
    head = b"".join(
        (_CHUNK.pack(b"fmt ", len(fmt)), fmt, _CHUNK.pack(b"dcrc", len(json)), json,
         _CHUNK.pack(b"data", len(speech.pcm)))
    )  # fmt: skip
    if _RIFF.size + len(head) > HEAD_BYTES:
        raise ValueError(f"a record of {len(json)} bytes is too large: mark fewer places")
    return b"".join((_RIFF.pack(b"RIFF", 4 + len(head) + len(speech.pcm), b"WAVE"), head, speech.pcm))


def read_record(head: bytes) -> ChunkRecord | None:
    """The record of a chunk, from its first ``HEAD_BYTES`` or more; None where these bytes hold none of ours."""
    for name, body in _chunks(head):
        if name == b"dcrc":
            try:
                return ChunkRecord.model_validate_json(bytes(body))
            except ValueError:
                return None
    return None


def unpack(body: bytes) -> tuple[ChunkRecord, memoryview]:
    """The record of a whole chunk and a view of its samples.

    Raises ValueError where it is no chunk of ours, is cut short, or holds another number of samples than its
    record says.
    """
    record = read_record(body)
    if record is None:
        raise ValueError("this file has no record of what was spoken")
    pcm = next((data for name, data in _chunks(body) if name == b"data"), None)
    if pcm is None or len(pcm) != record.samples * BYTES_PER_SAMPLE:
        raise ValueError(
            f"this file holds {len(pcm or b'') // BYTES_PER_SAMPLE} of the {record.samples} samples it should"
        )
    return record, pcm


def _chunks(head: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """The RIFF chunks that are there whole."""
    view = memoryview(head)
    if len(view) < _RIFF.size:
        return
    riff, _, wave = _RIFF.unpack_from(view)
    if (riff, wave) != (b"RIFF", b"WAVE"):
        return
    at = _RIFF.size
    while at + _CHUNK.size <= len(view):
        name, size = _CHUNK.unpack_from(view, at)
        start = at + _CHUNK.size
        if start + size > len(view):
            return
        yield name, view[start : start + size]
        at = start + size + size % 2
