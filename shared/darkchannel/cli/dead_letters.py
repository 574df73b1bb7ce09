"""``darkchannel dead-letters``: what the services gave up on, listed, shown and put back to work."""

import json as jsonlib
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from darkchannel.cli import output
from darkchannel.cli.exits import Code, Failed, NotFound, Usage
from darkchannel.cli.letter import Letter
from darkchannel.cli.local import quieten
from darkchannel.cli.progress import counted
from darkchannel.cli.replaying import Choice, Found, Replay, look
from darkchannel.cli.stores import opened
from darkchannel.messaging.port import Bus, Dead
from darkchannel.messaging.rabbitmq import RabbitBus
from darkchannel.runtime import settings

NO_BROKER = (
    "RABBITMQ_URL is not set: in a compose stack run `docker compose exec reconciler darkchannel dead-letters list`; "
    "the embedded program keeps no dead letters, there `darkchannel retry JOB` goes on with what failed"
)
NO_STORE = "MINIO_ENDPOINT is not set: a replay looks at the runs of jobs, which lie in MinIO"


async def listing(*, service: str | None, reason: str, limit: int, json: bool) -> Code:
    choice = Choice(service=service, reason=reason)
    async with _broker() as bus:
        found = await look(bus, choice, limit)
    _list(found, json=json)
    if found.total > limit:
        output.note(f"{limit} of {found.total}; --limit says how many are shown")
    return Code.OK


async def show(wanted: str, *, json: bool) -> Code:
    async with _broker() as bus:
        found = await look(bus, Choice(ids=(wanted,)), 1)
    if not found.letters:
        raise NotFound(_unknown([wanted]))
    letter, dead = found.letters[0]
    if json:
        output.json(_as_json(letter) | {"body": _body(dead)})
    else:
        output.letter(letter)
        for line in jsonlib.dumps(_body(dead), ensure_ascii=False, indent=2).splitlines():
            output.line(line)
    return Code.OK


async def replay(
    ids: Sequence[str], *, service: str | None, reason: str, limit: int | None, dry_run: bool, json: bool
) -> Code:
    choice = Choice(ids=ids, service=service, reason=reason)
    if dry_run:
        async with _broker() as bus:
            found = await look(bus, choice, limit)
        _list(found, json=json)
        _check(ids, [letter for letter, _ in found.letters], limit)
        return Code.OK
    async with _broker(store=True) as bus, opened() as jobs:
        with counted("replayed") as tick:
            work = Replay(bus, jobs, tick=tick)
            await work.run(choice, limit)
    _tell(work, json=json)
    if work.refused:
        raise Failed("; ".join(f"{letter} stays: {why}" for letter, why in work.refused.items()))
    _check(ids, [*work.done, *work.again], limit)
    return Code.OK


@asynccontextmanager
async def _broker(*, store: bool = False) -> AsyncIterator[Bus]:
    """The broker that the settings name. Raises Usage where they name none, or no ``store`` where one is needed."""
    chosen = settings.load()
    url = chosen.rabbitmq_url.get_secret_value()
    if not url:
        raise Usage(NO_BROKER)
    if store and not (chosen.minio_endpoint or chosen.minio_public_url):
        raise Usage(NO_STORE)
    quieten(chosen)
    delays = chosen.darkchannel_retry_delays
    bus = await RabbitBus.connect(url, name="darkchannel dead-letters", retry_delays=delays)
    try:
        yield bus
    finally:
        await bus.close()


def _list(found: Found, *, json: bool) -> None:
    letters = [letter for letter, _ in found.letters]
    if json:
        output.json({"dead_letters": [_as_json(letter) for letter in letters], "total": found.total})
    elif letters:
        output.letters(letters)
    else:
        output.note("no dead letters")


def _tell(work: Replay, *, json: bool) -> None:
    runs = [{"job": job, "run": run} for job, run in work.opened.items()]
    if json:
        replayed, again = ([_as_json(letter) for letter in letters] for letters in (work.done, work.again))
        output.json({"replayed": replayed, "opened": runs, "stayed": again})
        return
    output.line(f"replayed {_counted(len(work.done))}" if work.done else "no dead letters to replay")
    for job, run in work.opened.items():
        output.line(f"opened run {run} of job {job}")
    if work.again:
        output.note(
            f"{_counted(len(work.again))} of the same messages stay: repeat the command where their cause is mended"
        )


def _check(ids: Collection[str], found: Collection[Letter], limit: int | None) -> None:
    """Raises NotFound for an id that no letter has."""
    if limit is not None and len(found) >= limit:
        return  # it may be one that the limit left out
    if missing := sorted(set(ids) - {letter.id for letter in found}):
        raise NotFound(_unknown(missing))


def _unknown(ids: Sequence[str]) -> str:
    return f"there is no dead letter {', '.join(ids)}; `darkchannel dead-letters list` shows them"


def _counted(number: int) -> str:
    return "1 dead letter" if number == 1 else f"{number} dead letters"


def _as_json(letter: Letter) -> dict[str, object]:
    return letter.model_dump(mode="json", exclude_none=True)


def _body(dead: Dead) -> object:
    """A message's body as JSON, or as text where it is none."""
    text = dead.delivery.body.decode(errors="replace")
    try:
        return jsonlib.loads(text)
    except ValueError:
        return text
