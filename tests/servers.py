"""Real servers for tests marked ``docker``: one MinIO and one RabbitMQ a session, in containers.

Where no Docker engine answers, these tests are skipped with one line; with DARKCHANNEL_REQUIRE_DOCKER=1 they fail.
MINIO_VERSION chooses the release, as it does for ``infra/minio/Dockerfile``; an older one is held to the contract too.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

# The reaper is one more image to pull; the fixtures remove what they start.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")

MINIO_VERSION = os.environ.get("MINIO_VERSION", "v0.0.0-20260212201848-7aac2a2c5b7c")
OLDER_MINIO_VERSION = "v0.0.0-20250422221226-0d7408fc9969"
"""RELEASE.2025-04-22: the last with the full console, which people keep running."""
RABBITMQ_IMAGE = os.environ.get("RABBITMQ_IMAGE", "rabbitmq:4-management")
REQUIRED = os.environ.get("DARKCHANNEL_REQUIRE_DOCKER") == "1"
MINIO_FOLDER = Path(__file__).parents[1] / "infra" / "minio"
START_SECONDS = 90


@dataclass(frozen=True, slots=True)
class MinioServer:
    """A MinIO with nothing in it, and its root user."""

    endpoint: str
    """``http://host:port``."""
    access_key: str
    secret_key: str
    version: str
    region: str = "us-east-1"


@dataclass(frozen=True, slots=True)
class RabbitServer:
    """A RabbitMQ with nothing in it; ``user`` may do everything."""

    url: str
    """``amqp://user:password@host:port/``."""
    management: str
    """``http://host:port`` of the management API."""
    user: str
    password: str
    container: str
    """Id of the container, for tests that stop and start it."""


@cache
def docker_problem() -> str | None:
    """Why containers cannot be started here; ``None`` where they can."""
    try:
        answer = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "the docker command is not there or does not answer"
    return None if answer.returncode == 0 else "no Docker engine answers"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("docker") is None or (problem := docker_problem()) is None:
        return
    message = f"{problem}: nothing was tested against real MinIO and RabbitMQ servers"
    if REQUIRED:
        pytest.fail(f"{message} (DARKCHANNEL_REQUIRE_DOCKER=1)", pytrace=False)
    # Skipped here, not by a mark: pytest then folds them all into one line of its summary.
    pytest.skip(message)


@pytest.fixture(scope="session")
def minio() -> Iterator[MinioServer]:
    """A fresh MinIO of MINIO_VERSION; its image is built the first time (about two minutes)."""
    with minio_server(MINIO_VERSION) as server:
        yield server


@pytest.fixture(scope="session")
def older_minio() -> Iterator[MinioServer]:
    with minio_server(OLDER_MINIO_VERSION) as server:
        yield server


@contextmanager
def minio_server(version: str) -> Iterator[MinioServer]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import HttpWaitStrategy

    user, password = "darkchannel-root", "root-of-the-tests"
    container = (
        DockerContainer(minio_image(version))
        .with_envs(MINIO_ROOT_USER=user, MINIO_ROOT_PASSWORD=password)
        .with_exposed_ports(9000)
        .waiting_for(HttpWaitStrategy(9000, "/minio/health/cluster").with_startup_timeout(START_SECONDS))
    )
    with container:
        endpoint = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(9000)}"
        yield MinioServer(endpoint, user, password, version)


@cache
def minio_image(version: str = MINIO_VERSION) -> str:
    """Build the image of a version, from the engine's cache where it can, and return its tag."""
    tag = f"darkchannel-minio:{version}"
    build = ["docker", "build", "--quiet", "--build-arg", f"MINIO_VERSION={version}", "--tag", tag]
    done = subprocess.run([*build, str(MINIO_FOLDER)], capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, f"{tag} could not be built: {done.stderr[-2000:]}"
    return tag


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitServer]:
    """A fresh RabbitMQ with its management API."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    user, password = "darkchannel", "password-of-the-tests"
    server = (
        DockerContainer(RABBITMQ_IMAGE)
        .with_envs(RABBITMQ_DEFAULT_USER=user, RABBITMQ_DEFAULT_PASS=password)
        .with_exposed_ports(5672, 15672)
        .waiting_for(LogMessageWaitStrategy("startup complete|broker... completed").with_startup_timeout(START_SECONDS))
    )
    with server:
        host = server.get_container_host_ip()
        amqp, http = server.get_exposed_port(5672), server.get_exposed_port(15672)
        yield RabbitServer(
            url=f"amqp://{user}:{password}@{host}:{amqp}/",
            management=f"http://{host}:{http}",
            user=user,
            password=password,
            container=server.get_container_id(),
        )
