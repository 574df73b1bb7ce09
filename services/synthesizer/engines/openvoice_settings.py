"""Where an OpenVoice server is, and what it speaks."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode
from yarl import URL

from darkchannel.runtime.settings import FROM_ENVIRONMENT

ACCENTS: Final[Mapping[str, str]] = {
    "en": "en-newest",
    "en-US": "en-us",
    "en-GB": "en-br",
    "en-AU": "en-au",
    "en-IN": "en-india",
    "es": "es",
    "fr": "fr",
    "zh": "zh",
    "ja": "jp",
    "ko": "kr",
}
"""The accents that the server comes with, by BCP 47 tag. No Portuguese is among them."""


class OpenVoiceSettings(BaseSettings):
    model_config = FROM_ENVIRONMENT

    openvoice_url: str | None = None
    """``http://host:8000``. Unset: the engine is not used."""
    openvoice_accents: Annotated[Mapping[str, str], NoDecode] = {}
    """Besides ``ACCENTS``, or in place of one: ``pt-BR=pt-br, en-US=en-default``."""
    openvoice_concurrency: int = Field(1, ge=1, le=64)
    """Requests at once, of one process."""
    openvoice_timeout_seconds: float = Field(120.0, gt=0, le=3600)
    """For one request of at most 400 characters; the first in an accent loads its model."""

    @field_validator("openvoice_url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        try:
            good = value is None or (URL(value).scheme in ("http", "https") and bool(URL(value).host))
        except ValueError:
            good = False
        if not good:
            raise ValueError("write an address such as http://openvoice:8000")
        return value

    @field_validator("openvoice_accents", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(language.strip() and accent.strip() for language, _, accent in pairs):
            raise ValueError("write LANGUAGE=ACCENT, LANGUAGE=ACCENT, such as pt-BR=pt-br")
        return {language.strip(): accent.strip() for language, _, accent in pairs}
