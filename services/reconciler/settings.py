"""When the reconciler calls a thing due, and when what a finished job needed may go."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ReconcilerSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="DARKCHANNEL_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )

    reconcile_after_seconds: float = Field(30.0, ge=0)
    """How old an object is before its event counts as lost; work takes less than this as a rule."""
    retire_after_days: float = Field(7.0, ge=0)
    """How long after its end a job keeps its chunks, and what later runs replaced."""

    omniplay_api_url: str | None = Field(None, pattern=r"^https?://", validation_alias="OMNIPLAY_API_URL")
    """Unset: no recording is handed off, and nobody looks for any."""
    recordings_poll_seconds: float = Field(2.0, ge=0.1, le=3600, validation_alias="RECORDINGS_POLL_SECONDS")
    """Between two looks for recordings that no event told of."""

    @property
    def grace(self) -> timedelta:
        return timedelta(seconds=self.reconcile_after_seconds)

    @property
    def keep(self) -> timedelta:
        return timedelta(days=self.retire_after_days)
