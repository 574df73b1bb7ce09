"""What an S3 server's refusals are told as, whichever client meets them: ``test_outages`` has a real MinIO say them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from darkchannel import keys
from darkchannel.errors import Denied, Unavailable
from darkchannel.storage import s3_forms
from darkchannel.storage.port import NEW
from darkchannel.storage.s3 import S3Store

Request = Callable[[S3Store], Coroutine[Any, Any, object]]


async def listed(store: S3Store) -> None:
    async for _ in store.list(keys.JOBS):
        pass


async def versions(store: S3Store) -> None:
    async for _ in store.versions(keys.JOBS):
        pass


async def streamed(store: S3Store) -> None:
    async for _ in store.stream(keys.JOBS, "a"):
        pass


DATA: dict[str, Request] = {
    "get": lambda store: store.get(keys.JOBS, "a"),
    "version": lambda store: store.get(keys.JOBS, "a", version="v"),
    "head": lambda store: store.head(keys.JOBS, "a"),
    "stream": streamed,
    "put": lambda store: store.put(keys.JOBS, "a", b"x"),
    "create": lambda store: store.put(keys.JOBS, "a", b"x", over=NEW),
    "file": lambda store: store.put_file(keys.JOBS, "a", Path(__file__)),
}
OTHER: dict[str, Request] = {
    "list": listed,
    "versions": versions,
    "delete": lambda store: store.delete(keys.JOBS, "a"),
    "copy": lambda store: store.copy(keys.JOBS, "a", keys.JOBS, "b"),
    "odd": lambda store: store.get(keys.JOBS, "folder/"),
}


@asynccontextmanager
async def answering(status: int, body: str, headers: dict[str, str]) -> AsyncIterator[S3Store]:
    """A store whose server gives everybody the same answer."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=status, text=body, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        store = S3Store(str(server.make_url("")).rstrip("/"), access_key="user", secret_key="a-secret")
        yield store
        await store.close()


async def raised(store: S3Store, requests: dict[str, Request]) -> dict[str, object]:
    ends = await asyncio.gather(*(request(store) for request in requests.values()), return_exceptions=True)
    return dict(zip(requests, ends, strict=True))


@pytest.fixture(autouse=True)
def asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(s3_forms._RETRY, "max_retries", 0)


@pytest.mark.parametrize(
    ("status", "code", "message", "says"),
    [
        (507, "XMinioStorageFull", "", "is full: free space"),
        (500, "InternalError", "please try again.: cause(no space left on device)", "is full: free space"),
        (500, "InternalError", "please try again.: cause(read-only file system)", "read-only: mount it writable"),
        (500, "InternalError", "We encountered an internal error", "see its log"),
        (400, "IncompleteBody", "", "see whether its disk is full"),
        (403, "AccessDenied", "", "its policy.*DarkChannel's own server.*disk is writable"),
        (403, "InvalidAccessKeyId", "", "enable its user"),
        (403, "SignatureDoesNotMatch", "", "check the access key and its secret"),
        (403, "RequestTimeTooSkewed", "", "set the clocks"),
        (400, "ExpiredToken", "", "have expired.*new ones"),
        (503, "SlowDown", "", "overloaded"),
        (503, "SlowDownRead", "", "cannot use its drives"),
        (503, "SlowDownWrite", "", "cannot use its drives"),
        (503, "XMinioServerNotInitialized", "", "is starting"),
        (404, "NoSuchBucket", "", "make it, on DarkChannel's own server with `darkchannel setup`"),
    ],
)
async def test_every_refusal_says_what_happened_and_what_to_do(status: int, code: str, message: str, says: str) -> None:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    headers = {"Content-Type": "application/xml", "X-Minio-Error-Code": code}
    async with answering(status, body, headers) as store:
        told = await raised(store, DATA | OTHER)
    for request, error in told.items():
        assert type(error) is (Denied if code == "AccessDenied" else Unavailable), request
        assert "http://127.0.0.1" in str(error), request
        assert "goes on by itself" in str(error), request
        assert "a-secret" not in f"{error} {error.__cause__}"
    # The copy begins with a HEAD, and so does the read of an odd name: its answer has no body.
    unclear = {request for request, error in told.items() if not re.search(says, str(error))}
    assert unclear <= {"copy", "odd"}


@pytest.mark.parametrize(
    ("status", "body", "silent"),
    [
        (400, "Client sent an HTTP request to an HTTPS server.\n", set()),
        # The console's port; the same words say of a version that it has another store's form.
        (400, "<Error><Code>InvalidArgument</Code></Error>", {"version"}),
        # What stands before a store that is away; a HEAD of an odd name has no second try.
        (404, "404 page not found", {"odd"}),
        (502, "<html>bad gateway</html>", set()),
        # A website: what it streams is for its reader to judge, and it says nothing against a delete.
        (200, "<html><br>hello</html>", {"stream", "delete", "version"}),
        (301, "", set()),
    ],
    ids=["https", "console", "proxy", "gateway", "website", "redirect"],
)
async def test_what_is_no_object_store_never_says_that_an_object_is_missing_or_written(
    status: int, body: str, silent: set[str]
) -> None:
    async with answering(status, body, {"Content-Type": "text/html"}) as store:
        told = await raised(store, {name: request for name, request in (DATA | OTHER).items() if name not in silent})
    assert {name: end for name, end in told.items() if not isinstance(end, Unavailable)} == {}
