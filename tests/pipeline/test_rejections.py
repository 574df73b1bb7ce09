"""Speech that must not reach a book: it is spoken again, then the run fails and says of which text."""

from collections.abc import Callable

import pytest

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.audio.wav import ChunkRecord, Speech
from darkchannel.errors import Permanent
from darkchannel.jobs.runs import Opened, State
from darkchannel.speech.ssml import Element
from services.merger.rejecting import too_long
from services.merger.sections import AT_ONCE_BYTES
from tests.pipeline.bench import Bench
from tests.pipeline.engine import Simulated, measured
from tests.pipeline.process import synthesizer

Damage = Callable[[ChunkRecord, bytes], bytes]


def truncated(record: ChunkRecord, pcm: bytes) -> bytes:
    return wav.pack(Speech(pcm, record.rate), record)[:-4]


def no_chunk(_: ChunkRecord, __: bytes) -> bytes:
    return b"not speech at all"


def silent(record: ChunkRecord, pcm: bytes) -> bytes:
    return wav.pack(Speech(bytes(len(pcm)), record.rate), record.model_copy(update={"expected": 0.0001}))


def short(record: ChunkRecord, pcm: bytes) -> bytes:
    return wav.pack(Speech(pcm, record.rate), record.model_copy(update={"expected": 60.0}))


def rambling(record: ChunkRecord, _: bytes) -> bytes:
    samples = 4 * record.rate
    told = {"samples": samples, "expected": 0.1, "longest": 1.0}
    return wav.pack(Speech(b"\0\x20" * samples, record.rate), record.model_copy(update=told))


def ended_early(record: ChunkRecord, pcm: bytes) -> bytes:
    return wav.pack(Speech(pcm, record.rate), record.model_copy(update={"sentences": (record.samples + 1,)}))


def of_another_rate(record: ChunkRecord, pcm: bytes) -> bytes:
    return wav.pack(Speech(pcm, 16_000), record.model_copy(update={"rate": 16_000}))


def with_gain(decibels: float) -> Damage:
    def damaged(record: ChunkRecord, pcm: bytes) -> bytes:
        return wav.pack(Speech(pcm, record.rate), record.model_copy(update={"gains": ((0, decibels),)}))

    return damaged


SHORT = "<speak>dois</speak>"

DAMAGES = [truncated, no_chunk, silent, short, rambling, ended_early, of_another_rate]
DAMAGES += [with_gain(1e308), with_gain(-500)]


async def damage(bench: Bench, index: int, how: Damage) -> None:
    key = keys.chunk(bench.job, index)
    found = await bench.raw.get(keys.JOBS, key)
    assert found
    record, pcm = wav.unpack(found.body)
    await bench.raw.put(keys.JOBS, key, how(record, bytes(pcm)))


async def spoken(bench: Bench) -> None:
    """Every segment spoken, none encoded."""
    bench.events.append(await bench.drop())
    while len(bench.engine_calls) < 3:
        await bench.deliver(until="encode")
        encode = bench.take("encode")
        if len(bench.engine_calls) == 3:
            bench.events.append(encode)


async def speak_what_was_rejected(bench: Bench) -> None:
    bench.later(seconds=31)
    await bench.first.reconciler.round()
    [(stage, hint)] = await bench.hints()
    await bench.first.handlers[stage](hint)


async def spoken_twice_in_vain(bench: Bench) -> None:
    """A faulty chunk is found, spoken again, and found faulty once more."""
    await damage(bench, 1, truncated)
    await bench.first.handlers["encode"](bench.take("encode"))
    await speak_what_was_rejected(bench)
    await damage(bench, 1, truncated)
    await bench.deliver()


@pytest.mark.parametrize("how", DAMAGES)
async def test_a_faulty_chunk_is_spoken_again_and_never_reaches_the_book(how: Damage) -> None:
    bench = Bench(("um", "dois", "três"))
    await spoken(bench)
    await damage(bench, 1, how)
    await bench.deliver()
    bench.later(seconds=31)
    await bench.reconcile()
    assert await bench.published() == ["um", "dois", "três"]
    assert bench.engine_calls == ["um", "dois", "três", "dois"]


