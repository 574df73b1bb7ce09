"""The notifier's settings as an operator writes them."""

import pytest
from pydantic import ValidationError

from services.handoff_notifier.settings import NotifierSettings

SECRET = "whsec_bnVtIGZhcm9sIHNvIGRlIHBlZHJhIGUgc2Fs"


def settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> NotifierSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return NotifierSettings(_env_file=None)


def test_a_secret_has_a_name_and_may_have_an_older_one_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = settings(monkeypatch, WEBHOOK_SECRETS=f"crm={SECRET} older, default = one=two").webhook_secrets

    told = {name: [secret.get_secret_value() for secret in each] for name, each in secrets.items()}
    assert told == {"crm": [SECRET, "older"], "default": ["one=two"]}


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings(monkeypatch, WEBHOOK_ALLOWED_HOSTS="n8n:5678, 10.0.0.7:8080,", WEBHOOK_RETRY_DELAYS="1, 2.5")

    assert read.webhook_allowed_hosts == ("n8n:5678", "10.0.0.7:8080")
    assert read.webhook_retry_delays == (1.0, 2.5)


@pytest.mark.parametrize("value", ["nan", "inf", "1, -5", "1e300", "soon"])
def test_a_wait_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(ValidationError, match="webhook_retry_delays"):
        settings(monkeypatch, WEBHOOK_RETRY_DELAYS=value)


@pytest.mark.parametrize(
    "value",
    ["foo", "https:///tickets", "https://me:hunter2@omniplay.example", "https://omni play", "https://[::1", "ftp://o"],
)
def test_an_address_of_omniplay_that_cannot_be_called_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    with pytest.raises(ValidationError, match="omniplay_api_url") as refused:
        settings(monkeypatch, OMNIPLAY_API_URL=value, VOICE_AI_SERVICE_TOKEN="token")
    assert not any(word in str(refused.value) for word in (value, "hunter2"))


def test_omniplay_without_a_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match=r"voice_ai_service_token\n.*OMNIPLAY_API_URL"):
        settings(monkeypatch, OMNIPLAY_API_URL="https://omniplay.example", VOICE_AI_SERVICE_TOKEN=" ")
    assert settings(monkeypatch, VOICE_AI_SERVICE_TOKEN="token").omniplay_api_url == "https://omniplay.example"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("WEBHOOK_SECRETS", "crm=one, hunter2", "part 2 of it is not so"),
        ("WEBHOOK_SECRETS", "crm=", "part 1 of it is not so"),
        ("WEBHOOK_SECRETS", f"{'x' * 25}=hunter2", "part 1 of it is not so"),
        ("WEBHOOK_SECRETS", "crm=whsec_hunter2!", "not base64"),
        ("VOICE_AI_SERVICE_TOKEN", "hunter2\nhunter3", "on one line"),
        ("OMNIPLAY_WEBHOOK_SECRET", f"{SECRET} whsec_hunter2!", "not base64"),
    ],
)
def test_a_wrong_secret_is_named_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    with pytest.raises(ValidationError, match=says) as refused:
        settings(monkeypatch, **{name: value})

    assert "hunter2" not in str(refused.value)
