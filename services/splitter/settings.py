"""Settings of the splitter: the defaults of job options and the size of what it reads."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class SplitterSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="DARKCHANNEL_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    max_document_bytes: int = 50_000_000

    voice: str | None = None
    language: str | None = None
    engine: str | None = None
    author: str | None = None
    narrator: str | None = None
    series: str | None = None
    series_index: str | None = None
    year: str | None = None
    genre: str | None = None
    description: str | None = None
    cover: str | None = None
    footnotes: str | None = None
    lexicon: str | None = None
    voices: str | None = None
    priority: str | None = None
    formats: str | None = None
    pauses: str | None = None
    company_id: str | None = None
    webhook_url: str | None = None
    webhook_secret: str | None = None

    def defaults(self) -> dict[str, object]:
        """The first layer of job options."""
        return self.model_dump(exclude={"max_document_bytes"}, exclude_none=True)
