"""The rules of the protocol, each broken once: what a hurried change might do to them."""

from tests.mutants.mutant import Mutant

PROTOCOL = "tests/pipeline/test_protocol.py"
OVERTAKEN = "tests/pipeline/test_overtaken.py"
RECONCILER = "tests/pipeline/test_reconciler.py"
RECORDED = "tests/pipeline/test_recordings.py"
TAMPERING = "tests/pipeline/test_tampering.py"
LEVEL = "tests/pipeline/test_level.py"
ENGINES = "tests/pipeline/test_engines.py"
REJECTIONS = "tests/pipeline/test_rejections.py"
WINDOW = "tests/pipeline/test_window.py"
CONSUMER = "tests/unit/test_consumer.py"
ANNOUNCING = "tests/pipeline/test_announcing.py"
DELIVERING = "tests/unit/test_delivering.py"
DESTINATIONS = "tests/unit/test_destinations.py"

SPEAKING = (
    Mutant(
        "ack before PUT: the worker acks before the handler is done",
        "shared/darkchannel/runtime/consumer.py",
        "            await self._handler(event)\n",
        "            __import__('asyncio').create_task(self._handler(event))\n",
        (CONSUMER,),
    ),
    Mutant(
        "who gives way burns an attempt",
        "shared/darkchannel/runtime/consumer.py",
        """            log.debug("gives way", reason=str(error))
            return Requeue(tries.attempt)
""",
        """            log.debug("gives way", reason=str(error))
            return Requeue(tries.attempt + 1)
""",
        (CONSUMER,),
    ),
    Mutant(
        "a slow engine has as many segments as come",
        "services/synthesizer/speaking.py",
        "            return await self._engines.member(line.asked[0]).places()\n",
        "            return asyncio.Semaphore(1_000)\n",
        (ENGINES,),
    ),
    Mutant(
        "what may wait is taken before a free place is looked for",
        "shared/darkchannel/messaging/memory.py",
        "        for is_spare in (False, True):\n",
        "        for is_spare in (True, False):\n",
        ("tests/contract/test_bus.py",),
    ),
    Mutant(
        "ack before PUT: the synthesizer returns before its chunk is there",
        "services/synthesizer/handler.py",
        """            while not await self._settle(job, index, plan, fresh) or looks < self._looks[job, index]:
                fresh, looks = True, self._looks[job, index]
""",
        """            async def later() -> None:
                while not await self._settle(job, index, plan, True):
                    pass

            __import__("asyncio").create_task(later())
""",
        (PROTOCOL,),
    ),
    Mutant(
        "a chunk is put over whatever is there",
        "services/synthesizer/handler.py",
        'keys.chunk(job, index), body, over=over, content_type="audio/wav")\n',
        "keys.chunk(job, index), body)\n",
        (OVERTAKEN,),
    ),
    Mutant(
        "no second look before the ack: synthesizer",
        "services/synthesizer/handler.py",
        "        return await self._is_last_word(job, index, runs, segment.info.etag, chunk_etag)\n",
        "        return True\n",
        (OVERTAKEN,),
    ),
    Mutant(
        "the synthesizer's second look leaves out the runs",
        "services/synthesizer/handler.py",
        """            and runs_now.newest == runs.newest
            and runs_now.state is not State.COMPLETED
""",
        "",
        (OVERTAKEN,),
    ),
    Mutant(
        "the synthesizer's second look is at remembered runs",
        "services/synthesizer/handler.py",
        "        runs_now = await self._jobs.runs(job, fresh=True)\n",
        "        runs_now = await self._jobs.runs(job)\n",
        (OVERTAKEN,),
    ),
    Mutant(
        "any chunk that is there counts as spoken from the text",
        "services/synthesizer/handler.py",
        "is_current = before is not None and before.source == segment.info.etag",
        "is_current = there is not None",
        (PROTOCOL, RECONCILER),
    ),
    Mutant(
        "a rejected chunk counts as there: synthesizer",
        "services/synthesizer/handler.py",
        "            if rejection and rejection.chunk == there.info.etag:\n",
        "            if rejection and not there:\n",
        (REJECTIONS,),
    ),
    Mutant(
        "a new take has the bytes of the rejected one",
        "services/synthesizer/handler.py",
        "                take = rejection.take\n",
        "                take = 0\n",
        (REJECTIONS,),
    ),
    Mutant(
        "a chunk that was there before releases nothing",
        "services/synthesizer/handler.py",
        """            elif is_current:
                return there.info.etag
""",
        """            elif is_current:
                raise Permanent("spoken before")
""",
        (PROTOCOL, RECONCILER),
    ),
    Mutant(
        "«edited» is told by comparing with the chunk",
        "services/synthesizer/handler.py",
        "        if manifest and manifest.segments[index] == segment.info.etag:\n",
        """        there = await self._store.head(keys.JOBS, keys.chunk(job, index))
        source = await self._jobs.chunk_source(job, index, there.etag) if there else None
        if manifest is None or source == segment.info.etag:
""",
        (OVERTAKEN,),
    ),
    Mutant(
        "an edit opens a run after a failed one too",
        "services/synthesizer/handler.py",
        "runs.state in (None, State.FAILED, State.CANCELLED)",
        "runs.state in (None, State.CANCELLED)",
        (PROTOCOL,),
    ),
    Mutant(
        "an unspeakable segment fails whichever run is open by then",
        "services/synthesizer/handler.py",
        """what=f"segment-{index:06d}", run=runs.newest)""",
        """what=f"segment-{index:06d}")""",
        (OVERTAKEN,),
    ),
    Mutant(
        "a release puts the planned text over an edited one",
        "shared/darkchannel/storage/jobs.py",
        "await self.store.put(keys.JOBS, keys.segment(job, index), text.encode(), over=NEW, content_type=SSML)",
        "await self.store.put(keys.JOBS, keys.segment(job, index), text.encode(), content_type=SSML)",
        (OVERTAKEN,),
    ),
)

