"""Announce: claim with a nonce and a deadline, send while the claim holds, turn the claim into a receipt."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from darkchannel import keys
from darkchannel.events import ObjectCreated
from darkchannel.jobs import options
from darkchannel.jobs.deliveries import Delivery, wait_after
from darkchannel.jobs.runs import Outcome
from darkchannel.runtime.service import Context
from darkchannel.storage.ledger import JSON
from darkchannel.storage.port import NEW
from services.handoff_notifier.omniplay import Answer, Handoff

MARGIN = 5.0
"""Seconds by which a claim outlives the try it covers."""


class Receiver(Protocol):
    """Who hears of it; never raises for a receiver that is away."""

    @property
    def timeout(self) -> float:
        """Seconds one try may take."""
        ...

    async def send(self, handoff: Handoff, at: datetime) -> Answer: ...


class Notifier:
    def __init__(
        self,
        context: Context,
        receiver: Receiver | None,
        nonce: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._store = context.store
        self._jobs = context.jobs
        self._clock = context.clock
        self._receiver = receiver
        self._nonce = nonce

    async def announce(self, event: ObjectCreated) -> None:
        """Tell OmniPlay of a closed run, once; a run nobody is to hear of gets a receipt that says so."""
        key = keys.parse_run(event.key)
        if key is None or key.event != "closed":
            return
        runs = await self._jobs.runs(key.job, fresh=True)
        outcome = runs.outcomes.get(key.run)
        if key.run not in runs.closed or outcome is None:
            return
        name = keys.delivery(key.job, key.run, outcome.status)
        while True:
            found = await self._store.get(keys.JOBS, name)
            before = Delivery.read(found.body) if found else None
            now = self._clock()
            if before and (before.is_receipt or now < before.deadline):
                return
            handoff = await self._handoff(key.job, key.run, outcome)
            if handoff is None or self._receiver is None:
                note = "no company id" if handoff is None else "OMNIPLAY_API_URL is not set"
                receipt = Delivery(attempts=0, deadline=now, nonce=self._nonce(), ended=now, note=note)
                await self._write(name, receipt, found.info.etag if found else NEW)
                return
            claim = Delivery(
                attempts=before.attempts + 1 if before else 1,
                deadline=now + timedelta(seconds=self._receiver.timeout + MARGIN),
                nonce=self._nonce(),
            )
            mine = await self._write(name, claim, found.info.etag if found else NEW)
            if mine is None or not self._has_time(claim):
                continue
            answer = await self._receiver.send(handoff, self._clock())
            await self._write(name, self._settled(claim, answer), mine)
            return

    def _has_time(self, claim: Delivery) -> bool:
        """A sender that slept must not send into somebody else's claim."""
        left = (claim.deadline - self._clock()).total_seconds()
        return self._receiver is not None and left > self._receiver.timeout

    def _settled(self, claim: Delivery, answer: Answer) -> Delivery:
        now = self._clock()
        told = {"status": answer.status, "ticket_id": answer.ticket_id, "note": answer.note}
        wait = wait_after(claim.attempts)
        if answer.accepted or not answer.again or wait is None:
            return claim.model_copy(update={**told, "ended": now})
        return claim.model_copy(update={**told, "deadline": now + wait})

    async def _write(self, name: str, delivery: Delivery, over: str) -> str | None:
        body = delivery.model_dump_json(exclude_none=True).encode()
        return await self._store.put(keys.JOBS, name, body, over=over, content_type=JSON)

    async def _handoff(self, job: str, run: int, outcome: Outcome) -> Handoff | None:
        """What there is to tell; None where the job belongs to no company."""
        accepted = await self._jobs.opened(job, 1)
        plan = await self._jobs.plan(job)
        layers = accepted.layers if accepted else ()
        company = plan.options.company_id if plan else options.company_of(*layers)
        if company is None:
            return None
        manifest = await self._jobs.manifest(job, outcome.build) if outcome.build else None
        return Handoff(
            job=job,
            run=run,
            event=outcome.status,
            company_id=company,
            title=plan.title if plan else (accepted.source.key if accepted and accepted.source else job),
            language=plan.options.language if plan else "pt-BR",
            provider=plan.options.engine if plan else "auto",
            seconds=manifest.seconds if manifest else 0.0,
            url=await self._link(job, manifest.audiobook) if manifest else None,
            reason=outcome.reason,
        )

    async def _link(self, job: str, file: str) -> str | None:
        name = await self._jobs.output_name(job)
        return await self._store.link(keys.OUTPUT, keys.published(*name, file, file)) if name else None
