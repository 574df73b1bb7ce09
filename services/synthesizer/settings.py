"""Settings of the synthesizer."""

from typing import Annotated

from pydantic import field_validator
from pydantic_settings import BaseSettings, NoDecode

from darkchannel.runtime.settings import FROM_ENVIRONMENT


class SynthesizerSettings(BaseSettings):
    model_config = FROM_ENVIRONMENT

    engines: Annotated[tuple[str, ...], NoDecode] = ()
    """Those that ``auto`` may choose, the best first, with commas between them; the usual order where it is not set."""

    @field_validator("engines", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            value = [part.strip().lower() for part in value.split(",") if part.strip()]
        return value
