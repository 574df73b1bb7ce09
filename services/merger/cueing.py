"""Cueing: when each passage of a segment is heard, from what its engine told and how its speech was laid."""

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

from darkchannel.audio.wav import ChunkRecord
from darkchannel.speech.transcript import Passage
from services.merger.alignment import aligned
from services.merger.cues import Cue
from services.merger.laying import Laid


def starts_of(record: ChunkRecord, passages: Sequence[Passage]) -> list[int | None]:
    """Where each passage starts; None where the engine tells neither that nor its words, or of no place of its own."""
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
    """Where passages start that follow one another: with the first of their words, if that is after the last start."""
    spoken = iter(aligned(" ".join(passage.text for passage in passages), words))
    last = -1 if begin is None else begin
    for number, passage in enumerate(passages):
        own = [start for start, _ in islice(spoken, len(passage.text.split()))]
        if number == 0 and begin is not None:
            yield begin
        elif own and own[0] > last:
            last = own[0]
            yield last
        else:
            yield None


def cues_of(passages: Sequence[Passage], record: ChunkRecord, speech: Laid) -> list[Cue]:
    """When each passage is heard; what no engine tells the start of shares the time since the last that it does."""
    starts = starts_of(record, passages)
    groups: list[list[Passage]] = [[]]
    for start, passage in zip(starts, passages, strict=True):
        if start is not None:
            groups.append([])
        groups[-1].append(passage)
    first = speech.starts[0] if speech.starts else len(speech.samples)
    spans = [(0, first), *zip(speech.starts, speech.ends, strict=True)]
    bounds = [0, *(start for start in starts if start is not None), record.samples]
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
