"""What the S3 adapter does with a real MinIO beyond the contract, and with a server that fails."""

import hashlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from miniopy_async.api import Minio

from darkchannel.errors import Unavailable
from darkchannel.storage.port import NEW
from darkchannel.storage.s3 import S3Store
from tests.contract.stores import BUCKET, connected, make_buckets
from tests.servers import MinioServer

SECRET = "a-secret-that-nobody-may-see"


@pytest.fixture
async def store(minio: MinioServer) -> AsyncIterator[S3Store]:
    await make_buckets(minio)
    it = connected(minio)
    yield it
    await it.close()


def foreign(server: MinioServer) -> Minio:
    """Another program's client."""
    host = urlsplit(server.endpoint).netloc
    return Minio(host, server.access_key, server.secret_key, secure=False, region=server.region)


async def every_request(store: S3Store, bucket: str = BUCKET) -> list[BaseException]:
    """What each kind of request raises, but for those that begin with a HEAD: its answer cannot say what is missing."""

    async def listing() -> None:
        async for _ in store.list(bucket):
            pass

    async def streaming() -> None:
        async for _ in store.stream(bucket, "a"):
            pass

    requests: list[Callable[[], Awaitable[object]]] = [
        lambda: store.get(bucket, "a"),
        lambda: store.put(bucket, "a", b"x"),
        lambda: store.put(bucket, "a", b"x", over=NEW),
        lambda: store.delete(bucket, "a"),
        listing,
        streaming,
    ]
    raised: list[BaseException] = []
    for request in requests:
        with pytest.raises(Unavailable) as caught:
            await request()
        raised.append(caught.value)
    return raised


@pytest.mark.docker
@pytest.mark.parametrize("name", ["line\nfeed.txt", "folder/"])
async def test_odd_names_of_other_programs_can_be_read_listed_copied_and_deleted(
    store: S3Store, minio: MinioServer, name: str
) -> None:
    here = f"{uuid.uuid4().hex}/"
    async with foreign(minio) as client:
        headers = {"x-amz-meta-voice": "ana"}
        await client._put_object(BUCKET, f"{here}{name}", b"odd", headers)
    etag = hashlib.md5(b"odd").hexdigest()
    assert [info.key async for info in store.list(BUCKET, here)] == [f"{here}{name}"]
    found = await store.get(BUCKET, f"{here}{name}", if_match=etag, first=2)
    assert found is not None
    assert (found.body, found.info.etag, dict(found.info.metadata)) == (b"od", etag, {"voice": "ana"})
    assert await store.get(BUCKET, f"{here}{name}", if_match="other") is None
    assert await store.copy(BUCKET, f"{here}{name}", BUCKET, f"{here}plain") == etag
    await store.delete(BUCKET, f"{here}{name}")
    assert await store.get(BUCKET, f"{here}{name}") is None
    assert await store.head(BUCKET, f"{here}{name}") is None


@pytest.mark.docker
async def test_a_link_is_for_the_public_address_and_shows_the_readers_key(minio: MinioServer) -> None:
    store = S3Store(
        minio.endpoint,
        access_key=minio.access_key,
        secret_key=minio.secret_key,
        public_endpoint="https://books.example.org:9443",
        link_keys=("reader", SECRET),
    )
    link = urlsplit(await store.link(BUCKET, "ação/livro 1.mp3", seconds=3600))
    assert (link.scheme, link.netloc) == ("https", "books.example.org:9443")
    assert link.path == f"/{BUCKET}/a%C3%A7%C3%A3o/livro%201.mp3"
    assert "X-Amz-Expires=3600" in link.query
    assert "Credential=reader%2F" in link.query
    assert minio.access_key not in link.query
    assert SECRET not in link.query
    await store.close()


@pytest.mark.docker
async def test_wrong_credentials_make_the_store_unavailable_and_stay_secret(minio: MinioServer) -> None:
    await make_buckets(minio)
    store = S3Store(minio.endpoint, access_key=minio.access_key, secret_key=SECRET)
    for error in await every_request(store):
        assert minio.endpoint in str(error)
        assert "check the access key" in str(error)
        assert SECRET not in f"{error} {error.__cause__}"
    await store.close()


@pytest.mark.docker
async def test_a_bucket_that_is_not_there_is_to_be_set_up(store: S3Store) -> None:
    for error in await every_request(store, "no-such-bucket"):
        assert "no-such-bucket" in str(error)
        assert "darkchannel setup" in str(error)


async def test_a_server_that_is_away_is_named(unused_tcp_port: int) -> None:
    endpoint = f"http://127.0.0.1:{unused_tcp_port}"
    store = S3Store(endpoint, access_key="user", secret_key=SECRET)
    with pytest.raises(Unavailable, match=endpoint) as caught:
        await store.head(BUCKET, "a")
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"
    with pytest.raises(Unavailable, match=endpoint):
        await store.delete(BUCKET, "a")
    await store.close()


@pytest.mark.parametrize("endpoint", ["minio:9000", "ftp://minio", "http://minio/path", ""])
def test_what_is_no_address_is_refused_at_once(endpoint: str) -> None:
    with pytest.raises(Unavailable, match="http"):
        S3Store(endpoint, access_key="user", secret_key=SECRET)


class FailingServer:
    """Does what the first PUT asks, but its answer is 503 or is lost on the way."""

    def __init__(self, *, answers: bool, others_body: bytes | None) -> None:
        self.puts = 0
        self.answers = answers
        self.body = others_body

    async def put(self, request: web.Request) -> web.Response:
        self.puts += 1
        sent = await request.read()
        if self.puts > 1:
            return web.Response(status=412, text="<Error><Code>PreconditionFailed</Code></Error>")
        self.body = self.body or sent
        if not self.answers and request.transport:
            request.transport.close()
        return web.Response(status=503, text="<Error><Code>SlowDown</Code></Error>")

    async def head(self, request: web.Request) -> web.Response:
        etag = hashlib.md5(self.body or b"").hexdigest()
        headers = {"ETag": f'"{etag}"', "Last-Modified": "Sat, 31 Jan 2026 12:00:00 GMT"}
        return web.Response(body=self.body, headers=headers)


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("over", [NEW, "0" * 32])
@pytest.mark.parametrize(("others_body", "won"), [(None, True), (b"another's", False)])
async def test_a_retried_write_that_meets_its_own_first_try_is_done(
    answers: bool, over: str, others_body: bytes | None, won: bool
) -> None:
    failing = FailingServer(answers=answers, others_body=others_body)
    app = web.Application()
    app.router.add_put("/{path:.*}", failing.put)
    app.router.add_get("/{path:.*}", failing.head)
    async with TestServer(app) as server:
        store = S3Store(str(server.make_url("")).rstrip("/"), access_key="user", secret_key=SECRET)
        etag = await store.put(BUCKET, "a", b"mine", over=over)
        await store.close()
    assert failing.puts == 2
    assert etag == (hashlib.md5(b"mine").hexdigest() if won else None)
