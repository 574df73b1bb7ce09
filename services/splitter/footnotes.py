"""Where footnotes are read."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from darkchannel.jobs.options import Footnotes
from darkchannel.speech import sentences
from darkchannel.speech.ssml import Node
from services.splitter.formats.draft import Block

_NAMES = {"pt": ("Nota", "Notas"), "en": ("Note", "Notes"), "es": ("Nota", "Notas"), "fr": ("Note", "Notes")}


def placed(content: Sequence[Block | Node], footnotes: Footnotes, language: str) -> Iterator[Block | Node]:
    """The content of a chapter with its notes as blocks of their own: after their sentence, at its end, or not."""
    one, many = _NAMES.get(language.partition("-")[0].lower(), _NAMES["en"])
    at_end: list[Block] = []
    for item in content:
        if not isinstance(item, Block) or not item.notes or footnotes == "skip":
            yield item
        elif footnotes == "inline":
            yield from _inline(item, one, language)
        else:
            yield item
            at_end += [Block(note.text, language=item.language) for note in item.notes]
    if at_end:
        yield Block(f"{many}.", heading=True)
        yield from at_end


def _inline(block: Block, name: str, language: str) -> Iterator[Block]:
    """The paragraph, cut after each sentence that refers to notes."""
    ends = list(accumulate(map(len, sentences.split(block.text, block.language or language))))
    waiting = list(block.notes)
    start = 0
    for end in ends:
        is_last = end == ends[-1]
        notes = [note for note in waiting if is_last or note.at <= end]
        if notes or is_last:
            yield replace(block, text=block.text[start:end].strip(), notes=(), pause=block.pause and is_last)
            yield from (Block(f"{name}: {note.text}", language=block.language) for note in notes)
            waiting = waiting[len(notes) :]
            start = end
