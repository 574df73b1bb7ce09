"""A chunk: the speech of one segment as a WAV file that carries its own record in a RIFF chunk.

The layout is RIFF/WAVE with ``fmt ``, our ``dcrc`` (the record as JSON) and ``data``; players pass over chunks
they do not know: https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from darkchannel.jobs.records import Gain

HEAD_BYTES: Final = 1 << 16
"""The first bytes of a chunk that always hold its record: enough for some 3,000 marks or words."""

SPARE: Final = ("words", "unable", "passed_over")
"""Of a record: what people are told besides, the first to go first. No speech is refused for it."""
BYTES_PER_SAMPLE: Final = 2
_PCM: Final = 1
_KINDS: Final = {_PCM: "PCM", 3: "float", 6: "A-law", 7: "µ-law"}
_RIFF = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")


@dataclass(frozen=True, slots=True)
class Mark:
    """A named place in speech, in samples from its start."""

    name: str
    sample: int


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was spoken, and the sample at which it starts."""

    sample: int
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a voice takes over, in samples from the start; ``voice`` is the engine's own name for it."""

    sample: int
    voice: str


@dataclass(frozen=True, slots=True)
class Speech:
    """What an engine yields: 16-bit little-endian mono samples."""

    pcm: bytes
    rate: int
    marks: tuple[Mark, ...] = ()
    """The marks of the text, in its order, under their own names."""
    sentences: tuple[int, ...] = ()
    """Where each ``s`` of the text starts, in samples."""
    words: tuple[Word, ...] = ()
    """None where the engine does not tell."""
    turns: tuple[Turn, ...] = ()
    """The voices in their order, the first from sample 0 on; none where the engine has but one."""

    @property
    def places(self) -> tuple[int, ...]:
        """Where sentences start and marks stand, in samples."""
        return (*self.sentences, *(mark.sample for mark in self.marks))


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
    words: tuple[tuple[int, str], ...] = ()
    """The sample at which each word starts, and the word as it was spoken."""
    gains: tuple[tuple[int, Gain], ...] = ()
    """From which sample on how many decibels bring the voice to a book's loudness; none: it was not measured."""
    expected: float = 0.0
    """Seconds that the text takes at an ordinary pace; 0 where nobody reckoned it."""
    longest: float = 0.0
    """Seconds that no right speech of it exceeds; 0 where nobody reckoned it."""
    take: int = Field(0, ge=0)
    """How many chunks of this segment were rejected before: a new take never has the bytes of a rejected one."""
    cached: bool = False
    """Whether the speech came from the cache: it was spoken before, for this job or another."""
    passed_over: tuple[str, ...] = ()
    """The voices that the text names and the engine does not have: it spoke with its own in their place."""
    unable: tuple[tuple[str, str], ...] = ()
    """The engines that were to speak it before this one, each with why it did not."""

    @property
    def places(self) -> tuple[int, ...]:
        """Where sentences start and marks stand, in samples."""
        return (*self.sentences, *(sample for _, sample in self.marks))


def pack(speech: Speech, record: ChunkRecord) -> bytes:
    """The WAV file of a chunk; of a record that ``HEAD_BYTES`` do not hold, without ``SPARE`` as far as need be.

    Raises ValueError where the record does not fit the speech, or is too large all the same.
    """
    if record.samples * BYTES_PER_SAMPLE != len(speech.pcm) or record.rate != speech.rate:
        raise ValueError(
            f"a record of {record.samples} samples at {record.rate} Hz is not that of"
            f" {len(speech.pcm)} bytes at {speech.rate} Hz"
        )
    head = _head(record)
    for name in SPARE:
        if len(head) > HEAD_BYTES:
            record = record.model_copy(update={name: ()})
            head = _head(record)
    if len(head) > HEAD_BYTES:
        raise ValueError(f"a record of {len(head)} bytes is too large: mark fewer places")
    return head + speech.pcm


def _head(record: ChunkRecord) -> bytes:
    """All that stands before the samples."""
    return riff_head([(b"dcrc", record.model_dump_json().encode())], record.samples, record.rate)


def riff_head(chunks: Iterable[tuple[bytes, bytes]], samples: int, rate: int) -> bytes:
    """All that stands before the samples of a WAV file with chunks of our own: names of four bytes, and bodies.

    Bodies are JSON, to which a space may be added: chunks start at even bytes.
    """
    size = samples * BYTES_PER_SAMPLE
    fmt = _FORMAT.pack(_PCM, 1, rate, rate * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE, 16)
    pieces = [_CHUNK.pack(b"fmt ", len(fmt)), fmt]
    for name, body in chunks:
        even = body + b" " * (len(body) % 2)
        pieces += [_CHUNK.pack(name, len(even)), even]
    inside = b"".join((*pieces, _CHUNK.pack(b"data", size)))
    return _RIFF.pack(b"RIFF", len(b"WAVE") + len(inside) + size, b"WAVE") + inside


def read_record(head: bytes) -> ChunkRecord | None:
    """The record of a chunk, from its first ``HEAD_BYTES`` or more; None where these bytes hold none of ours."""
    body = riff_chunk(head, b"dcrc")
    if body is None:
        return None
    try:
        return ChunkRecord.model_validate_json(body)
    except ValueError:
        return None


def unpack(body: bytes) -> tuple[ChunkRecord, memoryview]:
    """The record of a whole chunk and a view of its samples.

    Raises ValueError where it is no chunk of ours, is cut short, is longer than it says, or holds other samples than
    its record says: in number, rate, channels or kind.
    """
    record = read_record(body)
    if record is None:
        raise ValueError("this file has no record of what was spoken")
    return record, riff_samples(body, record.samples, record.rate)


def riff_chunk(head: bytes, name: bytes) -> bytes | None:
    """The body of the first RIFF chunk of this name that is there whole."""
    return next((bytes(body) for found, body in _chunks(head) if found == name), None)


def riff_samples(body: bytes, samples: int, rate: int) -> memoryview:
    """A view of the samples of a whole WAV file, of which its record tells this.

    Raises ValueError where it is cut short, is longer than it says, or holds others: in number, rate, channels or
    kind.
    """
    pcm = [data for name, data in _chunks(body) if name == b"data"]
    if len(pcm) > 1:
        raise ValueError(f"this file has {len(pcm)} chunks of samples where one is meant")
    held = len(pcm[0]) if pcm else 0
    if held != samples * BYTES_PER_SAMPLE:
        raise ValueError(f"this file holds {held // BYTES_PER_SAMPLE} of the {samples} samples it should")
    kind = _kind(body)
    if kind != _named(_PCM, 1, rate, 16):
        raise ValueError(f"this file is {kind}, not {_named(_PCM, 1, rate, 16)} as its record says")
    says = _RIFF.unpack_from(body)[1] + _CHUNK.size
    if says != len(body):
        raise ValueError(f"this file says that it has {says} bytes and has {len(body)}")
    return pcm[0]


def _kind(body: bytes) -> str:
    """What the samples are, in words."""
    formats = [bytes(data[: _FORMAT.size]) for name, data in _chunks(body) if name == b"fmt "]
    if len(formats) != 1 or len(formats[0]) < _FORMAT.size:
        return "of no kind that it tells"
    code, channels, rate, _, _, bits = _FORMAT.unpack(formats[0])
    return _named(code, channels, rate, bits)


def _named(code: int, channels: int, rate: int, bits: int) -> str:
    kind = _KINDS.get(code, f"format {code:#06x}")
    return f"{bits}-bit {kind}, {channels} channel{'s' * (channels != 1)}, {rate} Hz"


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
