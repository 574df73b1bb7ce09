"""``darkchannel setup``: makes what the services need in MinIO and RabbitMQ, then proves that an event arrives.

Safe to repeat: it creates what is missing, mends what differs and leaves what is not DarkChannel's alone.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable

import aio_pika
import typer
from aio_pika.exceptions import AMQPError
from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict
from yarl import URL

from darkchannel import keys, pipeline
from darkchannel.cli.exits import Failed, Usage
from darkchannel.errors import Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.messaging.rabbitmq import RabbitBus
from darkchannel.storage import admin, notifications, policies
from darkchannel.storage.admin import Admin

Echo = Callable[[str], None]

WAIT_SECONDS = 120.0
"""How long setup waits for each server to come up."""
TARGET_SECONDS = 10.0
"""How long a server that has just started may take to load its notification targets."""
PROBES = 5
PROBE_SECONDS = 3.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 3.0


class SetupSettings(BaseSettings):
    """The administrator's settings, from the environment or .env; services never see them."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)

    minio_endpoint: str
    """``http://host:port`` as this process reaches it."""
    minio_region: str = "us-east-1"
    minio_root_user: str
    minio_root_password: SecretStr
    rabbitmq_url: SecretStr
    recordings_endpoint: str = ""
    """Where recordings of calls are, if on another server: then this one has no bucket of them."""
    minio_secret_key: SecretStr = Field(min_length=8)
    """Of the operator, whose access key is ``darkchannel-operator``."""
    minio_reader_secret_key: SecretStr = Field(min_length=8)
    minio_splitter_secret_key: SecretStr = Field(min_length=8)
    minio_synthesizer_secret_key: SecretStr = Field(min_length=8)
    minio_merger_secret_key: SecretStr = Field(min_length=8)
    minio_publisher_secret_key: SecretStr = Field(min_length=8)
    minio_handoff_notifier_secret_key: SecretStr = Field(min_length=8)
    minio_reconciler_secret_key: SecretStr = Field(min_length=8)

    @property
    def stages(self) -> tuple[pipeline.Stage, ...]:
        """Those that this server's buckets call."""
        return tuple(s for s in pipeline.STAGES if s.bucket != keys.RECORDINGS or not self.recordings_endpoint)

    def secret_of(self, user: str) -> str:
        """The secret of a user that ``policies`` names."""
        service = user.removeprefix("darkchannel-").replace("-", "_")
        field = "minio_secret_key" if user == policies.OPERATOR else f"minio_{service}_secret_key"
        secret: SecretStr = getattr(self, field)
        return secret.get_secret_value()


def load_settings() -> SetupSettings:
    """Raises Usage naming each setting that is missing or wrong, never its value."""
    try:
        return SetupSettings()
    except ValidationError as error:
        wrong = ", ".join(f"{str(item['loc'][0]).upper()} ({_said(item)})" for item in error.errors())
        raise Usage(f"setup cannot start: set {wrong} in the environment or in .env") from error


def _said(item: ErrorDetails) -> str:
    # A secret counts for pydantic as a thing of items.
    return f"at least {item['ctx']['min_length']} characters" if item["type"] == "too_short" else item["msg"].lower()


async def setup(settings: SetupSettings | None = None, echo: Echo = typer.echo) -> int:
    """Set both servers up and verify them; returns 0.

    Raises Unavailable where a server does not answer in time, Failed or Permanent where something is wrong that
    a person must mend.
    """
    settings = settings or load_settings()
    # It tells of every try while the broker is not up yet; what matters of that is in our own errors.
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
    async with admin.connect(
        endpoint=settings.minio_endpoint,
        region=settings.minio_region,
        user=settings.minio_root_user,
        password=settings.minio_root_password.get_secret_value(),
    ) as minio:
        await asyncio.gather(_until_up(minio.check_health), _until_up(lambda: _declare(settings)))
        echo(f"ok  {len(pipeline.STAGES)} queues, their exchanges, retries and dead letters")
        echo(f"ok  {await _make_buckets(minio, settings)}")
        await _make_users(minio, settings)
        echo(f"ok  {len(policies.policies())} users, each with the policy of its service")
        targets = await _find_targets(minio, echo)
        await _announce(minio, targets, settings)
        echo(f"ok  MinIO lists {len(targets)} notification targets, and the buckets use them")
        echo(f"ok  {await _prove(minio, settings.rabbitmq_url.get_secret_value())}")
    return 0