CHOOSING = (
    Mutant(
        "a hint for what is being spoken has it spoken again",
        "services/synthesizer/handler.py",
        "        if at in self._looks:\n",
        "        if self._looks.get(at, 0) < 0:\n",
        (ENGINES,),
    ),
    Mutant(
        "an event that comes while its segment is under way is forgotten",
        "services/synthesizer/handler.py",
        " or looks < self._looks[job, index]:\n",
        ":\n",
        (ENGINES,),
    ),
    Mutant(
        "the choice of an engine is put over whatever is there",
        "services/synthesizer/choice.py",
        "keys.engine(job), body, over=over, content_type=JSON)",
        "keys.engine(job), body, content_type=JSON)",
        (ENGINES,),
    ),
    Mutant(
        "who loses the choice of an engine keeps its own speech",
        "services/synthesizer/speaking.py",
        "            if stands.engine == due.engine:\n",
        "            if stands:\n",
        (ENGINES,),
    ),
    Mutant(
        "a chunk has the rate of its engine, not of its book",
        "services/synthesizer/speaking.py",
        "await self._packed(order, said, stands.rate)",
        "await self._packed(order, said, said.speech.rate)",
        (ENGINES,),
    ),
    Mutant(
        "one segment that an engine refuses passes the book on",
        "services/synthesizer/speaking.py",
        "            if isinstance(error, Unavailable) and",
        "            if",
        (ENGINES,),
    ),
    Mutant(
        "an engine that was chosen gives way to a better one",
        "services/synthesizer/selection.py",
        "        return (speaks, *(name for name in near if name != speaks))\n",
        "        return tuple(near)\n",
        ("tests/unit/test_selection.py", ENGINES),
    ),
    Mutant(
        "a look that fails once passes the book on",
        "services/synthesizer/selection.py",
        " and standing.is_set_up and not standing.is_resting",
        " and standing.away is None",
        ("tests/unit/test_selection.py", ENGINES),
    ),
    Mutant(
        "a store that is away counts as a failure of the engine",
        "services/synthesizer/attempts.py",
        "            except Unread:\n                raise\n",
        "",
        (ENGINES,),
    ),
)