def endless(**told: float | str) -> Damage:
    """More than is read at once, with a record that tells this of it."""

    def damaged(record: ChunkRecord, pcm: bytes) -> bytes:
        longer = pcm * (AT_ONCE_BYTES // len(pcm) + 1)
        record = record.model_copy(update={"samples": len(longer) // 2, **told})
        return wav.pack(Speech(longer, record.rate), record)

    return damaged


async def reads(bench: Bench, key: str) -> list[str]:
    """Which requests for an object are made from now on."""
    made: list[str] = []

    async def note() -> None:
        made.append(key)
        bench.store.before("get", key, note)

    await note()
    made.clear()
    return made


@pytest.mark.parametrize(
    "how",
    [endless(), endless(longest=1e9), lambda record, pcm: bytes(AT_ONCE_BYTES + 1)],
    ids=["of a short text", "whatever its record tells", "without a record"],
)
async def test_a_chunk_longer_than_its_text_can_be_is_not_read_whole(how: Damage) -> None:
    bench = Bench(("um", SHORT, "três"))
    await spoken(bench)
    await damage(bench, 1, how)
    made = await reads(bench, keys.chunk(bench.job, 1))
    await bench.first.handlers["encode"](bench.take("encode"))
    assert len(made) == 1
    await bench.deliver()
    bench.later(seconds=31)
    await bench.reconcile()
    assert await bench.published() == ["um", SHORT, "três"]
    assert bench.engine_calls == ["um", SHORT, "três", SHORT]


async def test_a_long_chunk_of_an_older_text_is_not_rejected() -> None:
    bench = Bench(("um", SHORT, "três"))
    await spoken(bench)
    await damage(bench, 1, endless(source="older"))
    await bench.first.handlers["encode"](bench.take("encode"))
    assert not await bench.jobs.rejected(bench.job)


async def test_a_long_chunk_of_a_long_text_is_read_whole() -> None:
    long = f"<speak>{'dois ' * 600}</speak>"
    bench = Bench(("um", long, "três"))
    await spoken(bench)
    await damage(bench, 1, endless(longest=1.0))
    await bench.deliver()
    assert set(await bench.published()) == {"um", long, "três"}


@pytest.mark.parametrize(
    ("ssml", "seconds"),
    [
        (SHORT, 6),  # 1 for four letters and 2 for a breath, and as much for pauses
        ('<speak>dois<break time="60s"/></speak>', 66),
        ('<speak><break time="60s"/><break time="60s"/></speak>', 124),
    ],
)
def test_a_chunk_may_be_as_long_as_its_text_and_its_breaks(ssml: str, seconds: int) -> None:
    highest, beyond = 48_000, 10**9
    most = 2 * highest * seconds
    assert too_long(most, beyond, ssml) is None
    assert too_long(most + 2, beyond, ssml) == f"has {seconds} s where its text takes {seconds} s at most"


def test_a_chunk_of_a_text_that_is_no_ssml_may_have_any_size() -> None:
    assert too_long(1 << 40, 22_050, "dois") is None


@pytest.mark.parametrize("how", DAMAGES)
async def test_the_reconciler_has_it_spoken_again_when_the_hint_is_lost(how: Damage) -> None:
    bench = Bench(("um", "dois", "três"))
    await spoken(bench)
    await damage(bench, 1, how)
    await bench.first.handlers["encode"](bench.take("encode"))
    bench.events.clear()
    await bench.hints()
    bench.later(seconds=31)
    await bench.reconcile()
    bench.later(seconds=31)
    await bench.reconcile()
    assert await bench.published() == ["um", "dois", "três"]


async def test_a_chunk_that_is_faulty_again_fails_the_run_with_its_number_and_text() -> None:
    bench = Bench(("um", "dois", "três"))
    await spoken(bench)
    await spoken_twice_in_vain(bench)
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert runs.state is State.FAILED
    reason = runs.outcomes[1].reason or ""
    assert "segment 1" in reason
    assert "«dois»" in reason
    assert await bench.output() == ["2026-03-01/livro.error.txt"]


async def test_a_retry_after_that_speaks_only_the_faulty_segment() -> None:
    bench = Bench(("um", "dois", "três"))
    await spoken(bench)
    await spoken_twice_in_vain(bench)
    bench.engine_calls.clear()
    await bench.jobs.open_run(bench.job, 2, Opened(reason="retry", at=bench.now))
    await bench.jobs.ask(bench.job)
    await bench.reconcile()
    bench.later(seconds=31)
    await bench.reconcile()
    assert await bench.published() == ["um", "dois", "três"]
    assert bench.engine_calls == ["dois"]


async def test_a_section_of_another_rate_than_the_rest_is_spoken_again_in_any_order() -> None:
    bench = Bench(("um", "dois, e mais ainda"), ("três", "quatro"))
    bench.events.append(await bench.drop())
    await bench.deliver(until="assemble")
    for index in (2, 3):
        await damage(bench, index, of_another_rate)
    await bench.deliver()
    bench.later(seconds=31)
    await bench.first.reconciler.round()
    for stage, hint in reversed(await bench.hints()):
        await bench.first.handlers[stage](hint)
        await bench.deliver()
    assert await bench.published() == ["um", "dois, e mais ainda", "três", "quatro"]
    assert sorted(bench.engine_calls[4:]) == ["quatro", "três"]


async def test_a_first_chunk_of_another_rate_than_those_after_it_is_the_one_spoken_again() -> None:
    bench = Bench(("um", "dois", "três"))
    await spoken(bench)
    await damage(bench, 0, of_another_rate)
    await bench.deliver()
    bench.later(seconds=31)
    await bench.reconcile()
    assert await bench.published() == ["um", "dois", "três"]
    assert bench.engine_calls == ["um", "dois", "três", "um"]


async def test_a_rejected_chunk_counts_as_missing_though_its_source_is_current() -> None:
    bench = Bench(("um", "dois", "três"))
    await spoken(bench)
    await damage(bench, 1, truncated)
    await bench.first.handlers["encode"](bench.take("encode"))
    chain = await bench.jobs.chain(bench.job)
    plan = await bench.jobs.plan(bench.job)
    assert plan
    assert chain.rejected == {1}
    assert chain.pairs(plan.sections[0]) is None


async def test_a_short_first_try_of_the_engine_is_never_stored() -> None:
    bench = Bench(("um",))
    tries = iter([b"\x00\x10", b"\x00\x10" * 30_000])

    async def say(_: Element) -> Speech:
        return Speech(next(tries), 22_050)

    bench.first.handlers["speak"] = synthesizer(bench.context(), Simulated(say), read=measured).speak
    bench.events.append(await bench.drop())
    await bench.deliver(until="encode")
    found = await bench.raw.get(keys.JOBS, keys.chunk(bench.job, 0))
    assert found
    assert wav.unpack(found.body)[0].samples == 30_000


async def test_an_engine_that_only_falls_short_fails_the_run_with_the_text() -> None:
    bench = Bench(("um",))

    async def say(_: Element) -> Speech:
        return Speech(b"\x00\x10", 22_050)

    bench.first.handlers["speak"] = synthesizer(bench.context(), Simulated(say), read=measured).speak
    bench.events.append(await bench.drop())
    await bench.deliver()
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert runs.state is State.FAILED
    assert "segment 0 cannot be spoken" in (runs.outcomes[1].reason or "")
    assert "«um»" in (runs.outcomes[1].reason or "")
    assert [info async for info in bench.raw.list(keys.JOBS, f"{bench.job}/chunks/")] == []


async def test_an_error_of_the_engine_names_the_segment_and_its_text() -> None:
    bench = Bench(("um",))

    async def say(_: Element) -> Speech:
        raise Permanent("there is no such voice")

    bench.first.handlers["speak"] = synthesizer(bench.context(), Simulated(say)).speak
    bench.events.append(await bench.drop())
    await bench.deliver()
    reason = (await bench.jobs.runs(bench.job, fresh=True)).outcomes[1].reason
    assert reason == "segment 0 cannot be spoken: there is no such voice: «um»"
