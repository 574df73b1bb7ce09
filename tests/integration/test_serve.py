"""A service as a process of its own, between real servers."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import boto3
import pytest

from darkchannel import keys
from tests.servers import MinioServer, RabbitServer

pytestmark = pytest.mark.docker

BOUND = 60


@pytest.fixture
def environment(minio: MinioServer, rabbitmq: RabbitServer) -> dict[str, str]:
    client = boto3.client(
        "s3",
        endpoint_url=minio.endpoint,
        aws_access_key_id=minio.access_key,
        aws_secret_access_key=minio.secret_key,
        region_name=minio.region,
    )
    present = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    for bucket in {keys.JOBS, keys.INBOX, keys.OUTPUT} - present:
        client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=keys.INBOX, VersioningConfiguration={"Status": "Enabled"})
    return os.environ | {
        "MINIO_ENDPOINT": minio.endpoint.removeprefix("http://"),
        "MINIO_ACCESS_KEY": minio.access_key,
        "MINIO_SECRET_KEY": minio.secret_key,
        "RABBITMQ_URL": rabbitmq.url,
        "HEALTH_HOST": "127.0.0.1",
        "HEALTH_PORT": "0",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "info",
    }


class Served:
    """A running process and the lines it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[str] = []

    async def until(self, text: str) -> None:
        assert self.process.stderr
        async with asyncio.timeout(BOUND):
            while line := (await self.process.stderr.readline()).decode():
                self.said.append(line)
                if text in line:
                    return
        raise AssertionError(f"{text!r} was never said: {''.join(self.said)}")

    async def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(BOUND):
            _, rest = await self.process.communicate()
        self.said.append(rest.decode())
        return self.process.returncode or 0


@asynccontextmanager
async def serving(environment: dict[str, str], *services: str) -> AsyncIterator[Served]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "darkchannel.cli", "serve", *services,
        env=environment, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Served(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_services_become_ready_and_sigterm_ends_them_cleanly(environment: dict[str, str]) -> None:
    async with serving(environment, "publisher", "reconciler") as served:
        await served.until('"event": "ready"')
        assert await served.end() == 0
    said = "".join(served.said)
    assert '"event": "stopped"' in said
    assert environment["MINIO_SECRET_KEY"] not in said
    assert '"level": "error"' not in said


@pytest.mark.parametrize("away", ["MINIO_ENDPOINT", "RABBITMQ_URL"])
async def test_a_server_that_is_away_is_waited_for(environment: dict[str, str], away: str) -> None:
    nobody = {"MINIO_ENDPOINT": "127.0.0.1:1", "RABBITMQ_URL": "amqp://u:not-for-logs@127.0.0.1:1/"}
    async with serving(environment | {away: nobody[away]}, "publisher") as served:
        await served.until('"event": "waiting"')
        await served.until('"event": "waiting"')
        assert await served.end() == 0
    assert "127.0.0.1:1" in "".join(served.said)
    assert "not-for-logs" not in "".join(served.said)


async def test_a_missing_setting_is_named(environment: dict[str, str]) -> None:
    async with serving(environment | {"RABBITMQ_URL": ""}, "publisher") as served:
        await served.until("RABBITMQ_URL must be set")
        async with asyncio.timeout(BOUND):
            assert await served.process.wait() != 0
