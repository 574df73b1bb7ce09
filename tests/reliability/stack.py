"""A MinIO and a RabbitMQ that tests may stop, empty and cut off, at addresses that stay."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from typing import Any

import boto3
from pydantic import SecretStr
from yarl import URL

from darkchannel import pipeline
from darkchannel.cli.setup import SetupSettings, setup
from darkchannel.errors import Unavailable
from darkchannel.storage import admin, notifications
from darkchannel.storage.admin import Admin
from tests.reliability.fleet import BOUND, SECRET, Servers
from tests.reliability.proxy import Proxy, proxied
from tests.reliability.witness import Witness, witness
from tests.servers import RABBITMQ_IMAGE, START_SECONDS, minio_image

USER, PASSWORD = "darkchannel-root", "root-of-the-tests"
HEARTBEAT = 2
"""Seconds between the signs of life of services and broker."""
POLL_SECONDS = 0.1
ANNOUNCED = tuple(dict.fromkeys(stage.bucket for stage in pipeline.STAGES))


class Stack:
    """Both servers. Services, and MinIO when it announces, come through the proxies; ``servers`` leads past them."""

    def __init__(self, minio: Any, rabbitmq: Any, store: Proxy, broker: Proxy, hearing: Witness) -> None:
        self.store = store
        """The proxy before MinIO."""
        self.broker = broker
        """The proxy before RabbitMQ."""
        self.servers = Servers(
            endpoint=f"http://{minio.get_container_host_ip()}:{minio.get_exposed_port(9000)}",
            broker=_amqp(rabbitmq.get_container_host_ip(), rabbitmq.get_exposed_port(5672)),
            user=USER,
            password=PASSWORD,
            witness=hearing,
            minio_container=minio.get_container_id(),
            rabbitmq_container=rabbitmq.get_container_id(),
        )
        self._minio = minio
        self._rabbitmq = rabbitmq

    @property
    def environment(self) -> dict[str, str]:
        """What leads a service through the proxies."""
        return {
            "MINIO_ENDPOINT": f"http://127.0.0.1:{self.store.port}",
            "RABBITMQ_URL": f"{_amqp('127.0.0.1', self.broker.port)}?heartbeat={HEARTBEAT}",
        }

    async def stop_minio(self) -> None:
        """End it as a power cut does; its disk stays."""
        await asyncio.to_thread(self._minio.get_wrapped_container().kill)

    async def start_minio(self) -> None:
        """Start it again; returns when it serves."""
        await asyncio.to_thread(self._minio.get_wrapped_container().start)
        async with asyncio.timeout(BOUND), self._admin() as minio:
            while True:
                try:
                    return await minio.check_health()
                except Unavailable:
                    await asyncio.sleep(POLL_SECONDS)

    async def stop_rabbitmq(self) -> None:
        await asyncio.to_thread(self._rabbitmq.get_wrapped_container().kill)

    async def start_rabbitmq(self) -> None:
        await asyncio.to_thread(self._rabbitmq.get_wrapped_container().start)
        await self._until_rabbitmq()

    async def replace_rabbitmq(self) -> None:
        """Remove it with its volume and start another in its place; returns when that one serves."""
        await asyncio.to_thread(self._rabbitmq.stop)
        await asyncio.to_thread(self._rabbitmq.start)
        await self._until_rabbitmq()

    async def announce(self) -> None:
        """Have the buckets announce new objects, as ``darkchannel setup`` does."""
        async with self._admin() as minio:
            targets = await minio.targets()
            for bucket in ANNOUNCED:
                await minio.announce(bucket, targets)

    async def be_silent(self) -> None:
        """Have the buckets announce nothing any more."""
        s3 = boto3.client(
            "s3",
            endpoint_url=self.servers.endpoint,
            aws_access_key_id=USER,
            aws_secret_access_key=PASSWORD,
            region_name="us-east-1",
        )
        for bucket in ANNOUNCED:
            await asyncio.to_thread(
                s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration={}
            )

    def _admin(self) -> AbstractAsyncContextManager[Admin]:
        return admin.connect(endpoint=self.servers.endpoint, region="us-east-1", user=USER, password=PASSWORD)

    async def _until_rabbitmq(self) -> None:
        """Until it answers a client's greeting; what listens before that is Docker."""
        broker = URL(self.servers.broker)
        async with asyncio.timeout(BOUND):
            while True:
                with suppress(OSError, EOFError):
                    reader, writer = await asyncio.open_connection(broker.host, broker.port)
                    try:
                        writer.write(b"AMQP\x00\x00\x09\x01")
                        await reader.readexactly(1)
                        return
                    finally:
                        writer.close()
                await asyncio.sleep(POLL_SECONDS)


@contextmanager
def started() -> Iterator[Stack]:
    """Both servers, set up, in containers of their own."""
    rabbitmq = _rabbitmq(_free_port())
    minio_port = _free_port()
    with rabbitmq, witness() as hearing:
        host = rabbitmq.get_container_host_ip()
        gateway = rabbitmq.get_container_info().NetworkSettings.Networks["bridge"].Gateway
        with proxied(host, rabbitmq.get_exposed_port(5672)) as broker, proxied(host, minio_port) as store:
            environment = notifications.environment(_amqp(gateway, broker.port)) | hearing.environment(gateway)
            with _minio(minio_port, environment) as minio:
                stack = Stack(minio, rabbitmq, store, broker, hearing)
                assert asyncio.run(setup(_settings(stack.servers), lambda _: None)) == 0
                yield stack


def _rabbitmq(port: int) -> Any:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    return (
        DockerContainer(RABBITMQ_IMAGE)
        .with_envs(RABBITMQ_DEFAULT_USER=USER, RABBITMQ_DEFAULT_PASS=PASSWORD)
        .with_bind_ports(5672, port)
        .waiting_for(LogMessageWaitStrategy("startup complete|broker... completed").with_startup_timeout(START_SECONDS))
    )


def _minio(port: int, environment: dict[str, str]) -> Any:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import HttpWaitStrategy

    return (
        DockerContainer(minio_image())
        .with_envs(MINIO_ROOT_USER=USER, MINIO_ROOT_PASSWORD=PASSWORD, **environment)
        .with_bind_ports(9000, port)
        .waiting_for(HttpWaitStrategy(9000, "/minio/health/cluster").with_startup_timeout(START_SECONDS))
    )


def _free_port() -> int:
    """One that stays the same when its container is started again, which one of Docker's own choice does not."""
    with socket.socket() as it:
        it.bind(("0.0.0.0", 0))
        return int(it.getsockname()[1])


def _amqp(host: str, port: int) -> str:
    return f"amqp://{USER}:{PASSWORD}@{host}:{port}/"


def _settings(servers: Servers) -> SetupSettings:
    users = [name for name in SetupSettings.model_fields if name.endswith("_secret_key")]
    return SetupSettings(
        _env_file=None,
        minio_endpoint=servers.endpoint,
        minio_root_user=USER,
        minio_root_password=SecretStr(PASSWORD),
        rabbitmq_url=SecretStr(servers.broker),
        **{name: SecretStr(SECRET) for name in users},
    )
