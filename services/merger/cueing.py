"""Cueing: what is heard of a segment and when, from what its engine told and how its speech was laid."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Final

from darkchannel.audio.wav import ChunkRecord
from darkchannel.speech.transcript import Boundary, Passage, Transcript
from services.merger.alignment import aligned, is_read, is_same
from services.merger.cues import Cue
from services.merger.laying import Laid

_BY_LENGTH: Final[Sequence[Boundary]] = ("clause", "sentence", "paragraph", "break")


@dataclass(frozen=True, slots=True)
class Heard:
    """What is heard of a segment."""

    passages: tuple[Passage, ...]
    starts: tuple[int | None, ...]
    """The sample at which each starts; None where the engine tells neither that nor its words, or of no place of its
    own."""
    starts_in_break: bool
    """Whether a break of the author's stands before the first words."""
    ends_in_break: bool
    """Likewise after the last."""


def heard(script: Transcript, record: ChunkRecord) -> Heard:
    """A passage without words, such as "...", is none where its engine tells no start of it: what it begins is begun by
    the one after it."""
    passages: list[Passage] = []
    starts: list[int | None] = []
    begun: list[Boundary] = []
    for passage, start in zip(script.passages, _starts(script.passages, record), strict=True):
        begun.append(passage.before)
        if start is not None or is_read(passage.text):
            passages.append(replace(passage, before=max(begun, key=_BY_LENGTH.index)))
            starts.append(start)
            begun = []
    ends_in_break = script.ends_in_break or "break" in begun
    starts_in_break = passages[0].before == "break" if passages else ends_in_break
    return Heard(tuple(passages), tuple(starts), starts_in_break, ends_in_break)


def _starts(passages: Sequence[Passage], record: ChunkRecord) -> list[int | None]:
    sentences = sum(passage.is_sentence for passage in passages)
    # A record may come from a release that found other sentences.
    told = iter(record.sentences if sentences == len(record.sentences) else ())
    starts = [next(told, None) if passage.is_sentence else None for passage in passages]
    edges = sorted({0, *(at for at, start in enumerate(starts) if start is not None), len(passages)})
    for first, stop in pairwise(edges):
        begin, end = starts[first], starts[stop] if stop < len(passages) else None
        if begin is not None and stop - first == 1:
            continue
        words = _between(record.words, begin or 0, record.samples if end is None else end)
        starts[first:stop] = _by_words(passages[first:stop], begin, words)
    return starts


def _between(words: Sequence[tuple[int, str]], begin: int, end: int) -> list[tuple[int, str]]:
    return [(start, word) for start, word in words if begin <= start < end]


def _by_words(passages: Sequence[Passage], begin: int | None, words: Sequence[tuple[int, str]]) -> Iterator[int | None]:
    """Where passages start that follow one another: with the first word of each, where that is none of another's."""
    tokens = iter(aligned(" ".join(passage.text for passage in passages), words))
    spoken = dict(words)
    read = [[token for token in islice(tokens, len(passage.text.split())) if is_read(token[1])] for passage in passages]
    certain = {own[0][0] for own in read if _is_told(own, spoken)}
    last = latest = -1  # start, and latest start of a word
    for number, own in enumerate(read):
        first = own[0][0] if own else -1
        if number == 0 and begin is not None:
            last = begin
            yield begin
        elif first > last and (_is_told(own, spoken) or (first > latest and first not in certain)):
            last = first
            yield first
        else:
            yield None
        latest = max([latest, last, *(start for start, _ in own)])


def _is_told(own: Sequence[tuple[int, str]], spoken: Mapping[int, str]) -> bool:
    """Whether the first of these words is the very one that was spoken where it starts."""
    return bool(own) and is_same(own[0][1], spoken[own[0][0]])


def cues_of(heard: Heard, record: ChunkRecord, speech: Laid) -> list[Cue]:
    """When each passage is heard; what no engine tells the start of shares the time since the last that it does."""
    groups: list[list[Passage]] = [[]]
    for start, passage in zip(heard.starts, heard.passages, strict=True):
        if start is not None:
            groups.append([])
        groups[-1].append(passage)
    first = speech.starts[0] if speech.starts else len(speech.samples)
    spans = [(0, first), *zip(speech.starts, speech.ends, strict=True)]
    bounds = [0, *(start for start in heard.starts if start is not None), record.samples]
    cues: list[Cue] = []
    for group, (start, end), (begin, stop) in zip(groups, spans, pairwise(bounds), strict=True):
        words = [(speech.moved(sample), word) for sample, word in _between(record.words, begin, stop)]
        cues += _shared(group, start, end, words)
    return cues


def _shared(group: Sequence[Passage], start: int, end: int, words: Sequence[tuple[int, str]]) -> list[Cue]:
    """Several passages in one span share it by their letters; alone, a passage has its words, too."""
    letters = sum(len(passage.text) for passage in group)
    cues: list[Cue] = []
    done = 0
    for passage in group:
        first = start + (end - start) * done // max(letters, 1)
        done += len(passage.text)
        last = start + (end - start) * done // max(letters, 1)
        if passage.text and last > first:
            opens = passage.before in ("paragraph", "break")
            spoken = aligned(passage.text, words) if len(group) == 1 else ()
            within = tuple((min(max(sample, first), last), word) for sample, word in spoken)
            cues.append(Cue(start=first, end=last, text=passage.text, opens=opens, words=within))
    return cues


def moved(cue: Cue, by: int) -> Cue:
    """The cue so many samples later."""
    words = tuple((sample + by, word) for sample, word in cue.words)
    return cue.model_copy(update={"start": cue.start + by, "end": cue.end + by, "words": words})
