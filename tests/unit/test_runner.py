"""Services at work on an in-process bus: started, waited for, repeated, drained."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from darkchannel import keys, pipeline
from darkchannel.errors import Permanent, Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.messaging.memory import MemoryBus
from darkchannel.runtime.compute import ProcessCompute
from darkchannel.runtime.embedded import route
from darkchannel.runtime.registry import load
from darkchannel.runtime.runner import Runner
from darkchannel.runtime.service import Context, Handler, Parts, Round, Service, utc_now
from darkchannel.runtime.waiting import Process, Stopped
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore

JOB = "0b6c6b2e-6a1c-5b0e-9a7e-3d1f6f0c2a11"
BOUND = 10


def runner_of(*services: Service, process: Process, on_failure: Callable[[], object] = lambda: None) -> Runner:
    bus = MemoryBus()
    store = MemoryStore(on_created=route(bus))
    context = Context(
        store=store, jobs=Jobs(store, utc_now), bus=bus, clock=utc_now, compute=ProcessCompute(1), stop=process.stop
    )
    return Runner(
        context=context,
        services=services,
        process=process,
        retry_delays=(30.0,),
        on_failure=on_failure,
    )


def service(name: str, parts: Parts) -> Service:
    async def build(_: Context) -> Parts:
        return parts

    return Service(name=name, build=build)


def speaking(handler: Handler, **parts: object) -> Service:
    return service("synthesizer", Parts(handlers={"speak": handler}, **parts))  # type: ignore[arg-type]


def rounds(**looks: Callable[[], Awaitable[None]]) -> Service:
    return service("reconciler", Parts(rounds={name: Round(look, pause=0) for name, look in looks.items()}))


async def test_a_created_object_calls_its_stage() -> None:
    process, heard = Process(), asyncio.Queue[ObjectCreated]()

    async def speak(event: ObjectCreated) -> None:
        heard.put_nowait(event)

    runner = runner_of(speaking(speak), process=process)
    await runner.start()
    await runner._context.store.put(keys.JOBS, keys.segment(JOB, 1), b"<speak/>")
    async with asyncio.timeout(BOUND):
        assert (await heard.get()).key == keys.segment(JOB, 1)
    await runner.drain(1)


async def test_draining_lets_work_end_turns_readiness_off_and_closes_services() -> None:
    process, began, let_go = Process(), asyncio.Event(), asyncio.Event()
    told: list[str] = []

    async def speak(_: ObjectCreated) -> None:
        began.set()
        await let_go.wait()
        told.append("spoken")

    async def close() -> None:
        told.append("closed")

    runner = runner_of(speaking(speak, close=close), process=process)
    await runner.start()
    await runner._context.store.put(keys.JOBS, keys.segment(JOB, 1), b"<speak/>")
    async with asyncio.timeout(BOUND):
        await began.wait()
        draining = asyncio.create_task(runner.drain(BOUND))
        await process.stop.event.wait()
        assert process.health.reasons == {"stopping": "the process is stopping"}
        let_go.set()
        await draining
    assert told == ["spoken", "closed"]


async def test_what_does_not_end_in_time_is_given_back() -> None:
    process, began = Process(), asyncio.Event()

    async def speak(_: ObjectCreated) -> None:
        began.set()
        await asyncio.Event().wait()

    runner = runner_of(speaking(speak), process=process)
    await runner.start()
    await runner._context.store.put(keys.JOBS, keys.segment(JOB, 1), b"<speak/>")
    async with asyncio.timeout(BOUND):
        await began.wait()
        await runner.drain(0)
    assert await runner._context.bus.depth(pipeline.BY_NAME["speak"].queue) == 1


async def test_rounds_are_repeated_and_a_failed_one_is_told_until_it_works() -> None:
    process, done = Process(), asyncio.Event()
    script: list[Exception | None] = [Unavailable("MinIO is away"), ValueError("odd"), None, None]
    reasons: list[list[str]] = []

    async def one_round() -> None:
        reasons.append(list(process.health.reasons.values()))
        step = script.pop(0) if script else None
        if not script:
            done.set()
        if step:
            raise step

    runner = runner_of(rounds(reconciler=one_round), process=process)
    await runner.start()
    async with asyncio.timeout(BOUND):
        await done.wait()
        await runner.drain(1)
    assert reasons[:4] == [[], ["MinIO is away"], ["odd"], []]
    assert runner.failure is None


async def test_a_round_that_hangs_or_fails_holds_up_no_other() -> None:
    process, hanging, done = Process(), asyncio.Event(), asyncio.Event()
    looks = 0

    async def hangs() -> None:
        hanging.set()
        await asyncio.Event().wait()

    async def fails() -> None:
        raise Unavailable("the store of recordings is away")

    async def works() -> None:
        nonlocal looks
        looks += 1
        if looks > 3 and hanging.is_set() and process.health.reasons:
            done.set()

    runner = runner_of(rounds(hanging=hangs, recordings=fails, jobs=works), process=process)
    await runner.start()
    async with asyncio.timeout(BOUND):
        await done.wait()
        assert process.health.reasons == {"round of recordings": "the store of recordings is away"}
        await runner.drain(0)


async def test_a_dead_side_task_stops_the_process() -> None:
    process, failed = Process(), asyncio.Event()

    async def dies() -> None:
        raise RuntimeError("the watch of the folder died")

    runner = runner_of(process=process, on_failure=failed.set)
    await runner.start()
    runner.side_task(dies())
    async with asyncio.timeout(BOUND):
        await process.stop.event.wait()
        await failed.wait()
        await runner.drain(1)
    assert str(runner.failure) == "the watch of the folder died"


async def test_stopping_ends_a_start_that_waits() -> None:
    process, tried = Process(), asyncio.Event()

    async def build(_: Context) -> Parts:
        tried.set()
        raise Unavailable("the voice is away")

    runner = runner_of(Service(name="synthesizer", build=build), process=process)
    starting = asyncio.create_task(runner.start())
    async with asyncio.timeout(BOUND):
        await tried.wait()
        assert process.health.reasons == {"synthesizer": "the voice is away"}
        process.stop.set()
        with pytest.raises(Stopped):
            await starting
        await runner.drain(1)


def test_an_unknown_service_is_refused_by_name() -> None:
    with pytest.raises(Permanent, match="there is no service splicer"):
        load(["splicer"])
