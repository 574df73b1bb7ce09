"""Tells OmniPlay and a job's webhook what becomes of it: once each event, and of progress only the newest."""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import timedelta

from darkchannel import keys
from darkchannel.errors import Permanent
from darkchannel.events import ObjectCreated
from darkchannel.jobs import options
from darkchannel.jobs.deliveries import Announced, Delivery
from darkchannel.jobs.metadata import Metadata
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Plan
from darkchannel.jobs.runs import Outcome, State
from darkchannel.runtime.service import Context
from darkchannel.storage.ledger import JSON
from darkchannel.storage.port import NEW
from darkchannel.storage.recordings import LINK_SECONDS
from services.handoff_notifier import omniplay, tasks
from services.handoff_notifier.delivering import Deliverer
from services.handoff_notifier.messages import Message, Nothing
from services.handoff_notifier.settings import DEFAULT, NotifierSettings
from services.handoff_notifier.tasks import Link, Task


@dataclass(frozen=True, slots=True)
class _Job:
    """A job, and who is to hear of it."""

    id: str
    plan: Plan | None
    options: Options


class Announcer:
    def __init__(self, context: Context, deliverer: Deliverer, settings: NotifierSettings) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._clock = context.clock
        self._deliverer = deliverer
        self._settings = settings

    async def progress(self, event: ObjectCreated) -> None:
        """Tell the webhook how far an open run is: that it began, if that was not told, then the newest progress."""
        name = event.key.partition("/")[0]
        if event.key != keys.metadata(name):
            return
        job = await self._job(name)
        metadata = await self._metadata(name) if job.options.webhook_url else None
        if metadata is None:
            return
        for told in tasks.due(metadata):
            if told == "task.progress":
                await self._newest(job, metadata)
            else:
                await self._webhook(job, metadata.run, told)

    async def announce(self, event: ObjectCreated) -> None:
        """Tell everyone what became of a closed run, and write down when there is next something to do about it."""
        key = keys.parse_run(event.key)
        if key is None or key.event != "closed":
            return
        name = keys.announced(key.job, key.run)
        while True:
            found = await self._store.get(keys.JOBS, name)
            runs = await self._jobs.runs(key.job, fresh=True)
            outcome = runs.outcomes.get(key.run)
            if key.run not in runs.closed or outcome is None:
                return
            deliveries = await self._tell(await self._job(key.job), key.run, outcome)
            due = min((it.deadline for it in deliveries if not it.is_receipt), default=None)
            announced = Announced(due=due)
            if found and Announced.read(found.body) == announced:
                return
            body = announced.model_dump_json().encode()
            over = found.info.etag if found else NEW
            if await self._store.put(keys.JOBS, name, body, over=over, content_type=JSON) is not None:
                return

    async def _tell(self, job: _Job, run: int, outcome: Outcome) -> list[Delivery]:
        """Neither of the two waits for the other, and where one fails the other is still brought to its end."""
        told = await asyncio.gather(
            self._webhooks(job, run, outcome), self._handoff(job, run, outcome), return_exceptions=True
        )
        deliveries: list[Delivery] = []
        for it in told:
            if isinstance(it, BaseException):
                raise it
            deliveries += it
        return deliveries

    # -- the webhook -------------------------------------------------------------------------------------------

    async def _webhooks(self, job: _Job, run: int, outcome: Outcome) -> list[Delivery]:
        if job.options.webhook_url is None:
            return []
        events = (*(("task.created",) if run == 1 else ()), "task.started", tasks.ENDS[outcome.status])
        return [await self._webhook(job, run, event, outcome) for event in events]

    async def _webhook(self, job: _Job, run: int, event: tasks.Event, outcome: Outcome | None = None) -> Delivery:
        async def build() -> Message | Nothing:
            task = await self._task(job, run)
            return self._event(job, event, await self._ended(job, task, outcome) if outcome else task)

        return await self._deliverer.deliver(keys.delivery(job.id, run, event), build)

    async def _newest(self, job: _Job, metadata: Metadata) -> None:
        run, spoken = metadata.run, metadata.chunks.completed
        number = tasks.sequence(run, "task.progress", spoken)

        async def build() -> Message | Nothing:
            runs = await self._jobs.runs(job.id, fresh=True)
            if not runs.is_open or runs.newest != run:
                return Nothing("the run has ended")
            task = replace(await self._task(job, run), spoken=spoken, counted=metadata.updated_at)
            return self._event(job, "task.progress", task, f".{number}")

        await self._deliverer.deliver_newest(keys.progress(job.id), number, build)

    def _event(self, job: _Job, event: tasks.Event, task: Task, suffix: str = "") -> Message | Nothing:
        name = job.options.webhook_secret
        secrets = self._settings.webhook_secrets.get(name or DEFAULT, ())
        if name and not secrets:
            # Without its name: somebody may have written the secret itself there.
            return Nothing("the job's webhook-secret names none of WEBHOOK_SECRETS: add it there and redeliver")
        return Message(
            id=f"{job.id}.{task.run:04d}.{event}{suffix}",
            url=job.options.webhook_url or "",
            body=json.dumps(tasks.payload(event, task), ensure_ascii=False).encode(),
            secrets=tuple(secret.get_secret_value() for secret in secrets),
        )

    async def _task(self, job: _Job, run: int) -> Task:
        accepted = await self._jobs.opened(job.id, 1)
        opened = accepted if run == 1 else await self._jobs.opened(job.id, run)
        return Task(
            job=job.id,
            run=run,
            opened=opened.at if opened else self._clock(),
            source=accepted.source if accepted else None,
            plan=job.plan,
        )

    async def _ended(self, job: _Job, task: Task, outcome: Outcome) -> Task:
        if outcome.status is not State.COMPLETED:
            metadata = await self._metadata(job.id)
            spoken = metadata.chunks.completed if metadata else 0
            return replace(task, outcome=outcome, spoken=spoken)
        manifest = await self._jobs.manifest(job.id, outcome.build or "")
        return replace(
            task,
            outcome=outcome,
            spoken=job.plan.segments if job.plan else 0,
            manifest=manifest,
            name=await self._jobs.output_name(job.id),
            link=await self._link(job.id, manifest.audiobook) if manifest else None,
        )

    # -- OmniPlay ----------------------------------------------------------------------------------------------

    async def _handoff(self, job: _Job, run: int, outcome: Outcome) -> list[Delivery]:
        """Of a job that belongs to a company."""
        company = job.options.company_id
        if company is None:
            return []

        async def build() -> Message | Nothing:
            if not self._settings.omniplay_api_url:
                return Nothing("OMNIPLAY_API_URL is not set")
            manifest = await self._jobs.manifest(job.id, outcome.build) if outcome.build else None
            link = await self._link(job.id, manifest.audiobook) if manifest else None
            handoff = omniplay.Handoff(
                job=job.id,
                run=run,
                event=outcome.status,
                company_id=company,
                title=job.plan.title if job.plan else await self._document(job.id),
                language=job.options.language,
                provider=job.options.engine,
                seconds=manifest.seconds if manifest else 0.0,
                url=link.url if link else None,
                reason=outcome.reason,
            )
            return omniplay.job_message(self._settings, handoff)

        return [await self._deliverer.deliver(keys.delivery(job.id, run, "handoff"), build)]

    async def _document(self, job: str) -> str:
        accepted = await self._jobs.opened(job, 1)
        return accepted.source.key if accepted and accepted.source else job

    # -- what both are told from -------------------------------------------------------------------------------

    async def _job(self, job: str) -> _Job:
        """A refused document has no plan: then only what lay beside it says who is to hear."""
        try:
            plan = await self._jobs.plan(job)
        except Permanent:  # a person's hand: the run failed of it, and that is told
            plan = None
        if plan:
            return _Job(job, plan, plan.options)
        accepted = await self._jobs.opened(job, 1)
        return _Job(job, None, options.hearers(*(accepted.layers if accepted else ())))

    async def _metadata(self, job: str) -> Metadata | None:
        try:
            return await self._jobs.metadata(job)
        except Permanent:  # a person's hand: it is about to be written anew
            return None

    async def _link(self, job: str, file: str) -> Link | None:
        name = await self._jobs.output_name(job)
        if name is None:
            return None
        until = self._clock() + timedelta(seconds=LINK_SECONDS)
        return Link(await self._store.link(keys.OUTPUT, keys.published(*name, file, file), seconds=LINK_SECONDS), until)
