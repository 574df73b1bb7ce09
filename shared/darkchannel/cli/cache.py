"""``darkchannel cache``: how much speech is kept, removing it, and finding what is like a text."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from pydantic import ByteSize

from darkchannel.audio.cached import MAX_TEXT, CachedRecord
from darkchannel.cli import output
from darkchannel.cli.exits import Code, Usage
from darkchannel.cli.progress import counted
from darkchannel.cli.stores import opened
from darkchannel.runtime.engines import installed
from darkchannel.runtime.service import utc_now
from darkchannel.runtime.speech_cache import AT_ONCE, Entry, SpeechCache
from darkchannel.runtime.together import together
from darkchannel.speech.normalisation import normalise

FIRST_WORDS = 70
"""Characters of a text that the table shows."""
NOTHING = "no speech is kept"


@dataclass(frozen=True, slots=True)
class Match:
    likeness: float
    """From 0 to 1."""
    entry: Entry
    record: CachedRecord

    def as_json(self) -> dict[str, object]:
        return {
            "likeness": round(self.likeness, 3),
            "text": self.record.text,
            "engine": self.record.engine,
            "voices": self.record.voices,
            "seconds": round(self.record.samples / self.record.rate, 3),
            "used": self.entry.used.isoformat(),
            "object": self.entry.name,
        }


async def stats(*, json: bool) -> Code:
    async with opened() as jobs:
        entries = await _entries(SpeechCache(jobs.store, utc_now), None)
    engines: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        engines[entry.engine].append(entry)
    if json:
        told = [{"engine": name, **_counts(of), **_times(of)} for name, of in sorted(engines.items())]
        output.json({**_counts(entries), "engines": told})
    elif entries:
        output.rows(
            ("engine", "objects", "size", "first used", "last used"),
            [
                (name, f"{len(of):,}", _size(of), output.moment(min(used)), output.moment(max(used)))
                for name, of in sorted(engines.items())
                for used in ([entry.used for entry in of],)
            ],
            whole=("objects", "size", "first used", "last used"),
        )
        output.note(_told(entries))
    else:
        output.note(NOTHING)
    return Code.OK


async def clear(engine: str | None, *, yes: bool, json: bool) -> Code:
    """Raises Usage where there is no such engine, and no speech of one that there was."""
    async with opened() as jobs:
        cache = SpeechCache(jobs.store, utc_now)
        entries = await _entries(cache, engine)
        if engine is not None and not entries and engine not in installed():
            raise Usage(f"there is no engine '{engine}': choose from {', '.join(installed())}")
        if yes:
            with counted("objects removed", len(entries)) as tick:
                await cache.remove(entries, tick)
    if json:
        output.json({"removed": yes, **_counts(entries)})
    elif not entries:
        output.note(f"{NOTHING} of {engine}" if engine else NOTHING)
    elif yes:
        output.line(f"removed {_told(entries)}")
    else:
        output.line(_told(entries))
        output.note("--yes removes them")
    return Code.OK


async def similar(text: str, language: str, *, threshold: float, limit: int, json: bool) -> Code:
    async with opened() as jobs:
        cache = SpeechCache(jobs.store, utc_now)
        entries = await _entries(cache, None)
        with counted("texts read", len(entries)) as tick:

            async def read(entry: Entry) -> tuple[Entry, CachedRecord | None]:
                record = await cache.record(entry)
                tick()
                return entry, record

            read_all = await together(map(read, entries), at_once=AT_ONCE)
    records = [(entry, record) for entry, record in read_all if record]
    # As the words are kept: figures and abbreviations written out.
    wanted = normalise(text, language)
    matches = (await asyncio.to_thread(alike, wanted, records, threshold))[:limit]
    if json:
        output.json({"similar": [match.as_json() for match in matches]})
    elif matches:
        output.rows(
            ("likeness", "engine", "voice", "seconds", "text"), map(_row, matches), whole=("likeness", "seconds")
        )
    else:
        output.note(f"of {len(records):,} texts that are kept none is like this one")
    return Code.OK


def alike(text: str, records: Iterable[tuple[Entry, CachedRecord]], threshold: float) -> list[Match]:
    """Those whose words are so like these, the most alike first.

    The measure is difflib's: twice the characters in common, over those of both. Capitals and spaces do not count; of
    long texts only what the records tell is compared.
    """
    matcher = SequenceMatcher(None, "", _bare(text)[:MAX_TEXT], autojunk=False)
    matches: list[Match] = []
    for entry, record in records:
        matcher.set_seq1(_bare(record.text))
        # The cheap ones are upper bounds.
        if min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= threshold and matcher.ratio() >= threshold:
            matches.append(Match(matcher.ratio(), entry, record))
    return sorted(matches, key=lambda match: (-match.likeness, match.entry.name))


def _bare(text: str) -> str:
    return " ".join(text.casefold().split())


async def _entries(cache: SpeechCache, engine: str | None) -> list[Entry]:
    with counted("objects listed") as tick:
        found: list[Entry] = []
        async for entry in cache.entries():
            tick()
            if engine in (None, entry.engine):
                found.append(entry)
    return found


def _row(match: Match) -> tuple[str, ...]:
    record = match.record
    text = record.text if len(record.text) <= FIRST_WORDS else f"{record.text[: FIRST_WORDS - 1].rstrip()}…"
    return f"{match.likeness:.2f}", record.engine, record.voices, f"{record.samples / record.rate:.1f}", text


def _counts(entries: Collection[Entry]) -> dict[str, object]:
    return {"objects": len(entries), "bytes": sum(entry.size for entry in entries)}


def _times(entries: Collection[Entry]) -> dict[str, object]:
    used = [entry.used for entry in entries]
    return {"first_used": min(used).isoformat(), "last_used": max(used).isoformat()}


def _size(entries: Collection[Entry]) -> str:
    return ByteSize(sum(entry.size for entry in entries)).human_readable(decimal=True, separator=" ")


def _told(entries: Collection[Entry]) -> str:
    return f"{len(entries):,} object{'s' * (len(entries) != 1)}, {_size(entries)}"
