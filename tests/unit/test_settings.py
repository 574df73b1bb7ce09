"""Settings as people write them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from darkchannel.errors import Permanent
from darkchannel.jobs.options import Options, Pauses, resolve
from darkchannel.runtime import registry
from darkchannel.runtime.settings import Settings, load
from services.handoff_notifier.settings import NotifierSettings
from services.reconciler.settings import ReconcilerSettings
from services.splitter.settings import SplitterSettings
from services.synthesizer.cache import CacheSettings
from services.synthesizer.engines.bark import BarkSettings
from services.synthesizer.engines.gtts import GttsSettings
from services.synthesizer.engines.openai_settings import OpenAISettings
from services.synthesizer.settings import SynthesizerSettings

NOTHING: Any = None
"""Of a context: settings are read before anything else."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("MINIO_ENDPOINT", "RABBITMQ_URL", "LOG_LEVEL", "HEALTH_PORT", "DARKCHANNEL_RETRY_DELAYS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_environment_wins_over_the_file(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / ".env").write_text("HEALTH_PORT=9000\nLOG_LEVEL=DEBUG\nSOMEBODY_ELSES=1\n")
    monkeypatch.setenv("HEALTH_PORT", "9001")
    settings = load()
    assert (settings.health_port, settings.log_level) == (9001, "debug")


def test_retry_delays_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().darkchannel_retry_delays == (30.0, 300.0)
    monkeypatch.setenv("DARKCHANNEL_RETRY_DELAYS", "0.1, 2")
    assert load().darkchannel_retry_delays == (0.1, 2.0)


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTH_PORT", "not-a-port")
    with pytest.raises(Permanent, match="wrong setting: HEALTH_PORT") as caught:
        load()
    assert "not-a-port" not in str(caught.value)


@pytest.mark.parametrize(
    ("service", "name", "value"),
    [
        ("splitter", "DARKCHANNEL_MAX_DOCUMENT_BYTES", "hunter2"),
        ("reconciler", "DARKCHANNEL_RECONCILE_AFTER_SECONDS", "hunter2"),
        ("reconciler", "DARKCHANNEL_RETIRE_AFTER_DAYS", "inf"),
        ("reconciler", "RECORDINGS_POLL_SECONDS", "hunter2"),
        ("reconciler", "OMNIPLAY_API_URL", "hunter2"),
        ("handoff-notifier", "OMNIPLAY_API_URL", "hunter2"),
        ("handoff-notifier", "WEBHOOK_RETRY_DELAYS", "1,nan"),
        ("handoff-notifier", "WEBHOOK_ALLOWED_HOSTS", "n8n:5678, http://hunter2"),
        ("handoff-notifier", "RECORDINGS_BUCKET", "Hunter2"),
    ],
)
async def test_a_wrong_setting_of_a_service_is_named_as_the_environment_has_it(
    service: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    (wrong,) = registry.load([service])
    with pytest.raises(Permanent, match=f"^wrong setting: {name}[.:]") as caught:
        await wrong.build(NOTHING)
    told = str(caught.value)
    assert not any(word in told for word in (value, "hunter2", "pydantic", "Value error", "\n"))


def test_the_broker_s_password_is_a_secret_also_as_it_stands_in_the_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqp://user:a%2Fb@mq:5672/")
    settings = load()
    assert {"a%2Fb", "a/b"} <= settings.secrets
    assert "a%2Fb" not in repr(settings)


def test_the_password_of_an_address_is_a_secret_and_the_rest_of_it_is_none() -> None:
    settings = Settings(_env_file=None, minio_endpoint="http://rui:a%2Fb@minio:9000", minio_public_url="http://[voz")
    assert settings.secrets == {"a%2Fb", "a/b"}


FROM_THE_ENVIRONMENT = (
    NotifierSettings, SynthesizerSettings, CacheSettings, BarkSettings, GttsSettings, OpenAISettings,
)  # fmt: skip


@pytest.mark.parametrize("kind", FROM_THE_ENVIRONMENT)
def test_settings_that_were_read_are_changed_by_nobody(kind: type[BaseSettings]) -> None:
    settings = kind()
    name = next(iter(kind.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, name, getattr(settings, name))


@pytest.mark.parametrize("kind", FROM_THE_ENVIRONMENT)
def test_a_setting_left_empty_is_not_set(kind: type[BaseSettings], monkeypatch: pytest.MonkeyPatch) -> None:
    before = kind()
    for name in kind.model_fields:
        monkeypatch.setenv(name.upper(), "")
    assert kind() == before


@pytest.mark.parametrize("read", [ReconcilerSettings, NotifierSettings])
def test_who_looks_for_recordings_and_who_hands_them_off_refuse_the_same_address(
    read: type[ReconcilerSettings] | type[NotifierSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICE_AI_SERVICE_TOKEN", "token")
    monkeypatch.setenv("OMNIPLAY_API_URL", "")
    assert read().omniplay_api_url is None
    monkeypatch.setenv("OMNIPLAY_API_URL", "https://omniplay.example")
    assert read().omniplay_api_url == "https://omniplay.example"
    monkeypatch.setenv("OMNIPLAY_API_URL", "omniplay.example")
    with pytest.raises(ValidationError, match=r"(?i)omniplay_api_url"):
        read()


def test_the_environment_has_every_option_but_the_title_which_would_name_every_book() -> None:
    own = {*SplitterSettings.model_fields} - {"max_document_bytes"}
    assert own == {*Options.model_fields} - {"title"}


def test_options_of_the_environment_are_the_first_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKCHANNEL_FORMATS", "m4b,chapters")
    monkeypatch.setenv("DARKCHANNEL_PAUSES", "scene=1.5")
    monkeypatch.setenv("DARKCHANNEL_YEAR", "1998")
    monkeypatch.setenv("DARKCHANNEL_NARRATOR", "Eva Paz")
    options = resolve(SplitterSettings().defaults(), {"year": "2001"})
    assert (options.formats, options.pauses) == (("m4b", "chapters"), Pauses(scene=1.5))
    assert (options.year, options.narrator) == ("2001", "Eva Paz")
