"""The cache of speech on a real MinIO, by the users that work with it."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from miniopy_async.api import Minio

from darkchannel import keys
from darkchannel.audio.wav import Speech
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.service import utc_now
from darkchannel.runtime.speech_cache import Entry, SpeechCache, SpeechKey
from darkchannel.storage import admin, policies
from darkchannel.storage.s3 import S3Store
from services.synthesizer.cache import Cache, CacheSettings
from tests.servers import MinioServer

pytestmark = pytest.mark.docker

SECRET = "hush-hush-hush"
SYNTHESIZER = policies.user_of("synthesizer")
SPEECH = Speech(bytes(48_000), 24_000)


def key(number: int) -> SpeechKey:
    return SpeechKey("piper", f"{number:064x}", "ana", f"Frase {number}.")


def in_two_days() -> datetime:
    return utc_now() + timedelta(days=2)


async def set_up(minio: MinioServer) -> None:
    user, password = minio.access_key, minio.secret_key
    async with admin.connect(endpoint=minio.endpoint, region=minio.region, user=user, password=password) as server:
        for bucket in keys.BUCKETS:
            await server.make_bucket(bucket)
        for name in (policies.OPERATOR, SYNTHESIZER):
            await server.set_user(name, SECRET, policies.policies()[name])


@pytest.fixture
def server(minio: MinioServer) -> MinioServer:
    asyncio.run(set_up(minio))
    return minio


def store_of(server: MinioServer, user: str, secret: str = SECRET) -> S3Store:
    return S3Store(server.endpoint, access_key=user, secret_key=secret, region=server.region)


async def listed(cache: SpeechCache) -> list[Entry]:
    return [entry async for entry in cache.entries()]


def test_the_synthesizer_keeps_refreshes_and_evicts(server: MinioServer) -> None:
    async def work() -> None:
        store = store_of(server, SYNTHESIZER)
        cache = SpeechCache(store, utc_now)
        await cache.remove(await listed(cache))
        for number in range(4):
            await cache.put(key(number), SPEECH)
        before = {entry.name: entry.used for entry in await listed(cache)}
        assert await SpeechCache(store, in_two_days).get(key(0)) == SPEECH
        after = {entry.name: entry.used for entry in await listed(cache)}
        assert {name for name in after if after[name] > before[name]} == {key(0).name}
        assert await cache.get(key(0)) == SPEECH
        assert [entry.name for entry in await cache.evict(100_000)] == [key(number).name for number in (1, 2, 3)]
        assert [entry.name for entry in await listed(cache)] == [key(0).name]
        await store.close()

    asyncio.run(work())


def test_the_operator_counts_and_clears(
    server: MinioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIO_ENDPOINT", raising=False)
    monkeypatch.setenv("MINIO_PUBLIC_URL", server.endpoint)
    monkeypatch.setenv("MINIO_ACCESS_KEY", policies.OPERATOR)
    monkeypatch.setenv("MINIO_SECRET_KEY", SECRET)

    async def put() -> None:
        store = store_of(server, policies.OPERATOR)
        await SpeechCache(store, utc_now).put(key(7), SPEECH)
        await store.close()

    asyncio.run(put())
    assert run(["cache", "stats", "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out)["objects"] >= 1
    assert run(["cache", "similar", "Frase sete.", "--threshold", "0.5", "--json"]) == Code.OK
    assert key(7).name in capsys.readouterr().out
    assert run(["cache", "clear", "--yes"]) == Code.OK
    assert run(["cache", "stats", "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["objects"] == 0


@pytest.mark.parametrize(("user", "secret"), [(SYNTHESIZER, "wrong"), (policies.user_of("publisher"), SECRET)])
def test_a_bucket_that_refuses_is_an_empty_cache(server: MinioServer, user: str, secret: str) -> None:
    async def work() -> None:
        store = store_of(server, user, secret)
        cache = Cache(store, utc_now, Metrics(), CacheSettings())
        assert await cache.get(key(0)) is None
        await cache.put(key(0), SPEECH)
        assert await cache.get(key(0)) == SPEECH
        await cache.close()
        await store.close()

    asyncio.run(work())


def test_a_bucket_that_is_missing_is_an_empty_cache(server: MinioServer) -> None:
    async def work() -> None:
        store = store_of(server, server.access_key, server.secret_key)
        kept = SpeechCache(store, utc_now)
        await kept.remove(await listed(kept))
        host = server.endpoint.removeprefix("http://")
        async with Minio(host, server.access_key, server.secret_key, secure=False, region=server.region) as client:
            await client.remove_bucket(keys.CACHE)
            cache = Cache(store, utc_now, Metrics(), CacheSettings())
            try:
                assert await cache.get(key(0)) is None
                await cache.put(key(0), SPEECH)
                await cache.evict()
            finally:
                await client.make_bucket(keys.CACHE)
        await store.close()

    asyncio.run(work())
