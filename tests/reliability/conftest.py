"""Servers that are set up, and a fleet of services between them."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from pydantic import SecretStr

from darkchannel.cli.setup import SetupSettings, setup
from darkchannel.storage import notifications
from tests.reliability.fleet import SECRET, Fleet, Servers, empty
from tests.reliability.witness import witness
from tests.servers import RabbitServer, minio_image

VHOST = "reliability"
ROOT_USER, ROOT_PASSWORD = "darkchannel-root", "root-of-the-tests"


@pytest.fixture(scope="package")
def servers(rabbitmq: RabbitServer) -> Iterator[Servers]:
    """A MinIO of its own, since the announcing is configured where it starts, and a virtual host of its own."""
    import docker
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import HttpWaitStrategy

    login = b64encode(f"{rabbitmq.user}:{rabbitmq.password}".encode()).decode()
    address = f"{rabbitmq.management}/api/vhosts/{VHOST}"
    with urlopen(Request(address, method="PUT", headers={"Authorization": f"Basic {login}"}), timeout=20):
        pass
    engine = docker.from_env()
    network = engine.containers.get(rabbitmq.container).attrs["NetworkSettings"]["Networks"]["bridge"]
    inside = f"amqp://{rabbitmq.user}:{rabbitmq.password}@{network['IPAddress']}:5672/{VHOST}"
    with witness() as hearing:
        server = (
            DockerContainer(minio_image())
            .with_envs(
                MINIO_ROOT_USER=ROOT_USER,
                MINIO_ROOT_PASSWORD=ROOT_PASSWORD,
                **notifications.environment(inside),
                **hearing.environment(network["Gateway"]),
            )
            .with_exposed_ports(9000)
            .waiting_for(HttpWaitStrategy(9000, "/minio/health/cluster").with_startup_timeout(90))
        )
        with server:
            endpoint = f"http://{server.get_container_host_ip()}:{server.get_exposed_port(9000)}"
            assert asyncio.run(setup(_settings(endpoint, rabbitmq.url + VHOST), lambda _: None)) == 0
            yield Servers(
                endpoint=endpoint,
                broker=rabbitmq.url + VHOST,
                user=ROOT_USER,
                password=ROOT_PASSWORD,
                witness=hearing,
                minio_container=server.get_container_id(),
                rabbitmq_container=rabbitmq.container,
            )


@pytest.fixture
async def fleet(servers: Servers, tmp_path: Path) -> AsyncIterator[Fleet]:
    """No service yet, and nothing in the buckets or the queues."""
    await empty(servers)
    fleet = Fleet(servers, tmp_path)
    try:
        yield fleet
    finally:
        await fleet.close()


def _settings(endpoint: str, broker: str) -> SetupSettings:
    users = [name for name in SetupSettings.model_fields if name.endswith("_secret_key")]
    return SetupSettings(
        _env_file=None,
        minio_endpoint=endpoint,
        minio_root_user=ROOT_USER,
        minio_root_password=SecretStr(ROOT_PASSWORD),
        rabbitmq_url=SecretStr(broker),
        **{name: SecretStr(SECRET) for name in [*users, "minio_secret_key"]},
    )