MERGING = (
    Mutant(
        "no second look before the ack: encoder",
        "services/merger/sections.py",
        """over=etag, content_type=JSON)
        return False
""",
        """over=etag, content_type=JSON)
        return True
""",
        (OVERTAKEN,),
    ),
    Mutant(
        "no second look before the ack: binder",
        "services/merger/book.py",
        """            while (digest := await self._due(key.job, plan, built)) is not None:
                built = digest
""",
        "            await self._due(key.job, plan, built)\n",
        (OVERTAKEN,),
    ),
    Mutant(
        "fixed names for encoded files",
        "shared/darkchannel/keys.py",
        """f"{job}/sections/section-{section:04d}-{digest}.{ext}\"""",
        """f"{job}/sections/section-{section:04d}-0.{ext}\"""",
        (OVERTAKEN,),
    ),
    Mutant(
        "completeness by counting events",
        "services/merger/sections.py",
        """        section = plan.section_of(chunk.index)
""",
        """        section = plan.section_of(chunk.index)
        counted = self.__dict__.setdefault("counted", {})
        counted[chunk.job, section.index] = counted.get((chunk.job, section.index), 0) + 1
        if counted[chunk.job, section.index] != section.count:
            return
""",
        (PROTOCOL, RECONCILER),
    ),
    Mutant(
        "completeness by counting chunks instead of exact keys",
        "services/merger/sections.py",
        """        known = self._leading.get((job, section.index)) or 0
        while known < section.count:
            if await self._store.head(keys.JOBS, keys.chunk(job, section.first + known)) is None:
                return False
            known += 1
            self._leading.put((job, section.index), known)
        return True

    async def _pairs(self, job: str, section: Section) -> tuple[Pair, ...] | None:
        chunks = await asyncio.gather(*(self._store.head(keys.JOBS, keys.chunk(job, i)) for i in section.segments))
        segments = await asyncio.gather(*(self._store.head(keys.JOBS, keys.segment(job, i)) for i in section.segments))
        if any(info is None for info in (*chunks, *segments)):
            return None
""",
        """        listed = [info async for info in self._store.list(keys.JOBS, f"{job}/chunks/")]
        return len(listed) >= section.first + section.count

    async def _pairs(self, job: str, section: Section) -> tuple[Pair, ...] | None:
        chunks = await asyncio.gather(*(self._store.head(keys.JOBS, keys.chunk(job, i)) for i in section.segments))
        segments = await asyncio.gather(*(self._store.head(keys.JOBS, keys.segment(job, i)) for i in section.segments))
""",
        (OVERTAKEN,),
    ),
    Mutant(
        "a chunk counts without its record's source",
        "services/merger/sections.py",
        """        if record.source != pair[0]:
            raise Outdated
""",
        "",
        (PROTOCOL,),
    ),
    Mutant(
        "a section record is put over whatever is there",
        "services/merger/sections.py",
        "body, over=etag, content_type=JSON)",
        "body, content_type=JSON)",
        (OVERTAKEN,),
    ),
    Mutant(
        "a faulty chunk reaches the book",
        "services/merger/sections.py",
        "            raise Faulty(index, pair, reason)\n",
        "            pass\n",
        (REJECTIONS,),
    ),
    Mutant(
        "a rejected chunk counts as there: listing",
        "shared/darkchannel/storage/jobs.py",
        "frozenset(i for i, etag in rejected.items() if i in chunks and chunks[i].etag == etag)",
        "frozenset[int]()",
        (REJECTIONS,),
    ),
    Mutant(
        "a faulty chunk is spoken again for ever",
        "services/merger/rejecting.py",
        "            if rejection.of_run >= TAKES:\n",
        "            if rejection.of_run > 1_000:\n",
        (REJECTIONS,),
    ),
    Mutant(
        "a section that was damaged reaches the book",
        "services/merger/book.py",
        "file.key, if_match=file.etag)",
        "file.key)",
        (PROTOCOL, TAMPERING),
    ),
    Mutant(
        "an ask concerns what was written after it, too",
        "services/reconciler/hints.py",
        "(asked is not None and written <= asked)",
        "asked is not None",
        (RECONCILER,),
    ),
    Mutant(
        "a damaged build is published",
        "services/publisher/handler.py",
        "if built is None or built.etag != manifest.etags.get(file, built.etag):",
        "if built is None:",
        (TAMPERING,),
    ),
    Mutant(
        "the segment is read before its chunk",
        "services/synthesizer/handler.py",
        """        there = await self._store.get(keys.JOBS, keys.chunk(job, index), first=wav.HEAD_BYTES)
        segment = await self._store.get(keys.JOBS, keys.segment(job, index), first=MAX_SEGMENT_BYTES + 1)
""",
        """        segment = await self._store.get(keys.JOBS, keys.segment(job, index), first=MAX_SEGMENT_BYTES + 1)
        there = await self._store.get(keys.JOBS, keys.chunk(job, index), first=wav.HEAD_BYTES)
""",
        (OVERTAKEN,),
    ),
    Mutant(
        "a build that is there already is hinted to nobody",
        "services/merger/book.py",
        """            await self._hint("decide", keys.manifest(job, digest))\n""",
        "",
        (OVERTAKEN,),
    ),
)

