"""``darkchannel setup`` against real servers: what it makes, what it notices, and that it can be repeated."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from pydantic import SecretStr

from darkchannel import keys, pipeline
from darkchannel.cli import setup as setting_up
from darkchannel.cli.exits import Failed
from darkchannel.cli.setup import SetupSettings, setup
from darkchannel.errors import Permanent, Unavailable
from darkchannel.messaging.rabbitmq import RabbitBus
from darkchannel.storage import admin, notifications, policies
from darkchannel.storage.s3 import S3Store
from tests.servers import MinioServer, RabbitServer, minio_image

pytestmark = pytest.mark.docker

VHOST = "setup-tests"
ROOT_USER, ROOT_PASSWORD = "darkchannel-root", "root-of-the-tests"


@dataclass(frozen=True)
class Stack:
    endpoint: str
    settings: SetupSettings
    told: list[str]


def settings_of(endpoint: str, broker: str, password: str = ROOT_PASSWORD) -> SetupSettings:
    users = [name for name in SetupSettings.model_fields if name.endswith("_secret_key")]
    return SetupSettings(
        _env_file=None,
        minio_endpoint=endpoint,
        minio_root_user=ROOT_USER,
        minio_root_password=SecretStr(password),
        rabbitmq_url=SecretStr(broker),
        **{name: SecretStr(f"hush-{name}") for name in users},
    )


@pytest.fixture(scope="module")
def broker(rabbitmq: RabbitServer) -> str:
    """A virtual host of its own, so that no event of these tests waits in another test's queue."""
    login = b64encode(f"{rabbitmq.user}:{rabbitmq.password}".encode()).decode()
    address = f"{rabbitmq.management}/api/vhosts/{VHOST}"
    with urlopen(Request(address, method="PUT", headers={"Authorization": f"Basic {login}"}), timeout=20):
        pass
    return rabbitmq.url + VHOST


@pytest.fixture(scope="module")
def announcing(rabbitmq: RabbitServer, broker: str) -> Iterator[str]:
    """A MinIO that knows our targets; it reaches the broker over the bridge network."""
    import docker
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import HttpWaitStrategy

    network = docker.from_env().containers.get(rabbitmq.container).attrs["NetworkSettings"]["Networks"]
    address = next(iter(network.values()))["IPAddress"]
    inside = f"amqp://{rabbitmq.user}:{rabbitmq.password}@{address}:5672/{VHOST}"
    server = (
        DockerContainer(minio_image())
        .with_envs(MINIO_ROOT_USER=ROOT_USER, MINIO_ROOT_PASSWORD=ROOT_PASSWORD, **notifications.environment(inside))
        .with_exposed_ports(9000)
        .waiting_for(HttpWaitStrategy(9000, "/minio/health/cluster").with_startup_timeout(90))
    )
    with server:
        yield f"http://{server.get_container_host_ip()}:{server.get_exposed_port(9000)}"


@pytest.fixture
async def stack(announcing: str, broker: str) -> Stack:
    """Both servers, set up."""
    settings, told = settings_of(announcing, broker), list[str]()
    assert await setup(settings, told.append) == 0
    return Stack(announcing, settings, told)


def s3_of(stack: Stack, user: str):  # type: ignore[no-untyped-def]  # boto3 has no types of its own
    secret = ROOT_PASSWORD if user == ROOT_USER else stack.settings.secret_of(user)
    return boto3.client(
        "s3",
        endpoint_url=stack.endpoint,
        aws_access_key_id=user,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(retries={"max_attempts": 1}),
    )


async def test_setup_proves_that_an_event_arrives_and_leaves_no_test_object(stack: Stack) -> None:
    s3 = s3_of(stack, ROOT_USER)

    left = await asyncio.to_thread(s3.list_object_versions, Bucket=keys.INBOX)

    assert "event arrived" in stack.told[-1]
    assert "Versions" not in left
    assert "DeleteMarkers" not in left


async def test_setup_can_be_repeated(stack: Stack) -> None:
    again: list[str] = []

    assert await setup(stack.settings, again.append) == 0

    assert any("(0 new)" in line for line in again)


