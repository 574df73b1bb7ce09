"""Recorded calls: what lies beside a recording is brought together, and OmniPlay is told of the call once."""

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import BinaryIO, Final
from urllib.parse import unquote

from darkchannel import keys
from darkchannel.errors import Transient, Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.jobs.deliveries import Delivery
from darkchannel.jobs.recordings import EXTENSIONS, TRANSCRIPTS, Call, Recording, parse_beside, parse_recording
from darkchannel.runtime.service import Context
from darkchannel.storage.ledger import JSON
from darkchannel.storage.lru import Lru
from darkchannel.storage.port import ObjectInfo
from darkchannel.storage.recordings import Recordings
from services.handoff_notifier import durations, omniplay, transcripts
from services.handoff_notifier.delivering import Deliverer
from services.handoff_notifier.messages import Message, Nothing, Wait
from services.handoff_notifier.omniplay import RecordedCall, Told
from services.handoff_notifier.settings import NotifierSettings
from services.handoff_notifier.transcripts import Transcript

LARGEST: Final = 200_000_000
"""Bytes of a recording: three hours of uncompressed speech at the rate of telephones."""
LARGE: Final = 8_000_000
"""Bytes from which on recordings are measured one after the other: where they are kept meanwhile may be memory."""
SMALL_AT_ONCE: Final = 4
NO_TRANSCRIPT: Final = "no transcript came in time"


class Calls:
    def __init__(
        self, context: Context, recordings: Recordings, deliverer: Deliverer, settings: NotifierSettings
    ) -> None:
        self._store = context.store
        self._clock = context.clock
        self._recordings = recordings
        self._deliverer = deliverer
        self._settings = settings
        self._small = asyncio.Semaphore(SMALL_AT_ONCE)
        self._large = asyncio.Semaphore(1)
        self._measured: Lru[tuple[str, str], float] = Lru(4096)

    async def handoff(self, event: ObjectCreated) -> None:
        """Hand off a recording; where something beside it came, the recordings of its call.

        Raises Transient where a recording changes while it is read, or cannot be measured at the moment.
        """
        if not self._settings.omniplay_api_url:
            return
        if recording := parse_recording(event.key):
            await self._hand_off(recording)
        elif call := parse_beside(event.key):
            for ext in EXTENSIONS:
                await self._hand_off(Recording(call, ext), awaited=True)

    async def _hand_off(self, recording: Recording, *, awaited: bool = False) -> None:
        """``awaited``: what came may be what is waited for. Twice, for who looked too early for it may write down only
        now that it is to be waited for."""
        name = keys.receipt(recording.key)
        for _ in range(2 if awaited else 1):
            info, found = await asyncio.gather(
                self._recordings.store.head(self._recordings.bucket, recording.key), self._store.get(keys.JOBS, name)
            )
            if info is None and found is None:
                return
            before = Delivery.read(found.body) if found else None
            if found and before and awaited and _waits(before):
                await self._end_wait(name, before, found.info.etag)
            waited = before is not None and before.deadline <= self._clock()
            after = await self._deliverer.deliver(name, partial(self._message, recording, info, waited=waited))
            if not _waits(after):
                return

    async def _end_wait(self, name: str, waiting: Delivery, etag: str) -> None:
        """Where somebody else wrote first, it is no longer this wait."""
        due = waiting.model_copy(update={"deadline": self._clock()})
        await self._store.put(
            keys.JOBS, name, due.model_dump_json(exclude_none=True).encode(), over=etag, content_type=JSON
        )

    async def _message(
        self, recording: Recording, info: ObjectInfo | None, *, waited: bool
    ) -> Message | Nothing | Wait:
        """What OmniPlay is told of a recording; ``waited``: its transcript was waited for."""
        if info is None:
            return Nothing(f"{recording.key} is gone: nothing is left to tell of", refused=True)
        described = {name: unquote(value) for name, value in info.metadata.items()}  # clients refuse accents
        if reason := _refusal(recording, info.size, described.get("company-id", "").strip()):
            return Nothing(reason, refused=True)
        details, transcript = await asyncio.gather(
            self._beside(recording.call.details), self._transcript(recording.call)
        )
        said, damage = await asyncio.to_thread(_details, details)
        now, grace = self._clock(), timedelta(seconds=self._settings.transcript_grace_seconds)
        if transcript is None and not said.get("transcript") and not waited and now < info.modified + grace:
            # A clock that is ahead of ours does not make the wait longer.
            return Wait(min(now, info.modified) + grace)
        seconds = await self._seconds(info)
        if seconds is None:
            return Nothing(f"{recording.key} is not audio: no sound was found in it", refused=True)
        heard = await asyncio.to_thread(_heard, said.get("transcript"), transcript, seconds)
        by_details, wrong_details = Told.read(said)
        by_metadata, wrong_metadata = Told.read(described)
        notes = (
            damage,
            _left_out(wrong_details, "the details file"),
            _left_out(wrong_metadata, "the metadata"),
            heard.note,
        )
        call = RecordedCall(
            recording=recording,
            bucket=self._recordings.bucket,
            url=await self._recordings.url(recording.key),
            seconds=seconds,
            transcript=heard.turns,
            told=(by_details, by_metadata),
            note="; ".join(filter(None, notes)) or None,
        )
        return omniplay.call_message(self._settings, call)

    async def _transcript(self, call: Call) -> bytes | None:
        """Of two the first counts."""
        found = await asyncio.gather(*(self._beside(call.transcript(ext)) for ext in TRANSCRIPTS))
        return next((body for body in found if body is not None), None)

    async def _beside(self, key: str) -> bytes | None:
        found = await self._recordings.store.get(self._recordings.bucket, key, first=transcripts.LIMIT + 1)
        return found.body if found else None

    async def _seconds(self, info: ObjectInfo) -> float | None:
        """How long a recording is; remembered, because OmniPlay may be away for days."""
        if known := self._measured.get((info.key, info.etag)):
            return known
        if seconds := await self._read(info):
            self._measured.put((info.key, info.etag), seconds)
        return seconds

    async def _read(self, info: ObjectInfo) -> float | None:
        """It goes through a file, so that its size takes no memory of ours."""
        async with self._small if info.size <= LARGE else self._large:
            with tempfile.TemporaryFile() as file:
                await self._save(info, file)
                return await durations.measured(file)

    async def _save(self, info: ObjectInfo, file: BinaryIO) -> None:
        bucket = self._recordings.bucket
        try:
            async for piece in self._recordings.store.stream(bucket, info.key, if_match=info.etag):
                await asyncio.to_thread(file.write, piece)
            await asyncio.to_thread(file.flush)
        except LookupError as error:
            raise Transient(f"{bucket}/{info.key} changed while it was read") from error
        except OSError as error:
            place = tempfile.gettempdir()
            raise Unavailable(f"{place} cannot take a recording: {error}; TMPDIR names another place") from error