LEVELS = (
    Mutant(
        "a section is current whatever the level of its book",
        "shared/darkchannel/jobs/chain.py",
        "record is None or record.gain != self.gain or",
        "record is None or",
        (LEVEL,),
    ),
    Mutant(
        "a book of one level is taken for that of another",
        "shared/darkchannel/jobs/records.py",
        "for pairs in sections), *_raised(gain)])",
        "for pairs in sections)])",
        (LEVEL,),
    ),
    Mutant(
        "the level of a book is decided anew",
        "shared/darkchannel/storage/jobs.py",
        "if await self._create(keys.level(job), level):",
        "if await self.store.put(keys.JOBS, keys.level(job), level.model_dump_json().encode()):",
        (LEVEL,),
    ),
    Mutant(
        "a book that was completed is levelled",
        "services/merger/book.py",
        "if runs.completed[1] or chain.gain:",
        "if chain.gain:",
        (LEVEL,),
    ),
    Mutant(
        "a level of nothing is not written down",
        "services/merger/book.py",
        "decided = await self._jobs.save_level(job, Level(gain=lacking))",
        "decided = await self._jobs.save_level(job, Level(gain=lacking)) if lacking else Level(gain=lacking)",
        (LEVEL,),
    ),
    Mutant(
        "who decides a level later has his own in mind",
        "shared/darkchannel/storage/jobs.py",
        "return await self._read(keys.level(job), Level) or level",
        "return level",
        (LEVEL,),
    ),
    Mutant(
        "an encoder reads the gain before the record that it replaces",
        "services/merger/sections.py",
        """        there, etag = await self._jobs.section(job, section.index)
        gain = await self._jobs.gain(job)
""",
        """        gain = await self._jobs.gain(job)
        there, etag = await self._jobs.section(job, section.index)
""",
        (LEVEL,),
    ),
)

