"""``darkchannel deliveries``: what OmniPlay and webhooks were told, listed, shown and told again."""

from collections.abc import Sequence

from darkchannel.cli import output, tracing
from darkchannel.cli.exits import Code, Failed, Usage, one_line
from darkchannel.cli.progress import counted
from darkchannel.cli.redelivering import PROGRESS, reset_all
from darkchannel.cli.stores import opened
from darkchannel.cli.tracing import Found
from darkchannel.jobs.deliveries import State

LOST = ("failed", "skipped", "refused")
"""What is not tried any more, and did not arrive."""
WHICH = ("job", "run", "recording", "event", "object")
COLUMNS = ("when", "job or recording", "event", "to", "state", "attempts", "status", "next try", "note")


async def listing(*, days: int, wanted: str | None, state: State | None, every: bool, json: bool) -> Code:
    async with opened() as jobs:
        if wanted is not None:
            found = await tracing.of(jobs, wanted)
        else:
            with counted("deliveries read") as tick:
                found = await tracing.recent(jobs, days, tick)
    if state is not None:
        found = [one for one in found if one.state == state]
    elif wanted is None and not every:
        found = [one for one in found if one.state != "delivered"]
    _list(found, json=json, none=_none(wanted or f"the last {days} days", state, every=every or wanted is not None))
    return Code.OK


async def show(wanted: str, event: str | None, *, json: bool) -> Code:
    async with opened() as jobs:
        found = await tracing.of(jobs, wanted, event)
    if json:
        output.json(_as_json(found))
        return Code.OK
    for number, one in enumerate(found):
        if number:
            output.line("")
        output.facts(_facts(one))
    return Code.OK


async def redeliver(wanted: str | None, event: str | None, *, failed: bool, days: int, yes: bool, json: bool) -> Code:
    if failed == (wanted is not None):
        raise Usage("name a job or a recording, or say --failed for all that failed")
    return await _all_failed(days, yes=yes, json=json) if wanted is None else await _one(wanted, event, json=json)


async def _one(wanted: str, event: str | None, *, json: bool) -> Code:
    async with opened() as jobs:
        found = await tracing.of(jobs, wanted, event)
        # Whoever names one means it; a recording has only one.
        meant = found if event or found[0].recording else [one for one in found if _is_lost(one)]
        if not meant:
            events = dict.fromkeys(one.event for one in found if one.event != PROGRESS)
            hint = f"; name the EVENT that is to be sent again, as {', '.join(events)}" if events else ""
            raise Failed(f"nothing of {wanted} was lost{hint}")
        done, failures = await reset_all(jobs, meant)
    return _tell(done, failures, json=json)


async def _all_failed(days: int, *, yes: bool, json: bool) -> Code:
    async with opened() as jobs:
        with counted("deliveries read") as tick:
            recent = await tracing.recent(jobs, days, tick)
        found = [one for one in recent if one.state == "failed" and _is_lost(one)]
        if not yes:
            _list(found, json=json, none=f"nothing failed in the last {days} days")
            if found:
                output.note(f"{_counted(len(found))}: --yes has them tried again now")
            return Code.OK
        with counted("deliveries reset") as tick:
            done, failures = await reset_all(jobs, found, tick)
    return _tell(done, failures, json=json)


def _is_lost(one: Found) -> bool:
    """Of progress only the newest counts, and what is after it was told, or is tried by itself."""
    return one.state in LOST and one.event != PROGRESS


def _list(found: Sequence[Found], *, json: bool, none: str) -> None:
    if json:
        output.json(_as_json(found))
    elif found:
        output.rows(COLUMNS, map(_row, found), whole=("when", "next try"))
    else:
        output.note(none)


def _tell(done: Sequence[Found], failures: Sequence[Failed], *, json: bool) -> Code:
    if json:
        told = [one.as_json() for one in done]
        output.json({"redelivered": [{name: one[name] for name in WHICH if name in one} for one in told]})
    else:
        for one in done:
            output.line(f"tried again now: {one.event} of {one.about}")
    for failure in failures:
        output.note(one_line(str(failure)))
    if not done and not failures and not json:
        output.note("nothing to redeliver")
    return Code.FAILED if failures else Code.OK


def _row(one: Found) -> tuple[str, ...]:
    told = one.delivery
    return (
        output.moment(one.at),
        one.about,
        one.event,
        told.to,
        one.state,
        str(told.attempts),
        "" if told.status is None else str(told.status),
        output.moment(one.next_try) if one.next_try else "",
        one_line(told.note or ""),
    )


def _facts(one: Found) -> dict[str, str | None]:
    told = one.delivery
    return {
        "job": one.job,
        "run": str(one.run) if one.run else None,
        "recording": one.recording,
        "event": one.event,
        "id": told.id,
        "to": told.to,
        "state": one.state,
        "attempts": str(told.attempts),
        "status": None if told.status is None else str(told.status or "no answer"),
        "ticket": told.ticket_id,
        "ended" if told.ended else "written": output.moment(one.at),
        "next try": output.moment(one.next_try) if one.next_try else None,
        "note": one_line(told.note or ""),
        "object": one.place,
    }


def _as_json(found: Sequence[Found]) -> dict[str, object]:
    return {"deliveries": [one.as_json() for one in found]}


def _none(of: str, state: State | None, *, every: bool) -> str:
    if state is not None:
        return f"no delivery of {of} is {state}"
    return f"there is no delivery of {of}" if every else f"no delivery of {of} is pending or was lost"


def _counted(number: int) -> str:
    return "1 delivery" if number == 1 else f"{number} deliveries"
