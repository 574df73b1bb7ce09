"""What MinIO itself tells of every request it answered: it neither dies with a service nor speaks for one.

https://github.com/minio/minio/tree/master/docs/logging#audit-targets
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from darkchannel import keys
from darkchannel.storage.port import ObjectStore

PART = "PutObjectPart"
_WRITES = ("PutObject", "CopyObject", "CompleteMultipartUpload", PART)


@dataclass(frozen=True, slots=True)
class Write:
    """One request to write an object, also one that came too late."""

    request: str
    """As S3 calls it."""
    bucket: str
    key: str
    status: int
    """412 where the condition did not hold."""
    build: str | None
    """The build that a published copy names in its metadata."""


class Witness:
    """A receiver of MinIO's audit log that keeps what wrote, and forgets what read."""

    def __init__(self) -> None:
        self.port = 0
        self._writes: list[Write] = []
        self._heard = threading.Condition()

    def environment(self, host: str) -> dict[str, str]:
        """What a MinIO that reaches us under ``host`` needs in its environment."""
        return {
            "MINIO_AUDIT_WEBHOOK_ENABLE_WITNESS": "on",
            "MINIO_AUDIT_WEBHOOK_ENDPOINT_WITNESS": f"http://{host}:{self.port}/",
            "MINIO_AUDIT_WEBHOOK_BATCH_SIZE_WITNESS": "50",
        }

    def hear(self, entries: bytes) -> None:
        writes = [write for entry in _entries(entries.decode()) if (write := _write(entry))]
        with self._heard:
            self._writes += writes
            self._heard.notify_all()

    async def writes(self, store: ObjectStore) -> list[Write]:
        """All writes up to now, once one of our own has come through as well."""
        key = f"witness/{uuid4().hex}"
        await store.put(keys.TEMP, key, b"")
        assert await asyncio.to_thread(self._until, key), "MinIO's audit log does not arrive"
        return list(self._writes)

    def forget(self) -> None:
        with self._heard:
            self._writes.clear()

    def _until(self, key: str) -> bool:
        with self._heard:
            return self._heard.wait_for(lambda: any(write.key == key for write in reversed(self._writes)), 20)


def _entries(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects that follow one another in a batch."""
    decoder, at = json.JSONDecoder(), 0
    while (at := next((i for i in range(at, len(text)) if not text[i].isspace()), len(text))) < len(text):
        entry, at = decoder.raw_decode(text, at)
        yield from entry if isinstance(entry, list) else (entry,)


def _write(entry: dict[str, Any]) -> Write | None:
    api = entry.get("api") or {}
    if api.get("name") not in _WRITES:
        return None
    # A copy's bucket and object are those of its source.
    bucket, _, key = entry["requestPath"].removeprefix("/").partition("/")
    headers = {name.lower(): value for name, value in (entry.get("requestHeader") or {}).items()}
    return Write(api["name"], bucket, key, api.get("statusCode", 0), headers.get("x-amz-meta-build"))


@contextmanager
def witness() -> Iterator[Witness]:
    hearing = Witness()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            hearing.hear(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True  # MinIO keeps its connections open

        def handle_error(self, *_: object) -> None:
            """A MinIO that is killed while it tells us something is no news to a test that killed it."""

    with Server(("0.0.0.0", 0), Handler) as server:  # containers come from the bridge
        hearing.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield hearing
        finally:
            server.shutdown()
            thread.join()