PUBLISHING = (
    Mutant(
        "publish before deciding",
        "services/publisher/handler.py",
        "        await self._jobs.decide(key.job, runs.newest, outcome)\n",
        """        name = await self._jobs.output_name(key.job, claim=True)
        done = Runs(runs.opened, {**runs.outcomes, runs.newest: outcome}, runs.closed)
        await self._publish(key.job, done, name or ("", ""))
        await self._jobs.decide(key.job, runs.newest, outcome)
""",
        (PROTOCOL,),
    ),
    Mutant(
        "decide without looking whether the build is still current",
        "services/publisher/handler.py",
        """        if (await self._jobs.chain(key.job)).digest(plan) != key.digest:
            return
""",
        "",
        (OVERTAKEN,),
    ),
    Mutant(
        "an outcome is put over another",
        "shared/darkchannel/storage/ledger.py",
        """        return await self._create(keys.run_event(job, run, "outcome"), outcome)
""",
        """        body = outcome.model_dump_json(exclude_none=True).encode()
        return await self.store.put(keys.JOBS, keys.run_event(job, run, "outcome"), body) is not None
""",
        (PROTOCOL,),
    ),
    Mutant(
        "act serves its own run's build instead of the newest completed",
        "services/publisher/handler.py",
        """            while served != runs:
                served = runs
                await self._publish(key.job, served, name)
                runs = await self._jobs.runs(key.job, fresh=True)
""",
        """            own = Runs(frozenset({key.run}), {key.run: runs.outcomes[key.run]}, runs.closed)
            await self._publish(key.job, own, name)
""",
        (PROTOCOL,),
    ),
    Mutant(
        "act does not look again after it copied",
        "services/publisher/handler.py",
        """            while served != runs:
                served = runs
                await self._publish(key.job, served, name)
                runs = await self._jobs.runs(key.job, fresh=True)
""",
        "            await self._publish(key.job, runs, name)\n",
        (OVERTAKEN,),
    ),
    Mutant(
        "closed before the output is there",
        "services/publisher/handler.py",
        """        name = await self._jobs.output_name(key.job, claim=True)
        if name is None:
            return
""",
        """        await self._jobs.close(key.job, key.run, runs.outcomes[key.run].status)
        name = await self._jobs.output_name(key.job, claim=True)
        if name is None:
            return
""",
        (OVERTAKEN,),
    ),
    Mutant(
        "act does not look for edits that came meanwhile",
        "services/publisher/handler.py",
        "        await self._follow_edits(key.job, runs)\n",
        "",
        (PROTOCOL,),
    ),
    Mutant(
        "an error note stays beside the audiobook",
        "services/publisher/handler.py",
        """            if there:
                await self._store.delete(keys.OUTPUT, key)
            return
""",
        "            return\n",
        (PROTOCOL,),
    ),
    Mutant(
        "two notifiers claim one announcement",
        "services/handoff_notifier/delivering.py",
        "        return await self._store.put(keys.JOBS, key, body, over=over, content_type=JSON)\n",
        "        return await self._store.put(keys.JOBS, key, body, content_type=JSON)\n",
        (DELIVERING, PROTOCOL),
    ),
    Mutant(
        "a notifier sends without looking whether its claim still holds",
        "services/handoff_notifier/delivering.py",
        "            if mine is None or (claim.deadline - self._clock()).total_seconds() <= timeout:\n",
        "            if mine is None:\n",
        (DELIVERING, OVERTAKEN),
    ),
    Mutant(
        "an announcement that was made is made again",
        "services/handoff_notifier/delivering.py",
        "            if found and (found.is_receipt or self._clock() < found.deadline):\n",
        "            if found and self._clock() < found.deadline:\n",
        (DELIVERING, OVERTAKEN),
    ),
    Mutant(
        "an answer that cannot be written down at once is forgotten",
        "services/handoff_notifier/delivering.py",
        "        for pause in islice(self._pauses(), SETTLING):\n",
        "        for pause in islice(self._pauses(), 0):\n",
        (DELIVERING,),
    ),
    Mutant(
        "progress goes backwards",
        "services/handoff_notifier/delivering.py",
        "found.sequence >= sequence or ",
        "found.sequence == sequence or ",
        (DELIVERING,),
    ),
    Mutant(
        "a dead receiver's circuit never opens",
        "shared/darkchannel/runtime/circuit.py",
        "        return not self.is_open or (not self.rests(now) and under_way == 0)\n",
        "        return True\n",
        (DESTINATIONS,),
    ),
    Mutant(
        "what is written of a run as done is written over a redelivery",
        "services/handoff_notifier/announcing.py",
        "            if await self._store.put(keys.JOBS, name, body, over=over, content_type=JSON) is not None:\n",
        "            if await self._store.put(keys.JOBS, name, body, content_type=JSON) is not None:\n",
        (ANNOUNCING,),
    ),
    Mutant(
        "a receiver out of the store's reach cuts the other off",
        "services/handoff_notifier/announcing.py",
        "self._handoff(job, run, outcome), return_exceptions=True\n",
        "self._handoff(job, run, outcome)\n",
        (ANNOUNCING,),
    ),
    Mutant(
        "metadata is put over a newer one",
        "shared/darkchannel/storage/metadata.py",
        "body, over=over, content_type=JSON) is not None:",
        "body, content_type=JSON) is not None:",
        (PROTOCOL,),
    ),
)

