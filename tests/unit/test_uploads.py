"""Large files on their way to an S3 server."""

import asyncio
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from darkchannel import keys
from darkchannel.storage.s3 import S3Store

FILES = 6
BYTES = 11 << 20
HELD_AT_ONCE = 12 << 20
"""Of all files together: whoever sends them holds that much."""


class Server:
    """Takes files in parts and forgets them; https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html."""

    def __init__(self) -> None:
        self.under_way = self.most = self.taken = 0

    async def answer(self, request: web.Request) -> web.Response:
        if "uploads" in request.query:
            return self._told("InitiateMultipartUploadResult", f"<UploadId>{request.path}</UploadId>")
        if "partNumber" not in request.query:
            await request.read()
            return self._told("CompleteMultipartUploadResult", '<ETag>"whole"</ETag>')
        size = request.content_length or 0
        self.under_way += size
        self.most = max(self.most, self.under_way)
        body = await request.read()
        self.taken += len(body)
        self.under_way -= size
        return web.Response(headers={"ETag": '"part"'})

    def _told(self, name: str, said: str) -> web.Response:
        about = f"<Bucket>{keys.JOBS}</Bucket><Key>book</Key>"
        return web.Response(text=f"<{name}>{about}{said}</{name}>", content_type="application/xml")


async def test_large_files_are_held_a_few_parts_at_a_time_however_many_are_stored_at_once(tmp_path: Path) -> None:
    server, book = Server(), tmp_path / "book"
    book.write_bytes(bytes(BYTES))
    app = web.Application(client_max_size=BYTES)
    app.router.add_route("*", "/{path:.*}", server.answer)
    async with TestServer(app) as running:
        store = S3Store(str(running.make_url("")).rstrip("/"), access_key="user", secret_key="a-secret")
        await asyncio.gather(*(store.put_file(keys.JOBS, f"book-{number}", book) for number in range(FILES)))
        await store.close()
    assert server.taken == FILES * BYTES
    assert 0 < server.most <= HELD_AT_ONCE
