"""Where a speech server is that answers as OpenAI's does, and with which voices it speaks."""

from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode
from yarl import URL

from darkchannel.runtime.settings import FROM_ENVIRONMENT


class OpenAISettings(BaseSettings):
    model_config = FROM_ENVIRONMENT

    openai_speech_api_key: SecretStr = SecretStr("")
    """Servers of one's own want none."""
    openai_speech_url: str | None = None
    """``https://api.openai.com`` or ``http://kokoro:8880``, with ``/v1`` or without. Unset: the engine is not used."""
    openai_speech_model: str = "tts-1"
    """OpenAI has others; servers of one's own mostly know theirs by this name, too."""
    openai_speech_voice: str | None = None
    """Of words for which no voice is named, in the languages that it speaks; unset: the server's first one."""
    openai_speech_voices: Annotated[tuple[str, ...], NoDecode] = ()
    """``marina, tomás``: for a server that lists none."""
    openai_speech_concurrency: int = Field(8, ge=1, le=256)
    """Requests at once, of one process."""
    openai_speech_timeout_seconds: float = Field(120.0, gt=0, le=3600)
    """For one request, of a segment mostly."""

    @field_validator("openai_speech_api_key")
    @classmethod
    def _of_a_header(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value().strip()
        if not (key.isascii() and key.isprintable()):
            raise ValueError("it holds a character that no header takes: copy it again, on one line")
        return SecretStr(key)

    @field_validator("openai_speech_url")
    @classmethod
    def _an_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        try:
            url = URL(value) if value is not None else None
        except ValueError:
            url = URL()
        if url is None:
            return None
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError("write an address such as https://api.openai.com or http://kokoro:8880")
        key = info.data.get("openai_speech_api_key")
        if url.user is not None and key and key.get_secret_value():
            raise ValueError("a request takes one of both: a password in the address, or OPENAI_SPEECH_API_KEY")
        return value

    @field_validator("openai_speech_voices", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