async def test_setup_makes_every_bucket_with_its_versions_and_its_expiry(stack: Stack) -> None:
    s3 = s3_of(stack, ROOT_USER)

    buckets = await asyncio.to_thread(s3.list_buckets)
    versioning = await asyncio.to_thread(s3.get_bucket_versioning, Bucket=keys.INBOX)
    days = {
        bucket: (await asyncio.to_thread(s3.get_bucket_lifecycle_configuration, Bucket=bucket))["Rules"][0][
            "Expiration"
        ]["Days"]
        for bucket in (keys.TEMP, keys.CACHE)
    }

    assert {bucket["Name"] for bucket in buckets["Buckets"]} >= {*keys.BUCKETS, keys.RECORDINGS}
    assert versioning["Status"] == "Enabled"
    assert days == {keys.TEMP: 1, keys.CACHE: 7}


async def test_setup_mends_an_inbox_whose_versions_were_turned_off(stack: Stack) -> None:
    s3 = s3_of(stack, ROOT_USER)
    await asyncio.to_thread(
        s3.put_bucket_versioning, Bucket=keys.INBOX, VersioningConfiguration={"Status": "Suspended"}
    )

    await setup(stack.settings, stack.told.append)

    versioning = await asyncio.to_thread(s3.get_bucket_versioning, Bucket=keys.INBOX)
    assert versioning["Status"] == "Enabled"


@pytest.mark.parametrize("stage", pipeline.STAGES[1:], ids=lambda stage: stage.name)
async def test_an_object_of_a_stage_reaches_its_queue(stack: Stack, stage: pipeline.Stage) -> None:
    key = f"{stage.prefix.replace('*', 'some-job')}one{stage.suffix}"
    arrived = asyncio.get_running_loop().create_future()

    async def on_delivery(delivery):  # type: ignore[no-untyped-def]
        from darkchannel.events import ObjectCreated
        from darkchannel.messaging.port import Ack

        if not arrived.done():
            arrived.set_result(ObjectCreated.decode(delivery.body).key)
        return Ack()

    bus = await RabbitBus.connect(stack.settings.rabbitmq_url.get_secret_value())
    try:
        await bus.consume(stage.queue, on_delivery, prefetch=1)
        s3 = s3_of(stack, ROOT_USER)
        await asyncio.to_thread(s3.put_object, Bucket=stage.bucket, Key=key, Body=b"{}")
        assert await asyncio.wait_for(arrived, 20) == key
    finally:
        await bus.close()


