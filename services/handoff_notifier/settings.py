"""Where announcements go, and what signs them."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class OmniPlaySettings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)

    omniplay_api_url: str | None = Field(None, pattern=r"^https?://")
    voice_ai_service_token: SecretStr = SecretStr("")
    omniplay_webhook_secret: SecretStr = SecretStr("")
    omniplay_timeout_seconds: float = 10.0