ACCEPTING = (
    Mutant(
        "the document leaves the inbox before it is kept",
        "services/splitter/handler.py",
        "            if await self._keep_input(job, event, found):\n",
        """            body = await self._store.get(event.bucket, event.key, version=event.version)
            await self._store.delete(event.bucket, event.key, version=event.version)
            if body:
                await self._store.put(keys.JOBS, keys.source(job, keys.extension(event.key)), body.body)
                break
            if await self._keep_input(job, event, None):
""",
        (PROTOCOL,),
    ),
    Mutant(
        "whatever version is newest leaves the inbox",
        "services/splitter/handler.py",
        """            await self._start(job, runs)
        await self._store.delete(event.bucket, event.key, version=event.version)
""",
        """            await self._start(job, runs)
        await self._store.delete(event.bucket, event.key)
""",
        (PROTOCOL,),
    ),
    Mutant(
        "a document whose run was cancelled stays in the inbox",
        "services/splitter/handler.py",
        """        if runs.is_open:
            await self._start(job, runs)
""",
        """        if not runs.is_open:
            return
        await self._start(job, runs)
""",
        (PROTOCOL,),
    ),
    Mutant(
        "plan parts have fixed names",
        "shared/darkchannel/keys.py",
        """f"{job}/plan/section-{section:04d}-{digest}.json\"""",
        """f"{job}/plan/section-{section:04d}.json\"""",
        (PROTOCOL,),
    ),
    Mutant(
        "plan.json is written before its parts",
        "shared/darkchannel/storage/jobs.py",
        """        for section, part in zip(plan.sections, parts, strict=True):
            await self._create(keys.plan_part(job, section.index, section.digest), part)
        await self._create(keys.plan(job), plan)
""",
        """        await self._create(keys.plan(job), plan)
        for section, part in zip(plan.sections, parts, strict=True):
            await self._create(keys.plan_part(job, section.index, section.digest), part)
""",
        (OVERTAKEN,),
    ),
    Mutant(
        "the segments released are those of one's own plan, not of the stored one",
        "services/splitter/handler.py",
        "        return await self._jobs.plan(job) or plan\n",
        "        return plan\n",
        (OVERTAKEN,),
    ),
    Mutant(
        "a run is opened before its marker",
        "shared/darkchannel/storage/ledger.py",
        """        await self.mark(job, run, opened)
        await self.finish_opening(job, run, await self.marked(job, run) or opened)
""",
        """        await self.finish_opening(job, run, await self.marked(job, run) or opened)
        await self.mark(job, run, opened)
""",
        (PROTOCOL,),
    ),
    Mutant(
        "ended runs are remembered",
        "shared/darkchannel/storage/ledger.py",
        "if remembered and not fresh and remembered[1].is_open and self._clock() - remembered[0] < FRESH:",
        "if remembered and not fresh and self._clock() - remembered[0] < FRESH:",
        (PROTOCOL,),
    ),
)

