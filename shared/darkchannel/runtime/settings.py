"""What every service reads from the environment, or from ``.env`` in the working directory."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from darkchannel.errors import Permanent
from darkchannel.messaging.topology import RETRY_DELAYS
from darkchannel.storage.port import ObjectStore

S = TypeVar("S", bound=BaseSettings)

FROM_ENVIRONMENT: Final = SettingsConfigDict(
    env_file=".env",
    extra="ignore",
    env_ignore_empty=True,
    frozen=True,
    allow_inf_nan=False,
    hide_input_in_errors=True,
)
"""How the settings of a service or an engine are read: what is left empty is not set, and errors show no value."""


class Settings(BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    minio_endpoint: str = ""
    """``host:port`` or a URL; ``http`` where it says nothing. Empty: a folder holds the objects."""
    minio_access_key: str = ""
    minio_secret_key: SecretStr = SecretStr("")
    minio_region: str = "us-east-1"
    minio_public_url: str = ""
    """Where listeners reach MinIO, for links; the endpoint where empty."""
    minio_reader_access_key: str = ""
    """The read-only user whose name stands in links."""
    minio_reader_secret_key: SecretStr = SecretStr("")

    rabbitmq_url: SecretStr = SecretStr("")
    """``amqp://user:password@host:5672/``."""

    darkchannel_folder: Path = Path("darkchannel-data")
    darkchannel_retry_delays: Annotated[tuple[Annotated[float, Field(ge=0)], ...], NoDecode] = RETRY_DELAYS
    """Seconds before each further attempt, comma-separated."""

    log_format: Literal["auto", "json", "console"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    health_host: str = "0.0.0.0"  # noqa: S104  # probes come from outside the container
    health_port: int = Field(8080, ge=0, le=65535)
    drain_seconds: float = Field(20.0, ge=0)

    @field_validator("darkchannel_retry_delays", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("log_format", "log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @cached_property
    def secrets(self) -> frozenset[str]:
        """Every value that no log may show."""
        return frozenset(secrets_of(self))


def secrets_of(settings: BaseSettings) -> set[str]:
    """The secrets among the values of settings, however deep; of several in one value each.

    The password in an address is one, whatever else is shown of it.
    """
    secrets: set[str] = set()
    values = [value for _, value in settings]
    while values:
        value = values.pop()
        if isinstance(value, SecretStr):
            secrets |= {value.get_secret_value(), *value.get_secret_value().split()}
            value = value.get_secret_value()
        if isinstance(value, str):
            password = _password(value)
            secrets |= {password, unquote(password)}
        elif isinstance(value, Mapping):
            values += value.values()
        elif isinstance(value, tuple):
            values += value
    return secrets - {""}


def _password(address: str) -> str:
    """Of an address that holds one, else nothing."""
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""


def load() -> Settings:
    """Raises Permanent naming each wrong setting, never its value."""
    return read(Settings)


def read(kind: type[S]) -> S:
    """Settings of this kind, of a service say. Raises Permanent naming each wrong one, never its value."""
    try:
        return kind()
    except ValidationError as error:
        wrong = "; ".join(_wrong(kind, item) for item in error.errors(include_url=False, include_input=False))
        raise Permanent(f"wrong setting: {wrong}") from None


def _wrong(kind: type[BaseSettings], item: ErrorDetails) -> str:
    field, *inside = map(str, item["loc"])
    # Where a field has a name of its own in the environment, that is what pydantic calls it.
    name = f"{kind.model_config.get('env_prefix', '')}{field}" if field in kind.model_fields else field
    return f"{'.'.join([name, *inside]).upper()}: {item['msg'].removeprefix('Value error, ')}"


def open_store(settings: Settings) -> ObjectStore:
    """The MinIO that the settings name, a folder where they name none. Does not connect.

    On the host of a compose stack only the public address is known.
    """
    # Imported here: who works on a folder does not wait for S3 clients to load, nor the other way round.
    endpoint = settings.minio_endpoint or settings.minio_public_url
    if not endpoint:
        from darkchannel.storage.folder import FolderStore  # noqa: PLC0415

        return FolderStore(settings.darkchannel_folder.expanduser().resolve())

    from darkchannel.storage.s3 import S3Store  # noqa: PLC0415

    reader, secret = settings.minio_reader_access_key, settings.minio_reader_secret_key.get_secret_value()
    return S3Store(
        endpoint=_url(endpoint),
        access_key=settings.minio_access_key,
        secret_key=settings.minio_secret_key.get_secret_value(),
        region=settings.minio_region,
        public_endpoint=_url(settings.minio_public_url) if settings.minio_public_url else None,
        link_keys=(reader, secret) if reader else None,
    )


def _url(endpoint: str) -> str:
    return endpoint if "://" in endpoint else f"http://{endpoint}"