async def _until_up(attempt: Callable[[], Awaitable[None]]) -> None:
    """Repeat what a server that is not up yet makes fail. Raises its last Unavailable after WAIT_SECONDS."""
    end = time.monotonic() + WAIT_SECONDS
    pause = _FIRST_PAUSE
    while True:
        try:
            return await attempt()
        except Unavailable as error:
            if time.monotonic() + pause > end:
                raise Unavailable(f"{error} (waited {WAIT_SECONDS:g} s)") from error
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


async def _declare(settings: SetupSettings) -> None:
    bus = await RabbitBus.connect(settings.rabbitmq_url.get_secret_value(), name="darkchannel-setup")
    try:
        await bus.declare()
    finally:
        await bus.close()


async def _make_buckets(minio: Admin, settings: SetupSettings) -> str:
    buckets = tuple(dict.fromkeys((*keys.BUCKETS, *(stage.bucket for stage in settings.stages))))
    new = [bucket for bucket in buckets if await minio.make_bucket(bucket)]
    # Before anything is announced: a document without a version has no job.
    if not await minio.is_versioned(keys.INBOX):
        await minio.keep_versions(keys.INBOX)
    if not await minio.is_versioned(keys.INBOX):
        raise Failed(f"MinIO does not keep versions in {keys.INBOX}: turn versioning on for this bucket")
    for bucket, days in admin.EXPIRY_DAYS.items():
        await minio.expire(bucket, days)
    return f"{len(buckets)} buckets ({len(new)} new), versions kept in {keys.INBOX}"


async def _make_users(minio: Admin, settings: SetupSettings) -> None:
    for user, policy in policies.policies().items():
        await minio.set_user(user, settings.secret_of(user), policy)


async def _find_targets(minio: Admin, echo: Echo) -> dict[str, str]:
    end = time.monotonic() + TARGET_SECONDS
    while missing := notifications.missing((targets := await minio.targets()).values()):
        if time.monotonic() > end:
            echo("MinIO needs these lines in its environment, with the broker's address as MinIO reaches it:\n")
            echo(notifications.environment_lines("amqp://USER:PASSWORD@HOST:5672/"))
            raise Failed(
                f"MinIO at {minio.endpoint} has no notification target {', '.join(missing)}: add the lines above to "
                "its environment, restart it, then run `darkchannel setup` again"
            )
        await asyncio.sleep(_FIRST_PAUSE)
    return targets


async def _announce(minio: Admin, targets: dict[str, str], settings: SetupSettings) -> None:
    for bucket in dict.fromkeys(stage.bucket for stage in settings.stages):
        await minio.announce(bucket, targets)
        if silent := await minio.silent_stages(bucket):
            raise Failed(f"MinIO did not keep the notifications of {bucket} for {', '.join(silent)}: run setup again")


async def _prove(minio: Admin, broker: str) -> str:
    """Drop a test object and see its event. Dot-named objects are nobody's document: services leave it alone."""
    stage = pipeline.STAGES[0]
    try:
        connection = await aio_pika.connect(broker, timeout=PROBE_SECONDS)
        async with connection, asyncio.timeout(PROBES * PROBE_SECONDS * 2):
            channel = await connection.channel()
            queue = await channel.declare_queue(exclusive=True, auto_delete=True)
            await queue.bind(pipeline.EXCHANGE, stage.name)
            arrived: asyncio.Queue[str] = asyncio.Queue()

            async def on_message(message: aio_pika.abc.AbstractIncomingMessage) -> None:
                arrived.put_nowait(ObjectCreated.decode(message.body).key)

            await queue.consume(on_message, no_ack=True)
            for _ in range(PROBES):
                if (seconds := await _probe(minio, stage.bucket, arrived)) is not None:
                    return f"a test object's event arrived after {seconds * 1000:.0f} ms"
    except (AMQPError, OSError, TimeoutError) as error:
        raise Unavailable(f"RabbitMQ at {URL(broker).host} went away during the test of an event") from error
    raise Failed(
        f"no event of {PROBES} test objects in {stage.bucket} reached the exchange {pipeline.EXCHANGE!r}: MinIO must "
        "publish to the same broker and virtual host as RABBITMQ_URL; its log names the targets that fail"
    )


async def _probe(minio: Admin, bucket: str, arrived: asyncio.Queue[str]) -> float | None:
    """Seconds until the event of one test object was there; None where it did not come."""
    key = f".darkchannel-setup-{secrets.token_hex(8)}"
    start = time.monotonic()
    version = await minio.put(bucket, key, b"a test of `darkchannel setup`; may be deleted\n")
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            while await arrived.get() != key:
                pass
        return time.monotonic() - start
    except TimeoutError:
        return None
    finally:
        await minio.delete(bucket, key, version)
