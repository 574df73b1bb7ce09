"""Accept: marker, opened, input, plan, first segments, then delete exactly that version from the inbox."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from darkchannel import keys
from darkchannel.errors import Permanent, Refused
from darkchannel.events import ObjectCreated
from darkchannel.jobs import options, window
from darkchannel.jobs import plan as plans
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Book, Cover, Plan
from darkchannel.jobs.runs import Opened, Runs, Source
from darkchannel.runtime.service import Context
from darkchannel.storage.metadata import project
from darkchannel.storage.port import NEW, ObjectInfo
from services.splitter import document, lexicon, pictures, yaml_options
from services.splitter.settings import SplitterSettings

WITHDRAWN = "the document was deleted before it was read"
MAX_OPTIONS_BYTES = 16_384
"""Of ``_options.yaml``: it is read for every document in its folder."""
READERS = 4
"""Documents that are read at once: each takes a process, and about ten times its size of memory."""
LARGE_BYTES = 5_000_000
"""Of documents above this size one is read at a time, and the others are not held up by them."""


class Splitter:
    def __init__(self, context: Context, settings: SplitterSettings) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._clock = context.clock
        self._compute = context.compute
        self._settings = settings
        self._under_way: set[ObjectCreated] = set()
        self._readers = asyncio.Semaphore(READERS)
        self._large = asyncio.Lock()

    async def accept(self, event: ObjectCreated) -> None:
        """Turn one version of an inbox object into a job, or finish what another attempt began.

        One that is under way here already is left to that: a document may take so long to read that its event comes
        again, and each copy would keep a processor from other documents.
        """
        if not keys.is_document(event.key) or event in self._under_way:
            return
        self._under_way.add(event)
        try:
            await self._accept(event)
        finally:
            self._under_way.discard(event)

    async def _accept(self, event: ObjectCreated) -> None:
        if event.version in (None, "null"):
            if await self._store.head(event.bucket, event.key) is None:
                return
            raise Permanent(
                f"{event.bucket} kept no versions when {event.key!r} came, so it could be lost when it is overwritten: "
                "run `darkchannel setup`, which turns versioning on, and upload it again"
            )
        job = keys.job_id(event.bucket, event.key, event.version)
        while True:
            found = await self._store.head(event.bucket, event.key, version=event.version)
            runs = await self._jobs.runs(job, fresh=True)
            if found is None and not runs.newest:
                return
            if found is not None and not runs.newest:
                if await self._withdrawn(event):
                    return
                await self._jobs.open_run(job, 1, await self._acceptance(event, found))
                continue
            if await self._keep_input(job, event, found):
                break
            if found is None:
                await self._jobs.fail(job, WITHDRAWN, what="document", run=runs.newest)
                return
        if runs.is_open:
            await self._start(job, runs)
        await self._store.delete(event.bucket, event.key, version=event.version)
        await project(self._jobs, job, self._clock)

    async def _withdrawn(self, event: ObjectCreated) -> bool:
        """A person's delete leaves a marker over the version: a document deleted before it is read is no job."""
        if await self._store.head(event.bucket, event.key) is not None:
            return False
        await self._store.delete(event.bucket, event.key, version=event.version)
        return True

    async def _acceptance(self, event: ObjectCreated, found: ObjectInfo) -> Opened:
        source = Source(bucket=event.bucket, key=event.key, version=event.version or "", size=found.size)
        folder, refusal = await self._folder_options(event.key)
        said: Sequence[Mapping[str, Any]] = (self._settings.defaults(), folder, options.from_metadata(found.metadata))
        layers = tuple(options.without_secrets(layer) for layer in said)
        return Opened(reason="accepted", at=self._clock(), source=source, layers=layers, refusal=refusal)

    async def _folder_options(self, key: str) -> tuple[dict[str, object], str | None]:
        """What ``_options.yaml`` beside the document says, or why it cannot be read."""
        name = keys.options_key(key)
        found = await self._store.get(keys.INBOX, name, first=MAX_OPTIONS_BYTES + 1)
        if found is None:
            return {}, None
        if len(found.body) > MAX_OPTIONS_BYTES:
            return {}, f"{name} is longer than {MAX_OPTIONS_BYTES} bytes: keep only lines of `option: value`"
        try:
            return dict(yaml_options.read(found.body.decode("utf-8-sig"), name)), None
        except UnicodeDecodeError as error:
            return {}, f"byte {error.start} of {name} is not UTF-8: save it as UTF-8"
        except Refused as refused:
            return {}, str(refused)

    async def _keep_input(self, job: str, event: ObjectCreated, found: ObjectInfo | None) -> bool:
        """Have the document in the job's own folder; False where it is neither there nor in the inbox."""
        if await self._jobs.input(job):
            return True
        if found is None:
            return False
        to = keys.source(job, keys.extension(event.key))
        metadata = options.metadata_without_secrets(found.metadata)
        copied = self._store.copy(event.bucket, event.key, keys.JOBS, to, version=event.version, metadata=metadata)
        return await copied is not None

    async def _start(self, job: str, runs: Runs) -> None:
        try:
            plan = await self._jobs.plan(job) or await self._plan(job)
        except Permanent as error:
            reason = str(error) if isinstance(error, Refused) else f"the document cannot be read: {error}"
            await self._jobs.fail(job, reason, what="document", run=runs.newest)
            return
        await self._jobs.save_window(job, window.initial(plan.options.priority))
        width = (await self._jobs.window(job)).width
        for index in range(min(width, plan.segments)):
            await self._jobs.release(job, plan, index)

    async def _plan(self, job: str) -> Plan:
        """Read the document and store its plan; where another attempt stored one first, that one stands."""
        accepted = await self._jobs.opened(job, 1)
        kept = await self._jobs.input(job)
        assert accepted
        assert accepted.source
        assert kept
        if accepted.refusal:
            raise Refused(accepted.refusal)
        limit = self._settings.max_document_bytes
        if kept.size > limit:
            raise Refused(
                f"the document has {kept.size:,} bytes, more than the {limit:,} that are read: "
                "split it, or raise DARKCHANNEL_MAX_DOCUMENT_BYTES"
            )
        async with self._large if kept.size > LARGE_BYTES else nullcontext(), self._readers:
            book = await self._book(kept.key, accepted.source.key, accepted.layers)
            plan, parts = plans.make(book)
            if book.cover:
                await self._store.put(keys.JOBS, keys.cover(job, book.cover.extension), book.cover.body, over=NEW)
            await self._jobs.save_plan(job, plan, parts)
        return await self._jobs.plan(job) or plan

    async def _book(self, key: str, name: str, layers: Sequence[Mapping[str, Any]]) -> Book:
        """The document that lies there and is called ``name``, read under these layers of options."""
        received = await self._store.get(keys.JOBS, key)
        assert received
        manuscript = await self._compute(document.manuscript, received.body, name, layers)
        del received  # what is large may go before as much is made of it
        cover = await self._cover(manuscript.options)
        book = await self._compute(document.book, manuscript, await self._lexicons(manuscript.options))
        return replace(book, cover=cover) if cover else book

    async def _cover(self, chosen: Options) -> Cover | None:
        """The picture that the job asks for. Raises Refused where it is missing or none that is read."""
        if not chosen.cover:
            return None
        name = keys.cover_reference(chosen.cover)
        found = await self._store.get(keys.REFS, name, first=pictures.MAX_BYTES + 1)
        if not found:
            raise Refused(
                f"there is no cover {keys.REFS}/{name}: upload it and drop the document again, "
                "or change the option cover"
            )
        return pictures.asked_for(found.body, f"{keys.REFS}/{name}")

    async def _lexicons(self, chosen: Options) -> list[tuple[str, bytes]]:
        """The job's own lexicon, then those of its language: for ``pt-BR``, then for ``pt``."""
        found = {info.key.lower(): info.key async for info in self._store.list(keys.REFS, keys.LEXICONS)}
        wanted = [keys.lexicon(tag) for tag in (chosen.language, chosen.language.partition("-")[0])]
        if chosen.lexicon:
            wanted.insert(0, keys.lexicon(chosen.lexicon))
            if wanted[0].lower() not in found:
                raise Refused(
                    f"there is no lexicon {keys.REFS}/{wanted[0]}: upload it and drop the document again, "
                    "or change the option lexicon"
                )
        names = dict.fromkeys(found[name.lower()] for name in wanted if name.lower() in found)
        read = [(name, await self._store.get(keys.REFS, name, first=lexicon.MAX_BYTES + 1)) for name in names]
        return [(f"{keys.REFS}/{name}", body.body) for name, body in read if body]
