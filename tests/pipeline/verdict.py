"""Everything that must hold once nothing moves any more."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.jobs.choice import Choice
from darkchannel.jobs.plan import Plan
from darkchannel.jobs.records import BUILD
from darkchannel.jobs.runs import Runs, State
from darkchannel.jobs.window import Window
from tests.pipeline.engine import spoken
from tests.pipeline.world import Document, World

AUDIOBOOK = "audiobook.mp3"
FILES = (AUDIOBOOK, "audiobook.vtt")
"""Of a simulated build, each made of its texts."""


async def verdict(world: World) -> list[str]:
    """What does not hold."""
    wrong = [f"still running: {runner.label}" for runner in world.scheduler.runners]
    wrong += [f"{label} raised {error!r}" for label, error in world.scheduler.errors]
    wrong += world.unforeseen
    wrong += [f"{text!r} was asked for twice at once by one process" for text in world.crowded]
    wrong += [f"{n} messages left in the broker" for n in [len(world.broker.waiting + world.broker.delayed)] if n]
    for prefix in (keys.ACTIVE_PREFIX, keys.ASKED_PREFIX):
        wrong += [f"left behind: {key}" for key in await _keys(world, keys.JOBS, prefix)]
    wrong += [f"document left in the inbox: {v.key}" async for v in world.raw.versions(keys.INBOX)]
    wrong += await _outputs(world)
    for document in _dropped(world):
        wrong += [f"document {document.number}: {it}" for it in await _job(world, document)]
    return wrong


def findings(logs: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is only logged, so that the others go on, and never happens to jobs as people leave them."""
    told = ("cannot reconcile a job", "a round failed")
    return [f"{line['event']}: {line.get('reason')}" for line in logs if line["event"] in told]


def _dropped(world: World) -> list[Document]:
    return [document for document in world.documents if document.job]


async def _keys(world: World, bucket: str, prefix: str = "") -> list[str]:
    return [info.key async for info in world.raw.list(bucket, prefix)]


async def _outputs(world: World) -> list[str]:
    """Each name belongs to one job, and nothing lies in the output bucket that belongs to none."""
    names = [name for d in _dropped(world) if (name := await world.truth.output_name(d.job))]
    wrong = [f"two jobs are published as {name}" for name, jobs in Counter(names).items() if jobs > 1]
    owned = {
        key
        for name in names
        for key in (*(keys.published(*name, file, AUDIOBOOK) for file in FILES), keys.output_error(*name))
    }
    return wrong + [f"nobody's output: {key}" for key in await _keys(world, keys.OUTPUT) if key not in owned]


async def _job(world: World, document: Document) -> list[str]:
    job = document.job
    runs = await world.truth.runs(job, fresh=True)
    if not runs.newest:
        return [] if document.key in world.people.withdrawn else ["no run was ever opened"]
    wrong = _runs(world, job, runs) + _announcements(world, job, runs)
    wrong += await _small_things(world, job, runs)
    plan = await world.truth.plan(job)
    wrong += await _texts(world, job, plan) if plan else []
    wrong += await _levels(world, job, runs)
    wrong += await _voices(world, job)
    wrong += await _published(world, job, runs)
    wrong += await _ever_published(world, job, runs, plan)
    return wrong


def _runs(world: World, job: str, runs: Runs) -> list[str]:
    wrong = [f"run {n} has no outcome" for n in runs.opened if n not in runs.outcomes]
    wrong += [f"run {n} never closed" for n in runs.opened if n in runs.outcomes and n not in runs.closed]
    wrong += [f"outcome of run {n}, which was never opened" for n in runs.outcomes if n not in runs.opened]
    for n in runs.opened:
        for event in ("opened", "outcome", "closed"):
            if world.writes[keys.run_event(job, n, event)] > 1:
                wrong.append(f"{event} of run {n} was written twice")
    if runs.state is not State.COMPLETED and not world.mix.may_fail:
        last = runs.last_outcome
        wrong.append(f"{runs.state}, though nothing stood against it: {last and last.reason}")
    return wrong


def _announcements(world: World, job: str, runs: Runs) -> list[str]:
    wrong: list[str] = []
    for n in runs.closed:
        for event in _events(world, n, runs.outcomes[n].status):
            calls = [call for told, call in world.receivers.heard if told == f"{job}.{n:04d}.{event}"]
            if not calls:
                wrong.append(f"{event} of run {n} was never told")
            for (at, runner), (again, _) in pairwise(calls):
                overtaken = (again - at).total_seconds() >= world.receivers.seconds
                if runner not in world.killed and not overtaken:
                    wrong.append(f"{event} of run {n} was told twice without cause")
    return wrong + _progress(world, job)


def _events(world: World, run: int, status: State) -> list[str]:
    """What is told of a closed run."""
    created = ["task.created"] if run == 1 else []
    return ["handoff", *([*created, "task.started", f"task.{status}"] if world.webhook else [])]


def _progress(world: World, job: str) -> list[str]:
    """Each state once, but for senders that were killed, and none after a newer one."""
    told = [(told, runner) for told, (_, runner) in world.receivers.heard if f"{job}." in told and ".progress." in told]
    numbers = [(int(it.rpartition(".")[2]), runner) for it, runner in told]
    return [
        f"progress {number} was told after {before}"
        for (before, runner), (number, _) in pairwise(numbers)
        if number < before or (number == before and runner not in world.killed)
    ]


