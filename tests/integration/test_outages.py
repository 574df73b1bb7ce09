"""A real MinIO whose disk is full or read-only, or which turns a user away: told clearly, and no job fails for it."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import boto3
import pytest
from botocore.config import Config
from miniopy_async.credentials.providers import StaticProvider
from miniopy_async.minioadmin import MinioAdmin

from darkchannel import keys, pipeline
from darkchannel.errors import Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.jobs.runs import State
from darkchannel.messaging import rabbitmq_reach
from darkchannel.messaging.rabbitmq import RabbitBus
from darkchannel.runtime.service import utc_now
from darkchannel.storage import admin, policies
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import NEW
from darkchannel.storage.s3 import S3Store
from tests.integration.test_serve import Served, serving
from tests.servers import RABBITMQ_IMAGE, START_SECONDS, RabbitServer, minio_image

pytestmark = pytest.mark.docker

BOUND = 60
ROOT, ROOT_SECRET = "darkchannel-root", "root-of-the-tests"
SPLITTER, SPLITTER_SECRET = policies.user_of("splitter"), "secret-of-the-splitter"


@dataclass(frozen=True)
class SmallMinio:
    """A MinIO on a disk of 64 MB, and what a person may do to it."""

    endpoint: str
    volume: str

    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ROOT,
            aws_secret_access_key=ROOT_SECRET,
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 1}),
        )

    def store(self, user: str = ROOT, secret: str = ROOT_SECRET) -> S3Store:
        return S3Store(self.endpoint, access_key=user, secret_key=secret)

    def fill(self) -> None:
        """With a file beside its objects: what MinIO deletes itself lies in its trash for minutes."""
        self._on_disk("dd if=/dev/zero of=/data/filler bs=4k 2>/dev/null || true")

    def free(self) -> None:
        self._on_disk("rm -f /data/filler")

    def permit(self, mode: str) -> None:
        """Change what the server may do to its disk; MinIO answers then as it does on one that is mounted read-only."""
        self._on_disk(f"chmod -R {mode} /data")

    def _on_disk(self, command: str) -> None:
        import docker

        mounts = [f"{self.volume}:/data"]
        docker.from_env().containers.run(
            RABBITMQ_IMAGE, ["-c", command], entrypoint="sh", volumes=mounts, user="root", remove=True
        )

    async def ask_admin(self, ask: Callable[[MinioAdmin], Coroutine[Any, Any, object]]) -> None:
        async with aiohttp.ClientSession() as session:
            host = self.endpoint.removeprefix("http://")
            await ask(MinioAdmin(host, StaticProvider(ROOT, ROOT_SECRET), secure=False, session=session))


@pytest.fixture(scope="module")
def minio() -> Iterator[SmallMinio]:
    import docker
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import HttpWaitStrategy

    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=64m,uid=1000,gid=1000"}
    volume = docker.from_env().volumes.create(driver="local", driver_opts=options)
    server = (
        DockerContainer(minio_image())
        .with_envs(MINIO_ROOT_USER=ROOT, MINIO_ROOT_PASSWORD=ROOT_SECRET)
        .with_volume_mapping(volume.name, "/data", "rw")
        .with_exposed_ports(9000)
        .waiting_for(HttpWaitStrategy(9000, "/minio/health/cluster").with_startup_timeout(START_SECONDS))
    )
    try:
        with server:
            endpoint = f"http://{server.get_container_host_ip()}:{server.get_exposed_port(9000)}"
            small = SmallMinio(endpoint, volume.name)
            client = small.client()
            for bucket in keys.BUCKETS:
                client.create_bucket(Bucket=bucket)
            client.put_bucket_versioning(Bucket=keys.INBOX, VersioningConfiguration={"Status": "Enabled"})
            yield small
    finally:
        volume.remove(force=True)


@pytest.fixture
async def splitter(minio: SmallMinio) -> None:
    """The user of the splitter, as setup makes it."""
    async with admin.connect(endpoint=minio.endpoint, region="us-east-1", user=ROOT, password=ROOT_SECRET) as server:
        await server.set_user(SPLITTER, SPLITTER_SECRET, policies.policies()[SPLITTER])


def writes(store: S3Store) -> dict[str, Coroutine[Any, Any, object]]:
    return {
        "put": store.put(keys.JOBS, "w", bytes(20_000)),
        "create": store.put(keys.JOBS, uuid.uuid4().hex, b"w", over=NEW),
        "file": store.put_file(keys.JOBS, "f", Path(__file__)),
        "copy": store.copy(keys.JOBS, "there", keys.JOBS, uuid.uuid4().hex),
        "described": store.copy(keys.JOBS, "there", keys.JOBS, uuid.uuid4().hex, metadata={"a": "b"}),
    }


def reads(store: S3Store) -> dict[str, Coroutine[Any, Any, object]]:
    async def listed() -> list[str]:
        return [info.key async for info in store.list(keys.JOBS, "there")]

    return {
        "get": store.get(keys.JOBS, "there"),
        "head": store.head(keys.JOBS, "there"),
        "list": listed(),
    }


async def ends(requests: dict[str, Coroutine[Any, Any, object]]) -> dict[str, object]:
    return dict(zip(requests, await asyncio.gather(*requests.values(), return_exceptions=True), strict=True))


async def until_written(store: S3Store) -> None:
    async with asyncio.timeout(BOUND):
        # MinIO remembers for about a second how much space there was.
        while not all(isinstance(etag, str) for etag in (await ends(writes(store))).values()):  # noqa: ASYNC110  # another process frees it
            await asyncio.sleep(0.1)


def unlike(said: str, told: dict[str, object]) -> dict[str, object]:
    return {name: it for name, it in told.items() if not isinstance(it, Unavailable) or not re.search(said, str(it))}


@pytest.fixture
async def store(minio: SmallMinio) -> AsyncIterator[S3Store]:
    it = minio.store()
    await it.put(keys.JOBS, "there", b"x")
    yield it
    await it.close()


async def test_a_full_store_is_read_and_says_that_it_is_full_until_space_is_freed(
    minio: SmallMinio, store: S3Store
) -> None:
    await asyncio.to_thread(minio.fill)
    try:
        assert unlike("is full: free space", await ends(writes(store))) == {}
        assert not [it for it in (await ends(reads(store))).values() if not it or isinstance(it, BaseException)]
    finally:
        await asyncio.to_thread(minio.free)
    await until_written(store)


async def test_a_store_that_cannot_write_to_its_disk_is_read_and_names_the_disk(
    minio: SmallMinio, store: S3Store
) -> None:
    await asyncio.to_thread(minio.permit, "a-w")
    try:
        deleting = {"delete": store.delete(keys.JOBS, "there")}
        assert unlike("disk is writable", await ends(writes(store) | deleting)) == {}
        assert not [it for it in (await ends(reads(store))).values() if not it or isinstance(it, BaseException)]
    finally:
        await asyncio.to_thread(minio.permit, "u+w")
    await until_written(store)


@pytest.mark.usefixtures("splitter")
async def test_a_user_turned_away_reads_what_to_mend(minio: SmallMinio) -> None:
    nothing = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}'
    policy = policies.policies()[SPLITTER]
    store = minio.store(SPLITTER, SPLITTER_SECRET)
    async with admin.connect(endpoint=minio.endpoint, region="us-east-1", user=ROOT, password=ROOT_SECRET) as server:
        await minio.ask_admin(lambda it: it.user_disable(SPLITTER))
        assert unlike("enable its user", await ends(reads(store))) == {}
        await minio.ask_admin(lambda it: it.user_enable(SPLITTER))
        await server.set_user(SPLITTER, "another-secret", policy)
        assert unlike("its secret", await ends(reads(store))) == {}
        await server.set_user(SPLITTER, SPLITTER_SECRET, nothing)
        assert unlike("its policy", await ends(reads(store))) == {}
        await minio.ask_admin(lambda it: it.user_remove(SPLITTER))
        assert unlike("check the access key", await ends(reads(store) | {"put": store.put(keys.JOBS, "a", b"")})) == {}
        await server.set_user(SPLITTER, SPLITTER_SECRET, policy)
        assert [it for it in (await ends(reads(store))).values() if isinstance(it, BaseException)] == []
    await store.close()


@pytest.fixture
async def bus(rabbitmq: RabbitServer) -> AsyncIterator[RabbitBus]:
    it = await RabbitBus.connect(rabbitmq.url)
    await it.declare()
    yield it
    await it.close()


async def test_a_broker_short_of_memory_is_told_instead_of_waited_for_without_end(
    rabbitmq: RabbitServer, bus: RabbitBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rabbitmq_reach, "TIMEOUT", 1.0)
    queue = pipeline.BY_NAME["accept"].queue

    async def publish_on() -> None:
        async with asyncio.timeout(BOUND):
            while True:  # the alarm comes a moment later
                await bus.publish(queue, ObjectCreated(keys.INBOX, ".nobodys", None).encode())

    await ask_broker(rabbitmq, "set_vm_memory_high_watermark", "absolute", "1")
    try:
        with pytest.raises(Unavailable, match="memory and disk left"):
            await publish_on()
    finally:
        await ask_broker(rabbitmq, "set_vm_memory_high_watermark", "0.6")
    await ask_broker(rabbitmq, "purge_queue", queue)
    async with asyncio.timeout(BOUND):
        await bus.publish(queue, ObjectCreated(keys.INBOX, ".nobodys", None).encode())


async def ask_broker(rabbitmq: RabbitServer, *command: str) -> None:
    import docker

    broker = await asyncio.to_thread(docker.from_env().containers.get, rabbitmq.container)
    done = await asyncio.to_thread(broker.exec_run, ["rabbitmqctl", *command])
    assert done.exit_code == 0, done.output


# -- the whole way: a service's process ---------------------------------------------------------------------------


@pytest.fixture
def environment(minio: SmallMinio, rabbitmq: RabbitServer, splitter: None) -> dict[str, str]:
    return {
        "MINIO_ENDPOINT": minio.endpoint,
        "MINIO_ACCESS_KEY": SPLITTER,
        "MINIO_SECRET_KEY": SPLITTER_SECRET,
        "RABBITMQ_URL": rabbitmq.url,
        "HEALTH_HOST": "127.0.0.1",
        "HEALTH_PORT": "0",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "info",
    }


async def dropped(minio: SmallMinio, store: S3Store) -> ObjectCreated:
    """A document in the inbox, as MinIO would announce it."""
    key = f"{uuid.uuid4().hex}.txt"
    await store.put(keys.INBOX, key, "Era uma vez um farol. Ninguém o acendia.".encode())
    (version,) = [info.version async for info in store.versions(keys.INBOX, key)]
    return ObjectCreated(keys.INBOX, key, version)


def port_of(served: Served) -> int:
    starting = next(line for line in served.said if '"event": "starting"' in line)
    return int(json.loads(starting)["health_port"])


async def readiness(port: int) -> tuple[int, str]:
    url = f"http://127.0.0.1:{port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def until_ready(port: int) -> None:
    async with asyncio.timeout(BOUND):
        while (await readiness(port))[0] != 200:  # noqa: ASYNC110  # probes ask it
            await asyncio.sleep(0.1)


async def until_split(store: S3Store, job: str) -> None:
    """The document has left the inbox for its job, whose run nothing has ended."""
    jobs = Jobs(store, utc_now)
    async with asyncio.timeout(BOUND):
        while await store.head(keys.JOBS, keys.segment(job, 0)) is None:  # noqa: ASYNC110  # another process writes it
            await asyncio.sleep(0.1)
    assert (await jobs.runs(job, fresh=True)).state not in {State.FAILED, State.CANCELLED}
    assert [info.key async for info in store.list(keys.JOBS, f"{job}/errors/")] == []


async def test_a_full_store_holds_a_job_which_goes_on_once_there_is_space(
    minio: SmallMinio, store: S3Store, bus: RabbitBus, environment: dict[str, str]
) -> None:
    event = await dropped(minio, store)
    job = keys.job_id(event.bucket, event.key, event.version or "")
    async with serving(environment, "splitter") as served:
        await served.until('"event": "ready"')
        await asyncio.to_thread(minio.fill)
        try:
            await bus.publish(pipeline.BY_NAME["accept"].queue, event.encode())
            await served.until("is full: free space")
            status, reasons = await readiness(port_of(served))
            assert status == 503
            assert f"the object store {minio.endpoint} is full: free space" in reasons
        finally:
            await asyncio.to_thread(minio.free)
        await until_split(store, job)
        await until_ready(port_of(served))
        assert await served.end() == 0
    assert SPLITTER_SECRET not in "".join(served.said)


async def test_a_disabled_user_is_told_also_while_idle_and_its_job_goes_on_once_it_is_enabled(
    minio: SmallMinio, store: S3Store, bus: RabbitBus, environment: dict[str, str]
) -> None:
    event = await dropped(minio, store)
    job = keys.job_id(event.bucket, event.key, event.version or "")
    async with serving(environment, "splitter") as served:
        await served.until('"event": "ready"')
        await minio.ask_admin(lambda it: it.user_disable(SPLITTER))
        await served.until("enable its user")
        assert '"what": "store"' in served.said[-1]
        status, reasons = await readiness(port_of(served))
        assert (status, list(json.loads(reasons)["reasons"])) == (503, ["store"])
        await bus.publish(pipeline.BY_NAME["accept"].queue, event.encode())
        await served.until('"stage": "accept"')
        assert "enable its user" in served.said[-1]
        await minio.ask_admin(lambda it: it.user_enable(SPLITTER))
        await served.until("the store is back")
        await until_split(store, job)
        await until_ready(port_of(served))
        assert await served.end() == 0
    assert SPLITTER_SECRET not in "".join(served.said)
