"""The files of an encoded section: what they are called, and what a record cannot rightly say of them."""

from collections.abc import Iterable, Iterator

from darkchannel import keys
from darkchannel.jobs.records import SectionRecord, section_digest
from services.merger.encodings import ENCODINGS
from services.merger.laying import MARGIN_SECONDS

CUES = "cues"


def key_of(job: str, section: int, digest: str, name: str) -> str:
    """The key of an encoding, by its name, or of ``CUES``; ``digest`` is the section's."""
    # Two encodings may have one extension: section-0003-….acx.mp3 stands beside section-0003-….mp3.
    extension = name if name == CUES else ".".join(dict.fromkeys((name, ENCODINGS[name].extension)))
    return keys.section_file(job, section, digest, extension)


def fault(job: str, section: int, record: SectionRecord, wanted: Iterable[str]) -> str | None:
    """Why no section can be what its record says, seen without its files; ``wanted``: the encodings of its job."""
    return next(_faults(job, section, record, wanted), None)


def _faults(job: str, section: int, record: SectionRecord, wanted: Iterable[str]) -> Iterator[str]:
    digest = section_digest(record.pairs, record.gain)
    if record.cues.key != (key := key_of(job, section, digest, CUES)):
        yield f"its record does not name {keys.JOBS}/{key}"
    for name in wanted:
        key, coding = key_of(job, section, digest, name), ENCODINGS[name].coding(record.rate)
        file = record.files.get(name)
        if file is None or file.key != key:
            yield f"its record does not name {keys.JOBS}/{key}"
        elif file.coding != coding:
            yield f"{keys.JOBS}/{key} has {coding}, in its record {file.coding}"
    if record.lead > round(MARGIN_SECONDS * record.rate):
        yield f"its record has {record.lead} samples before the first sound"