def _waits(delivery: Delivery) -> bool:
    """Whether it waits for a transcript, and for no receiver."""
    return not delivery.is_receipt and not delivery.attempts and not delivery.id


def _refusal(recording: Recording, size: int, company: str) -> str | None:
    """Why a recording of ``size`` bytes is not handed off, whatever is in it; ``company``: whose it says it is."""
    if company and company.lstrip("0") != str(recording.call.company):
        return f"{recording.key} is filed under another company than its metadata names: company-id is {company[:20]!r}"
    if size > LARGEST:
        return f"{recording.key} has {size:,} bytes, and at most {LARGEST:,} are handed off"
    return None


def _details(body: bytes | None) -> tuple[Mapping[str, object], str | None]:
    """What a details file says, and why it says nothing where it is damaged: a lost handoff would be worse."""
    if body is None:
        return {}, None
    with suppress(ValueError, RecursionError):
        said = json.loads(body.decode("utf-8-sig")) if len(body) <= transcripts.LIMIT else None
        if isinstance(said, dict):
            return said, None
    return {}, "the details file is no JSON object of at most 1 MB: it was left out"


def _heard(inline: object, transcript: bytes | None, seconds: float) -> Transcript:
    """The turns that the details have, else those of the transcript."""
    if turns := transcripts.turns_of(inline, seconds):
        return transcripts.bounded(turns)
    return Transcript(note=NO_TRANSCRIPT) if transcript is None else transcripts.read(transcript, seconds)


def _left_out(fields: Sequence[str], source: str) -> str | None:
    return f"{source} has a value in {', '.join(fields)} that cannot be: it was left out" if fields else None
