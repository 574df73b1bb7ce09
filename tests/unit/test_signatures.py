"""What is signed here is verified by those who will: Standard Webhooks' library, and the users' own function."""

import base64
import hashlib
import hmac
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.handoff_notifier import signatures

ID = "0b5c2f0e-3f43-5e0a-9d0c-0f2d6a1c7b11.0001.task.completed"
BODY = '{"title": "O Farol, às três"}'.encode()
TIME = 1_790_000_000

keys = st.binary(min_size=1, max_size=64)
bodies = st.text().map(str.encode)
words = st.text(min_size=1).filter(lambda word: not word.startswith(signatures.PREFIX))
"""Secrets as people make them up."""


def written(key: bytes) -> str:
    return f"whsec_{base64.b64encode(key).decode()}"


def verify_webhook(payload: str, signature: str, secret: str) -> bool:
    """As the users' receivers check it: over the body as text, with the secret's own characters."""
    digest = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={digest}", signature)


def now() -> int:
    """The library takes no message older than five minutes."""
    return int(time.time())


def is_verified(secret: str | bytes, headers: dict[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except WebhookVerificationError:
        return False
    return True


@given(st.lists(keys, min_size=1, max_size=3, unique=True), bodies)
def test_a_standard_receiver_verifies_by_any_secret_of_a_rotation(rotation: list[bytes], body: bytes) -> None:
    secrets = [written(key) for key in rotation]
    headers = signatures.headers(secrets, ID, now(), body)
    assert [is_verified(secret, headers, body) for secret in secrets] == [True] * len(secrets)


@given(words, bodies)
def test_a_secret_without_prefix_signs_with_its_own_characters(secret: str, body: bytes) -> None:
    headers = signatures.headers([secret], ID, now(), body)
    assert is_verified(secret.encode(), headers, body)


@given(st.one_of(words, keys.map(written)), st.one_of(words, keys.map(written)), bodies)
def test_the_users_own_function_verifies_by_the_newest_secret(newest: str, older: str, body: bytes) -> None:
    headers = signatures.headers([newest, older], ID, TIME, body)
    assert verify_webhook(body.decode(), headers["X-Webhook-Signature"], newest)
    assert verify_webhook(body.decode(), headers["X-Webhook-Signature"], older) == (newest == older)


@pytest.mark.parametrize(
    "change",
    [
        {"body": BODY + b" "},
        {"headers": {"webhook-id": ID.replace("0001", "0002")}},
        {"seconds": -1},
        {"secret": written(b"somebody else's")},
    ],
    ids=["body", "id", "timestamp", "secret"],
)
def test_a_message_that_was_changed_is_refused(change: dict[str, Any]) -> None:
    secret = written(b"between the two of us")
    headers = signatures.headers([secret], ID, now(), BODY)
    assert is_verified(secret, headers, BODY)
    later = str(int(headers["webhook-timestamp"]) + change.get("seconds", 0))
    changed = headers | {"webhook-timestamp": later} | change.get("headers", {})
    assert not is_verified(change.get("secret", secret), changed, change.get("body", BODY))


def test_a_changed_body_is_refused_by_the_users_own_function() -> None:
    headers = signatures.headers(["segredo"], ID, TIME, BODY)
    assert not verify_webhook(f"{BODY.decode()} ", headers["X-Webhook-Signature"], "segredo")


def test_the_newest_signature_stands_first() -> None:
    both = signatures.headers(["novo", "velho"], ID, TIME, BODY)["webhook-signature"]
    apart = [signatures.headers([secret], ID, TIME, BODY)["webhook-signature"] for secret in ("novo", "velho")]
    assert both.split(" ") == apart


def test_what_nobody_signs_still_has_its_id_and_time() -> None:
    assert signatures.headers([], ID, TIME, BODY) == {"webhook-id": ID, "webhook-timestamp": str(TIME)}


@given(keys)
def test_padding_of_a_secret_may_be_missing(key: bytes) -> None:
    with_it, without = (
        signatures.headers([secret], ID, TIME, BODY)["webhook-signature"]
        for secret in (written(key), written(key).rstrip("="))
    )
    assert with_it == without


@pytest.mark.parametrize(
    ("secret", "because"),
    [
        ("", "is empty"),
        ("whsec_", "is empty"),
        ("whsec_====", "is empty"),
        ("whsec_QUJD-REV_Rg", "is not base64"),
        ("whsec_QUJDREVGR", "is not base64"),
        ("whsec_QUJD REVG", "is not base64"),
        ("whsec_QUJD=REVG", "is not base64"),
        ("whsec_segrêdo1", "is not base64"),
        ("segredo\udce3o", "is not UTF-8"),
    ],
)
def test_a_secret_that_no_receiver_could_use_is_refused_untold(secret: str, because: str) -> None:
    with pytest.raises(ValueError, match=because) as refused:
        signatures.check(secret)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    kept = secret.removeprefix("whsec_").strip("=")
    assert not kept or kept not in str(refused.value)


@given(st.one_of(words, keys.map(written)))
def test_a_secret_that_can_be_used_passes(secret: str) -> None:
    signatures.check(secret)