async def _small_things(world: World, job: str, runs: Runs) -> list[str]:
    wrong: list[str] = []
    name = await world.truth.output_name(job)
    note = name and await world.raw.get(keys.OUTPUT, keys.output_error(*name))
    if runs.state is State.FAILED and not note:
        wrong.append("failed without a note")
    if runs.state is not State.FAILED and note:
        wrong.append("an error note beside a run that did not fail")
    metadata = await world.truth.metadata(job)
    if metadata is None or metadata.status != runs.state or metadata.run != runs.newest:
        wrong.append(f"metadata says {metadata and (metadata.status, metadata.run)}, runs {runs.state} {runs.newest}")
    window = await world.raw.get(keys.JOBS, keys.window(job))
    if window and Window.model_validate_json(window.body).width < 1:
        wrong.append("a window that nothing fits through")
    return wrong


async def _texts(world: World, job: str, plan: Plan) -> list[str]:
    """A plan is of one splitting, and no machine writes over what a person wrote."""
    wrong: list[str] = []
    if len({(await world.people.planned(job, plan, index))[-2:] for index in range(plan.segments)}) > 1:
        wrong.append("plan mixed from two splittings")
    for index in range(plan.segments):
        edits = world.people.written[job, index]
        if edits and await _text(world, job, index) != edits[-1]:
            wrong.append(f"the edit of segment {index} was written over")
    return wrong


async def _levels(world: World, job: str, runs: Runs) -> list[str]:
    """A section of another level than its book's would be made again at the next edit, from speech that may be gone."""
    if runs.state is not State.COMPLETED:
        return []
    chain = await world.truth.chain(job)
    return [
        f"section {index} has a gain of {record.gain} dB, its book {chain.gain} dB"
        for index, record in chain.sections.items()
        if record.gain != chain.gain
    ]


async def _voices(world: World, job: str) -> list[str]:
    """A book is of one rate, and keeps its engine but for passings-on that are named; one segment may be another's."""
    found = [await world.raw.get(keys.JOBS, key) for key in await _keys(world, keys.JOBS, f"{job}/chunks/")]
    records = [record for chunk in found if chunk and (record := wav.read_record(chunk.body))]
    kept = await world.raw.get(keys.JOBS, keys.engine(job))
    mix = world.mix
    if mix.engines == "ada":
        return [f"the only engine was chosen: {kept.body!r}"] if kept else []
    if kept is None:
        return ["no engine was ever chosen"] if records else []
    choice = Choice.model_validate_json(kept.body)
    spoke = [*(left.engine for left in choice.before), choice.engine]
    wrong = [
        f"chunks of {record.rate} Hz in a book of {choice.rate}" for record in records if record.rate != choice.rate
    ]
    wrong += [f"{one} took over from itself" for one, other in pairwise(spoke) if one == other]
    if not mix.outages and spoke != ["ada"]:
        wrong.append(f"the book was passed on without cause: {spoke}")
    if not mix.fails + mix.hiccups + mix.mumbles:
        wrong += [f"{record.engine} spoke, not {spoke}" for record in records if record.engine not in spoke]
    if world.writes[keys.engine(job)] > len(spoke):
        wrong.append(f"the choice was written {world.writes[keys.engine(job)]} times for {spoke}")
    return wrong


async def _text(world: World, job: str, index: int) -> str:
    found = await world.raw.get(keys.JOBS, keys.segment(job, index))
    return found.body.decode() if found else ""


async def _published(world: World, job: str, runs: Runs) -> list[str]:
    """The output and its copy are of the newest completed build, which is made of the final texts."""
    name = await world.truth.output_name(job)
    wrong: list[str] = []
    for file in FILES:
        copies = [(keys.OUTPUT, keys.published(*name, file, AUDIOBOOK))] if name else []
        wrong += await _copies(world, job, runs, file, [*copies, (keys.JOBS, keys.final(job, file))])
    return wrong


async def _copies(world: World, job: str, runs: Runs, file: str, copies: Sequence[tuple[str, str]]) -> list[str]:
    run, build = runs.completed
    if build is None:
        return [f"nothing was completed, yet there is {key}" for at, key in copies if await world.raw.head(at, key)]
    wrong: list[str] = []
    made = await world.raw.get(keys.JOBS, keys.build_file(job, build, file))
    texts = [await _text(world, job, i) for i in sorted(await world.truth.segments(job))]
    if made is None and job not in world.people.removed:
        wrong.append("the completed build is gone")
    elif made and runs.state is State.COMPLETED and spoken(made.body) != texts:
        wrong.append(f"the completed build is {spoken(made.body)}, the texts are {texts}")
    for bucket, key in copies:
        copy = await world.raw.get(bucket, key)
        if copy is None:
            unmade = job in world.people.removed and runs.state is not State.COMPLETED
            taken = bucket == keys.OUTPUT and file == AUDIOBOOK and world.people.taken.get(job) == run
            if not unmade and not taken:
                wrong.append(f"completed, yet nothing at {key}")
        elif copy.info.metadata.get(BUILD) != build:
            wrong.append(f"{key} is not of the newest completed build")
        elif made and copy.body != made.body:
            wrong.append(f"{key} is not what was built")
    return wrong


async def _ever_published(world: World, job: str, runs: Runs, plan: Plan | None) -> list[str]:
    """Whatever listeners could ever hear was decided first, and whole."""
    wrong: list[str] = []
    decided = {outcome.build for outcome in runs.outcomes.values()}
    for build, book in {(build, book) for of, build, book in world.store.copied if of == job}:
        if build not in decided:
            wrong.append("published without a completed outcome")
        texts = spoken(book)
        if plan is None or len(texts) != plan.segments:
            wrong.append(f"a published book was not whole: {texts}")
            continue
        for index, text in enumerate(texts):
            if text not in (await world.people.planned(job, plan, index), *world.people.written[job, index]):
                wrong.append(f"a published book said {text!r} in segment {index}")
    return wrong
