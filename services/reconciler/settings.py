"""When the reconciler calls a thing due."""

from datetime import timedelta

from pydantic_settings import BaseSettings, SettingsConfigDict


class ReconcilerSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DARKCHANNEL_", env_file=".env", extra="ignore")

    reconcile_after_seconds: float = 30.0
    """How old an object is before its event counts as lost; work takes less than this as a rule."""

    @property
    def grace(self) -> timedelta:
        return timedelta(seconds=self.reconcile_after_seconds)
