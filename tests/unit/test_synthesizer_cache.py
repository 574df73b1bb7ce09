"""The synthesizer's cache: memory before the store, bounded, counted, and never a reason why speech fails."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from darkchannel import keys
from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent
from darkchannel.runtime.circuit import FAILURES, REST
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.settings import read
from darkchannel.runtime.speech_cache import SpeechKey
from darkchannel.storage.memory import MemoryStore
from services.synthesizer.cache import PLACE_BYTES, REMEMBERED, Cache, CacheSettings
from tests.pipeline.counted import Counted

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Bench:
    """A cache on a store in memory, whose requests are counted."""

    def __init__(self, limit: str = "5GB") -> None:
        self.clock = Hands()
        self.inside = MemoryStore(clock=self.clock)
        self.store = Counted(self.inside)
        self.metrics = Metrics()
        self.settings = CacheSettings.model_validate({"speech_cache_bytes": limit})
        self.cache = self.another()

    def another(self, **bounds: Any) -> Cache:
        """A cache of another process, on the same store."""
        return Cache(self.store, self.clock, self.metrics, self.settings, **bounds)

    def count(self, result: str) -> float:
        return self.metrics.registry.get_sample_value(
            "darkchannel_speech_cache_total", {"engine": "piper", "result": result}
        ) or 0.0  # fmt: skip

    async def kept(self) -> list[str]:
        return [info.key async for info in self.inside.list(keys.CACHE)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def key(number: int = 0) -> SpeechKey:
    """The digest of an even number begins with a zero, that of an odd one does not."""
    return SpeechKey("piper", f"{number % 2}{number:063x}", "", f"Frase {number}.")


def speech(number: int = 0, size: int = 1_000) -> Speech:
    return Speech(number.to_bytes(2, "little") * (size // 2), 24_000)


async def asked(bench: Bench, requests: int) -> None:
    """Until the store was asked so often."""
    for _ in range(100):
        if len(bench.store.requests) == requests:
            return
        await asyncio.sleep(0)
    raise AssertionError(bench.store.requests)


async def test_speech_is_had_from_memory_then_from_the_store_else_it_is_missed(bench: Bench) -> None:
    assert await bench.cache.get(key()) is None
    await bench.cache.put(key(), speech())
    before = len(bench.store.requests)
    assert await bench.cache.get(key()) == speech()
    assert len(bench.store.requests) == before
    assert await bench.another().get(key()) == speech()
    assert (bench.count("miss"), bench.count("memory"), bench.count("store")) == (1, 1, 1)


async def test_what_the_store_gave_is_remembered(bench: Bench) -> None:
    await bench.cache.put(key(), speech())
    other = bench.another()
    await other.get(key())
    before = len(bench.store.requests)
    assert await other.get(key()) == speech()
    assert len(bench.store.requests) == before


async def test_after_an_hour_the_store_is_asked_again(bench: Bench) -> None:
    await bench.cache.put(key(), speech())
    bench.clock.now += REMEMBERED
    assert await bench.cache.get(key()) == speech()
    assert bench.count("store") == 1
    await bench.inside.delete(keys.CACHE, key().name)
    bench.clock.now += REMEMBERED
    assert await bench.cache.get(key()) is None


async def test_memory_is_bounded_and_forgets_what_was_used_least_recently(bench: Bench) -> None:
    cache = bench.another(memory_bytes=2_500)
    for number in range(3):
        await cache.put(key(number), speech(number))
        await cache.get(key(0))
    bench.store.away = True
    assert [await cache.get(key(number)) is not None for number in range(3)] == [True, False, True]


async def test_speech_that_is_silent_for_no_time_weighs_something_in_memory(bench: Bench) -> None:
    cache = bench.another(memory_bytes=10 * PLACE_BYTES)
    for number in range(50):
        await cache.put(key(number), Speech(b"", 24_000))
    bench.store.away = True
    assert sum([await cache.get(key(number)) is not None for number in range(50)]) == 10


async def test_a_limit_of_nothing_turns_the_cache_off() -> None:
    bench = Bench("0")
    await bench.cache.put(key(), speech())
    assert await bench.cache.get(key()) is None
    await bench.cache.evict()
    assert bench.store.requests == []
    assert bench.count("miss") == 0


# The store fails.


async def test_a_store_that_is_away_is_a_miss_and_is_told_of(bench: Bench) -> None:
    bench.store.away = True
    with capture_logs() as told:
        assert await bench.cache.get(key()) is None
        await bench.another().put(key(), speech())
    assert bench.count("miss") == 1
    assert [(entry["log_level"], entry["reason"]) for entry in told] == [("warning", "the store is away")] * 2


async def test_what_could_not_be_written_is_still_had_from_memory(bench: Bench) -> None:
    bench.store.away = True
    await bench.cache.put(key(), speech())
    assert await bench.cache.get(key()) == speech()


async def test_a_store_that_hangs_is_not_waited_for(bench: Bench) -> None:
    cache = bench.another(timeout=0.01)
    bench.store.hangs = True
    with capture_logs() as told:
        assert await cache.get(key()) is None
    assert [entry["reason"] for entry in told] == ["it does not answer in time"]


async def test_a_store_that_failed_often_is_left_alone_for_a_while(bench: Bench) -> None:
    bench.store.away = True
    for number in range(FAILURES + 3):
        await bench.cache.get(key(number))
    assert len(bench.store.requests) == FAILURES
    bench.store.away = False
    bench.clock.now += REST
    assert await bench.cache.get(key()) is None
    assert len(bench.store.requests) == FAILURES + 1


async def test_after_a_rest_one_asks_and_the_others_go_without(bench: Bench) -> None:
    bench.store.away = True
    for number in range(FAILURES):
        await bench.cache.get(key(number))
    bench.store.away, bench.store.hangs = False, True
    bench.clock.now += REST
    waiting = asyncio.create_task(bench.cache.get(key()))
    await asked(bench, FAILURES + 1)
    assert await bench.cache.get(key(1)) is None
    assert len(bench.store.requests) == FAILURES + 1
    waiting.cancel()


async def test_a_caller_who_gives_up_says_nothing_about_the_store(bench: Bench) -> None:
    bench.store.hangs = True
    for number in range(FAILURES):
        waiting = asyncio.create_task(bench.cache.get(key(number)))
        await asked(bench, number + 1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    bench.store.hangs = False
    await bench.cache.put(key(), speech())
    assert await bench.kept() == [key().name]


async def test_an_engine_whose_name_can_be_no_key_goes_without(bench: Bench) -> None:
    odd = SpeechKey("e" * 2_000, "0" * 64, "", "")
    with capture_logs() as told:
        assert await bench.cache.get(odd) is None
        await bench.cache.put(odd, speech())
    assert len(told) == 2


async def test_damaged_speech_is_a_miss_and_is_written_over(bench: Bench) -> None:
    await bench.inside.put(keys.CACHE, key().name, b"RIFF")
    assert await bench.cache.get(key()) is None
    await bench.cache.put(key(), speech())
    assert await bench.another().get(key()) == speech()


# What leaves.


async def test_eviction_brings_the_store_below_its_limit() -> None:
    bench = Bench("10KB")
    for number in range(12):
        bench.clock.now += timedelta(seconds=1)
        await bench.cache.put(key(number), speech(number))
    await bench.cache.evict()
    kept = await bench.kept()
    infos = [info async for info in bench.inside.list(keys.CACHE)]
    assert sum(info.size for info in infos) <= 9_000
    assert {key(number).name for number in range(12 - len(kept), 12)} == set(kept)


async def test_a_process_that_put_nothing_looks_through_nothing(bench: Bench) -> None:
    await bench.cache.put(key(1), speech())
    await bench.cache.evict()
    await bench.another().evict()
    await bench.cache.close()
    assert "list" not in [what for what, _ in bench.store.requests]


async def test_one_look_is_enough_until_something_new_is_put(bench: Bench) -> None:
    await bench.cache.put(key(0), speech())
    for _ in range(3):
        await bench.cache.evict()
    assert [what for what, _ in bench.store.requests].count("list") == 1
    await bench.cache.put(key(2), speech())
    await bench.cache.close()
    assert [what for what, _ in bench.store.requests].count("list") == 2


async def test_eviction_that_failed_is_made_up_for() -> None:
    bench = Bench("1KB")
    for number in range(4):
        await bench.cache.put(key(number), speech(number))
    bench.store.away = True
    await bench.cache.evict()
    bench.store.away = False
    assert len(await bench.kept()) == 4
    await bench.cache.evict()
    assert await bench.kept() == []


# Settings.


@pytest.mark.parametrize(
    ("said", "meant"),
    [("5GB", 5_000_000_000), ("500 MB", 500_000_000), ("1GiB", 2**30), ("0", 0), ("1000", 1_000), ("", 5_000_000_000)],
)
def test_the_limit_is_written_as_people_write_it(said: str, meant: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_CACHE_BYTES", said)
    assert read(CacheSettings).speech_cache_bytes == meant


@pytest.mark.parametrize("said", ["many", "-1", "5 cakes"])
def test_a_limit_that_is_none_is_refused_by_its_name(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_CACHE_BYTES", said)
    with pytest.raises(Permanent, match="SPEECH_CACHE_BYTES"):
        read(CacheSettings)