RECONCILING = (
    Mutant(
        "no reconciler",
        "services/reconciler/handler.py",
        "        await self._windows.new_round()\n",
        "        return\n        await self._windows.new_round()\n",
        (RECONCILER,),
    ),
    Mutant(
        "the reconciler leaves the inbox alone",
        "services/reconciler/handler.py",
        "            if keys.is_document(info.key) and self._hints.is_due(info.modified):\n",
        "            if False:\n",
        (RECONCILER,),
    ),
    Mutant(
        "what an opener left is not finished",
        "services/reconciler/active.py",
        "                await self._jobs.finish_opening(job, run, opened)\n",
        "                pass\n",
        (PROTOCOL,),
    ),
    Mutant(
        "a hint without looking at the queue's depth",
        "services/reconciler/hints.py",
        "        if self._room[queue] <= 0:\n",
        "        if event is None:\n",
        (PROTOCOL,),
    ),
    Mutant(
        "a hint is repeated each round",
        "services/reconciler/hints.py",
        "        self._given.put((stage, event), self._clock())\n",
        "",
        (PROTOCOL,),
    ),
    Mutant(
        "an ask is deleted before the look",
        "services/reconciler/handler.py",
        """            job = keys.parse_ask(key) or ""
""",
        """            job = keys.parse_ask(key) or ""
            await self._store.delete(keys.JOBS, key)
""",
        (RECONCILER,),
    ),
    Mutant(
        "an ask goes though not all could be hinted",
        "services/reconciler/handler.py",
        "            if done:\n",
        "            if done in (True, False):\n",
        (RECONCILER,),
    ),
    Mutant(
        "what a fresh job needs is retired",
        "services/reconciler/retirement.py",
        "        return self._clock() - at >= self._keep\n",
        "        return True\n",
        (RECONCILER,),
    ),
    Mutant(
        "the newest build is retired too",
        "services/reconciler/retirement.py",
        "            if not info.key.startswith(kept):\n",
        "            if info.key:\n",
        (RECONCILER,),
    ),
    Mutant(
        "section files that records name are retired",
        "services/reconciler/retirement.py",
        "            if named is not None and info.key not in named:\n",
        "            if info.key:\n",
        (RECONCILER,),
    ),
    Mutant(
        "a marker goes before its run is announced",
        "services/reconciler/active.py",
        "        if announced.due is None:\n",
        "        if announced:\n",
        (RECONCILER,),
    ),
    Mutant(
        "a run that waited for hours is not told of sooner though somebody asked",
        "services/reconciler/active.py",
        "        self._waiting.forget((job, run))\n",
        "",
        (RECONCILER,),
    ),
    Mutant(
        "recordings that were there before are handed off",
        "services/reconciler/recordings.py",
        "if info.key not in deliveries and since <= info.modified and self._is_lost(info.modified)\n",
        "if info.key not in deliveries and self._is_lost(info.modified)\n",
        (RECORDED,),
    ),
    Mutant(
        "a chunk of another text counts as spoken: reconciler",
        "services/reconciler/active.py",
        "        return await self._jobs.chunk_source(job, index, chunk.etag) == segment.etag\n",
        "        return True\n",
        (RECONCILER,),
    ),
    Mutant(
        "nobody walks through the ended jobs",
        "services/reconciler/handler.py",
        "        await self._ended.page(guard)\n",
        "",
        (RECONCILER,),
    ),
    Mutant(
        "holes in a window are left",
        "services/reconciler/windows.py",
        "            await self._jobs.release(job, plan, index)\n",
        "            pass\n",
        (WINDOW,),
    ),
    Mutant(
        "a window never follows the slots",
        "services/reconciler/windows.py",
        "        if wanted != there:\n",
        "        if wanted < 0:\n",
        (RECONCILER,),
    ),
)

DELIVERING = (
    Mutant(
        "a retry is acked before it is published",
        "shared/darkchannel/messaging/rabbitmq_consumer.py",
        """            case Retry():
                await self._put(message, partial(self._aside.retry, delivery, settlement))
""",
        """            case Retry():
                await message.ack()
                await self._put(message, partial(self._aside.retry, delivery, settlement))
                return
""",
        ("tests/integration/test_rabbitmq.py::test_a_stop_gives_back_what_could_not_be_put_aside",),
        docker=True,
    ),
    Mutant(
        "a dead letter is acked before it is put aside",
        "shared/darkchannel/messaging/rabbitmq_consumer.py",
        """            case DeadLetter(reason):
                await self._put(message, partial(self._aside.bury, delivery, reason))
""",
        """            case DeadLetter(reason):
                await message.ack()
                await self._put(message, partial(self._aside.bury, delivery, reason))
                return
""",
        ("tests/integration/test_putting_aside.py",),
        docker=True,
    ),
    Mutant(
        "what is away burns an attempt",
        "shared/darkchannel/runtime/consumer.py",
        """        except Unavailable:
            raise
        except Crowded as error:
""",
        "        except Crowded as error:\n",
        (CONSUMER,),
    ),
    Mutant(
        "a message that was tried in vain leaves its run open",
        "shared/darkchannel/runtime/consumer.py",
        """        await self._fail(event, job, reason)
        return DeadLetter(reason)
""",
        "        return DeadLetter(reason)\n",
        (CONSUMER,),
    ),
    Mutant(
        "a message that ends every process that takes it is taken for ever",
        "shared/darkchannel/runtime/consumer.py",
        "        if delivery.returns >= POISON:\n",
        "        if delivery.returns < 0:\n",
        (CONSUMER,),
    ),
)

MUTANTS = (*SPEAKING, *CHOOSING, *MERGING, *LEVELS, *PUBLISHING, *ACCEPTING, *RECONCILING, *DELIVERING)
