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
