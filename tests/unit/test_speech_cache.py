"""The cache of speech: its keys, what is kept in it, and what leaves it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel import keys
from darkchannel.audio.wav import Mark, Speech
from darkchannel.errors import Unavailable
from darkchannel.runtime.speech_cache import (
    FRESH,
    KEPT,
    ROOM,
    Entry,
    SpeechCache,
    SpeechKey,
    speech_key,
    to_evict,
)
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import Element
from darkchannel.storage.admin import EXPIRY_DAYS
from darkchannel.storage.memory import MemoryStore

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPEECH = Speech(b"\x01\x00" * 500, 24_000, marks=(Mark("m", 7),), sentences=(0,))


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def store(clock: Hands) -> MemoryStore:
    return MemoryStore(clock=clock)


@pytest.fixture
def cache(store: MemoryStore, clock: Hands) -> SpeechCache:
    return SpeechCache(store, clock)


def key(ssml: str = "<speak>Boa noite, Iracema.</speak>", engine: str = "piper", revision: str = "1") -> SpeechKey:
    return speech_key(rendered(ssml), engine, revision)


async def modified(store: MemoryStore, wanted: SpeechKey) -> datetime:
    info = await store.head(keys.CACHE, wanted.name)
    assert info
    return info.modified


# Keys.

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
attributes = st.dictionaries(st.sampled_from(["xml:lang", "name", "rate", "volume"]), words, max_size=3)
scripts = st.recursive(
    st.builds(Element, st.sampled_from(["s", "voice", "mark"]), attributes, st.lists(words, max_size=2).map(tuple)),
    lambda inner: st.builds(
        Element, st.sampled_from(["speak", "p", "prosody"]), attributes, st.lists(words | inner, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


def rewritten(element: Element) -> Element:
    """The same in other bytes: letters taken apart, spaces doubled, texts in pieces, attributes the other way round."""
    children: list[Element | str] = []
    for child in element.children:
        if isinstance(child, Element):
            children.append(rewritten(child))
        else:
            apart = unicodedata.normalize("NFD", child).replace(" ", " \n\t ")
            children += [apart[:1], apart[1:]]
    turned: Mapping[str, str] = dict(reversed(list(element.attributes.items())))
    return Element(element.name, turned, tuple(children))


@given(script=scripts)
def test_a_text_written_otherwise_has_the_same_key(script: Element) -> None:
    assert speech_key(rewritten(script), "piper", "1").digest == speech_key(script, "piper", "1").digest


few_letters = st.text("aAe\u00e9\u0301 ", min_size=1, max_size=3)


@given(one=few_letters, other=few_letters)
def test_of_two_texts_only_spaces_and_encoding_may_differ_under_one_key(one: str, other: str) -> None:
    digests = {speech_key(Element("speak", {}, (text,)), "piper", "1").digest for text in (one, other)}
    plain = {re.sub(" +", " ", unicodedata.normalize("NFC", text)) for text in (one, other)}
    assert len(digests) == len(plain)


@pytest.mark.parametrize(
    "other",
    [
        key(engine="bark"),
        key(revision="2"),
        key("<speak>boa noite, Iracema.</speak>"),
        key("<speak>Boa noite Iracema.</speak>"),
        key('<speak xml:lang="pt-PT">Boa noite, Iracema.</speak>'),
        key('<speak><voice name="ana">Boa noite, Iracema.</voice></speak>'),
        key('<speak><prosody rate="90%">Boa noite, Iracema.</prosody></speak>'),
        key('<speak>Boa noite, <mark name="i"/>Iracema.</speak>'),
        key('<speak>Boa noite,<break time="90ms"/> Iracema.</speak>'),
        key("<speak>Boa\u00a0noite, Iracema.</speak>"),
    ],
)
def test_speech_that_may_sound_otherwise_has_another_key(other: SpeechKey) -> None:
    assert other.digest != key().digest


def test_what_makes_up_a_key_does_not_run_together() -> None:
    assert key(engine="piper", revision="1").digest != key(engine="piper1", revision="").digest


def test_a_key_tells_the_words_and_the_voices_in_their_order() -> None:
    found = key(
        '<speak><p>Tem 2 gatos.</p><voice name="bento">Sim.</voice> <voice name="ana">Não.</voice>'
        '<voice name="bento">Talvez.</voice></speak>'
    )
    assert found.text == "Tem dois gatos. Sim. Não.Talvez."
    assert found.voices == "bento, ana"


def test_a_key_stays_what_it_is() -> None:
    # Should this change, all that was kept before is spoken again: raise SCHEMA and mean it.
    assert key().name == "speech/piper/bd0ee7ee2b304e4cee84e0e8ddb2dd9f87b0f7bab1375d93463d09406da8509a.wav"


# What is kept.


async def test_what_was_put_is_had_until_it_is_removed(cache: SpeechCache) -> None:
    assert await cache.get(key()) is None
    await cache.put(key(), SPEECH)
    assert await cache.get(key()) == SPEECH
    assert await cache.get(key(revision="2")) is None
    await cache.remove([entry async for entry in cache.entries()])
    assert await cache.get(key()) is None


@pytest.mark.parametrize("age", [FRESH, FRESH + timedelta(seconds=1), KEPT])
async def test_a_use_shows_in_the_listing_within_a_day(
    cache: SpeechCache, store: MemoryStore, clock: Hands, age: timedelta
) -> None:
    await cache.put(key(), SPEECH)
    clock.now += age
    assert await cache.get(key()) == SPEECH
    assert await modified(store, key()) == (NOW if age <= FRESH else clock.now)
    assert await cache.get(key()) == SPEECH


async def test_two_readers_of_old_speech_both_have_it(cache: SpeechCache, clock: Hands) -> None:
    await cache.put(key(), SPEECH)
    clock.now += 2 * FRESH
    assert [await cache.get(key()), await cache.get(key())] == [SPEECH, SPEECH]


async def test_speech_is_had_also_where_its_use_cannot_be_told(clock: Hands) -> None:
    class ReadOnly(MemoryStore):
        async def copy(self, *args: Any, **kwargs: Any) -> str | None:
            raise Unavailable("the disk of the object store is read-only")

    cache = SpeechCache(ReadOnly(clock=clock), clock)
    await cache.put(key(), SPEECH)
    clock.now += 2 * FRESH
    assert await cache.get(key()) == SPEECH


async def test_speech_evicted_while_it_is_read_is_had_and_stays_away(clock: Hands) -> None:
    class Emptied(MemoryStore):
        async def copy(self, *args: Any, **kwargs: Any) -> str | None:
            await self.delete(*args[:2])
            return await super().copy(*args, **kwargs)

    cache = SpeechCache(Emptied(clock=clock), clock)
    await cache.put(key(), SPEECH)
    clock.now += 2 * FRESH
    assert await cache.get(key()) == SPEECH
    assert await cache.get(key()) is None


@pytest.mark.parametrize("body", [b"", b"RIFF", b"<html>oi</html>" * 99])
async def test_damaged_speech_is_as_good_as_none_and_is_written_over(
    cache: SpeechCache, store: MemoryStore, body: bytes
) -> None:
    await store.put(keys.CACHE, key().name, body)
    assert await cache.get(key()) is None
    await cache.put(key(), SPEECH)
    assert await cache.get(key()) == SPEECH


async def test_speech_under_the_name_of_another_is_not_taken_for_it(cache: SpeechCache, store: MemoryStore) -> None:
    await cache.put(key(), SPEECH)
    other = key("<speak>Adeus.</speak>")
    await store.copy(keys.CACHE, key().name, keys.CACHE, other.name)
    assert await cache.get(other) is None


async def test_what_others_put_into_the_bucket_is_neither_counted_nor_removed(
    cache: SpeechCache, store: MemoryStore, clock: Hands
) -> None:
    theirs = ["speech/leia-me.txt", "speech/piper/abc.wav", "backup/x.wav", f"{key().name}.bak"]
    for name in theirs:
        await store.put(keys.CACHE, name, bytes(9_999))
    await cache.put(key(), SPEECH)
    assert [entry.name async for entry in cache.entries()] == [key().name]
    clock.now += 9 * KEPT
    assert [entry.name for entry in await cache.evict(1)] == [key().name]
    assert [info.key async for info in store.list(keys.CACHE)] == sorted(theirs)


async def test_a_record_tells_the_words_of_an_entry(cache: SpeechCache, store: MemoryStore) -> None:
    await cache.put(key(), SPEECH)
    (entry,) = [entry async for entry in cache.entries()]
    record = await cache.record(entry)
    assert record
    assert (entry.engine, record.text) == ("piper", "Boa noite, Iracema.")
    await store.put(keys.CACHE, entry.name, b"damaged")
    assert await cache.record(entry) is None
    await store.delete(keys.CACHE, entry.name)
    assert await cache.record(entry) is None


# What leaves.

entries = st.lists(
    st.builds(
        Entry,
        name=st.uuids().map(str),
        engine=st.just("piper"),
        size=st.integers(0, 1_000),
        used=st.timedeltas(timedelta(), 2 * KEPT).map(lambda age: NOW - age),
    ),
    max_size=30,
)


@given(entries=entries, limit=st.integers(0, 10_000))
def test_the_least_recently_used_leave_and_no_more_of_them_than_needed(entries: list[Entry], limit: int) -> None:
    gone = to_evict(entries, limit, NOW)
    kept = [entry for entry in entries if entry not in gone]
    held = sum(entry.size for entry in kept)
    assert all(NOW - entry.used <= KEPT for entry in kept)
    assert held <= limit
    assert all(one.used <= other.used for one in gone for other in kept)
    if early := [entry for entry in gone if NOW - entry.used <= KEPT]:
        assert held <= limit * ROOM
        assert held + max(early, key=lambda entry: (entry.used, entry.name)).size > limit * ROOM
        assert held + sum(entry.size for entry in early) > limit


@given(entries=entries, limit=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_whoever_evicts_at_the_same_time_chooses_the_same(entries: list[Entry], limit: int, order: Random) -> None:
    shuffled = list(entries)
    order.shuffle(shuffled)
    assert to_evict(shuffled, limit, NOW) == to_evict(entries, limit, NOW)


@given(entries=entries, limit=st.integers(0, 10_000))
def test_what_was_evicted_is_enough(entries: list[Entry], limit: int) -> None:
    gone = to_evict(entries, limit, NOW)
    assert to_evict([entry for entry in entries if entry not in gone], limit, NOW) == []


def test_what_was_used_a_week_ago_to_the_second_stays() -> None:
    used = Entry("a", "piper", 1, NOW - KEPT)
    assert to_evict([used], 100, NOW) == []
    assert to_evict([used], 100, NOW + timedelta(seconds=1)) == [used]


def test_a_server_expires_speech_when_eviction_would() -> None:
    assert KEPT.days == EXPIRY_DAYS[keys.CACHE]


async def test_two_processes_that_evict_leave_the_same_behind(store: MemoryStore, clock: Hands) -> None:
    caches = [SpeechCache(store, clock), SpeechCache(store, clock)]
    wanted = [key(f"<speak>Frase número {number}.</speak>") for number in range(10)]
    for one in wanted:
        clock.now += timedelta(minutes=1)
        await caches[0].put(one, replace(SPEECH, pcm=bytes(10_000)))
    limit = 55_000
    for cache in caches:
        await cache.evict(limit)
    there = [await caches[0].get(one) is not None for one in wanted]
    assert there == [False] * 6 + [True] * 4
