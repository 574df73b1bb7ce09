"""Where announcements go, what signs them and how often they are tried."""

import re
from itertools import chain
from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode

from darkchannel.jobs.deliveries import LADDER
from darkchannel.runtime.settings import FROM_ENVIRONMENT
from services.handoff_notifier import addresses, signatures

DEFAULT = "default"
"""Name of the secret that signs for a job which names none."""

Words = Annotated[tuple[str, ...], NoDecode]
Seconds = Annotated[tuple[Annotated[float, Field(ge=0, le=30 * 86_400)], ...], NoDecode]


class NotifierSettings(BaseSettings):
    model_config = FROM_ENVIRONMENT

    omniplay_api_url: str | None = None
    """Unset: OmniPlay hears of nothing."""
    voice_ai_service_token: SecretStr = Field(SecretStr(""), validate_default=True)
    omniplay_webhook_secret: SecretStr = SecretStr("")
    """Signs handoffs, besides the token; several, the newest first, separated by spaces."""
    omniplay_timeout_seconds: float = Field(10.0, ge=1, le=30)

    webhook_secrets: Annotated[dict[str, tuple[SecretStr, ...]], NoDecode] = {}
    """By name, the newest first: ``crm=whsec_new whsec_old, default=whsec_one``."""
    webhook_allowed_hosts: Words = ()
    """Private receivers that webhooks may reach, over http too: ``n8n:5678, 10.0.0.7:8080``."""
    webhook_timeout_seconds: float = Field(15.0, ge=1, le=30)
    webhook_retry_delays: Seconds = LADDER
    """Seconds before the second, third ... try."""

    transcript_grace_seconds: float = Field(10.0, ge=0, le=600)
    """How long after a recording its transcript is waited for."""

    @field_validator("omniplay_api_url")
    @classmethod
    def _callable(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                addresses.parse(value)
            except addresses.Forbidden as error:
                raise ValueError(f"{error}") from None
        return value

    @field_validator("webhook_allowed_hosts", "webhook_retry_delays", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("webhook_allowed_hosts")
    @classmethod
    def _each_a_place(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            addresses.places(entry)
        return value

    @field_validator("webhook_secrets", mode="before")
    @classmethod
    def _split_secrets(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        named = [part.strip().partition("=") for part in value.split(",") if part.strip()]
        for number, (name, _, secrets) in enumerate(named, 1):
            if not (re.fullmatch(r"[\w-]{1,24}\s*", name) and secrets.split()):
                raise ValueError(
                    f"write NAME=SECRET, NAME=SECRET, a name in at most 24 characters; part {number} of it is not so"
                )
        return {name.strip(): tuple(secrets.split()) for name, _, secrets in named}

    @field_validator("webhook_secrets")
    @classmethod
    def _checked(cls, value: dict[str, tuple[SecretStr, ...]]) -> dict[str, tuple[SecretStr, ...]]:
        for secret in chain.from_iterable(value.values()):
            signatures.check(secret.get_secret_value())
        return value

    @field_validator("omniplay_webhook_secret")
    @classmethod
    def _each_checked(cls, value: SecretStr) -> SecretStr:
        for secret in value.get_secret_value().split():
            signatures.check(secret)
        return value

    @field_validator("voice_ai_service_token")
    @classmethod
    def _of_a_header(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        token = value.get_secret_value().strip()
        if info.data.get("omniplay_api_url") and not token:
            raise ValueError("it is not set, and OmniPlay, which OMNIPLAY_API_URL names, takes no call without it")
        if not (token.isascii() and token.isprintable()):
            raise ValueError("it holds a character that no header takes: copy it again, on one line")
        return SecretStr(token)