@pytest.mark.parametrize(
    ("user", "allowed", "refused"),
    [
        ("darkchannel-splitter", (keys.JOBS, "j/plan.json"), (keys.OUTPUT, "a.mp3")),
        ("darkchannel-synthesizer", (keys.JOBS, "j/chunks/chunk-000000.wav"), (keys.JOBS, "j/plan.json")),
        ("darkchannel-merger", (keys.JOBS, "j/builds/d/audiobook.mp3"), (keys.JOBS, "j/segments/s.ssml")),
        ("darkchannel-publisher", (keys.OUTPUT, "2026-01-01/a.mp3"), (keys.INBOX, "a.txt")),
        ("darkchannel-handoff-notifier", (keys.JOBS, "j/deliveries/d.json"), (keys.JOBS, "j/runs/r.json")),
        ("darkchannel-handoff-notifier", (keys.JOBS, "_recordings/r.json"), (keys.RECORDINGS, "r.mp3")),
        ("darkchannel-reconciler", (keys.JOBS, "j/window.json"), (keys.JOBS, "j/plan.json")),
        ("darkchannel-reconciler", (keys.JOBS, "_recordings/since.json"), (keys.JOBS, "_recordings/r.json")),
        ("darkchannel-operator", (keys.INBOX, ".dropped"), (keys.OUTPUT, "a.mp3")),
    ],
)
async def test_a_user_is_refused_what_the_table_does_not_grant(
    stack: Stack, user: str, allowed: tuple[str, str], refused: tuple[str, str]
) -> None:
    s3 = s3_of(stack, user)

    await asyncio.to_thread(s3.put_object, Bucket=allowed[0], Key=allowed[1], Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        await asyncio.to_thread(s3.put_object, Bucket=refused[0], Key=refused[1], Body=b"x")


async def test_the_notifier_reads_what_it_tells_of_and_no_text_of_a_book(stack: Stack) -> None:
    user = policies.user_of("handoff-notifier")
    store = S3Store(stack.endpoint, access_key=user, secret_key=stack.settings.secret_of(user))
    try:
        for key in (keys.plan("k"), keys.receipt("k.mp3"), keys.destination("k"), keys.announced("k", 1)):
            assert await store.get(keys.JOBS, key) is None
            assert await store.head(keys.JOBS, key) is None
        assert await store.folders(keys.RECORDINGS, "none/") == ()
        with pytest.raises(Unavailable, match="AccessDenied"):
            await store.get(keys.JOBS, keys.segment("k", 0))
    finally:
        await store.close()


async def test_recordings_of_another_server_need_no_bucket_here(stack: Stack) -> None:
    s3 = s3_of(stack, ROOT_USER)
    left = await asyncio.to_thread(s3.list_objects_v2, Bucket=keys.RECORDINGS)
    for item in left.get("Contents", []):
        await asyncio.to_thread(s3.delete_object, Bucket=keys.RECORDINGS, Key=item["Key"])
    await asyncio.to_thread(s3.delete_bucket, Bucket=keys.RECORDINGS)
    elsewhere = stack.settings.model_copy(update={"recordings_endpoint": "storage.example.com"})

    assert await setup(elsewhere, stack.told.append) == 0

    buckets = await asyncio.to_thread(s3.list_buckets)
    assert keys.RECORDINGS not in {bucket["Name"] for bucket in buckets["Buckets"]}


async def test_the_user_of_links_fetches_audiobooks_and_recordings_and_lists_nothing(stack: Stack) -> None:
    root, reader = s3_of(stack, ROOT_USER), s3_of(stack, policies.READER)
    for bucket in (keys.OUTPUT, keys.RECORDINGS):
        await asyncio.to_thread(root.put_object, Bucket=bucket, Key="2026-01-01/book.mp3", Body=b"x")

        await asyncio.to_thread(reader.get_object, Bucket=bucket, Key="2026-01-01/book.mp3")
        with pytest.raises(ClientError, match="AccessDenied"):
            await asyncio.to_thread(reader.list_objects_v2, Bucket=bucket)


async def test_a_store_without_our_targets_is_told_the_exact_lines(
    minio: MinioServer, rabbitmq: RabbitServer, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setting_up, "TARGET_SECONDS", 0.5)
    told: list[str] = []

    with pytest.raises(Failed, match=r"no notification target ACCEPT, SPEAK"):
        await setup(settings_of(minio.endpoint, broker), told.append)

    assert any("MINIO_NOTIFY_AMQP_ENABLE_ACCEPT=on\n" in line for line in told)
    assert not any(rabbitmq.password in line or "hush" in line for line in told)


async def test_a_store_that_publishes_elsewhere_is_noticed(
    stack: Stack, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setting_up, "PROBES", 1)
    monkeypatch.setattr(setting_up, "PROBE_SECONDS", 1.0)
    async with admin.connect(
        endpoint=stack.endpoint, region="us-east-1", user=ROOT_USER, password=ROOT_PASSWORD
    ) as client:
        monkeypatch.setattr(pipeline, "EXCHANGE", "amq.direct")  # nothing arrives on this one

        with pytest.raises(Failed, match="no event of 1 test objects"):
            await setting_up._prove(client, broker)


async def test_a_wrong_administrator_is_told_so_at_once(stack: Stack, broker: str) -> None:
    wrong = settings_of(stack.endpoint, broker, password="not-the-password")

    with pytest.raises(Permanent, match="MINIO_ROOT_USER and MINIO_ROOT_PASSWORD"):
        await setup(wrong, stack.told.append)


async def test_a_server_that_stays_away_is_waited_for_within_a_bound(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setting_up, "WAIT_SECONDS", 1.0)

    with pytest.raises(Unavailable, match=r"MinIO at http://127\.0\.0\.1:9 does not answer.*waited 1 s"):
        await setup(settings_of("http://127.0.0.1:9", broker), lambda _: None)
